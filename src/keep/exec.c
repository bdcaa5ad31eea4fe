/* SPDX-License-Identifier: MIT */
#include "src/keep/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/base/sys.h"

static int by_at(const void *a, const void *b)
{
	const struct exec_fd *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

static bool is_wanted(const struct exec_fd *list, size_t n, int number)
{
	const struct exec_fd key = { .at = number };

	return bsearch(&key, list, n, sizeof(*list), by_at) != NULL;
}

/* Move a descriptor of ours from a number that somebody is to have. */
static int step_aside(int *fd, const struct exec_fd *list, size_t n, struct fail *f)
{
	int to = STDERR_FILENO;

	if (*fd < 0 || !is_wanted(list, n, *fd))
		return 0;
	do {
		to = fcntl(*fd, F_DUPFD_CLOEXEC, to + 1);
		if (to < 0)
			return fail_set(f, errno, "fcntl", "descriptor %d", *fd);
		if (!is_wanted(list, n, to))
			break;
		close(to);
	} while (true);
	close(*fd);
	*fd = to;
	return 0;
}

/* One that is there already is not closed: that may wait for its filesystem. */
static int place(struct exec_fd *e, struct fail *f)
{
	int r = e->fd == e->at ? fcntl(e->fd, F_SETFD, 0) : dup2(e->fd, e->at);

	if (r < 0) {
		r = fail_set(f, errno, "dup2", "number %d", e->at);
		if (r == -EBADF)
			fail_class(f, FAIL_OTHER);
		fail_why(f, "numbers go up to the hard limit of open files, see ulimit -Hn");
		return r;
	}
	if (e->fd != e->at)
		close(e->fd);
	e->fd = -1;
	return 0;
}

/* What the program is not to see goes at its start, not before: we may have to speak. */
static int hide_others(const struct exec_fd *list, size_t n, struct fail *f)
{
	unsigned from = 3;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		unsigned at = (unsigned)list[i].at;

		if (at < from)
			continue;
		if (at > from)
			r = sys_close_range(from, at - 1, true);
		from = at + 1;
	}
	if (r == 0)
		r = sys_close_range(from, ~0U, true);
	return r < 0 ? fail_set(f, -r, "close_range", "our descriptors") : 0;
}

int exec_place(struct exec_fd *list, size_t n, int *spare, size_t n_spare, struct fail *f)
{
	int r = 0;

	qsort(list, n, sizeof(*list), by_at);
	for (size_t i = 0; i < n_spare && r == 0; i++)
		r = step_aside(&spare[i], list, n, f);
	for (size_t i = 0; i < n && r == 0; i++)
		if (list[i].fd != list[i].at)
			r = step_aside(&list[i].fd, list, n, f);
	for (size_t i = 0; i < n && r == 0; i++)
		r = place(&list[i], f);
	return r < 0 ? r : hide_others(list, n, f);
}

int exec_check(const struct exec_fd *list, size_t n, struct fail *f)
{
	autofree struct exec_fd *sorted = xcalloc(n, sizeof(*list));

	memcpy(sorted, list, n * sizeof(*list));
	qsort(sorted, n, sizeof(*sorted), by_at);
	for (size_t i = 1; i < n; i++) {
		if (sorted[i].at != sorted[i - 1].at)
			continue;
		fail_set(f, EINVAL, "", "number %d", sorted[i].at);
		fail_class(f, FAIL_USAGE);
		fail_why(f, "two descriptors cannot have the same number");
		fail_advice(f, "write DESC=N to choose another");
		return -EINVAL;
	}
	return 0;
}

int exec_listen_env(size_t n, const char *names)
{
	char text[32];

	if (n == 0) {
		unsetenv("LISTEN_PID");
		unsetenv("LISTEN_PIDFDID");
		unsetenv("LISTEN_FDS");
		unsetenv("LISTEN_FDNAMES");
		return 0;
	}
	unsetenv("LISTEN_PIDFDID");
	snprintf(text, sizeof(text), "%d", (int)getpid());
	if (setenv("LISTEN_PID", text, 1) < 0)
		return -errno;
	snprintf(text, sizeof(text), "%zu", n);
	if (setenv("LISTEN_FDS", text, 1) < 0 || setenv("LISTEN_FDNAMES", names, 1) < 0)
		return -errno;
	return 0;
}

int exec_become(const struct exec_world *world, char **argv, struct fail *f)
{
	struct rlimit before, found;
	sigset_t mask;
	void (*pipe)(int), (*xfsz)(int);
	int err;

	getrlimit(RLIMIT_NOFILE, &before);
	found = before;
	found.rlim_cur = world->nofile ? world->nofile : before.rlim_cur;
	setrlimit(RLIMIT_NOFILE, &found);
	pipe = signal(SIGPIPE, world->sigpipe_ignored ? SIG_IGN : SIG_DFL);
	xfsz = signal(SIGXFSZ, world->sigxfsz_ignored ? SIG_IGN : SIG_DFL);
	sigprocmask(SIG_SETMASK, world->mask, &mask);
	execvp(argv[0], argv);
	err = errno;
	sigprocmask(SIG_SETMASK, &mask, NULL);
	signal(SIGXFSZ, xfsz);
	signal(SIGPIPE, pipe);
	setrlimit(RLIMIT_NOFILE, &before);
	fail_set(f, err, "execve", "%s", argv[0]);
	fail_class(f, FAIL_OTHER);
	if (err == ENOENT && !strchr(argv[0], '/'))
		fail_why(f, "no such command in PATH");
	return -err;
}
