/* SPDX-License-Identifier: MIT */
/*
 * Descriptors handed over a unix socket by SCM_RIGHTS, see unix(7): to whoever
 * listens at a stream socket, one line of text beside each; or to the service
 * manager's descriptor store, see sd_notify(3), FDSTORE=1.
 */
#ifndef KEEP_PASS_H
#define KEEP_PASS_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include "src/base/buf.h"
#include "src/base/fail.h"

/*
 * The address that text names: a path, or @NAME in the abstract namespace.
 * Returns its length, or -errno with f: too long, or another family.
 */
int pass_address(struct sockaddr_un *addr, const char *text, struct fail *f);

/* Connect a socket of that type (SOCK_STREAM, SOCK_DGRAM). Returns it or -errno with f. */
int pass_connect(const char *text, int type, struct fail *f);

/*
 * Listen there for streams; only the effective user may connect to a path. What
 * is left of a dead listener is replaced, a living one is -EADDRINUSE. Returns
 * the socket, or -errno with f.
 */
int pass_listen(const char *text, struct fail *f);

/*
 * Send text with fd (-1: none) beside its first byte. May block until the other
 * end reads. Returns 0 or -errno.
 */
int pass_send(int sock, const char *text, size_t len, int fd);

/*
 * What comes from a stream, one line with its descriptor after the other. The
 * rest of a long line may come together with the next descriptor.
 */
#define PASS_FDS 2
struct pass_in {
	int sock;
	struct buf buf; /* not given out yet */
	int fds[PASS_FDS];
	size_t fd_at[PASS_FDS]; /* where in buf the line of each begins */
	int n_fds;
};

#define PASS_LINE_MAX 262144

/*
 * The next line, without its newline, and the descriptor that came with it, the
 * caller's (-1: none came). Waits for it. Returns 1, 0 at the end, -EMSGSIZE for
 * a line that does not end, -EBADMSG for one with several descriptors or one that
 * did not come with its first byte, or -errno. Nothing of what comes is checked.
 */
int pass_next(struct pass_in *in, struct buf *line, int *fd);
void pass_in_release(struct pass_in *in);

/*
 * Store fd under that name (of sd_pid_notify_with_fds(3): no ':' and no control
 * characters, at most 255) with the service manager that address names. Returns
 * 0 or -errno with f.
 */
int pass_fdstore(int sock, const char *name, int fd, struct fail *f);

/*
 * Wait until the manager has taken what was sent: it knows us only while we
 * live. BARRIER=1, since systemd 246; -ETIMEDOUT for others.
 */
int pass_barrier(int sock, int timeout_ms);

#endif
