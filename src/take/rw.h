/* SPDX-License-Identifier: MIT */
/*
 * What the owner's own read(2), write(2) and lseek(2) would do, done on its open
 * file description: the offset moves for every holder (effect: shared), data is
 * taken (consume) or sent (alter). See OP_READ, OP_WRITE and OP_SEEK of the kind.
 */
#ifndef TAKE_RW_H
#define TAKE_RW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "src/take/grab.h"

/* One descriptor, taken from rw_open() to rw_close(). */
struct rw {
	const struct target *t;
	const struct fdent *e;
	struct kind_ctx ctx;
	struct grab grab; /* not taken while in_helper */
	bool in_helper;   /* its filesystem may hang: each operation in a helper */
};

/*
 * Refused kinds fail with their words (EOPNOTSUPP), O_PATH and the wrong access
 * mode with EBADF. Returns 0 or -errno with f.
 */
int rw_open(struct rw *rw, const struct target *t, const struct fdent *e,
	    const struct kind_ctx *ctx, enum op op, struct fail *f);
void rw_close(struct rw *rw);

/*
 * One read of at most len bytes. Never waits: -EAGAIN (f is set) when nothing is
 * there now, 0 at the end of file. The description's flags are not touched:
 * RWF_NOWAIT, MSG_DONTWAIT or, where neither works, a look by poll(2) and a
 * helper for the read, which may be abandoned if somebody else was faster.
 */
ssize_t rw_read(struct rw *rw, void *p, size_t len, struct fail *f);

/*
 * Write all of p. Waits for room in pipes and sockets as long as *cancel (may be
 * NULL) stays false: then -ECANCELED. *written says how much went in, whatever the
 * result. SIGPIPE is not raised: -EPIPE.
 */
int rw_write(struct rw *rw, const void *p, size_t len, const atomic_bool *cancel, size_t *written,
	     struct fail *f);

/* whence as in lseek(2), SEEK_DATA and SEEK_HOLE too. Returns 0 or -errno with f. */
int rw_seek(struct rw *rw, int64_t offset, int whence, uint64_t *before, uint64_t *after,
	    struct fail *f);

#endif
