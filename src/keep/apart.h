/* SPDX-License-Identifier: MIT */
/*
 * Descriptors on a filesystem that may hang. Closing a duplicate of one may block
 * for ever, also by exiting, so it must not come into our own table: it is
 * taken, used and closed in a helper that may be abandoned, see base/helper.h
 * and grab_may_hang().
 */
#ifndef KEEP_APART_H
#define KEEP_APART_H

#include <stdbool.h>
#include <stddef.h>

#include "src/base/fail.h"
#include "src/keep/shelf.h"
#include "src/kind/kind.h"
#include "src/proc/target.h"

/*
 * Runs in the helper, with its duplicate, which the helper's end closes: that
 * may take for ever, but the answer was given before. What somebody else waits
 * to see closed, such as one of keep, it closes itself. Returns >= 0, or -errno
 * with f.
 */
typedef int apart_fn(void *arg, const struct fdent *e, int fd, struct fail *f);

#define APART_KEEP 8

struct apart {
	const struct target *target;
	int procfs;
	int timeout_ms;  /* for fn in all; -1: as long as it takes */
	const int *keep; /* descriptors of ours that fn needs, at most APART_KEEP */
	size_t n_keep;
};

/*
 * grab_take() and fn(arg) in such a helper. Returns what fn did, -ETIMEDOUT, or
 * -errno with f. Effect: hold.
 */
int apart_run(const struct apart *a, const struct fdent *e, apart_fn *fn, void *arg,
	      struct fail *f);

/*
 * Does its filesystem let a duplicate be closed? Tries one. Returns 0,
 * -ETIMEDOUT, or -errno with f. Effect: hold, for that moment.
 */
int apart_try(const struct apart *a, const struct fdent *e, struct fail *f);

/*
 * Might a duplicate of what is held hang when it is closed? Seen at the shelf itself,
 * by its pid and without a duplicate; where that cannot be seen, no. No effect.
 */
bool apart_held_may_hang(const struct shelf_item *item, pid_t shelf, int procfs);

/*
 * Some of our table may hang when they are closed, and we are about to exit: from
 * here on a process that shares our table closes it, after us and in our
 * place. To be called at the very end. Without it we would hang at exit.
 */
void apart_leave(void);

#endif
