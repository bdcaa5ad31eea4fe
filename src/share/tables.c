/* SPDX-License-Identifier: MIT */
#include "src/share/tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"

struct tables {
	kcmp_fn *kcmp;
	void *ctx;
	pid_t *at; /* one thread of each table, in kcmp order */
	size_t n;
};

static int compare(const struct tables *t, pid_t a, pid_t b)
{
	return t->kcmp(t->ctx, a, b, SYS_KCMP_FILES, 0, 0);
}

/*
 * Where tid belongs: *at; 1 if that table is there already, 0 if not, or
 * -errno: -EAGAIN when it is the thread compared with that is gone.
 */
static int find(const struct tables *t, pid_t tid, size_t *at)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int r = compare(t, t->at[mid], tid);

		if (r == -ESRCH && compare(t, tid, tid) == 0)
			return -EAGAIN;
		if (r < 0)
			return r;
		*at = mid;
		if (r == 0)
			return 1;
		if (r == 1)
			low = mid + 1;
		else
			high = mid;
	}
	*at = low;
	return 0;
}

static int add(struct tables *t, pid_t tid)
{
	size_t at;
	int r = find(t, tid, &at);

	if (r)
		return r;
	t->at = xreallocarray(t->at, t->n + 1, sizeof(*t->at));
	memmove(t->at + at + 1, t->at + at, (t->n - at) * sizeof(*t->at));
	t->at[at] = tid;
	t->n++;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int collect(struct tables *t, pid_t pid, const int *tids, size_t n)
{
	int r = compare(t, pid, pid);

	t->n = 0;
	for (size_t i = 0; r >= 0 && i < n; i++) {
		if (tids[i] == pid)
			continue;
		r = compare(t, pid, tids[i]);
		if (r > 0)
			r = add(t, tids[i]);
		if (r == -ESRCH)
			r = 0;
	}
	return r;
}

int tables_others(pid_t pid, const int *tids, size_t n, kcmp_fn *kcmp, void *kcmp_ctx,
		  pid_t **found, size_t *n_found)
{
	struct tables t = { kcmp ? kcmp : kcmp_system, kcmp_ctx, NULL, 0 };
	int r = -EAGAIN;

	for (int try = 0; r == -EAGAIN && try < 3; try++)
		r = collect(&t, pid, tids, n);
	if (r < 0) {
		free(t.at);
		return r;
	}
	if (t.n)
		qsort(t.at, t.n, sizeof(*t.at), by_number);
	*found = t.at;
	*n_found = t.n;
	return 0;
}
