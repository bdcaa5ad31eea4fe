/* SPDX-License-Identifier: MIT */
#include "src/keep/onto.h"

#include "src/keep/apart.h"
#include "src/take/grab.h"

static int put(void *arg, const struct fdent *e, int fd, struct fail *f)
{
	const struct shelf_item *item = arg;
	struct shelf s;
	int r = shelf_open(&s, false, f);

	(void)e;
	if (r < 0)
		return r;
	r = shelf_add(&s, item, fd, f);
	shelf_close(&s);
	return r;
}

int onto_shelf(const struct target *t, const struct fdent *e, const struct shelf_item *item,
	       int procfs, struct fail *f)
{
	const struct apart a = { .target = t, .procfs = procfs, .timeout_ms = GRAB_HANG_MS };
	struct shelf_item copy = *item;

	return apart_run(&a, e, put, &copy, f);
}
