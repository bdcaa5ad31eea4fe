/* SPDX-License-Identifier: MIT */
/*
 * Merge sort by kcmp order in which equal elements fuse: a group found equal
 * goes on as one element. The order is total only while nobody closes a slot,
 * so every loop here ends whatever kcmp answers, and what was sorted is
 * compared once more, neighbour by neighbour, before it is believed.
 */
#include "src/share/ofd.h"

#include <errno.h>
#include <string.h>

#include "src/base/sys.h"

#define NOBODY UINT32_MAX
#define TRIES  3

enum order { ORDER_SAME, ORDER_LESS, ORDER_GREATER, ORDER_NONE };

static int compare(struct ofd_sort *s, uint32_t x, uint32_t y)
{
	struct ofd_slot a = s->slots[x], b = s->slots[y];

	s->calls++;
	return s->opts->kcmp(s->opts->kcmp_ctx, a.task, b.task, SYS_KCMP_FILE, (unsigned long)a.fd,
			     (unsigned long)b.fd);
}

/* Who of two that could not be compared is to blame? Itself tells. */
static bool is_comparable(struct ofd_sort *s, uint32_t x)
{
	if (compare(s, x, x) == 0)
		return true;
	s->gone[x] = 1;
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
	s->gone[x] = s->gone[y] = 1;
	return ORDER_NONE;
}

/* One that can speak for the group; NOBODY if all are gone. */
static uint32_t speaker(const struct ofd_sort *s, uint32_t x)
{
	uint32_t at = x;

	while (s->gone[at]) {
		at = s->next[at];
		if (at == x)
			return NOBODY;
	}
	return at;
}

/* Two rings become one. */
static void fuse(struct ofd_sort *s, uint32_t x, uint32_t y)
{
	uint32_t swap = s->next[x];

	s->next[x] = s->next[y];
	s->next[y] = swap;
}

struct run {
	uint32_t *at, *end;
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
	return s->presorted && a.at < a.end && b.at < b.end && !s->gone[a.end[-1]] &&
	       !s->gone[*b.at] && order(s, a.end[-1], *b.at) == ORDER_LESS;
}

static uint32_t *run_move(struct run *from, uint32_t *to)
{
	size_t n = (size_t)(from->end - from->at);

	memmove(to, from->at, n * sizeof(*to));
	from->at = from->end;
	return to + n;
}

static bool is_cancelled(const struct ofd_sort *s)
{
	return s->opts->cancel && atomic_load_explicit(s->opts->cancel, memory_order_relaxed);
}

size_t ofd_merge(struct ofd_sort *s, size_t na, size_t half, size_t nb)
{
	struct run a = { s->list, s->list + na }, b = { s->list + half, s->list + half + nb };
	uint32_t *out = s->spare;

	if (is_cancelled(s))
		return 0;
	if (follows(s, a, b))
		out = run_move(&a, out);
	while (run_head(s, &a) && run_head(s, &b)) {
		switch (order(s, *a.at, *b.at)) {
		case ORDER_SAME:
			fuse(s, *a.at, *b.at++);
			*out++ = *a.at++;
			break;
		case ORDER_LESS:
			*out++ = *a.at++;
			break;
		case ORDER_GREATER:
			*out++ = *b.at++;
			break;
		case ORDER_NONE:
			break;
		}
	}
	out = run_move(&a, out);
	out = run_move(&b, out);
	memcpy(s->list, s->spare, (size_t)(out - s->spare) * sizeof(*out));
	return (size_t)(out - s->spare);
}

size_t ofd_sort(struct ofd_sort *s, size_t n)
{
	size_t half = n / 2, na, nb;
	struct ofd_sort right = *s;

	if (n < 2)
		return n;
	na = ofd_sort(s, half);
	right.list += half;
	right.spare += half;
	right.calls = 0;
	nb = ofd_sort(&right, n - half);
	s->calls += right.calls;
	return ofd_merge(s, na, half, nb);
}

/* Lay out the rings one after the other, each from its speaker on. */
static size_t flatten(struct ofd_sort *s, size_t groups)
{
	size_t n = 0;

	for (size_t i = 0; i < groups; i++) {
		uint32_t first = s->list[i], at = first;

		do {
			if (!s->gone[at])
				s->spare[n++] = at;
			at = s->next[at];
		} while (at != first);
	}
	memcpy(s->list, s->spare, n * sizeof(*s->list));
	return n;
}

static void label(struct ofd_sort *s, uint32_t x, uint32_t as)
{
	s->rows[x]->ofd = as;
}

/*
 * Compare neighbours in list[0..n): same joins, less begins a group, all else
 * says that the order no longer holds there. Returns how many stay without.
 */
static size_t settle_once(struct ofd_sort *s, size_t n)
{
	uint32_t *settled = s->spare;
	size_t top = 0, loose = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t x = s->list[i];
		enum order o = ORDER_LESS;

		label(s, x, 0);
		while (top && s->gone[settled[top - 1]])
			top--;
		if (top)
			o = order(s, settled[top - 1], x);
		if (o == ORDER_NONE && !s->gone[x]) {
			i--;
			continue;
		}
		if (o == ORDER_SAME || o == ORDER_LESS) {
			label(s, x, o == ORDER_SAME ? s->rows[settled[top - 1]]->ofd : x + 1);
			settled[top++] = x;
		} else if (o == ORDER_GREATER) {
			loose++;
		}
	}
	return loose;
}

/* Two members need no second look: the one answer is all there is. */
static void settle_two(struct ofd_sort *s, size_t groups)
{
	for (size_t i = 0; i < groups; i++) {
		uint32_t first = s->list[i], at = first;

		do {
			label(s, at, s->gone[at] ? 0 : first + 1);
			at = s->next[at];
		} while (at != first);
	}
}

void ofd_settle(struct ofd_sort *s, size_t groups, size_t members)
{
	size_t n;

	if (members <= 2) {
		settle_two(s, groups);
		return;
	}
	n = flatten(s, groups);
	s->presorted = true;
	for (int try = 1; settle_once(s, n) && try < TRIES; try++) {
		for (size_t i = 0; i < n; i++) {
			s->next[s->list[i]] = s->list[i];
			label(s, s->list[i], 0);
		}
		n = flatten(s, ofd_sort(s, n));
	}
}
