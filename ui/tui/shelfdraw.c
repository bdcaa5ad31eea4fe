/* SPDX-License-Identifier: MIT */
/* Painting of the shelf. */
#include <stdio.h>

#include "ui/tui/shelf.h"
#include "ui/tui/views.h"

#define NARROW 70 /* cells; below, a row is one sentence */

static uint64_t ms_since(int64_t then)
{
	int64_t now = time(NULL);

	return now > then ? (uint64_t)(now - then) * 1000 : 0;
}

static void origin_words(const struct app *a, const struct shelf_item *h, struct buf *b)
{
	switch (shelf_state_of(a, h)->origin) {
	case ORIGIN_RUNNING:
		buf_adds(b, "running");
		break;
	case ORIGIN_CLOSED:
		buf_adds(b, "closed it there");
		break;
	case ORIGIN_EXITED:
		buf_adds(b, "exited ");
		add_duration(b, ms_since(a->shelf->exited[h - a->shelf->items.at]));
		buf_adds(b, " ago");
		break;
	}
}

static bool is_last(const struct app *a, const struct shelf_item *h)
{
	return shelf_state_of(a, h)->last_holder == 1;
}

void shelf_note(struct app *a, const struct shelf_item *h, struct buf *out)
{
	if (is_last(a, h))
		buf_adds(out, "LAST HOLDER, ");
	add_text(a, out, h->name ? h->name : "", h->name_len);
}

static void draw_row(struct app *a, const struct shelf_item *h, int y, struct rect r, bool on,
		     bool focused)
{
	enum role base = on ? (focused ? ROLE_CURSOR : ROLE_CURSOR_IDLE) : ROLE_NORMAL;
	char id[16], from[96];
	autobuf b = BUF_INIT, note = BUF_INIT, comm = BUF_INIT;
	bool marked = a->shelf->marked[h - a->shelf->items.at];
	int x = r.x;

	snprintf(id, sizeof(id), "%ch%u", marked ? '*' : ' ', h->id);
	add_text(a, &comm, h->comm, h->comm_len);
	snprintf(from, sizeof(from), "%d:%d %s", h->pid, h->fd, buf_str(&comm));
	shelf_note(a, h, &note);
	if (on)
		draw_fill(&a->canvas, y, r.x, r.w, base);
	draw_text(&a->canvas, y, x + 1, 1, base, on ? ">" : " ");
	draw_text(&a->canvas, y, x + 2, 5, marked && !on ? ROLE_MARKED : base, id);
	if (r.w < NARROW) {
		buf_addf(&b, "%s %d:%d ", h->kind, h->pid, h->fd);
		origin_words(a, h, &b);
		buf_adds(&b, is_last(a, h) ? "  LAST HOLDER" : "");
		draw_text(&a->canvas, y, x + 7, r.w - 7, base, buf_str(&b));
		return;
	}
	draw_text(&a->canvas, y, x + 8, 8, base, h->kind);
	draw_text(&a->canvas, y, x + 17, 23, base, from);
	origin_words(a, h, &b);
	draw_text(&a->canvas, y, x + 41, 16, base, buf_str(&b));
	buf_reset(&b);
	add_duration(&b, ms_since(h->since));
	draw_text(&a->canvas, y, x + 58, 5, base, buf_str(&b));
	draw_text_from(&a->canvas, y, x + 64, r.w - 64,
		       on              ? base
		       : is_last(a, h) ? ROLE_WARNING
				       : base,
		       buf_str(&note), a->shelf->list.hscroll);
}

/* What is known of the one under the cursor. */
static void draw_below(struct app *a, const struct shelf_item *h, struct rect r)
{
	const struct kind *k = kind_by_name(h->kind);
	const char *words = k ? kind_cell(k, OP_HOLD)->words : "";
	char title[32];
	autobuf b = BUF_INIT;

	snprintf(title, sizeof(title), "h%u %s", h->id, h->kind);
	draw_rule(&a->canvas, r.y, r.x, r.w, title, "", false);
	add_text(a, &b, h->name ? h->name : "", h->name_len);
	draw_text(&a->canvas, r.y + 1, r.x + 1, r.w - 2, ROLE_NORMAL, buf_str(&b));
	buf_reset(&b);
	buf_addf(&b, "%d:%d: the process ", h->pid, h->fd);
	origin_words(a, h, &b);
	if (is_last(a, h))
		buf_addf(&b, "; no other visible process has it. Releasing h%u is its last close.",
			 h->id);
	else if (shelf_state_of(a, h)->last_holder == 0)
		buf_adds(&b, "; others have it too.");
	draw_text(&a->canvas, r.y + 2, r.x + 1, r.w - 2, is_last(a, h) ? ROLE_WARNING : ROLE_NORMAL,
		  buf_str(&b));
	draw_text(&a->canvas, r.y + 3, r.x + 1, r.w - 2, ROLE_HOLD, words);
}

void shelf_draw(struct app *a, struct rect r, bool focused)
{
	struct shelf_state *s = a->shelf;
	int below = r.h >= 12 && r.w >= 60 ? 4 : 0, h = r.h - 2 - below;
	char title[64];

	snprintf(title, sizeof(title), " SHELF   %zu held", s->items.n);
	draw_text(&a->canvas, r.y, r.x, r.w, focused ? ROLE_TITLE : ROLE_NORMAL, title);
	draw_text(&a->canvas, r.y + 1, r.x, r.w, ROLE_TITLE,
		  r.w < NARROW
			  ? "   ID  FROM"
			  : "   ID   KIND     FROM                    ORIGIN NOW       HELD  NOTE");
	list_layout(&s->list, h);
	for (int i = 0; i < h && s->list.top + (size_t)i < s->items.n; i++)
		draw_row(a, &s->items.at[s->list.top + (size_t)i], r.y + 2 + i, r,
			 s->list.top + (size_t)i == s->list.cur, focused);
	if (!s->items.n) {
		autobuf b = BUF_INIT;

		buf_addf(&b, "nothing is held; `%s` on a descriptor holds it",
			 keymap_word(&a->keys, ACTION_HOLD, CTX_FDS).text);
		draw_text(&a->canvas, r.y + 2, r.x + 2, r.w - 3, ROLE_DIM, buf_str(&b));
	} else if (below && shelf_current(a))
		draw_below(a, shelf_current(a), (struct rect){ r.y + 2 + h, r.x, below, r.w });
}
