/* SPDX-License-Identifier: MIT */
#include "ui/tui/list.h"

#define HSCROLL_STEP 8

void list_set_count(struct list *l, size_t n)
{
	l->n = n;
	if (l->cur >= n)
		l->cur = n ? n - 1 : 0;
}

void list_go(struct list *l, size_t i)
{
	l->cur = i < l->n ? i : l->n ? l->n - 1 : 0;
}

static void move(struct list *l, long by)
{
	long at = (long)l->cur + by;

	list_go(l, at < 0 ? 0 : (size_t)at);
}

bool list_act(struct list *l, enum action a)
{
	long page = l->height > 1 ? (long)l->height - 1 : 1;

	switch (a) {
	case ACTION_UP:
		move(l, -1);
		return true;
	case ACTION_DOWN:
		move(l, 1);
		return true;
	case ACTION_PAGE_UP:
		move(l, -page);
		return true;
	case ACTION_PAGE_DOWN:
		move(l, page);
		return true;
	case ACTION_HALF_UP:
		move(l, -(page + 1) / 2);
		return true;
	case ACTION_HALF_DOWN:
		move(l, (page + 1) / 2);
		return true;
	case ACTION_TOP:
		list_go(l, 0);
		return true;
	case ACTION_BOTTOM:
		list_go(l, l->n);
		return true;
	case ACTION_LEFT:
		l->hscroll = l->hscroll > HSCROLL_STEP ? l->hscroll - HSCROLL_STEP : 0;
		return true;
	case ACTION_RIGHT:
		l->hscroll += HSCROLL_STEP;
		return true;
	default:
		return false;
	}
}

void list_wheel(struct list *l, int lines)
{
	move(l, lines);
}

void list_layout(struct list *l, int height)
{
	size_t h = height > 0 ? (size_t)height : 0;

	l->height = h;
	if (!h)
		return;
	if (l->cur < l->top)
		l->top = l->cur;
	if (l->cur >= l->top + h)
		l->top = l->cur - h + 1;
	if (l->top + h > l->n)
		l->top = l->n > h ? l->n - h : 0;
}
