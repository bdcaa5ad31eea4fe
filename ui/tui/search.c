/* SPDX-License-Identifier: MIT */
/*
 * Incremental search in whatever list has the keys. Rows are looked at a few
 * milliseconds at a time, between keys and frames, so a hundred thousand of them
 * delay nothing; the next key of a pattern begins anew.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "ui/tui/app.h"
#include "ui/tui/clock.h"

#define SLICE_MS   1
#define LOOK_EVERY 32   /* rows between two looks at the clock */
#define AT_ONCE    2000 /* rows that are searched before the next frame */

/* Smart case, as in less -i and vim: a capital letter makes it matter. */
static bool contains(const char *text, const char *needle)
{
	for (const char *p = needle; *p; p++)
		if (isupper((unsigned char)*p))
			return strstr(text, needle) != NULL;
	return strcasestr(text, needle) != NULL;
}

static struct list *list_now(struct app *a)
{
	return a->focus->list && a->focus->row_text ? a->focus->list(a) : NULL;
}

static void end(struct app *a)
{
	a->find.active = false;
	a->dirty = true;
}

static void not_found(struct app *a)
{
	end(a);
	say(a, ROLE_WARNING, "not found: %s", buf_str(&a->search));
	if (a->prompt.active)
		snprintf(a->prompt.error, sizeof(a->prompt.error), "not found");
}

static bool is_at(struct app *a, size_t i)
{
	autobuf row = BUF_INIT;

	a->focus->row_text(a, i, &row);
	return contains(buf_str(&row), buf_str(&a->search));
}

/* Go on for so long (0: to the end). */
static void go_on(struct app *a, uint64_t ms)
{
	struct list_search *s = &a->find;
	struct list *l = list_now(a);
	uint64_t stop = clock_ms() + ms;

	if (!l || s->view != a->focus) {
		end(a);
		return;
	}
	if (s->rows != l->n) { /* they are others by now */
		s->rows = l->n;
		s->step = s->first;
	}
	for (unsigned n = 1; s->step <= l->n && l->n; s->step++, n++) {
		size_t i = (s->from + (s->direction > 0 ? s->step : l->n * 2 - s->step)) % l->n;

		if (is_at(a, i)) {
			list_go(l, i);
			end(a);
			return;
		}
		if (ms && n % LOOK_EVERY == 0 && clock_ms() >= stop) {
			s->step++;
			return;
		}
	}
	not_found(a);
}

static void find(struct app *a, size_t from, int direction, bool itself)
{
	struct list *l = list_now(a);

	if (!l)
		return;
	a->find = (struct list_search){
		.active = true,
		.view = a->focus,
		.from = from < l->n ? from : 0,
		.direction = direction,
		.first = itself ? 0 : 1,
		.step = itself ? 0 : 1,
		.rows = l->n,
		.origin = a->find.origin,
	};
	if (l->n <= AT_ONCE)
		go_on(a, 0);
}

void search_slice(struct app *a)
{
	if (a->find.active)
		go_on(a, SLICE_MS);
}

void search_settle(struct app *a)
{
	if (a->find.active && !a->prompt.active)
		go_on(a, 0);
}

static void search_changed(struct app *a, const char *text)
{
	buf_reset(&a->search);
	buf_adds(&a->search, text);
	say(a, ROLE_NORMAL, "%s", "");
	if (*text)
		find(a, a->find.origin, 1, true);
	else
		end(a);
}

static void search_done(struct app *a, const char *text)
{
	struct list *l = list_now(a);

	if (text)
		return;
	search_clear(a);
	if (l)
		list_go(l, a->find.origin);
}

void search_begin(struct app *a)
{
	struct list *l = list_now(a);

	a->find.origin = l ? l->cur : 0;
	prompt_open(a, "/", "", search_changed, search_done);
}

void search_again(struct app *a, int direction)
{
	struct list *l = list_now(a);

	if (!a->search.len)
		say(a, ROLE_WARNING, "nothing was searched for: / starts a search");
	else if (l)
		find(a, l->cur, direction, false);
}

void search_clear(struct app *a)
{
	end(a);
	buf_reset(&a->search);
}
