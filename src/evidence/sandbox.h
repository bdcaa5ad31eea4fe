/* SPDX-License-Identifier: MIT */
/*
 * A process that reads hostile bytes gives up everything that it does not need
 * for that. See seccomp(2), capabilities(7), getrlimit(2).
 */
#ifndef EVIDENCE_SANDBOX_H
#define EVIDENCE_SANDBOX_H

/* A protection that could not be had, for instance inside another sandbox. */
enum sandbox_gap {
	SANDBOX_NO_UID = 1 << 0,
	SANDBOX_NO_CAPS = 1 << 1,
	SANDBOX_NO_NEW_PRIVS = 1 << 2,
	SANDBOX_NO_LIMITS = 1 << 3,
	SANDBOX_NO_SECCOMP = 1 << 4,
	SANDBOX_GAP_COUNT = 5,
	SANDBOX_GAP_ALL = (1 << SANDBOX_GAP_COUNT) - 1
};

/*
 * From here on this process is nobody, without capabilities, can never gain
 * any, has 2 s of CPU time and 64 MiB more memory, can open nothing, and may
 * only pread(2) from `in`, write(2) to `out` and exit: any other call kills it.
 * Allocate before. Goes on where a protection is refused; returns those as a
 * set of gaps. For a single-threaded child only: there is no way back.
 */
unsigned sandbox_enter(int in, int out);

const char *sandbox_gap_words(enum sandbox_gap gap); /* of one bit */

#endif
