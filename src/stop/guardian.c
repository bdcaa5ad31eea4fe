/* SPDX-License-Identifier: MIT */
#include "src/stop/guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "src/base/fd.h"
#include "src/base/sys.h"

#define KEEP_MAX         12
#define START_TIMEOUT_MS 20000 /* nobody is stopped yet: only a starved machine needs it */

struct watch {
	guardian_undo *undo;
	void *arg;
	int control; /* the guardian's end: a byte disarms it, its end is ours */
	int parent;  /* pidfd; negative before Linux 5.3 */
};

/*
 * Another child of ours, forked but not yet executed, may hold a copy of our
 * end: the pidfd tells of our death even then. An older kernel has the end only.
 */
static bool is_disarmed(const struct watch *w)
{
	struct pollfd fds[] = {
		{ .fd = w->control, .events = POLLIN },
		{ .fd = w->parent, .events = POLLIN }, /* poll(2) ignores a negative one */
	};
	char c;

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return false;
	/* The last word counts: it may have been given just before the end. */
	fcntl(w->control, F_SETFL, O_NONBLOCK);
	return read(w->control, &c, 1) == 1;
}

static int guardian_main(void *arg, int out)
{
	struct watch *w = arg;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	setsid();
	(void)!chdir("/"); /* keep no mount busy */
	if (write(out, "r", 1) != 1 || is_disarmed(w))
		return 0;
	w->undo(w->arg);
	return 0;
}

static int start_failed(struct guardian *g, struct fail *f, int err, const char *call)
{
	guardian_disarm(g);
	return fail_set(f, err, call, "a guardian process");
}

int guardian_start(struct guardian *g, guardian_undo *undo, void *arg, const int *keep,
		   size_t n_keep, struct fail *f)
{
	struct watch w = { .undo = undo, .arg = arg };
	int list[KEEP_MAX + 2], ends[2];
	size_t n = 0;
	ssize_t got;
	char c;
	int r;

	*g = (struct guardian){ .helper = { .fd = -1, .pid = -1 }, .control = -1 };
	if (n_keep > KEEP_MAX)
		return fail_set(f, EINVAL, "guardian", "%zu descriptors", n_keep);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_set(f, errno, "pipe2", "a guardian process");
	autoclose int theirs = ends[0];
	autoclose int parent = sys_pidfd_open(getpid(), 0);
	g->control = ends[1];
	w.control = theirs;
	w.parent = parent < 0 ? -1 : parent;
	list[n++] = theirs;
	if (parent >= 0)
		list[n++] = parent;
	if (n_keep)
		memcpy(list + n, keep, n_keep * sizeof(*keep));
	r = helper_start(&g->helper, guardian_main, &w, list, n + n_keep, f);
	if (r < 0) {
		guardian_disarm(g);
		return r;
	}
	got = helper_read(&g->helper, &c, 1, START_TIMEOUT_MS);
	if (got != 1)
		return start_failed(g, f, got < 0 ? (int)-got : ECHILD, "read");
	return 0;
}

void guardian_disarm(struct guardian *g)
{
	/* A byte first: it counts even if the guardian is just about to see our end. */
	if (g->control >= 0)
		(void)!write(g->control, "d", 1);
	if (g->helper.pid > 0)
		helper_end(&g->helper);
	fd_close(&g->control);
}
