/* SPDX-License-Identifier: MIT */
/*
 * A helper process that may be abandoned. Work that can block for ever in
 * someone else's filesystem (FUSE, NFS) is done there: if it does not answer
 * in time we kill it, forget it, and say so. It is never waited for, holds
 * none of our output descriptors, and is reaped by init.
 */
#ifndef BASE_HELPER_H
#define BASE_HELPER_H

#include <stddef.h>
#include <sys/types.h>

#include "src/base/buf.h"
#include "src/base/fail.h"

struct helper {
	int fd;    /* what the helper writes to its `out`; -1: none */
	pid_t pid; /* of a grandchild: signal it, never wait for it */
};

/*
 * Runs in the helper. Writes its answer to `out` and returns; a negative
 * result is only a wish to end early, so put errors into the answer.
 */
typedef int helper_fn(void *arg, int out);

/*
 * Start fn(arg) in a helper. Its standard descriptors are /dev/null; every
 * other descriptor but `out` and keep[0..n) is closed there, so that an
 * abandoned helper delays nothing of ours. Returns 0 or -errno with f set.
 */
int helper_start(struct helper *h, helper_fn *fn, void *arg, const int *keep, size_t n_keep,
		 struct fail *f);

/*
 * Read from the helper: > 0 bytes, 0 at its end, -ETIMEDOUT when nothing came
 * for timeout_ms (< 0: wait for ever), or -errno.
 */
ssize_t helper_read(struct helper *h, void *p, size_t len, int timeout_ms);

/* Kill it if it still lives and forget it. Never blocks. Safe to repeat. */
void helper_end(struct helper *h);

/*
 * The short form: start, collect the whole answer (at most max bytes), end.
 * Returns 0, -ETIMEDOUT, -EMSGSIZE, or -errno with f set.
 */
int helper_ask(helper_fn *fn, void *arg, const int *keep, size_t n_keep, int timeout_ms, size_t max,
	       struct buf *answer, struct fail *f);

#endif
