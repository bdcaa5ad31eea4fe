/* SPDX-License-Identifier: MIT */
/* filch run -- CMD: start a command and guard it from its first instruction. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/base/sys.h"
#include "src/keep/run.h"
#include "ui/cli/cmds.h"
#include "ui/cli/guarding.h"

struct running {
	struct guarding x;
	struct run run;
	struct guard *g;
	struct target t;
	sigset_t passed; /* signals that are for the command */
	int signals;
	int status; /* as in wait(2) */
	bool ended;
};

/*
 * From the terminal they reach the whole foreground group, and so the command:
 * then they are not passed on a second time. What somebody sent to us is.
 */
static void take_signals(struct running *r)
{
	static const int passed[] = { SIGINT,  SIGQUIT, SIGTERM, SIGHUP,
				      SIGUSR1, SIGUSR2, SIGTSTP, SIGALRM };

	sigemptyset(&r->passed);
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		sigaddset(&r->passed, passed[i]);
	sigprocmask(SIG_BLOCK, &r->passed, NULL);
	r->signals = signalfd(-1, &r->passed, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void pass_signals(struct running *r)
{
	struct signalfd_siginfo si;

	while (read(r->signals, &si, sizeof(si)) == (ssize_t)sizeof(si))
		if (si.ssi_code <= 0 && !r->ended)
			sys_pidfd_send_signal(r->t.pidfd, (int)si.ssi_signo, NULL, 0);
}

/*
 * The command was stopped: a shell with job control waits for us, so we stop as
 * well, and go on when the shell lets the whole group go on. Not if the command
 * goes on already, and not without a terminal: there nobody would continue us.
 */
static void stop_too(const struct running *r)
{
	autoclose int tty = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
	struct proc_stat st;

	if (tty >= 0 && proc_stat_read(r->t.dir, &st) == 0 && (st.state == 't' || st.state == 'T'))
		kill(getpid(), SIGSTOP);
}

static bool hear(struct running *r)
{
	struct guard_event ev;
	int n;

	while ((n = guard_next(r->g, &ev)) == 1) {
		pass_signals(r); /* the ^C that ended it does not end a copy as well */
		if (ev.what == GUARD_TABLE)
			guarding_store(&r->x, &ev);
		else if (ev.what == GUARD_LOST)
			guarding_lost(&r->x, &ev);
		else if (ev.what == GUARD_STOPPED && ev.pid == r->run.pid)
			stop_too(r);
		if (ev.what == GUARD_LEFT && ev.pid == r->run.pid) {
			r->status = ev.status;
			r->ended = true;
		}
		guard_done(r->g, &ev);
	}
	return n != -ECHILD;
}

static void watch(struct running *r)
{
	struct pollfd fds[] = { { .fd = guard_fd(r->g), .events = POLLIN },
				{ .fd = r->signals, .events = POLLIN } };

	while (hear(r)) {
		if (guarding_wait(&r->x, fds, 2, &r->t) < 0 && errno != EINTR)
			return;
		pass_signals(r);
	}
}

/* As shells give it. */
static int status_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Traced, it waits at its gate; what it executes from then on is guarded. */
static int guard_and_go(struct running *r)
{
	struct cli *cli = r->x.cli;
	struct target_name name = { .pid = r->run.pid };
	struct guard_opts o = { .target = &r->t };
	struct fail f = { 0 };
	int n = target_open(&r->t, cli->procfs, &name, &f), gone = 0;

	if (n == 0) {
		guarding_opts_fill(&r->x, &o);
		n = guard_start(&r->g, &o, &f);
		cli_audit(cli, "run", EFFECT_STOP, &r->t, -1, n < 0 ? &f : NULL);
	}
	if (n == 0)
		gone = n = run_go(&r->run, &f);
	if (n == 0)
		return 0;
	cli_failed(cli, &f);
	guard_end(r->g);
	r->g = NULL;
	run_release(&r->run);
	waitpid(r->run.pid, NULL, 0);
	return gone == -ENOENT ? 127 : gone ? 126 : STATUS_EXEC;
}

static int run_it(struct running *r, char **argv)
{
	struct cli *cli = r->x.cli;
	struct sigaction chld;
	struct fail f = { 0 };
	int status;

	sigaction(SIGCHLD, NULL, &chld);
	signal(SIGCHLD, SIG_DFL); /* else the child would be reaped before it is heard of */
	if (run_start(&r->run, &cli->world, &chld, argv, RUN_CLONE3 | RUN_CLONE | RUN_FORK, &f) <
	    0) {
		cli_failed(cli, &f);
		return STATUS_EXEC;
	}
	take_signals(r);
	status = guard_and_go(r);
	if (status)
		return status;
	watch(r);
	guard_end(r->g);
	run_release(&r->run);
	fd_close(&r->signals);
	cli->status_is_commands = r->ended;
	return r->ended ? status_of(r->status) : STATUS_EXEC;
}

static int run_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct cell *cell = target_cell(TARGET_OP_GUARD);
	struct running r = { .t = { .pidfd = -1, .table_pidfd = -1, .dir = -1, .table_dir = -1 },
			     .run = { .pidfd = -1, .gate = -1, .report = -1 } };
	int status = STATUS_EXEC;

	if (n || cli->rest < 0 || cli->rest >= cli->argc)
		return cli_usage(cli, "which command? run [OPTIONS] -- CMD [ARG...]");
	autofree char *safe = text_display_new(argv[cli->rest], cli->text);

	if (!cli_gate(cli, "run", cell->effect, cell->words, safe))
		return cli_status(cli);
	r.signals = -1;
	if (guarding_init(&r.x, cli, values) == 0) {
		r.x.to_stderr = true;
		status = run_it(&r, &argv[cli->rest]);
	}
	guarding_release(&r.x);
	target_close(&r.t);
	return status;
}

const struct cmd cmd_run = {
	.name = "run",
	.args = "-- CMD [ARG...]",
	.summary = "start a command and guard it from its first instruction",
	.effect = EFFECT_STOP,
	.about =
		"Runs CMD with the terminal, the environment, the signals and the limits that filch\n"
		"was given, and guards it, see filch help guard: when it ends, its descriptors are\n"
		"taken before they close. It is in the same process group: ^C and ^Z reach it as\n"
		"without filch, and when it is stopped, so is filch. A signal that somebody sends\n"
		"to filch is passed on to it. What was taken goes to standard error, for standard\n"
		"output belongs to CMD.\n"
		"\n"
		"Exit status: that of CMD, 128 and the signal's number if one ended it; 126 if it\n"
		"could not be executed, 127 if it was not found, 125 if filch failed.",
	.opts = guarding_opts,
	.values_size = sizeof(struct guarding_values),
	.rest = true,
	.becomes = true,
	.run = run_run,
};
