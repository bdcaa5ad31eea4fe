/* SPDX-License-Identifier: MIT */
/*
 * Merge sort by kcmp order in which equal elements fuse: a group found equal
 * goes on as one element. The order is total only while nobody closes a slot,
 * so every loop here ends whatever kcmp answers, and no order is believed before
 * each two neighbours of it were compared at the end.
 */
#include "src/share/ofd_sort.h"

#include <errno.h>
#include <string.h>

#include "src/base/sys.h"

#define NOBODY UINT32_MAX
#define TRIES  3

enum order { ORDER_SAME, ORDER_LESS, ORDER_GREATER, ORDER_NONE };

static int compare(struct ofd_sort *s, uint32_t x, uint32_t y)
{
	const struct ofd_rows *r = s->rows;
	struct ofd_slot a = r->slots[x], b = r->slots[y];

	s->calls++;
	return r->opts->kcmp(r->opts->kcmp_ctx, a.task, b.task, SYS_KCMP_FILE, (unsigned long)a.fd,
			     (unsigned long)b.fd);
}

/* Who of two that could not be compared is to blame? Itself tells. */
static bool is_comparable(struct ofd_sort *s, uint32_t x)
{
	if (compare(s, x, x) == 0)
		return true;
	s->rows->gone[x] = 1;
	return false;
}

/* ORDER_NONE: at least one of them is gone now. */
static enum order order(struct ofd_sort *s, uint32_t x, uint32_t y)
{
	for (int try = 0; try < 2; try++) {
		int r = compare(s, x, y);
		bool x_is, y_is;

		if (r >= 0 && r <= 2)
			return (enum order)r;
		x_is = is_comparable(s, x);
		y_is = is_comparable(s, y);
		if (!x_is || !y_is)
			return ORDER_NONE;
	}
	s->rows->gone[x] = s->rows->gone[y] = 1;
	return ORDER_NONE;
}

/* One that can speak for the group; NOBODY if all are gone. */
static uint32_t speaker(const struct ofd_sort *s, uint32_t x)
{
	uint32_t at = x;

	while (s->rows->gone[at]) {
		at = s->rows->next[at];
		if (at == x)
			return NOBODY;
	}
	return at;
}

/* Two rings become one. */
static void fuse(struct ofd_sort *s, uint32_t x, uint32_t y)
{
	uint32_t *next = s->rows->next, swap = next[x];

	next[x] = next[y];
	next[y] = swap;
}

struct run {
	uint32_t *at, *end;
};

/* The list that two runs become. */
struct merged {
	uint32_t *end;
	const struct run *from; /* of the last; NULL: of both */
	bool check;             /* compare neighbours, unless that was just done */
	bool broken;            /* two of them were not in order */
};

static bool run_head(const struct ofd_sort *s, struct run *r)
{
	for (; r->at < r->end; r->at++) {
		uint32_t x = speaker(s, *r->at);

		if (x != NOBODY) {
			*r->at = x;
			return true;
		}
	}
	return false;
}

/* Does all of a come before all of b? Only asked where it is likely. */
static bool follows(struct ofd_sort *s, struct run a, struct run b)
{
	const uint8_t *gone = s->rows->gone;

	return s->presorted && a.at < a.end && b.at < b.end && !gone[a.end[-1]] && !gone[*b.at] &&
	       order(s, a.end[-1], *b.at) == ORDER_LESS;
}

static bool is_ring_whole(struct ofd_sort *s, uint32_t x)
{
	const uint32_t *next = s->rows->next;

	for (uint32_t at = x; next[at] != x; at = next[at])
		if (order(s, at, next[at]) != ORDER_SAME)
			return false;
	return true;
}

/* from NULL: x is of both, two that were compared just now. */
static bool is_in_order(struct ofd_sort *s, const struct merged *m, uint32_t x,
			const struct run *from)
{
	const uint32_t *next = s->rows->next;
	/* One of another run came before x because it was compared with x. */
	bool compared = m->end == s->spare || (m->from && m->from != from);

	if (!compared && order(s, m->end[-1], x) != ORDER_LESS)
		return false;
	return (!from && next[next[x]] == x) || is_ring_whole(s, x);
}

static void put(struct ofd_sort *s, struct merged *m, uint32_t x, const struct run *from)
{
	if (m->check && !m->broken)
		m->broken = !is_in_order(s, m, x, from);
	*m->end++ = x;
	m->from = from;
}

static void put_rest(struct ofd_sort *s, struct merged *m, struct run *from)
{
	while (from->at < from->end)
		put(s, m, *from->at++, from);
}

static bool is_cancelled(const struct ofd_sort *s)
{
	const atomic_bool *cancel = s->rows->opts->cancel;

	return cancel && atomic_load_explicit(cancel, memory_order_relaxed);
}

static size_t merge(struct ofd_sort *s, struct merged *m, struct run a, struct run b)
{
	if (is_cancelled(s))
		return 0;
	m->end = s->spare;
	if (follows(s, a, b))
		put_rest(s, m, &a);
	while (run_head(s, &a) && run_head(s, &b)) {
		switch (order(s, *a.at, *b.at)) {
		case ORDER_SAME:
			fuse(s, *a.at, *b.at++);
			put(s, m, *a.at++, NULL);
			break;
		case ORDER_LESS:
			put(s, m, *a.at++, &a);
			break;
		case ORDER_GREATER:
			put(s, m, *b.at++, &b);
			break;
		case ORDER_NONE:
			m->broken = true;
			break;
		}
	}
	put_rest(s, m, &a);
	put_rest(s, m, &b);
	memcpy(s->list, s->spare, (size_t)(m->end - s->spare) * sizeof(*s->list));
	return (size_t)(m->end - s->spare);
}

size_t ofd_merge(struct ofd_sort *s, size_t na, size_t half, size_t nb)
{
	struct run a = { s->list, s->list + na }, b = { s->list + half, s->list + half + nb };
	struct merged m = { 0 };

	return merge(s, &m, a, b);
}

/* Two halves; how many groups each becomes. */
static void sort_halves(struct ofd_sort *s, size_t n, size_t groups[2])
{
	struct ofd_sort right = *s;
	size_t half = n / 2;

	groups[0] = ofd_sort(s, half);
	right.list += half;
	right.spare += half;
	right.calls = 0;
	groups[1] = ofd_sort(&right, n - half);
	s->calls += right.calls;
}

size_t ofd_sort(struct ofd_sort *s, size_t n)
{
	size_t groups[2];

	if (n < 2)
		return n;
	sort_halves(s, n, groups);
	return ofd_merge(s, groups[0], n / 2, groups[1]);
}

/* Lay out the rings one after the other, each from its speaker on. */
static size_t flatten(struct ofd_sort *s, size_t groups)
{
	size_t n = 0;

	for (size_t i = 0; i < groups; i++) {
		uint32_t first = s->list[i], at = first;

		do {
			if (!s->rows->gone[at])
				s->spare[n++] = at;
			at = s->rows->next[at];
		} while (at != first);
	}
	memcpy(s->list, s->spare, n * sizeof(*s->list));
	return n;
}

/*
 * Compare neighbours in list[0..n): same joins, less begins a group, all else
 * says that the order no longer holds there. Returns how many stay without.
 */
static size_t settle_once(struct ofd_sort *s, size_t n)
{
	const uint8_t *gone = s->rows->gone;
	uint32_t *settled = s->spare, *label = s->rows->label;
	size_t top = 0, loose = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t x = s->list[i];
		enum order o = ORDER_LESS;

		label[x] = 0;
		while (top && gone[settled[top - 1]])
			top--;
		if (top)
			o = order(s, settled[top - 1], x);
		if (o == ORDER_NONE && !gone[x]) {
			i--;
			continue;
		}
		if (o == ORDER_SAME || o == ORDER_LESS) {
			label[x] = o == ORDER_SAME ? label[settled[top - 1]] : x + 1;
			settled[top++] = x;
		} else if (o == ORDER_GREATER) {
			loose++;
		}
	}
	return loose;
}

static void believe(const struct ofd_sort *s, size_t groups)
{
	const struct ofd_rows *r = s->rows;

	for (size_t i = 0; i < groups; i++) {
		uint32_t first = s->list[i], at = first;

		do {
			r->label[at] = r->gone[at] ? 0 : first + 1;
			at = r->next[at];
		} while (at != first);
	}
}

/* What was found is not the order now, or was not all the time. */
static void settle(struct ofd_sort *s, size_t groups)
{
	size_t n = flatten(s, groups);

	s->presorted = true;
	for (int try = 1; settle_once(s, n) && try < TRIES; try++) {
		for (size_t i = 0; i < n; i++) {
			s->rows->next[s->list[i]] = s->list[i];
			s->rows->label[s->list[i]] = 0;
		}
		n = flatten(s, ofd_sort(s, n));
	}
}

void ofd_merge_all(struct ofd_sort *s, size_t na, size_t half, size_t nb)
{
	struct run a = { s->list, s->list + na }, b = { s->list + half, s->list + half + nb };
	struct merged m = { .check = true };
	size_t groups = merge(s, &m, a, b);

	if (m.broken)
		settle(s, groups);
	else
		believe(s, groups);
}

void ofd_sort_all(struct ofd_sort *s, size_t n)
{
	size_t groups[2];

	sort_halves(s, n, groups);
	ofd_merge_all(s, groups[0], n / 2, groups[1]);
}
