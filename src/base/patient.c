/* SPDX-License-Identifier: MIT */
#include "src/base/patient.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "src/base/alloc.h"
#include "src/base/thread.h"

enum state { IDLE, ASKED, DONE, ABANDONED, ENDED };

struct patient {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum state state;
	patient_fn *fn, *drop;
	void *work;
};

static void patient_free(struct patient *p)
{
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* True: somebody waits for the answer still. */
static bool answer(struct patient *p)
{
	bool wanted;

	pthread_mutex_lock(&p->lock);
	wanted = p->state == ASKED;
	if (wanted)
		p->state = DONE;
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
	return wanted;
}

/* False: there is nothing to do any more, or nobody who wants it done. */
static bool next(struct patient *p)
{
	bool asked;

	pthread_mutex_lock(&p->lock);
	while (p->state == IDLE || p->state == DONE)
		pthread_cond_wait(&p->changed, &p->lock);
	asked = p->state == ASKED;
	pthread_mutex_unlock(&p->lock);
	return asked;
}

static void *patient_main(void *arg)
{
	struct patient *p = arg;

	while (next(p)) {
		p->fn(p->work);
		if (!answer(p))
			break;
	}
	/* From here on it changes no more; who ended it frees it. */
	if (p->state == ABANDONED) {
		p->drop(p->work);
		patient_free(p);
	}
	return NULL;
}

static int patient_start(struct patient **out)
{
	struct patient *p = xcalloc(1, sizeof(*p));
	pthread_condattr_t attr;
	int r;

	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->changed, &attr);
	pthread_condattr_destroy(&attr);
	r = thread_start(&p->thread, patient_main, p);
	if (r < 0) {
		patient_free(p);
		return r;
	}
	*out = p;
	return 0;
}

static struct timespec in_ms(int ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000L;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000L;
	}
	return t;
}

int patient_do(struct patient **out, patient_fn *fn, void *work, patient_fn *drop, int timeout_ms)
{
	int r = *out ? 0 : patient_start(out);
	const struct timespec end = in_ms(timeout_ms);
	struct patient *p = *out;
	bool done;

	if (r < 0)
		return r;
	pthread_mutex_lock(&p->lock);
	p->fn = fn;
	p->work = work;
	p->drop = drop;
	p->state = ASKED;
	pthread_cond_signal(&p->changed);
	while (p->state != DONE && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&p->changed, &p->lock, &end);
	done = p->state == DONE;
	if (!done) {
		p->state = ABANDONED;
		pthread_detach(p->thread);
		*out = NULL;
	}
	pthread_mutex_unlock(&p->lock);
	return done ? 0 : -ETIMEDOUT;
}

void patient_end(struct patient **out)
{
	struct patient *p = *out;

	*out = NULL;
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->state = ENDED;
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	patient_free(p);
}
