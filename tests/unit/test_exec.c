/* SPDX-License-Identifier: MIT */
/* exec_place(): every permutation of numbers, each in a process of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/keep/exec.h"

#define FILES 5

/* What a child found wrong: its exit status. */
enum { FINE, NOT_PLACED, WRONG_FILE, NOT_HIDDEN, SPARE_LOST, LEAKED };

static ino_t inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* A file of its own at that number, close-on-exec. */
static ino_t file_at(int number)
{
	int fd = memfd_create("placed", MFD_CLOEXEC);
	ino_t ino = inode(fd);

	if (fd != number && dup3(fd, number, O_CLOEXEC) == number)
		close(fd);
	return ino;
}

static bool is_cloexec(int fd)
{
	return fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

/* Everything above 2 that the program would see. */
static int count_open(void)
{
	int n = 0;

	for (int fd = 3; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0 && !is_cloexec(fd);
	return n;
}

/* from[i] goes to to[i]; a spare one of ours is at `spare`. */
static int try(const int *from, const int *to, size_t n, int spare)
{
	struct exec_fd list[FILES];
	ino_t want[FILES], spare_ino = 0;
	int keep = spare, above = 0;

	for (size_t i = 0; i < n; i++) {
		want[i] = file_at(from[i]);
		list[i] = (struct exec_fd){ from[i], to[i] };
		above += to[i] > 2;
	}
	if (spare >= 0)
		spare_ino = file_at(spare);
	if (exec_place(list, n, &keep, 1, NULL) < 0)
		return NOT_PLACED;
	for (size_t i = 0; i < n; i++) {
		if (inode(to[i]) != want[i])
			return WRONG_FILE;
		if (is_cloexec(to[i]))
			return NOT_HIDDEN;
	}
	if (spare >= 0 && (inode(keep) != spare_ino || !is_cloexec(keep)))
		return SPARE_LOST;
	return count_open() == above ? FINE : LEAKED;
}

/* In a process of its own, whose numbers from 3 on are all free. */
static void check(const int *from, const int *to, size_t n, int spare)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		close_range(3, ~0U, 0);
		_exit(try(from, to, n, spare));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status)
		print_message("%d:%d %d:%d %d:%d %d:%d %d:%d, spare %d\n", from[0], to[0], from[1],
			      to[1], from[2], to[2], from[3], to[3], from[4], to[4], spare);
	assert_int_equal(status, W_EXITCODE(FINE, 0));
}

static void permute(const int *from, int *to, size_t at, size_t n, int spare)
{
	if (at == n) {
		check(from, to, n, spare);
		return;
	}
	for (size_t i = at; i < n; i++) {
		int other = to[i];

		to[i] = to[at];
		to[at] = other;
		permute(from, to, at + 1, n, spare);
		to[at] = to[i];
		to[i] = other;
	}
}

/* Cycles of every length: the numbers are the same before and after. */
static void test_permutations(void **state)
{
	const int from[FILES] = { 3, 4, 5, 6, 7 };
	int to[FILES] = { 3, 4, 5, 6, 7 };

	(void)state;
	permute(from, to, 0, FILES, -1);
}

/* Half of them move onto free numbers, half onto each other's, and one onto a spare one. */
static void test_overlap(void **state)
{
	const int from[FILES] = { 3, 4, 5, 6, 7 };
	int to[FILES] = { 5, 6, 7, 8, 9 };

	(void)state;
	permute(from, to, 0, FILES, 8);
}

static void test_standard(void **state)
{
	const int from[FILES] = { 3, 4, 5, 6, 7 };
	int to[FILES] = { 0, 1, 2, 3, 40 };

	(void)state;
	permute(from, to, 0, FILES, 9);
}

/* Descriptors that are where standard ones were closed. */
static void test_from_standard(void **state)
{
	const int from[FILES] = { 0, 1, 2, 3, 4 };
	int to[FILES] = { 1, 2, 3, 4, 0 };

	(void)state;
	permute(from, to, 0, FILES, 5);
}

static void test_spare_in_the_way(void **state)
{
	const int from[FILES] = { 10, 11, 12, 13, 14 };
	const int to[FILES] = { 3, 4, 5, 6, 7 };

	(void)state;
	for (int spare = 3; spare < 10; spare++)
		check(from, to, FILES, spare);
}

static void test_limit(void **state)
{
	struct exec_fd list = { .at = INT_MAX };
	struct fail f = { 0 };

	(void)state;
	list.fd = memfd_create("placed", MFD_CLOEXEC);
	assert_true(exec_place(&list, 1, NULL, 0, &f) < 0);
	assert_string_equal(f.call, "dup2");
	assert_string_equal(f.on, "number 2147483647");
	close(list.fd);
}

static void test_check(void **state)
{
	const struct exec_fd good[] = { { 3, 9 }, { 4, 8 }, { 5, 7 } };
	const struct exec_fd twice[] = { { 3, 9 }, { 4, 8 }, { 5, 9 } };
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(exec_check(good, 3, &f), 0);
	assert_int_equal(exec_check(twice, 3, &f), -EINVAL);
	assert_int_equal(f.class, FAIL_USAGE);
	assert_string_equal(f.on, "number 9");
}

static void test_listen_env(void **state)
{
	char pid[32];

	(void)state;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PIDFDID", "1", 1);
	assert_int_equal(exec_listen_env(3, "a:b:c"), 0);
	assert_string_equal(getenv("LISTEN_PID"), pid);
	assert_string_equal(getenv("LISTEN_FDS"), "3");
	assert_string_equal(getenv("LISTEN_FDNAMES"), "a:b:c");
	assert_null(getenv("LISTEN_PIDFDID"));
	assert_int_equal(exec_listen_env(0, NULL), 0);
	assert_null(getenv("LISTEN_PID"));
	assert_null(getenv("LISTEN_FDS"));
	assert_null(getenv("LISTEN_FDNAMES"));
}

static void on_sigpipe(int sig)
{
	(void)sig;
}

/* What could not be executed leaves us as we were. */
static void test_become_fails(void **state)
{
	char command[] = "filch-no-such-command", *argv[] = { command, NULL };
	struct exec_world world = { .nofile = 17, .sigpipe_ignored = true };
	struct rlimit before, after;
	sigset_t mask, now;
	struct fail f = { 0 };

	(void)state;
	sigfillset(&mask);
	world.mask = &mask;
	getrlimit(RLIMIT_NOFILE, &before);
	signal(SIGPIPE, on_sigpipe);
	assert_int_equal(exec_become(&world, argv, &f), -ENOENT);
	getrlimit(RLIMIT_NOFILE, &after);
	assert_int_equal(after.rlim_cur, before.rlim_cur);
	assert_ptr_equal(signal(SIGPIPE, SIG_DFL), on_sigpipe);
	sigprocmask(SIG_SETMASK, NULL, &now);
	assert_false(sigismember(&now, SIGTERM));
	assert_string_equal(f.why, "no such command in PATH");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_permutations),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_standard),
		cmocka_unit_test(test_from_standard),
		cmocka_unit_test(test_spare_in_the_way),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_listen_env),
		cmocka_unit_test(test_become_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
