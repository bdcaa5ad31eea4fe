/* SPDX-License-Identifier: MIT */
/* Painting of dialogs: from top to bottom text, menu, fields, confirmation. */
#include <string.h>

#include "ui/tui/dialog.h"

#define DIALOG_WIDTH 80
#define LABEL_WIDTH  12

struct box {
	struct rect r; /* inside */
	int y;         /* next line */
};

/* Paint the text, or with paint false only count its lines. */
static int text_lines(struct app *a, const struct dialog *d, struct rect r, int from, bool paint)
{
	int line = 0;

	for (size_t i = 0; i < d->n_lines; i++) {
		const char *s = d->lines[i].text;

		do {
			size_t n = draw_wrap(s, r.w);

			if (paint && line >= from && line - from < r.h) {
				char row[512];
				size_t m = n < sizeof(row) - 1 ? n : sizeof(row) - 1;

				memcpy(row, s, m);
				row[m] = '\0';
				draw_text(&a->canvas, r.y + line - from, r.x, r.w, d->lines[i].role,
					  row);
			}
			s += n;
			while (*s == ' ' || *s == '\n') {
				bool nl = *s == '\n';

				s++;
				if (nl)
					break;
			}
			line++;
		} while (*s);
	}
	return line;
}

static int label_width(const struct dialog_item *it, int w)
{
	return *it->words ? (w > 60 ? 30 : w / 2) : w - 5;
}

static const char *tag_of(const struct dialog_item *it)
{
	return it->effect == EFFECT_REFUSED ? "not possible" : effect_tag(it->effect);
}

/* Do its words end at the border? Then they are given below the menu. */
static bool is_cut(const struct dialog_item *it, int w)
{
	int used = 6 + label_width(it, w), tag = (int)strlen(tag_of(it));

	if (!*it->words)
		return false;
	return used + (tag ? tag + 2 : 0) + (int)text_width(it->words, strlen(it->words)) > w;
}

/* Lines below the menu that the longest of its words need; 0: all can be read where they are. */
static int words_below(const struct dialog *d, int w)
{
	int most = 0;

	for (size_t i = 0; i < d->n_items; i++) {
		const struct dialog_item *it = &d->items[i];
		int lines = (int)text_width(it->words, strlen(it->words)) / (w > 20 ? w - 8 : 12) +
			    1;

		if (is_cut(it, w) && lines > most)
			most = lines;
	}
	return most > 3 ? 3 : most;
}

static void draw_item(struct app *a, const struct dialog *d, size_t i, int y, struct rect r)
{
	const struct dialog_item *it = &d->items[i];
	bool on = i == d->list.cur, refused = it->effect == EFFECT_REFUSED;
	enum role role = on ? ROLE_CURSOR : refused ? ROLE_DIM : ROLE_NORMAL;
	int lw = label_width(it, r.w);
	char key[8], left[2] = { on ? '>' : ' ', '\0' };

	if (on)
		draw_fill(&a->canvas, y, r.x, r.w, role);
	draw_text(&a->canvas, y, r.x, 1, role, left);
	if (it->key)
		draw_text(&a->canvas, y, r.x + 2, 2, on ? role : ROLE_KEY,
			  key_text(it->key, key, sizeof(key)));
	draw_text(&a->canvas, y, r.x + (it->key ? 5 : 2), lw, role, it->label);
	if (*it->words) {
		int x = r.x + 5 + lw + 1, tw = 0;
		const char *tag = tag_of(it);

		if (*tag) {
			enum role tr = on ? role : role_of_effect(it->effect);

			tw = draw_text(&a->canvas, y, x, r.x + r.w - x, tr, tag);
			tw += draw_text(&a->canvas, y, x + tw, r.x + r.w - x - tw, tr, ": ");
		}
		draw_text(&a->canvas, y, x + tw, r.x + r.w - x - tw, role, it->words);
	}
}

static void draw_items(struct app *a, struct dialog *d, struct box *b, int h)
{
	list_layout(&d->list, h);
	for (int i = 0; i < h && d->list.top + (size_t)i < d->n_items; i++)
		draw_item(a, d, d->list.top + (size_t)i, b->y + i, b->r);
	b->y += h;
}

/* What is cut in the line of the cursor, whole. */
static void draw_words_below(struct app *a, const struct dialog *d, struct box *b, int h)
{
	const struct dialog_item *it = d->list.cur < d->n_items ? &d->items[d->list.cur] : NULL;
	const char *s = it && is_cut(it, b->r.w) ? it->words : "";

	for (int i = 0; i < h && *s; i++) {
		size_t n = draw_wrap(s, b->r.w - 2);
		char row[512];
		size_t m = n < sizeof(row) - 1 ? n : sizeof(row) - 1;

		memcpy(row, s, m);
		row[m] = '\0';
		draw_text(&a->canvas, b->y + i, b->r.x + 2, b->r.w - 2, role_of_effect(it->effect),
			  row);
		s += n;
		s += strspn(s, " ");
	}
	b->y += h;
}

static void draw_fields(struct app *a, const struct dialog *d, struct box *b)
{
	for (size_t i = 0; i < d->n_fields; i++, b->y++) {
		const struct dialog_field *f = &d->fields[i];
		int w = b->r.w - LABEL_WIDTH, hw = f->hint ? (int)strlen(f->hint) + 1 : 0;

		if (hw > w / 2)
			hw = 0;
		draw_text(&a->canvas, b->y, b->r.x, LABEL_WIDTH - 1, ROLE_TITLE, f->label);
		edit_draw(&a->canvas, &f->edit, b->y, b->r.x + LABEL_WIDTH, w - hw,
			  i == d->at && !d->asking, -1);
		if (hw)
			draw_right(&a->canvas, b->y, b->r.x + LABEL_WIDTH + w - hw, hw, ROLE_DIM,
				   f->hint);
	}
}

static void draw_confirm(struct app *a, struct dialog *d, struct box *b)
{
	const struct canvas *c = &a->canvas;
	int x = b->r.x, used;

	if (d->error) {
		draw_text(c, b->y, x, b->r.w, ROLE_ERROR, d->error);
		b->y++;
	}
	if (d->asking) {
		draw_text(c, b->y, x, b->r.w, ROLE_WARNING,
			  "Press y to do it; any other key does not.");
	} else if (d->token) {
		used = draw_text(c, b->y, x, b->r.w, ROLE_NORMAL, "Type ");
		used += draw_text(c, b->y, x + used, b->r.w - used, ROLE_TITLE, d->token);
		used += draw_text(c, b->y, x + used, b->r.w - used, ROLE_NORMAL,
				  " and press Enter, Esc cancels:  ");
		edit_draw(c, &d->typed, b->y, x + used, b->r.w - used, d->at >= d->n_fields, -1);
	} else if (d->n_fields > 1 || (d->n_fields && !d->list_typed)) {
		draw_right(c, b->y, x, b->r.w, ROLE_DIM,
			   "Enter start   Tab next field   Esc cancel");
	} else {
		draw_right(c, b->y, x, b->r.w, ROLE_DIM,
			   d->n_items  ? "Enter choose   Esc cancel"
			   : d->accept ? "y yes   Esc cancel"
				       : "Esc close");
	}
}

void dialog_draw(struct app *a, struct dialog *d)
{
	int w = a->cols - 2 < DIALOG_WIDTH ? a->cols - 2 : DIALOG_WIDTH, room, text, items, rest,
	    below, h;
	struct rect in = { 0, 0, 0, w - 4 };
	struct box b;

	if (d->below)
		dialog_draw(a, d->below);
	if (a->cols < 20 || a->rows < 6)
		return;
	d->wrapped = text_lines(a, d, in, 0, false);
	rest = (int)d->n_fields + 1 + (d->error ? 1 : 0);
	below = words_below(d, in.w);
	room = a->rows - 2 - 2 - rest;
	if (room - d->wrapped - below < ((int)d->n_items < 6 ? (int)d->n_items : 6))
		below = 0;
	room -= below;
	items = (int)d->n_items;
	text = d->wrapped;
	if (d->list_typed && d->n_fields == 1 && items < 12)
		items = 12;
	if (text + items > room) {
		int least = items < 8 ? items : 8;

		text = text > room - least ? room - least : text;
		text = text < 0 ? 0 : text;
		items = items > room - text ? room - text : items;
		items = items < 0 ? 0 : items;
	}
	h = text + items + below + rest + 2;
	b.r = (struct rect){ (a->rows - h) / 2, (a->cols - w) / 2, h, w };
	if (b.r.y < 0)
		b.r.y = 0;
	draw_box(&a->canvas, b.r, d->role, d->title);
	b.r = (struct rect){ b.r.y + 1, b.r.x + 2, h - 2, w - 4 };
	b.y = b.r.y;
	if (d->scroll > d->wrapped - text)
		d->scroll = d->wrapped - text;
	if (d->scroll < 0)
		d->scroll = 0;
	text_lines(a, d, (struct rect){ b.y, b.r.x, text, b.r.w }, d->scroll, true);
	b.y += text;
	draw_items(a, d, &b, items);
	draw_words_below(a, d, &b, below);
	draw_fields(a, d, &b);
	draw_confirm(a, d, &b);
}
