/* SPDX-License-Identifier: MIT */
#include "src/keep/run.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "src/base/fd.h"
#include "src/base/sys.h"

#ifndef SYS_clone3
#define SYS_clone3 435 /* the same on every architecture */
#endif

/* The first layout of struct clone_args: all that we need. See clone(2). */
struct clone_args_v0 {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

static pid_t by_clone3(int *pidfd)
{
	struct clone_args_v0 args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
	};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static pid_t by_clone(int *pidfd)
{
#ifdef __s390__
	return (pid_t)syscall(SYS_clone, 0UL, CLONE_PIDFD | SIGCHLD, pidfd, NULL, 0UL);
#else
	return (pid_t)syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0UL, pidfd, NULL, 0UL);
#endif
}

static pid_t by_fork(int *pidfd)
{
	pid_t pid = fork();

	/* Not reaped before us, so that its number is its own still. */
	*pidfd = pid > 0 ? sys_pidfd_open(pid, 0) : -1;
	if (*pidfd < 0)
		*pidfd = -1;
	return pid;
}

/* ENOSYS: older; EPERM: a filter that does not know it; EINVAL: clone before CLONE_PIDFD. */
static bool is_missing(int err)
{
	return err == ENOSYS || err == EPERM || err == EINVAL;
}

static pid_t spawn(struct run *r, unsigned ways)
{
	static const struct {
		enum run_way way;
		pid_t (*fn)(int *pidfd);
	} all[] = { { RUN_CLONE3, by_clone3 }, { RUN_CLONE, by_clone }, { RUN_FORK, by_fork } };
	pid_t pid = -1;

	errno = ENOSYS;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!(ways & all[i].way))
			continue;
		r->way = all[i].way;
		r->pidfd = -1;
		pid = all[i].fn(&r->pidfd);
		if (pid >= 0 || !is_missing(errno))
			break;
	}
	return pid;
}

/* In the child. Ours are close-on-exec, but what we inherited the command shall have too. */
static void child_main(int gate, int report, const struct exec_world *world,
		       const struct sigaction *chld, char **argv)
{
	struct fail f = { 0 };
	char c;

	if (read(gate, &c, 1) != 1)
		_exit(125);
	sigaction(SIGCHLD, chld, NULL);
	exec_become(world, argv, &f);
	(void)!write(report, &f, sizeof(f));
	_exit(125);
}

int run_start(struct run *r, const struct exec_world *world, const struct sigaction *chld,
	      char **argv, unsigned ways, struct fail *f)
{
	int gate[2], report[2];

	*r = (struct run){ .pidfd = -1, .gate = -1, .report = -1 };
	if (pipe2(gate, O_CLOEXEC) < 0)
		return fail_set(f, errno, "pipe2", "the command");
	autoclose int gate_in = gate[0];
	r->gate = gate[1];
	if (pipe2(report, O_CLOEXEC) < 0) {
		fail_set(f, errno, "pipe2", "the command");
		run_release(r);
		return -EMFILE;
	}
	autoclose int report_out = report[1];
	r->report = report[0];
	r->pid = spawn(r, ways);
	if (r->pid == 0) {
		close(r->gate);
		child_main(gate_in, report_out, world, chld, argv);
	}
	if (r->pid > 0)
		return 0;
	fail_set(f, errno, "clone", "the command");
	run_release(r);
	return f ? -f->err : -EAGAIN;
}

int run_go(struct run *r, struct fail *f)
{
	struct fail theirs;
	ssize_t n;

	if (fd_write_all(r->gate, "g", 1) < 0)
		return fail_set(f, ESRCH, "", "the command: it was killed before it began");
	fd_close(&r->gate);
	while ((n = read(r->report, &theirs, sizeof(theirs))) < 0 && errno == EINTR)
		;
	fd_close(&r->report);
	if (n != (ssize_t)sizeof(theirs))
		return 0;
	if (f)
		*f = theirs;
	return -theirs.err;
}

void run_release(struct run *r)
{
	fd_close(&r->gate);
	fd_close(&r->report);
	fd_close(&r->pidfd);
}
