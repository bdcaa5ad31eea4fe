/* SPDX-License-Identifier: MIT */
/* filch [OPTIONS] [TARGET]: the terminal interface. */
#include "ui/cli/interface.h"

#include <stdio.h>
#include <string.h>

#include "src/base/fd.h"
#include "src/proc/procfs.h"
#include "ui/tui/tui.h"

struct interface_values {
	bool no_mouse, ascii, no_sync;
	const char *color;
};

static const struct opt interface_opts[] = {
	{ "no-mouse", 0, OPT_FLAG, offsetof(struct interface_values, no_mouse), NULL,
	  "leave the mouse to the terminal" },
	{ "ascii", 0, OPT_FLAG, offsetof(struct interface_values, ascii), NULL,
	  "no character beyond ASCII" },
	{ "no-sync", 0, OPT_FLAG, offsetof(struct interface_values, no_sync), NULL,
	  "no synchronized output, for terminals that show it" },
	{ "color", 0, OPT_TEXT, offsetof(struct interface_values, color), "WHEN",
	  "auto, always or never" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

static int parse_color(const char *word, enum tui_color *color)
{
	static const char *const words[] = { "auto", "always", "never" };

	*color = TUI_COLOR_AUTO;
	for (int i = 0; word && i < 3; i++) {
		if (strcmp(word, words[i]) == 0) {
			*color = (enum tui_color)i;
			return 0;
		}
	}
	return word ? -1 : 0;
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

int interface_run(struct cli *cli, int argc, char **argv)
{
	static const struct cmd none = { .name = "" };
	struct interface_values v = { .color = NULL };
	struct opt_set sets[] = { { interface_opts, &v }, { cli_global_opts, &cli->globals } };
	struct target_name name = { 0 };
	struct tui_opts opts = { .target = NULL };
	int n;

	cli->cmd = &none;
	if (opts_parse("", sets, 2, argc - 1, argv + 1, &n, NULL))
		return STATUS_USAGE;
	if (n > 1 || parse_color(v.color, &opts.color) < 0)
		return cli_usage(cli, "%s",
				 n > 1 ? "one TARGET at most" : "--color is auto, always or never");
	if (n == 1) {
		if (resolve(cli, argv[1], &name) < 0)
			return cli_status(cli);
		opts.target = &name;
	}
	opts.read_only = cli->globals.read_only;
	opts.audit = cli->globals.audit;
	opts.no_mouse = v.no_mouse;
	opts.ascii = v.ascii;
	opts.no_sync = v.no_sync;
	return tui_main(&opts);
}
