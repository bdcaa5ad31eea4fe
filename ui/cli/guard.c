/* SPDX-License-Identifier: MIT */
/* filch guard TARGET: when it ends, take its descriptors before they close. */
#include <errno.h>
#include <poll.h>

#include "src/base/alloc.h"
#include "ui/cli/cmds.h"
#include "ui/cli/guarding.h"

static void executed(struct guarding *x, pid_t pid)
{
	cli_message(x->cli,
		    "process %d executes another program now: what was close-on-exec is "
		    "closed",
		    pid);
}

/* Everything that is to be heard. False: all have ended, or we were told to end. */
static bool hear(struct guarding *x, struct guard *g)
{
	struct guard_event ev;
	int r;

	while ((r = guard_next(g, &ev)) == 1) {
		if (ev.what == GUARD_TABLE)
			guarding_store(x, &ev);
		else if (ev.what == GUARD_LOST)
			guarding_lost(x, &ev);
		else if (ev.what == GUARD_EXEC)
			executed(x, ev.pid);
		guard_done(g, &ev);
		if (atomic_load(&x->cancel))
			return false;
	}
	return r != -ECHILD;
}

/* Until its end, or a signal. True: it goes on. */
static bool watch(struct guarding *x, struct guard *g, const struct target *t)
{
	struct pollfd fds[] = { { .fd = guard_fd(g), .events = POLLIN },
				{ .fd = x->signals, .events = POLLIN } };

	while (hear(x, g)) {
		if (guarding_wait(x, fds, 2, t) < 0 && errno != EINTR)
			return true;
		if (fds[1].revents)
			return true;
	}
	return false;
}

static void guard_it(struct guarding *x, const struct target *t, const char *safe)
{
	struct guard_opts o = { .target = t };
	struct fail f = { 0 };
	struct guard *g;
	bool lives;
	int r;

	guarding_opts_fill(x, &o);
	guarding_notes(x);
	r = guard_start(&g, &o, &f);
	cli_audit(x->cli, "guard", EFFECT_STOP, t, -1, r < 0 ? &f : NULL);
	if (r < 0) {
		cli_failed(x->cli, &f);
		return;
	}
	cli_message(x->cli, "guarding %s, %u thread%s; ^C lets go of it", safe, guard_threads(g),
		    guard_threads(g) == 1 ? "" : "s");
	lives = watch(x, g, t);
	guard_end(g);
	if (lives)
		cli_message(x->cli, "let go of %s: it goes on", safe);
	cli_done(x->cli);
}

static int guard_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct cell *cell = target_cell(TARGET_OP_GUARD);
	char who[128];
	struct guarding x;
	autotarget t = { .pidfd = -1, .table_pidfd = -1, .dir = -1, .table_dir = -1 };

	if (n != 1)
		return cli_usage(cli, "exactly one target is wanted");
	if (cli_target(cli, argv[0], &t) < 0)
		return cli_status(cli);
	if (t.tid)
		return cli_usage(cli, "a guard is of a whole process: PID, without /TID");
	autofree char *safe = text_display_new(target_describe(&t, who, sizeof(who)), cli->text);

	if (!cli_gate(cli, "guard", cell->effect, cell->words, safe))
		return cli_status(cli);
	if (guarding_init(&x, cli, values) == 0)
		guard_it(&x, &t, safe);
	guarding_release(&x);
	return cli_status(cli);
}

const struct cmd cmd_guard = {
	.name = "guard",
	.args = "TARGET",
	.summary = "when it exits, crashes or is killed, take its descriptors first",
	.effect = EFFECT_STOP,
	.about =
		"Waits for the end of TARGET, in whatever way it comes, SIGKILL too, and takes its\n"
		"descriptors before they close: onto the shelf, or with -o into a folder, or with\n"
		"--hold and -o both. Each is one line on standard output: its name on the shelf,\n"
		"where it was, what it is. Ends with its target; if it ends before, or is killed,\n"
		"the target goes on.\n"
		"\n"
		"The target is traced, see ptrace(2), but not its system calls: it runs as fast as\n"
		"before. It is not stopped; its signals and stops are passed on. What cannot be\n"
		"avoided: a call that waits may return EINTR even for a signal that the target\n"
		"ignores, no debugger can attach meanwhile, and unless we have CAP_SYS_PTRACE a\n"
		"set-user-ID program that it executes does not get its privilege. What it closes\n"
		"itself before its end is not caught, nor what is close-on-exec when it executes\n"
		"another program: the guard goes on with that. Threads are guarded too, also those\n"
		"with a table of their own; forked processes only with --children.",
	.opts = guarding_opts,
	.values_size = sizeof(struct guarding_values),
	.run = guard_run,
};
