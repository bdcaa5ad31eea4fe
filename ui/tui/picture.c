/* SPDX-License-Identifier: MIT */
#include "ui/tui/picture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/survey/diff.h"
#include "ui/tui/clock.h"

static bool on_file(const struct fdent *e)
{
	return (e->have & HAVE_STAT) && S_ISREG(e->mode);
}

static int order(const struct fdent *a, const struct fdent *b)
{
	if (a->proc->pid != b->proc->pid)
		return a->proc->pid < b->proc->pid ? -1 : 1;
	if (a->proc->tid != b->proc->tid)
		return a->proc->tid < b->proc->tid ? -1 : 1;
	return a->fd < b->fd ? -1 : a->fd > b->fd;
}

static int ofd_order(const struct fdent *a, const struct fdent *b)
{
	return a->ofd < b->ofd ? -1 : a->ofd > b->ofd;
}

static int inode_order(const struct fdent *a, const struct fdent *b)
{
	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	return a->ino < b->ino ? -1 : a->ino > b->ino;
}

static int by_ofd(const void *pa, const void *pb)
{
	const struct fdent *a = *(const struct fdent *const *)pa;
	const struct fdent *b = *(const struct fdent *const *)pb;
	int c = ofd_order(a, b);

	return c ? c : order(a, b);
}

static int by_inode(const void *pa, const void *pb)
{
	const struct fdent *a = *(const struct fdent *const *)pa;
	const struct fdent *b = *(const struct fdent *const *)pb;
	int c = inode_order(a, b);

	return c ? c : order(a, b);
}

static void index_rows(struct picture *p)
{
	size_t rows = survey_count(p->s);
	struct survey_iter it = { 0 };
	const struct fdent *e;

	p->by_ofd = xcalloc(rows + 1, sizeof(*p->by_ofd));
	p->by_inode = xcalloc(rows + 1, sizeof(*p->by_inode));
	while ((e = survey_next(p->s, &it))) {
		if (!fdent_is_fd(e))
			continue;
		p->count++;
		if (e->ofd && e->shares > 1)
			p->by_ofd[p->n_ofd++] = e;
		if (on_file(e))
			p->by_inode[p->n_inode++] = e;
	}
	qsort(p->by_ofd, p->n_ofd, sizeof(*p->by_ofd), by_ofd);
	qsort(p->by_inode, p->n_inode, sizeof(*p->by_inode), by_inode);
}

int picture_take(struct picture **out, const struct survey_opts *opts, struct fail *f)
{
	struct picture *p = xcalloc(1, sizeof(*p));
	uint64_t before = clock_ms();
	int err = survey_take(&p->s, opts, f);

	if (err < 0) {
		free(p);
		return err;
	}
	index_rows(p);
	p->refs = 1;
	p->own_fd = -1;
	p->at = clock_ms();
	p->took_ms = p->at - before;
	*out = p;
	return 0;
}

struct picture *picture_ref(struct picture *p)
{
	if (p)
		p->refs++;
	return p;
}

void picture_unref(struct picture *p)
{
	if (!p || --p->refs)
		return;
	fd_close(&p->own_fd);
	survey_free(p->s);
	free(p->by_ofd);
	free(p->by_inode);
	free(p);
}

/* Where those that are not before e begin; or, AFTER, those that are behind it. */
static size_t bound(const struct fdent **at, size_t lo, size_t n, const struct fdent *e,
		    int (*cmp)(const struct fdent *, const struct fdent *), bool after)
{
	size_t hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (cmp(at[mid], e) < (after ? 1 : 0))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Not one by one: a hundred thousand may be the same, and each row asks. */
static size_t equal_range(const struct fdent **at, size_t n, const struct fdent *e,
			  int (*cmp)(const struct fdent *, const struct fdent *),
			  const struct fdent *const **first)
{
	size_t lo = bound(at, 0, n, e, cmp, false);

	*first = (const struct fdent *const *)at + lo;
	return bound(at, lo, n, e, cmp, true) - lo;
}

size_t picture_same_ofd(const struct picture *p, const struct fdent *e,
			const struct fdent *const **first)
{
	if (!e->ofd)
		return 0;
	return equal_range(p->by_ofd, p->n_ofd, e, ofd_order, first);
}

size_t picture_same_inode(const struct picture *p, const struct fdent *e,
			  const struct fdent *const **first)
{
	if (!on_file(e))
		return 0;
	return equal_range(p->by_inode, p->n_inode, e, inode_order, first);
}

bool picture_same_row(const struct fdent *a, const struct fdent *b)
{
	return a->proc->pid == b->proc->pid && a->proc->tid == b->proc->tid &&
	       a->proc->start == b->proc->start && a->assoc == b->assoc && a->fd == b->fd &&
	       fdent_same_thing(a, b);
}

const struct fdent *picture_find(const struct picture *p, const struct fdent *e)
{
	const struct fdent *found;

	if (!p || !fdent_is_fd(e))
		return NULL;
	found = survey_find(p->s, e->proc->pid, e->proc->tid, e->fd);
	return found && picture_same_row(found, e) ? found : NULL;
}
