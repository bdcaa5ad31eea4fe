/* SPDX-License-Identifier: MIT */
#include "ui/cli/help.h"

#include <stdio.h>
#include <string.h>

#include "src/survey/columns.h"
#include "ui/cli/cmds.h"
#include "ui/cli/man.h"

const struct help_status help_statuses[] = {
	{ "0", "all was done" },
	{ "1", "a part of it failed, or several parts for different reasons" },
	{ "2", "usage, no terminal, or refused by --read-only" },
	{ "3", "permission" },
	{ "4", "the target (a zombie too) or the descriptor is gone or was never there" },
	{ "5", "output could not be written" },
	{ "125+", "exec and run: 125 if filch itself failed, else the command's status" },
	{ NULL, NULL },
};

void help_all(struct buf *out)
{
	buf_adds(out, "filch takes file descriptors out of live processes.\n\n"
		      "  filch VERB [OPTIONS] ...\n\n");
	for (size_t i = 0; cmds[i]; i++)
		buf_addf(out, "  %-9s %-8s %s\n", cmds[i]->name, effect_name(cmds[i]->effect),
			 cmds[i]->summary);
	buf_adds(out, "\n  TARGET  PID, PID/TID, PID@START or =NAME\n"
		      "  DESC    TARGET:FD[,FD-FD...], TARGET:*, TARGET:exe, :cwd, :root; "
		      "hN for a held one\n\n"
		      "The second column is the effect on others, at most:\n");
	for (enum effect e = EFFECT_NONE; e <= EFFECT_STOP; e++)
		buf_addf(out, "  %-9s %s\n", effect_name(e), effect_means(e));
	buf_adds(out, "\nfilch help VERB says more. --read-only, --dry-run and --audit FILE go "
		      "with every verb.\n");
}

static void help_opts(struct buf *out, const struct opt *opts)
{
	for (const struct opt *o = opts; o && o->name; o++) {
		char left[64];

		snprintf(left, sizeof(left), "%s%c%s--%s%s%s", o->letter ? "-" : "",
			 o->letter ? o->letter : ' ', o->letter ? ", " : "   ", o->name,
			 o->arg ? " " : "", o->arg ? o->arg : "");
		buf_addf(out, "  %-26s %s\n", left, o->help);
	}
}

void help_verb(struct buf *out, const struct cmd *cmd)
{
	buf_addf(out, "filch %s%s%s\n  %s\n  effect: %s (%s)\n", cmd->name, *cmd->args ? " " : "",
		 cmd->args, cmd->summary, effect_name(cmd->effect), effect_means(cmd->effect));
	if (cmd->about)
		buf_addf(out, "\n%s\n", cmd->about);
	buf_adds(out, "\nOptions\n");
	help_opts(out, cmd->opts);
	help_opts(out, cli_global_opts);
}

static void help_kinds(struct buf *out)
{
	static const enum op shown[] = { OP_PEEK, OP_DUMP, OP_READ, OP_WRITE, OP_SEEK, OP_HOLD };

	for (size_t i = 0; kinds[i]; i++) {
		buf_addf(out, "%s: %s\n", kinds[i]->name, kinds[i]->means);
		for (size_t k = 0; k < sizeof(shown) / sizeof(shown[0]); k++) {
			const struct cell *cell = kind_cell(kinds[i], shown[k]);

			buf_addf(out, "  %-6s %-8s %s\n", op_name(shown[k]),
				 effect_name(cell->effect), cell->words);
		}
	}
}

static void help_columns(struct buf *out)
{
	for (const struct column *c = column_table; c->name; c++)
		buf_addf(out, "%-14s %-9s %s\n", c->name, c->alias, c->help);
}

static void help_exit(struct buf *out)
{
	for (const struct help_status *s = help_statuses; s->status; s++)
		buf_addf(out, "%-5s %s\n", s->status, s->means);
}

struct help_values {
	bool kinds, columns, exit, man, completion;
};

static const struct opt help_opts_table[] = {
	{ "kinds", 0, OPT_FLAG, offsetof(struct help_values, kinds), NULL,
	  "the kinds of descriptors, and what can be done with each" },
	{ "columns", 0, OPT_FLAG, offsetof(struct help_values, columns), NULL,
	  "names for -o, -s and -f of ls, and their headings, which do as well" },
	{ "exit", 0, OPT_FLAG, offsetof(struct help_values, exit), NULL, "exit statuses" },
	{ "man", 0, OPT_FLAG, offsetof(struct help_values, man), NULL,
	  "print the manual page, for man -l" },
	{ "completion", 0, OPT_FLAG, offsetof(struct help_values, completion), NULL,
	  "print completion for bash" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

static int help_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct help_values *v = values;
	const struct cmd *cmd = n ? cmd_find(argv[0]) : NULL;

	if (n > 1 || (n && !cmd))
		return cli_usage(cli, "there is no such verb");
	if (v->kinds)
		help_kinds(&cli->out);
	else if (v->columns)
		help_columns(&cli->out);
	else if (v->exit)
		help_exit(&cli->out);
	else if (v->man)
		man_page(&cli->out);
	else if (v->completion)
		man_bash_completion(&cli->out);
	else if (cmd)
		help_verb(&cli->out, cmd);
	else
		help_all(&cli->out);
	return STATUS_OK;
}

const struct cmd cmd_help = {
	.name = "help",
	.args = "[VERB]",
	.summary = "explain a verb, or print manual and completion",
	.effect = EFFECT_NONE,
	.opts = help_opts_table,
	.values_size = sizeof(struct help_values),
	.no_proc = true,
	.run = help_run,
};
