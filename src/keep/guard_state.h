/* SPDX-License-Identifier: MIT */
/* Between guard.c, which talks to the caller, and guard_loop.c, which traces. */
#ifndef KEEP_GUARD_STATE_H
#define KEEP_GUARD_STATE_H

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>

#include "src/keep/guard.h"

struct tracee {
	pid_t tid, pid;
	int status;    /* what ends it, from its exit stop on */
	bool held;     /* stays in its exit stop until it is the last user of its table */
	bool released; /* let go out of its exit stop: no user of its table any more */
	bool unwanted; /* to be detached at its first stop */
	bool early;    /* stands at its first stop until its maker's clone stop is over */
};

/* A process with tracees. */
struct guarded {
	pid_t pid;
	bool accounted; /* its table was taken, or need not be: others have it, nobody wants it */
};

struct guard {
	struct guard_opts o;
	pthread_t thread;
	pid_t tid; /* of the thread */
	sigset_t mask_before;
	struct sigaction chld_before;

	/* Told by the thread before it posts ready. */
	sem_t ready;
	int err;
	struct fail fail;
	unsigned threads;

	int control;    /* eventfd: we want it to end */
	sem_t consumed; /* a part of a haul was freed */

	/* The queue. */
	pthread_mutex_t lock;
	int news; /* eventfd, readable while the queue has something or is closed */
	struct guard_event *at;
	size_t n, cap, next;
	bool closed, ending;

	/* Of the thread. */
	struct tracee *tracees;
	size_t n_tracees, cap_tracees;
	struct guarded *procs;
	size_t n_procs;
};

/* The thread: attaches, posts ready, serves until all have ended or control is written. */
void *guard_loop(void *arg);

/* From the thread to the caller. */
void guard_tell(struct guard *g, const struct guard_event *ev);
void guard_close(struct guard *g);
bool guard_is_ending(struct guard *g);

#endif
