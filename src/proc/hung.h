/* SPDX-License-Identifier: MIT */
/*
 * Processes whose memory map did not answer, so that who looks again and again
 * does not wait for each of them each time. One list may be used by several
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

/* Did it not answer within the last minute? h NULL: nothing is known. */
bool hung_has(struct hung *h, pid_t pid, uint64_t start);
void hung_add(struct hung *h, pid_t pid, uint64_t start);

/* How long to wait for one that is not known: less once there is one. */
int hung_patience_ms(struct hung *h);

#endif
