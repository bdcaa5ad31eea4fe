/* SPDX-License-Identifier: MIT */
/*
 * Become another program with chosen descriptors at chosen numbers. Nobody is
 * left behind to wait for it. See dup2(2), execve(2), sd_listen_fds(3).
 */
#ifndef KEEP_EXEC_H
#define KEEP_EXEC_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "src/base/fail.h"

/* One descriptor of ours, and the number that the program shall see it at. */
struct exec_fd {
	int fd; /* ours, close-on-exec; exec_place() closes it or moves it */
	int at;
};

/* How we were found, to be given back to the program. */
struct exec_world {
	unsigned long nofile; /* soft RLIMIT_NOFILE; 0: leave it */
	bool sigpipe_ignored, sigxfsz_ignored;
	const sigset_t *mask;
};

/*
 * Put each descriptor at its number, whatever is there now, and mark all others
 * above 2 close-on-exec. The numbers must differ; any permutation goes, also
 * onto 0 to 2 and onto numbers that our own descriptors have now: those of
 * `spare` (each may be -1) are moved out of the way and stay close-on-exec. One
 * that has its number already stays there and nothing of it is closed.
 * Returns 0, or -errno with f: then some may have been placed already.
 */
int exec_place(struct exec_fd *list, size_t n, int *spare, size_t n_spare, struct fail *f);

/* The same numbers twice? Returns 0 or -EINVAL, a usage failure. */
int exec_check(const struct exec_fd *list, size_t n, struct fail *f);

/*
 * Set LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES for n descriptors from 3 on, or
 * with n 0 take them away: they were meant for somebody else. names: parted by
 * colons. Returns 0 or -errno.
 */
int exec_listen_env(size_t n, const char *names);

/*
 * Give back limits, SIGPIPE and signal mask, and execute argv (looked up in
 * PATH). Returns only if that failed: -errno with f, all of ours as before.
 */
int exec_become(const struct exec_world *world, char **argv, struct fail *f);

#endif
