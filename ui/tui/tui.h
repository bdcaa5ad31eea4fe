/* SPDX-License-Identifier: MIT */
/*
 * The terminal interface. It looks by itself (effect none), holds when a key
 * asks for it, and disturbs only through the `!` menu with a typed token.
 */
#ifndef TUI_TUI_H
#define TUI_TUI_H

#include <stdbool.h>

#include "src/keep/exec.h"
#include "src/proc/target.h"

enum tui_color { TUI_COLOR_AUTO, TUI_COLOR_ALWAYS, TUI_COLOR_NEVER };

struct settings;

struct tui_opts {
	const struct target_name *target; /* resolved; NULL: begin with the processes */
	bool read_only;                   /* LOOK: refuse whatever is above effect none */
	const char *audit;                /* append one JSON line per effect caused; NULL: do not */
	struct settings *settings;        /* the caller's; changed by what the user sets */
	const struct exec_world *world;   /* of commands that are started */
};

/*
 * Runs until the user leaves. Needs text_mode_of_locale() to have been called. Returns
 * the exit status: 0; 2 with one sentence on stderr when there is no terminal
 * it could use; 3, 4 when the target cannot be opened; 128+N after a signal N.
 * The terminal is restored on every way out, a crash included.
 */
int tui_main(const struct tui_opts *opts);

#endif
