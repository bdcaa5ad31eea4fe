/* SPDX-License-Identifier: MIT */
/*
 * What of a process did not answer, its memory map or an epoll, so that who looks
 * again and again does not wait for each of them each time. One list may be used by several
 * threads; it belongs to who looks, not to one look.
 */
#ifndef PROC_HUNG_H
#define PROC_HUNG_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct hung {
	pthread_mutex_t lock;
	struct hung_process *at;
	size_t n;
};

#define HUNG_INIT                                                                                  \
	{                                                                                          \
		.lock = PTHREAD_MUTEX_INITIALIZER                                                  \
	}

void hung_release(struct hung *h);

#define HUNG_MEMORY (-1)

/*
 * Did it, HUNG_MEMORY or a descriptor's number, not answer within the last minute?
 * h NULL: nothing is known.
 */
bool hung_has(struct hung *h, pid_t pid, uint64_t start, int what);
void hung_add(struct hung *h, pid_t pid, uint64_t start, int what);

/* How long to wait for one that is not known: less once there is one. */
int hung_patience_ms(struct hung *h);

#endif
