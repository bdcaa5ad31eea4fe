/* SPDX-License-Identifier: MIT */
/*
 * ptrace(2) without stopping anybody: PTRACE_SEIZE, and what a stop means.
 * All calls must come from the thread that attached; when it ends the kernel
 * lets go of everything at once, and a signal that was about to be delivered
 * still is.
 */
#ifndef STOP_TRACE_H
#define STOP_TRACE_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "src/base/fail.h"
#include "src/proc/target.h"

/*
 * Attach to one thread of t without stopping it; options are PTRACE_O_*. Since
 * Linux 3.4. Returns 0; -EALREADY if we trace it already; -ESRCH if it is gone
 * or a zombie; else -errno with f: -EBUSY somebody else traces it (f names
 * him), -EPERM. -EPERM may pass: a thread that is dying, or whose number
 * another one's execve(2) is about to take, is refused so for a moment.
 */
int trace_seize(const struct target *t, pid_t tid, unsigned long options, struct fail *f);

/*
 * pthread_join(3) of a thread of ours that traces, tid being its number. The kernel
 * lets go of what is still traced after that has returned: this waits until it has.
 */
void trace_join(pthread_t thread, pid_t tid);

/* The thread that traces it, 0: nobody. */
pid_t trace_tracer_of(const struct target *t, pid_t tid);

enum trace_kind {
	TRACE_SIGNAL, /* about to be delivered: PTRACE_CONT with it */
	TRACE_GROUP,  /* stopped with its whole process: PTRACE_LISTEN keeps it so */
	TRACE_TRAP,   /* new, or a group stop came to its end: PTRACE_CONT */
	TRACE_EVENT,  /* PTRACE_EVENT_*, in event */
};

struct trace_stop {
	enum trace_kind kind;
	int sig;   /* TRACE_SIGNAL, TRACE_GROUP */
	int event; /* TRACE_EVENT */
};

/* status is si_status of waitid(2) for a CLD_TRAPPED. */
struct trace_stop trace_stop_of(int status);

/*
 * Does it stand in PTRACE_EVENT_EXIT? A SIGKILL takes a thread out of any other
 * stop and into that one: to be asked before each PTRACE_CONT that is meant for
 * another, see ptrace(2), "Death under ptrace".
 */
bool trace_is_exiting(pid_t tid);

/*
 * Does it stand in a stop that is none of those? False also while a SIGKILL is
 * about to take it out of the one where it stands: it will be heard of again.
 */
bool trace_may_continue(pid_t tid);

#endif
