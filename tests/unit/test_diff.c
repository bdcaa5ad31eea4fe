/* SPDX-License-Identifier: MIT */
/* What changed between two surveys. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/net/sock.h"
#include "src/survey/diff.h"
#include "tests/unit/picture.h"

static struct picture before, after;
static struct diff d;

static int setup(void **state)
{
	(void)state;
	memset(&before, 0, sizeof(before));
	memset(&after, 0, sizeof(after));
	picture_add(&before, 100, 6);
	picture_add(&before, 200, 6);
	picture_add(&after, 100, 6);
	picture_add(&after, 200, 6);
	before.s.taken.tv_sec = 1000;
	after.s.taken.tv_sec = 1002;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	diff_release(&d);
	picture_release(&before);
	picture_release(&after);
	return 0;
}

static void run(void)
{
	diff_make(&d, &before.s, &after.s);
}

/* Take row r out of process p. */
static void drop(struct picture *p, int proc, uint32_t r)
{
	struct procent *e = &p->proc[proc];

	memmove(e->rows + r, e->rows + r + 1, (e->n_rows - r - 1) * sizeof(*e->rows));
	e->n_rows--;
}

static void test_nothing(void **state)
{
	(void)state;
	run();
	assert_int_equal(d.n, 0);
}

static void test_opened_closed(void **state)
{
	(void)state;
	drop(&after, 0, 2);
	drop(&before, 1, 0);
	drop(&before, 1, 4); /* number 5 */
	run();
	assert_int_equal(d.n, 3);
	assert_int_equal(d.at[0].what, CHANGE_CLOSED);
	assert_int_equal(d.at[0].old->fd, 2);
	assert_null(d.at[0].now);
	assert_int_equal(d.at[1].what, CHANGE_OPENED);
	assert_int_equal(d.at[1].now->fd, 0);
	assert_int_equal(d.at[2].now->fd, 5);
	assert_int_equal(d.of[CHANGE_OPENED], 2);
}

static void test_values(void **state)
{
	struct fdent *e = after.proc[0].rows;
	struct sock_info was = { .has = SOCK_HAS_QUEUES, .rqueue = 5, .state = 1 };
	struct sock_info is = { .has = SOCK_HAS_QUEUES, .rqueue = 1005, .wqueue = 7, .state = 8 };

	(void)state;
	e[1].pos += 1000;
	e[1].size -= 50;
	e[2].flags |= O_NONBLOCK;
	e[3].deleted = DELETED_INODE;
	before.proc[0].rows[4].sock = &was;
	e[4].sock = &is;
	e[5].have = 0; /* could not be read this time: that is no change */
	e[5].pos = 99;
	run();
	assert_int_equal(d.n, 7);
	assert_int_equal(d.at[0].what, CHANGE_MOVED);
	assert_true(change_rate(&d, &d.at[0]) > 499 && change_rate(&d, &d.at[0]) < 501);
	assert_int_equal(d.at[1].what, CHANGE_SIZE);
	assert_true(change_rate(&d, &d.at[1]) < -24);
	assert_int_equal(d.at[2].what, CHANGE_FLAGS);
	assert_true(change_rate(&d, &d.at[2]) == 0);
	assert_int_equal(d.at[3].what, CHANGE_DELETED);
	assert_int_equal(d.at[4].what, CHANGE_RECV_QUEUE);
	assert_int_equal(d.at[4].before, 5);
	assert_int_equal(d.at[4].after, 1005);
	assert_int_equal(d.at[5].what, CHANGE_SEND_QUEUE);
	assert_int_equal(d.at[6].what, CHANGE_STATE);
	e[4].sock = NULL;
}

/* A TCP socket is in no table before it is bound, nor once its connection has ended. */
static void test_unlisted(void **state)
{
	struct sock_info tcp = { .table = SOCK_TABLE_TCP, .state = 10 };
	struct sock_info un = { .table = SOCK_TABLE_UNIX, .state = 1 };

	(void)state;
	after.proc[0].rows[1].sock = &tcp;
	before.proc[0].rows[2].sock = &tcp;
	after.proc[0].rows[3].sock = &un; /* was not read last time */
	run();
	assert_int_equal(d.n, 2);
	assert_int_equal(d.at[0].what, CHANGE_STATE);
	assert_int_equal(d.at[0].before, 7);
	assert_int_equal(d.at[0].after, 10);
	assert_int_equal(d.at[1].after, 7);
}

static void test_replaced(void **state)
{
	struct fdent *old = before.proc[0].rows, *now = after.proc[0].rows;
	static const char one[] = "eventfd-count: 1\neventfd-id: 3\n";
	static const char same[] = "eventfd-count: 9\neventfd-id: 3\n";
	static const char other[] = "eventfd-count: 1\neventfd-id: 4\n";

	(void)state;
	now[1].ino++;
	now[1].pos += 5; /* of another file: no move */
	now[2].dev++;
	for (int i = 3; i < 5; i++) {
		old[i].name = now[i].name = "anon_inode:[eventfd]";
		old[i].name_len = now[i].name_len = 20;
		old[i].extra = one;
		old[i].extra_len = sizeof(one) - 1;
		now[i].extra = i == 3 ? same : other;
		now[i].extra_len = sizeof(one) - 1;
	}
	run();
	assert_int_equal(d.n, 3);
	assert_int_equal(d.of[CHANGE_REPLACED], 3);
	assert_int_equal(d.at[2].now->fd, 4);
	assert_ptr_equal(d.at[2].old, &old[4]);
}

static void test_processes(void **state)
{
	(void)state;
	after.proc[0].start++; /* the pid was used again */
	picture_add(&after, 300, 2);
	run();
	assert_int_equal(d.n, 3);
	assert_int_equal(d.at[0].what, CHANGE_PROCESS_GONE);
	assert_ptr_equal(d.at[0].proc, &before.proc[0]);
	assert_int_equal(d.at[1].what, CHANGE_PROCESS_NEW);
	assert_ptr_equal(d.at[1].proc, &after.proc[0]);
	assert_int_equal(d.at[2].proc->pid, 300);
}

static void test_unreadable(void **state)
{
	(void)state;
	after.proc[0].err = 13;
	after.proc[0].n_rows = 0;
	run();
	assert_int_equal(d.n, 0);
}

static void test_mappings(void **state)
{
	struct fdent *old = before.proc[0].rows, *now = after.proc[0].rows;

	(void)state;
	for (int i = 0; i < 4; i++) {
		old[i].assoc = now[i].assoc = i ? ASSOC_MEM : ASSOC_CWD;
		old[i].fd = now[i].fd = -1;
	}
	now[1] = old[3]; /* the same files in another order, but one */
	now[1].proc = &after.proc[0];
	now[3].ino = 999;
	now[0].ino = 55; /* chdir */
	run();
	assert_int_equal(d.n, 3);
	assert_int_equal(d.at[0].what, CHANGE_CLOSED);
	assert_ptr_equal(d.at[0].old, &old[1]);
	assert_int_equal(d.at[1].what, CHANGE_OPENED);
	assert_ptr_equal(d.at[1].now, &now[3]);
	assert_int_equal(d.at[2].what, CHANGE_REPLACED);
	assert_int_equal(d.at[2].now->assoc, ASSOC_CWD);
}

static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < CHANGE_WHATS; i++)
		assert_non_null(change_name((enum change_what)i));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing),  TEST(test_opened_closed), TEST(test_values),
		TEST(test_replaced), TEST(test_processes),     TEST(test_unreadable),
		TEST(test_mappings), TEST(test_names),         TEST(test_unlisted),
	};

	return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
