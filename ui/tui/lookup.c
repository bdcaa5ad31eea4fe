/* SPDX-License-Identifier: MIT */
/* Who else has it, who is at the other end, why may I not: effect none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/take/why.h"
#include "ui/tui/dialog.h"
#include "ui/tui/peerof.h"
#include "ui/tui/shelf.h"
#include "ui/tui/verbs.h"
#include "ui/tui/views.h"

#define WHO_MAX 2000

void lookup_goto(struct app *a, const struct fdent *e)
{
	pid_t pid = e->proc->pid;
	uint64_t start = e->proc->start;
	int fd = e->fd;

	if (pid != a->target.pid || start != a->target.start)
		model_set_target(a, pid, start);
	fds_clear_filter(a);
	screen_go(a, &view_fds);
	fds_select(a, fd);
}

/* ---- who ---- */

struct who {
	struct picture *pic;
	const struct fdent **at;
	size_t n;
};

static void who_release(struct dialog *d)
{
	struct who *w = d->arg;

	picture_unref(w->pic);
	free(w->at);
	free(w);
}

static bool who_chosen(struct app *a, struct dialog *d, const struct dialog_item *item)
{
	struct who *w = d->arg;

	if (item)
		lookup_goto(a, w->at[item->id]);
	return true;
}

static void who_add(struct app *a, struct dialog *d, struct who *w, const struct fdent *e,
		    const char *how)
{
	autobuf b = BUF_INIT;

	if (w->n >= WHO_MAX)
		return;
	buf_addf(&b, "%d:%d ", e->proc->pid, e->fd);
	add_text(a, &b, e->proc->comm, e->proc->comm_len);
	dialog_item(d, 0, (int)w->n, EFFECT_NONE, buf_str(&b), how);
	w->at[w->n++] = e;
}

static struct dialog *who_fill(struct app *a, const struct subject *s, const struct fdent *own)
{
	struct dialog *d = dialog_new(ROLE_GROUP, "WHO HAS %s", s->token);
	struct who *w = xcalloc(1, sizeof(*w));
	const struct fdent *const *first;
	size_t n;

	w->pic = picture_ref(a->wide);
	w->at = xcalloc(WHO_MAX, sizeof(*w->at));
	d->arg = w;
	d->release = who_release;
	d->accept = who_chosen;
	n = picture_same_ofd(a->wide, own, &first);
	for (size_t i = 0; i < n; i++)
		if (first[i] != own)
			who_add(a, d, w, first[i], "the same open file description");
	n = picture_same_inode(a->wide, own, &first);
	for (size_t i = 0; i < n; i++)
		if (first[i] != own && (!own->ofd || first[i]->ofd != own->ofd))
			who_add(a, d, w, first[i], "the same file, opened separately");
	n = WHO_MAX - w->n;
	n = peer_list(a->wide, own, w->at + w->n, n);
	for (size_t i = 0, at = w->n; i < n; i++)
		who_add(a, d, w, w->at[at + i], "the other end");
	if (!own->ofd)
		dialog_text(d, ROLE_WARNING, "kcmp could not tell who shares the description.");
	if (!w->n)
		dialog_text(d, ROLE_NORMAL,
			    "No other visible process has it, and no peer was found.");
	else
		dialog_text(d, ROLE_NORMAL, "Enter goes there.");
	return d;
}

static void who_now(struct app *a)
{
	const struct fdent *own;
	struct subject s;

	if (!subject_current(a, &s))
		return;
	own = s.held ? shelf_in_picture(a, a->wide) : picture_find(a->wide, s.e);
	if (own)
		dialog_open(a, who_fill(a, &s, own));
	else
		say(a, ROLE_WARNING, "%s is not in the picture of the system: %s looks again",
		    s.token, keymap_word(&a->keys, ACTION_REFRESH, CTX_FDS).text);
	subject_release(&s);
}

void lookup_who(struct app *a)
{
	model_with_wide(a, who_now);
}

static void peer_now(struct app *a)
{
	const struct fdent *e = fds_current(a), *peers[2];
	size_t n = e ? peer_list(a->wide, e, peers, 2) : 0;

	if (!n)
		say(a, ROLE_WARNING, "no peer was found among the processes that can be seen");
	else
		lookup_goto(a, peers[0]);
}

void lookup_peer(struct app *a)
{
	model_with_wide(a, peer_now);
}

static void sharer_now(struct app *a)
{
	const struct fdent *e = fds_current(a), *own = e ? picture_find(a->wide, e) : NULL;
	const struct fdent *const *first;
	size_t n = own ? picture_same_ofd(a->wide, own, &first) : 0;

	for (size_t i = 0; i < n; i++) {
		if (first[i] == own && n > 1) {
			lookup_goto(a, first[(i + 1) % n]);
			return;
		}
	}
	say(a, ROLE_WARNING,
	    own && !own->ofd ? "sharing is unknown: kcmp could not tell"
			     : "nobody shares this open file description");
}

void lookup_sharer(struct app *a)
{
	model_with_wide(a, sharer_now);
}

/* ---- why ---- */

struct why_task {
	struct task t;
	struct app *a;
	struct target_name name;
	struct why why;
	int procfs, err;
	struct fail fail;
};

static void why_run(struct task *task)
{
	struct why_task *w = (struct why_task *)task;
	autotarget t = { .pidfd = -1, .table_pidfd = -1, .dir = -1, .table_dir = -1 };

	w->err = target_open(&t, w->procfs, &w->name, &w->fail);
	if (w->err == 0)
		w->err = why_walk(&w->why, &t, w->procfs, &w->fail);
}

static void why_line(struct app *a, struct dialog *d, const struct why_rule *r)
{
	autobuf b = BUF_INIT;

	add_text(a, &b, r->facts, strnlen(r->facts, sizeof(r->facts)));
	dialog_text(d,
		    r->result == WHY_REFUSED  ? ROLE_ERROR
		    : r->result == WHY_PASSED ? ROLE_NORMAL
					      : ROLE_DIM,
		    "%-10s %-14s %s", why_result_name(r->result), r->name, buf_str(&b));
	buf_reset(&b);
	add_text(a, &b, r->help, strnlen(r->help, sizeof(r->help)));
	if (r->result == WHY_REFUSED && b.len)
		dialog_text(d, ROLE_WARNING, "           %s", buf_str(&b));
}

static void why_done(struct task *task)
{
	struct why_task *w = (struct why_task *)task;
	struct app *a = w->a;
	struct dialog *d;

	a->busy--;
	if (w->err < 0) {
		say_fail(a, &w->fail);
		free(w);
		return;
	}
	d = dialog_new(w->why.allowed ? ROLE_OK : ROLE_ERROR, "MAY DESCRIPTORS OF %d BE TAKEN? %s",
		       w->name.pid, w->why.allowed ? "yes" : "no");
	for (size_t i = 0; i < w->why.n; i++)
		why_line(a, d, &w->why.at[i]);
	dialog_text(d, ROLE_DIM, "%s",
		    w->why.verified ? "This is what the kernel said."
				    : "This is what the rules say; the kernel was not asked.");
	dialog_text(d, ROLE_DIM, "Equivalent: filch why %d", w->name.pid);
	dialog_open(a, d);
	free(w);
}

void lookup_why(struct app *a)
{
	const struct procrow *r = a->focus == &view_procs ? procs_current(a) : NULL;
	struct why_task *w;

	if (a->focus == &view_procs && !r)
		return;
	w = xcalloc(1, sizeof(*w));
	w->t.run = why_run;
	w->t.done = why_done;
	w->a = a;
	w->procfs = a->procfs;
	w->name.pid = r ? r->pid : a->target.pid;
	w->name.start = r ? r->start : a->target.start;
	w->name.has_start = true;
	if (task_start(&a->tasks, &w->t) == 0)
		a->busy++;
	else
		free(w);
}
