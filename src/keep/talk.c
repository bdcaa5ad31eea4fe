/* SPDX-License-Identifier: MIT */
#include "src/keep/talk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"

/* A terminal that has room at all has room for so much. */
#define TTY_PIECE 64

enum { AT_IN, AT_OUT, AT_FD, AT_READER, AT_COUNT };

struct talk {
	const struct talk_opts *opts;
	struct talk_result *result;
	int fd;
	int reader; /* what the thread has read comes from here; -1: there is none */
	bool socket, packets, fifo;
	bool can_read, can_write;
	bool in_ended;                /* nothing more from `in` */
	bool over;                    /* result->end says why */
	struct winsize before, given; /* of the window */
	struct buf up, down;
	char piece[TALK_BUFFER];
};

static void end(struct talk *t, enum talk_end why, int err)
{
	t->over = true;
	t->result->end = why;
	t->result->err = err;
}

static bool is_hangup(int err)
{
	return err == EPIPE || err == EIO || err == ECONNRESET || err == ENOTCONN ||
	       err == ECONNABORTED || err == ETIMEDOUT;
}

static void look_at(struct talk *t)
{
	int type = 0, flags = fcntl(t->fd, F_GETFL) & O_ACCMODE;
	socklen_t len = sizeof(type);
	struct stat st;

	t->socket = getsockopt(t->fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0;
	t->packets = t->socket && type != SOCK_STREAM;
	t->fifo = fstat(t->fd, &st) == 0 && S_ISFIFO(st.st_mode);
	t->can_read = t->socket || flags != O_WRONLY;
	t->can_write = t->socket || flags != O_RDONLY;
}

/* ---- where a read cannot be told not to wait: terminals ---- */

struct reading {
	int fd, out;
};

static void *read_along(void *arg)
{
	struct reading *r = arg;
	char p[4096];
	ssize_t n;

	while ((n = read(r->fd, p, sizeof(p))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0 && fd_write_all(r->out, p, (size_t)n) < 0)
			break;
	close(r->out);
	return NULL; /* *r stays: it is small, and we end with it */
}

static int start_reader(struct talk *t)
{
	struct reading *r = xmalloc(sizeof(*r));
	pthread_attr_t attr;
	pthread_t thread;
	int ends[2], e;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		e = errno;
		free(r);
		return -e;
	}
	*r = (struct reading){ t->fd, ends[1] };
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	e = pthread_create(&thread, &attr, read_along, r);
	pthread_attr_destroy(&attr);
	if (e) {
		close(ends[0]);
		close(ends[1]);
		free(r);
		return -e;
	}
	t->reader = ends[0];
	return 0;
}

/* ---- from them to us ---- */

static ssize_t read_nowait(struct talk *t)
{
	struct iovec iov = { t->piece, sizeof(t->piece) };

	if (t->reader >= 0)
		return read(t->reader, t->piece, sizeof(t->piece));
	if (t->socket)
		return recv(t->fd, t->piece, sizeof(t->piece), MSG_DONTWAIT);
	return preadv2(t->fd, &iov, 1, -1, RWF_NOWAIT);
}

static void their_end(struct talk *t)
{
	t->can_read = false;
	/* The other half of a connection may go on; a pipe or a terminal has none. */
	if (!t->socket || t->in_ended)
		end(t, TALK_DONE, 0);
}

static int receive(struct talk *t)
{
	ssize_t n = read_nowait(t);

	if (n < 0 && errno == EOPNOTSUPP && t->reader < 0)
		return start_reader(t);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0 && is_hangup(errno)) {
		t->can_read = false;
		end(t, TALK_HUNG_UP, errno);
		return 0;
	}
	if (n < 0)
		return -errno;
	if (n == 0 && t->packets && t->can_write)
		return 0; /* an empty datagram */
	if (n == 0)
		their_end(t);
	t->result->received += (uint64_t)n;
	if (t->opts->show && n)
		t->opts->show(t->opts->arg, &t->down, t->piece, (size_t)n);
	else
		buf_add(&t->down, t->piece, (size_t)n);
	return 0;
}

static void consume(struct buf *b, size_t n)
{
	b->len -= n;
	memmove(b->data, b->data + n, b->len);
}

static int write_out(struct talk *t)
{
	/* Pipes that poll(2) says have room take so much without waiting. */
	size_t len = t->down.len < PIPE_BUF ? t->down.len : PIPE_BUF;
	ssize_t n = write(t->opts->out, t->down.data, len);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0)
		return -errno;
	consume(&t->down, (size_t)n);
	return 0;
}

/* ---- from us to them ---- */

static int our_end(struct talk *t)
{
	if (t->socket && !t->packets && !t->opts->keep_open && shutdown(t->fd, SHUT_WR) < 0 &&
	    errno != ENOTCONN)
		return -errno;
	if (!t->opts->keep_open || !t->can_read)
		t->can_write = false;
	if (!t->can_read || (!t->opts->keep_open && !(t->socket && !t->packets)))
		end(t, TALK_DONE, 0);
	return 0;
}

static int read_in(struct talk *t)
{
	ssize_t n = read(t->opts->in, t->piece, sizeof(t->piece));
	const char *escape;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0 && errno != EIO)
		return -errno;
	if (n <= 0) {
		t->in_ended = true;
		return t->up.len ? 0 : our_end(t);
	}
	escape = t->opts->escape < 0 ? NULL : memchr(t->piece, t->opts->escape, (size_t)n);
	if (escape) {
		end(t, TALK_ESCAPED, 0);
		n = escape - t->piece;
	}
	if (t->can_write)
		buf_add(&t->up, t->piece, (size_t)n);
	return 0;
}

static ssize_t write_nowait(struct talk *t)
{
	struct iovec iov = { t->up.data, t->up.len };
	size_t piece = t->fifo ? PIPE_BUF : TTY_PIECE;
	ssize_t n;

	if (t->socket)
		return send(t->fd, t->up.data, t->up.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	n = pwritev2(t->fd, &iov, 1, -1, RWF_NOWAIT);
	if (n < 0 && errno == EOPNOTSUPP)
		n = write(t->fd, t->up.data, t->up.len < piece ? t->up.len : piece);
	return n;
}

static int send_up(struct talk *t)
{
	ssize_t n = write_nowait(t);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0 && is_hangup(errno)) {
		t->can_write = false;
		buf_reset(&t->up);
		end(t, TALK_HUNG_UP, errno);
		return 0;
	}
	if (n < 0)
		return -errno;
	t->result->sent += (uint64_t)n;
	consume(&t->up, (size_t)n);
	return t->in_ended && !t->up.len && !t->over ? our_end(t) : 0;
}

/* ---- the size of the window ---- */

static int look_at_size(struct talk *t)
{
	unsigned number;

	/* Only masters have one. See ioctl_tty(2) */
	if (ioctl(t->fd, TIOCGPTN, &number) < 0 || ioctl(t->fd, TIOCGWINSZ, &t->before) < 0)
		return -errno;
	t->given = t->before;
	return 0;
}

static void give_size(struct talk *t)
{
	struct winsize size;

	*t->opts->resized = 0;
	if (ioctl(t->opts->in, TIOCGWINSZ, &size) == 0 && ioctl(t->fd, TIOCSWINSZ, &size) == 0)
		t->given = size;
}

static void give_size_back(const struct talk *t)
{
	struct winsize now;

	if (ioctl(t->fd, TIOCGWINSZ, &now) == 0 && memcmp(&now, &t->given, sizeof(now)) == 0)
		ioctl(t->fd, TIOCSWINSZ, &t->before);
}

/* ---- both ---- */

/* Where nothing can be sent, a terminal is read for the escape, and nothing else is. */
static bool wants_in(const struct talk *t)
{
	if (t->in_ended || t->over)
		return false;
	if (!t->can_write)
		return t->opts->escape >= 0;
	return t->packets ? !t->up.len : t->up.len < TALK_BUFFER;
}

static void prepare(const struct talk *t, struct pollfd *p)
{
	bool room = t->down.len < TALK_BUFFER && t->can_read && !t->over;

	p[AT_IN] = (struct pollfd){ wants_in(t) ? t->opts->in : -1, POLLIN, 0 };
	p[AT_OUT] = (struct pollfd){ t->down.len ? t->opts->out : -1, POLLOUT, 0 };
	p[AT_FD] = (struct pollfd){ -1, 0, 0 };
	p[AT_READER] = (struct pollfd){ -1, POLLIN, 0 };
	if (room && t->reader < 0)
		p[AT_FD].events |= POLLIN;
	else if (room)
		p[AT_READER].fd = t->reader;
	if (t->up.len && t->can_write)
		p[AT_FD].events |= POLLOUT;
	if (p[AT_FD].events)
		p[AT_FD].fd = t->fd;
}

static int turn(struct talk *t)
{
	struct pollfd p[AT_COUNT];
	int r;

	if (t->opts->resized && *t->opts->resized)
		give_size(t);
	prepare(t, p);
	r = ppoll(p, AT_COUNT, NULL, t->opts->mask);
	if (t->opts->stop && *t->opts->stop) {
		end(t, TALK_STOPPED, 0);
		return 0;
	}
	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	r = 0;
	if (p[AT_OUT].revents)
		r = write_out(t);
	if (r == 0 &&
	    ((p[AT_FD].revents & ~POLLOUT && p[AT_FD].events & POLLIN) || p[AT_READER].revents))
		r = receive(t);
	if (r == 0 && p[AT_FD].revents && (p[AT_FD].events & POLLOUT) && t->up.len)
		r = send_up(t);
	if (r == 0 && p[AT_IN].revents && !t->over)
		r = read_in(t);
	return r;
}

/* What was received goes out, as long as nobody stops us; what was to be sent if it can. */
static int finish(struct talk *t)
{
	struct pollfd p = { .fd = t->opts->out, .events = POLLOUT };
	int r = 0;

	if (t->up.len && t->can_write && t->result->end == TALK_ESCAPED)
		send_up(t);
	while (r == 0 && t->down.len && !(t->opts->stop && *t->opts->stop))
		if (ppoll(&p, 1, NULL, t->opts->mask) > 0)
			r = write_out(t);
	return r;
}

int talk(int fd, const struct talk_opts *opts, struct talk_result *result, struct fail *f)
{
	autofree struct talk *t = xcalloc(1, sizeof(*t));
	int r = 0;

	*result = (struct talk_result){ 0 };
	t->opts = opts;
	t->result = result;
	t->fd = fd;
	t->reader = -1;
	look_at(t);
	if (opts->resized) {
		r = look_at_size(t);
		if (r < 0)
			return fail_set(f, -r, "ioctl(TIOCGPTN)", "the descriptor");
	}
	while (r == 0 && !t->over)
		r = turn(t);
	if (r == 0)
		r = finish(t);
	if (opts->resized)
		give_size_back(t);
	fd_close(&t->reader);
	buf_release(&t->up);
	buf_release(&t->down);
	return r < 0 ? fail_set(f, -r, "talk", "the descriptor") : 0;
}
