/* SPDX-License-Identifier: MIT */
/*
 * Copy both ways between two descriptors of ours and a grab of a socket, pipe or
 * terminal. Effect: alter, and consume: what we read the owner does not get. The
 * flags of the shared description are never changed: MSG_DONTWAIT, RWF_NOWAIT,
 * and where neither works a thread that waits in read(2), which dies with us.
 */
#ifndef KEEP_TALK_H
#define KEEP_TALK_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "src/base/buf.h"
#include "src/base/fail.h"

#define TALK_BUFFER 65536 /* on its way in each direction, at most */

struct talk_opts {
	int in, out;    /* ours; out blocks as it will */
	bool keep_open; /* the end of `in` does not end our direction of a connection */
	int escape;     /* a byte of `in` that ends the talk; -1: none */
	/* How what comes is written to `out`; NULL: as it is. Appends. */
	void (*show)(void *arg, struct buf *out, const char *p, size_t len);
	void *arg;
	/*
	 * Ends the talk once it is set; by a handler of signals that the caller has
	 * blocked, and which mask lets in while we wait: none is missed, and none is
	 * another thread's. Both may be NULL.
	 */
	const volatile sig_atomic_t *stop;
	const sigset_t *mask;
	/*
	 * Not NULL: the size of the window at `in` is given to the pty whose master
	 * fd is, whenever this is set (which we undo); by a handler of SIGWINCH,
	 * blocked as the others, and by the caller for the beginning. In the end
	 * the pty gets back the size that it had, unless somebody else set one since.
	 */
	volatile sig_atomic_t *resized;
};

enum talk_end {
	TALK_DONE,    /* both directions ended, or the only one there is */
	TALK_ESCAPED, /* by opts->escape */
	TALK_STOPPED, /* by opts->stop */
	TALK_HUNG_UP, /* the other end went away: EPIPE, EIO, ECONNRESET */
};

struct talk_result {
	enum talk_end end;
	uint64_t sent, received; /* bytes */
	int err;                 /* with TALK_HUNG_UP: errno */
};

/*
 * Runs until it ends. End of `in`: what was read is sent, then our direction of
 * a connection is shut down, and we go on receiving. SIGPIPE must be ignored.
 * Returns 0 or -errno with f: -ENOTTY for opts->resized where there is no master.
 */
int talk(int fd, const struct talk_opts *opts, struct talk_result *result, struct fail *f);

#endif
