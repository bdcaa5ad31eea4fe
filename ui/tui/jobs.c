/* SPDX-License-Identifier: MIT */
#include "ui/tui/jobs.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "ui/tui/clock.h"
#include "ui/tui/dialog.h"
#include "ui/tui/views.h"

#define LINE_FOR 10000 /* ms that a finished job stays on the line */

struct jobs_state {
	struct list list;
	struct job **at; /* oldest first */
	size_t n;
	unsigned next_id;
};

void jobs_init(struct app *a)
{
	a->jobs = xcalloc(1, sizeof(*a->jobs));
}

static bool is_live(const struct job *j)
{
	return j->state == JOB_RUNNING || j->state == JOB_PAUSED;
}

static void job_free(struct job *j)
{
	if (j->ops->release)
		j->ops->release(j);
	buf_release(&j->result);
	free(j->title);
	free(j->what);
	free(j->path);
	free(j);
}

void jobs_release(struct app *a)
{
	struct jobs_state *s = a->jobs;

	/* One that did not stop in time still has its thread: leave it its memory. */
	tasks_drain(&a->tasks, 1000);
	for (size_t i = 0; i < s->n; i++)
		if (!is_live(s->at[i]))
			job_free(s->at[i]);
	free(s->at);
	free(s);
	a->jobs = NULL;
}

size_t jobs_running(const struct app *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->jobs->n; i++)
		n += is_live(a->jobs->at[i]);
	return n;
}

void jobs_cancel_all(struct app *a)
{
	for (size_t i = 0; i < a->jobs->n; i++)
		if (is_live(a->jobs->at[i]))
			atomic_store(&a->jobs->at[i]->task.cancel, true);
}

struct job *job_new(struct app *a, const struct job_ops *ops, void *arg)
{
	struct job *j = xcalloc(1, sizeof(*j));

	j->a = a;
	j->ops = ops;
	j->arg = arg;
	j->total = UINT64_MAX;
	return j;
}

static void job_run(struct task *t)
{
	struct job *j = (struct job *)t;

	j->err = j->ops->run(j);
}

static void job_done(struct task *t)
{
	struct job *j = (struct job *)t;
	struct app *a = j->a;

	j->end = clock_ms();
	a->busy--;
	if (j->err == 0)
		j->state = JOB_DONE;
	else
		j->state = j->err == -ECANCELED ? JOB_CANCELLED : JOB_FAILED;
	if (!a->jobs) {
		job_free(j);
		return;
	}
	if (j->ops->finished)
		j->ops->finished(a, j);
	a->dirty = true;
}

void job_start(struct app *a, struct job *j)
{
	struct jobs_state *s = a->jobs;

	j->id = ++s->next_id;
	j->begin = clock_ms();
	j->task.run = job_run;
	j->task.done = job_done;
	j->state = JOB_RUNNING;
	s->at = xreallocarray(s->at, s->n + 1, sizeof(struct job *));
	s->at[s->n++] = j;
	list_set_count(&s->list, s->n);
	a->busy++;
	a->dirty = true;
	if (task_start(&a->tasks, &j->task) < 0) {
		a->busy--;
		j->state = JOB_FAILED;
		j->end = j->begin;
		fail_set(&j->fail, EAGAIN, "pthread_create", "%s", "");
	}
}

bool job_checkpoint(struct job *j)
{
	while (atomic_load(&j->pause) && !atomic_load(&j->task.cancel))
		poll(NULL, 0, 50);
	return atomic_load(&j->task.cancel);
}

void job_progress(struct job *j, uint64_t done, uint64_t total, uint64_t holes)
{
	atomic_store(&j->done, done);
	atomic_store(&j->total, total);
	atomic_store(&j->holes, holes);
}

/* ---- painting ---- */

static uint64_t took_ms(const struct job *j)
{
	uint64_t end = is_live(j) ? clock_ms() : j->end;

	return end > j->begin ? end - j->begin : 1;
}

static void numbers(const struct job *j, struct buf *b)
{
	uint64_t done = atomic_load(&j->done), total = atomic_load(&j->total);
	uint64_t rate = done * 1000 / took_ms(j), holes = atomic_load(&j->holes);

	text_size(b, done);
	if (total != UINT64_MAX) {
		buf_adds(b, " of ");
		text_size(b, total);
	}
	buf_adds(b, "  ");
	text_size(b, rate);
	buf_adds(b, "/s");
	if (is_live(j) && total != UINT64_MAX && rate && total > done) {
		buf_adds(b, "  eta ");
		add_duration(b, (total - done) * 1000 / rate);
	} else {
		buf_adds(b, "  ");
		add_duration(b, took_ms(j));
	}
	if (holes && done)
		buf_addf(b, "  holes %u%%", (unsigned)(holes * 100 / done));
}

/* The one that the line is about: a failure nobody read, else what runs, else what ended. */
static struct job *line_job(const struct app *a)
{
	struct jobs_state *s = a->jobs;
	struct job *recent = NULL;

	for (size_t i = s->n; i-- > 0;)
		if (s->at[i]->state == JOB_FAILED && !s->at[i]->seen)
			return s->at[i];
	for (size_t i = 0; i < s->n; i++)
		if (is_live(s->at[i]))
			return s->at[i];
	for (size_t i = s->n; i-- > 0 && !recent;)
		if (a->now - s->at[i]->end < LINE_FOR)
			recent = s->at[i];
	return recent;
}

bool jobs_has_line(const struct app *a)
{
	return line_job(a) != NULL;
}

static const char *state_name(const struct job *j)
{
	static const char *const names[] = { "running", "paused", "done", "FAILED", "cancelled" };

	return names[j->state];
}

static void outcome(struct app *a, const struct job *j, struct buf *b)
{
	if (j->state == JOB_FAILED)
		fail_sentence(b, &j->fail, a->mode);
	if (j->result.len && j->state == JOB_FAILED)
		buf_adds(b, "; ");
	if (j->result.len)
		buf_adds(b, buf_str(&j->result));
}

/* Of its keys the one that is easier to remember, while it has that. */
static struct key_word line_key(const struct app *a)
{
	if (keymap_find(&a->keys, 'J', CTX_FDS) == ACTION_GO_JOBS)
		return (struct key_word){ "J" };
	return keymap_word(&a->keys, ACTION_GO_JOBS, CTX_FDS);
}

void jobs_draw_line(struct app *a, int y)
{
	struct jobs_state *s = a->jobs;
	struct job *j = line_job(a);
	size_t running = jobs_running(a), at = 0;
	autobuf b = BUF_INIT;
	int x, w = a->cols - 8;

	if (!j)
		return;
	while (at < s->n && s->at[at] != j)
		at++;
	if (running)
		buf_addf(&b, "[%zu/%zu] ", at + 1, s->n);
	buf_addf(&b, "%s ", j->what);
	if (j->state == JOB_FAILED)
		draw_text(&a->canvas, y, 0, 1, ROLE_ERROR, "!");
	x = 1 + draw_text(&a->canvas, y, 1, w, ROLE_TITLE, buf_str(&b));
	buf_reset(&b);
	if (is_live(j)) {
		uint64_t done = atomic_load(&j->done), total = atomic_load(&j->total);
		int bar = a->cols >= 100 ? 24 : 10;

		if (total != UINT64_MAX && total) {
			draw_bar(&a->canvas, y, x, bar, (unsigned)(done * 1000 / total));
			x += bar + 1;
			buf_addf(&b, "%3u%%  ", (unsigned)(done * 100 / total));
		}
		if (j->state == JOB_PAUSED)
			buf_adds(&b, "PAUSED  ");
		numbers(j, &b);
	} else {
		buf_addf(&b, "%s  ", state_name(j));
		outcome(a, j, &b);
	}
	draw_text(&a->canvas, y, x, w - x,
		  j->state == JOB_FAILED ? ROLE_ERROR
		  : j->state == JOB_DONE ? ROLE_OK
					 : ROLE_NORMAL,
		  buf_str(&b));
	buf_reset(&b);
	buf_addf(&b, "%s jobs", line_key(a).text);
	draw_right(&a->canvas, y, a->cols - 7, 6, ROLE_KEY, buf_str(&b));
}

static void row_text(struct app *a, size_t i, struct buf *b)
{
	const struct job *j = a->jobs->at[i];

	buf_addf(b, "%2u  %-9s  ", j->id, state_name(j));
	if (j->state != JOB_FAILED || atomic_load(&j->done))
		numbers(j, b);
	buf_addf(b, "  %s  ", j->title);
	outcome(a, j, b);
}

static void jobs_draw(struct app *a, struct rect r, bool focused)
{
	struct jobs_state *s = a->jobs;

	draw_text(&a->canvas, r.y, r.x, r.w, focused ? ROLE_TITLE : ROLE_NORMAL, " JOBS");
	draw_text(&a->canvas, r.y + 1, r.x, r.w, ROLE_TITLE, "  ID  STATE      PROGRESS");
	list_layout(&s->list, r.h - 2);
	for (int i = 0; i < r.h - 2 && s->list.top + (size_t)i < s->n; i++) {
		size_t at = s->list.top + (size_t)i;
		bool on = at == s->list.cur;
		enum role role = on                               ? ROLE_CURSOR
				 : s->at[at]->state == JOB_FAILED ? ROLE_ERROR
								  : ROLE_NORMAL;
		autobuf b = BUF_INIT;

		row_text(a, at, &b);
		if (on)
			draw_fill(&a->canvas, r.y + 2 + i, r.x, r.w, role);
		draw_text(&a->canvas, r.y + 2 + i, r.x, 1, role, on ? ">" : " ");
		draw_text_from(&a->canvas, r.y + 2 + i, r.x + 2, r.w - 2, role, buf_str(&b),
			       s->list.hscroll);
		if (focused)
			s->at[at]->seen = true;
	}
	if (!s->n) {
		autobuf b = BUF_INIT;

		buf_addf(&b, "no jobs; `%s` on a descriptor dumps it",
			 keymap_word(&a->keys, ACTION_DUMP, CTX_FDS).text);
		draw_text(&a->canvas, r.y + 2, r.x + 2, r.w - 3, ROLE_DIM, buf_str(&b));
	}
}

/* ---- acting ---- */

static struct job *current(struct app *a)
{
	struct jobs_state *s = a->jobs;

	return s->list.cur < s->n ? s->at[s->list.cur] : NULL;
}

static void toggle_pause(struct app *a, struct job *j)
{
	if (!is_live(j)) {
		say(a, ROLE_WARNING, "it has ended: nothing to pause");
		return;
	}
	atomic_store(&j->pause, j->state == JOB_RUNNING);
	j->state = j->state == JOB_RUNNING ? JOB_PAUSED : JOB_RUNNING;
}

static void retry(struct app *a, struct job *j)
{
	struct job *again;

	if (is_live(j)) {
		say(a, ROLE_WARNING, "it has not ended yet");
		return;
	}
	again = j->ops->again ? j->ops->again(a, j) : NULL;
	if (again)
		job_start(a, again);
	else
		say(a, ROLE_WARNING, "this one cannot be repeated");
}

static void open_job(struct app *a, struct job *j)
{
	struct dialog *d = dialog_new(ROLE_TITLE, "JOB %u", j->id);
	autobuf b = BUF_INIT;

	dialog_text(d, ROLE_NORMAL, "%s", j->title);
	buf_addf(&b, "%s  ", state_name(j));
	numbers(j, &b);
	dialog_text(d, ROLE_NORMAL, "%s", buf_str(&b));
	buf_reset(&b);
	outcome(a, j, &b);
	if (b.len)
		dialog_text(d, j->state == JOB_FAILED ? ROLE_ERROR : ROLE_OK, "%s", buf_str(&b));
	dialog_open(a, d);
}

static bool jobs_act(struct app *a, enum action action)
{
	struct job *j = current(a);

	switch (action) {
	case ACTION_OPEN:
	case ACTION_JOB_CANCEL:
	case ACTION_JOB_PAUSE:
	case ACTION_JOB_RETRY:
		break;
	default:
		return false;
	}
	if (!j)
		say(a, ROLE_WARNING, "there is no job here");
	else if (action == ACTION_OPEN)
		open_job(a, j);
	else if (action == ACTION_JOB_PAUSE)
		toggle_pause(a, j);
	else if (action == ACTION_JOB_RETRY)
		retry(a, j);
	else if (is_live(j))
		atomic_store(&j->task.cancel, true);
	else
		say(a, ROLE_WARNING, "it has ended: nothing to cancel");
	return true;
}

void jobs_describe_running(struct app *a, struct buf *out)
{
	for (size_t i = 0; i < a->jobs->n; i++)
		if (is_live(a->jobs->at[i]))
			buf_addf(out, "%s\n", a->jobs->at[i]->title);
}

static struct list *jobs_list(struct app *a)
{
	return &a->jobs->list;
}

static void jobs_click(struct app *a, int y, int x)
{
	(void)x;
	if (y >= 2)
		list_go(&a->jobs->list, a->jobs->list.top + (size_t)(y - 2));
}

const struct view view_jobs = {
	.name = "jobs",
	.context = CTX_JOBS,
	.draw = jobs_draw,
	.act = jobs_act,
	.list = jobs_list,
	.row_text = row_text,
	.click = jobs_click,
};
