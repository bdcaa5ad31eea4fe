/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/survey/columns.h"

enum rank { RANK_NEGATIVE, RANK_NUMBER, RANK_TEXT, RANK_NONE };

struct key {
	const struct fdent *e;
	union {
		uint64_t number; /* of negative ones the two's complement: ordered too */
		const char *text;
	};
	uint32_t len;
	uint32_t index;
	uint8_t rank;
	bool descending;
};

static void key_number(struct key *k, bool negative, uint64_t n)
{
	k->rank = negative ? RANK_NEGATIVE : RANK_NUMBER;
	k->number = n;
}

static void key_make(struct key *k, struct arena *texts, const struct fact *v)
{
	switch (v->type) {
	case FACT_TEXT:
	case FACT_BYTES:
		k->rank = RANK_TEXT;
		k->text = arena_copy(texts, v->text, v->len);
		k->len = (uint32_t)v->len;
		break;
	case FACT_I64:
	case FACT_TIME:
		key_number(k, v->i64 < 0, v->u64);
		break;
	case FACT_BOOL:
		key_number(k, false, v->yes);
		break;
	default:
		key_number(k, false, v->u64);
	}
}

static int by_text(const struct key *a, const struct key *b)
{
	size_t n = a->len < b->len ? a->len : b->len;
	int r = n ? memcmp(a->text, b->text, n) : 0;

	return r ? r : (a->len > b->len) - (a->len < b->len);
}

static int by_value(const struct key *a, const struct key *b)
{
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->rank == RANK_TEXT)
		return by_text(a, b);
	return a->rank == RANK_NONE ? 0 : (a->number > b->number) - (a->number < b->number);
}

static int by_key(const void *pa, const void *pb)
{
	const struct key *a = pa, *b = pb;
	int r;

	if ((a->rank == RANK_NONE) != (b->rank == RANK_NONE))
		return a->rank == RANK_NONE ? 1 : -1;
	r = by_value(a, b);
	if (r)
		return a->descending ? -r : r;
	return a->index < b->index ? -1 : a->index > b->index;
}

void column_sort(struct columns *c, const struct column_ref *ref, bool descending,
		 const struct fdent **rows, size_t n)
{
	autofree struct key *keys = xcalloc(n + 1, sizeof(*keys));
	struct arena texts = { 0 };
	struct fact v;

	columns_want(c, ref);
	for (size_t i = 0; i < n; i++) {
		keys[i] = (struct key){ .e = rows[i],
					.index = (uint32_t)i,
					.rank = RANK_NONE,
					.descending = descending };
		if (column_value(c, ref, rows[i], &v))
			key_make(&keys[i], &texts, &v);
	}
	qsort(keys, n, sizeof(*keys), by_key);
	for (size_t i = 0; i < n; i++)
		rows[i] = keys[i].e;
	arena_release(&texts);
}
