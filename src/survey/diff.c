/* SPDX-License-Identifier: MIT */
#include "src/survey/diff.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "src/base/alloc.h"
#include "src/net/sock.h"
#include "src/share/ofd.h"

const char *change_name(enum change_what what)
{
	static const char *const names[] = {
		[CHANGE_PROCESS_NEW] = "process-new",
		[CHANGE_PROCESS_GONE] = "process-gone",
		[CHANGE_OPENED] = "opened",
		[CHANGE_CLOSED] = "closed",
		[CHANGE_REPLACED] = "replaced",
		[CHANGE_MOVED] = "moved",
		[CHANGE_SIZE] = "size",
		[CHANGE_RECV_QUEUE] = "recv-queue",
		[CHANGE_SEND_QUEUE] = "send-queue",
		[CHANGE_STATE] = "state",
		[CHANGE_FLAGS] = "flags",
		[CHANGE_DELETED] = "deleted",
	};

	return names[what];
}

static struct change *add(struct diff *d, enum change_what what, const struct procent *proc)
{
	if ((d->n & (d->n - 1)) == 0)
		d->at = xreallocarray(d->at, d->n ? d->n * 2 : 1, sizeof(*d->at));
	d->at[d->n] = (struct change){ .what = what, .proc = proc };
	d->of[what]++;
	return &d->at[d->n++];
}

bool fdent_same_thing(const struct fdent *old, const struct fdent *now)
{
	/* What could not be read this time or last tells nothing. */
	if (!(old->have & HAVE_STAT) || !(now->have & HAVE_STAT))
		return true;
	if (old->dev != now->dev || old->ino != now->ino || old->rdev != now->rdev ||
	    (old->mode & S_IFMT) != (now->mode & S_IFMT))
		return false;
	if (ofd_immutable_id(old) != ofd_immutable_id(now))
		return false;
	return !fdent_name_has(old, "anon_inode:") ||
	       (old->name_len == now->name_len && memcmp(old->name, now->name, now->name_len) == 0);
}

/* ---- one row ---- */

struct pair {
	struct diff *d;
	const struct fdent *old, *now;
};

static void note(struct pair *p, enum change_what what, bool known, uint64_t before, uint64_t after)
{
	struct change *c;

	if (!known || before == after)
		return;
	c = add(p->d, what, p->now->proc);
	c->old = p->old;
	c->now = p->now;
	c->before = before;
	c->after = after;
}

static bool both(const struct pair *p, unsigned have)
{
	return (p->old->have & p->now->have & have) == have;
}

/* A TCP socket that is not bound, or whose connection has ended, is in no table: closed. */
static void compare_unlisted(struct pair *p, const struct sock_info *a, const struct sock_info *b)
{
	bool tcp = (a ? a : b)->table == SOCK_TABLE_TCP;

	note(p, CHANGE_STATE, tcp, a ? a->state : TCP_CLOSE, b ? b->state : TCP_CLOSE);
}

static void compare_sockets(struct pair *p)
{
	const struct sock_info *a = p->old->sock, *b = p->now->sock;
	bool queues;

	if (!a && !b)
		return;
	if (!a || !b) {
		compare_unlisted(p, a, b);
		return;
	}
	queues = a->has & b->has & SOCK_HAS_QUEUES;
	note(p, CHANGE_RECV_QUEUE, queues, a->rqueue, b->rqueue);
	note(p, CHANGE_SEND_QUEUE, queues, a->wqueue, b->wqueue);
	note(p, CHANGE_STATE, true, a->state, b->state);
}

static void compare_rows(struct diff *d, const struct fdent *old, const struct fdent *now)
{
	struct pair p = { d, old, now };

	if (!fdent_same_thing(old, now)) {
		struct change *c = add(d, CHANGE_REPLACED, now->proc);

		c->old = old;
		c->now = now;
		return;
	}
	note(&p, CHANGE_MOVED, both(&p, HAVE_INFO), old->pos, now->pos);
	note(&p, CHANGE_SIZE, both(&p, HAVE_SIZE), old->size, now->size);
	compare_sockets(&p);
	note(&p, CHANGE_FLAGS, both(&p, HAVE_INFO), old->flags, now->flags);
	note(&p, CHANGE_DELETED, old->deleted != DELETED_UNKNOWN && now->deleted != DELETED_UNKNOWN,
	     old->deleted, now->deleted);
}

/* ---- one table ---- */

/* Rows are in the order cwd, root, exe, mem, descriptors; mappings by name. */
static int by_place(const struct fdent *a, const struct fdent *b)
{
	static const int order[] = {
		[ASSOC_CWD] = 0, [ASSOC_ROOT] = 1, [ASSOC_EXE] = 2, [ASSOC_MEM] = 3, [ASSOC_FD] = 4,
	};

	if (a->assoc != b->assoc)
		return order[a->assoc] - order[b->assoc];
	return (a->fd > b->fd) - (a->fd < b->fd);
}

static bool is_mapping(const struct procent *p, uint32_t i)
{
	return p->rows && i < p->n_rows && p->rows[i].assoc == ASSOC_MEM;
}

static void note_one(struct diff *d, enum change_what what, const struct procent *proc,
		     const struct fdent *old, const struct fdent *now)
{
	struct change *c = add(d, what, proc);

	c->old = old;
	c->now = now;
}

static int by_file(const void *pa, const void *pb)
{
	const struct fdent *a = *(const struct fdent *const *)pa;
	const struct fdent *b = *(const struct fdent *const *)pb;

	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	if (a->ino != b->ino)
		return a->ino < b->ino ? -1 : 1;
	return (a > b) - (a < b);
}

static const struct fdent **sorted_mappings(const struct procent *p, size_t *n)
{
	const struct fdent **list = xcalloc(p->n_rows + 1, sizeof(*list));

	*n = 0;
	for (uint32_t i = 0; i < p->n_rows && p->rows[i].assoc != ASSOC_FD; i++)
		if (is_mapping(p, i))
			list[(*n)++] = &p->rows[i];
	if (*n)
		qsort(list, *n, sizeof(*list), by_file);
	return list;
}

/* Mappings have no number: the file is who they are. */
static void compare_mappings(struct diff *d, const struct procent *old, const struct procent *now)
{
	size_t n, m, i = 0, j = 0;
	autofree const struct fdent **a = sorted_mappings(old, &n);
	autofree const struct fdent **b = sorted_mappings(now, &m);

	while (i < n || j < m) {
		int r = i == n ? 1 : j == m ? -1 : 0;

		if (!r && (a[i]->dev != b[j]->dev || a[i]->ino != b[j]->ino))
			r = by_file(&a[i], &b[j]);
		if (r < 0)
			note_one(d, CHANGE_CLOSED, now, a[i], NULL);
		else if (r > 0)
			note_one(d, CHANGE_OPENED, now, NULL, b[j]);
		else
			compare_rows(d, a[i], b[j]);
		i += r <= 0;
		j += r >= 0;
	}
}

static void compare_tables(struct diff *d, const struct procent *old, const struct procent *now)
{
	uint32_t i = 0, j = 0;

	/* A table that could not be read, now or then, has not lost its rows. */
	if (old->err || now->err)
		return;
	compare_mappings(d, old, now);
	while (i < old->n_rows || j < now->n_rows) {
		const struct fdent *a = i < old->n_rows ? &old->rows[i] : NULL;
		const struct fdent *b = j < now->n_rows ? &now->rows[j] : NULL;
		int r = !a ? 1 : !b ? -1 : by_place(a, b);

		if (is_mapping(old, i) && r <= 0) {
			i++;
		} else if (is_mapping(now, j) && r >= 0) {
			j++;
		} else if (r < 0) {
			note_one(d, CHANGE_CLOSED, now, a, NULL);
			i++;
		} else if (r > 0) {
			note_one(d, CHANGE_OPENED, now, NULL, b);
			j++;
		} else {
			compare_rows(d, a, b);
			i++;
			j++;
		}
	}
}

/* ---- both surveys ---- */

static int by_identity(const struct procent *a, const struct procent *b)
{
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	return (a->start > b->start) - (a->start < b->start);
}

static double seconds_between(const struct timespec *a, const struct timespec *b)
{
	double s = (double)(b->tv_sec - a->tv_sec) + (double)(b->tv_nsec - a->tv_nsec) / 1e9;

	return s > 0 ? s : 0;
}

void diff_make(struct diff *d, const struct survey *old, const struct survey *now)
{
	size_t i = 0, j = 0;

	memset(d, 0, sizeof(*d));
	d->seconds = seconds_between(&old->taken, &now->taken);
	while (i < old->n_procs || j < now->n_procs) {
		const struct procent *a = i < old->n_procs ? old->procs[i] : NULL;
		const struct procent *b = j < now->n_procs ? now->procs[j] : NULL;
		int r = !a ? 1 : !b ? -1 : by_identity(a, b);

		if (r < 0)
			add(d, CHANGE_PROCESS_GONE, a);
		else if (r > 0)
			add(d, CHANGE_PROCESS_NEW, b);
		else
			compare_tables(d, a, b);
		i += r <= 0;
		j += r >= 0;
	}
}

void diff_release(struct diff *d)
{
	free(d->at);
	memset(d, 0, sizeof(*d));
}

double change_rate(const struct diff *d, const struct change *c)
{
	if (d->seconds <= 0 || c->what < CHANGE_MOVED || c->what > CHANGE_SEND_QUEUE)
		return 0;
	return ((double)c->after - (double)c->before) / d->seconds;
}
