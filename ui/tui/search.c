/* SPDX-License-Identifier: MIT */
/* Incremental search in whatever list has the keys. */
#include <ctype.h>
#include <string.h>

#include "ui/tui/app.h"

static size_t search_from; /* where the cursor was when the prompt opened */

/* Smart case, as in less -i and vim: a capital letter makes it matter. */
static bool contains(const char *text, const char *needle)
{
	for (const char *p = needle; *p; p++)
		if (isupper((unsigned char)*p))
			return strstr(text, needle) != NULL;
	return strcasestr(text, needle) != NULL;
}

static bool search_in(struct app *a, size_t from, int direction, bool itself)
{
	struct list *l = a->focus->list ? a->focus->list(a) : NULL;
	const char *needle = buf_str(&a->search);
	autobuf row = BUF_INIT;

	if (!l || !l->n || !a->focus->row_text || !*needle)
		return false;
	for (size_t step = itself ? 0 : 1; step <= l->n; step++) {
		size_t i = (from + (direction > 0 ? step : l->n * 2 - step)) % l->n;

		buf_reset(&row);
		a->focus->row_text(a, i, &row);
		if (contains(buf_str(&row), needle)) {
			list_go(l, i);
			return true;
		}
	}
	return false;
}

static void search_changed(struct app *a, const char *text)
{
	buf_reset(&a->search);
	buf_adds(&a->search, text);
	if (*text && !search_in(a, search_from, 1, true))
		say(a, ROLE_WARNING, "not found");
	else
		say(a, ROLE_NORMAL, "%s", "");
}

static void search_done(struct app *a, const char *text)
{
	struct list *l = a->focus->list ? a->focus->list(a) : NULL;

	if (text)
		return;
	search_clear(a);
	if (l)
		list_go(l, search_from);
}

void search_begin(struct app *a)
{
	struct list *l = a->focus->list ? a->focus->list(a) : NULL;

	search_from = l ? l->cur : 0;
	prompt_open(a, "/", "", search_changed, search_done);
}

void search_again(struct app *a, int direction)
{
	struct list *l = a->focus->list ? a->focus->list(a) : NULL;

	if (!a->search.len)
		say(a, ROLE_WARNING, "nothing was searched for: / starts a search");
	else if (l && !search_in(a, l->cur, direction, false))
		say(a, ROLE_WARNING, "not found: %s", buf_str(&a->search));
}

void search_clear(struct app *a)
{
	buf_reset(&a->search);
}
