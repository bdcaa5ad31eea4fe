/* SPDX-License-Identifier: MIT */
#include "src/proc/hung.h"

#include <stdlib.h>
#include <time.h>

#include "src/base/alloc.h"

#define AGAIN       60 /* seconds until it is asked again */
#define PATIENCE    1000
#define PATIENCE_BY 100 /* once one has hung: the others are as many as there are */

struct hung_process {
	pid_t pid;
	int what;
	uint64_t start;
	time_t until;
};

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

void hung_release(struct hung *h)
{
	free(h->at);
	h->at = NULL;
	h->n = 0;
	pthread_mutex_destroy(&h->lock);
}

bool hung_has(struct hung *h, pid_t pid, uint64_t start, int what)
{
	bool found = false;

	if (!h)
		return false;
	pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < h->n && !found; i++)
		found = h->at[i].pid == pid && h->at[i].what == what && h->at[i].start == start &&
			now() < h->at[i].until;
	pthread_mutex_unlock(&h->lock);
	return found;
}

void hung_add(struct hung *h, pid_t pid, uint64_t start, int what)
{
	size_t i = 0;

	if (!h)
		return;
	pthread_mutex_lock(&h->lock);
	while (i < h->n && (h->at[i].pid != pid || h->at[i].what != what))
		i++;
	if (i == h->n)
		h->at = xreallocarray(h->at, ++h->n, sizeof(*h->at));
	h->at[i] = (struct hung_process){ pid, what, start, now() + AGAIN };
	pthread_mutex_unlock(&h->lock);
}

int hung_patience_ms(struct hung *h)
{
	int ms = PATIENCE;

	if (!h)
		return ms;
	pthread_mutex_lock(&h->lock);
	if (h->n)
		ms = PATIENCE_BY;
	pthread_mutex_unlock(&h->lock);
	return ms;
}
