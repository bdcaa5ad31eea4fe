/* SPDX-License-Identifier: MIT */
/* What was done to whom, newest last. */
#include "ui/tui/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "src/base/alloc.h"
#include "src/base/audit.h"
#include "ui/tui/dialog.h"
#include "ui/tui/views.h"

#define LOG_MAX 10000

struct log_entry {
	time_t when;
	char what[48]; /* "4121:11" */
	char op[24];
	enum effect effect;
	char *comm;    /* display text */
	char *outcome; /* display text */
	bool failed;
};

struct log_state {
	struct list list;
	struct log_entry *at;
	size_t n;
};

void log_init(struct app *a)
{
	a->log = xcalloc(1, sizeof(*a->log));
}

static void entry_release(struct log_entry *e)
{
	free(e->comm);
	free(e->outcome);
}

void log_release(struct app *a)
{
	for (size_t i = 0; i < a->log->n; i++)
		entry_release(&a->log->at[i]);
	free(a->log->at);
	free(a->log);
}

static void audit(struct app *a, const struct audit_event *ev)
{
	struct fail f = { 0 };

	if (a->opts->audit && audit_append(a->opts->audit, ev, &f) < 0)
		say_fail(a, &f);
}

/* The cursor stays at the end if it was there. */
static struct log_entry *new_entry(struct log_state *s)
{
	bool at_end = s->list.cur + 1 >= s->n;

	if (s->n == LOG_MAX) {
		entry_release(&s->at[0]);
		memmove(s->at, s->at + 1, --s->n * sizeof(*s->at));
	}
	s->at = xreallocarray(s->at, s->n + 1, sizeof(*s->at));
	s->at[s->n++] = (struct log_entry){ .when = time(NULL) };
	list_set_count(&s->list, s->n);
	if (at_end)
		list_go(&s->list, s->n);
	return &s->at[s->n - 1];
}

void log_add(struct app *a, const char *op, enum effect e, pid_t pid, uint64_t start,
	     const char *comm, size_t comm_len, int fd, const struct fail *f)
{
	struct log_state *s = a->log;
	struct audit_event ev = {
		.op = op,
		.effect = e,
		.pid = pid,
		.start = start,
		.comm = comm,
		.comm_len = comm_len,
		.fd = fd,
		.err = f ? f->err : 0,
		.call = f && f->err ? f->call : NULL,
	};
	autobuf name = BUF_INIT, outcome = BUF_INIT;
	struct log_entry *x;

	audit(a, &ev);
	x = new_entry(s);
	x->effect = e;
	x->failed = f && f->err;
	if (fd >= 0)
		snprintf(x->what, sizeof(x->what), "%d:%d", pid, fd);
	else
		snprintf(x->what, sizeof(x->what), "%d", pid);
	snprintf(x->op, sizeof(x->op), "%s", op);
	add_text(a, &name, comm, comm_len);
	if (x->failed)
		fail_sentence(&outcome, f, a->mode);
	else
		buf_adds(&outcome, "done");
	x->comm = buf_steal(&name);
	x->outcome = buf_steal(&outcome);
}

void log_note(struct app *a, const char *about, const char *text)
{
	struct log_entry *x = new_entry(a->log);

	snprintf(x->op, sizeof(x->op), "%s", about);
	x->effect = EFFECT_NONE;
	x->failed = true;
	x->comm = xstrdup("");
	x->outcome = xstrdup(text);
}

void log_subject(struct app *a, const char *op, enum effect e, const struct subject *s,
		 const struct fail *f)
{
	log_add(a, op, e, s->pid, s->start, s->comm, s->comm_len, s->fd, f);
}

static void row_text(struct app *a, size_t i, struct buf *out)
{
	const struct log_entry *x = &a->log->at[i];
	struct tm tm;
	char when[16] = "";

	if (localtime_r(&x->when, &tm))
		strftime(when, sizeof(when), "%H:%M:%S", &tm);
	if (!*x->what) {
		buf_addf(out, "%s  %s: %s", when, x->op, x->outcome);
		return;
	}
	buf_addf(out, "%s  %-12s %-16.16s %-10s %-8s %s", when, x->what, x->comm, x->op,
		 effect_name(x->effect), x->outcome);
}

static void log_draw(struct app *a, struct rect r, bool focused)
{
	struct log_state *s = a->log;

	draw_text(&a->canvas, r.y, r.x, r.w, focused ? ROLE_TITLE : ROLE_NORMAL,
		  " LOG   what was done to others");
	draw_text(&a->canvas, r.y + 1, r.x, r.w, ROLE_TITLE,
		  "  WHEN      TARGET       COMMAND          OPERATION  EFFECT   OUTCOME");
	list_layout(&s->list, r.h - 2);
	for (int i = 0; i < r.h - 2 && s->list.top + (size_t)i < s->n; i++) {
		size_t at = s->list.top + (size_t)i;
		bool on = at == s->list.cur;
		enum role role = on                 ? (focused ? ROLE_CURSOR : ROLE_CURSOR_IDLE)
				 : s->at[at].failed ? ROLE_ERROR
						    : role_of_effect(s->at[at].effect);
		autobuf b = BUF_INIT;

		row_text(a, at, &b);
		if (on)
			draw_fill(&a->canvas, r.y + 2 + i, r.x, r.w, role);
		draw_text(&a->canvas, r.y + 2 + i, r.x, 1, role, on ? ">" : " ");
		draw_text_from(&a->canvas, r.y + 2 + i, r.x + 2, r.w - 2, role, buf_str(&b),
			       s->list.hscroll);
	}
	if (!s->n)
		draw_text(&a->canvas, r.y + 2, r.x + 2, r.w - 3, ROLE_DIM,
			  "nothing yet: looking leaves no trace");
}

static bool log_act(struct app *a, enum action action)
{
	struct dialog *d;
	autobuf b = BUF_INIT;

	if (action != ACTION_OPEN || a->log->list.cur >= a->log->n)
		return false;
	row_text(a, a->log->list.cur, &b);
	d = dialog_new(ROLE_TITLE, "EFFECT");
	dialog_text(d, ROLE_NORMAL, "%s", buf_str(&b));
	dialog_text(d, ROLE_DIM, "%s: %s", effect_name(a->log->at[a->log->list.cur].effect),
		    effect_means(a->log->at[a->log->list.cur].effect));
	dialog_open(a, d);
	return true;
}

static struct list *log_list(struct app *a)
{
	return &a->log->list;
}

static void log_command(struct app *a, struct buf *out)
{
	buf_adds(out, "filch --audit ");
	buf_adds(out, a->opts->audit ? a->opts->audit : "FILE");
	buf_adds(out, " VERB ...");
}

const struct view view_log = {
	.name = "log",
	.context = CTX_LOG,
	.draw = log_draw,
	.act = log_act,
	.list = log_list,
	.row_text = row_text,
	.command = log_command,
};
