/* SPDX-License-Identifier: MIT */
#include "ui/tui/dialog.h"

#include <ncurses.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"

static char *__attribute__((format(printf, 1, 0))) vtext(const char *fmt, va_list ap)
{
	char *s;

	if (vasprintf(&s, fmt, ap) < 0)
		abort();
	return s;
}

struct dialog *dialog_new(enum role role, const char *title, ...)
{
	struct dialog *d = xcalloc(1, sizeof(*d));
	va_list ap;

	d->role = role;
	va_start(ap, title);
	d->title = vtext(title, ap);
	va_end(ap);
	return d;
}

void dialog_text(struct dialog *d, enum role role, const char *fmt, ...)
{
	va_list ap;

	d->lines = xreallocarray(d->lines, d->n_lines + 1, sizeof(*d->lines));
	va_start(ap, fmt);
	d->lines[d->n_lines++] = (struct dialog_line){ vtext(fmt, ap), role };
	va_end(ap);
}

void dialog_clear_text(struct dialog *d)
{
	for (size_t i = 0; i < d->n_lines; i++)
		free(d->lines[i].text);
	d->n_lines = 0;
}

void dialog_item(struct dialog *d, int key, int id, enum effect effect, const char *label,
		 const char *words)
{
	d->items = xreallocarray(d->items, d->n_items + 1, sizeof(*d->items));
	d->items[d->n_items++] = (struct dialog_item){
		.key = key,
		.label = xstrdup(label),
		.words = xstrdup(words ? words : ""),
		.effect = effect,
		.id = id,
	};
	list_set_count(&d->list, d->n_items);
}

void dialog_clear_items(struct dialog *d)
{
	for (size_t i = 0; i < d->n_items; i++) {
		free(d->items[i].label);
		free(d->items[i].words);
	}
	d->n_items = 0;
	list_set_count(&d->list, 0);
}

struct edit *dialog_field(struct dialog *d, const char *label, const char *text, const char *hint)
{
	struct dialog_field *f = &d->fields[d->n_fields++];

	f->label = xstrdup(label);
	f->hint = hint;
	edit_set(&f->edit, text);
	return &f->edit;
}

const char *dialog_value(const struct dialog *d, size_t field)
{
	return buf_str(&d->fields[field].edit.text);
}

void dialog_token(struct dialog *d, const char *token)
{
	d->token = xstrdup(token);
}

void dialog_error(struct dialog *d, const char *fmt, ...)
{
	va_list ap;

	free(d->error);
	va_start(ap, fmt);
	d->error = vtext(fmt, ap);
	va_end(ap);
}

void dialog_open(struct app *a, struct dialog *d)
{
	/* What confirms something is never confirmed by keys typed before it was seen. */
	if (d->token || d->ask_yes || d->role == ROLE_STOP || d->role == ROLE_HOLD)
		term_flush_input(&a->term);
	d->below = a->dialog;
	a->dialog = d;
	a->dirty = true;
}

static void dialog_free(struct dialog *d)
{
	if (d->release)
		d->release(d);
	dialog_clear_text(d);
	dialog_clear_items(d);
	for (size_t i = 0; i < d->n_fields; i++) {
		free(d->fields[i].label);
		edit_release(&d->fields[i].edit);
	}
	edit_release(&d->typed);
	free(d->lines);
	free(d->items);
	free(d->title);
	free(d->token);
	free(d->error);
	free(d);
}

/* Take one out, wherever it is; it may be gone already. */
static void remove_dialog(struct app *a, struct dialog *d)
{
	struct dialog **link = &a->dialog;

	while (*link && *link != d)
		link = &(*link)->below;
	if (!*link)
		return;
	*link = d->below;
	dialog_free(d);
	a->dirty = true;
}

void dialog_close(struct app *a)
{
	if (a->dialog)
		remove_dialog(a, a->dialog);
}

void dialog_close_all(struct app *a)
{
	while (a->dialog)
		dialog_close(a);
}

static struct edit *focused_edit(struct dialog *d)
{
	if (d->at < d->n_fields)
		return &d->fields[d->at].edit;
	return d->token ? &d->typed : NULL;
}

static size_t n_edits(const struct dialog *d)
{
	return d->n_fields + (d->token ? 1 : 0);
}

static const struct dialog_item *chosen(const struct dialog *d)
{
	return d->n_items ? &d->items[d->list.cur] : NULL;
}

static void accept(struct app *a, struct dialog *d)
{
	const struct dialog_item *item = chosen(d);

	if (item && item->effect == EFFECT_REFUSED) {
		dialog_error(d, "not possible: %s", item->words);
		return;
	}
	if (!d->accept || d->accept(a, d, item))
		remove_dialog(a, d);
}

static void enter(struct app *a, struct dialog *d)
{
	free(d->error);
	d->error = NULL;
	if (d->token && strcmp(buf_str(&d->typed.text), d->token) != 0) {
		d->at = d->n_fields;
		dialog_error(d, "nothing was done: type %s to confirm, Esc cancels", d->token);
		return;
	}
	if (d->ask_yes) {
		d->asking = true;
		return;
	}
	accept(a, d);
}

static bool menu_key(struct app *a, struct dialog *d, int key)
{
	for (size_t i = 0; i < d->n_items; i++) {
		if (d->items[i].key == key) {
			list_go(&d->list, i);
			enter(a, d);
			return true;
		}
	}
	return false;
}

static void next_field(struct dialog *d, int by);

/* Up and down: the menu, or else from field to field, or else the text. */
static void vertical(struct dialog *d, int by)
{
	size_t n = n_edits(d);

	if (d->n_items && (!n || d->list_typed))
		list_act(&d->list, by < 0 ? ACTION_UP : ACTION_DOWN);
	else if (n > 1)
		next_field(d, by);
	else
		d->scroll += by;
}

static void next_field(struct dialog *d, int by)
{
	size_t n = n_edits(d);

	if (n > 1)
		d->at = (d->at + n + (size_t)(by < 0 ? n - 1 : 1)) % n;
	else
		vertical(d, by);
}

static bool move_key(struct dialog *d, int key)
{
	bool text = focused_edit(d) != NULL;

	if (key == K(KEY_UP) || (!text && key == 'k'))
		vertical(d, -1);
	else if (key == K(KEY_DOWN) || (!text && key == 'j'))
		vertical(d, 1);
	else if (key == '\t')
		next_field(d, 1);
	else if (key == K(KEY_BTAB))
		next_field(d, -1);
	else if (key == K(KEY_NPAGE) && d->n_items)
		list_act(&d->list, ACTION_PAGE_DOWN);
	else if (key == K(KEY_PPAGE) && d->n_items)
		list_act(&d->list, ACTION_PAGE_UP);
	else if (key == K(KEY_NPAGE))
		d->scroll += 10;
	else if (key == K(KEY_PPAGE))
		d->scroll -= 10;
	else
		return false;
	return true;
}

static void cancel(struct app *a, struct dialog *d)
{
	if (d->cancelled)
		d->cancelled(a, d);
	dialog_close(a);
}

static void dialog_key(struct app *a, struct dialog *d, int key)
{
	bool text = focused_edit(d) != NULL;

	if (d->asking) {
		d->asking = false;
		if (key == 'y')
			accept(a, d);
		else
			dialog_error(d, "nothing was done");
	} else if (key == KEY_ESC || key == CTRL('C') || (!text && key == 'q')) {
		cancel(a, d);
	} else if (key == '\r') {
		if (!text && !d->n_items && !d->ask_yes && !d->accept)
			cancel(a, d);
		else
			enter(a, d);
	} else if ((d->key && d->key(a, d, key)) || (!text && menu_key(a, d, key))) {
		return;
	} else if (!move_key(d, key) && !text && d->ask_yes && key == 'y' && !d->token) {
		accept(a, d);
	}
}

void dialog_event(struct app *a, const struct event *ev)
{
	struct dialog *d = a->dialog;
	struct edit *e = focused_edit(d);
	bool special = ev->type == EVENT_KEY &&
		       (ev->key == KEY_ESC || ev->key == CTRL('C') || ev->key == '\r' ||
			ev->key == '\t' || ev->key == K(KEY_UP) || ev->key == K(KEY_DOWN) ||
			ev->key == K(KEY_BTAB) || ev->key == K(KEY_PPAGE) ||
			ev->key == K(KEY_NPAGE));

	a->dirty = true;
	if (e && !special && !d->asking && edit_event(e, ev)) {
		free(d->error);
		d->error = NULL;
		if (d->changed && e != &d->typed)
			d->changed(a, d);
		return;
	}
	if (ev->type == EVENT_KEY)
		dialog_key(a, d, ev->key);
	else if (ev->type == EVENT_WHEEL_UP)
		vertical(d, -1);
	else if (ev->type == EVENT_WHEEL_DOWN)
		vertical(d, 1);
}
