/* SPDX-License-Identifier: MIT */
/* Threads that share out work, and system calls of kernels that are newer than this one. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <seccomp.h>

#include "src/base/sys.h"
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

/* In a child, since a filter stays: does fn() hold where this call gives err? */
static void where(int call, int err, bool (*fn)(void))
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);

		if (!f || seccomp_rule_add(f, SCMP_ACT_ERRNO((uint32_t)err), call, 0) < 0 ||
		    seccomp_load(f) < 0)
			_exit(2);
		_exit(fn() ? 0 : 1);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* The protocol of a socket that belongs to nobody's table. */
static bool protocol_is_told(void)
{
	int dir = open("/proc/self", O_RDONLY | O_DIRECTORY), sock = socket(AF_INET, SOCK_DGRAM, 0);
	char path[32], name[32];
	ssize_t n;

	snprintf(path, sizeof(path), "fd/%d", sock);
	n = sys_getxattrat(dir, path, "system.sockprotoname", name, sizeof(name));
	return n == 4 && memcmp(name, "UDP", 4) == 0;
}

static bool error_is_told(void)
{
	int dir = open("/proc/self", O_RDONLY | O_DIRECTORY);
	char name[32];

	return sys_getxattrat(dir, "fd/0/none", "user.none", name, sizeof(name)) == -ENOTDIR &&
	       sys_getxattrat(-1, "fd", "user.none", name, sizeof(name)) < 0;
}

static void test_getxattrat(void **state)
{
	static const int errors[] = { ENOSYS, EPERM };

	(void)state;
	assert_int_equal(open("/dev/null", O_RDWR) >= 0, 1);
	assert_true(protocol_is_told());
	assert_true(error_is_told());
	for (size_t i = 0; i < 2; i++) {
		where(464, errors[i], protocol_is_told);
		where(464, errors[i], error_is_told);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_team),
		cmocka_unit_test(test_team_has_a_limit),
		cmocka_unit_test(test_getxattrat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
