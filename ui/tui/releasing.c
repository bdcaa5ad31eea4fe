/* SPDX-License-Identifier: MIT */
/*
 * `x` on the shelf: letting go of one or of all that are marked. What nobody else
 * has, or may have, is let go only by its name; several at once by their number.
 */
#include <stdio.h>
#include <stdlib.h>

#include "src/base/alloc.h"
#include "ui/tui/dialog.h"
#include "ui/tui/log.h"
#include "ui/tui/shelf.h"

#define LISTED 12 /* that the dialog names */
#define NAMED  4  /* last holders that are typed one by one */

static bool may_be_last(const struct app *a, const struct shelf_item *h)
{
	return shelf_state_of(a, h)->last_holder != 0;
}

/* A copy that outlives the next look at the shelf. */
static struct shelf_list *copy_of(const struct shelf_item *const *at, size_t n)
{
	struct shelf_list *list = xcalloc(1, sizeof(*list));

	list->at = xcalloc(n, sizeof(*list->at));
	for (; list->n < n; list->n++) {
		list->at[list->n] = *at[list->n];
		list->at[list->n].name = NULL;
		list->at[list->n].name_len = 0;
	}
	return list;
}

static bool confirmed(struct app *a, struct dialog *d, const struct dialog_item *item)
{
	(void)item;
	shelf_release_items(a, d->arg);
	return true;
}

static void free_list(struct dialog *d)
{
	shelf_list_release(d->arg);
	free(d->arg);
}

static void describe(struct app *a, struct dialog *d, const struct shelf_item *const *at, size_t n)
{
	autobuf b = BUF_INIT, ids = BUF_INIT;
	size_t last = 0;

	for (size_t i = 0; i < n; i++) {
		last += may_be_last(a, at[i]);
		if (i < 6)
			buf_addf(&ids, " h%u", at[i]->id);
		if (i >= LISTED)
			continue;
		buf_reset(&b);
		buf_addf(&b, "h%u %s %d:%d ", at[i]->id, at[i]->kind, at[i]->pid, at[i]->fd);
		shelf_note(a, at[i], &b);
		dialog_text(d, may_be_last(a, at[i]) ? ROLE_WARNING : ROLE_NORMAL, "%s",
			    buf_str(&b));
	}
	if (n > LISTED)
		dialog_text(d, ROLE_NORMAL, "... %zu in all", n);
	if (last && n > 1)
		dialog_text(d, ROLE_WARNING,
			    "%zu of them: nobody else is known to have it, so that is its last "
			    "close. Data without a name is destroyed.",
			    last);
	dialog_text(d, ROLE_DIM, "Equivalent: filch drop%s%s", buf_str(&ids), n > 6 ? " ..." : "");
}

/* "h2", "h2 h5" of those that may be the last; too many: "9 last"; none: how many. */
static void token_of(struct app *a, const struct shelf_item *const *at, size_t n, struct buf *out)
{
	size_t last = 0;

	for (size_t i = 0; i < n; i++) {
		if (!may_be_last(a, at[i]))
			continue;
		if (last++ < NAMED)
			buf_addf(out, "%sh%u", last > 1 ? " " : "", at[i]->id);
	}
	if (last && last <= NAMED)
		return;
	buf_reset(out);
	buf_addf(out, last ? "%zu last" : "%zu", last ? last : n);
}

static void ask(struct app *a, const struct shelf_item *const *at, size_t n)
{
	autobuf token = BUF_INIT;
	struct dialog *d;

	d = n > 1 ? dialog_new(ROLE_STOP, "RELEASE %zu MARKED", n)
		  : dialog_new(ROLE_STOP, "RELEASE h%u", at[0]->id);
	if (n == 1)
		dialog_text(
			d, ROLE_WARNING, "%s",
			shelf_state_of(a, at[0])->last_holder == 1
				? "LAST HOLDER: no other visible process has it. Releasing it is "
				  "its last close: data without a name is destroyed."
				: "Whether anybody else has it is unknown. Releasing the last one "
				  "destroys data without a name.");
	describe(a, d, at, n);
	token_of(a, at, n, &token);
	dialog_token(d, buf_str(&token));
	d->arg = copy_of(at, n);
	d->release = free_list;
	d->accept = confirmed;
	dialog_open(a, d);
}

void releasing_open(struct app *a)
{
	const struct shelf_item **at;
	size_t n = shelf_selection(a, &at);
	struct shelf_list *list;

	if (n > 1 || (n == 1 && may_be_last(a, at[0]))) {
		ask(a, at, n);
	} else if (n == 1) {
		list = copy_of(at, n);
		shelf_release_items(a, list);
		free(list);
	} else {
		say(a, ROLE_WARNING, "nothing is held");
	}
	free(at);
}
