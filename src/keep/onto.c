/* SPDX-License-Identifier: MIT */
#include "src/keep/onto.h"

#include <errno.h>

#include "src/base/fd.h"
#include "src/take/grab.h"

struct request {
	const struct target *target;
	const struct fdent *ent;
	int procfs;
};

struct answer {
	int r;
	struct fail fail;
};

static int take_and_put(const struct request *q, struct fail *f)
{
	struct shelf_item item;
	struct shelf s;
	struct grab g;
	int r = grab_take(&g, q->target, q->ent, q->procfs, f);

	if (r < 0)
		return r;
	r = shelf_open(&s, false, f);
	if (r == 0) {
		shelf_item_of(&item, q->ent);
		r = shelf_add(&s, &item, g.fd, f);
		shelf_item_release(&item);
		shelf_close(&s);
	}
	return r; /* our duplicate is closed by our end: that may take for ever */
}

static int helper_main(void *arg, int out)
{
	struct answer a = { 0 };

	a.r = take_and_put(arg, &a.fail);
	return fd_write_all(out, &a, sizeof(a));
}

int onto_shelf(const struct target *t, const struct fdent *e, int procfs, struct fail *f)
{
	struct request q = { t, e, procfs };
	struct answer a;
	struct helper h;
	size_t got = 0;
	int r = grab_start(&h, helper_main, &q, t, procfs, f);

	if (r < 0)
		return r;
	while (got < sizeof(a)) {
		ssize_t n = helper_read(&h, (char *)&a + got, sizeof(a) - got, GRAB_HANG_MS);

		if (n <= 0) {
			r = n < 0 ? (int)n : -EPIPE;
			break;
		}
		got += (size_t)n;
	}
	helper_end(&h);
	if (r < 0)
		return fail_set(f, -r, "hold", "descriptor %d of process %d", e->fd, t->pid);
	if (a.r < 0 && f)
		*f = a.fail;
	return a.r;
}
