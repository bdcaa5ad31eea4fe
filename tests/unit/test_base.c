/* SPDX-License-Identifier: MIT */
/* Threads that share out work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "src/base/thread.h"

struct sum {
	atomic_uint calls, of; /* a bit for each i */
};

static void add(void *arg, unsigned i)
{
	struct sum *s = arg;

	s->calls++;
	s->of |= 1u << i;
}

static void test_team(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= THREADS_MAX; n++) {
		struct sum s = { 0 };

		thread_team(n, add, &s);
		assert_int_equal(s.calls, n);
		assert_int_equal(s.of, (1u << n) - 1);
	}
}

static void test_team_has_a_limit(void **state)
{
	struct sum s = { 0 };

	(void)state;
	thread_team(0, add, &s);
	assert_int_equal(s.of, 1);
	s.of = 0;
	thread_team(1000, add, &s);
	assert_int_equal(s.of, (1u << THREADS_MAX) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_team),
		cmocka_unit_test(test_team_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
