/* SPDX-License-Identifier: MIT */
/*
 * PTRACE_CONT for a thread that stands in another stop than that of its exit, and
 * for no other. ptrace(2) cannot say "only if": a SIGKILL takes a thread out of any
 * stop and into the one of its exit, and a PTRACE_CONT that comes then lets it
 * go from there. So it is asked first, and what was answered is acted on only
 * - within a few microseconds, measured last thing before the system call: a
 *   thread that is killed needs longer to get to its exit stop;
 * - if no SIGCHLD came since, as the kernel sends its tracer one on each new stop: its
 *   handler moves a thread that stands before the system call out of that stretch,
 *   so that it does not matter how long it was kept from the processor there.
 *
 * What is left is to be kept for those microseconds inside the kernel, between the
 * entry of the system call and its look at the thread. Where the code for this
 * processor is missing (see arch/) neither is done.
 */
#ifndef STOP_GO_ON_H
#define STOP_GO_ON_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* Is there code for this processor? */
bool trace_go_on_is_whole(void);

/*
 * The handler of SIGCHLD, with SA_SIGINFO | SA_RESTART and without SA_NOCLDSTOP,
 * that must be set while trace_go_on() is used. It has no state.
 */
void trace_go_on_handler(int sig, siginfo_t *info, void *context);

/*
 * Let tid go on with that signal, unless it stands in its exit stop or is being
 * killed: then it is left alone, and will be heard of again. To be called by
 * its tracer with SIGCHLD blocked in all threads; one that comes meanwhile is
 * gone afterwards, so that waitid(2) is to be asked before any sleep.
 */
void trace_go_on(pid_t tid, int sig);

#endif
