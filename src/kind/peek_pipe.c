/* SPDX-License-Identifier: MIT */
/* Pipes and fifos: tee(2) duplicates what is queued without taking it. See pipe(7). */
#include "src/kind/peek.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"

#ifndef PEEK_CHUNK
#define PEEK_CHUNK (64 * 1024)
#endif

/*
 * A pipe with as many slots as the one to copy, since a slot may hold one byte.
 * Above pipe-max-size that needs CAP_SYS_RESOURCE; then the largest we get.
 */
static int match_size(int ours, int theirs)
{
	int page = (int)sysconf(_SC_PAGESIZE);

	for (int size = theirs; size >= page; size /= 2)
		if (fcntl(ours, F_SETPIPE_SZ, size) >= 0)
			break;
	return fcntl(ours, F_GETPIPE_SZ);
}

/*
 * The end to tee from: the grab, or a read end of our own in *again. To open one is
 * not without danger: a writer that waits in open(2) for a reader goes on, and dies of
 * SIGPIPE when we are gone. So never for what is no end, and not for an empty pipe:
 * then -ENODATA.
 */
static int read_end(struct peek *p, int *again)
{
	int flags = fcntl(p->fd, F_GETFL), queued;

	p->method = "tee";
	if (flags < 0)
		return peek_fail(p, errno, "fcntl");
	if (flags & O_PATH)
		return peek_refuse(p, EBADF, "tee",
				   "it was opened with O_PATH and is no end of the FIFO: to open "
				   "one would let go a writer that waits for a reader",
				   NULL);
	if ((flags & O_ACCMODE) != O_WRONLY)
		return p->fd;
	if (ioctl(p->fd, FIONREAD, &queued) == 0 && queued == 0)
		return -ENODATA;
	p->method = "tee from a re-open";
	*again = peek_reopen(p->fd, 0);
	if (*again < 0) {
		peek_fail(p, -*again, "open");
		fail_why(p->fail, "this end cannot be read, and we may not open the other one");
	}
	return *again;
}

struct pipe_copy {
	int fd; /* read end of our pipe */
	char *buf;
	size_t queued;     /* bytes in it still */
	bool packets;      /* boundaries were met, or O_DIRECT says so */
	uint64_t at, left; /* offset from the head; bytes still wanted */
};

/* One read of our copy: a packet ends it early, see O_DIRECT in pipe(2). */
static int next_piece(struct peek *p, struct pipe_copy *c)
{
	size_t want = c->queued < PEEK_CHUNK ? c->queued : PEEK_CHUNK;
	ssize_t n = read(c->fd, c->buf, want);
	size_t show;

	if (n < 0)
		return errno == EINTR ? 0 : peek_fail(p, errno, "read");
	if (n == 0) {
		c->queued = 0;
		return 0;
	}
	if ((size_t)n < want)
		c->packets = true;
	show = (uint64_t)n < c->left ? (size_t)n : (size_t)c->left;
	c->queued -= (size_t)n;
	c->left -= show;
	c->at += show;
	return p->piece(p, &(struct peek_piece){
				   .unit = c->packets ? PEEK_MESSAGE : PEEK_BYTES,
				   .data = c->buf,
				   .len = show,
				   .offset = c->at - show,
				   .full_len = c->packets ? (uint64_t)n : show,
			   });
}

static int show_copy(struct peek *p, int copy, size_t queued)
{
	autofree char *buf = xmalloc(PEEK_CHUNK);
	struct pipe_copy c = {
		.fd = copy,
		.buf = buf,
		.queued = queued,
		.packets = (fcntl(p->fd, F_GETFL) & O_DIRECT) != 0,
		.left = p->limit,
	};
	int r = 0;

	while (r == 0 && c.queued > 0 && c.left > 0) {
		r = next_piece(p, &c);
		if (c.packets && p->limit != PEEK_ALL)
			break;
	}
	return r;
}

int peek_pipe(struct peek *p)
{
	autoclose int again = -1;
	int from = read_end(p, &again), ends[2], theirs, ours, left = 0;
	size_t want = p->limit < INT_MAX ? (size_t)p->limit : INT_MAX;
	ssize_t n;

	if (from < 0)
		return from == -ENODATA ? 0 : from;
	theirs = fcntl(from, F_GETPIPE_SZ);
	if (theirs < 0)
		return peek_fail(p, errno, "fcntl");
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return peek_fail(p, errno, "pipe2");
	autoclose int copy = ends[0], in = ends[1];

	ours = match_size(in, theirs);
	/* A packet's real length is seen only if all of it is copied. */
	n = want == 0 ? 0
		      : tee(from, in, want < INT_MAX - PIPE_BUF ? want + PIPE_BUF : want,
			    SPLICE_F_NONBLOCK);
	if (n < 0)
		return errno == EAGAIN ? 0 : peek_fail(p, errno, "tee");
	if ((size_t)n < want && ours < theirs && ioctl(from, FIONREAD, &left) == 0 && left > n)
		peek_miss(p,
			  "%d bytes behind the first %zd: the pipe is larger than "
			  "pipe-max-size and a copy of all needs CAP_SYS_RESOURCE",
			  left - (int)n, n);
	return show_copy(p, copy, (size_t)n);
}
