/* SPDX-License-Identifier: MIT */
#include "src/take/ahead.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/thread.h"

#define SLOTS 8
/* As in hash.c: who waits sleeps until it is worth it. */
#define ENOUGH (SLOTS / 2)

struct slot {
	char *buf;
	ssize_t n; /* of pread(2), or -errno */
};

struct ahead {
	int fd;
	uint64_t from, to; /* not read yet: the thread's own */
	size_t size;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t filled, freed;
	struct slot slot[SLOTS];
	unsigned in, out; /* next to fill, next to take */
	unsigned full;
	bool ended;   /* the last one is filled */
	bool leaving; /* nobody wants more */
};

static ssize_t fill(struct ahead *a, char *buf)
{
	size_t len = a->to - a->from < a->size ? (size_t)(a->to - a->from) : a->size;
	ssize_t n;

	if (!len)
		return 0;
	do
		n = pread(a->fd, buf, len, (off_t)a->from);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	a->from += (uint64_t)n;
	return n;
}

static void *work(void *arg)
{
	struct ahead *a = arg;
	ssize_t n = 1;

	pthread_mutex_lock(&a->lock);
	while (n > 0) {
		struct slot *slot = &a->slot[a->in];

		while (a->full == SLOTS && !a->leaving)
			pthread_cond_wait(&a->freed, &a->lock);
		if (a->leaving)
			break;
		pthread_mutex_unlock(&a->lock);
		n = fill(a, slot->buf);
		pthread_mutex_lock(&a->lock);
		slot->n = n;
		a->in = (a->in + 1) % SLOTS;
		a->full++;
		a->ended = n <= 0;
		if (a->full == ENOUGH || a->ended)
			pthread_cond_signal(&a->filled);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

struct ahead *ahead_new(int fd, uint64_t from, uint64_t to, size_t size)
{
	struct ahead *a = xcalloc(1, sizeof(*a));
	bool complete = true;

	a->fd = fd;
	a->from = from;
	a->to = to;
	a->size = size;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->filled, NULL);
	pthread_cond_init(&a->freed, NULL);
	for (int i = 0; i < SLOTS; i++) {
		if (posix_memalign((void **)&a->slot[i].buf, 4096, size) != 0)
			a->slot[i].buf = NULL;
		complete &= a->slot[i].buf != NULL;
	}
	a->started = complete && thread_start(&a->thread, work, a) == 0;
	if (a->started)
		return a;
	ahead_free(a);
	return NULL;
}

ssize_t ahead_next(struct ahead *a, char **buf)
{
	pthread_mutex_lock(&a->lock);
	if (!a->full)
		while (a->full < ENOUGH && !a->ended)
			pthread_cond_wait(&a->filled, &a->lock);
	pthread_mutex_unlock(&a->lock);
	*buf = a->slot[a->out].buf;
	return a->slot[a->out].n;
}

void ahead_done(struct ahead *a, char *buf)
{
	pthread_mutex_lock(&a->lock);
	a->slot[a->out].buf = buf;
	a->out = (a->out + 1) % SLOTS;
	if (--a->full == SLOTS - ENOUGH)
		pthread_cond_signal(&a->freed);
	pthread_mutex_unlock(&a->lock);
}

void ahead_free(struct ahead *a)
{
	if (!a)
		return;
	if (a->started) {
		pthread_mutex_lock(&a->lock);
		a->leaving = true;
		pthread_cond_signal(&a->freed);
		pthread_mutex_unlock(&a->lock);
		pthread_join(a->thread, NULL);
	}
	for (int i = 0; i < SLOTS; i++)
		free(a->slot[i].buf);
	pthread_mutex_destroy(&a->lock);
	pthread_cond_destroy(&a->filled);
	pthread_cond_destroy(&a->freed);
	free(a);
}
