/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/stop/guardian.h"

static void tell(void *arg)
{
	(void)!write(*(int *)arg, "undone", 6);
}

enum end { END_KILL, END_EXIT, END_EXEC, END_DISARM };

/* What a guardian of a process that ends in that way writes: bytes until all are gone. */
static size_t told_after(enum end how)
{
	struct pollfd pfd = { .events = POLLIN };
	size_t n = 0;
	int ends[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		struct guardian g;

		close(ends[0]);
		if (guardian_start(&g, tell, &ends[1], &ends[1], 1, NULL) < 0)
			_exit(1);
		/* A child that lives on with a copy of our end must not matter. */
		if (how == END_KILL && fork() == 0) {
			close(ends[1]);
			poll(NULL, 0, 5000);
			_exit(0);
		}
		if (how == END_KILL)
			raise(SIGKILL);
		if (how == END_EXEC)
			execl("/bin/true", "true", (char *)NULL);
		if (how == END_DISARM) {
			guardian_disarm(&g);
			guardian_disarm(&g);
		}
		_exit(0);
	}
	close(ends[1]);
	pfd.fd = ends[0];
	while (poll(&pfd, 1, 10000) == 1 && read(ends[0], &c, 1) == 1)
		n++;
	waitpid(pid, NULL, 0);
	close(ends[0]);
	return n;
}

static void test_ends(void **state)
{
	(void)state;
	assert_int_equal(told_after(END_KILL), 6);
	assert_int_equal(told_after(END_EXIT), 6);
	assert_int_equal(told_after(END_EXEC), 6);
	assert_int_equal(told_after(END_DISARM), 0);
}

static void test_too_many(void **state)
{
	struct guardian g;
	int keep[13] = { 0 };

	(void)state;
	assert_int_equal(guardian_start(&g, tell, NULL, keep, 13, NULL), -EINVAL);
	guardian_disarm(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_too_many),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
