/* SPDX-License-Identifier: MIT */
/* What we hold, and what became of where it came from. */
#include "ui/tui/shelf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "src/base/alloc.h"
#include "ui/tui/log.h"
#include "ui/tui/subject.h"
#include "ui/tui/views.h"

#define LOOK_MS     2000  /* between two looks while something is held */
#define LOOK_OFF_MS 10000 /* while the shelf is not on the screen */

/* ---- looking, on a thread: the shelf may stand still ---- */

struct look_task {
	struct task t;
	struct app *a;
	int procfs;
	unsigned serial;
	struct shelf_list drop; /* first let go of these */
	struct fail *drop_fail; /* of each */
	struct shelf_list items;
	struct origin_state *states;
	pid_t pid;
	size_t lost;
	char *lost_text;
	int err;
	struct fail fail;
};

static const struct shelf_item *item_of(const struct shelf_list *list, uint32_t id)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->at[i].id == id)
			return &list->at[i];
	return NULL;
}

static void drop_one(struct shelf *shelf, const struct shelf_list *now,
		     const struct shelf_item *item, struct fail *f)
{
	const struct shelf_item *is = item_of(now, item->id);

	if (is && !subject_same_held(is, item)) {
		fail_set(f, ESTALE, "", "h%u", item->id);
		fail_why(f, "it is another descriptor by now: not released");
		return;
	}
	shelf_drop(shelf, item->id, f);
}

static void drop_all(struct shelf *shelf, struct look_task *l)
{
	struct shelf_list now = { 0 };

	l->err = shelf_get_list(shelf, &now, &l->fail);
	for (size_t i = 0; i < l->drop.n && l->err == 0; i++)
		drop_one(shelf, &now, &l->drop.at[i], &l->drop_fail[i]);
	shelf_list_release(&now);
}

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
	if (l->drop.n)
		drop_all(&shelf, l);
	if (l->err == 0)
		l->err = shelf_get_list(&shelf, &l->items, &l->fail);
	if (l->err == 0 && l->items.n) {
		l->states = xcalloc(l->items.n, sizeof(*l->states));
		l->err = origin_states(&l->items, shelf.pid, l->procfs, l->states, &l->fail);
	}
	shelf_close(&shelf);
}

/* What was known of one that is there still; NULL: it is new. */
static const struct shelf_item *known(const struct shelf_state *s, const struct shelf_item *now)
{
	const struct shelf_item *old = item_of(&s->items, now->id);

	return old && subject_same_held(old, now) ? old : NULL;
}

/* Marks and the cursor stay with what they are on. */
static void take_over(struct app *a, struct look_task *l)
{
	struct shelf_state *s = a->shelf;
	const struct shelf_item *at = shelf_current(a);
	time_t *exited = xcalloc(l->items.n + 1, sizeof(*exited));
	bool *marked = xcalloc(l->items.n + 1, sizeof(*marked));
	size_t cur = s->list.cur;

	for (size_t i = 0; i < l->items.n; i++) {
		const struct shelf_item *old = known(s, &l->items.at[i]);
		size_t was = old ? (size_t)(old - s->items.at) : 0;

		marked[i] = old && s->marked[was];
		if (old && old == at)
			cur = i;
		if (l->states[i].origin == ORIGIN_EXITED)
			exited[i] = old && s->exited[was] ? s->exited[was] : time(NULL);
	}
	shelf_list_release(&s->items);
	free(s->states);
	free(s->exited);
	free(s->marked);
	s->items = l->items;
	s->states = l->states;
	s->exited = exited;
	s->marked = marked;
	s->pid = l->pid;
	list_set_count(&s->list, s->items.n);
	list_go(&s->list, cur);
}

/* What became of each that was to be let go. */
static void report_drops(struct app *a, struct look_task *l)
{
	const struct fail *first = NULL;
	size_t done = 0;

	for (size_t i = 0; i < l->drop.n; i++) {
		const struct shelf_item *h = &l->drop.at[i];
		const struct fail *f = l->err < 0            ? &l->fail
				       : l->drop_fail[i].err ? &l->drop_fail[i]
							     : NULL;

		log_add(a, "drop", EFFECT_HOLD, h->pid, h->start, h->comm, h->comm_len, h->fd, f);
		done += !f;
		first = first ? first : f;
	}
	if (first)
		say_fail(a, first);
	else if (done == 1)
		say(a, ROLE_NORMAL, "h%u released: what waited for its close goes on",
		    l->drop.at[0].id);
	else
		say(a, ROLE_NORMAL, "%zu released: what waited for their close goes on", done);
}

static void look_done(struct task *task)
{
	struct look_task *l = (struct look_task *)task;
	struct app *a = l->a;
	struct shelf_state *s = a->shelf;

	s->looking = false;
	if (l->err == 0 && l->serial >= s->shown) {
		s->shown = l->serial;
		take_over(a, l);
	} else {
		shelf_list_release(&l->items);
		free(l->states);
	}
	if (l->drop.n) {
		a->busy--;
		report_drops(a, l);
	}
	if (l->lost)
		say(a, ROLE_ERROR, "the shelf before this one was killed; lost: %s",
		    l->lost_text ? l->lost_text : "?");
	shelf_list_release(&l->drop);
	free(l->drop_fail);
	free(l->lost_text);
	free(l);
	a->dirty = true;
}

static void look(struct app *a, struct shelf_list *drop)
{
	struct shelf_state *s = a->shelf;
	struct look_task *l = xcalloc(1, sizeof(*l));

	l->t.run = look_run;
	l->t.done = look_done;
	l->a = a;
	l->procfs = a->procfs;
	l->serial = ++s->asked;
	if (drop) {
		l->drop = *drop;
		*drop = (struct shelf_list){ 0 };
		l->drop_fail = xcalloc(l->drop.n, sizeof(*l->drop_fail));
	}
	if (task_start(&a->tasks, &l->t) < 0) {
		say(a, ROLE_ERROR, "no thread could be started");
		shelf_list_release(&l->drop);
		free(l->drop_fail);
		free(l);
		return;
	}
	s->looking = true;
	s->due = a->now + LOOK_MS;
	if (drop)
		a->busy++;
}

void shelf_release_items(struct app *a, struct shelf_list *items)
{
	look(a, items);
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
		look(a, NULL);
}

void shelf_init(struct app *a)
{
	a->shelf = xcalloc(1, sizeof(*a->shelf));
	look(a, NULL);
}

void shelf_view_release(struct app *a)
{
	shelf_list_release(&a->shelf->items);
	free(a->shelf->states);
	free(a->shelf->exited);
	free(a->shelf->marked);
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

size_t shelf_selection(struct app *a, const struct shelf_item ***at)
{
	const struct shelf_state *s = a->shelf;
	size_t n = 0;

	*at = xcalloc(s->items.n + 1, sizeof(**at));
	for (size_t i = 0; i < s->items.n; i++)
		if (s->marked[i])
			(*at)[n++] = &s->items.at[i];
	if (!n && shelf_current(a))
		(*at)[n++] = shelf_current(a);
	return n;
}

size_t shelf_marked(const struct app *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->shelf->items.n; i++)
		n += a->shelf->marked[i];
	return n;
}

void shelf_unmark_all(struct app *a)
{
	memset(a->shelf->marked, 0, a->shelf->items.n * sizeof(*a->shelf->marked));
}

const struct origin_state *shelf_state_of(const struct app *a, const struct shelf_item *h)
{
	return &a->shelf->states[h - a->shelf->items.at];
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

void shelf_changed(struct app *a)
{
	look(a, NULL);
}

static bool shelf_act(struct app *a, enum action action)
{
	struct shelf_state *s = a->shelf;

	switch (action) {
	case ACTION_RELEASE:
		releasing_open(a);
		return true;
	case ACTION_MARK:
		if (shelf_current(a))
			s->marked[s->list.cur] = !s->marked[s->list.cur];
		list_act(&s->list, ACTION_DOWN);
		return true;
	case ACTION_UNMARK:
		shelf_unmark_all(a);
		return true;
	case ACTION_MARK_ALL:
		memset(s->marked, true, s->items.n * sizeof(*s->marked));
		return true;
	default:
		return false;
	}
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
	shelf_note(a, h, out);
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
