/* SPDX-License-Identifier: MIT */
/* Threads of ours. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

/*
 * pthread_create(3) with every signal blocked there: signals are the caller's affair,
 * and one of them may have to end a call of the caller's. To be joined by the caller.
 * Returns 0 or -errno.
 */
int thread_start(pthread_t *thread, void *(*main)(void *), void *arg);

#endif
