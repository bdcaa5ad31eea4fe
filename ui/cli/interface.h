/* SPDX-License-Identifier: MIT */
#ifndef CLI_INTERFACE_H
#define CLI_INTERFACE_H

#include "ui/cli/cli.h"

struct settings;

/* What the command line may say of the interface's settings. */
struct interface_values {
	bool no_mouse, ascii, no_sync;
	const char *color;
};

/* Rows of an option table whose values have a struct interface_values as `at` of `type`. */
/* clang-format off */
#define INTERFACE_OPTS(type, at)                                                                   \
	{ "no-mouse", 0, OPT_FLAG, offsetof(type, at.no_mouse), NULL,                              \
	  "leave the mouse to the terminal" },                                                     \
	{ "ascii", 0, OPT_FLAG, offsetof(type, at.ascii), NULL, "no character beyond ASCII" },     \
	{ "no-sync", 0, OPT_FLAG, offsetof(type, at.no_sync), NULL,                                \
	  "no synchronized output, for terminals that show it" },                                  \
	{ "color", 0, OPT_TEXT, offsetof(type, at.color), "WHEN", "auto, always or never" }
/* clang-format on */

extern const struct opt interface_opts[];

/*
 * The settings in force: the defaults, the environment, the configuration file,
 * the options. settings_release() after. False: an option is wrong, and said so.
 */
bool interface_settings(struct cli *cli, const struct interface_values *v, struct settings *s);

/* filch [OPTIONS] [TARGET]. Returns an exit status. */
int interface_run(struct cli *cli, int argc, char **argv);

#endif
