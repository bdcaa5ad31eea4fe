/* SPDX-License-Identifier: MIT */
/* Where the cursor of a list is and what is visible. The rows are elsewhere. */
#ifndef TUI_LIST_H
#define TUI_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "ui/tui/actions.h"

struct list {
	size_t n, cur, top;
	size_t height; /* of the last painting */
	int hscroll;   /* cells of the last column that are off to the left */
};

void list_set_count(struct list *l, size_t n);
void list_go(struct list *l, size_t i);
/* UP ... BOTTOM, LEFT, RIGHT; false: not a movement. */
bool list_act(struct list *l, enum action a);
void list_wheel(struct list *l, int lines);
/* Call before painting: the cursor is inside [top, top + height). */
void list_layout(struct list *l, int height);

#endif
