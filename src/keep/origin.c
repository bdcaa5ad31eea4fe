/* SPDX-License-Identifier: MIT */
#include "src/keep/origin.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/base/sys.h"
#include "src/proc/target.h"
#include "src/survey/survey.h"

const char *origin_name(enum origin o)
{
	static const char *const names[] = { "running", "closed", "exited" };

	return names[o];
}

/* ---- the owner ---- */

/* The last one asked for: items of one owner follow each other. */
struct owner {
	pid_t pid;
	uint64_t start;
	bool lives;
};

static bool owner_lives(struct owner *o, const struct shelf_item *i, int procfs)
{
	const struct target_name name = { .pid = i->pid, .start = i->start, .has_start = true };
	struct target t;

	if (o->pid == i->pid && o->start == i->start)
		return o->lives;
	*o = (struct owner){ i->pid, i->start, false };
	if (target_open(&t, procfs, &name, NULL) < 0)
		return false;
	o->lives = !target_has_exited(&t);
	target_close(&t);
	return o->lives;
}

#define PF_EXITING 4 /* of the kernel's sched.h; stays in what is left of a thread */

/* A thread of the owner that is not about to end: 0 if there is none, -errno if that is unknown. */
static pid_t living_thread(const struct shelf_item *i, int procfs)
{
	autoclose int dir = proc_open_process(procfs, i->pid, 0);
	int *tids, r = dir < 0 ? dir : 0;
	struct proc_stat st;
	size_t n = 0;

	if (r == 0)
		r = proc_numbers(dir, "task", &tids, &n);
	if (r < 0)
		return r == -ENOENT || r == -ESRCH ? 0 : r;
	for (size_t k = 0; k < n && r == 0; k++) {
		autoclose int task = proc_open_process(procfs, i->pid, tids[k]);

		if (task >= 0 && proc_stat_read(task, &st) == 0 && !(st.flags & PF_EXITING))
			r = tids[k];
	}
	free(tids);
	return r;
}

static int compare(const struct shelf_item *i, pid_t shelf, pid_t tid)
{
	return sys_kcmp(shelf, tid, SYS_KCMP_FILE, (unsigned long)i->shelf_fd,
			(unsigned long)i->fd);
}

/*
 * *same: the owner's slot is certainly the description that we hold. A process
 * that ends has closed everything for a while before it is gone, and a first
 * thread that has ended has no table, while others of its process have.
 */
static enum origin origin_of(struct owner *o, const struct shelf_item *i, pid_t shelf, int procfs,
			     bool *same)
{
	pid_t tid;
	int r;

	*same = false;
	if (!owner_lives(o, i, procfs))
		return ORIGIN_EXITED;
	if (i->assoc != ASSOC_FD)
		return ORIGIN_RUNNING;
	r = compare(i, shelf, i->tid ? i->tid : i->pid);
	if (r == -EBADF || r == -ESRCH) {
		tid = living_thread(i, procfs);
		if (tid == 0)
			return ORIGIN_EXITED;
		if (tid > 0 && !i->tid && tid != i->pid)
			r = compare(i, shelf, tid);
	}
	*same = r == 0;
	if (r == -ESRCH && i->tid) /* that thread has ended, the process has not */
		return ORIGIN_CLOSED;
	return r > 0 || r == -EBADF ? ORIGIN_CLOSED : ORIGIN_RUNNING;
}

/* ---- other holders ---- */

struct inode {
	uint64_t dev, ino;
};

static int by_inode(const void *a, const void *b)
{
	const struct inode *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

struct others {
	bool *has;            /* by number of the description: somebody else has it */
	size_t n;             /* of has */
	struct inode *unsure; /* of rows that may not be compared, sorted */
	size_t n_unsure;
};

static void find_others(struct others *o, const struct survey *s, pid_t shelf)
{
	struct survey_iter it = { 0 };
	const struct fdent *e;
	size_t rows = survey_count(s);

	o->n = rows + 1;
	o->has = xcalloc(o->n, sizeof(*o->has));
	o->unsure = xcalloc(rows + 1, sizeof(*o->unsure));
	while ((e = survey_next(s, &it))) {
		if (e->proc->pid == shelf || e->proc->pid == getpid() || !fdent_is_fd(e))
			continue;
		if (e->ofd && e->ofd < o->n)
			o->has[e->ofd] = true;
		else if (e->have & HAVE_INO)
			o->unsure[o->n_unsure++] = (struct inode){ e->dev, e->ino };
	}
	qsort(o->unsure, o->n_unsure, sizeof(*o->unsure), by_inode);
}

static int last_holder(const struct others *o, const struct survey *s, const struct shelf_item *i,
		       pid_t shelf)
{
	const struct inode key = { i->dev, i->ino };
	const struct fdent *e = survey_find(s, shelf, 0, i->shelf_fd);

	if (!e || !e->ofd || e->ofd >= o->n)
		return -1;
	if (o->has[e->ofd])
		return 0;
	return bsearch(&key, o->unsure, o->n_unsure, sizeof(key), by_inode) ? -1 : 1;
}

static int look_around(const struct shelf_list *list, pid_t shelf, int procfs,
		       struct origin_state *out, struct fail *f)
{
	const struct survey_opts opts = {
		.procfs = procfs,
		.want = SURVEY_SHARE | SURVEY_THREADS,
	};
	struct others o = { 0 };
	struct survey *s;
	int r = survey_take(&s, &opts, f);

	if (r < 0)
		return r;
	find_others(&o, s, shelf);
	for (size_t i = 0; i < list->n; i++)
		if (out[i].last_holder < 0)
			out[i].last_holder = last_holder(&o, s, &list->at[i], shelf);
	free(o.has);
	free(o.unsure);
	survey_free(s);
	return 0;
}

int origin_states(const struct shelf_list *list, pid_t shelf, int procfs, struct origin_state *out,
		  struct fail *f)
{
	struct owner owner = { 0 };
	bool look = false;

	for (size_t i = 0; i < list->n; i++) {
		bool same;

		out[i].origin = origin_of(&owner, &list->at[i], shelf, procfs, &same);
		out[i].last_holder = same ? 0 : -1;
		look |= !same;
	}
	return look ? look_around(list, shelf, procfs, out, f) : 0;
}
