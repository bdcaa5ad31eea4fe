/* SPDX-License-Identifier: MIT */
/*
 * Work that must not delay the interface. run() is called on a thread of its
 * own and touches nothing of the interface; done() is called later on the
 * interface's thread. A task that never comes back delays nobody.
 */
#ifndef TUI_TASK_H
#define TUI_TASK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct tasks;

/* Embedded as the first member of what the work needs. */
struct task {
	void (*run)(struct task *t);
	void (*done)(struct task *t); /* frees it */
	void *ui;                     /* for done() */
	atomic_bool cancel;
	struct tasks *tasks;
	struct task *next;
};

struct tasks {
	int event; /* eventfd: readable when done() calls wait */
	pthread_mutex_t lock;
	struct task *ready, **tail;
	atomic_int running;
};

int tasks_init(struct tasks *ts); /* 0 or -errno */
/* Returns 0, or -errno when no thread could be had; then done() is never called. */
int task_start(struct tasks *ts, struct task *t);
/* From run(): have the interface look (progress was made). */
void tasks_wake(struct tasks *ts);
/* Call done() of all that are ready. Returns how many. */
int tasks_collect(struct tasks *ts);
/* At the end: give running tasks that long to notice their cancel flags. */
void tasks_drain(struct tasks *ts, int timeout_ms);

#endif
