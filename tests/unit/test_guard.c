/* SPDX-License-Identifier: MIT */
/* How a process can end, and that its tables are taken then, once. */
#include <linux/capability.h>

#include "tests/unit/subject.h"

#define THREADS 64

/* ---- how it can end ---- */

static void will_exit(struct shared *s)
{
	wait_to_go(s);
	_exit(3); /* no look for leaks: it is traced */
}

static void will_abort(struct shared *s)
{
	wait_to_go(s);
	abort();
}

static void will_fault(struct shared *s)
{
	wait_to_go(s);
	raise(SIGSEGV);
}

static void ends(subject_main *fn, int kill_by, int status)
{
	struct subject s;

	subject_start(&s, fn);
	assert_int_equal(subject_guard(&s, false, NULL), 0);
	assert_int_equal(guard_threads(s.g), 1);
	s.shared->go = 1;
	if (kill_by)
		kill(s.pid, kill_by);
	expect_end(&s, 1, status, status);
	subject_end(&s);
}

static void test_exit(void **state)
{
	(void)state;
	ends(will_exit, 0, W_EXITCODE(3, 0));
}

static void test_abort(void **state)
{
	(void)state;
	ends(will_abort, 0, SIGABRT);
}

static void test_fault(void **state)
{
	(void)state;
	ends(will_fault, 0, SIGSEGV);
}

static void test_kill(void **state)
{
	(void)state;
	ends(will_wait, SIGKILL, SIGKILL);
}

/* ---- threads ---- */

static void has_threads(struct shared *s)
{
	pthread_t t;

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&t, NULL, thread_waits, s))
			_exit(97);
	for (;;)
		pause();
}

static void test_threads_killed(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		struct subject s;

		subject_start(&s, has_threads);
		wait_until(&s.shared->ready, THREADS);
		assert_int_equal(subject_guard(&s, false, NULL), 0);
		assert_int_equal(guard_threads(s.g), THREADS + 1);
		kill(s.pid, SIGKILL);
		expect_end(&s, 1, SIGKILL, SIGKILL);
		subject_end(&s);
	}
}

static void *thread_is_short(void *arg)
{
	(void)arg;
	return NULL;
}

/* One thread after the other, all the time. */
static void clones(struct shared *s)
{
	pthread_t t;

	for (s->ready = 1;;) {
		if (pthread_create(&t, NULL, thread_is_short, NULL))
			continue;
		pthread_join(t, NULL);
		s->caught++;
	}
}

/* A SIGKILL in any of its stops must not take the exit stop from us. */
static void killed_while_cloning(int times)
{
	for (int i = 0; i < times; i++) {
		struct subject s;

		subject_start(&s, clones);
		assert_int_equal(subject_guard(&s, false, NULL), 0);
		wait_until(&s.shared->caught, s.shared->caught + 5 + i % 20);
		kill(s.pid, SIGKILL);
		expect_end(&s, 1, SIGKILL, SIGKILL);
		subject_end(&s);
	}
}

static void test_killed_while_cloning(void **state)
{
	(void)state;
	killed_while_cloning(200);
}

/* Where the guard may lose its processor between asking and acting. */
static void test_killed_without_priority(void **state)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct before[2], less[2];
	struct rlimit none = { 0, 0 };

	(void)state;
	assert_int_equal(syscall(SYS_capget, &head, before), 0);
	memcpy(less, before, sizeof(less));
	less[0].effective &= ~(1U << CAP_SYS_NICE);
	setrlimit(RLIMIT_RTPRIO, &none);
	assert_int_equal(syscall(SYS_capset, &head, less), 0);
	assert_false(guard_may_keep_processor());
	killed_while_cloning(200);
	assert_int_equal(syscall(SYS_capset, &head, before), 0);
}

static void *thread_outlives(void *arg)
{
	struct shared *s = arg;

	s->ready++;
	wait_until(&s->go, 1);
	syscall(SYS_exit, 0);
	return NULL;
}

static void leader_dies(struct shared *s)
{
	pthread_t t;

	for (int i = 0; i < 3; i++)
		if (pthread_create(&t, NULL, thread_outlives, s))
			_exit(97);
	wait_until(&s->ready, 3);
	s->caught = 1;
	wait_until(&s->go, 2); /* while it is guarded */
	syscall(SYS_exit, 0);
}

static void test_leader_dies_first(void **state)
{
	struct subject s;
	struct target_name name;
	struct target t;

	(void)state;
	subject_start(&s, leader_dies);
	name = (struct target_name){ .pid = s.pid };
	wait_until(&s.shared->caught, 1);
	assert_int_equal(subject_guard(&s, false, NULL), 0);
	assert_int_equal(guard_threads(s.g), 4);
	kill(s.pid, SIGCONT); /* no harm */
	s.shared->go = 2;
	expect_end(&s, 1, 0, 0);
	assert_true(target_open(&t, s.procfs, &name, NULL) < 0);
	subject_end(&s);
}

static void leader_is_dead(struct shared *s)
{
	pthread_t t;

	if (pthread_create(&t, NULL, thread_waits, s))
		_exit(97);
	syscall(SYS_exit, 0);
}

static void test_dead_leader(void **state)
{
	struct subject s;

	(void)state;
	subject_start(&s, leader_is_dead);
	for (int i = 0; !s.target.zombie && i < WAIT_MS / 2; i++) {
		target_close(&s.target);
		nap();
		assert_int_equal(subject_open(&s), 0);
	}
	assert_int_equal(subject_guard(&s, false, NULL), 0);
	assert_int_equal(guard_threads(s.g), 1);
	kill(s.pid, SIGKILL);
	/* The leader was nobody's to trace: how it ended is not heard. */
	for (struct guard_event ev; next(&s, &ev); guard_done(s.g, &ev)) {
		assert_int_equal(ev.what, GUARD_TABLE);
		check_haul(&ev);
	}
	subject_end(&s);
	waitpid(s.pid, NULL, 0);
}

static void *thread_with_table(void *arg)
{
	struct shared *s = arg;

	if (unshare(CLONE_FILES) < 0)
		_exit(96);
	s->ready = 1;
	wait_until(&s->go, 1);
	return NULL;
}

static void has_two_tables(struct shared *s)
{
	pthread_t t;

	if (pthread_create(&t, NULL, thread_with_table, s))
		_exit(97);
	pthread_join(t, NULL);
	wait_until(&s->go, 2);
	_exit(0);
}

static void test_two_tables(void **state)
{
	struct guard_event ev;
	struct subject s;

	(void)state;
	subject_start(&s, has_two_tables);
	assert_int_equal(subject_guard(&s, false, NULL), 0);
	s.shared->go = 1;
	assert_true(next(&s, &ev));
	assert_int_equal(ev.what, GUARD_TABLE);
	assert_true(ev.haul->tid != 0);
	check_haul(&ev);
	guard_done(s.g, &ev);
	s.shared->go = 2;
	assert_true(next(&s, &ev));
	assert_int_equal(ev.what, GUARD_TABLE);
	assert_int_equal(ev.haul->tid, 0);
	guard_done(s.g, &ev);
	assert_true(next(&s, &ev));
	assert_int_equal(ev.what, GUARD_LEFT);
	assert_false(next(&s, &ev));
	subject_end(&s);
}

/* ---- refusals and limits ---- */

static void is_traced(struct shared *s)
{
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	will_wait(s);
}

static void test_already_traced(void **state)
{
	struct fail f = { 0 };
	struct subject s;
	char want[64];

	(void)state;
	subject_start(&s, is_traced);
	assert_int_equal(subject_guard(&s, false, &f), -EBUSY);
	snprintf(want, sizeof(want), "process %d traces it already", getpid());
	assert_string_equal(f.why, want);
	kill(s.pid, SIGKILL);
	waitpid(s.pid, NULL, 0);
	subject_end(&s);
}

static void test_ended(void **state)
{
	struct fail f = { 0 };
	struct subject s;

	(void)state;
	subject_start(&s, will_wait);
	kill(s.pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)s.pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	assert_int_equal(subject_guard(&s, false, &f), -ESRCH);
	assert_int_equal(f.class, FAIL_GONE);
	waitpid(s.pid, NULL, 0);
	subject_end(&s);
}

static void has_many(struct shared *s)
{
	for (int fd = 100; fd < 400; fd++)
		dup2(MARK_FD, fd);
	will_wait(s);
}

/* More than our own table can have at once: part by part, nothing left out. */
static void test_parts(void **state)
{
	struct rlimit before, small;
	struct guard_event ev;
	struct subject s;
	size_t taken = 0;
	int parts = 0;

	(void)state;
	subject_start(&s, has_many);
	assert_int_equal(subject_guard(&s, false, NULL), 0);
	getrlimit(RLIMIT_NOFILE, &before);
	small = (struct rlimit){ 100, before.rlim_max };
	setrlimit(RLIMIT_NOFILE, &small);
	kill(s.pid, SIGKILL);
	for (; next(&s, &ev); guard_done(s.g, &ev)) {
		if (ev.what != GUARD_TABLE)
			continue;
		parts++;
		for (size_t i = 0; i < ev.haul->n; i++)
			taken += ev.haul->at[i].e->fd >= 100 && ev.haul->at[i].fd >= 0;
	}
	setrlimit(RLIMIT_NOFILE, &before);
	assert_int_equal(taken, 300);
	assert_true(parts > 3);
	subject_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_fault),
		cmocka_unit_test(test_kill),
		cmocka_unit_test(test_threads_killed),
		cmocka_unit_test(test_killed_while_cloning),
		cmocka_unit_test(test_killed_without_priority),
		cmocka_unit_test(test_leader_dies_first),
		cmocka_unit_test(test_dead_leader),
		cmocka_unit_test(test_two_tables),
		cmocka_unit_test(test_already_traced),
		cmocka_unit_test(test_ended),
		cmocka_unit_test(test_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
