/* SPDX-License-Identifier: MIT */
/* Roles, not colours: what a piece of text means decides how it looks. */
#ifndef TUI_THEME_H
#define TUI_THEME_H

#include <stdbool.h>

#include "src/base/effect.h"
#include "ui/tui/tui.h"

enum role {
	ROLE_NORMAL,
	ROLE_HEADER,
	ROLE_TITLE, /* column headings, titles of panes */
	ROLE_CURSOR,
	ROLE_CURSOR_IDLE, /* the cursor of a pane that has not the keys */
	ROLE_MARKED,
	ROLE_MATCH,
	ROLE_DIM,
	ROLE_HOLD,
	ROLE_SHARED,
	ROLE_CONSUME,
	ROLE_ALTER,
	ROLE_STOP,
	ROLE_ERROR,
	ROLE_WARNING,
	ROLE_OK,
	ROLE_DELETED,
	ROLE_GROUP,
	ROLE_NEW,     /* a row that was not there before */
	ROLE_CHANGED, /* a value that was another a moment ago */
	ROLE_KEY,     /* the key in a hint */
	ROLE_COUNT,
};

struct theme {
	bool color;
	unsigned attr[ROLE_COUNT]; /* of ncurses, colour pair included */
};

/* After newterm(3). NO_COLOR, --color and the terminal decide. */
void theme_init(struct theme *t, enum tui_color color);

enum role role_of_effect(enum effect e);
const char *role_name(enum role role);

#endif
