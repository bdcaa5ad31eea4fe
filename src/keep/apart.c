/* SPDX-License-Identifier: MIT */
#include "src/keep/apart.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "src/base/fd.h"
#include "src/survey/survey.h"
#include "src/take/grab.h"

struct request {
	const struct apart *a;
	const struct fdent *e;
	apart_fn *fn;
	void *arg;
};

struct answer {
	int r;
	struct fail fail;
};

static int helper_main(void *arg, int out)
{
	const struct request *q = arg;
	struct answer a = { 0 };
	struct grab g;

	a.r = grab_take(&g, q->a->target, q->e, q->a->procfs, &a.fail);
	if (a.r == 0)
		a.r = q->fn(q->arg, q->e, g.fd, &a.fail);
	return fd_write_all(out, &a, sizeof(a));
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Its answer, whole. */
static int hear(struct helper *h, struct answer *a, int timeout_ms)
{
	int64_t deadline = now_ms() + timeout_ms;
	size_t got = 0;

	while (got < sizeof(*a)) {
		int64_t left = deadline - now_ms();
		ssize_t n = helper_read(h, (char *)a + got, sizeof(*a) - got,
					timeout_ms < 0 ? -1
					: left > 0     ? (int)left
						       : 0);

		if (n <= 0)
			return n < 0 ? (int)n : -EPIPE;
		got += (size_t)n;
	}
	return 0;
}

int apart_run(const struct apart *a, const struct fdent *e, apart_fn *fn, void *arg, struct fail *f)
{
	const struct target *t = a->target;
	struct request q = { a, e, fn, arg };
	int keep[5 + APART_KEEP] = { t->pidfd, t->table_pidfd, t->dir, t->table_dir, a->procfs };
	struct answer answer;
	struct helper h;
	char who[128];
	size_t n = 5;
	int r;

	for (size_t i = 0; i < a->n_keep && i < APART_KEEP; i++)
		keep[n++] = a->keep[i];
	r = helper_start(&h, helper_main, &q, keep, n, f);
	if (r < 0)
		return r;
	r = hear(&h, &answer, a->timeout_ms);
	helper_end(&h);
	if (r == 0 && answer.r < 0 && f)
		*f = answer.fail;
	if (r == 0)
		return answer.r;
	target_describe(t, who, sizeof(who));
	if (e->fd >= 0)
		fail_set(f, -r, "a helper process", "descriptor %d of %s", e->fd, who);
	else
		fail_set(f, -r, "a helper process", "%s of %s", assoc_name(e->assoc), who);
	if (r == -ETIMEDOUT)
		fail_why(f, "its filesystem did not answer in time");
	return r;
}

static int close_it(void *arg, const struct fdent *e, int fd, struct fail *f)
{
	(void)arg;
	(void)e;
	(void)f;
	close(fd); /* here it waits, if it does */
	return 0;
}

int apart_try(const struct apart *a, const struct fdent *e, struct fail *f)
{
	return apart_run(a, e, close_it, NULL, f);
}

bool apart_held_may_hang(const struct shelf_item *item, pid_t shelf, int procfs)
{
	const struct target_name name = { .pid = shelf };
	const struct survey_opts opts = {
		.procfs = procfs,
		.targets = &name,
		.n_targets = 1,
		.only = true,
		.only_fd = item->shelf_fd,
		.only_assoc = ASSOC_FD,
	};
	const struct fdent *e;
	struct kind_ctx ctx;
	struct survey *s;
	bool may = false;

	if (survey_take(&s, &opts, NULL) < 0)
		return false;
	ctx = survey_ctx(s);
	e = survey_find(s, shelf, 0, item->shelf_fd);
	if (e && (e->have & HAVE_LINK))
		may = grab_may_hang(e, &ctx);
	survey_free(s);
	return may;
}

/*
 * Shares our table but nothing else. Once we are gone the table is its own, and it
 * goes with it. First what others wait to see closed, each by a close(2): all
 * that its end closes is let go of only when the last close has come back.
 */
void apart_leave(void)
{
	pid_t parent = getpid();

	if (syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0) != 0)
		return;
	signal(SIGINT, SIG_IGN);
	while ((pid_t)syscall(SYS_getppid) == parent)
		poll(NULL, 0, 10);
	for (int fd = 0; fd <= 2; fd++)
		close(fd);
	_exit(0);
}
