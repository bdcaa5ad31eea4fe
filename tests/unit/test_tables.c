/* SPDX-License-Identifier: MIT */
/* Threads with tables of their own: a kernel of our own, and unshare(CLONE_FILES). */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/base/sys.h"
#include "src/share/tables.h"

struct fake {
	int table[10000]; /* by tid; -1: gone */
	uint64_t calls;
	pid_t dies;
	uint64_t dies_at;
	int err;
};

static int fake_kcmp(void *ctx, pid_t a, pid_t b, enum sys_kcmp_type type, unsigned long ia,
		     unsigned long ib)
{
	struct fake *k = ctx;

	(void)ia;
	(void)ib;
	assert_int_equal(type, SYS_KCMP_FILES);
	if (++k->calls == k->dies_at)
		k->table[k->dies] = -1;
	if (k->err)
		return -k->err;
	if (k->table[a] < 0 || k->table[b] < 0)
		return -ESRCH;
	return k->table[a] == k->table[b] ? 0 : k->table[a] < k->table[b] ? 1 : 2;
}

static void test_grouping(void **state)
{
	struct fake *k = calloc(1, sizeof(*k));
	int tids[] = { 100, 101, 102, 103, 104, 105 };
	pid_t *found;
	size_t n;

	(void)state;
	k->table[101] = 7;
	k->table[103] = 3;
	k->table[104] = 7;
	k->table[105] = -1;
	assert_int_equal(tables_others(100, tids, 6, fake_kcmp, k, &found, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(found[0], 101);
	assert_int_equal(found[1], 103);
	free(found);

	k->table[100] = -2; /* gone altogether */
	assert_int_equal(tables_others(100, tids, 6, fake_kcmp, k, &found, &n), -ESRCH);
	k->err = EPERM;
	assert_int_equal(tables_others(100, tids, 6, fake_kcmp, k, &found, &n), -EPERM);
	free(k);
}

static void test_many_tables(void **state)
{
	struct fake *k = calloc(1, sizeof(*k));
	int *tids = calloc(5000, sizeof(*tids));
	pid_t *found;
	size_t n;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		tids[i] = 1 + i;
		k->table[1 + i] = (i * 7919) % 5000;
	}
	assert_int_equal(tables_others(1, tids, 5000, fake_kcmp, k, &found, &n), 0);
	assert_int_equal(n, 4999);
	assert_true(k->calls < 5000 * 15);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(found[i], i + 2);
	free(found);
	free(tids);
	free(k);
}

/* One that spoke for a table dies meanwhile: others with that table are not lost. */
static void test_vanishing(void **state)
{
	(void)state;
	for (uint64_t at = 1; at < 12; at++) {
		struct fake *k = calloc(1, sizeof(*k));
		int tids[] = { 1, 2, 3, 4 };
		pid_t *found;
		size_t n;

		k->table[2] = k->table[3] = 5;
		k->table[4] = 9;
		k->dies = 2;
		k->dies_at = at;
		assert_int_equal(tables_others(1, tids, 4, fake_kcmp, k, &found, &n), 0);
		assert_int_equal(n, 2);
		assert_true(found[0] == 2 || found[0] == 3);
		assert_int_equal(found[1], 4);
		free(found);
		free(k);
	}
}

static atomic_int tid_own, tid_same, stop;

static void *own_table(void *arg)
{
	(void)arg;
	atomic_store(&tid_own, unshare(CLONE_FILES) == 0 ? sys_gettid() : -1);
	while (!stop)
		usleep(1000);
	return NULL;
}

static void *same_table(void *arg)
{
	(void)arg;
	tid_same = sys_gettid();
	while (!stop)
		usleep(1000);
	return NULL;
}

static void test_real(void **state)
{
	pthread_t a, b;
	pid_t *found;
	size_t n;
	int tids[3], r;

	(void)state;
	assert_int_equal(pthread_create(&a, NULL, own_table, NULL), 0);
	assert_int_equal(pthread_create(&b, NULL, same_table, NULL), 0);
	while (!tid_own || !tid_same)
		usleep(1000);
	tids[0] = getpid();
	tids[1] = tid_own;
	tids[2] = tid_same;
	r = tables_others(getpid(), tids, 3, NULL, NULL, &found, &n);
	stop = 1;
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	if (r == -ENOSYS || tid_own < 0)
		skip();
	assert_int_equal(r, 0);
	assert_int_equal(n, 1);
	assert_int_equal(found[0], tid_own);
	free(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grouping),
		cmocka_unit_test(test_many_tables),
		cmocka_unit_test(test_vanishing),
		cmocka_unit_test(test_real),
	};

	return cmocka_run_group_tests_name("tables", tests, NULL, NULL);
}
