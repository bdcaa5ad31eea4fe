/* SPDX-License-Identifier: MIT */
#include "ui/tui/theme.h"

#include <ncurses.h>
#include <stdlib.h>

#define NO_COLOUR -1

/* Foreground and attributes with colour; attributes without. Never a background. */
static const struct {
	const char *name;
	short fg;
	attr_t attr, mono;
} roles[ROLE_COUNT] = {
	[ROLE_NORMAL] = { "normal", NO_COLOUR, A_NORMAL, A_NORMAL },
	[ROLE_HEADER] = { "header", NO_COLOUR, A_REVERSE, A_REVERSE },
	[ROLE_TITLE] = { "title", NO_COLOUR, A_BOLD, A_BOLD },
	[ROLE_CURSOR] = { "cursor", NO_COLOUR, A_REVERSE, A_REVERSE },
	[ROLE_CURSOR_IDLE] = { "cursor-idle", NO_COLOUR, A_BOLD, A_BOLD },
	[ROLE_MARKED] = { "marked", COLOR_YELLOW, A_BOLD, A_BOLD },
	[ROLE_MATCH] = { "match", COLOR_GREEN, A_UNDERLINE, A_UNDERLINE },
	[ROLE_DIM] = { "dim", NO_COLOUR, A_DIM, A_DIM },
	[ROLE_HOLD] = { "hold", COLOR_CYAN, A_NORMAL, A_NORMAL },
	[ROLE_SHARED] = { "shared", COLOR_YELLOW, A_NORMAL, A_BOLD },
	[ROLE_CONSUME] = { "consume", COLOR_MAGENTA, A_NORMAL, A_BOLD },
	[ROLE_ALTER] = { "alter", COLOR_MAGENTA, A_BOLD, A_BOLD },
	[ROLE_STOP] = { "stop", COLOR_RED, A_REVERSE, A_REVERSE },
	[ROLE_ERROR] = { "error", COLOR_RED, A_NORMAL, A_BOLD },
	[ROLE_WARNING] = { "warning", COLOR_YELLOW, A_NORMAL, A_BOLD },
	[ROLE_OK] = { "ok", COLOR_GREEN, A_NORMAL, A_NORMAL },
	[ROLE_DELETED] = { "deleted", COLOR_RED, A_NORMAL, A_UNDERLINE },
	[ROLE_GROUP] = { "group", COLOR_CYAN, A_NORMAL, A_NORMAL },
	[ROLE_NEW] = { "new", COLOR_GREEN, A_BOLD, A_BOLD },
	[ROLE_CHANGED] = { "changed", NO_COLOUR, A_BOLD, A_BOLD },
	[ROLE_KEY] = { "key", NO_COLOUR, A_BOLD, A_BOLD },
};

static bool wants_color(enum tui_color color)
{
	const char *no = getenv("NO_COLOR");

	if (color == TUI_COLOR_NEVER || !has_colors())
		return false;
	return color == TUI_COLOR_ALWAYS || !no || !*no;
}

void theme_init(struct theme *t, enum tui_color color)
{
	t->color = wants_color(color) && start_color() == OK && use_default_colors() == OK;
	for (int i = 0; i < ROLE_COUNT; i++) {
		t->attr[i] = t->color ? roles[i].attr : roles[i].mono;
		if (!t->color || roles[i].fg == NO_COLOUR)
			continue;
		init_pair((short)(i + 1), roles[i].fg, -1);
		t->attr[i] |= (unsigned)COLOR_PAIR(i + 1);
	}
}

enum role role_of_effect(enum effect e)
{
	static const enum role of[] = {
		[EFFECT_UNSTATED] = ROLE_ERROR,  [EFFECT_NONE] = ROLE_NORMAL,
		[EFFECT_HOLD] = ROLE_HOLD,       [EFFECT_SHARED] = ROLE_SHARED,
		[EFFECT_CONSUME] = ROLE_CONSUME, [EFFECT_ALTER] = ROLE_ALTER,
		[EFFECT_STOP] = ROLE_STOP,       [EFFECT_REFUSED] = ROLE_DIM,
	};

	return of[e];
}

const char *role_name(enum role role)
{
	return roles[role].name;
}
