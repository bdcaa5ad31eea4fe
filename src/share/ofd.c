/* SPDX-License-Identifier: MIT */
#include "src/share/ofd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/thread.h"
#include "src/proc/fdinfo.h"
#include "src/share/ofd_sort.h"

/* A bucket of more is sorted in parts, by whoever has time. */
#define PART_MAX 1024
/* Fewer rows to compare than this: starting threads would cost more. */
#define WORTH_THREADS 512

struct bucket {
	uint32_t start, n;
};

/* A large bucket, its halves, theirs and so on. Who sorts the second half merges both. */
struct part {
	struct bucket rows;
	struct part *whole, *half[2]; /* NULL: is a bucket; is not cut */
	atomic_uint unsorted;         /* of its halves */
	size_t groups;                /* once it is sorted */
	uint32_t place;               /* in the bucket: of 65,536 */
};

struct work {
	struct ofd_opts opts;
	struct fdent **rows; /* those that may be compared */
	uint32_t n;
	struct ofd_rows of; /* the same for the sorting */
	uint32_t *list, *spare;
	struct bucket *buckets; /* of two rows and more */
	size_t n_buckets;
	size_t n_big; /* of them are in parts */
	struct part *parts;
	size_t n_parts;
	struct part **uncut; /* parts without halves */
	size_t n_uncut;
	atomic_size_t next_job, first, last; /* last counts from the end */
	atomic_uint_fast64_t calls;
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
		w->of.slots[w->n] = (struct ofd_slot){ task_of(p), e->fd };
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
		w->of.label[w->list[start]] = w->list[start] + 1;
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
	return (struct ofd_sort){ .rows = &w->of,
				  .list = w->list + start,
				  .spare = w->spare + start };
}

static void merge_halves(struct work *w, struct part *p)
{
	const struct part *left = p->half[0], *right = p->half[1];
	struct ofd_sort s = sorter(w, p->rows.start);

	if (p->whole)
		p->groups = ofd_merge(&s, left->groups, left->rows.n, right->groups);
	else
		ofd_merge_all(&s, left->groups, left->rows.n, right->groups);
	w->calls += s.calls;
}

static void sort_part(struct work *w, struct part *p)
{
	struct ofd_sort s = sorter(w, p->rows.start);

	p->groups = ofd_sort(&s, p->rows.n);
	w->calls += s.calls;
	while ((p = p->whole) && atomic_fetch_sub(&p->unsorted, 1) == 1)
		merge_halves(w, p);
}

static void sort_bucket(struct work *w, const struct bucket *b)
{
	struct ofd_sort s = sorter(w, b->start);

	ofd_sort_all(&s, b->n);
	w->calls += s.calls;
}

/*
 * Threads come from both ends of the parts, the processes with low numbers and those with
 * high ones: kcmp(2) takes locks of both processes, which so move less from one
 * processor's cache to another's.
 */
static void work_on(void *arg, unsigned i)
{
	struct work *w = arg;
	size_t jobs = w->n_uncut + w->n_buckets - w->n_big, job;

	while ((job = w->next_job++) < jobs) {
		if (job >= w->n_uncut)
			sort_bucket(w, &w->buckets[w->n_big + job - w->n_uncut]);
		else if (i % 2)
			sort_part(w, w->uncut[w->n_uncut - ++w->last]);
		else
			sort_part(w, w->uncut[w->first++]);
	}
}

static int by_size(const void *a, const void *b)
{
	const struct bucket *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return x->start < y->start ? -1 : 1;
}

/* How many parts a bucket becomes, itself among them. */
static size_t count_parts(uint32_t n)
{
	return n <= PART_MAX ? 1 : 1 + count_parts(n / 2) + count_parts(n - n / 2);
}

/* The halves are those of ofd_sort(), which one thread alone would do. */
static struct part *cut(struct work *w, const struct bucket *all, struct bucket rows,
			struct part *whole)
{
	struct part *p = &w->parts[w->n_parts++];
	uint32_t half = rows.n / 2;

	p->rows = rows;
	p->whole = whole;
	p->place = (uint32_t)((uint64_t)(rows.start - all->start) * 65536 / all->n);
	atomic_init(&p->unsorted, 2);
	if (rows.n <= PART_MAX) {
		w->uncut[w->n_uncut++] = p;
		return p;
	}
	p->half[0] = cut(w, all, (struct bucket){ rows.start, half }, p);
	p->half[1] = cut(w, all, (struct bucket){ rows.start + half, rows.n - half }, p);
	return p;
}

static int by_place(const void *a, const void *b)
{
	const struct part *x = *(struct part *const *)a, *y = *(struct part *const *)b;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return x->rows.start < y->rows.start ? -1 : 1;
}

/* Big buckets come first in the order by size. */
static void cut_big(struct work *w)
{
	size_t n = 0;

	if (w->opts.workers > 1)
		while (w->n_big < w->n_buckets && w->buckets[w->n_big].n > PART_MAX)
			n += count_parts(w->buckets[w->n_big++].n);
	w->parts = xcalloc(n + 1, sizeof(*w->parts));
	w->uncut = xcalloc(n + 1, sizeof(*w->uncut));
	for (size_t i = 0; i < w->n_big; i++)
		cut(w, &w->buckets[i], w->buckets[i], NULL);
	if (w->n_uncut)
		qsort(w->uncut, w->n_uncut, sizeof(*w->uncut), by_place);
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
	cut_big(w);
	thread_team(w->opts.workers, work_on, w);
}

/* ---- numbers ---- */

/* Labels are the index of some member, plus one: make them 1, 2, 3 in row order. */
static uint64_t number(struct work *w)
{
	uint32_t *name = w->of.next, *count = w->list, last = 0;
	const uint32_t *label = w->of.label;
	uint64_t unknown = 0;

	memset(name, 0, w->n * sizeof(*name));
	memset(count, 0, w->n * sizeof(*count));
	for (uint32_t i = 0; i < w->n; i++) {
		if (!label[i]) {
			unknown++;
			continue;
		}
		if (!name[label[i] - 1])
			name[label[i] - 1] = ++last;
		w->rows[i]->ofd = name[label[i] - 1];
		count[name[label[i] - 1] - 1]++;
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
	w->of.opts = &w->opts;
	if (!w->opts.kcmp)
		w->opts.kcmp = kcmp_system;
	if (!w->opts.workers)
		w->opts.workers = 1;
	w->rows = xcalloc(rows + 1, sizeof(struct fdent *));
	w->of.slots = xcalloc(rows + 1, sizeof(*w->of.slots));
}

static void work_lists(struct work *w)
{
	w->list = xcalloc(w->n + 1, sizeof(*w->list));
	w->spare = xcalloc(w->n + 1, sizeof(*w->spare));
	w->of.next = xcalloc(w->n + 1, sizeof(*w->of.next));
	w->of.label = xcalloc(w->n + 1, sizeof(*w->of.label));
	w->of.gone = xcalloc(w->n + 1, 1);
	for (uint32_t i = 0; i < w->n; i++)
		w->of.next[i] = i;
}

static void work_release(struct work *w)
{
	free(w->rows);
	free(w->of.slots);
	free(w->of.next);
	free(w->of.label);
	free(w->of.gone);
	free(w->list);
	free(w->spare);
	free(w->buckets);
	free(w->parts);
	free(w->uncut);
}

static void forget(struct work *w)
{
	memset(w->of.label, 0, w->n * sizeof(*w->of.label));
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
