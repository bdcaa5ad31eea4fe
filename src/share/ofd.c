/* SPDX-License-Identifier: MIT */
#include "src/share/ofd.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/thread.h"
#include "src/proc/fdinfo.h"

/* A bucket this large is sorted in slices, one a worker, then merged. */
#define BIG_BUCKET 2048
/* Fewer rows to compare than this: starting threads would cost more. */
#define WORTH_THREADS 512

struct bucket {
	uint32_t start, n;
};

struct work {
	struct ofd_opts opts;
	struct fdent **rows; /* those that may be compared */
	uint32_t n;
	struct ofd_slot *slots;
	uint32_t *next, *list, *spare;
	uint8_t *gone;
	struct bucket *buckets; /* of two rows and more */
	size_t n_buckets;
	struct bucket *slices; /* of big buckets, workers for each */
	size_t *slice_groups;
	size_t n_slices;
	atomic_size_t next_job;
	atomic_uint_fast64_t calls;
	bool merging;
};

int kcmp_system(void *ctx, pid_t a, pid_t b, enum sys_kcmp_type type, unsigned long ia,
		unsigned long ib)
{
	(void)ctx;
	return sys_kcmp(a, b, type, ia, ib);
}

int ofd_same(pid_t a, int fd_a, pid_t b, int fd_b)
{
	int r = sys_kcmp(a, b, SYS_KCMP_FILE, (unsigned long)fd_a, (unsigned long)fd_b);

	return r < 0 ? r : r == 0;
}

/* ---- what cannot change ---- */

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

static uint64_t mix_bytes(uint64_t h, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
	return mix(h, len);
}

/*
 * Not the pid of a pidfd (it becomes -1) nor the program of a bpf link (it can be
 * replaced): link_id comes first in the text and ends the search.
 */
uint64_t ofd_immutable_id(const struct fdent *e)
{
	static const char *const keys[] = { "eventfd-id", "clockid", "tty-index",
					    "map_id",     "link_id", "prog_id" };
	const char *at = e->extra, *end = e->extra + e->extra_len;
	struct fdinfo_line line;

	for (int lines = 0; e->extra_len && lines < 12 && fdinfo_next(&at, end, &line); lines++)
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			if (fdinfo_key_is(&line, keys[i]))
				return mix_bytes(i, line.value, line.value_len);
	return 0;
}

/* What fcntl(2) F_SETFL can change, and what is the descriptor's own. */
#define CHANGING (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME | O_ASYNC | O_CLOEXEC)

/* From fdinfo alone: what rows have even where links cannot be read. */
static uint64_t coarse_key(const struct fdent *e)
{
	uint64_t h = mix(1, e->flags & ~(unsigned)CHANGING);

	return mix(mix(h, e->mnt_id), ofd_immutable_id(e));
}

static uint64_t fine_key(const struct fdent *e, uint64_t coarse)
{
	uint64_t h = mix(mix(coarse, e->dev), e->ino);

	/*
	 * All anonymous inodes may be one inode; their name does not change. That of a file
	 * may be cut by its reader just now, while we run: see survey.c.
	 */
	if (!e->name || e->name[0] == '/' || !fdent_name_has(e, "anon_inode:"))
		return h;
	return mix_bytes(h, e->name, e->name_len);
}

static bool is_whole(const struct fdent *e)
{
	unsigned whole = HAVE_LINK | HAVE_STAT | HAVE_INFO;

	return (e->have & whole) == whole;
}

/*
 * Coarse keys of rows without link and stat (CAP_SYS_PTRACE alone shows only
 * fdinfo, whose inode number is not that of stat everywhere). Who may share
 * with such a row goes by the coarse key too. A false hit costs calls, no more.
 */
struct blurred {
	uint8_t bit[8192];
};

static void blurred_add(struct blurred *b, uint64_t coarse)
{
	b->bit[coarse >> 3 & 8191] |= (uint8_t)(1u << (coarse & 7));
}

static bool blurred_has(const struct blurred *b, uint64_t coarse)
{
	return b->bit[coarse >> 3 & 8191] >> (coarse & 7) & 1;
}

/* ---- rows ---- */

static pid_t task_of(const struct procent *p)
{
	return p->tid ? p->tid : p->pid;
}

/* Does the process let itself be compared? A slot that closed is no refusal. */
static bool process_allows(struct work *w, const struct procent *p)
{
	for (uint32_t i = 0; i < p->n_rows; i++) {
		unsigned long fd = (unsigned long)p->rows[i].fd;
		pid_t task = task_of(p);
		int r;

		if (!fdent_is_fd(&p->rows[i]))
			continue;
		w->calls++;
		r = w->opts.kcmp(w->opts.kcmp_ctx, task, task, SYS_KCMP_FILE, fd, fd);
		return r >= 0 || r == -EBADF;
	}
	return false;
}

static uint32_t count_rows(struct procent *const *procs, size_t n)
{
	uint32_t rows = 0;

	for (size_t p = 0; p < n; p++)
		rows += procs[p]->n_rows;
	return rows;
}

static void take_rows(struct work *w, struct procent *p, struct blurred *blurred)
{
	bool allows = process_allows(w, p);

	for (uint32_t i = 0; i < p->n_rows; i++) {
		struct fdent *e = &p->rows[i];

		e->ofd = e->shares = 0;
		if (!allows || !fdent_is_fd(e) || !(e->have & HAVE_INFO))
			continue;
		w->rows[w->n++] = e;
		if (!is_whole(e))
			blurred_add(blurred, coarse_key(e));
	}
}

static uint32_t bucket_key(const struct fdent *e, const struct blurred *blurred)
{
	uint64_t key = coarse_key(e);

	if (!blurred_has(blurred, key))
		key = fine_key(e, key);
	return (uint32_t)(key >> 32);
}

/* By the upper half of each word, stable, so that rows stay in order. */
static void radix_sort(uint64_t *at, uint64_t *spare, size_t n)
{
	for (unsigned shift = 32; shift < 64; shift += 8) {
		size_t start[257] = { 0 };
		uint64_t *swap = at;

		for (size_t i = 0; i < n; i++)
			start[(at[i] >> shift & 255) + 1]++;
		for (size_t d = 0; d < 256; d++)
			start[d + 1] += start[d];
		for (size_t i = 0; i < n; i++)
			spare[start[at[i] >> shift & 255]++] = at[i];
		at = spare;
		spare = swap;
	}
}

static void add_bucket(struct work *w, uint32_t start, uint32_t n)
{
	if (n < 2) {
		w->rows[w->list[start]]->ofd = w->list[start] + 1;
		return;
	}
	if ((w->n_buckets & (w->n_buckets - 1)) == 0)
		w->buckets = xreallocarray(w->buckets, w->n_buckets ? w->n_buckets * 2 : 1,
					   sizeof(*w->buckets));
	w->buckets[w->n_buckets++] = (struct bucket){ start, n };
}

static void make_buckets(struct work *w, const struct blurred *blurred)
{
	autofree uint64_t *keys = xcalloc(w->n ? w->n : 1, sizeof(*keys));
	autofree uint64_t *spare = xcalloc(w->n ? w->n : 1, sizeof(*spare));
	uint32_t start = 0;

	for (uint32_t i = 0; i < w->n; i++)
		keys[i] = (uint64_t)bucket_key(w->rows[i], blurred) << 32 | i;
	radix_sort(keys, spare, w->n);
	for (uint32_t i = 0; i < w->n; i++)
		w->list[i] = (uint32_t)keys[i];
	for (uint32_t i = 1; i <= w->n; i++) {
		if (i < w->n && keys[i] >> 32 == keys[start] >> 32)
			continue;
		add_bucket(w, start, i - start);
		start = i;
	}
}

/* ---- the sorting, by one or several threads ---- */

static struct ofd_sort sorter(struct work *w, uint32_t start)
{
	return (struct ofd_sort){ .rows = w->rows,
				  .slots = w->slots,
				  .next = w->next,
				  .gone = w->gone,
				  .list = w->list + start,
				  .spare = w->spare + start,
				  .opts = &w->opts };
}

/* Sorted slices first..first+n of a big bucket become one run. */
static size_t merge_slices(struct work *w, size_t first, size_t n, uint64_t *calls)
{
	size_t half = n / 2, na, nb;
	struct ofd_sort s;

	if (n == 1)
		return w->slice_groups[first];
	na = merge_slices(w, first, half, calls);
	nb = merge_slices(w, first + half, n - half, calls);
	s = sorter(w, w->slices[first].start);
	na = ofd_merge(&s, na, w->slices[first + half].start - w->slices[first].start, nb);
	*calls += s.calls;
	return na;
}

static bool is_big(const struct work *w, const struct bucket *b)
{
	return w->opts.workers > 1 && b->n >= BIG_BUCKET;
}

/* First round: whole small buckets and slices of big ones. Second: the big ones. */
static void do_job(struct work *w, size_t job)
{
	const struct bucket *b = job < w->n_slices ? &w->slices[job]
						   : &w->buckets[job - w->n_slices];
	struct ofd_sort s;

	if (w->merging)
		b = &w->buckets[job];
	s = sorter(w, b->start);
	if (w->merging)
		ofd_settle(&s, merge_slices(w, job * w->opts.workers, w->opts.workers, &s.calls),
			   b->n);
	else if (job < w->n_slices)
		w->slice_groups[job] = ofd_sort(&s, b->n);
	else if (!is_big(w, b))
		ofd_settle(&s, ofd_sort(&s, b->n), b->n);
	w->calls += s.calls;
}

static size_t n_jobs(const struct work *w)
{
	if (w->merging)
		return w->n_slices / w->opts.workers;
	return w->n_slices + w->n_buckets;
}

static void *worker(void *arg)
{
	struct work *w = arg;
	size_t jobs = n_jobs(w), job;

	while ((job = w->next_job++) < jobs)
		do_job(w, job);
	return NULL;
}

static void run_round(struct work *w, unsigned threads)
{
	pthread_t id[THREADS_MAX];
	unsigned started = 0;

	w->next_job = 0;
	while (started + 1 < threads && started < THREADS_MAX &&
	       thread_start(&id[started], worker, w) == 0)
		started++;
	worker(w);
	while (started)
		pthread_join(id[--started], NULL);
}

static int by_size(const void *a, const void *b)
{
	const struct bucket *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return x->start < y->start ? -1 : 1;
}

/* Big buckets come first in the order by size, so that slices are theirs. */
static void cut_slices(struct work *w)
{
	unsigned per = w->opts.workers;
	size_t big = 0;

	while (big < w->n_buckets && is_big(w, &w->buckets[big]))
		big++;
	w->n_slices = big * per;
	w->slices = xcalloc(w->n_slices + 1, sizeof(*w->slices));
	w->slice_groups = xcalloc(w->n_slices + 1, sizeof(*w->slice_groups));
	for (size_t i = 0; i < w->n_slices; i++) {
		const struct bucket *b = &w->buckets[i / per];
		uint32_t from = (uint32_t)((uint64_t)b->n * (i % per) / per);
		uint32_t to = (uint32_t)((uint64_t)b->n * (i % per + 1) / per);

		w->slices[i] = (struct bucket){ b->start + from, to - from };
	}
}

static void sort_buckets(struct work *w)
{
	uint64_t rows = 0;

	for (size_t i = 0; i < w->n_buckets; i++)
		rows += w->buckets[i].n;
	if (rows < WORTH_THREADS)
		w->opts.workers = 1;
	if (w->n_buckets)
		qsort(w->buckets, w->n_buckets, sizeof(*w->buckets), by_size);
	cut_slices(w);
	run_round(w, w->opts.workers);
	w->merging = true;
	run_round(w, w->opts.workers);
}

/* ---- numbers ---- */

/* Labels are the index of some member, plus one: make them 1, 2, 3 in row order. */
static uint64_t number(struct work *w)
{
	uint32_t *name = w->next, *count = w->list, last = 0;
	uint64_t unknown = 0;

	memset(name, 0, w->n * sizeof(*name));
	memset(count, 0, w->n * sizeof(*count));
	for (uint32_t i = 0; i < w->n; i++) {
		struct fdent *e = w->rows[i];

		if (!e->ofd) {
			unknown++;
			continue;
		}
		if (!name[e->ofd - 1])
			name[e->ofd - 1] = ++last;
		e->ofd = name[e->ofd - 1];
		count[e->ofd - 1]++;
	}
	for (uint32_t i = 0; i < w->n; i++)
		if (w->rows[i]->ofd)
			w->rows[i]->shares = count[w->rows[i]->ofd - 1];
	return unknown;
}

static void work_init(struct work *w, const struct ofd_opts *opts, uint32_t rows)
{
	memset(w, 0, sizeof(*w));
	w->opts = *opts;
	if (!w->opts.kcmp)
		w->opts.kcmp = kcmp_system;
	if (!w->opts.workers)
		w->opts.workers = 1;
	w->rows = xcalloc(rows + 1, sizeof(struct fdent *));
}

static void work_lists(struct work *w)
{
	w->next = xcalloc(w->n + 1, sizeof(*w->next));
	w->list = xcalloc(w->n + 1, sizeof(*w->list));
	w->spare = xcalloc(w->n + 1, sizeof(*w->spare));
	w->gone = xcalloc(w->n + 1, 1);
	w->slots = xcalloc(w->n + 1, sizeof(*w->slots));
	for (uint32_t i = 0; i < w->n; i++) {
		const struct fdent *e = w->rows[i];

		w->next[i] = i;
		w->slots[i] = (struct ofd_slot){ task_of(e->proc), e->fd };
	}
}

static void work_release(struct work *w)
{
	free(w->rows);
	free(w->slots);
	free(w->next);
	free(w->list);
	free(w->spare);
	free(w->gone);
	free(w->buckets);
	free(w->slices);
	free(w->slice_groups);
}

static void forget(struct work *w)
{
	for (uint32_t i = 0; i < w->n; i++)
		w->rows[i]->ofd = w->rows[i]->shares = 0;
}

int ofd_group(struct procent *const *procs, size_t n_procs, const struct ofd_opts *opts,
	      struct ofd_stats *stats)
{
	autofree struct blurred *blurred = xcalloc(1, sizeof(*blurred));
	uint32_t rows = count_rows(procs, n_procs);
	uint64_t unknown;
	struct work w;
	bool cancelled;

	work_init(&w, opts, rows);
	for (size_t p = 0; p < n_procs; p++)
		take_rows(&w, procs[p], blurred);
	work_lists(&w);
	make_buckets(&w, blurred);
	sort_buckets(&w);
	cancelled = opts->cancel && atomic_load(opts->cancel);
	if (cancelled)
		forget(&w);
	unknown = number(&w);
	if (stats)
		*stats = (struct ofd_stats){ w.calls, w.n_buckets ? w.buckets[0].n : w.n > 0,
					     unknown };
	work_release(&w);
	return cancelled ? -ECANCELED : 0;
}
