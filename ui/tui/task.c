/* SPDX-License-Identifier: MIT */
#include "ui/tui/task.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "src/base/thread.h"

int tasks_init(struct tasks *ts)
{
	ts->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ts->event < 0)
		return -errno;
	pthread_mutex_init(&ts->lock, NULL);
	ts->ready = NULL;
	ts->tail = &ts->ready;
	return 0;
}

void tasks_wake(struct tasks *ts)
{
	uint64_t one = 1;

	if (write(ts->event, &one, sizeof(one)) < 0)
		return; /* full: the interface is awake */
}

static void *task_main(void *arg)
{
	struct task *t = arg;
	struct tasks *ts = t->tasks;

	t->run(t);
	pthread_mutex_lock(&ts->lock);
	t->next = NULL;
	*ts->tail = t;
	ts->tail = &t->next;
	atomic_fetch_sub(&ts->running, 1);
	pthread_mutex_unlock(&ts->lock);
	tasks_wake(ts);
	return NULL;
}

int task_start(struct tasks *ts, struct task *t)
{
	pthread_t thread;
	int r;

	t->tasks = ts;
	atomic_fetch_add(&ts->running, 1);
	r = thread_start(&thread, task_main, t);
	if (r < 0)
		atomic_fetch_sub(&ts->running, 1);
	else
		pthread_detach(thread);
	return r;
}

int tasks_collect(struct tasks *ts)
{
	uint64_t n;
	int count = 0;
	struct task *t;

	if (read(ts->event, &n, sizeof(n)) < 0 && errno != EAGAIN)
		return 0;
	pthread_mutex_lock(&ts->lock);
	t = ts->ready;
	ts->ready = NULL;
	ts->tail = &ts->ready;
	pthread_mutex_unlock(&ts->lock);
	while (t) {
		struct task *next = t->next;

		t->done(t);
		t = next;
		count++;
	}
	return count;
}

void tasks_drain(struct tasks *ts, int timeout_ms)
{
	struct pollfd p = { .fd = ts->event, .events = POLLIN };

	for (int waited = 0; atomic_load(&ts->running) > 0 && waited < timeout_ms; waited += 20) {
		poll(&p, 1, 20);
		tasks_collect(ts);
	}
	tasks_collect(ts);
}
