/* SPDX-License-Identifier: MIT */
/* filch [OPTIONS] [TARGET]: the terminal interface. */
#include "ui/cli/interface.h"

#include <stdio.h>
#include <string.h>

#include "src/base/fd.h"
#include "src/proc/procfs.h"
#include "ui/tui/config.h"
#include "ui/tui/tui.h"

struct interface_opts_values {
	struct interface_values v;
};

const struct opt interface_opts[] = {
	INTERFACE_OPTS(struct interface_opts_values, v),
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

static void by_option(struct settings *s, enum setting i, const char *text, const char *option)
{
	settings_set(s, i, text, (struct setting_source){ .from = FROM_OPTION, .by = option },
		     NULL);
}

/* --color leaves it to the configuration whether characters beyond ASCII are shown. */
static bool set_color(struct settings *s, const char *when)
{
	static const char *const words[][2] = { { "auto", "auto" },
						{ "always", "color" },
						{ "never", "mono" } };
	char theme[32];

	for (size_t i = 0; i < 3; i++) {
		if (strcmp(when, words[i][0]) != 0)
			continue;
		snprintf(theme, sizeof(theme), "%s%s", words[i][1], s->ascii ? ",ascii" : "");
		by_option(s, SETTING_THEME, theme, "--color");
		return true;
	}
	return false;
}

static void set_ascii(struct settings *s)
{
	static const char *const words[] = { "auto,ascii", "color,ascii", "mono,ascii" };

	by_option(s, SETTING_THEME, words[s->color], "--ascii");
}

bool interface_settings(struct cli *cli, const struct interface_values *v, struct settings *s)
{
	settings_init(s, text_mode_of_locale());
	settings_environment(s);
	config_read(s);
	if (v->ascii)
		set_ascii(s);
	if (v->no_mouse)
		by_option(s, SETTING_MOUSE, "no", "--no-mouse");
	if (v->no_sync)
		by_option(s, SETTING_SYNC, "no", "--no-sync");
	if (!v->color || set_color(s, v->color))
		return true;
	settings_release(s);
	cli_usage(cli, "--color is auto, always or never");
	return false;
}

static int resolve(struct cli *cli, const char *word, struct target_name *name)
{
	struct fail f = { 0 };
	int err = target_name_parse(name, word, strlen(word), &f);

	if (err == 0) {
		cli->procfs = procfs_open("/proc", &f);
		err = cli->procfs < 0 ? cli->procfs : target_name_resolve(name, cli->procfs, &f);
		fd_close(&cli->procfs);
	}
	if (err < 0)
		cli_failed(cli, &f);
	return err;
}

static int run(struct cli *cli, const char *target, struct settings *s)
{
	struct tui_opts opts = {
		.read_only = cli->globals.read_only,
		.audit = cli->globals.audit,
		.settings = s,
		.world = &cli->world,
	};
	struct target_name name = { 0 };

	if (target) {
		if (resolve(cli, target, &name) < 0)
			return cli_status(cli);
		opts.target = &name;
	}
	return tui_main(&opts);
}

int interface_run(struct cli *cli, int argc, char **argv)
{
	static const struct cmd none = { .name = "" };
	struct interface_opts_values values = { .v = { .color = NULL } };
	struct opt_set sets[] = { { interface_opts, &values }, { cli_global_opts, &cli->globals } };
	struct settings s;
	int n, status;

	cli->cmd = &none;
	if (opts_parse("", sets, 2, argc - 1, argv + 1, &n, NULL))
		return STATUS_USAGE;
	if (n > 1)
		return cli_usage(cli, "one TARGET at most");
	if (!interface_settings(cli, &values.v, &s))
		return STATUS_USAGE;
	status = run(cli, n ? argv[1] : NULL, &s);
	settings_release(&s);
	return status;
}
