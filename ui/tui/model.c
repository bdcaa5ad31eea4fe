/* SPDX-License-Identifier: MIT */
/*
 * What is shown, kept fresh: the process list, the descriptors of the target,
 * and now and then a picture of the whole system, without which nobody knows
 * who else shares something. All are taken on threads of their own; a picture
 * that took long is taken less often, so that idling stays cheap.
 */
#include <errno.h>
#include <stdlib.h>

#include "src/base/alloc.h"
#include "ui/tui/app.h"
#include "ui/tui/clock.h"
#include "ui/tui/views.h"

#define FIRST_SCREEN  200 /* processes that are shown before the rest is read */
#define SHARE_OF_TIME 25  /* a refresh may take a 25th of the time */
#define WIDE_EVERY_MS 10000

struct model {
	bool procs_busy, target_busy, wide_busy;
	uint64_t procs_due, target_due, wide_due;
	struct task *procs_task, *target_task, *wide_task;
	void (*then)(struct app *a);
};

struct procs_task {
	struct task t;
	struct app *a;
	int procfs;
	size_t max;
	struct proclist *before; /* freed once the new one is shown */
	struct proclist *list;
	uint64_t took_ms;
};

static void start_procs(struct app *a, size_t max);

static void procs_run(struct task *t)
{
	struct procs_task *p = (struct procs_task *)t;
	uint64_t begin = clock_ms();

	p->list = proclist_take(p->procfs, p->max, p->before, &p->a->hung, &t->cancel);
	p->took_ms = clock_ms() - begin;
}

static void procs_done(struct task *t)
{
	struct procs_task *p = (struct procs_task *)t;
	struct app *a = p->a;
	struct model *m = a->model;
	uint64_t pause = p->took_ms * SHARE_OF_TIME;

	m->procs_busy = false;
	m->procs_task = NULL;
	a->procs = p->list;
	m->procs_due = clock_ms() + (pause > 2 * a->refresh_ms ? pause : 2 * a->refresh_ms);
	procs_updated(a, p->before);
	proclist_free(p->before);
	a->dirty = true;
	if (p->list->partial)
		start_procs(a, 0);
	free(p);
}

static void start_procs(struct app *a, size_t max)
{
	struct procs_task *p;

	if (a->model->procs_busy)
		return;
	p = xcalloc(1, sizeof(*p));
	*p = (struct procs_task){
		.t = { .run = procs_run, .done = procs_done },
		.a = a,
		.procfs = a->procfs,
		.max = max,
		.before = a->procs,
	};
	a->model->procs_busy = task_start(&a->tasks, &p->t) == 0;
	if (!a->model->procs_busy)
		free(p);
	else
		a->model->procs_task = &p->t;
}

struct survey_task {
	struct task t;
	struct app *a;
	struct survey_opts opts;
	struct target_name name;
	bool wide;
	struct picture *pic;
	struct fail fail;
	int err;
};

static void survey_run(struct task *t)
{
	struct survey_task *s = (struct survey_task *)t;

	s->err = picture_take(&s->pic, &s->opts, &s->fail);
}

/* A table that has become a zombie's, or that of another start time. */
static bool target_vanished(const struct survey_task *s)
{
	const struct procent *p;

	if (s->err < 0)
		return s->err == -ESRCH;
	p = survey_find_proc(s->pic->s, s->name.pid, 0);
	return !p || p->start != s->name.start || p->state == 'Z' || p->state == 'X';
}

static void target_arrived(struct app *a, struct survey_task *s)
{
	struct model *m = a->model;
	uint64_t pause;

	if (m->target_task == &s->t) {
		m->target_busy = false;
		m->target_task = NULL;
		m->target_due = clock_ms() + a->refresh_ms;
	}
	if (s->name.pid != a->target.pid || s->name.start != a->target.start) {
		picture_unref(s->pic);
		return;
	}
	if (target_vanished(s)) {
		a->target.gone_ms = a->target.gone ? a->target.gone_ms : a->now;
		a->target.gone = true;
		a->target.fail = s->fail;
		picture_unref(s->err < 0 ? NULL : s->pic);
		return;
	}
	if (s->err < 0) {
		a->target.fail = s->fail;
		return;
	}
	fail_clear(&a->target.fail);
	pause = s->pic->took_ms * SHARE_OF_TIME;
	if (pause > a->refresh_ms)
		m->target_due = clock_ms() + pause;
	fds_arrived(a, s->pic);
}

static void wide_arrived(struct app *a, struct survey_task *s)
{
	struct model *m = a->model;
	void (*then)(struct app *) = m->then;
	uint64_t pause = WIDE_EVERY_MS;

	m->wide_busy = false;
	m->wide_task = NULL;
	if (s->err == 0) {
		picture_unref(a->wide);
		a->wide = s->pic;
		if (s->pic->took_ms * SHARE_OF_TIME * 2 > pause)
			pause = s->pic->took_ms * SHARE_OF_TIME * 2;
		fds_refresh(a);
	}
	m->wide_due = clock_ms() + pause;
	m->then = NULL;
	if (!then)
		return;
	a->busy--;
	if (s->err < 0)
		say_fail(a, &s->fail);
	else
		then(a);
}

static void survey_done(struct task *t)
{
	struct survey_task *s = (struct survey_task *)t;
	struct app *a = s->a;

	if (s->wide)
		wide_arrived(a, s);
	else
		target_arrived(a, s);
	a->dirty = true;
	free(s);
}

static bool start_survey(struct app *a, bool wide)
{
	struct survey_task *s = xcalloc(1, sizeof(*s));

	*s = (struct survey_task){
		.t = { .run = survey_run, .done = survey_done },
		.a = a,
		.wide = wide,
		.name = { .pid = a->target.pid, .start = a->target.start, .has_start = true },
		.opts = { .procfs = a->procfs,
			  .want = SURVEY_ALL,
			  .only_fd = -1,
			  .hung = &a->hung },
	};
	s->opts.cancel = &s->t.cancel;
	if (wide) {
		s->opts.want &= ~(unsigned)(SURVEY_ASSOC | SURVEY_SOCK_INFO);
	} else {
		s->opts.targets = &s->name;
		s->opts.n_targets = 1;
	}
	if (task_start(&a->tasks, &s->t) < 0) {
		free(s);
		return false;
	}
	if (wide)
		a->model->wide_task = &s->t;
	else
		a->model->target_task = &s->t;
	return true;
}

void model_init(struct app *a)
{
	a->model = xcalloc(1, sizeof(*a->model));
	start_procs(a, FIRST_SCREEN);
}

void model_release(struct app *a)
{
	struct task *tasks[] = { a->model->procs_task, a->model->target_task, a->model->wide_task };

	for (size_t i = 0; i < 3; i++)
		if (tasks[i])
			atomic_store(&tasks[i]->cancel, true);
	fds_stop(a);
}

bool model_loading(const struct app *a)
{
	if (a->target.pid && !a->target_pic && !a->target.gone && !a->target.fail.err)
		return true;
	return !a->procs || a->procs->partial;
}

static bool procs_shown(const struct app *a)
{
	for (size_t i = 0; i < a->n_panes; i++)
		if (a->panes[i].view == &view_procs)
			return true;
	return false;
}

void model_tick(struct app *a)
{
	struct model *m = a->model;

	if (a->paused)
		return;
	if (!m->procs_busy && a->now >= m->procs_due && procs_shown(a))
		start_procs(a, 0);
	if (!a->target.pid)
		return;
	if (!m->target_busy && a->now >= m->target_due && !a->target.gone)
		m->target_busy = start_survey(a, false);
	if (!m->wide_busy && a->now >= m->wide_due && a->target_pic)
		m->wide_busy = start_survey(a, true);
}

void model_refresh(struct app *a, bool wide)
{
	struct model *m = a->model;

	m->procs_due = m->target_due = 0;
	if (wide)
		m->wide_due = 0;
	start_procs(a, 0);
	if (a->target.pid && !m->target_busy && !a->target.gone)
		m->target_busy = start_survey(a, false);
	if (wide && !m->wide_busy)
		m->wide_busy = start_survey(a, true);
}

void model_set_target(struct app *a, pid_t pid, uint64_t start)
{
	struct model *m = a->model;

	if (a->target.pid == pid && a->target.start == start)
		return;
	a->target = (struct focus_target){ .pid = pid, .start = start };
	picture_unref(a->target_pic);
	a->target_pic = NULL;
	if (m->target_task)
		atomic_store(&m->target_task->cancel, true);
	m->target_task = NULL;
	m->target_busy = false;
	m->target_due = 0;
	fds_target_changed(a);
	model_tick(a);
}

void model_with_wide(struct app *a, void (*then)(struct app *a))
{
	struct model *m = a->model;

	if (a->wide && a->now - a->wide->at < WIDE_EVERY_MS) {
		then(a);
		return;
	}
	if (m->then)
		return;
	m->then = then;
	a->busy++;
	if (!m->wide_busy)
		m->wide_busy = start_survey(a, true);
}
