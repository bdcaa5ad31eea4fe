/* SPDX-License-Identifier: MIT */
#include "src/survey/summary.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/share/ofd.h"

/* A descriptor as long as it stands for the same thing. */
struct summary_seen {
	const struct kind *kind;
	uint64_t thing;
	int fd;
	unsigned since; /* number of the survey that saw it first */
};

static uint64_t thing_of(const struct fdent *e)
{
	uint64_t h = e->dev * 0x9e3779b97f4a7c15u ^ e->ino;

	return (h ^ h >> 29) * 0x9e3779b97f4a7c15u ^ ofd_immutable_id(e);
}

static int by_identity(const struct summary_proc *a, const struct procent *b)
{
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	return (a->start > b->start) - (a->start < b->start);
}

/* ---- counting ---- */

static struct summary_count *count_of(struct summary_count **list, size_t *n,
				      const struct kind *kind)
{
	for (size_t i = 0; i < *n; i++)
		if ((*list)[i].kind == kind)
			return &(*list)[i];
	*list = xreallocarray(*list, *n + 1, sizeof(**list));
	(*list)[*n] = (struct summary_count){ .kind = kind };
	return &(*list)[(*n)++];
}

static void see_rows(struct summary_proc *p, const struct procent *e, const struct summary *m)
{
	struct summary_seen *seen = xcalloc(e->n_rows + 1, sizeof(*seen));
	size_t n = 0, old = 0;

	p->fds = 0;
	for (uint32_t i = 0; i < e->n_rows; i++) {
		const struct fdent *row = &e->rows[i];
		struct summary_seen *s = &seen[n];

		if (!fdent_is_fd(row))
			continue;
		p->fds++;
		if (m->pick && !m->pick(m->pick_arg, row))
			continue;
		*s = (struct summary_seen){ row->kind, thing_of(row), row->fd, m->surveys };
		while (old < p->n_seen && p->seen[old].fd < row->fd)
			old++;
		if (old < p->n_seen && p->seen[old].fd == row->fd && p->seen[old].kind == s->kind &&
		    p->seen[old].thing == s->thing)
			s->since = p->seen[old].since;
		n++;
	}
	free(p->seen);
	p->seen = seen;
	p->n_seen = n;
}

static void count_kinds(struct summary_proc *p, bool is_new)
{
	autofree uint64_t *before = xcalloc(p->n_kinds + 1, sizeof(*before));
	size_t known = p->n_kinds;

	for (size_t i = 0; i < known; i++) {
		before[i] = p->kinds[i].last;
		p->kinds[i].last = 0;
	}
	for (size_t i = 0; i < p->n_seen; i++)
		count_of(&p->kinds, &p->n_kinds, p->seen[i].kind)->last++;
	for (size_t i = 0; i < p->n_kinds; i++) {
		struct summary_count *c = &p->kinds[i];

		if (is_new)
			c->first = c->last;
		c->fell += i < known && c->last < before[i];
		c->most = c->last > c->most ? c->last : c->most;
	}
}

static void update_proc(struct summary_proc *p, const struct procent *e, const struct summary *m)
{
	bool is_new = !p->comm;

	if (is_new) {
		*p = (struct summary_proc){
			.pid = e->pid, .tid = e->tid, .start = e->start, .since = m->last
		};
	}
	free(p->comm); /* prctl(PR_SET_NAME) may have changed it */
	p->comm = xmemdup0(e->comm ? e->comm : "", e->comm_len);
	p->comm_len = e->comm_len;
	p->uid = e->uid;
	p->limit = e->limit;
	p->err = e->err;
	/* A table that cannot be read for once has not lost what it had. */
	if (e->err && !is_new)
		return;
	see_rows(p, e, m);
	if (is_new)
		p->first_fds = p->fds;
	count_kinds(p, is_new);
}

static void proc_release(struct summary_proc *p)
{
	free(p->comm);
	free(p->kinds);
	free(p->seen);
}

static int by_last(const void *pa, const void *pb)
{
	const struct summary_count *a = pa, *b = pb;

	if (a->last != b->last)
		return a->last < b->last ? 1 : -1;
	return strcmp(a->kind->name, b->kind->name);
}

static void total(struct summary *m)
{
	bool is_first = m->surveys == 0;
	struct summary_count *c;

	m->fds = 0;
	for (size_t i = 0; i < m->n_kinds; i++)
		m->kinds[i].last = 0;
	for (size_t i = 0; i < m->n_procs; i++) {
		m->fds += m->procs[i].n_seen;
		for (size_t k = 0; k < m->procs[i].n_kinds; k++) {
			c = count_of(&m->kinds, &m->n_kinds, m->procs[i].kinds[k].kind);
			c->last += m->procs[i].kinds[k].last;
		}
	}
	for (size_t i = 0; i < m->n_kinds; i++) {
		c = &m->kinds[i];
		if (is_first)
			c->first = c->last;
		c->most = c->last > c->most ? c->last : c->most;
	}
	if (m->n_kinds)
		qsort(m->kinds, m->n_kinds, sizeof(*m->kinds), by_last);
}

void summary_add(struct summary *m, const struct survey *s)
{
	struct summary_proc *procs = xcalloc(s->n_procs + 1, sizeof(*procs));
	size_t old = 0;

	if (!m->surveys)
		m->first = s->taken;
	m->last = s->taken;
	for (size_t i = 0; i < s->n_procs; i++) {
		/* Those that are gone are forgotten. */
		while (old < m->n_procs && by_identity(&m->procs[old], s->procs[i]) < 0)
			proc_release(&m->procs[old++]);
		if (old < m->n_procs && by_identity(&m->procs[old], s->procs[i]) == 0)
			procs[i] = m->procs[old++];
		update_proc(&procs[i], s->procs[i], m);
	}
	while (old < m->n_procs)
		proc_release(&m->procs[old++]);
	free(m->procs);
	m->procs = procs;
	m->n_procs = s->n_procs;
	total(m);
	m->surveys++;
}

void summary_release(struct summary *m)
{
	for (size_t i = 0; i < m->n_procs; i++)
		proc_release(&m->procs[i]);
	free(m->procs);
	free(m->kinds);
	memset(m, 0, sizeof(*m));
}

/* ---- by process ---- */

int summary_limit_used(const struct summary_proc *p)
{
	if (!p->limit || p->limit == UINT64_MAX)
		return -1;
	return (int)(p->fds * 100 / p->limit);
}

static int by_pid(const struct summary_proc *a, const struct summary_proc *b)
{
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return (a->tid > b->tid) - (a->tid < b->tid);
}

static int by_fds(const void *pa, const void *pb)
{
	const struct summary_proc *a = *(const struct summary_proc *const *)pa;
	const struct summary_proc *b = *(const struct summary_proc *const *)pb;

	if (a->fds != b->fds)
		return a->fds < b->fds ? 1 : -1;
	return by_pid(a, b);
}

static int by_limit(const void *pa, const void *pb)
{
	int a = summary_limit_used(*(const struct summary_proc *const *)pa);
	int b = summary_limit_used(*(const struct summary_proc *const *)pb);

	return a != b ? (a < b ? 1 : -1) : by_fds(pa, pb);
}

const struct summary_proc **summary_procs(const struct summary *m, enum summary_order order)
{
	const struct summary_proc **list = xcalloc(m->n_procs + 1, sizeof(*list));

	for (size_t i = 0; i < m->n_procs; i++)
		list[i] = &m->procs[i];
	qsort(list, m->n_procs, sizeof(*list), order == SUMMARY_BY_FDS ? by_fds : by_limit);
	return list;
}

/* ---- what grows ---- */

static double seconds_between(const struct timespec *a, const struct timespec *b)
{
	return (double)(b->tv_sec - a->tv_sec) + (double)(b->tv_nsec - a->tv_nsec) / 1e9;
}

static void find_oldest(struct summary_leak *leak, const struct summary *m)
{
	const struct summary_seen *oldest = NULL, *first_new = NULL;
	const struct summary_proc *p = leak->proc;
	unsigned began = m->surveys;

	for (size_t i = 0; i < p->n_seen; i++)
		began = p->seen[i].since < began ? p->seen[i].since : began;
	for (size_t i = 0; i < p->n_seen; i++) {
		const struct summary_seen *s = &p->seen[i];

		if (s->kind != leak->count->kind)
			continue;
		if (!oldest || s->since < oldest->since)
			oldest = s;
		if (s->since > began && (!first_new || s->since < first_new->since))
			first_new = s;
	}
	leak->oldest_fd = oldest ? oldest->fd : -1;
	leak->first_new_fd = first_new ? first_new->fd : -1;
}

static struct summary_leak leak_of(const struct summary *m, const struct summary_proc *p,
				   const struct summary_count *c)
{
	struct summary_leak leak = { .proc = p, .count = c, .steady = !c->fell };
	double seconds = seconds_between(&p->since, &m->last);

	leak.seconds_to_limit = -1;
	if (seconds > 0)
		leak.per_second = (double)(c->last - c->first) / seconds;
	/* Other kinds may leak too, or make room. */
	if (leak.per_second > 0 && p->fds > p->first_fds && summary_limit_used(p) >= 0)
		leak.seconds_to_limit = p->fds < p->limit ? (double)(p->limit - p->fds) * seconds /
								    (double)(p->fds - p->first_fds)
							  : 0;
	find_oldest(&leak, m);
	return leak;
}

static int by_danger(const void *pa, const void *pb)
{
	const struct summary_leak *a = pa, *b = pb;
	uint64_t x = a->count->last - a->count->first, y = b->count->last - b->count->first;

	if (a->steady != b->steady)
		return a->steady ? -1 : 1;
	if (a->per_second != b->per_second)
		return a->per_second < b->per_second ? 1 : -1;
	return x != y ? (x < y ? 1 : -1) : by_pid(a->proc, b->proc);
}

struct summary_leak *summary_leaks(const struct summary *m, size_t *n)
{
	struct summary_leak *list = xmalloc(sizeof(*list));

	*n = 0;
	for (size_t i = 0; i < m->n_procs; i++)
		for (size_t k = 0; k < m->procs[i].n_kinds; k++) {
			const struct summary_count *c = &m->procs[i].kinds[k];

			if (c->last <= c->first)
				continue;
			list = xreallocarray(list, *n + 1, sizeof(*list));
			list[(*n)++] = leak_of(m, &m->procs[i], c);
		}
	qsort(list, *n, sizeof(*list), by_danger);
	return list;
}
