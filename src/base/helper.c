/* SPDX-License-Identifier: MIT */
#include "src/base/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "src/base/fd.h"
#include "src/base/sys.h"

#define REAP_TRIES 200 /* about a second */

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Close everything but 0, 1, 2 and the sorted list. */
static void close_others(const int *keep, size_t n)
{
	unsigned from = 3;

	for (size_t i = 0; i < n; i++) {
		if (keep[i] < (int)from)
			continue;
		if ((unsigned)keep[i] > from)
			sys_close_range(from, (unsigned)keep[i] - 1, false);
		from = (unsigned)keep[i] + 1;
	}
	sys_close_range(from, ~0U, false);
}

static void helper_main(helper_fn *fn, void *arg, int out, const int *keep, size_t n_keep)
{
	int list[16];
	size_t n = 0;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	signal(SIGINT, SIG_IGN); /* ^C is for the one who started us */
	for (int fd = 0; fd <= 2; fd++)
		if (null >= 0)
			dup2(null, fd);
	list[n++] = out;
	for (size_t i = 0; i < n_keep && n < sizeof(list) / sizeof(list[0]); i++)
		list[n++] = keep[i];
	qsort(list, n, sizeof(list[0]), by_number);
	close_others(list, n);
	fn(arg, out);
	_exit(0);
}

static int start_failed(struct helper *h, struct fail *f, int err, const char *call)
{
	helper_end(h);
	return fail_set(f, err, call, "a helper process");
}

/*
 * It has ended, but for this: an exit closes, and if we hold a file of a filesystem that
 * does not answer, so does it, and waits for ever.
 */
static void reap(pid_t pid)
{
	struct timespec nap = { .tv_nsec = 50000 };

	for (int i = 0; i < REAP_TRIES; i++) {
		pid_t r = waitpid(pid, NULL, WNOHANG);

		if (r == pid || (r < 0 && errno != EINTR))
			return;
		nanosleep(&nap, NULL);
		if (nap.tv_nsec < 5000000)
			nap.tv_nsec *= 2;
	}
}

int helper_start(struct helper *h, helper_fn *fn, void *arg, const int *keep, size_t n_keep,
		 struct fail *f)
{
	int ends[2], first[2];
	pid_t middle, pid = -1;
	ssize_t n;

	*h = (struct helper){ .fd = -1, .pid = -1 };
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_set(f, errno, "pipe2", "a helper process");
	autoclose int out = ends[1];
	h->fd = ends[0];
	if (pipe2(first, O_CLOEXEC) < 0)
		return start_failed(h, f, errno, "pipe2");
	autoclose int pid_in = first[0], pid_out = first[1];

	/* The middle process exits at once, so that init adopts and reaps the helper. */
	middle = fork();
	if (middle < 0)
		return start_failed(h, f, errno, "fork");
	if (middle == 0) {
		pid_t child = fork();

		if (child == 0)
			helper_main(fn, arg, out, keep, n_keep);
		_exit(write(pid_out, &child, sizeof(child)) == (ssize_t)sizeof(child) ? 0 : 1);
	}
	fd_close(&pid_out);
	while ((n = read(pid_in, &pid, sizeof(pid))) < 0 && errno == EINTR)
		;
	reap(middle);
	if (n != (ssize_t)sizeof(pid) || pid < 0)
		return start_failed(h, f, EAGAIN, "fork");
	h->pid = pid;
	return 0;
}

ssize_t helper_read(struct helper *h, void *p, size_t len, int timeout_ms)
{
	struct pollfd pfd = { .fd = h->fd, .events = POLLIN };
	ssize_t n;
	int r;

	do
		r = poll(&pfd, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	if (r == 0)
		return -ETIMEDOUT;
	n = read(h->fd, p, len);
	return n < 0 ? -errno : n;
}

void helper_end(struct helper *h)
{
	struct pollfd pfd = { .fd = h->fd };

	/*
	 * Only while its end of the pipe is open is the pid surely still its
	 * own: once that is hung up it has exited and may have been reaped. A
	 * pipe says so whatever lies in it, so a helper that never stops
	 * writing need not be drained first.
	 */
	if (h->pid > 0 && h->fd >= 0 && poll(&pfd, 1, 0) == 0)
		kill(h->pid, SIGKILL);
	fd_close(&h->fd);
	h->pid = -1;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int helper_ask(helper_fn *fn, void *arg, const int *keep, size_t n_keep, int timeout_ms, size_t max,
	       struct buf *answer, struct fail *f)
{
	int64_t deadline = now_ms() + timeout_ms;
	struct helper h;
	int r = helper_start(&h, fn, arg, keep, n_keep, f);
	ssize_t n = 1;

	if (r < 0)
		return r;
	while (n > 0) {
		int64_t left = deadline - now_ms();
		char chunk[4096];

		n = helper_read(&h, chunk, sizeof(chunk), left > 0 ? (int)left : 0);
		if (n > 0 && answer->len + (size_t)n > max)
			n = -EMSGSIZE;
		if (n > 0)
			buf_add(answer, chunk, (size_t)n);
	}
	helper_end(&h);
	return n < 0 ? fail_set(f, (int)-n, "poll", "a helper process") : 0;
}
