/* SPDX-License-Identifier: MIT */
/* Which rows are shown and in what order; what changed since the last look. */
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "ui/tui/fds.h"
#include "ui/tui/views.h"

#define FADE_MS   3000
#define RESORT_MS 1500

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

static int compare(const void *pa, const void *pb, void *arg)
{
	const struct fds_row *ra = pa, *rb = pb;
	const struct fdent *a = ra->e, *b = rb->e;
	const struct fds_state *s = arg;
	int c = 0;

	if (s->group) {
		/* 0, alone, comes behind all letters. */
		c = cmp_u64(ra->letter - 1u, rb->letter - 1u);
		return c ? c : cmp_table(a, b);
	}
	switch (s->order.by) {
	case FDS_BY_KIND:
		c = strcmp(a->kind->name, b->kind->name);
		break;
	case FDS_BY_MODE:
		c = strcmp(fdent_access(a), fdent_access(b));
		break;
	case FDS_BY_POS:
		c = cmp_u64(b->pos, a->pos);
		break;
	case FDS_BY_SIZE:
		c = cmp_u64(b->have & HAVE_SIZE ? b->size : 0, a->have & HAVE_SIZE ? a->size : 0);
		break;
	case FDS_BY_SHARE:
		c = cmp_u64(b->shares, a->shares);
		c = c ? c : cmp_u64(a->ofd, b->ofd);
		break;
	case FDS_BY_NAME:
		c = cmp_name(a, b);
		break;
	case FDS_BY_CHANGE:
		c = cmp_u64(rb->when, ra->when);
		break;
	default:
		break;
	}
	c = c ? c : cmp_table(a, b);
	return s->order.invert ? -c : c;
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
static uint64_t group_key(const struct app *a, const struct fdent *e)
{
	const struct fdent *wide = picture_find(a->wide, e), *const * first;
	const struct picture *pic = wide ? a->wide : a->target_pic;
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
static void give_letters(struct app *a)
{
	struct fds_state *s = a->fds;
	struct groups g = { .mask = 63 };

	while (g.mask < s->n * 2)
		g.mask = g.mask * 2 + 1;
	g.key = xcalloc(g.mask + 1, sizeof(*g.key));
	g.letter = xcalloc(g.mask + 1, sizeof(*g.letter));
	for (size_t i = 0; i < s->n; i++) {
		uint64_t key = group_key(a, s->rows[i].e);

		s->rows[i].letter = key ? letter_of(&g, key) : 0;
	}
	free(g.key);
	free(g.letter);
}

/* Before rows change: the cursor is to stay with its row. */
static void note_cursor(struct fds_state *s)
{
	const struct fdent *e;

	if (s->list.cur >= s->n)
		return;
	e = s->rows[s->list.cur].e;
	s->at = (struct fds_mark){ e->proc->tid, e->assoc, e->fd, e->ino, e->dev };
	s->placed = true;
}

static void find_cursor(struct fds_state *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct fdent *e = s->rows[i].e;
		bool wanted = s->want_fd >= 0 && e->fd == s->want_fd && e->assoc == ASSOC_FD;
		bool was = s->want_fd < 0 && s->follow && s->placed && e->fd == s->at.fd &&
			   e->assoc == s->at.assoc && e->proc->tid == s->at.tid &&
			   (e->fd >= 0 || e->ino == s->at.ino);

		if (wanted || was) {
			list_go(&s->list, i);
			s->want_fd = -1;
			return;
		}
	}
}

static const struct fds_seen *seen_of(const struct fds_state *s, const struct fdent *e)
{
	size_t lo = 0, hi = s->n_seen;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct fds_seen *x = &s->seen[mid];
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

static struct fds_seen look_at(const struct app *a, const struct fdent *e, bool first)
{
	const struct fds_seen *old = seen_of(a->fds, e);
	struct fds_seen now = { e->proc->tid, e->fd, e->assoc, ident_of(e), fdrow_hash(e), 0, 0 };

	if (first)
		return now;
	if (!old || old->ident != now.ident) {
		now.change = FDS_NEW;
		now.when = a->now;
	} else if (old->hash != now.hash) {
		now.change = old->change == FDS_NEW && a->now - old->when < FADE_MS ? FDS_NEW
										    : FDS_CHANGED;
		now.when = a->now;
	} else {
		now.change = old->change;
		now.when = old->when;
	}
	return now;
}

/* Compare with the last look: what is new, what moved, how many are gone. */
static void remember(struct app *a)
{
	struct fds_state *s = a->fds;
	const struct survey *v = a->target_pic->s;
	struct survey_iter it = { 0 };
	const struct fdent *e;
	struct fds_seen *seen = xcalloc(survey_count(v) + 1, sizeof(*seen));
	bool first = !s->seen;
	size_t n = 0, kept = 0;

	while ((e = survey_next(v, &it))) {
		if (e->assoc == ASSOC_MEM)
			continue;
		seen[n] = look_at(a, e, first);
		kept += seen[n].change != FDS_NEW || seen[n].when != a->now;
		if (seen[n].when == a->now)
			s->fade_until = a->now + FADE_MS;
		n++;
	}
	qsort(seen, n, sizeof(*seen), compare_seen);
	s->gone = first || s->n_seen < kept ? 0 : (unsigned)(s->n_seen - kept);
	free(s->seen);
	s->seen = seen;
	s->n_seen = n;
}

static int compare_place(const void *pa, const void *pb)
{
	const struct fds_row *a = pa, *b = pb;

	return cmp_u64((uintptr_t)a->e, (uintptr_t)b->e);
}

/* By whatever a column or fact says; rows are in the table's order. */
static void sort_by_column(struct fds_state *s, struct columns *c)
{
	autofree const struct fdent **at = xcalloc(s->n + 1, sizeof(*at));
	autofree struct fds_row *by_place = xcalloc(s->n + 1, sizeof(*by_place));

	for (size_t i = 0; i < s->n; i++) {
		at[i] = s->rows[i].e;
		by_place[i] = s->rows[i];
	}
	qsort(by_place, s->n, sizeof(*by_place), compare_place);
	columns_want(c, &s->order.column);
	column_sort(c, &s->order.column, s->order.invert, at, s->n);
	for (size_t i = 0; i < s->n; i++) {
		const struct fds_row key = { .e = at[i] };

		s->rows[i] = *(struct fds_row *)bsearch(&key, by_place, s->n, sizeof(key),
							compare_place);
	}
}

static bool passes(struct app *a, struct columns *c, const struct fdent *e);

void fds_rebuild(struct app *a)
{
	struct fds_state *s = a->fds;
	struct survey_iter it = { 0 };
	struct columns columns;
	const struct fdent *e;

	note_cursor(s);
	s->n = s->total = 0;
	s->columns_stale = true;
	a->dirty = true;
	if (!a->target_pic) {
		list_set_count(&s->list, 0);
		return;
	}
	columns_init(&columns, a->target_pic->s, a->mode);
	s->rows = xreallocarray(s->rows, survey_count(a->target_pic->s) + 1, sizeof(*s->rows));
	while ((e = survey_next(a->target_pic->s, &it))) {
		const struct fds_seen *seen = seen_of(s, e);

		if (e->proc->pid != a->target.pid)
			continue;
		s->total += fdent_is_fd(e);
		if (!s->filter.len || passes(a, &columns, e))
			s->rows[s->n++] = (struct fds_row){
				.e = e,
				.when = seen ? seen->when : 0,
				.change = seen ? seen->change : 0,
			};
	}
	give_letters(a);
	qsort_r(s->rows, s->n, sizeof(*s->rows), compare, s);
	if (s->order.by == FDS_BY_COLUMN && !s->group)
		sort_by_column(s, &columns);
	columns_release(&columns);
	list_set_count(&s->list, s->n);
	find_cursor(s);
}

void fds_updated(struct app *a)
{
	if (a->target_pic)
		remember(a);
	fds_rebuild(a);
}

void fds_target_changed(struct app *a)
{
	struct fds_state *s = a->fds;

	free(s->seen);
	s->seen = NULL;
	s->n_seen = s->n_marks = s->n = 0;
	s->placed = false;
	s->want_fd = -1;
	s->list = (struct list){ 0 };
	s->gone = 0;
	fds_rebuild(a);
}

bool fds_fading(const struct app *a)
{
	return a->fds->fade_until && a->now < a->fds->fade_until + 400;
}

/* ---- the filter ---- */

static bool passes(struct app *a, struct columns *c, const struct fdent *e)
{
	return filter_match(a->fds->compiled, c, e);
}

/* False: text is wrong, the old filter stays in force. */
bool fds_set_filter(struct app *a, const char *text, struct filter_error *error)
{
	struct fds_state *s = a->fds;
	struct filter *f;

	if (filter_compile(&f, text, error) < 0)
		return false;
	filter_free(s->compiled);
	s->compiled = f;
	buf_reset(&s->filter);
	buf_adds(&s->filter, text);
	fds_rebuild(a);
	return true;
}

void fds_filter_release(struct fds_state *s)
{
	filter_free(s->compiled);
}
