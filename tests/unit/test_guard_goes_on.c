/* SPDX-License-Identifier: MIT */
/* Until its end a guarded process goes on as if nobody were there. */
#include "tests/unit/subject.h"

#define SIGNALS 2000

/* ---- what must go on as if nobody were there ---- */

static struct shared *handler_shared;

static void on_signal(int sig)
{
	(void)sig;
	handler_shared->caught++;
}

static void catches(struct shared *s)
{
	handler_shared = s;
	signal(SIGRTMIN, on_signal);
	wait_to_go(s);
	_exit(s->caught == SIGNALS ? 0 : 1); /* no look for leaks: it is traced */
}

static void test_signals(void **state)
{
	struct timespec ms = { .tv_nsec = 1000000 };
	const union sigval none = { 0 };
	struct subject s;

	(void)state;
	subject_start(&s, catches);
	assert_int_equal(subject_guard(&s, false, NULL), 0);
	for (int i = 0; i < SIGNALS; i++) {
		assert_int_equal(sigqueue(s.pid, SIGRTMIN, none), 0);
		nanosleep(&ms, NULL);
	}
	wait_until(&s.shared->caught, SIGNALS);
	assert_int_equal(s.shared->caught, SIGNALS);
	s.shared->go = 1;
	expect_end(&s, 1, 0, 0);
	subject_end(&s);
}

static void counts(struct shared *s)
{
	struct timespec ms = { .tv_nsec = 1000000 };

	for (s->ready = 1; !s->go; s->caught++)
		nanosleep(&ms, NULL);
	_exit(0);
}

static void test_group_stop(void **state)
{
	struct guard_event ev;
	struct subject s;
	int before;

	(void)state;
	subject_start(&s, counts);
	assert_int_equal(subject_guard(&s, false, NULL), 0);
	kill(s.pid, SIGSTOP);
	assert_true(next(&s, &ev));
	assert_int_equal(ev.what, GUARD_STOPPED);
	assert_int_equal(ev.status, SIGSTOP);
	before = s.shared->caught;
	for (int i = 0; i < 20; i++)
		nap();
	assert_int_equal(s.shared->caught, before);
	kill(s.pid, SIGCONT);
	wait_until(&s.shared->caught, before + 3);
	assert_true(s.shared->caught >= before + 3);
	s.shared->go = 1;
	expect_end(&s, 1, 0, 0);
	subject_end(&s);
}

static void test_stopped_before(void **state)
{
	struct subject s;
	int before;

	(void)state;
	subject_start(&s, counts);
	kill(s.pid, SIGSTOP);
	waitpid(s.pid, NULL, WUNTRACED);
	assert_int_equal(subject_guard(&s, false, NULL), 0);
	before = s.shared->caught;
	for (int i = 0; i < 20; i++)
		nap();
	assert_int_equal(s.shared->caught, before);
	kill(s.pid, SIGCONT);
	wait_until(&s.shared->caught, before + 3);
	assert_true(s.shared->caught >= before + 3);
	kill(s.pid, SIGKILL);
	expect_end(&s, 1, SIGKILL, SIGKILL);
	subject_end(&s);
}

static void test_let_go(void **state)
{
	struct subject s;
	struct proc_status st;
	int before;

	(void)state;
	subject_start(&s, counts);
	assert_int_equal(subject_guard(&s, false, NULL), 0);
	assert_int_equal(proc_status_read(s.target.dir, &st), 0);
	assert_int_not_equal(st.tracer, 0);
	guard_end(s.g);
	s.g = NULL;
	assert_int_equal(proc_status_read(s.target.dir, &st), 0);
	assert_int_equal(st.tracer, 0);
	before = s.shared->caught;
	wait_until(&s.shared->caught, before + 3);
	assert_true(s.shared->caught >= before + 3);
	kill(s.pid, SIGKILL);
	waitpid(s.pid, NULL, 0);
	subject_end(&s);
}

/* A handler is on its way at the moment we leave: it must run all the same. */
static void test_let_go_amid_signals(void **state)
{
	const union sigval none = { 0 };

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct subject s;

		subject_start(&s, catches);
		assert_int_equal(subject_guard(&s, false, NULL), 0);
		for (int n = 0; n < 100; n++)
			assert_int_equal(sigqueue(s.pid, SIGRTMIN, none), 0);
		guard_end(s.g);
		s.g = NULL;
		wait_until(&s.shared->caught, 100);
		assert_int_equal(s.shared->caught, 100);
		kill(s.pid, SIGKILL);
		waitpid(s.pid, NULL, 0);
		subject_end(&s);
	}
}

/* ---- children and programs ---- */

static void forks(struct shared *s)
{
	pid_t pid = fork();

	if (pid == 0) {
		s->caught = getpid();
		wait_until(&s->go, 2);
		_exit(5);
	}
	s->ready = 1;
	waitpid(pid, NULL, 0);
	_exit(0);
}

static void forks_later(struct shared *s)
{
	wait_to_go(s);
	forks(s);
}

static void after_fork(bool children, int tables)
{
	struct proc_status st;
	struct guard_event ev;
	struct subject s;
	int dir, n = 0;

	subject_start(&s, forks_later);
	assert_int_equal(subject_guard(&s, children, NULL), 0);
	s.shared->go = 1;
	wait_until(&s.shared->caught, 1);
	dir = proc_open_process(s.procfs, s.shared->caught, 0);
	assert_true(dir >= 0);
	assert_int_equal(proc_status_read(dir, &st), 0);
	assert_int_equal(st.tracer != 0, children);
	fd_close(&dir);
	s.shared->go = 2;
	for (; next(&s, &ev); guard_done(s.g, &ev))
		n += ev.what == GUARD_TABLE;
	assert_int_equal(n, tables);
	subject_end(&s);
}

static void test_fork_is_let_be(void **state)
{
	(void)state;
	after_fork(false, 1);
}

static void test_fork_is_followed(void **state)
{
	(void)state;
	after_fork(true, 2);
}

static void vforks(struct shared *s)
{
	wait_to_go(s);
	for (int i = 0; i < 20; i++) {
		pid_t pid = vfork();

		if (pid == 0)
			execl("/bin/true", "true", (char *)NULL);
		if (waitpid(pid, NULL, 0) != pid)
			_exit(1);
	}
	_exit(0);
}

static void after_vfork(bool children, int tables)
{
	struct guard_event ev;
	struct subject s;
	int n = 0;

	subject_start(&s, vforks);
	assert_int_equal(subject_guard(&s, children, NULL), 0);
	s.shared->go = 1;
	for (; next(&s, &ev); guard_done(s.g, &ev)) {
		n += ev.what == GUARD_TABLE;
		if (ev.what == GUARD_LEFT && ev.pid == s.pid)
			assert_int_equal(ev.status, 0);
	}
	assert_int_equal(n, tables);
	subject_end(&s);
}

static void test_vfork(void **state)
{
	(void)state;
	after_vfork(false, 1);
	after_vfork(true, 21);
}

static void *thread_execs(void *arg)
{
	struct shared *s = arg;

	wait_until(&s->go, 1);
	execl("/bin/sh", "sh", "-c", "exit 7", (char *)NULL);
	return NULL;
}

static void execs_in_thread(struct shared *s)
{
	pthread_t t;

	for (int i = 0; i < 8; i++)
		if (pthread_create(&t, NULL, thread_waits, s))
			_exit(97);
	if (pthread_create(&t, NULL, thread_execs, s))
		_exit(97);
	wait_until(&s->ready, 8);
	s->caught = 1;
	for (;;)
		pause();
}

static void test_exec(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		struct guard_event ev;
		struct subject s;
		int tables = 0, execs = 0;

		subject_start(&s, execs_in_thread);
		wait_until(&s.shared->caught, 1);
		assert_int_equal(subject_guard(&s, false, NULL), 0);
		s.shared->go = 1;
		for (; next(&s, &ev); guard_done(s.g, &ev)) {
			execs += ev.what == GUARD_EXEC;
			if (ev.what != GUARD_TABLE)
				continue;
			tables++;
			check_haul(&ev);
			assert_int_equal(ev.status, W_EXITCODE(7, 0));
			assert_string_equal(ev.haul->comm, "sh");
		}
		assert_int_equal(execs, 1);
		assert_int_equal(tables, 1);
		subject_end(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_group_stop),
		cmocka_unit_test(test_stopped_before),
		cmocka_unit_test(test_let_go),
		cmocka_unit_test(test_let_go_amid_signals),
		cmocka_unit_test(test_fork_is_let_be),
		cmocka_unit_test(test_fork_is_followed),
		cmocka_unit_test(test_vfork),
		cmocka_unit_test(test_exec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
