/* SPDX-License-Identifier: MIT */
/*
 * Start a command so that it can be guarded from its first instruction: it is
 * held by a pidfd from the moment it exists, and does not go on to execve(2)
 * before it is traced. See clone(2), CLONE_PIDFD (since Linux 5.2; clone3(2)
 * since 5.3; fork(2) and pidfd_open(2) where neither is).
 */
#ifndef KEEP_RUN_H
#define KEEP_RUN_H

#include <signal.h>
#include <sys/types.h>

#include "src/base/fail.h"
#include "src/keep/exec.h"

enum run_way { RUN_CLONE3 = 1, RUN_CLONE = 2, RUN_FORK = 4 };

struct run {
	pid_t pid;
	int pidfd; /* -1: this kernel has none */
	enum run_way way;
	int gate;   /* a byte lets it go on; closing it ends it */
	int report; /* a struct fail if execve(2) failed; end of file if it went well */
};

/*
 * A child in our process group and session that waits before it executes argv
 * (looked up in PATH) as exec_become() does. ways: those that may be tried. It
 * has no descriptors of ours above 2, and `chld` as disposition of SIGCHLD.
 * Returns 0 (then run_release()) or -errno with f. Must be called while we have
 * one thread.
 */
int run_start(struct run *r, const struct exec_world *world, const struct sigaction *chld,
	      char **argv, unsigned ways, struct fail *f);

/*
 * Let it execute the command, and wait until it has, or could not: 0, or -errno
 * with f. Its first stops are served by whoever traces it meanwhile.
 */
int run_go(struct run *r, struct fail *f);
void run_release(struct run *r);

#endif
