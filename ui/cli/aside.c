/* SPDX-License-Identifier: MIT */
#include "ui/cli/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "src/base/fd.h"
#include "src/proc/mountinfo.h"

#define STALL_MS 8000 /* nothing moved for so long: say what we wait for */
#define GRACE_MS 2000 /* the same after a signal */
#define BEAT     (-1) /* instead of a status: it goes on */

static const int stops[] = { SIGINT, SIGTERM, SIGHUP };
#define N_STOPS (sizeof(stops) / sizeof(stops[0]))

static int said_to = -1;              /* in the process apart */
static volatile sig_atomic_t asked;   /* how often we were asked to stop */
static volatile sig_atomic_t pass_on; /* a signal that only we got */

static void on_stop(int sig, siginfo_t *info, void *context)
{
	(void)context;
	asked++;
	/* A terminal sends it to both of us. */
	if (info->si_code <= 0 && asked == 1)
		pass_on = sig;
}

static void catch_stops(struct sigaction *before)
{
	struct sigaction sa = { .sa_sigaction = on_stop, .sa_flags = SA_SIGINFO };

	asked = pass_on = 0;
	for (size_t i = 0; i < N_STOPS; i++) {
		sigaction(stops[i], NULL, &before[i]);
		if (before[i].sa_handler != SIG_IGN)
			sigaction(stops[i], &sa, NULL);
	}
}

static void restore_stops(const struct sigaction *before)
{
	for (size_t i = 0; i < N_STOPS; i++)
		sigaction(stops[i], &before[i], NULL);
}

static void child(struct cli *cli, int out, pid_t parent, int (*fn)(struct cli *, void *),
		  void *arg)
{
	int status, null;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(STATUS_PART);
	said_to = out;
	status = fn(cli, arg);
	cli_flush(cli, true);
	if (cli->out_failed)
		status = STATUS_OUTPUT;
	/* Whoever reads our output is not to wait for our exit. */
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd <= 2 && null >= 0; fd++)
		dup2(null, fd);
	fd_write_all(out, &status, sizeof(status));
	_exit(status);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* How it ended, if it did so without a word. */
static int status_of(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return STATUS_PART;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	/* As if it had been us: SIGPIPE, a second ^C. */
	signal(WTERMSIG(status), SIG_DFL);
	raise(WTERMSIG(status));
	return 128 + WTERMSIG(status);
}

/* 0 until it has said its status: 1; or it has ended without: -1. */
static int hear(int in, int *status)
{
	struct pollfd pfd = { .fd = in, .events = POLLIN };

	if (poll(&pfd, 1, 100) <= 0)
		return 0;
	if (read(in, status, sizeof(*status)) != sizeof(*status))
		return -1;
	return *status == BEAT ? 0 : 1;
}

/* The same, with what is said while nothing moves; -ETIMEDOUT: asked to stop twice. */
static int wait_for(struct cli *cli, const char *what, pid_t pid, int in, int *status)
{
	int64_t moved = now_ms();
	bool said = !what, said_stop = false;
	int r = 0;

	while (r == 0 && asked < 2) {
		*status = 0;
		r = hear(in, status);
		if (*status == BEAT)
			moved = now_ms();
		if (pass_on) {
			sigqueue(pid, pass_on, (union sigval){ 0 });
			pass_on = 0;
		}
		if (!r && !said && now_ms() - moved > STALL_MS) {
			cli_message(cli, "waiting for %s; ^C gives up", what);
			said = true;
		}
		if (!r && asked && !said_stop && now_ms() - moved > GRACE_MS) {
			cli_message(cli, "%s does not answer; ^C again leaves it behind",
				    what ? what : "a filesystem");
			said_stop = true;
		}
	}
	return r ? r : -ETIMEDOUT;
}

/* One that can end does so now; else it waits on without us. */
static int leave_behind(struct cli *cli, const char *what, pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	for (int i = 0; i < 30; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid) {
			signal(SIGINT, SIG_DFL);
			raise(SIGINT);
			return 128 + SIGINT;
		}
		poll(NULL, 0, 10);
	}
	cli_message(cli, "%s does not answer: process %d is left behind and ends when it does",
		    what ? what : "a filesystem", pid);
	return STATUS_OUTPUT;
}

bool aside_is_wise(void)
{
	autoclose int dir = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct mounts m = { 0 };
	bool wise = dir < 0 || mounts_add(&m, dir, 0) < 0;

	for (size_t i = 0; i < m.n; i++)
		wise |= mount_may_hang(&m.at[i]);
	mounts_release(&m);
	return wise;
}

void aside_beat(void)
{
	int beat = BEAT;

	if (said_to >= 0 && write(said_to, &beat, sizeof(beat)) < 0)
		return;
}

int aside_run(struct cli *cli, const char *what, int (*fn)(struct cli *cli, void *arg), void *arg)
{
	struct sigaction before[N_STOPS];
	int ends[2], status = STATUS_PART, r;
	pid_t pid, us = getpid();

	/* As well as can be, then. */
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fn(cli, arg);
	catch_stops(before);
	pid = fork();
	if (pid == 0) {
		restore_stops(before);
		close(ends[0]);
		child(cli, ends[1], us, fn, arg);
	}
	close(ends[1]);
	r = pid < 0 ? 0 : wait_for(cli, what, pid, ends[0], &status);
	close(ends[0]);
	if (r == -ETIMEDOUT)
		status = leave_behind(cli, what, pid);
	restore_stops(before);
	if (pid < 0)
		return fn(cli, arg);
	return r == -1 ? status_of(pid) : status;
}
