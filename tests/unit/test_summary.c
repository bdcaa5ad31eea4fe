/* SPDX-License-Identifier: MIT */
/* Counts, limits, and which kind leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/kind/kinds.h"
#include "src/survey/summary.h"
#include "tests/unit/picture.h"

/* A server with 10 files, 3 folders, and `leaked` descriptors of kind_anon. */
static void server(struct picture *p, long when, uint32_t leaked, uint32_t folders)
{
	memset(p, 0, sizeof(*p));
	p->s.taken.tv_sec = when;
	picture_add(p, 100, 10 + folders + leaked);
	picture_add(p, 200, 5);
	for (uint32_t i = 0; i < 10 + folders + leaked; i++)
		p->proc[0].rows[i].kind = i < 10             ? &kind_file
					  : i < 10 + folders ? &kind_dir
							     : &kind_anon;
	for (uint32_t i = 0; i < 5; i++)
		p->proc[1].rows[i].kind = &kind_file;
	p->proc[1].limit = 6;
}

static void add(struct summary *m, long when, uint32_t leaked, uint32_t folders)
{
	struct picture p;

	server(&p, when, leaked, folders);
	summary_add(m, &p.s);
	picture_release(&p);
}

static void test_one(void **state)
{
	struct summary m = { 0 };
	struct summary_leak *leaks;
	const struct summary_proc **procs;
	size_t n;

	(void)state;
	add(&m, 1000, 7, 3);
	assert_int_equal(m.fds, 25);
	assert_int_equal(m.n_kinds, 3);
	assert_ptr_equal(m.kinds[0].kind, &kind_file);
	assert_int_equal(m.kinds[0].last, 15);
	assert_ptr_equal(m.kinds[1].kind, &kind_anon);
	assert_int_equal(m.n_procs, 2);
	assert_int_equal(summary_limit_used(&m.procs[0]), 10);
	assert_int_equal(summary_limit_used(&m.procs[1]), 83);
	procs = summary_procs(&m, SUMMARY_BY_FDS);
	assert_int_equal(procs[0]->pid, 100);
	free(procs);
	procs = summary_procs(&m, SUMMARY_BY_LIMIT);
	assert_int_equal(procs[0]->pid, 200);
	assert_memory_equal(procs[0]->comm, "nginx: worker", 13);
	free(procs);
	leaks = summary_leaks(&m, &n);
	assert_int_equal(n, 0);
	free(leaks);
	summary_release(&m);
}

static void test_leak(void **state)
{
	struct summary m = { 0 };
	struct summary_leak *leaks;
	size_t n;

	(void)state;
	add(&m, 1000, 2, 3);
	add(&m, 1010, 12, 3);
	add(&m, 1020, 22, 3);
	leaks = summary_leaks(&m, &n);
	assert_int_equal(n, 1);
	assert_ptr_equal(leaks[0].count->kind, &kind_anon);
	assert_int_equal(leaks[0].proc->pid, 100);
	assert_int_equal(leaks[0].count->first, 2);
	assert_int_equal(leaks[0].count->last, 22);
	assert_true(leaks[0].per_second > 0.99 && leaks[0].per_second < 1.01);
	assert_true(leaks[0].steady);
	assert_int_equal(leaks[0].oldest_fd, 13);
	assert_int_equal(leaks[0].first_new_fd, 15);
	/* 200 may be open, 35 are, one more a second. */
	assert_true(leaks[0].seconds_to_limit > 164 && leaks[0].seconds_to_limit < 166);
	free(leaks);
	summary_release(&m);
}

/* What goes up and down is a load; it comes after what only goes up. */
static void test_load(void **state)
{
	struct summary m = { 0 };
	struct summary_leak *leaks;
	size_t n;

	(void)state;
	add(&m, 1000, 2, 3);
	add(&m, 1010, 90, 3);
	add(&m, 1020, 50, 4);
	leaks = summary_leaks(&m, &n);
	assert_int_equal(n, 2);
	assert_ptr_equal(leaks[0].count->kind, &kind_dir);
	assert_true(leaks[0].steady);
	assert_ptr_equal(leaks[1].count->kind, &kind_anon);
	assert_false(leaks[1].steady);
	assert_int_equal(leaks[1].count->most, 90);
	free(leaks);
	summary_release(&m);
}

/* The limit is of the table, whatever fills it. */
static void test_two_leaks(void **state)
{
	struct summary m = { 0 };
	struct summary_leak *leaks;
	size_t n;

	(void)state;
	add(&m, 1000, 0, 0);
	add(&m, 1010, 20, 20);
	leaks = summary_leaks(&m, &n);
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++) {
		assert_float_equal(leaks[i].per_second, 2, 0.001);
		assert_float_equal(leaks[i].seconds_to_limit, 37.5, 0.001);
	}
	free(leaks);
	summary_release(&m);
}

static bool is_dir(void *arg, const struct fdent *e)
{
	(void)arg;
	return e->kind == &kind_dir;
}

static void test_some(void **state)
{
	struct summary m = { .pick = is_dir };
	struct summary_leak *leaks;
	size_t n;

	(void)state;
	add(&m, 1000, 5, 3);
	assert_int_equal(m.fds, 3);
	assert_int_equal(m.n_kinds, 1);
	assert_int_equal(m.procs[0].n_seen, 3);
	assert_int_equal(m.procs[0].fds, 18); /* the limit is of all of them */
	add(&m, 1010, 15, 4);
	leaks = summary_leaks(&m, &n);
	assert_int_equal(n, 1);
	assert_ptr_equal(leaks[0].count->kind, &kind_dir);
	free(leaks);
	summary_release(&m);
}

/* A number that stands for another thing is as young as that. */
static void test_replaced(void **state)
{
	struct summary m = { 0 };
	struct summary_leak *leaks;
	struct picture p;
	size_t n;

	(void)state;
	add(&m, 1000, 2, 3);
	server(&p, 1010, 4, 3);
	p.proc[0].rows[13].ino = 7777;
	summary_add(&m, &p.s);
	picture_release(&p);
	leaks = summary_leaks(&m, &n);
	assert_int_equal(n, 1);
	assert_int_equal(leaks[0].oldest_fd, 14);
	assert_int_equal(leaks[0].first_new_fd, 13);
	free(leaks);
	summary_release(&m);
}

static void test_processes_come_and_go(void **state)
{
	struct summary m = { 0 };
	struct picture p;
	struct summary_leak *leaks;
	size_t n;

	(void)state;
	add(&m, 1000, 2, 3);
	server(&p, 1010, 50, 3);
	p.proc[0].start++; /* another one with that pid: nothing grew */
	p.proc[1].err = 13;
	p.proc[1].n_rows = 0;
	summary_add(&m, &p.s);
	picture_release(&p);
	assert_int_equal(m.n_procs, 2);
	assert_int_equal(m.procs[1].fds, 5);
	assert_int_equal(m.procs[1].err, 13);
	leaks = summary_leaks(&m, &n);
	assert_int_equal(n, 0);
	free(leaks);
	memset(&p, 0, sizeof(p));
	summary_add(&m, &p.s);
	assert_int_equal(m.n_procs, 0);
	assert_int_equal(m.fds, 0);
	summary_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_leak),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_two_leaks),
		cmocka_unit_test(test_some),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_processes_come_and_go),
	};

	return cmocka_run_group_tests_name("summary", tests, NULL, NULL);
}
