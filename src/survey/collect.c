/* SPDX-License-Identifier: MIT */
/*
 * Processes are shared out among threads one by one; a table of more than
 * CHUNK descriptors is read by all of them, a piece each.
 */
#include "src/survey/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/fd.h"
#include "src/base/thread.h"
#include "src/proc/hung.h"
#include "src/share/tables.h"
#include "src/survey/table.h"

#ifndef CHUNK
#define CHUNK 512
#endif
#define THREADS_ASKED 16 /* whether they run */
#define FEW_ROWS      32 /* fewer are read sooner than known.h is learned */
#define FEW_TABLES    4
#define DENSE_MIN     32

/* A table while it is read. */
struct task {
	struct procent *proc;
	int *fds;
	size_t n_fds, first_row;
	struct table_dirs dirs;
	atomic_size_t cursor; /* next descriptor that nobody reads yet */
	atomic_int users;     /* threads at work on it, and one until it is complete */
};

struct job {
	const struct survey_opts *opts;
	struct known known; /* once it is learned */
	bool learned;
	struct hung *hung;
	struct wary wary;
	struct mounts *mounts;
	const struct target_name *names; /* of every process to read */
	size_t n_names;
	atomic_size_t next;
	pthread_mutex_t lock; /* for what is learned, and the lists below */
	struct procent **procs;
	size_t n_procs, cap_procs;
	struct task **big; /* tables larger than CHUNK */
	size_t n_big, cap_big;
	unsigned readers; /* threads that may still find one */
	pthread_cond_t found;
	struct thread *threads;
};

struct thread {
	struct job *job;
	struct survey_worker *worker;
	struct table_reader reader;
};

static const struct known nothing;

static bool canceled(const struct job *job)
{
	return job->opts->cancel && atomic_load_explicit(job->opts->cancel, memory_order_relaxed);
}

static void publish(struct job *job, struct procent *p)
{
	pthread_mutex_lock(&job->lock);
	if (job->n_procs == job->cap_procs) {
		job->cap_procs = job->cap_procs ? job->cap_procs * 2 : 64;
		job->procs = xreallocarray(job->procs, job->cap_procs, sizeof(struct procent *));
	}
	job->procs[job->n_procs++] = p;
	pthread_mutex_unlock(&job->lock);
}

static void publish_big(struct job *job, struct task *t)
{
	pthread_mutex_lock(&job->lock);
	if (job->n_big == job->cap_big) {
		job->cap_big = job->cap_big ? job->cap_big * 2 : 16;
		job->big = xreallocarray(job->big, job->cap_big, sizeof(struct task *));
	}
	job->big[job->n_big++] = t;
	pthread_cond_broadcast(&job->found);
	pthread_mutex_unlock(&job->lock);
}

static uint64_t namespace_inode(int dir, const char *name)
{
	char text[64];
	ssize_t n = proc_readlink(dir, name, text, sizeof(text));
	const char *open = n > 0 ? strchr(text, '[') : NULL;

	return open ? strtoull(open + 1, NULL, 10) : 0;
}

static uint64_t nofile_limit(int dir, pid_t pid)
{
	struct rlimit rl;
	uint64_t soft = 0, hard;

	if (prlimit(pid, RLIMIT_NOFILE, NULL, &rl) == 0)
		return rl.rlim_cur == RLIM_INFINITY ? UINT64_MAX : rl.rlim_cur;
	return proc_limit(dir, "Max open files", &soft, &hard) == 0 ? soft : 0;
}

/* What /proc says of the process itself. */
static int read_process(struct thread *th, int dir, struct procent *p)
{
	struct proc_status status = { 0 };
	struct proc_stat st = { 0 };
	int r = proc_stat_read(dir, &st);

	if (r == 0)
		r = proc_status_read(dir, &status);
	if (r < 0)
		return r;
	p->start = st.start;
	p->ppid = st.ppid;
	p->state = st.state;
	p->threads = st.threads;
	p->kthread = (st.flags & PROC_PF_KTHREAD) != 0;
	p->uid = status.uid[0];
	p->comm = arena_copy(&th->worker->arena, st.comm, st.comm_len);
	p->comm_len = (uint32_t)st.comm_len;
	if (p->kthread)
		return 0;
	p->netns = namespace_inode(dir, "ns/net");
	p->mntns = namespace_inode(dir, "ns/mnt");
	p->limit = nofile_limit(dir, p->pid);
	return 0;
}

static void task_unref(struct task *t)
{
	if (atomic_fetch_sub(&t->users, 1) != 1)
		return;
	fd_close(&t->dirs.fd);
	fd_close(&t->dirs.fdinfo);
	free(t->fds);
	free(t);
}

static void use_known(struct thread *th)
{
	struct job *job = th->job;

	if (th->reader.known == &job->known || job->opts->only)
		return;
	pthread_mutex_lock(&job->lock);
	if (!job->learned)
		known_learn(&job->known, job->opts->procfs);
	job->learned = true;
	pthread_mutex_unlock(&job->lock);
	th->reader.known = &job->known;
}

static void read_range(struct thread *th, struct task *t, size_t from, size_t to)
{
	struct table_dirs dirs = t->dirs;
	bool redo = false;

	/*
	 * A table that changes under our eyes is read again, every row twice:
	 * the same slot may have held two files while one row was put together.
	 */
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = from; i < to; i++) {
			struct fdent *e = &t->proc->rows[t->first_row + i];

			e->proc = t->proc;
			e->have = 0;
			if (!table_read_fd(&th->reader, &dirs, e, t->fds[i]))
				*e = (struct fdent){ .fd = -1 }; /* removed by squeeze() */
		}
		redo = dirs.unstable && !dirs.strict;
		if (!redo)
			break;
		dirs.strict = true;
	}
}

static void read_some(struct thread *th, struct task *t)
{
	for (;;) {
		size_t from = atomic_fetch_add(&t->cursor, CHUNK);
		size_t to = from + CHUNK < t->n_fds ? from + CHUNK : t->n_fds;

		if (from >= t->n_fds || canceled(th->job))
			return;
		read_range(th, t, from, to);
	}
}

/* A row that says what could not be read. */
static void error_row(struct rows *rows, const struct procent *p, enum assoc assoc,
		      const char *call, int err)
{
	struct fdent *e = rows_add(rows, p);

	e->assoc = (uint8_t)assoc;
	e->err = (int16_t)err;
	e->err_call = call;
}

/* The table itself could not be read. */
static void no_table(struct rows *rows, struct procent *p, int err)
{
	p->err = (int16_t)err;
	p->err_call = "open";
	error_row(rows, p, ASSOC_FD, "open", err);
}

static void read_mapped(struct thread *th, int dir, struct procent *p, unsigned wary,
			struct rows *rows)
{
	/* One thread alone does not lock out others, unless it waits for such a filesystem. */
	bool may_wait = p->threads > 1 || (wary & WARY_MEMORY);
	int err = table_read_maps(&th->reader, dir, p, may_wait, rows);

	/* One that is ending has none any more. */
	if (err < 0 && err != -ENOENT && err != -ESRCH)
		error_row(rows, p, ASSOC_MEM, "read maps", -err);
}

static void read_associated(struct thread *th, int dir, struct procent *p, unsigned wary,
			    struct rows *rows)
{
	static const enum assoc links[] = { ASSOC_CWD, ASSOC_ROOT, ASSOC_EXE };
	const struct survey_opts *o = th->job->opts;

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		struct fdent *e;

		if (o->only && o->only_assoc != links[i])
			continue;
		e = rows_add(rows, p);
		if (!table_read_assoc(&th->reader, dir, e, links[i]))
			rows->n--;
	}
	if (!o->only || o->only_assoc == ASSOC_MEM)
		read_mapped(th, dir, p, wary, rows);
}

static int open_dirs(int dir, struct table_dirs *dirs)
{
	dirs->fdinfo = -1;
	dirs->fd = openat(dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirs->fd < 0)
		return -errno;
	dirs->fdinfo = openat(dir, "fdinfo", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirs->fdinfo < 0)
		dirs->fdinfo = -errno;
	return 0;
}

/* How many are open; 0: before Linux 6.2 the size of /proc/PID/fd does not tell. */
static size_t count_open(const struct table_dirs *dirs)
{
	struct stat st;

	return fstat(dirs->fd, &st) == 0 && st.st_size > 0 ? (size_t)st.st_size : 0;
}

/*
 * The lowest free number is taken, so that of n descriptors nearly all are below n. To
 * try these costs less than to have them listed, which makes the kernel look up each
 * of them twice: only what is above is listed. False: the table is not that dense.
 */
static bool list_dense(const struct table_dirs *dirs, size_t count, struct proc_number_list *list)
{
	if (count < DENSE_MIN || count > INT_MAX - 2 || dirs->fdinfo < 0)
		return false;
	for (size_t i = 0; i < count; i++)
		proc_numbers_add(list, (int)i);
	return proc_numbers_from(dirs->fdinfo, (int)count, list) == 0 &&
	       list->n - count <= count / DENSE_MIN;
}

/*
 * Listing a directory of proc(5) makes an inode of each of its files: better of those
 * that are opened next, fdinfo, than of links of which many are never read.
 */
static int list_table(const struct table_dirs *dirs, struct proc_number_list *list)
{
	list->n = 0;
	if (dirs->fdinfo >= 0 && proc_numbers_from(dirs->fdinfo, 0, list) == 0)
		return 0;
	list->n = 0;
	return proc_numbers_from(dirs->fd, 0, list);
}

/* The descriptors of one table, behind the rows that are there already. */
static void read_table(struct thread *th, int dir, struct procent *p, struct rows *rows,
		       unsigned wary, bool running)
{
	const struct survey_opts *o = th->job->opts;
	struct proc_number_list list = { 0 };
	struct task *t = xcalloc(1, sizeof(*t));
	size_t count;
	int r;

	atomic_init(&t->users, 1);
	t->proc = p;
	r = open_dirs(dir, &t->dirs);
	count = r == 0 ? count_open(&t->dirs) : 0;
	if (running || count > FEW_ROWS || th->job->n_names > FEW_TABLES)
		use_known(th);
	if (r == 0 && !running && th->reader.known->seeks && list_dense(&t->dirs, count, &list))
		t->dirs.guessed = (int)count;
	else if (r == 0)
		r = list_table(&t->dirs, &list);
	if (r < 0) {
		list.n = 0; /* the directory may have ended half-way */
		no_table(rows, p, -r);
	}
	if (o->only) {
		list.n = 0;
		if (r == 0) {
			list.at = xrealloc(list.at, sizeof(int));
			list.at[list.n++] = o->only_fd;
		}
	} else if (r == 0) {
		p->n_fds = (int64_t)(count ? count : list.n);
	}
	if (list.n > FEW_ROWS)
		use_known(th);
	t->fds = list.at;
	t->n_fds = list.n;
	t->first_row = rows->n;
	t->dirs.strict = running;
	t->dirs.proc = p;
	t->dirs.wary = wary & WARY_EPOLL;
	p->rows = xreallocarray(rows->at, rows->n + list.n, sizeof(*p->rows));
	memset(p->rows + rows->n, 0, list.n * sizeof(*p->rows));
	p->n_rows = (uint32_t)(rows->n + list.n);
	*rows = (struct rows){ 0 };
	if (list.n > CHUNK) {
		atomic_fetch_add(&t->users, 1); /* the list's */
		publish_big(th->job, t);
	}
	read_some(th, t);
	task_unref(t);
}

/* Below the process's directory, which never becomes another process's. */
static int open_thread(int dir, pid_t tid)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "task/%d", tid);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/*
 * A program that runs may change a slot while its row is put together, and back again
 * so that no part contradicts another. Of many threads the first say how it is.
 */
static bool is_running(int dir, const struct procent *p)
{
	struct proc_number_list tids = { 0 };
	bool running = p->state == 'R';

	if (running || p->threads < 2 || proc_numbers_into(dir, "task", &tids) < 0)
		return running;
	for (size_t i = 0; i < tids.n && i < THREADS_ASKED && !running; i++) {
		autoclose int thread = open_thread(dir, tids.at[i]);
		struct proc_stat st;

		running = thread >= 0 && proc_stat_read(thread, &st) == 0 && st.state == 'R';
	}
	free(tids.at);
	return running;
}

static unsigned wary_here(struct thread *th, int dir, const struct procent *p)
{
	struct job *job = th->job;
	unsigned what;

	pthread_mutex_lock(&job->lock);
	what = wary_of(&job->wary, job->mounts, dir, p->mntns);
	pthread_mutex_unlock(&job->lock);
	return what;
}

/* A table of the process whose directory is dir; table_dir is where its fd/ is. */
static void read_rows(struct thread *th, int dir, int table_dir, struct procent *p)
{
	const struct survey_opts *o = th->job->opts;
	unsigned wary = p->kthread ? 0 : wary_here(th, dir, p);
	struct rows rows = { 0 };

	/* A thread's table has descriptors only: the rest is the process's. */
	if (!p->kthread && !p->tid && (o->want & SURVEY_ASSOC) &&
	    (!o->only || o->only_assoc != ASSOC_FD))
		read_associated(th, dir, p, wary, &rows);
	if (!p->kthread && (!o->only || o->only_assoc == ASSOC_FD)) {
		read_table(th, table_dir, p, &rows, wary, o->only || is_running(dir, p));
	} else {
		p->rows = rows.at;
		p->n_rows = (uint32_t)rows.n;
	}
	publish(th->job, p);
}

/* Threads with a table of their own, each as one more table of the process. */
static void read_threads(struct thread *th, int dir, const struct procent *leader)
{
	autofree int *tids = NULL;
	autofree pid_t *found = NULL;
	size_t n = 0, n_found = 0;

	if (proc_numbers(dir, "task", &tids, &n) < 0 || n < 2)
		return;
	if (tables_others(leader->pid, tids, n, NULL, NULL, &found, &n_found) < 0)
		return;
	for (size_t i = 0; i < n_found; i++) {
		autoclose int table = open_thread(dir, found[i]);
		struct procent *p;

		if (table < 0)
			continue;
		p = arena_alloc(&th->worker->arena, sizeof(*p));
		*p = *leader;
		p->tid = found[i];
		p->n_fds = -1;
		p->err = 0;
		read_rows(th, dir, table, p);
	}
}

/* It has not ended, and yet we know its number only: our own table may be full. */
static void unreadable(struct thread *th, struct procent *p, int err)
{
	struct rows rows = { 0 };

	if (err == -ENOENT || err == -ESRCH)
		return;
	if (!p->comm)
		p->comm = "";
	no_table(&rows, p, -err);
	p->rows = rows.at;
	p->n_rows = (uint32_t)rows.n;
	publish(th->job, p);
}

static void read_one(struct thread *th, const struct target_name *name)
{
	const struct survey_opts *o = th->job->opts;
	autoclose int dir = proc_open_process(o->procfs, name->pid, 0);
	autoclose int table = -1;
	struct procent *p = arena_alloc(&th->worker->arena, sizeof(*p));
	int r;

	*p = (struct procent){ .pid = name->pid, .tid = name->tid, .n_fds = -1 };
	r = dir < 0 ? dir : read_process(th, dir, p);
	if (r == 0 && name->has_start && name->start != p->start)
		return;
	if (r == 0 && name->tid)
		r = table = proc_open_process(o->procfs, name->pid, name->tid);
	if (r < 0) {
		unreadable(th, p, r);
		return;
	}
	/* The leader may be published, and squeezed, before its threads are read. */
	struct procent leader = *p;

	read_rows(th, dir, name->tid ? table : dir, p);
	if (!name->tid && leader.threads > 1 && (o->want & SURVEY_THREADS) && !o->only)
		read_threads(th, dir, &leader);
}

static void reads(struct job *job, bool yes)
{
	pthread_mutex_lock(&job->lock);
	if (yes)
		job->readers++;
	else
		job->readers--;
	pthread_cond_broadcast(&job->found);
	pthread_mutex_unlock(&job->lock);
}

/* The i-th that is found, however long that takes; NULL: there are no more. */
static struct task *next_big(struct job *job, size_t i)
{
	struct task *t = NULL;

	pthread_mutex_lock(&job->lock);
	while (i >= job->n_big && job->readers)
		pthread_cond_wait(&job->found, &job->lock);
	if (i < job->n_big) {
		t = job->big[i];
		atomic_fetch_add(&t->users, 1);
	}
	pthread_mutex_unlock(&job->lock);
	return t;
}

static void work(void *arg, unsigned number)
{
	struct job *job = arg;
	struct thread *th = &job->threads[number];
	struct task *t;

	reads(job, true);
	while (!canceled(job)) {
		size_t i = atomic_fetch_add(&job->next, 1);

		if (i >= job->n_names)
			break;
		read_one(th, &job->names[i]);
	}
	reads(job, false);
	for (size_t i = 0; (t = next_big(job, i)); i++) {
		use_known(th);
		read_some(th, t);
		task_unref(t);
	}
}

/* The size of /proc/PID/fd is how many there are, since Linux 6.2. */
static bool is_large(const struct survey_opts *opts, const struct target_name *name)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "%d/fd", name->pid);
	return !opts->only && fstatat(opts->procfs, path, &st, 0) == 0 && st.st_size > 2 * CHUNK;
}

static unsigned worker_count(const struct survey_opts *opts, const struct target_name *names,
			     size_t n_names)
{
	unsigned n = opts->workers ? opts->workers : thread_processors();

	/* One small process is read sooner than a thread is made. */
	if (opts->workers || n_names > 2)
		return n;
	for (size_t i = 0; i < n_names; i++)
		if (is_large(opts, &names[i]))
			return n;
	return 1;
}

/* Rows whose descriptor was closed while we read. */
static void squeeze(struct procent *p)
{
	uint32_t to = 0;

	for (uint32_t i = 0; i < p->n_rows; i++) {
		const struct fdent *e = &p->rows[i];

		if (!e->proc)
			continue;
		if (to != i)
			p->rows[to] = *e;
		to++;
	}
	p->n_rows = to;
}

static int by_table(const void *a, const void *b)
{
	const struct procent *x = *(struct procent *const *)a, *y = *(struct procent *const *)b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->tid < y->tid ? -1 : x->tid > y->tid;
}

static void run(struct survey *s, struct job *job)
{
	job->threads = xcalloc(s->n_workers, sizeof(*job->threads));
	for (unsigned i = 0; i < s->n_workers; i++) {
		struct thread *th = &job->threads[i];

		th->job = job;
		th->worker = &s->workers[i];
		th->reader.known = &nothing;
		th->reader.hung = job->hung;
	}
	thread_team(s->n_workers, work, job);
	for (unsigned i = 0; i < s->n_workers; i++) {
		struct thread *th = &job->threads[i];

		/* Names and extras become the survey's. */
		arena_join(&s->workers[i].arena, &th->reader.arena);
		table_reader_release(&th->reader);
	}
	free(job->threads);
	for (size_t i = 0; i < job->n_big; i++)
		task_unref(job->big[i]);
	free(job->big);
}

static int every_process(int procfs, struct target_name **names, size_t *n, struct fail *f)
{
	autofree int *pids = NULL;
	int r = proc_numbers(procfs, ".", &pids, n);

	if (r < 0)
		return fail_set(f, -r, "getdents", "/proc");
	*names = xcalloc(*n, sizeof(**names));
	for (size_t i = 0; i < *n; i++)
		(*names)[i].pid = pids[i];
	return 0;
}

/* One that was named twice is one: its descriptors are not shared with themselves. */
static void name_once(const struct survey_opts *opts, struct target_name *names, size_t *n)
{
	size_t to = 0;

	for (size_t i = 0; i < opts->n_targets; i++) {
		const struct target_name *at = &opts->targets[i];
		bool known = false;

		for (size_t k = 0; k < opts->n_targets && !known; k++) {
			const struct target_name *other = &opts->targets[k];
			bool same = other->tid == at->tid && k < i;
			bool whole = !other->tid && at->tid && (opts->want & SURVEY_THREADS);

			known = other->pid == at->pid && (same || whole);
		}
		if (!known)
			names[to++] = *at;
	}
	*n = to;
}

int collect(struct survey *s, const struct survey_opts *opts, struct fail *f)
{
	autofree struct target_name *all = NULL;
	struct hung here = HUNG_INIT;
	struct job job = { .opts = opts,
			   .hung = opts->hung ? opts->hung : &here,
			   .mounts = &s->mounts };
	int r = 0;

	if (opts->targets) {
		all = xcalloc(opts->n_targets, sizeof(*all));
		name_once(opts, all, &job.n_names);
	} else {
		r = every_process(opts->procfs, &all, &job.n_names, f);
	}
	job.names = all;
	if (r < 0)
		return r;
	pthread_mutex_init(&job.lock, NULL);
	pthread_cond_init(&job.found, NULL);
	s->n_workers = worker_count(opts, job.names, job.n_names);
	s->workers = xcalloc(s->n_workers, sizeof(*s->workers));
	run(s, &job);
	hung_release(&here);
	free(job.wary.at);
	pthread_cond_destroy(&job.found);
	pthread_mutex_destroy(&job.lock);
	s->procs = job.procs;
	s->n_procs = job.n_procs;
	for (size_t i = 0; i < s->n_procs; i++)
		squeeze(s->procs[i]);
	if (s->n_procs)
		qsort(s->procs, s->n_procs, sizeof(*s->procs), by_table);
	if (canceled(&job))
		return -ECANCELED;
	if (opts->targets && !s->n_procs) {
		fail_set(f, ESRCH, "open", "process %d", opts->targets[0].pid);
		fail_why(f, "there is no such process any more");
		return -ESRCH;
	}
	return 0;
}
