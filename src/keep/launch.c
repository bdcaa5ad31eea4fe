/* SPDX-License-Identifier: MIT */
#include "src/keep/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/fd.h"

/* Our numbers may be among 0 to 2 themselves, in any order. */
static int place_stdio(const int *stdio, struct fail *f)
{
	int moved[3];

	for (int i = 0; i < 3; i++) {
		moved[i] = fcntl(stdio[i], F_DUPFD_CLOEXEC, 3);
		if (moved[i] < 0)
			return fail_set(f, errno, "fcntl", "descriptor %d", stdio[i]);
	}
	for (int i = 0; i < 3; i++)
		if (dup2(moved[i], i) < 0)
			return fail_set(f, errno, "dup2", "number %d", i);
	return 0;
}

/* No parent that waits, no terminal that stops or interrupts it. */
static int go_apart(struct fail *f)
{
	pid_t pid = fork();

	if (pid < 0)
		return fail_set(f, errno, "fork", "the command");
	if (pid > 0)
		_exit(0);
	setsid();
	return 0;
}

static int become(const struct launch *l, int *report, struct fail *f)
{
	pid_t self;
	int err = l->apart ? go_apart(f) : 0;

	if (err == 0) {
		self = getpid();
		err = write(*report, &self, sizeof(self)) < 0 ? -errno : 0;
	}
	if (err == 0)
		err = place_stdio(l->stdio, f);
	if (err == 0)
		err = exec_listen_env(l->names ? l->n : 0, l->names);
	if (err == 0)
		err = exec_place(l->list, l->n, report, 1, f);
	if (err == 0)
		err = exec_become(l->world, l->argv, f);
	return err;
}

static void child_main(const struct launch *l, int report)
{
	struct fail f = { 0 };
	int err;

	signal(SIGCHLD, SIG_DFL);
	err = become(l, &report, &f);
	if (!f.err)
		fail_set(&f, -err, "", "the command");
	(void)!write(report, &f, sizeof(f));
	_exit(125);
}

/* What was written at once is read at once: it is less than PIPE_BUF. */
static ssize_t hear_one(int in, void *p, size_t size)
{
	ssize_t n;

	do
		n = read(in, p, size);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Its pid comes first, then what went wrong; or the end, once it executes. */
static int hear(int in, pid_t *pid, struct fail *f)
{
	struct fail theirs;
	ssize_t n = hear_one(in, pid, sizeof(*pid));

	if (n == (ssize_t)sizeof(*pid)) {
		n = hear_one(in, &theirs, sizeof(theirs));
		if (n == 0)
			return 0;
	}
	if (n != (ssize_t)sizeof(theirs))
		return fail_set(f, ECHILD, "", "the command: it ended before it began");
	if (f)
		*f = theirs;
	return -theirs.err;
}

int launch(const struct launch *l, pid_t *pid, struct fail *f)
{
	int ends[2], err = exec_check(l->list, l->n, f), status;
	pid_t child;

	if (err < 0)
		return err;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_set(f, errno, "pipe2", "the command");
	autoclose int in = ends[0];
	child = fork();
	if (child == 0)
		child_main(l, ends[1]);
	err = child < 0 ? fail_set(f, errno, "fork", "the command") : 0;
	close(ends[1]);
	if (err == 0)
		err = hear(in, pid, f);
	if (child > 0 && (err < 0 || l->apart))
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
	return err;
}
