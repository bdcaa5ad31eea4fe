/* SPDX-License-Identifier: MIT */
#include "src/take/rw.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/kind/origin.h"

#define CANCEL_LOOK_MS 100
#define RACE_MS        1000 /* for a read that poll said would not wait */

static int rw_fail(const struct rw *rw, int err, const char *call, struct fail *f)
{
	char who[128];

	target_describe(rw->t, who, sizeof(who));
	fail_set(f, err, call, "descriptor %d of %s", rw->e->fd, who);
	if (err == EAGAIN)
		fail_why(f, "there is nothing to read now, and a read would wait");
	else if (err == ETIMEDOUT)
		fail_why(f, "its filesystem did not answer for %d seconds", GRAB_HANG_MS / 1000);
	else if (err == EBADF)
		fail_class(f, FAIL_OTHER);
	return -err;
}

static int check_access(const struct rw *rw, enum op op, struct fail *f)
{
	uint32_t flags = rw->e->flags, mode = flags & O_ACCMODE;
	bool path = flags & O_PATH;

	if (!(rw->e->have & HAVE_INFO) || S_ISSOCK(rw->e->mode))
		return 0;
	if (!path && (op == OP_SEEK || (op == OP_READ && mode != O_WRONLY) ||
		      (op == OP_WRITE && mode != O_RDONLY)))
		return 0;
	rw_fail(rw, EBADF, op_name(op), f);
	fail_why(f, "the target opened it %s",
		 path            ? "with O_PATH: only as a place"
		 : op == OP_READ ? "for writing only"
				 : "for reading only");
	if (op == OP_READ)
		fail_advice(f, "peek and dump re-open it for reading, where that is allowed");
	return -EBADF;
}

int rw_open(struct rw *rw, const struct target *t, const struct fdent *e,
	    const struct kind_ctx *ctx, enum op op, struct fail *f)
{
	const struct cell *c = kind_cell(e->kind ? e->kind : kind_of(e), op);
	int r;

	*rw = (struct rw){ .t = t, .e = e, .ctx = *ctx, .grab = { .fd = -1 } };
	if (c->effect == EFFECT_REFUSED) {
		rw_fail(rw, EOPNOTSUPP, op_name(op), f);
		fail_why(f, "%s", c->words);
		return -EOPNOTSUPP;
	}
	r = check_access(rw, op, f);
	if (r < 0)
		return r;
	rw->in_helper = grab_may_hang(e, ctx);
	return rw->in_helper ? 0 : grab_take(&rw->grab, t, e, ctx->procfs, f);
}

void rw_close(struct rw *rw)
{
	grab_release(&rw->grab);
}

/* ---- one operation, here or in a helper ---- */

struct request {
	struct rw *rw;
	enum op op;
	void *data;
	size_t len;
	int64_t offset;
	int whence;
};

struct reply {
	int64_t n; /* or -errno */
	uint64_t before, after;
	struct fail fail; /* of the grab */
};

/* One message, as its owner would: read(2) only tells of the queue. A time past waits for none. */
static ssize_t receive_message(int fd, void *p, size_t len)
{
	const struct timespec past = { 0 };
	struct mq_attr attr;
	autofree char *buf = NULL;
	ssize_t n;

	if (mq_getattr(fd, &attr) < 0)
		return -errno;
	buf = malloc((size_t)attr.mq_msgsize);
	if (!buf)
		return -ENOMEM;
	do
		n = mq_timedreceive(fd, buf, (size_t)attr.mq_msgsize, NULL, &past);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ETIMEDOUT ? -EAGAIN : -errno;
	if ((size_t)n > len)
		n = (ssize_t)len;
	memcpy(p, buf, (size_t)n);
	return n;
}

/* Sockets, files and pipes know how not to wait; -EOPNOTSUPP: this one does not. */
static ssize_t read_nowait(const struct rw *rw, int fd, void *p, size_t len)
{
	struct iovec iov = { .iov_base = p, .iov_len = len };
	ssize_t n;

	if (fdent_is_mqueue(rw->e))
		return receive_message(fd, p, len);
	do {
		if (S_ISSOCK(rw->e->mode))
			n = recv(fd, p, len, MSG_DONTWAIT);
		else if (S_ISREG(rw->e->mode) || S_ISBLK(rw->e->mode) ||
			 (fcntl(fd, F_GETFL) & O_NONBLOCK))
			n = read(fd, p, len);
		else
			n = preadv2(fd, &iov, 1, -1, RWF_NOWAIT);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static ssize_t write_nowait(const struct rw *rw, int fd, const void *p, size_t len)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)p, .iov_len = len };
	bool file = S_ISREG(rw->e->mode) || S_ISBLK(rw->e->mode);
	ssize_t n;

	do {
		if (S_ISSOCK(rw->e->mode))
			n = send(fd, p, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		else if (file || (fcntl(fd, F_GETFL) & O_NONBLOCK))
			n = write(fd, p, len);
		else
			n = pwritev2(fd, &iov, 1, -1, RWF_NOWAIT);
		/* Room is there: so much goes into a pipe at once, or not at all. */
		if (n < 0 && errno == EOPNOTSUPP)
			n = write(fd, p, len < PIPE_BUF ? len : PIPE_BUF);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int64_t seek(const struct request *q, int fd, struct reply *a)
{
	off_t before = lseek(fd, 0, SEEK_CUR);
	off_t after = before < 0 ? -1 : lseek(fd, q->offset, q->whence);

	if (after < 0)
		return -errno;
	a->before = (uint64_t)before;
	a->after = (uint64_t)after;
	return 0;
}

static int64_t perform(const struct request *q, int fd, struct reply *a)
{
	if (q->op == OP_READ)
		return read_nowait(q->rw, fd, q->data, q->len);
	if (q->op == OP_WRITE)
		return write_nowait(q->rw, fd, q->data, q->len);
	return seek(q, fd, a);
}

static int helper_main(void *arg, int out)
{
	struct request *q = arg;
	struct reply a = { 0 };
	struct grab g;
	int r = grab_take(&g, q->rw->t, q->rw->e, q->rw->ctx.procfs, &a.fail);

	a.n = r < 0 ? r : perform(q, g.fd, &a);
	r = fd_write_all(out, &a, sizeof(a));
	if (r == 0 && q->op == OP_READ && a.n > 0)
		r = fd_write_all(out, q->data, (size_t)a.n);
	return r;
}

static int helper_get(struct helper *h, void *to, size_t len, int timeout_ms)
{
	char *at = to;

	while (len) {
		ssize_t n = helper_read(h, at, len, timeout_ms);

		if (n <= 0)
			return n < 0 ? (int)n : -EPIPE;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int64_t in_helper(struct request *q, struct reply *a, helper_fn *fn, int timeout_ms,
			 struct fail *f)
{
	struct helper h;
	int r = grab_start(&h, fn, q, q->rw->t, q->rw->ctx.procfs, f);

	if (r < 0)
		return r;
	r = helper_get(&h, a, sizeof(*a), timeout_ms);
	if (r == 0 && q->op == OP_READ && a->n > 0)
		r = helper_get(&h, q->data, (size_t)a->n, timeout_ms);
	helper_end(&h);
	if (r == 0 && a->fail.err && f)
		*f = a->fail;
	return r < 0 ? r : a->n;
}

/* ---- read ---- */

static bool is_ready(int fd, short events, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	return poll(&pfd, 1, timeout_ms) > 0;
}

static int blocking_read(void *arg, int out)
{
	struct request *q = arg;
	struct reply a = { 0 };
	struct grab g;
	int r = grab_take(&g, q->rw->t, q->rw->e, q->rw->ctx.procfs, &a.fail);

	a.n = r < 0 ? r : read(g.fd, q->data, q->len);
	if (r == 0 && a.n < 0)
		a.n = -errno;
	r = fd_write_all(out, &a, sizeof(a));
	return r == 0 && a.n > 0 ? fd_write_all(out, q->data, (size_t)a.n) : r;
}

ssize_t rw_read(struct rw *rw, void *p, size_t len, struct fail *f)
{
	struct request q = { .rw = rw, .op = OP_READ, .data = p, .len = len };
	struct reply a = { 0 };
	int64_t n;

	if (rw->in_helper) {
		n = in_helper(&q, &a, helper_main, GRAB_HANG_MS, f);
	} else {
		n = read_nowait(rw, rw->grab.fd, p, len);
		if (n == -EOPNOTSUPP && !is_ready(rw->grab.fd, POLLIN, 0))
			n = -EAGAIN;
		if (n == -EOPNOTSUPP)
			n = in_helper(&q, &a, blocking_read, RACE_MS, f);
		if (n == -ETIMEDOUT)
			n = -EAGAIN;
	}
	if (n < 0 && !a.fail.err)
		rw_fail(rw, (int)-n, "read", f);
	return (ssize_t)n;
}

/* ---- write ---- */

/* SIGPIPE must not end the program: hold it back, and take it away if it came. */
static bool hold_sigpipe(sigset_t *before)
{
	sigset_t pipe, pending;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &pipe, before);
	return sigismember(&pending, SIGPIPE) == 1;
}

static void release_sigpipe(const sigset_t *before, bool was_pending, bool raised)
{
	const struct timespec now = { 0 };
	sigset_t pipe;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	if (raised && !was_pending)
		sigtimedwait(&pipe, NULL, &now);
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

static bool is_canceled(const atomic_bool *cancel)
{
	return cancel && atomic_load_explicit(cancel, memory_order_relaxed);
}

static int64_t write_some(struct rw *rw, const void *p, size_t len, struct fail *f, struct reply *a)
{
	struct request q = { .rw = rw, .op = OP_WRITE, .data = (void *)(uintptr_t)p, .len = len };

	if (rw->in_helper)
		return in_helper(&q, a, helper_main, GRAB_HANG_MS, f);
	if (!S_ISREG(rw->e->mode) && !S_ISBLK(rw->e->mode) &&
	    !is_ready(rw->grab.fd, POLLOUT, CANCEL_LOOK_MS))
		return -EAGAIN;
	return write_nowait(rw, rw->grab.fd, p, len);
}

int rw_write(struct rw *rw, const void *p, size_t len, const atomic_bool *cancel, size_t *written,
	     struct fail *f)
{
	const char *at = p;
	struct reply a = { 0 };
	sigset_t before;
	bool was_pending = hold_sigpipe(&before);
	int64_t n = 0;

	*written = 0;
	while (*written < len) {
		n = is_canceled(cancel) ? -ECANCELED
					: write_some(rw, at + *written, len - *written, f, &a);
		if (n == -EAGAIN)
			continue;
		if (n < 0)
			break;
		*written += (size_t)n;
	}
	release_sigpipe(&before, was_pending, n == -EPIPE);
	if (n >= 0)
		return 0;
	if (!a.fail.err)
		rw_fail(rw, (int)-n, "write", f);
	if (n == -EPIPE)
		fail_why(f, "nobody reads at the other end any more");
	return (int)n;
}

/* ---- seek ---- */

int rw_seek(struct rw *rw, int64_t offset, int whence, uint64_t *before, uint64_t *after,
	    struct fail *f)
{
	struct request q = { .rw = rw, .op = OP_SEEK, .offset = offset, .whence = whence };
	struct reply a = { 0 };
	int64_t n = rw->in_helper ? in_helper(&q, &a, helper_main, GRAB_HANG_MS, f)
				  : perform(&q, rw->grab.fd, &a);

	*before = a.before;
	*after = a.after;
	if (n >= 0)
		return 0;
	if (!a.fail.err)
		rw_fail(rw, (int)-n, "lseek", f);
	if (n == -ESPIPE)
		fail_why(f, "it has no position");
	else if (n == -ENXIO)
		fail_why(f, "there is no data, or no hole, behind this offset");
	else if (n == -EINVAL)
		fail_why(f, "the offset would be negative, or this kind has no such position");
	return (int)n;
}
