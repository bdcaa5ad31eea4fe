/* SPDX-License-Identifier: MIT */
#include "ui/cli/man.h"

#include <string.h>

#include "ui/cli/cmds.h"
#include "ui/cli/help.h"

/* roff takes a backslash, a leading dot and a hyphen for its own. */
static void roff(struct buf *out, const char *text)
{
	bool line_start = true;

	for (; *text; text++) {
		if (line_start && (*text == '.' || *text == '\''))
			buf_adds(out, "\\&");
		if (*text == '\\')
			buf_adds(out, "\\e");
		else if (*text == '-')
			buf_adds(out, "\\-");
		else
			buf_addc(out, *text);
		line_start = *text == '\n';
	}
}

static void section(struct buf *out, const char *title)
{
	buf_addf(out, ".SH %s\n", title);
}

static void man_opts(struct buf *out, const struct opt *opts)
{
	for (const struct opt *o = opts; o && o->name; o++) {
		buf_adds(out, ".TP\n");
		if (o->letter)
			buf_addf(out, "\\fB\\-%c\\fR, ", o->letter);
		buf_adds(out, "\\fB\\-\\-");
		roff(out, o->name);
		buf_adds(out, "\\fR");
		if (o->arg)
			buf_addf(out, " \\fI%s\\fR", o->arg);
		buf_addc(out, '\n');
		roff(out, o->help);
		buf_addc(out, '\n');
	}
}

static void man_verb(struct buf *out, const struct cmd *c)
{
	buf_addf(out, ".SS \"%s %s\"\n", c->name, c->args);
	roff(out, c->summary);
	buf_addf(out, ".\nEffect: \\fB%s\\fR.\n", effect_name(c->effect));
	if (c->about) {
		buf_adds(out, ".PP\n");
		roff(out, c->about);
		buf_addc(out, '\n');
	}
	man_opts(out, c->opts);
}

static void man_effects(struct buf *out)
{
	section(out, "EFFECTS");
	buf_adds(out, "What an operation can do to others, at most:\n");
	for (enum effect e = EFFECT_NONE; e <= EFFECT_STOP; e++) {
		buf_addf(out, ".TP\n\\fB%s\\fR\n", effect_name(e));
		roff(out, effect_means(e));
		buf_addc(out, '\n');
	}
}

static void man_kinds(struct buf *out)
{
	static const enum op shown[] = { OP_PEEK, OP_READ, OP_DUMP };

	section(out, "KINDS");
	buf_adds(out, "What a descriptor is, and what looking at its contents does to others:\n");
	for (size_t i = 0; kinds[i]; i++) {
		buf_addf(out, ".TP\n\\fB%s\\fR\n", kinds[i]->name);
		roff(out, kinds[i]->means);
		for (size_t k = 0; k < sizeof(shown) / sizeof(shown[0]); k++)
			buf_addf(out, "%s %s: %s", k ? "," : ".", op_name(shown[k]),
				 effect_name(kind_cell(kinds[i], shown[k])->effect));
		buf_adds(out, ".\n");
	}
}

static void man_status(struct buf *out)
{
	section(out, "EXIT STATUS");
	for (const struct help_status *s = help_statuses; s->status; s++) {
		buf_addf(out, ".TP\n\\fB%s\\fR\n", s->status);
		roff(out, s->means);
		buf_addc(out, '\n');
	}
}

void man_page(struct buf *out)
{
	buf_adds(out, ".TH FILCH 1 \"\" \"filch " FILCH_VERSION "\" \"User Commands\"\n");
	section(out, "NAME");
	buf_adds(out, "filch \\- take file descriptors out of live processes\n");
	section(out, "SYNOPSIS");
	buf_adds(out, ".B filch\n[\\fITARGET\\fR]\n.br\n.B filch\n\\fIVERB\\fR "
		      "[\\fIOPTIONS\\fR] ...\n");
	section(out, "DESCRIPTION");
	buf_adds(out,
		 "Lists the descriptors of live processes, says what each one is and who else "
		 "has it, looks at the contents without the owner noticing, copies them out, "
		 "keeps them when the owner dies and hands them to someone else. Without a verb "
		 "it opens the terminal interface; \\fB?\\fR there lists the keys.\n.PP\n"
		 "A \\fITARGET\\fR is a PID, PID/TID (a thread with a table of its own), "
		 "PID@START (refused if another process has the pid now) or =NAME (a command "
		 "name that only one process has). A \\fIDESC\\fR is TARGET:FD[,FD\\-FD...], "
		 "TARGET:*, TARGET:exe, :cwd or :root, or hN for a held one.\n");
	section(out, "VERBS");
	for (size_t i = 0; cmds[i]; i++)
		man_verb(out, cmds[i]);
	section(out, "OPTIONS OF EVERY VERB");
	man_opts(out, cli_global_opts);
	man_effects(out);
	man_kinds(out);
	man_status(out);
	section(out, "SEE ALSO");
	buf_adds(out, "pidfd_getfd(2), kcmp(2), pidfd_send_signal(2), proc(5), sock_diag(7), "
		      "lsof(8), lsfd(1)\n");
}

static void words_of(struct buf *out, const struct opt *opts)
{
	for (const struct opt *o = opts; o && o->name; o++)
		buf_addf(out, " --%s", o->name);
}

void man_bash_completion(struct buf *out)
{
	buf_adds(out, "# bash completion for filch, made by: filch help --completion\n"
		      "_filch() {\n"
		      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} opts=\n"
		      "\tif ((COMP_CWORD == 1)); then\n"
		      "\t\tmapfile -t COMPREPLY < <(compgen -W \"");
	for (size_t i = 0; cmds[i]; i++)
		buf_addf(out, "%s%s", i ? " " : "", cmds[i]->name);
	buf_adds(out, "\" -- \"$cur\")\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]} in\n");
	for (size_t i = 0; cmds[i]; i++) {
		buf_addf(out, "\t%s) opts=\"", cmds[i]->name);
		words_of(out, cmds[i]->opts);
		buf_adds(out, "\" ;;\n");
	}
	buf_adds(out, "\tesac\n\tif [[ $cur == -* ]]; then\n"
		      "\t\tmapfile -t COMPREPLY < <(compgen -W \"$opts");
	words_of(out, cli_global_opts);
	buf_adds(out, "\" -- \"$cur\")\n"
		      "\telif [[ $cur == =* ]]; then\n"
		      "\t\tmapfile -t COMPREPLY < <(compgen -W \"$(cat /proc/[0-9]*/comm "
		      "2>/dev/null | sed 's/^/=/')\" -- \"$cur\")\n"
		      "\telif [[ $cur == *:* ]]; then\n"
		      "\t\tmapfile -t COMPREPLY < <(compgen -W \"$(cd /proc/\"${cur%%:*}\"/fd "
		      "2>/dev/null && printf '%s ' *) exe cwd root\" -- \"${cur#*:}\")\n"
		      "\telse\n"
		      "\t\tmapfile -t COMPREPLY < <(compgen -f -W \"$(cd /proc && printf '%s ' "
		      "[0-9]*)\" -- \"$cur\")\n"
		      "\tfi\n}\ncomplete -o default -F _filch filch\n");
}
