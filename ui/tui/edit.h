/* SPDX-License-Identifier: MIT */
/* A line that is typed. Holds valid display text only: pasted controls are dropped. */
#ifndef TUI_EDIT_H
#define TUI_EDIT_H

#include "src/base/buf.h"
#include "ui/tui/draw.h"
#include "ui/tui/term.h"

struct edit {
	struct buf text;
	size_t cur; /* byte offset of the cursor, on a character */
};

void edit_set(struct edit *e, const char *text);
void edit_release(struct edit *e);
/* Typing, pasting and moving: true if the event was for the line. */
bool edit_event(struct edit *e, const struct event *ev);
/*
 * Paint it in w cells and put the terminal's cursor there if focused; bytes
 * from fault on (-1: none) are underlined as an error.
 */
void edit_draw(const struct canvas *c, const struct edit *e, int y, int x, int w, bool focused,
	       long fault);

#endif
