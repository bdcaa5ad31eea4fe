/* SPDX-License-Identifier: MIT */
#include "ui/tui/fdsview.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "ui/tui/fdrow.h"

static bool cancelled(const struct fds_query *q)
{
	return atomic_load_explicit(q->cancel, memory_order_relaxed);
}

static int cmp_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int cmp_table(const struct fdent *a, const struct fdent *b)
{
	if (a->proc->tid != b->proc->tid)
		return a->proc->tid < b->proc->tid ? -1 : 1;
	/* Descriptors first, then what else the process is tied to. */
	if (a->assoc != b->assoc)
		return a->assoc < b->assoc ? -1 : 1;
	return a->fd < b->fd ? -1 : a->fd > b->fd;
}

static int cmp_name(const struct fdent *a, const struct fdent *b)
{
	uint32_t n = a->name_len < b->name_len ? a->name_len : b->name_len;
	int c = n ? memcmp(a->name, b->name, n) : 0;

	return c ? c : cmp_u64(a->name_len, b->name_len);
}

static int by_order(const struct fds_order *o, const struct fds_row *ra, const struct fds_row *rb)
{
	const struct fdent *a = ra->e, *b = rb->e;
	int c;

	switch (o->by) {
	case FDS_BY_KIND:
		return strcmp(a->kind->name, b->kind->name);
	case FDS_BY_MODE:
		return strcmp(fdent_access(a), fdent_access(b));
	case FDS_BY_POS:
		return cmp_u64(b->pos, a->pos);
	case FDS_BY_SIZE:
		return cmp_u64(b->have & HAVE_SIZE ? b->size : 0,
			       a->have & HAVE_SIZE ? a->size : 0);
	case FDS_BY_SHARE:
		c = cmp_u64(b->shares, a->shares);
		return c ? c : cmp_u64(a->ofd, b->ofd);
	case FDS_BY_NAME:
		return cmp_name(a, b);
	case FDS_BY_CHANGE:
		return cmp_u64(rb->when, ra->when);
	default:
		return 0;
	}
}

static int compare(const void *pa, const void *pb, void *arg)
{
	const struct fds_row *a = pa, *b = pb;
	const struct fds_query *q = arg;
	int c;

	if (cancelled(q))
		return 0; /* the sooner it ends */
	/* 0, alone, comes behind all letters. */
	c = q->group ? cmp_u64(a->letter - 1u, b->letter - 1u) : by_order(&q->order, a, b);
	c = c ? c : cmp_table(a->e, b->e);
	return q->order.invert && !q->group ? -c : c;
}

/* A table of group keys, open addressing; sized so that it is never full. */
struct groups {
	uint64_t *key;
	uint32_t *letter;
	size_t mask;
	uint32_t next;
};

static uint32_t letter_of(struct groups *g, uint64_t key)
{
	size_t at = (size_t)((key * 0x9e3779b97f4a7c15u) >> 20) & g->mask;

	while (g->letter[at] && g->key[at] != key)
		at = (at + 1) & g->mask;
	if (!g->letter[at]) {
		g->key[at] = key;
		g->letter[at] = ++g->next;
	}
	return g->letter[at];
}

/* What puts a row into a group: its description, or else its file. 0: nothing. */
static uint64_t group_key(const struct fds_query *q, const struct fdent *e)
{
	const struct fdent *wide = picture_find(q->wide, e), *const * first;
	const struct picture *pic = wide ? q->wide : q->pic;
	const struct fdent *of = wide ? wide : e;

	if (!fdent_is_fd(e))
		return 0;
	if (of->ofd && of->shares > 1)
		return (uint64_t)of->ofd << 1 | 1;
	if (of->ofd && picture_same_inode(pic, of, &first) > 1)
		return (e->ino * 31 + e->dev) << 1;
	return 0;
}

/* The first group of the table is A, the next B. Rows are in the table's order. */
static void give_letters(struct fds_view *v, const struct fds_query *q)
{
	struct groups g = { .mask = 63 };

	while (g.mask < v->n * 2)
		g.mask = g.mask * 2 + 1;
	g.key = xcalloc(g.mask + 1, sizeof(*g.key));
	g.letter = xcalloc(g.mask + 1, sizeof(*g.letter));
	for (size_t i = 0; i < v->n && !cancelled(q); i++) {
		uint64_t key = group_key(q, v->rows[i].e);

		v->rows[i].letter = key ? letter_of(&g, key) : 0;
	}
	free(g.key);
	free(g.letter);
}

static const struct fds_seen *seen_of(const struct fds_query *q, const struct fdent *e)
{
	size_t lo = 0, hi = q->n_seen;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct fds_seen *x = &q->seen[mid];
		int c = x->tid != e->proc->tid ? (x->tid < e->proc->tid ? -1 : 1)
			: x->assoc != e->assoc ? (x->assoc < e->assoc ? -1 : 1)
					       : (x->fd < e->fd ? -1 : x->fd > e->fd);

		if (!c)
			return x;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static uint64_t ident_of(const struct fdent *e)
{
	return e->ino * 31 + e->dev * 17 + e->mode;
}

static int compare_seen(const void *pa, const void *pb)
{
	const struct fds_seen *a = pa, *b = pb;

	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	if (a->assoc != b->assoc)
		return a->assoc < b->assoc ? -1 : 1;
	return a->fd < b->fd ? -1 : a->fd > b->fd;
}

static struct fds_seen look_at(const struct fds_query *q, const struct fdent *e)
{
	const struct fds_seen *old = seen_of(q, e);
	struct fds_seen now = { e->proc->tid, e->fd, e->assoc, ident_of(e), fdrow_hash(e), 0, 0 };

	if (!q->seen)
		return now;
	if (!old || old->ident != now.ident) {
		now.change = FDS_NEW;
		now.when = q->now;
	} else if (old->hash != now.hash) {
		bool fresh = old->change == FDS_NEW && q->now - old->when < FDS_FADE_MS;

		now.change = fresh ? FDS_NEW : FDS_CHANGED;
		now.when = q->now;
	} else {
		now.change = old->change;
		now.when = old->when;
	}
	return now;
}

/* Compare with the last look: what is new, what moved, how many are gone. */
static void look(struct fds_view *v, const struct fds_query *q)
{
	struct survey_iter it = { 0 };
	const struct fdent *e;
	struct fds_seen *seen = xcalloc(survey_count(q->pic->s) + 1, sizeof(*seen));
	size_t n = 0, kept = 0;

	while ((e = survey_next(q->pic->s, &it)) && !cancelled(q)) {
		bool now;

		if (e->assoc == ASSOC_MEM)
			continue;
		seen[n] = look_at(q, e);
		now = q->seen && seen[n].when == q->now;
		kept += seen[n].change != FDS_NEW || !now;
		v->moved |= now;
		n++;
	}
	qsort(seen, n, sizeof(*seen), compare_seen);
	v->gone = !q->seen || q->n_seen < kept ? 0 : (unsigned)(q->n_seen - kept);
	v->seen = seen;
	v->n_seen = n;
}

/* Rows that pass the filter, in the order of the table. */
static void choose(struct fds_view *v, const struct fds_query *q, struct columns *c)
{
	struct fds_query now = *q;
	struct survey_iter it = { 0 };
	const struct fdent *e;

	if (v->seen) {
		now.seen = v->seen;
		now.n_seen = v->n_seen;
	}
	v->rows = xcalloc(survey_count(q->pic->s) + 1, sizeof(*v->rows));
	while ((e = survey_next(q->pic->s, &it)) && !cancelled(q)) {
		const struct fds_seen *seen;

		if (e->proc->pid != q->pid)
			continue;
		v->total += fdent_is_fd(e);
		if (!filter_match(q->filter, c, e))
			continue;
		seen = seen_of(&now, e);
		v->rows[v->n++] = (struct fds_row){
			.e = e,
			.when = seen ? seen->when : 0,
			.change = seen ? seen->change : 0,
		};
	}
}

static int compare_place(const void *pa, const void *pb)
{
	const struct fds_row *a = pa, *b = pb;

	return cmp_u64((uintptr_t)a->e, (uintptr_t)b->e);
}

/* By whatever a column or fact says. */
static void sort_by_column(struct fds_view *v, const struct fds_query *q, struct columns *c)
{
	autofree const struct fdent **at = xcalloc(v->n + 1, sizeof(*at));
	autofree struct fds_row *by_place = xcalloc(v->n + 1, sizeof(*by_place));

	for (size_t i = 0; i < v->n; i++) {
		at[i] = v->rows[i].e;
		by_place[i] = v->rows[i];
	}
	qsort(by_place, v->n, sizeof(*by_place), compare_place);
	columns_want(c, &q->order.column);
	column_sort(c, &q->order.column, q->order.invert, at, v->n);
	for (size_t i = 0; i < v->n; i++) {
		const struct fds_row key = { .e = at[i] };

		v->rows[i] = *(struct fds_row *)bsearch(&key, by_place, v->n, sizeof(key),
							compare_place);
	}
}

bool fds_view_make(struct fds_view *v, const struct fds_query *q)
{
	struct columns columns;

	*v = (struct fds_view){ 0 };
	columns_init(&columns, q->pic->s, q->mode);
	if (q->look)
		look(v, q);
	choose(v, q, &columns);
	give_letters(v, q);
	qsort_r(v->rows, v->n, sizeof(*v->rows), compare, (void *)(uintptr_t)q);
	if (q->order.by == FDS_BY_COLUMN && !q->group && !cancelled(q))
		sort_by_column(v, q, &columns);
	columns_release(&columns);
	if (!cancelled(q))
		return true;
	fds_view_release(v);
	return false;
}

void fds_view_release(struct fds_view *v)
{
	free(v->rows);
	free(v->seen);
	*v = (struct fds_view){ 0 };
}
