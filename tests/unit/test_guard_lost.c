/* SPDX-License-Identifier: MIT */
/* Ends that nobody saw coming are told, not passed over. The loop is included whole. */
#include "src/keep/guard_loop.c"

#include "tests/unit/subject.h"

static struct guard *new_guard(void)
{
	struct guard *g = xcalloc(1, sizeof(*g));

	g->news = -1;
	g->o.haul.procfs = -1;
	pthread_mutex_init(&g->lock, NULL);
	return g;
}

static void free_guard(struct guard *g)
{
	pthread_mutex_destroy(&g->lock);
	free(g->tracees);
	free(g->procs);
	free(g->at);
	free(g);
}

static void ends(struct guard *g, pid_t tid, int code, int status)
{
	siginfo_t si = { .si_code = code };

	si.si_pid = tid;
	si.si_status = status;
	ended(g, &si);
}

static int count(const struct guard *g, enum guard_what what)
{
	int n = 0;

	for (size_t i = 0; i < g->n; i++)
		n += g->at[i].what == what;
	return n;
}

/* No exit stop of any of its threads was served. */
static void test_lost(void **state)
{
	struct guard *g = new_guard();

	(void)state;
	add(g, 10, 10);
	add(g, 11, 10);
	ends(g, 11, CLD_KILLED, SIGKILL);
	assert_int_equal(count(g, GUARD_LOST), 0); /* the other one has the table */
	ends(g, 10, CLD_KILLED, SIGKILL);
	assert_int_equal(count(g, GUARD_LEFT), 1);
	assert_int_equal(count(g, GUARD_LOST), 1);
	assert_int_equal(g->at[1].pid, 10);
	assert_int_equal(WTERMSIG(g->at[1].status), SIGKILL);
	assert_int_equal(g->n_procs, 0);
	free_guard(g);
}

/* Its table was taken, or others have it, or it was not to be guarded. */
static void test_accounted(void **state)
{
	struct guard *g = new_guard();

	(void)state;
	add(g, 10, 10);
	guarded_of(g, 10)->accounted = true;
	ends(g, 10, CLD_EXITED, 3);
	assert_int_equal(count(g, GUARD_LEFT), 1);
	assert_int_equal(count(g, GUARD_LOST), 0);
	free_guard(g);
}

/* A child of one that was lost is told of on its own. */
static void test_two(void **state)
{
	struct guard *g = new_guard();

	(void)state;
	add(g, 10, 10);
	add(g, 20, 20);
	guarded_of(g, 20)->accounted = true;
	ends(g, 10, CLD_KILLED, SIGKILL);
	ends(g, 20, CLD_EXITED, 0);
	ends(g, 99, CLD_EXITED, 0); /* nobody that we know */
	assert_int_equal(count(g, GUARD_LOST), 1);
	assert_int_equal(count(g, GUARD_LEFT), 2);
	assert_int_equal(g->n_procs, 0);
	free_guard(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_accounted),
		cmocka_unit_test(test_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
