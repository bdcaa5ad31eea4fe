/* SPDX-License-Identifier: MIT */
/* Threads of ours. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

/*
 * pthread_create(3) with every signal blocked there that somebody sends: signals are the
 * caller's affair, and one of them may have to end a call of the caller's. What a fault of
 * the thread's own raises still reaches its handler: it may have a terminal to restore.
 * To be joined, or detached, by the caller. Returns 0 or -errno.
 */
int thread_start(pthread_t *thread, void *(*main)(void *), void *arg);

/* More than these win nothing: they wait for the kernel's locks. */
#define THREADS_MAX 8

/* How many threads may run at once, by sched_getaffinity(2): 1 to THREADS_MAX. */
unsigned thread_processors(void);

/*
 * Call work(arg, 0) here and work(arg, i) in n - 1 threads beside it, and come back when all
 * did. THREADS_MAX at most, and fewer if no more can be made: what there is to do is
 * for them to share out.
 */
void thread_team(unsigned n, void (*work)(void *arg, unsigned i), void *arg);

#endif
