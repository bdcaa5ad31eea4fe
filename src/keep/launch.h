/* SPDX-License-Identifier: MIT */
/*
 * Start a command with chosen descriptors at chosen numbers, as exec.h does,
 * but as a child: we go on. May be called with other threads about.
 */
#ifndef KEEP_LAUNCH_H
#define KEEP_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "src/base/fail.h"
#include "src/keep/exec.h"

struct launch {
	struct exec_fd *list; /* ours stay open here; the child moves its copies */
	size_t n;
	const char *names; /* of LISTEN_FDNAMES, with list at 3 and on; NULL: no LISTEN_* */
	char **argv;       /* looked up in PATH */
	const struct exec_world *world;
	int stdio[3]; /* ours, to be its 0, 1 and 2 unless list says otherwise */
	/*
	 * In a session of its own, where the terminal does not reach it, and not a
	 * child of ours: nobody has to wait for it.
	 */
	bool apart;
};

/*
 * Returns once it executes the command: 0 and its pid (waitpid(2) it unless
 * apart), or -errno with f, and then it has ended and was waited for.
 */
int launch(const struct launch *l, pid_t *pid, struct fail *f);

#endif
