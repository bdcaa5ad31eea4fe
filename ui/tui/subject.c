/* SPDX-License-Identifier: MIT */
#include "ui/tui/subject.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "src/base/fd.h"
#include "src/keep/apart.h"
#include "src/keep/shelf.h"
#include "ui/tui/shelf.h"
#include "ui/tui/views.h"

static void set_process(struct subject *s, const struct procent *p)
{
	s->pid = p->pid;
	s->tid = p->tid;
	s->start = p->start;
	s->comm_len = p->comm_len < sizeof(s->comm) ? p->comm_len : sizeof(s->comm) - 1;
	memcpy(s->comm, p->comm, s->comm_len);
}

struct subject subject_of_process(const struct procrow *r)
{
	struct subject s = { .pid = r->pid, .start = r->start, .fd = -1 };

	s.comm_len = r->title_len < sizeof(s.comm) ? r->title_len : sizeof(s.comm) - 1;
	memcpy(s.comm, r->title, s.comm_len);
	snprintf(s.token, sizeof(s.token), "%d", r->pid);
	snprintf(s.desc, sizeof(s.desc), "%d@%" PRIu64, r->pid, r->start);
	return s;
}

struct subject subject_of(struct app *a, const struct fdent *e)
{
	struct subject s = { .pic = picture_ref(a->target_pic), .e = e };
	const struct procent *p = e->proc;
	char tid[16] = "", what[16];

	set_process(&s, p);
	s.fd = e->fd;
	if (p->tid)
		snprintf(tid, sizeof(tid), "/%d", p->tid);
	if (e->fd >= 0)
		snprintf(what, sizeof(what), "%d", e->fd);
	else
		snprintf(what, sizeof(what), "%s", assoc_name(e->assoc));
	snprintf(s.token, sizeof(s.token), "%d%s:%s", p->pid, tid, what);
	if (p->tid)
		snprintf(s.desc, sizeof(s.desc), "%s", s.token);
	else
		snprintf(s.desc, sizeof(s.desc), "%d@%" PRIu64 ":%s", p->pid, p->start, what);
	return s;
}

/* Look at one descriptor of a process, such as of our own. */
static int picture_of(struct app *a, pid_t pid, int fd, struct picture **pic, struct fail *f)
{
	struct target_name name = { .pid = pid };
	struct survey_opts opts = {
		.procfs = a->procfs,
		.targets = &name,
		.n_targets = 1,
		.want = SURVEY_NET | SURVEY_SOCK_INFO,
		.only = true,
		.only_fd = fd,
		.only_assoc = ASSOC_FD,
	};

	return picture_take(pic, &opts, f);
}

bool subject_same_held(const struct shelf_item *x, const struct shelf_item *y)
{
	return x->pid == y->pid && x->start == y->start && x->fd == y->fd && x->assoc == y->assoc &&
	       x->dev == y->dev && x->ino == y->ino && x->since == y->since;
}

static int take_from(struct shelf *shelf, const struct shelf_item *item, int procfs, struct fail *f)
{
	struct shelf_item now;
	autoclose int fd = -1;
	bool same;

	if (apart_held_may_hang(item, shelf->pid, procfs)) {
		fail_set(f, EOPNOTSUPP, "", "h%u", item->id);
		fail_why(f, "its filesystem may hang, and so would our close");
		fail_advice(f, "filch VERB h%u", item->id);
		return -EOPNOTSUPP;
	}
	fd = shelf_get(shelf, item->id, &now, f);
	if (fd < 0)
		return fd;
	same = subject_same_held(&now, item);
	shelf_item_release(&now);
	if (same)
		return fd_steal(&fd);
	fail_set(f, ESTALE, "", "h%u", item->id);
	fail_why(f, "it is another descriptor by now");
	return -ESTALE;
}

int subject_take_held(const struct shelf_item *item, int procfs, struct fail *f)
{
	struct shelf shelf;
	int r = shelf_open(&shelf, false, f);

	if (r < 0)
		return r;
	r = take_from(&shelf, item, procfs, f);
	shelf_close(&shelf);
	return r;
}

struct subject subject_name_held(const struct shelf_item *item)
{
	struct subject s = {
		.held = item->id,
		.pid = item->pid,
		.tid = item->tid,
		.start = item->start,
		.fd = item->fd,
		.comm_len = item->comm_len,
	};

	memcpy(s.comm, item->comm, sizeof(s.comm));
	snprintf(s.token, sizeof(s.token), "h%u", item->id);
	snprintf(s.desc, sizeof(s.desc), "h%u", item->id);
	return s;
}

/* In our table by a duplicate, or where the shelf has it: what we might not be able to close. */
static int place_of_held(struct subject *s, const struct shelf_item *item, int procfs,
			 struct fail *f)
{
	struct shelf shelf;
	int r = shelf_open(&shelf, false, f);

	if (r < 0)
		return r;
	s->holder = getpid();
	if (apart_held_may_hang(item, shelf.pid, procfs)) {
		s->holder = shelf.pid;
		r = item->shelf_fd;
	} else {
		r = take_from(&shelf, item, procfs, f);
	}
	shelf_close(&shelf);
	return r;
}

int subject_of_held(struct subject *s, struct app *a, const struct shelf_item *item, struct fail *f)
{
	int fd, err;

	*s = subject_name_held(item);
	fd = place_of_held(s, item, a->procfs, f);
	if (fd < 0)
		return fd;
	err = picture_of(a, s->holder, fd, &s->pic, f);
	if (s->holder == getpid() && err < 0)
		close(fd);
	if (err < 0)
		return err;
	if (s->holder == getpid())
		s->pic->own_fd = fd;
	s->e = survey_find(s->pic->s, s->holder, 0, fd);
	/* In a new shelf's table that number may be another's. */
	if (s->e &&
	    (!(s->e->have & HAVE_STAT) || (s->e->dev == item->dev && s->e->ino == item->ino)))
		return 0;
	err = s->e ? ESTALE : EBADF;
	subject_release(s);
	return fail_set(f, err, "survey", "h%u", item->id);
}

struct subject subject_copy(const struct subject *s)
{
	struct subject copy = *s;

	picture_ref(copy.pic);
	return copy;
}

void subject_release(struct subject *s)
{
	picture_unref(s->pic);
	s->pic = NULL;
	s->e = NULL;
}

void subject_describe(struct app *a, const struct subject *s, struct buf *out)
{
	if (!s->e)
		return;
	buf_addf(out, "%s %s ", s->token, s->e->kind->name);
	if (s->e->have & HAVE_LINK)
		add_text(a, out, s->e->name, s->e->name_len < 200 ? s->e->name_len : 200);
}

bool subject_current(struct app *a, struct subject *s)
{
	const struct fdent *e;
	struct fail f = { 0 };

	if (a->focus == &view_shelf) {
		const struct shelf_item *h = shelf_current(a);

		if (!h) {
			say(a, ROLE_WARNING, "the shelf is empty: `%s` on a descriptor holds it",
			    keymap_word(&a->keys, ACTION_HOLD, CTX_FDS).text);
			return false;
		}
		if (subject_of_held(s, a, h, &f) == 0)
			return true;
		say_fail(a, &f);
		return false;
	}
	e = fds_current(a);
	if (!e) {
		say(a, ROLE_WARNING, "there is no descriptor under the cursor");
		return false;
	}
	*s = subject_of(a, e);
	return true;
}

int subject_target(const struct subject *s, int procfs, struct target *t, struct fail *f)
{
	struct target_name name = {
		.pid = s->held ? s->holder : s->pid,
		.tid = s->held ? 0 : s->tid,
		.start = s->start,
		.has_start = !s->held,
	};

	return target_open(t, procfs, &name, f);
}

bool subject_still_there(struct app *a, const struct subject *s)
{
	const struct fdent *now;

	if (s->held || a->target.pid != s->pid || a->target.start != s->start || !a->target_pic)
		return true; /* not what is looked at now: the grab will tell */
	if (a->target.gone)
		return false;
	if (!s->e || !fdent_is_fd(s->e))
		return true;
	now = survey_find(a->target_pic->s, s->pid, s->tid, s->e->fd);
	return now && picture_same_row(now, s->e);
}
