/* SPDX-License-Identifier: MIT */
/*
 * The rows that are shown. A large table is filtered and ordered on a thread,
 * while the old rows are still painted; a newer wish cancels an older one. One
 * thread at a time, so what it compares with stays as it is meanwhile.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "ui/tui/clock.h"
#include "ui/tui/fds.h"
#include "ui/tui/views.h"

#define AT_ONCE   2000 /* rows that cost no more than a frame: no thread is needed */
#define SETTLE_MS 1000

struct fds_task {
	struct task t;
	struct app *a;
	struct picture *pic, *wide;
	struct filter *filter;
	struct fds_query q;
	struct fds_view v;
	bool made;
	unsigned target, wish;
	struct fds_seen *orphan; /* what it compares with, if nobody else wants that any more */
};

static void run(struct task *task)
{
	struct fds_task *t = (struct fds_task *)task;

	t->made = fds_view_make(&t->v, &t->q);
}

static void task_free(struct fds_task *t)
{
	fds_view_release(&t->v);
	picture_unref(t->pic);
	picture_unref(t->wide);
	filter_free(t->filter);
	free(t->orphan);
	free(t);
}

/* ---- the cursor stays with its row ---- */

static void note_cursor(struct fds_state *s)
{
	const struct fdent *e;

	if (s->list.cur >= s->view.n)
		return;
	e = s->view.rows[s->list.cur].e;
	s->at = (struct fds_mark){ e->proc->tid, e->assoc, e->fd, e->ino, e->dev };
	s->placed = true;
}

void fds_find_cursor(struct fds_state *s)
{
	for (size_t i = 0; i < s->view.n; i++) {
		const struct fdent *e = s->view.rows[i].e;
		bool wanted = s->want_fd >= 0 && e->fd == s->want_fd && e->assoc == ASSOC_FD;
		bool was = s->want_fd < 0 && s->follow && s->placed && e->fd == s->at.fd &&
			   e->assoc == s->at.assoc && e->proc->tid == s->at.tid &&
			   (e->fd >= 0 || e->ino == s->at.ino);

		if (wanted || was) {
			list_go(&s->list, i);
			s->want_fd = -1;
			return;
		}
	}
}

/* ---- asking, and taking over what was made ---- */

/* A name that no row has is most likely misspelt. */
void fds_tell_unseen(struct app *a)
{
	struct fds_state *s = a->fds;
	const char *unseen = s->in_force && !s->view.n ? filter_unseen(s->in_force) : NULL;

	if (!s->tell_unseen || fds_pending(a))
		return;
	s->tell_unseen = false;
	if (unseen)
		say(a, ROLE_WARNING, "no row has anything called \"%s\"", unseen);
}

static void take_over(struct app *a, struct fds_task *t)
{
	struct fds_state *s = a->fds;

	note_cursor(s);
	free(s->view.rows);
	if (t->v.seen) {
		free(s->seen);
		s->seen = t->v.seen;
		s->n_seen = t->v.n_seen;
		s->gone = t->v.gone;
		t->v.seen = NULL;
	}
	if (t->v.moved)
		s->fade_until = t->q.now + FDS_FADE_MS;
	s->view = t->v;
	t->v = (struct fds_view){ 0 };
	filter_free(s->in_force);
	s->in_force = t->filter;
	t->filter = NULL;
	picture_unref(a->target_pic);
	a->target_pic = picture_ref(t->pic);
	s->columns_stale = true;
	s->granted = t->wish;
	list_set_count(&s->list, s->view.n);
	fds_find_cursor(s);
	a->dirty = true;
	fds_tell_unseen(a);
}

static void start(struct app *a);

static void done(struct task *task)
{
	struct fds_task *t = (struct fds_task *)task;
	struct app *a = t->a;
	struct fds_state *s = a->fds;
	bool ours = t->target == s->target;

	if (s->task == t)
		s->task = NULL;
	if (ours && t->made) {
		take_over(a, t);
	} else if (ours && t->q.look && !s->next) {
		s->next = picture_ref(t->pic); /* it was not compared yet */
	}
	if (ours && (s->again || s->next))
		start(a);
	task_free(t);
}

static struct fds_task *task_new(struct app *a)
{
	struct fds_state *s = a->fds;
	struct fds_task *t = xcalloc(1, sizeof(*t));
	struct filter_error error;

	t->t.run = run;
	t->t.done = done;
	t->a = a;
	t->target = s->target;
	t->wish = s->wish;
	t->pic = s->next ? s->next : picture_ref(a->target_pic);
	t->wide = picture_ref(a->wide);
	filter_compile(&t->filter, buf_str(&s->filter), &error);
	t->q = (struct fds_query){
		.pic = t->pic,
		.wide = t->wide,
		.pid = a->target.pid,
		.now = a->now,
		.mode = a->mode,
		.order = s->order,
		.group = s->group,
		.filter = t->filter,
		.look = s->next != NULL,
		.seen = s->seen,
		.n_seen = s->n_seen,
		.cancel = &t->t.cancel,
	};
	s->next = NULL;
	s->again = false;
	return t;
}

static void start(struct app *a)
{
	struct fds_task *t = task_new(a);

	if (survey_count(t->pic->s) > AT_ONCE && task_start(&a->tasks, &t->t) == 0) {
		a->fds->task = t;
		return;
	}
	run(&t->t);
	done(&t->t);
}

void fds_refresh(struct app *a)
{
	struct fds_state *s = a->fds;

	a->dirty = true;
	if (!s->next && !a->target_pic)
		s->granted = s->wish;
	else if (s->task)
		s->again = true;
	else
		start(a);
}

void fds_rebuild(struct app *a)
{
	struct fds_state *s = a->fds;

	s->wish++;
	if (s->task)
		atomic_store(&s->task->t.cancel, true);
	fds_refresh(a);
}

/* A wish of the user is not put off for news: they come after it. */
void fds_arrived(struct app *a, struct picture *pic)
{
	struct fds_state *s = a->fds;

	picture_unref(s->next);
	s->next = pic;
	if (!s->task)
		start(a);
}

bool fds_pending(const struct app *a)
{
	return a->fds->wish != a->fds->granted;
}

void fds_settle(struct app *a)
{
	struct pollfd p = { .fd = a->tasks.event, .events = POLLIN };
	uint64_t end = clock_ms() + SETTLE_MS;

	while (fds_pending(a) && clock_ms() < end) {
		poll(&p, 1, 20);
		tasks_collect(&a->tasks);
	}
}

/* The task goes on alone, and what it reads with it. */
static void abandon_task(struct fds_state *s)
{
	if (s->task) {
		atomic_store(&s->task->t.cancel, true);
		s->task->orphan = s->seen;
	} else {
		free(s->seen);
	}
	s->task = NULL;
	s->seen = NULL;
	s->n_seen = 0;
	s->target++;
	picture_unref(s->next);
	s->next = NULL;
	s->again = false;
	s->granted = s->wish;
}

void fds_stop(struct app *a)
{
	abandon_task(a->fds);
}

void fds_target_changed(struct app *a)
{
	struct fds_state *s = a->fds;

	abandon_task(s);
	fds_view_release(&s->view);
	s->n_marks = 0;
	s->placed = false;
	s->want_fd = -1;
	s->list = (struct list){ 0 };
	s->gone = 0;
	a->dirty = true;
}

void fds_rows_release(struct fds_state *s)
{
	abandon_task(s);
	fds_view_release(&s->view);
	filter_free(s->in_force);
}

bool fds_fading(const struct app *a)
{
	return a->fds->fade_until && a->now < a->fds->fade_until + 400;
}

/* ---- the filter ---- */

/* False: text is wrong, the old filter stays in force. */
bool fds_set_filter(struct app *a, const char *text, struct filter_error *error)
{
	struct fds_state *s = a->fds;
	struct filter *f;

	if (filter_compile(&f, text, error) < 0)
		return false;
	filter_free(f);
	buf_reset(&s->filter);
	buf_adds(&s->filter, text);
	fds_rebuild(a);
	return true;
}
