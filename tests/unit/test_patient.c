/* SPDX-License-Identifier: MIT */
/* The thread that may be abandoned: what it does, and whose the work is afterwards. */
#include "src/base/patient.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdbool.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

struct work {
	pthread_t by;
	int done;
	sem_t go, dropped;
};

static void note(void *arg)
{
	struct work *w = arg;

	w->by = pthread_self();
	w->done++;
}

/* Stuck until somebody lets it go on. */
static void wait_for_go(void *arg)
{
	struct work *w = arg;

	while (sem_wait(&w->go) < 0)
		;
	w->done++;
}

static void drop(void *arg)
{
	struct work *w = arg;

	sem_post(&w->dropped);
}

static void setup(struct work *w)
{
	*w = (struct work){ 0 };
	sem_init(&w->go, 0, 0);
	sem_init(&w->dropped, 0, 0);
}

static bool is_dropped(struct work *w)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 20;
	return sem_timedwait(&w->dropped, &end) == 0;
}

static void test_does_it(void **state)
{
	struct patient *p = NULL;
	struct work w;
	pthread_t first;

	(void)state;
	setup(&w);
	assert_int_equal(patient_do(&p, note, &w, drop, 20000), 0);
	first = w.by;
	assert_false(pthread_equal(first, pthread_self()));
	for (int i = 0; i < 1000; i++)
		assert_int_equal(patient_do(&p, note, &w, drop, 20000), 0);
	assert_true(pthread_equal(first, w.by));
	assert_int_equal(w.done, 1001);
	patient_end(&p);
	assert_null(p);
	/* What came back in time stays the caller's. */
	assert_int_equal(sem_trywait(&w.dropped), -1);
}

static void test_gives_up(void **state)
{
	struct patient *p = NULL;
	struct work stuck, w;

	(void)state;
	setup(&stuck);
	setup(&w);
	assert_int_equal(patient_do(&p, wait_for_go, &stuck, drop, 20), -ETIMEDOUT);
	assert_null(p);
	/* The next one has a thread of its own, whatever the first does. */
	assert_int_equal(patient_do(&p, note, &w, drop, 20000), 0);
	assert_int_equal(w.done, 1);
	sem_post(&stuck.go);
	assert_true(is_dropped(&stuck));
	assert_int_equal(stuck.done, 1);
	patient_end(&p);
}

static void test_no_time_at_all(void **state)
{
	struct patient *p = NULL;
	struct work stuck;

	(void)state;
	setup(&stuck);
	assert_int_equal(patient_do(&p, wait_for_go, &stuck, drop, 0), -ETIMEDOUT);
	sem_post(&stuck.go);
	assert_true(is_dropped(&stuck));
}

static void test_nobody_to_end(void **state)
{
	struct patient *p = NULL;

	(void)state;
	patient_end(&p);
	assert_null(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_does_it),
		cmocka_unit_test(test_gives_up),
		cmocka_unit_test(test_no_time_at_all),
		cmocka_unit_test(test_nobody_to_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
