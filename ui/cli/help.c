/* SPDX-License-Identifier: MIT */
#include "ui/cli/help.h"

#include "ui/cli/cmds.h"
#include "ui/cli/man.h"

#include <stdio.h>
#include <string.h>

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

struct help_values {
	bool man, completion;
};

static const struct opt help_opts_table[] = {
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
	if (v->man)
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
	.run = help_run,
};
