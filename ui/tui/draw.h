/* SPDX-License-Identifier: MIT */
/*
 * Painting inside rectangles. Everything is clipped to the rectangle and cut on
 * the border of a cell; text must have come through text_display() already.
 */
#ifndef TUI_DRAW_H
#define TUI_DRAW_H

#include <stdbool.h>
#include <stddef.h>

#include "ui/tui/theme.h"

struct rect {
	int y, x, h, w;
};

/* Where the terminal's cursor is to be after a frame. */
struct cursor {
	bool shown;
	int y, x;
};

struct canvas {
	const struct theme *theme;
	bool ascii; /* lines of - and |, not of box characters */
	struct cursor *cursor;
};

static inline bool rect_has(const struct rect *r, int y, int x)
{
	return y >= r->y && y < r->y + r->h && x >= r->x && x < r->x + r->w;
}

/* Text at column x of line y, at most w cells; returns the cells used. */
int draw_text(const struct canvas *c, int y, int x, int w, enum role role, const char *s);
/* The same, without its first `skip` cells. */
int draw_text_from(const struct canvas *c, int y, int x, int w, enum role role, const char *s,
		   int skip);
/* Bytes of s that go on a line of w cells: to a newline, or to a blank if there is one. */
size_t draw_wrap(const char *s, int w);
/* Right-aligned in w cells. */
void draw_right(const struct canvas *c, int y, int x, int w, enum role role, const char *s);
/* Blanks: a line of a role that has a background. */
void draw_fill(const struct canvas *c, int y, int x, int w, enum role role);
void draw_clear(const struct canvas *c, struct rect r);
/* "-- title ------------ right --" */
void draw_rule(const struct canvas *c, int y, int x, int w, const char *title, const char *right,
	       bool focused);
void draw_vline(const struct canvas *c, int y, int x, int h);
void draw_box(const struct canvas *c, struct rect r, enum role role, const char *title);
/* A bar of w cells, `permille` of them full. */
void draw_bar(const struct canvas *c, int y, int x, int w, unsigned permille);

#endif
