/* SPDX-License-Identifier: MIT */
/*
 * Character devices and terminals: a read of most takes data, or does whatever
 * a driver likes, so only what is known to be harmless. See null(4), random(4),
 * ioctl_tty(2).
 */
#include "src/kind/peek.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"

enum { MEM_MAJOR = 1, MEM_NULL = 3, MEM_ZERO = 5, MEM_FULL = 7, MEM_KMSG = 11 };

/* An endless source: as much as a peek shows by default, and words. */
static int peek_zeros(struct peek *p)
{
	size_t n = p->limit < PEEK_DEFAULT_LIMIT ? (size_t)p->limit : PEEK_DEFAULT_LIMIT;
	autofree char *zeros = xcalloc(1, n + 1);

	p->method = "known contents";
	if (p->limit > n)
		peek_miss(p, "zeros without end");
	return n == 0 ? 0
		      : p->piece(p, &(struct peek_piece){
					    .unit = PEEK_BYTES,
					    .data = zeros,
					    .len = n,
					    .full_len = n,
				    });
}

/* A position of its own belongs to every opening of /dev/kmsg: a re-open takes nothing. */
static int peek_kmsg(struct peek *p)
{
	enum { RECORD_MAX = 16 * 1024 };
	autofree char *record = xmalloc(RECORD_MAX);
	autoclose int fd = peek_reopen(p->fd, 0);
	uint64_t left = p->limit;
	int r = 0;

	p->method = "read of a re-open";
	if (fd < 0)
		return peek_fail(p, -fd, "open");
	while (left > 0 && r == 0) {
		ssize_t n = read(fd, record, RECORD_MAX);

		/* EPIPE: records were overwritten before we came to them. */
		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (n <= 0)
			return n == 0 || errno == EAGAIN ? 0 : peek_fail(p, errno, "read");
		if ((uint64_t)n > left)
			n = (ssize_t)left;
		r = p->piece(p, &(struct peek_piece){
					.unit = PEEK_MESSAGE,
					.data = record,
					.len = (size_t)n,
					.full_len = (uint64_t)n,
				});
		left -= (uint64_t)n;
	}
	return r;
}

int peek_char(struct peek *p)
{
	struct stat st;

	if (fstat(p->fd, &st) < 0)
		return peek_fail(p, errno, "fstat");
	if (S_ISCHR(st.st_mode) && major(st.st_rdev) == MEM_MAJOR) {
		switch (minor(st.st_rdev)) {
		case MEM_NULL:
			p->method = "known contents";
			return 0;
		case MEM_ZERO:
		case MEM_FULL:
			return peek_zeros(p);
		case MEM_KMSG:
			return peek_kmsg(p);
		}
	}
	return peek_refuse(p, EOPNOTSUPP, "peek",
			   "a read of a character device takes data, or does what its driver likes",
			   "read does it all the same");
}

static int queue_line(struct peek *p, const char *name, unsigned long request, int *n)
{
	autobuf line = BUF_INIT;

	*n = 0;
	if (fcntl(p->fd, F_GETFL) & O_PATH)
		return peek_refuse(p, EBADF, "ioctl",
				   "it was opened with O_PATH: that is no terminal yet", NULL);
	if (ioctl(p->fd, request, n) < 0)
		return peek_fail(p, errno, "ioctl");
	buf_addf(&line, "%s: %d", name, *n);
	return p->piece(p, &(struct peek_piece){
				   .unit = PEEK_STATE,
				   .data = buf_str(&line),
				   .len = line.len,
				   .full_len = line.len,
			   });
}

int peek_tty(struct peek *p)
{
	int in, out, r;

	p->method = "TIOCINQ and TIOCOUTQ";
	r = queue_line(p, "input_queue", FIONREAD, &in);
	if (r == 0)
		r = queue_line(p, "output_queue", TIOCOUTQ, &out);
	if (r == 0 && in > 0)
		peek_miss(p,
			  "the %d bytes themselves: a terminal shows them only to a read, "
			  "which takes them",
			  in);
	return r;
}
