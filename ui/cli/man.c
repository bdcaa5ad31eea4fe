/* SPDX-License-Identifier: MIT */
#include "ui/cli/man.h"

#include <string.h>

#include "ui/cli/cmds.h"
#include "ui/cli/help.h"
#include "ui/cli/interface.h"
#include "ui/tui/keyconf.h"

/* roff takes a backslash, a leading dot, a hyphen, a caret and a tilde for its own. */
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
		else if (*text == '^')
			buf_adds(out, "\\(ha");
		else if (*text == '~')
			buf_adds(out, "\\(ti");
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

/* ---- the terminal interface ---- */

static void man_keys(struct buf *out, unsigned context)
{
	struct keymap m;

	keymap_init(&m);
	buf_addf(out, ".SS \"Keys in: %s\"\n", context_name((enum context)context));
	for (int i = 1; i < ACTION_COUNT; i++) {
		const struct action_info *x = &actions[i];
		autobuf keys = BUF_INIT;

		/* What every list has is said once, of the first. */
		if (!(x->contexts & context) ||
		    (context != CTX_PROCS && (x->contexts & CTX_LISTS) == CTX_LISTS))
			continue;
		keymap_list(&m, (enum action)i, context, &keys);
		buf_adds(out, ".TP\n\\fB");
		roff(out, buf_str(&keys));
		buf_addf(out, "\\fR (%s)\n", x->name);
		roff(out, x->help);
		if (x->effect > EFFECT_NONE)
			buf_addf(out, " Effect: %s.", effect_name(x->effect));
		buf_addc(out, '\n');
	}
	keymap_release(&m);
}

static void man_interface(struct buf *out)
{
	section(out, "TERMINAL INTERFACE");
	buf_adds(out,
		 "Screens are processes, descriptors with their detail, a viewer of contents, "
		 "the shelf, jobs, the log and help; each is a context of keys. The keys below "
		 "are the usual ones: see CONFIGURATION. What stands under processes and is "
		 "moving, searching or going to another screen works in all of them.\n");
	man_opts(out, interface_opts);
	for (unsigned c = 1; c <= CTX_LAST; c <<= 1)
		if (c & CTX_SETTABLE)
			man_keys(out, c);
}

static void man_config(struct buf *out)
{
	section(out, "CONFIGURATION");
	buf_adds(out, "The interface reads \\fI$XDG_CONFIG_HOME/filch/config\\fR, or "
		      "\\fI~/.config/filch/config\\fR. A line is \\fINAME\\fR = "
		      "\\fIVALUE\\fR; one that begins with # is a comment. A line that is wrong "
		      "is told, and the rest applies. Options win over the file, the file over "
		      "the environment. The verbs read no configuration. \\fBfilch config "
		      "\\-\\-default\\fR prints a file to begin with.\n");
	for (int i = 0; i < SETTING_COUNT; i++) {
		const struct setting_info *x = &settings_table[i];

		buf_addf(out, ".TP\n\\fB%s\\fR = \\fI", x->name);
		roff(out, x->standard);
		buf_adds(out, "\\fR\n");
		roff(out, x->help);
		buf_adds(out, ". Wants ");
		roff(out, x->wants);
		buf_adds(out, ".\n");
	}
	buf_adds(out, ".TP\n\\fBkey.\\fICONTEXT\\fB.\\fIACTION\\fR = \\fIKEY\\fR ...\n"
		      "these keys and no others; \\fBnone\\fR takes all away. CONTEXT is one of "
		      "the above, or \\fBall\\fR that the action has; ACTION stands in "
		      "parentheses above. Two actions on one key in a context are an error.\n");
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
	man_interface(out);
	man_config(out);
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

/* What filch config and a configuration file know. */
static void setting_names(struct buf *out)
{
	for (int i = 0; i < SETTING_COUNT; i++)
		buf_addf(out, "%s ", settings_table[i].name);
	for (unsigned c = 1; c <= CTX_LAST; c <<= 1)
		for (int i = 1; (c & CTX_SETTABLE) && i < ACTION_COUNT; i++)
			if (actions[i].contexts & c)
				buf_addf(out, "key.%s.%s ", context_name((enum context)c),
					 actions[i].name);
}

void man_bash_completion(struct buf *out)
{
	buf_adds(out, "# bash completion for filch, made by: filch help --completion\n"
		      "_filch() {\n"
		      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} opts=\n"
		      "\tif ((COMP_CWORD == 1)) && [[ $cur == -* ]]; then\n"
		      "\t\tmapfile -t COMPREPLY < <(compgen -W \"");
	words_of(out, interface_opts);
	words_of(out, cli_global_opts);
	buf_adds(out, "\" -- \"$cur\")\n\t\treturn\n"
		      "\telif ((COMP_CWORD == 1)); then\n"
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
		      "\telif [[ ${COMP_WORDS[1]} == config ]]; then\n"
		      "\t\tmapfile -t COMPREPLY < <(compgen -W \"");
	setting_names(out);
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
