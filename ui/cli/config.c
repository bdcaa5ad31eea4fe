/* SPDX-License-Identifier: MIT */
/* filch config: what the interface is set to, and who says so. */
#include "ui/tui/config.h"

#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/json.h"
#include "ui/cli/cmds.h"
#include "ui/cli/interface.h"
#include "ui/tui/keyconf.h"

struct config_values {
	struct interface_values interface;
	bool standard, json;
};

static const struct opt config_opts[] = {
	{ "default", 0, OPT_FLAG, offsetof(struct config_values, standard), NULL,
	  "print a file with every setting, all commented out" },
	{ "json", 0, OPT_FLAG, offsetof(struct config_values, json), NULL,
	  "one JSON object a setting on standard output" },
	INTERFACE_OPTS(struct config_values, interface),
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

struct listing {
	struct cli *cli;
	const struct settings *s;
	bool json;
	int n; /* names that are asked for; 0: all */
	char **argv;
	bool *found; /* of argv */
	struct keymap usual;
};

/* NAME itself, or what begins with NAME and a dot. */
static bool is_named(const char *name, const char *arg)
{
	size_t len = strlen(arg);

	return strncmp(name, arg, len) == 0 && (!name[len] || name[len] == '.');
}

static bool wanted(struct listing *l, const char *name)
{
	bool any = l->n == 0;

	for (int i = 0; i < l->n; i++) {
		if (!is_named(name, l->argv[i]))
			continue;
		l->found[i] = any = true;
	}
	return any;
}

static const char *from_name(enum setting_from from)
{
	static const char *const names[] = { "default", "environment", "file", "option",
					     "session" };

	return names[from];
}

static void row_json(struct listing *l, const char *name, const char *value, const char *usual,
		     const struct setting_source *from)
{
	struct json j;

	json_init(&j, &l->cli->out);
	json_object(&j, NULL);
	json_str(&j, "name", name);
	json_bytes(&j, "value", value, strlen(value));
	json_str(&j, "default", usual);
	json_str(&j, "origin", from_name(from->from));
	if (from->from == FROM_FILE)
		json_bytes(&j, "file", l->s->path, strlen(l->s->path));
	else
		json_null(&j, "file");
	if (from->from == FROM_FILE)
		json_u64(&j, "line", from->line);
	else
		json_null(&j, "line");
	if (from->by)
		json_str(&j, "by", from->by);
	else
		json_null(&j, "by");
	json_end_object(&j);
	json_line(&j);
}

static void row(struct listing *l, const char *name, const char *value, const char *usual,
		const struct setting_source *from)
{
	struct buf *out = &l->cli->out;
	autobuf safe = BUF_INIT;

	if (!wanted(l, name))
		return;
	if (l->json) {
		row_json(l, name, value, usual, from);
		return;
	}
	text_display(&safe, value, strlen(value), l->cli->text);
	buf_addf(out, "%-32s = %-28s # ", name, buf_str(&safe));
	settings_origin(l->s, from, out);
	buf_addc(out, '\n');
}

static void one_key(struct listing *l, const char *name, const char *keys, enum action action,
		    unsigned contexts)
{
	const struct key_line *k = keyconf_origin(l->s, action, contexts);
	struct setting_source from = { .from = k ? FROM_FILE : FROM_DEFAULT,
				       .line = k ? k->line : 0 };
	autobuf usual = BUF_INIT;

	/* Where it is the same everywhere, any of the contexts will do. */
	keymap_list(&l->usual, action, contexts & -contexts, &usual);
	row(l, name, keys, buf_str(&usual), &from);
}

static bool is_asked_for(const struct listing *l, const char *name)
{
	for (int i = 0; i < l->n; i++)
		if (strcmp(l->argv[i], "key") != 0 && is_named(name, l->argv[i]))
			return true;
	return false;
}

static void key_row(void *arg, const char *name, const char *keys, enum action action,
		    unsigned contexts)
{
	struct listing *l = arg;

	one_key(l, name, keys, action, contexts);
	/* A context may be asked for by its name though it is like the others. */
	for (unsigned c = 1; l->n && c <= CTX_LAST; c <<= 1) {
		char single[80];

		if (!(contexts & c) || strncmp(name, "key.all.", 8) != 0)
			continue;
		snprintf(single, sizeof(single), "key.%s.%s", context_name((enum context)c),
			 actions[action].name);
		if (is_asked_for(l, single))
			one_key(l, single, keys, action, c);
	}
}

static int say_problems(struct cli *cli, const struct settings *s)
{
	for (size_t i = 0; i < s->n_problems; i++) {
		autobuf b = BUF_INIT;

		config_problem_text(s, &s->problems[i], &b);
		cli_message(cli, "%s", buf_str(&b));
	}
	return s->n_problems ? STATUS_PART : STATUS_OK;
}

static int say_unknown(struct listing *l)
{
	int status = STATUS_OK;

	for (int i = 0; i < l->n; i++) {
		autobuf b = BUF_INIT;

		if (l->found[i])
			continue;
		text_display(&b, l->argv[i], strnlen(l->argv[i], 80), l->cli->text);
		status = cli_usage(l->cli, "there is no setting \"%s\"", buf_str(&b));
	}
	return status;
}

static void head(struct listing *l)
{
	struct buf *out = &l->cli->out;

	if (l->json || l->n)
		return;
	buf_adds(out, "# ");
	if (l->s->path)
		text_display(out, l->s->path, strlen(l->s->path), l->cli->text);
	else
		buf_adds(out, "there is no home directory for a configuration file");
	if (l->s->path && !l->s->was_read)
		buf_adds(out, l->s->n_problems ? " was not read" : " is not there");
	buf_addc(out, '\n');
}

static int list_all(struct cli *cli, const struct settings *s, bool json, int n, char **argv)
{
	autofree bool *found = xcalloc((size_t)n + 1, sizeof(*found));
	struct listing l = {
		.cli = cli, .s = s, .json = json, .n = n, .argv = argv, .found = found
	};
	int status;

	keymap_init(&l.usual);
	head(&l);
	for (int i = 0; i < SETTING_COUNT; i++)
		row(&l, settings_table[i].name, s->at[i].text, settings_table[i].standard,
		    &s->at[i].source);
	keyconf_each(&s->keys, key_row, &l);
	keymap_release(&l.usual);
	status = say_problems(cli, s);
	return say_unknown(&l) ? STATUS_USAGE : status;
}

static int config_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct config_values *v = values;
	struct settings s;
	int status;

	if (v->standard) {
		config_standard(&cli->out);
		return STATUS_OK;
	}
	if (!interface_settings(cli, &v->interface, &s))
		return STATUS_USAGE;
	status = list_all(cli, &s, v->json, n, argv);
	settings_release(&s);
	return status;
}

const struct cmd cmd_config = {
	.name = "config",
	.args = "[NAME...]",
	.summary = "show the settings of the interface and where they come from",
	.effect = EFFECT_NONE,
	.about =
		"Of every setting, or of those named, the value that is in force and who says so: the\n"
		"default, the environment, a line of the configuration file, or an option. The file is\n"
		"$XDG_CONFIG_HOME/filch/config, or ~/.config/filch/config. It is not read if it belongs\n"
		"to another user or if others may write it. What is wrong in it is told by its line, the\n"
		"rest applies, and the status is 1. The other verbs read no configuration.",
	.opts = config_opts,
	.values_size = sizeof(struct config_values),
	.no_proc = true,
	.run = config_run,
};
