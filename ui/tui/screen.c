/* SPDX-License-Identifier: MIT */
/* Which views are where, the header, the message line and the hint bar. */
#include <ncurses.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ui/tui/dialog.h"
#include "ui/tui/views.h"

#define LEAST_COLS  40
#define LEAST_ROWS  8
#define DETAIL_COLS 120 /* from here the detail pane is on the right */
#define PANES_COLS  150 /* from here, and PANES_ROWS, everything at once */
#define PANES_ROWS  40

bool screen_is_wide(const struct app *a)
{
	return a->cols >= PANES_COLS && a->rows >= PANES_ROWS;
}

static void add_pane(struct app *a, const struct view *v, int y, int x, int h, int w)
{
	if (a->n_panes < MAX_PANES && h > 0 && w > 0)
		a->panes[a->n_panes++] = (struct pane){ v, { y, x, h, w } };
}

static bool is_pane_screen(const struct view *v)
{
	return v == &view_procs || v == &view_fds || v == &view_shelf;
}

static void layout_wide(struct app *a, struct rect r)
{
	int left = 44, right = a->cols >= 180 ? 44 : 32, low = r.h / 4;

	add_pane(a, &view_procs, r.y, r.x, r.h - low, left - 1);
	add_pane(a, &view_fds, r.y, left, r.h - low, r.w - left - right - 1);
	add_pane(a, &view_detail, r.y, r.w - right, r.h - low, right);
	add_pane(a, &view_shelf, r.y + r.h - low, r.x, low, left - 1);
	add_pane(a, NULL, r.y + r.h - low, left, low, r.w - left);
}

static void layout_fds(struct app *a, struct rect r)
{
	int right = r.w * 3 / 10 > 40 ? r.w * 3 / 10 : 40, low;

	if (r.w >= DETAIL_COLS) {
		add_pane(a, &view_fds, r.y, r.x, r.h, r.w - right - 1);
		add_pane(a, &view_detail, r.y, r.w - right, r.h, right);
		return;
	}
	low = r.h >= 30 ? 9 : r.h >= 16 ? 5 : r.h >= 12 ? 3 : 0;
	add_pane(a, &view_fds, r.y, r.x, r.h - low, r.w);
	add_pane(a, &view_detail, r.y + r.h - low, r.x, low, r.w);
}

void screen_layout(struct app *a)
{
	struct rect r = { 1, 0, a->rows - 3, a->cols };

	if (jobs_has_line(a))
		r.h--;
	a->n_panes = 0;
	if (a->maximised)
		add_pane(a, a->focus, r.y, r.x, r.h, r.w);
	else if (screen_is_wide(a) && is_pane_screen(a->screen))
		layout_wide(a, r);
	else if (a->screen == &view_fds)
		layout_fds(a, r);
	else
		add_pane(a, a->screen, r.y, r.x, r.h, r.w);
}

struct pane *screen_pane_at(struct app *a, int y, int x)
{
	for (size_t i = 0; i < a->n_panes; i++)
		if (a->panes[i].view && rect_has(&a->panes[i].r, y, x))
			return &a->panes[i];
	return NULL;
}

void screen_show(struct app *a, const struct view *v)
{
	a->screen = v == &view_detail ? &view_fds : v;
	a->focus = v;
	a->dirty = true;
	search_clear(a);
	screen_layout(a);
}

void screen_go(struct app *a, const struct view *v)
{
	const size_t max = sizeof(a->trail) / sizeof(a->trail[0]);

	if (a->screen == v) {
		a->focus = v;
		return;
	}
	if (a->n_trail == max) {
		memmove(a->trail, a->trail + 1, (max - 1) * sizeof(a->trail[0]));
		a->n_trail--;
	}
	a->trail[a->n_trail++] = a->screen;
	screen_show(a, v);
}

bool screen_back(struct app *a)
{
	if (a->focus == &view_detail) {
		a->focus = &view_fds;
		return true;
	}
	if (!a->n_trail)
		return false;
	a->n_trail--;
	screen_show(a, a->trail[a->n_trail]);
	return true;
}

void screen_pane(struct app *a, int by)
{
	size_t at = 0;

	for (size_t i = 0; i < a->n_panes; i++)
		if (a->panes[i].view == a->focus)
			at = i;
	for (size_t step = 1; step < a->n_panes; step++) {
		size_t i = (at + (by > 0 ? step : a->n_panes - step)) % a->n_panes;

		if (!a->panes[i].view)
			continue;
		a->focus = a->panes[i].view;
		if (a->focus != &view_detail)
			a->screen = a->focus;
		a->dirty = true;
		return;
	}
}

/* ---- painting ---- */

static const struct {
	const char *word;
	enum role role;
} badges[] = {
	{ "LOOK", ROLE_OK },
	{ "SAFE", ROLE_HEADER },
	{ "ARMED", ROLE_STOP },
};

static void header_left(struct app *a, struct buf *b)
{
	const struct procrow *p = a->procs && a->target.pid ? proclist_find(a->procs, a->target.pid)
							    : NULL;
	char host[65] = "";

	buf_adds(b, " filch  ");
	if (a->target.pid && a->screen != &view_procs && a->screen != &view_shelf) {
		size_t title = a->cols > 100 ? 60 : a->cols > 60 ? (size_t)a->cols - 38 : 20;

		buf_addf(b, "%d ", a->target.pid);
		if (p && p->start == a->target.start) {
			add_text(a, b, p->title, p->title_len < title ? p->title_len : title);
			buf_addf(b, "  %s", p->user);
		} else if (fds_proc(a)) {
			add_text(a, b, fds_proc(a)->comm, fds_proc(a)->comm_len);
		}
		return;
	}
	gethostname(host, sizeof(host) - 1);
	buf_adds(b, "host ");
	add_text(a, b, host, strlen(host));
	if (a->procs)
		buf_addf(b, "   %zu processes   %llu fds", a->procs->n,
			 (unsigned long long)a->procs->total_fds);
}

static void draw_header(struct app *a)
{
	int badge = a->opts->read_only ? 0 : a->armed ? 2 : 1;
	bool busy = a->busy > 0 || model_loading(a) || fds_pending(a) || a->find.active;
	size_t marked = a->focus == &view_shelf ? shelf_marked(a) : fds_marked(a);
	autobuf left = BUF_INIT, right = BUF_INIT;
	int w, x;

	header_left(a, &left);
	if (marked)
		buf_addf(&right, "%zu marked  ", marked);
	if (shelf_count(a))
		buf_addf(&right, "%zu held  ", shelf_count(a));
	if (a->paused)
		buf_adds(&right, "PAUSED  ");
	buf_addf(&right, "%s  %s ", badges[badge].word, busy ? "busy" : "idle");
	draw_fill(&a->canvas, 0, 0, a->cols, ROLE_HEADER);
	w = (int)right.len;
	x = a->cols - w;
	draw_text(&a->canvas, 0, 0, x - 1, ROLE_HEADER, buf_str(&left));
	draw_text(&a->canvas, 0, x, w, ROLE_HEADER, buf_str(&right));
	if (badge != 1)
		draw_text(&a->canvas, 0, a->cols - 6 - (int)strlen(badges[badge].word) - 1, 5,
			  badges[badge].role, badges[badge].word);
}

struct hint {
	const char *word, *key;
	char room[16];        /* for key */
	int key_width, width; /* width: of both and what parts them */
	bool minor;
};

/* The hint of an action in a context; false: none. */
static bool hint_of(const struct app *a, enum action action, enum context ctx, struct hint *h)
{
	int key = keymap_key_of(&a->keys, action, ctx);
	const char *word = actions[action].hint;

	if (!*word || key < 0 || !(actions[action].contexts & ctx))
		return false;
	if (action == ACTION_PANE_NEXT && a->n_panes < 2)
		return false;
	h->minor = *word == '+' || (*word == '-' && ctx != CTX_SHELF);
	h->word = word + (*word == '+' || *word == '-');
	h->key = key_text(key, h->room, sizeof(h->room));
	h->key_width = (int)text_width(h->key, strlen(h->key));
	h->width = h->key_width + (int)strlen(h->word) + 3;
	return true;
}

/* Minor hints get the room that the others leave. */
static int minor_room(const struct app *a, enum context ctx)
{
	int room = a->cols;
	struct hint h;

	for (int i = 1; i < ACTION_COUNT; i++)
		if (hint_of(a, (enum action)i, ctx, &h) && !h.minor)
			room -= h.width;
	return room;
}

/* The hints that fit, dropped from the left; `? help` is the last to go. */
static void draw_hints(struct app *a, int y)
{
	enum context ctx = a->dialog          ? CTX_DIALOG
			   : a->prompt.active ? CTX_PROMPT
					      : a->focus->context;
	int x = a->cols, room = minor_room(a, ctx);
	struct hint h;

	for (int i = ACTION_COUNT - 1; i > 0; i--) {
		if (!hint_of(a, (enum action)i, ctx, &h) || (h.minor && (room -= h.width) < 0))
			continue;
		if (x - h.width < 0)
			break;
		x -= h.width;
		draw_text(&a->canvas, y, x + 1, h.width, ROLE_KEY, h.key);
		draw_text(&a->canvas, y, x + 2 + h.key_width, h.width, ROLE_NORMAL, h.word);
	}
}

static void draw_message(struct app *a, int y)
{
	struct prompt *p = &a->prompt;

	if (p->active) {
		int used = draw_text(&a->canvas, y, 0, a->cols, ROLE_TITLE, p->label);
		int err = p->error[0] ? (int)strlen(p->error) + 2 : 0;

		if (err > (a->cols - used) / 2)
			err = (a->cols - used) / 2;
		edit_draw(&a->canvas, &p->edit, y, used, a->cols - used - err, !a->dialog,
			  p->fault);
		draw_text(&a->canvas, y, a->cols - err + 1, err, ROLE_ERROR, p->error);
		return;
	}
	if (a->message.len)
		draw_text(&a->canvas, y, 1, a->cols - 1, a->message_role, buf_str(&a->message));
}

static void draw_panes(struct app *a)
{
	for (size_t i = 0; i < a->n_panes; i++) {
		struct pane *p = &a->panes[i];

		if (!p->view)
			content_draw_preview(a, p->r);
		else
			p->view->draw(a, p->r, p->view == a->focus && !a->dialog);
		if (p->r.x > 0)
			draw_vline(&a->canvas, p->r.y, p->r.x - 1, p->r.h);
	}
}

void screen_draw(struct app *a)
{
	if (a->cols < LEAST_COLS || a->rows < LEAST_ROWS) {
		draw_text(&a->canvas, 0, 0, a->cols, ROLE_NORMAL, "filch: needs 40x8; q leaves");
		return;
	}
	screen_layout(a);
	draw_header(a);
	draw_panes(a);
	if (jobs_has_line(a))
		jobs_draw_line(a, a->rows - 3);
	draw_message(a, a->rows - 2);
	draw_hints(a, a->rows - 1);
	if (a->dialog)
		dialog_draw(a, a->dialog);
}
