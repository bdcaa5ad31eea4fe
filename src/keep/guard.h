/* SPDX-License-Identifier: MIT */
/*
 * Be there when a process ends, in whatever way, and take its descriptors
 * before they close: PTRACE_SEIZE with PTRACE_O_TRACEEXIT, no tracing of system
 * calls. All ptrace(2) is done by a thread of the guard's own; when that ends,
 * or we die, the target goes on as if nobody had been there.
 *
 * A table's descriptors close when the last thread that uses it ends: that is
 * when they are taken, once a table. Signals are passed on, group stops stay.
 */
#ifndef KEEP_GUARD_H
#define KEEP_GUARD_H

#include <stdbool.h>
#include <sys/types.h>

#include "src/base/fail.h"
#include "src/keep/haul.h"
#include "src/proc/target.h"

struct guard;

struct guard_opts {
	const struct target *target; /* borrowed until guard_end() */
	bool children;               /* also what it forks from now on, and so on */
	struct haul_opts haul;       /* its functions are called in the guard's thread */
};

enum guard_what {
	GUARD_TABLE,   /* a table is about to close; haul has what was taken */
	GUARD_EXEC,    /* pid executes another program now; close-on-exec ones are gone */
	GUARD_STOPPED, /* pid was stopped by signal `status`, and stays so */
	GUARD_LEFT,    /* pid has ended with `status`, as in wait(2) */
	GUARD_LOST,    /* all threads of pid have ended, and its table was not taken: see below */
};

struct guard_event {
	enum guard_what what;
	pid_t pid;
	int status;
	struct haul *haul;
};

/*
 * Start to guard. Returns 0 when all threads are traced; -errno with f: -EBUSY
 * when it is traced already (f names the tracer), -EPERM, -ESRCH when it has
 * ended, -EOPNOTSUPP for a kernel thread, -EXDEV when procfs is not that of our
 * own pid namespace. Does not stop the target. SIGCHLD is blocked and has a
 * handler of ours until guard_end(). Effect: stop. Since Linux 3.4;
 * taking needs pidfd_getfd(2), since 5.6, and PIDFD_THREAD, since 6.9, where
 * the leader ended before its threads.
 */
int guard_start(struct guard **g, const struct guard_opts *o, struct fail *f);

/*
 * There is one way past a guard. A SIGKILL that comes while a lone thread waits in
 * another stop, such as that of a signal, moves it to its exit stop by itself, and
 * nothing in ptrace(2) lets it go on from the one but not from the other: see
 * stop/go_on.h, which leaves some ten nanoseconds of each such stop. What is lost
 * there is told: GUARD_LOST. With a real-time priority (SCHED_FIFO: CAP_SYS_NICE or
 * RLIMIT_RTPRIO), which the guard takes if it may, no other process comes in
 * between even there. May it? No effect.
 */
bool guard_may_keep_processor(void);

unsigned guard_threads(const struct guard *g); /* that were there at the start */

/* Readable in poll(2) when guard_next() has something to say. */
int guard_fd(const struct guard *g);

/*
 * The next event: 1; 0 there is none yet; -ECHILD there will be no more, for
 * all that was guarded has ended. guard_done() each.
 */
int guard_next(struct guard *g, struct guard_event *ev);

/* Frees ev->haul. Where it was but a part, the table waits for this. */
void guard_done(struct guard *g, struct guard_event *ev);

/* Let go of what still lives, without stopping it, and free. NULL is fine. */
void guard_end(struct guard *g);

#endif
