/* SPDX-License-Identifier: MIT */
#include "src/survey/survey.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "src/base/thread.h"
#include "src/kind/origin.h"
#include "src/net/tables.h"
#include "src/proc/procfs.h"
#include "src/share/ofd.h"
#include "src/share/peers.h"
#include "src/survey/collect.h"
#include "src/survey/nets.h"
#include "src/survey/table.h"

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Nanoseconds since *since, which moves on. */
static uint64_t lap(uint64_t *since)
{
	uint64_t now = now_ns(), passed = now - *since;

	*since = now;
	return passed;
}

/* The mounts of every mount namespace that a surveyed process is in. */
static void load_mounts(struct survey *s)
{
	uint64_t last = 0;

	for (size_t i = 0; i < s->n_procs; i++) {
		const struct procent *p = s->procs[i];

		/* Mostly they came in with the processes. */
		if (p->kthread || !p->mntns || p->mntns == last ||
		    mounts_have(&s->mounts, p->mntns))
			continue;
		last = p->mntns;
		int dir = proc_open_process(s->procfs, p->pid, 0);

		if (dir < 0)
			continue;
		mounts_add(&s->mounts, dir, p->mntns);
		close(dir);
	}
	mounts_finish(&s->mounts);
}

static void settle_rows(struct survey *s)
{
	unsigned hangs = 0;

	for (size_t i = 0; i < s->n_procs; i++) {
		for (uint32_t k = 0; k < s->procs[i]->n_rows; k++) {
			struct fdent *e = &s->procs[i]->rows[k];

			if (!S_ISSOCK(e->mode))
				e->origin = (uint8_t)origin_of(&s->mounts, e);
			deleted_resolve(e, s->procfs, &s->mounts, &hangs);
			e->kind = kind_of(e);
		}
	}
}

static int share(struct survey *s, const struct survey_opts *opts)
{
	struct ofd_opts ofd = { .workers = s->n_workers, .cancel = opts->cancel };
	struct ofd_stats stats = { 0 };
	int r = ofd_group(s->procs, s->n_procs, &ofd, &stats);

	s->stats.kcmp_calls = stats.calls;
	s->stats.largest_bucket = stats.largest_bucket;
	return r;
}

/*
 * What needs no kcmp(2) is done while it runs: neither looks at what the other writes. A
 * row's name is the exception, see fine_key() in share/ofd.c.
 */
struct beside {
	struct survey *s;
	unsigned want;
	bool started;
	pthread_t id;
};

static void *work_beside(void *arg)
{
	struct beside *b = arg;
	struct survey *s = b->s;
	uint64_t since = now_ns();

	if (b->want & (SURVEY_NET | SURVEY_PEERS))
		nets_load(s, b->want);
	s->stats.net_ns = lap(&since);
	load_mounts(s);
	settle_rows(s);
	s->stats.kind_ns = lap(&since);
	if (b->want & SURVEY_PEERS)
		s->peers = peers_find(s->procs, s->n_procs, s->net, &s->mounts);
	s->stats.peers_ns = lap(&since);
	return NULL;
}

static void begin_beside(struct beside *b, struct survey *s, unsigned want)
{
	*b = (struct beside){ .s = s, .want = want };
	if (s->n_workers > 1 && (want & SURVEY_SHARE))
		b->started = thread_start(&b->id, work_beside, b) == 0;
	if (!b->started)
		work_beside(b);
}

static void end_beside(struct beside *b)
{
	if (b->started)
		pthread_join(b->id, NULL);
}

static void account(struct survey *s)
{
	struct survey_stats *st = &s->stats;

	st->tables = s->n_procs;
	for (size_t i = 0; i < s->n_procs; i++) {
		st->rows += s->procs[i]->n_rows;
		st->bytes += s->procs[i]->n_rows * sizeof(struct fdent);
	}
	for (unsigned i = 0; i < s->n_workers; i++)
		st->bytes += s->workers[i].arena.total;
}

int survey_take(struct survey **out, const struct survey_opts *opts, struct fail *f)
{
	struct survey *s = xcalloc(1, sizeof(*s));
	uint64_t since = now_ns();
	struct beside beside;
	int r;

	*out = NULL;
	s->procfs = opts->procfs;
	clock_gettime(CLOCK_REALTIME, &s->taken);
	r = collect(s, opts, f);
	if (r < 0) {
		survey_free(s);
		return r;
	}
	s->stats.collect_ns = lap(&since);
	begin_beside(&beside, s, opts->want);
	since = now_ns();
	if (opts->want & SURVEY_SHARE)
		r = share(s, opts);
	s->stats.share_ns = lap(&since);
	end_beside(&beside);
	if (r < 0) {
		survey_free(s);
		return r;
	}
	account(s);
	*out = s;
	return 0;
}

void survey_free(struct survey *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_procs; i++)
		free(s->procs[i]->rows);
	free(s->procs);
	mounts_release(&s->mounts);
	sock_tables_free(s->net);
	peers_free(s->peers);
	for (unsigned i = 0; i < s->n_workers; i++)
		arena_release(&s->workers[i].arena);
	free(s->workers);
	free(s);
}

struct kind_ctx survey_ctx(const struct survey *s)
{
	return (struct kind_ctx){
		.net = s->net,
		.mounts = &s->mounts,
		.procfs = s->procfs,
		.grab = -1,
	};
}

const struct procent *survey_find_proc(const struct survey *s, pid_t pid, pid_t tid)
{
	size_t lo = 0, hi = s->n_procs;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct procent *p = s->procs[mid];

		if (p->pid == pid && p->tid == tid)
			return p;
		if (p->pid < pid || (p->pid == pid && p->tid < tid))
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const struct fdent *survey_find(const struct survey *s, pid_t pid, pid_t tid, int fd)
{
	const struct procent *p = survey_find_proc(s, pid, tid);
	uint32_t lo = 0, hi = p ? p->n_rows : 0;

	/* Rows without a number come first and count as -1. */
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (p->rows[mid].fd == fd)
			return &p->rows[mid];
		if (p->rows[mid].fd < fd)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const struct fdent *survey_next(const struct survey *s, struct survey_iter *it)
{
	while (it->proc < s->n_procs) {
		const struct procent *p = s->procs[it->proc];

		if (it->row < p->n_rows)
			return &p->rows[it->row++];
		it->proc++;
		it->row = 0;
	}
	return NULL;
}

size_t survey_count(const struct survey *s)
{
	return s->stats.rows;
}
