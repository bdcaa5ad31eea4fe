/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/base/sys.h"
#include "src/keep/run.h"

static int start(struct run *r, const char *command, unsigned ways, struct fail *f)
{
	static char sh[] = "/bin/sh", dash_c[] = "-c";
	char *argv[] = { sh, dash_c, (char *)(uintptr_t)command, NULL };
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	struct exec_world world = { 0 };
	sigset_t none;

	sigemptyset(&none);
	world.mask = &none;
	return run_start(r, &world, &dfl, argv, ways, f);
}

static int status_of(struct run *r)
{
	int status;

	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	run_release(r);
	return status;
}

/* Held by a pidfd, waits at the gate, then runs. */
static void one_way(unsigned ways, enum run_way want)
{
	struct run r;

	assert_int_equal(start(&r, "exit 7", ways, NULL), 0);
	assert_int_equal(r.way, want);
	assert_true(r.pidfd >= 0);
	assert_int_equal(sys_pidfd_send_signal(r.pidfd, 0, NULL, 0), 0);
	assert_int_equal(waitpid(r.pid, NULL, WNOHANG), 0);
	assert_int_equal(run_go(&r, NULL), 0);
	assert_int_equal(status_of(&r), W_EXITCODE(7, 0));
}

static void test_clone3(void **state)
{
	(void)state;
	one_way(RUN_CLONE3 | RUN_CLONE | RUN_FORK, RUN_CLONE3);
}

static void test_clone(void **state)
{
	(void)state;
	one_way(RUN_CLONE | RUN_FORK, RUN_CLONE);
}

static void test_fork(void **state)
{
	(void)state;
	one_way(RUN_FORK, RUN_FORK);
}

/* A kernel, or a container's filter, that does not know clone3(2). */
static void without_clone3(int err)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	pid_t pid;
	int status;

	assert_non_null(ctx);
	assert_int_equal(seccomp_rule_add(ctx, SCMP_ACT_ERRNO((uint32_t)err), SCMP_SYS(clone3), 0),
			 0);
	pid = fork();
	if (pid == 0) {
		struct run r;

		if (seccomp_load(ctx) < 0)
			_exit(77);
		if (start(&r, "exit 7", RUN_CLONE3 | RUN_CLONE | RUN_FORK, NULL) < 0 ||
		    r.way != RUN_CLONE || r.pidfd < 0 || run_go(&r, NULL) < 0 ||
		    waitpid(r.pid, &status, 0) != r.pid)
			_exit(1);
		_exit(status == W_EXITCODE(7, 0) ? 0 : 2);
	}
	seccomp_release(ctx);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status == W_EXITCODE(77, 0))
		skip();
	assert_int_equal(status, 0);
}

static void test_no_clone3(void **state)
{
	(void)state;
	without_clone3(ENOSYS);
	without_clone3(EPERM);
}

static void test_never_let_go(void **state)
{
	struct run r;

	(void)state;
	assert_int_equal(start(&r, "exit 7", RUN_CLONE3, NULL), 0);
	close(r.gate);
	r.gate = -1;
	assert_int_equal(status_of(&r), W_EXITCODE(125, 0));
}

static void test_not_found(void **state)
{
	static char name[] = "no-such-command-at-all";
	char *argv[] = { name, NULL };
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	struct exec_world world = { 0 };
	struct fail f = { 0 };
	sigset_t none;
	struct run r;

	(void)state;
	sigemptyset(&none);
	world.mask = &none;
	assert_int_equal(run_start(&r, &world, &dfl, argv, RUN_CLONE3, NULL), 0);
	assert_int_equal(run_go(&r, &f), -ENOENT);
	assert_string_equal(f.call, "execve");
	status_of(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clone3),       cmocka_unit_test(test_clone),
		cmocka_unit_test(test_fork),         cmocka_unit_test(test_no_clone3),
		cmocka_unit_test(test_never_let_go), cmocka_unit_test(test_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
