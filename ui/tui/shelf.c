/* SPDX-License-Identifier: MIT */
/* What we hold, and what became of where it came from. */
#include "ui/tui/shelf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "src/base/alloc.h"
#include "src/keep/origin.h"
#include "ui/tui/dialog.h"
#include "ui/tui/log.h"
#include "ui/tui/views.h"

#define NARROW      70    /* cells; below, a row is one sentence */
#define LOOK_MS     2000  /* between two looks while something is held */
#define LOOK_OFF_MS 10000 /* while the shelf is not on the screen */

struct shelf_state {
	struct list list;
	struct shelf_list items;
	struct origin_state *states; /* of the items */
	time_t *exited;              /* when that was first seen; 0: not */
	pid_t pid;                   /* of the shelf */
	bool looking;
	uint64_t due;
};

/* ---- looking, on a thread: the shelf may stand still ---- */

struct look_task {
	struct task t;
	struct app *a;
	int procfs;
	unsigned drop; /* first let go of this one; 0: none */
	struct shelf_list items;
	struct origin_state *states;
	pid_t pid;
	size_t lost;
	char *lost_text;
	int err;
	struct fail fail;
};

static void look_run(struct task *task)
{
	struct look_task *l = (struct look_task *)task;
	struct shelf shelf;

	l->err = shelf_open(&shelf, false, &l->fail);
	if (l->err < 0)
		return;
	l->lost = shelf.lost;
	l->lost_text = shelf.lost_text ? xstrdup(shelf.lost_text) : NULL;
	l->pid = shelf.pid;
	if (l->drop)
		l->err = shelf_drop(&shelf, l->drop, &l->fail);
	if (l->err == 0)
		l->err = shelf_get_list(&shelf, &l->items, &l->fail);
	if (l->err == 0 && l->items.n) {
		l->states = xcalloc(l->items.n, sizeof(*l->states));
		l->err = origin_states(&l->items, shelf.pid, l->procfs, l->states, &l->fail);
	}
	shelf_close(&shelf);
}

static size_t index_of(const struct shelf_state *s, uint32_t id)
{
	for (size_t i = 0; i < s->items.n; i++)
		if (s->items.at[i].id == id)
			return i;
	return SIZE_MAX;
}

static void take_over(struct app *a, struct look_task *l)
{
	struct shelf_state *s = a->shelf;
	time_t *exited = xcalloc(l->items.n + 1, sizeof(*exited));

	for (size_t i = 0; i < l->items.n; i++) {
		size_t old = index_of(s, l->items.at[i].id);

		if (l->states[i].origin == ORIGIN_EXITED)
			exited[i] = old != SIZE_MAX && s->exited[old] ? s->exited[old] : time(NULL);
	}
	shelf_list_release(&s->items);
	free(s->states);
	free(s->exited);
	s->items = l->items;
	s->states = l->states;
	s->exited = exited;
	s->pid = l->pid;
	list_set_count(&s->list, s->items.n);
}

static void look_done(struct task *task)
{
	struct look_task *l = (struct look_task *)task;
	struct app *a = l->a;

	a->shelf->looking = false;
	if (l->drop)
		a->busy--;
	if (l->err < 0) {
		if (l->drop)
			say_fail(a, &l->fail);
		shelf_list_release(&l->items);
		free(l->states);
	} else {
		take_over(a, l);
		if (l->drop)
			say(a, ROLE_NORMAL, "h%u released: what waited for its close goes on",
			    l->drop);
	}
	if (l->lost)
		say(a, ROLE_ERROR, "the shelf before this one was killed; lost: %s",
		    l->lost_text ? l->lost_text : "?");
	free(l->lost_text);
	free(l);
	a->dirty = true;
}

static void look(struct app *a, unsigned drop)
{
	struct shelf_state *s = a->shelf;
	struct look_task *l = xcalloc(1, sizeof(*l));

	l->t.run = look_run;
	l->t.done = look_done;
	l->a = a;
	l->procfs = a->procfs;
	l->drop = drop;
	if (task_start(&a->tasks, &l->t) < 0) {
		free(l);
		return;
	}
	s->looking = true;
	s->due = a->now + LOOK_MS;
	if (drop)
		a->busy++;
}

static bool on_screen(const struct app *a)
{
	for (size_t i = 0; i < a->n_panes; i++)
		if (a->panes[i].view == &view_shelf)
			return true;
	return false;
}

void shelf_tick(struct app *a)
{
	struct shelf_state *s = a->shelf;
	uint64_t due = on_screen(a) ? s->due : s->due + LOOK_OFF_MS;

	if (!s->looking && !a->paused && a->now >= due)
		look(a, 0);
}

void shelf_init(struct app *a)
{
	a->shelf = xcalloc(1, sizeof(*a->shelf));
	look(a, 0);
}

void shelf_view_release(struct app *a)
{
	shelf_list_release(&a->shelf->items);
	free(a->shelf->states);
	free(a->shelf->exited);
	free(a->shelf);
}

size_t shelf_count(const struct app *a)
{
	return a->shelf->items.n;
}

const struct shelf_item *shelf_current(struct app *a)
{
	struct shelf_state *s = a->shelf;

	return s->list.cur < s->items.n ? &s->items.at[s->list.cur] : NULL;
}

bool shelf_holds(struct app *a, const struct fdent *e)
{
	const struct shelf_state *s = a->shelf;

	for (size_t i = 0; i < s->items.n; i++)
		if (s->items.at[i].pid == e->proc->pid && s->items.at[i].start == e->proc->start &&
		    s->items.at[i].fd == e->fd && s->items.at[i].ino == e->ino &&
		    s->states[i].origin == ORIGIN_RUNNING)
			return true;
	return false;
}

const struct fdent *shelf_in_picture(struct app *a, const struct picture *p)
{
	const struct shelf_item *h = shelf_current(a);

	return h ? survey_find(p->s, a->shelf->pid, 0, h->shelf_fd) : NULL;
}

void shelf_added(struct app *a, unsigned id, const struct fdent *e)
{
	say(a, ROLE_HOLD, "held as h%u: %s", id, kind_cell(e->kind, OP_HOLD)->words);
	look(a, 0);
}

/* ---- painting ---- */

static uint64_t ms_since(int64_t then)
{
	int64_t now = time(NULL);

	return now > then ? (uint64_t)(now - then) * 1000 : 0;
}

static const struct origin_state *state_of(const struct app *a, const struct shelf_item *h)
{
	return &a->shelf->states[h - a->shelf->items.at];
}

static void origin_words(const struct app *a, const struct shelf_item *h, struct buf *b)
{
	switch (state_of(a, h)->origin) {
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
	return state_of(a, h)->last_holder == 1;
}

static void note_words(struct app *a, const struct shelf_item *h, struct buf *b)
{
	if (is_last(a, h))
		buf_adds(b, "LAST HOLDER, ");
	add_text(a, b, h->name ? h->name : "", h->name_len);
}

static void draw_row(struct app *a, const struct shelf_item *h, int y, struct rect r, bool on,
		     bool focused)
{
	enum role base = on ? (focused ? ROLE_CURSOR : ROLE_CURSOR_IDLE) : ROLE_NORMAL;
	char id[16], from[96];
	autobuf b = BUF_INIT, note = BUF_INIT, comm = BUF_INIT;
	int x = r.x;

	snprintf(id, sizeof(id), "%c h%u", on ? '>' : ' ', h->id);
	add_text(a, &comm, h->comm, h->comm_len);
	snprintf(from, sizeof(from), "%d:%d %s", h->pid, h->fd, buf_str(&comm));
	note_words(a, h, &note);
	if (on)
		draw_fill(&a->canvas, y, r.x, r.w, base);
	draw_text(&a->canvas, y, x + 1, 6, base, id);
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
	else if (state_of(a, h)->last_holder == 0)
		buf_adds(&b, "; others have it too.");
	draw_text(&a->canvas, r.y + 2, r.x + 1, r.w - 2, is_last(a, h) ? ROLE_WARNING : ROLE_NORMAL,
		  buf_str(&b));
	draw_text(&a->canvas, r.y + 3, r.x + 1, r.w - 2, ROLE_HOLD, words);
}

static void shelf_draw(struct app *a, struct rect r, bool focused)
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

static void release_one(struct app *a, const struct shelf_item *h)
{
	if (!h)
		return;
	log_add(a, "drop", EFFECT_HOLD, h->pid, h->start, h->comm, h->comm_len, h->fd, NULL);
	look(a, h->id);
}

static bool release_confirmed(struct app *a, struct dialog *d, const struct dialog_item *item)
{
	uint32_t id = *(uint32_t *)d->arg;
	size_t i = index_of(a->shelf, id);

	(void)item;
	release_one(a, i == SIZE_MAX ? NULL : &a->shelf->items.at[i]);
	return true;
}

static void free_arg(struct dialog *d)
{
	free(d->arg);
}

static void release(struct app *a)
{
	const struct shelf_item *h = shelf_current(a);
	struct dialog *d;
	char token[16];

	if (!h)
		return;
	if (state_of(a, h)->last_holder == 0) {
		release_one(a, h);
		return;
	}
	d = dialog_new(ROLE_STOP, "RELEASE h%u", h->id);
	dialog_text(d, ROLE_WARNING, "%s",
		    is_last(a, h)
			    ? "LAST HOLDER: no other visible process has it. Releasing it is "
			      "its last close: data without a name is destroyed."
			    : "Whether anybody else has it is unknown. Releasing the last one "
			      "destroys data without a name.");
	dialog_text(d, ROLE_DIM, "Equivalent: filch drop h%u", h->id);
	snprintf(token, sizeof(token), "h%u", h->id);
	dialog_token(d, token);
	d->arg = xmemdup0(&h->id, sizeof(h->id));
	d->release = free_arg;
	d->accept = release_confirmed;
	dialog_open(a, d);
}

static bool shelf_act(struct app *a, enum action action)
{
	if (action != ACTION_RELEASE)
		return false;
	release(a);
	return true;
}

static struct list *shelf_list(struct app *a)
{
	return &a->shelf->list;
}

static void shelf_row_text(struct app *a, size_t i, struct buf *out)
{
	const struct shelf_item *h = &a->shelf->items.at[i];

	buf_addf(out, "h%u %s %d:%d ", h->id, h->kind, h->pid, h->fd);
	add_text(a, out, h->comm, h->comm_len);
	buf_addc(out, ' ');
	note_words(a, h, out);
}

static void shelf_command(struct app *a, struct buf *out)
{
	(void)a;
	buf_adds(out, "filch held");
}

static void shelf_click(struct app *a, int y, int x)
{
	(void)x;
	if (y >= 2)
		list_go(&a->shelf->list, a->shelf->list.top + (size_t)(y - 2));
}

const struct view view_shelf = {
	.name = "shelf",
	.context = CTX_SHELF,
	.draw = shelf_draw,
	.act = shelf_act,
	.list = shelf_list,
	.row_text = shelf_row_text,
	.command = shelf_command,
	.click = shelf_click,
};
