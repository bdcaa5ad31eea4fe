/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "src/base/sys.h"
#include "src/stop/freeze.h"
#include "tests/unit/counter.h"

#define ONLY_PTRACE  FREEZE_ALLOW(FREEZE_PTRACE)
#define ONLY_SIGSTOP FREEZE_ALLOW(FREEZE_SIGSTOP)

static struct freeze frozen(const struct target *t, unsigned allowed)
{
	struct freeze z;
	struct fail f = { 0 };

	if (freeze_begin(&z, t, allowed, &f) < 0)
		fail_msg("%s: %s: %d: %s", f.call, f.on, f.err, f.why);
	return z;
}

static void test_threads(void **state)
{
	struct counter c;

	(void)state;
	counter_start(&c, 64);
	for (enum freeze_way way = FREEZE_PTRACE; way < FREEZE_WAY_COUNT; way += 2) {
		struct freeze z = frozen(&c.t, FREEZE_ALLOW(way));

		assert_int_equal(freeze_way(&z), way);
		assert_int_equal(z.threads, 64);
		assert_int_equal(z.busy, 0);
		assert_false(z.was_stopped);
		assert_still(&c);
		uint64_t so_far = freeze_pause_ns(&z);

		assert_true(so_far >= 5000000);
		assert_true(freeze_end(&z) > so_far);
		assert_int_equal(freeze_end(&z), freeze_pause_ns(&z));
		assert_runs(&c);
		assert_int_equal(counter_tracer(&c), 0);
		assert_soon(counter_state(&c) == 'S' || counter_state(&c) == 'R');
	}
	counter_end(&c);
}

/* The pause of a small target, for the record. */
static void test_pause(void **state)
{
	struct counter c;
	uint64_t best = UINT64_MAX;

	(void)state;
	counter_start(&c, 1);
	for (int i = 0; i < 20; i++) {
		struct freeze z = frozen(&c.t, ONLY_PTRACE);
		uint64_t ns = freeze_end(&z);

		best = ns < best ? ns : best;
	}
	print_message("# shortest pause of one thread: %u us\n", (unsigned)(best / 1000));
	assert_true(best < 100000000);
	counter_end(&c);
}

static void test_stopped_before(void **state)
{
	struct counter c;
	int status;

	(void)state;
	counter_start(&c, 4);
	kill(c.pid, SIGSTOP);
	assert_int_equal(waitpid(c.pid, &status, WUNTRACED), c.pid);
	for (enum freeze_way way = FREEZE_PTRACE; way < FREEZE_WAY_COUNT; way += 2) {
		struct freeze z = frozen(&c.t, FREEZE_ALLOW(way));

		assert_true(z.was_stopped);
		freeze_end(&z);
		assert_soon(counter_state(&c) == 'T');
		assert_still(&c);
		/* Nor does its parent hear of it a second time. */
		assert_int_equal(waitpid(c.pid, &status, WUNTRACED | WCONTINUED | WNOHANG), 0);
	}
	kill(c.pid, SIGCONT);
	assert_runs(&c);
	counter_end(&c);
}

/* Stopped while it was frozen: that takes effect when it goes on. */
static void test_stopped_meanwhile(void **state)
{
	struct counter c;
	int status;

	(void)state;
	counter_start(&c, 4);
	struct freeze z = frozen(&c.t, ONLY_PTRACE);

	kill(c.pid, SIGSTOP);
	freeze_end(&z);
	assert_int_equal(waitpid(c.pid, &status, WUNTRACED), c.pid);
	assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	assert_soon(counter_state(&c) == 'T');
	kill(c.pid, SIGCONT);
	assert_runs(&c);
	counter_end(&c);
}

static void test_killed_meanwhile(void **state)
{
	struct counter c;
	int status;

	(void)state;
	counter_start(&c, 16);
	struct freeze z = frozen(&c.t, ONLY_PTRACE);

	kill(c.pid, SIGKILL);
	assert_soon(target_has_exited(&c.t) || counter_state(&c) == 'Z');
	freeze_end(&z);
	assert_int_equal(waitpid(c.pid, &status, 0), c.pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(freeze_begin(&z, &c.t, FREEZE_ALLOW_ALL, NULL), -ESRCH);
	counter_end(&c);
}

static void test_refusals(void **state)
{
	struct counter c;
	struct target us;
	struct freeze z;
	struct fail f;

	(void)state;
	autoclose int procfs = procfs_open("/proc", NULL);
	struct target_name name = { .pid = getpid() };

	assert_int_equal(target_open(&us, procfs, &name, NULL), 0);
	assert_int_equal(freeze_begin(&z, &us, FREEZE_ALLOW_ALL, &f), -EINVAL);
	assert_int_equal(f.class, FAIL_USAGE);
	assert_int_equal(freeze_end(&z), 0);
	target_close(&us);
	counter_start(&c, 1);
	assert_int_equal(freeze_begin(&z, &c.t, 0, &f), -EINVAL);
	counter_end(&c);
}

static void test_kernel_thread(void **state)
{
	struct target t;
	struct freeze z;
	struct fail f;

	(void)state;
	autoclose int procfs = procfs_open("/proc", NULL);
	struct target_name name = { .pid = 2 };

	if (target_open(&t, procfs, &name, NULL) < 0 || !t.kthread)
		skip(); /* inside a pid namespace */
	assert_int_equal(freeze_begin(&z, &t, FREEZE_ALLOW_ALL, &f), -EOPNOTSUPP);
	target_close(&t);
}

static void test_not_allowed(void **state)
{
	struct counter c;
	int status;
	pid_t pid;

	(void)state;
	if (getuid() != 0)
		skip();
	counter_start(&c, 2);
	pid = fork();
	if (pid == 0) {
		struct freeze z;
		struct fail f = { 0 };
		int r = setresuid(12345, 12345, 12345);

		r = r < 0 ? r : freeze_begin(&z, &c.t, ONLY_PTRACE | ONLY_SIGSTOP, &f);
		_exit(r == -EPERM && strcmp(f.call, "ptrace") == 0 && f.advice[0] &&
				      z.why_not[FREEZE_SIGSTOP].err == EPERM
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_runs(&c);
	counter_end(&c);
}

/* Threads come and go all the time. */
static void *one_count(void *at)
{
	atomic_fetch_add((atomic_ulong *)at, 1);
	return NULL;
}

static void make_threads(struct counter_page *page, unsigned n)
{
	pthread_t threads[16];

	atomic_store(&page->ready, 1);
	for (;;) {
		for (unsigned i = 0; i < n; i++)
			if (pthread_create(&threads[i], NULL, one_count, &page->at[i]) != 0)
				_exit(1);
		for (unsigned i = 0; i < n; i++)
			pthread_join(threads[i], NULL);
	}
}

static void test_threads_come_and_go(void **state)
{
	struct counter c;

	(void)state;
	counter_start_as(&c, make_threads, 16);
	for (int i = 0; i < 50; i++) {
		struct freeze z = frozen(&c.t, ONLY_PTRACE);

		assert_true(z.threads >= 1);
		assert_still(&c);
		freeze_end(&z);
		assert_runs(&c);
	}
	counter_end(&c);
}

/* A thread that is not the leader executes a program, over and over. */
static void *execute_again(void *arg)
{
	(void)arg;
	execl("/proc/self/exe", "test_freeze", "execute", (char *)NULL);
	_exit(1);
}

static void execute(struct counter_page *page, unsigned n)
{
	(void)n;
	/* What is counted must outlive execve(2): bytes in a file at descriptor 100. */
	dup2(memfd_create("count", 0), 100);
	atomic_store(&page->ready, 1);
	execute_again(NULL);
}

static int executed(void)
{
	pthread_t thread;

	/* A thread does not inherit it; the test may have ended already. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == 1)
		return 1;
	(void)!write(100, "x", 1);
	if (pthread_create(&thread, NULL, execute_again, NULL) != 0)
		return 1;
	for (;;)
		pause();
}

static long count_of_executions(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? (long)st.st_size : -1;
}

static void test_execution(void **state)
{
	struct counter c;
	long before;

	(void)state;
	counter_start_as(&c, execute, 0);
	autoclose int fd = sys_pidfd_getfd(c.t.pidfd, 100, 0);
	assert_true(fd >= 0);
	for (int i = 0; i < 30; i++) {
		before = count_of_executions(fd);
		assert_soon(count_of_executions(fd) > before);
		struct freeze z = frozen(&c.t, ONLY_PTRACE);

		before = count_of_executions(fd);
		nap_ms(5);
		assert_int_equal(count_of_executions(fd), before);
		freeze_end(&z);
	}
	before = count_of_executions(fd);
	assert_soon(count_of_executions(fd) > before);
	counter_end(&c);
}

/* vfork(2): the parent cannot be stopped before its child is done with it. */
static void vforks(struct counter_page *page, unsigned n)
{
	pid_t parent = getpid();

	(void)n;
	for (;;) {
		if (vfork() == 0) {
			unsigned long me = atomic_load(&page->at[0]) + 1;

			atomic_store(&page->ready, me);
			while (atomic_load(&page->signals) < me && getppid() == parent) {
			}
			_exit(0);
		}
		atomic_fetch_add(&page->at[0], 1);
	}
}

static void test_vfork(void **state)
{
	struct counter c;

	(void)state;
	counter_start_as(&c, vforks, 0);
	/* The child is done only after we let go: the stop must not come then. */
	struct freeze z = frozen(&c.t, ONLY_PTRACE);

	assert_int_equal(z.busy, 1);
	freeze_end(&z);
	assert_still(&c);
	atomic_store(&c.page->signals, 1);
	assert_soon(counter_sum(&c) == 1 && atomic_load(&c.page->ready) == 2);
	/* The child is done while we hold on: now it stops, and goes on afterwards. */
	z = frozen(&c.t, ONLY_PTRACE);
	assert_int_equal(z.busy, 1);
	atomic_store(&c.page->signals, 2);
	assert_soon(counter_state(&c) == 't');
	assert_int_equal(counter_sum(&c), 1);
	freeze_end(&z);
	assert_soon(counter_sum(&c) == 2);
	atomic_store(&c.page->signals, 1000);
	counter_end(&c);
}

static void test_words(void **state)
{
	(void)state;
	for (enum freeze_way way = FREEZE_PTRACE; way < FREEZE_WAY_COUNT; way++) {
		const struct freeze_way_info *info = freeze_way_info(way);

		assert_int_equal(info->effect, EFFECT_STOP);
		assert_non_null(strstr(info->notices, "EINTR"));
	}
	assert_non_null(freeze_way_info(FREEZE_SIGSTOP)->warning);
	assert_null(freeze_way_info(FREEZE_NONE));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_stopped_before),
		cmocka_unit_test(test_stopped_meanwhile),
		cmocka_unit_test(test_killed_meanwhile),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_kernel_thread),
		cmocka_unit_test(test_not_allowed),
		cmocka_unit_test(test_threads_come_and_go),
		cmocka_unit_test(test_execution),
		cmocka_unit_test(test_vfork),
		cmocka_unit_test(test_words),
	};

	if (argc > 1 && strcmp(argv[1], "execute") == 0)
		return executed();
	alarm(110);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
