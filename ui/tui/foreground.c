/* SPDX-License-Identifier: MIT */
#include "ui/tui/foreground.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/fd.h"

/* True: somebody wants us to leave. What the terminal sent was for the command. */
static bool take_signals(struct app *a)
{
	struct signalfd_siginfo si;

	while (read(a->sigfd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		bool ends = si.ssi_signo == SIGTERM || si.ssi_signo == SIGHUP ||
			    ((si.ssi_signo == SIGINT || si.ssi_signo == SIGQUIT) &&
			     si.ssi_code <= 0);

		if (!ends)
			continue;
		a->running = false;
		a->died_of = (int)si.ssi_signo;
	}
	return !a->running;
}

/* 1: it ended. 0: not yet. */
static int look_at(pid_t pid, int *status)
{
	pid_t r = waitpid(pid, status, WNOHANG | WUNTRACED);

	if (r < 0 && errno == ECHILD) {
		*status = 0; /* somebody has made the kernel forget children */
		return 1;
	}
	if (r != pid)
		return 0;
	if (!WIFSTOPPED(*status))
		return 1;
	/* The whole job was stopped, and we are of it; fg continues both. */
	if (WSTOPSIG(*status) == SIGTSTP)
		raise(SIGSTOP);
	return 0;
}

static int wait_for(struct app *a, pid_t pid, int *status)
{
	struct pollfd p = { .fd = a->sigfd, .events = POLLIN };

	while (!look_at(pid, status)) {
		poll(&p, 1, 1000);
		if (take_signals(a))
			return -EINTR;
	}
	return 0;
}

static void wait_for_enter(struct app *a)
{
	static const char text[] = "\n[filch] Enter goes back ";
	struct pollfd p[] = { { .fd = a->term.tty_in, .events = POLLIN },
			      { .fd = a->sigfd, .events = POLLIN } };
	char c = 0;

	fd_write_all(a->term.tty_out, text, sizeof(text) - 1);
	while (c != '\n') {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return;
		if (p[1].revents && take_signals(a))
			return;
		if (p[0].revents && read(a->term.tty_in, &c, 1) <= 0)
			return;
	}
}

static void close_list(struct launch *l)
{
	for (size_t i = 0; i < l->n; i++)
		fd_close(&l->list[i].fd);
}

int foreground_run(struct app *a, struct launch *l, int *status, struct fail *f)
{
	const int tty[3] = { a->term.tty_in, a->term.tty_out, a->term.tty_out };
	pid_t pid;
	int r;

	memcpy(l->stdio, tty, sizeof(tty));
	term_leave(&a->term);
	r = launch(l, &pid, f);
	close_list(l);
	if (r == 0)
		r = wait_for(a, pid, status);
	if (r == 0)
		wait_for_enter(a);
	app_resume(a);
	return r;
}
