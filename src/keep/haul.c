/* SPDX-License-Identifier: MIT */
#include "src/keep/haul.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/take/grab.h"

struct taking {
	const struct haul_opts *o;
	struct target target;
	struct haul *h;
	struct kind_ctx ctx;
	int patience_ms;
};

static struct fail *item_fail(struct haul_item *item)
{
	item->fail = xcalloc(1, sizeof(*item->fail));
	return item->fail;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Closing it may block for ever, so it never comes into our own table. */
static void take_in_helper(struct taking *t, struct haul_item *item)
{
	const struct apart a = {
		.target = &t->target,
		.procfs = t->o->procfs,
		.timeout_ms = t->patience_ms,
	};
	struct fail f = { 0 };
	uint64_t began = now_ms();

	item->result = apart_run(&a, item->e, t->o->in_helper, t->o->arg, &f);
	t->patience_ms -= (int)(now_ms() - began);
	if (t->patience_ms < 100)
		t->patience_ms = 100;
	if (item->result < 0)
		*item_fail(item) = f;
}

static void refuse_hanging(struct taking *t, struct haul_item *item)
{
	fail_set(item_fail(item), EOPNOTSUPP, "", "descriptor %d of process %d (%s)", item->e->fd,
		 t->h->pid, t->h->comm);
	fail_why(item->fail, "it is on a filesystem that may not answer when it is closed");
}

/* False: our own table is full. */
static bool take_one(struct taking *t, const struct fdent *e)
{
	struct haul_item *item = &t->h->at[t->h->n];
	struct fail f = { 0 };
	struct grab g;
	int r;

	*item = (struct haul_item){ .e = e, .fd = -1 };
	if (grab_may_hang(e, &t->ctx)) {
		t->h->n++;
		if (t->o->in_helper)
			take_in_helper(t, item);
		else
			refuse_hanging(t, item);
		return true;
	}
	r = grab_take(&g, &t->target, e, t->o->procfs, &f);
	if (r == -EMFILE && t->h->n)
		return false;
	t->h->n++;
	if (r < 0)
		*item_fail(item) = f;
	else
		item->fd = g.fd;
	return true;
}

static void take_rows(struct taking *t, const struct procent *p, int from)
{
	struct haul *h = t->h;
	struct columns columns;

	columns_init(&columns, h->survey, TEXT_UTF8);
	h->at = xcalloc(p->n_rows, sizeof(*h->at));
	for (uint32_t i = 0; i < p->n_rows; i++) {
		const struct fdent *e = &p->rows[i];

		if (e->assoc != ASSOC_FD)
			continue;
		if (e->fd < 0) {
			fail_set(&h->fail, e->err, e->err_call, "descriptors of process %d (%s)",
				 h->pid, h->comm);
			continue;
		}
		if (e->fd < from || !filter_match(t->o->only, &columns, e))
			continue;
		if (!take_one(t, e)) {
			h->more = true;
			h->next = e->fd;
			break;
		}
	}
	columns_release(&columns);
}

static int open_table(struct taking *t, const struct target_name *name)
{
	struct haul *h = t->h;
	int r = target_open(&t->target, t->o->procfs, name, &h->fail);

	if (r < 0)
		return r;
	h->start = t->target.start;
	memcpy(h->comm, t->target.comm, sizeof(h->comm));
	h->comm_len = t->target.comm_len;
	return 0;
}

struct haul *haul_take(const struct target_name *table, int from, const struct haul_opts *o)
{
	struct haul *h = xcalloc(1, sizeof(*h));
	struct taking t = { .o = o, .h = h, .patience_ms = GRAB_HANG_MS };
	struct survey_opts so = {
		.procfs = o->procfs,
		.targets = table,
		.n_targets = 1,
		.want = SURVEY_NET,
		.workers = 1,
	};
	const struct procent *p;

	h->pid = table->pid;
	h->tid = table->tid;
	clock_gettime(CLOCK_REALTIME, &h->when);
	if (open_table(&t, table) < 0)
		return h;
	if (survey_take(&h->survey, &so, &h->fail) == 0) {
		t.ctx = survey_ctx(h->survey);
		p = survey_find_proc(h->survey, table->pid, table->tid);
		if (p)
			take_rows(&t, p, from);
	}
	target_close(&t.target);
	return h;
}

void haul_free(struct haul *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->n; i++) {
		fd_close(&h->at[i].fd);
		free(h->at[i].fail);
	}
	free(h->at);
	if (h->survey)
		survey_free(h->survey);
	free(h);
}
