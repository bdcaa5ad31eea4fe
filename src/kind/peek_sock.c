/* SPDX-License-Identifier: MIT */
/*
 * Sockets: MSG_PEEK of no more than is there. See recv(2), socket(7)
 * SO_PEEK_OFF, unix(7).
 */
#include "src/kind/peek.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/kind/peek_sock.h"
#include "src/net/sock.h"

#define SCM_FDS_MAX 253 /* of the kernel: SCM_MAX_FD */

static int sock_int(int fd, int option, int fallback)
{
	socklen_t len = sizeof(int);
	int v = fallback;

	return getsockopt(fd, SOL_SOCKET, option, &v, &len) < 0 ? fallback : v;
}

/* Is an error waiting to be told to the target? poll(2) shows it without taking it. */
static bool error_pending(int fd)
{
	struct pollfd pfd = { .fd = fd };

	return poll(&pfd, 1, 0) > 0 && (pfd.revents & POLLERR);
}

static int refuse_error(struct peek *p)
{
	return peek_refuse(p, EBUSY, "poll",
			   "an error is pending on this socket, or a note in its error queue; a "
			   "peek could take the error from the target",
			   "read takes it");
}

/*
 * A target that peeks by SO_PEEK_OFF itself keeps its place in the socket: any
 * peek would move it.
 */
static int check_peek_off(struct peek *p)
{
	int off = sock_int(p->fd, SO_PEEK_OFF, -1);

	if (off < 0)
		return 0;
	peek_refuse(p, EBUSY, "getsockopt", "", NULL);
	fail_why(p->fail,
		 "the target itself peeks by SO_PEEK_OFF (%d now): a peek of ours would "
		 "move its place",
		 off);
	return -EBUSY;
}

/* One recvmsg(MSG_PEEK). */
struct look {
	char *buf;
	size_t size;
	int flags; /* MSG_TRUNC for messages: on TCP it would mean "do not copy" */
	struct sockaddr_storage from;
	socklen_t from_len;
	size_t len;    /* bytes in buf */
	uint64_t full; /* real length of the message */
	int fds[SCM_FDS_MAX];
	unsigned n_fds;
};

static void take_fds(struct look *l, struct msghdr *msg)
{
	l->n_fds = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n && l->n_fds < SCM_FDS_MAX; i++)
			memcpy(&l->fds[l->n_fds++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
	}
}

static void drop_fds(struct look *l)
{
	for (unsigned i = 0; i < l->n_fds; i++)
		if (l->fds[i] >= 0)
			close(l->fds[i]);
	l->n_fds = 0;
}

/*
 * 1: something, 0: nothing there, or -errno. Descriptors in flight are
 * installed only if a control buffer is passed, so none is unless asked for.
 * packet(7) knows no MSG_CMSG_CLOEXEC and refuses it.
 */
static int look_at(struct peek *p, struct look *l)
{
	bool fds = p->want_fds && sock_int(p->fd, SO_DOMAIN, -1) == AF_UNIX;
	int flags = MSG_PEEK | MSG_DONTWAIT | (fds ? MSG_CMSG_CLOEXEC : 0) | l->flags;
	char control[CMSG_SPACE(SCM_FDS_MAX * sizeof(int)) + CMSG_SPACE(256)];
	struct iovec iov = { .iov_base = l->buf, .iov_len = l->size };
	struct msghdr msg = {
		.msg_name = &l->from,
		.msg_namelen = sizeof(l->from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = fds ? control : NULL,
		.msg_controllen = fds ? sizeof(control) : 0,
	};
	ssize_t n;

	do
		n = recvmsg(p->fd, &msg, flags);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
		return 0;
	if (n < 0)
		return peek_fail(p, errno, "recvmsg");
	l->from_len = msg.msg_namelen;
	l->full = (uint64_t)n;
	l->len = (size_t)n < l->size ? (size_t)n : l->size;
	if (fds)
		take_fds(l, &msg);
	return 1;
}

static int show(struct peek *p, struct look *l, enum peek_unit unit, uint64_t at)
{
	autobuf sender = BUF_INIT;
	int r;

	if (unit == PEEK_MESSAGE)
		peek_sock_address(&sender, &l->from, l->from_len);
	r = p->piece(p, &(struct peek_piece){
				.unit = unit,
				.data = l->buf,
				.len = l->len,
				.offset = at,
				.full_len = l->full,
				.sender = sender.len ? buf_str(&sender) : NULL,
				.sender_len = sender.len,
				.n_fds = l->n_fds,
				.fds = l->n_fds ? l->fds : NULL,
			});
	drop_fds(l);
	return r;
}

static int set_peek_off(struct peek *p, int off)
{
	return setsockopt(p->fd, SOL_SOCKET, SO_PEEK_OFF, &off, sizeof(off)) < 0 ? -errno : 0;
}

/*
 * Look at what begins `at` bytes behind the head, and put SO_PEEK_OFF back. *moved:
 * somebody read in between, so that at is not what it was.
 */
static int look_behind(struct peek *p, struct look *l, uint64_t at, bool *moved)
{
	int r = at > INT32_MAX ? -EOVERFLOW : set_peek_off(p, (int)at), now;

	*moved = false;
	if (r < 0)
		return r;
	r = look_at(p, l);
	now = sock_int(p->fd, SO_PEEK_OFF, -1);
	if (r > 0 && now >= 0 && (uint64_t)now < at + l->len)
		*moved = true;
	/* Twice, for it is the one call that must not be lost. */
	if (set_peek_off(p, -1) < 0 && set_peek_off(p, -1) < 0)
		peek_miss(p, "SO_PEEK_OFF could not be put back: it is %d", now);
	return r;
}

/*
 * The rest of a unix stream, which a peek shows only up to the first message
 * with descriptors or, with SO_PASSCRED, up to another sender.
 */
static int stream_rest(struct peek *p, struct look *l, uint64_t at, uint64_t end)
{
	bool moved = false;
	int r = 1;

	while (r > 0 && at < end && !moved) {
		l->size = (size_t)(end - at);
		r = look_behind(p, l, at, &moved);
		if (r > 0 && (l->len == 0 || moved))
			drop_fds(l);
		else if (r > 0) {
			uint64_t n = l->len;

			r = show(p, l, PEEK_BYTES, at);
			if (r != 0)
				return r;
			at += n;
			r = 1;
		}
	}
	if (at < end)
		peek_miss(p, "%llu bytes of %llu: %s", (unsigned long long)(end - at),
			  (unsigned long long)end,
			  moved ? "the target was reading at the same time"
				: "the kernel showed no more");
	/* SO_PEEK_OFF is known to TCP since Linux 6.9. */
	return r == -EOVERFLOW || r == -EOPNOTSUPP || r > 0 ? 0 : r;
}

/* What FIONREAD says is there; fails where a family does not know it. */
static int queued(int fd, uint64_t *n)
{
	int v = 0;

	if (ioctl(fd, FIONREAD, &v) < 0)
		return -errno;
	*n = v > 0 ? (uint64_t)v : 0;
	return 0;
}

static struct look *look_new(size_t size, int flags)
{
	struct look *l = xcalloc(1, sizeof(*l));

	l->size = size;
	l->flags = flags;
	l->buf = malloc(size);
	return l;
}

static int grow(struct look *l, uint64_t size)
{
	char *buf = size > l->size ? realloc(l->buf, (size_t)size) : l->buf;

	if (!buf)
		return -ENOMEM;
	l->buf = buf;
	return 0;
}

static void look_free_scoped(struct look **l)
{
	if (*l)
		free((*l)->buf);
	free(*l);
}
#define autolook __attribute__((cleanup(look_free_scoped))) struct look

/*
 * TCP urgent data, see tcp(7): FIONREAD and a read both end in front of it. How much
 * is there and behind, without the urgent byte, which only MSG_OOB reads; else 0.
 */
static uint64_t to_end_behind_mark(const struct peek *p)
{
	const struct sock_info *s = p->ent ? p->ent->sock : NULL;
	struct pollfd pfd = { .fd = p->fd, .events = POLLPRI };

	if (!s || !(s->has & SOCK_HAS_QUEUES) || !s->rqueue || poll(&pfd, 1, 0) <= 0 ||
	    !(pfd.revents & POLLPRI) || sock_int(p->fd, SO_OOBINLINE, 0))
		return 0;
	return s->rqueue - 1;
}

/* n: bytes that are there up to `end`; exact: FIONREAD said so. */
static int stream_show(struct peek *p, uint64_t n, uint64_t end, bool exact)
{
	autolook *l = look_new((size_t)n, 0);
	uint64_t seen;
	int r;

	if (!l->buf)
		return peek_fail(p, ENOMEM, "malloc");
	r = look_at(p, l);
	if (r <= 0)
		return r;
	seen = l->len;
	r = seen > 0 ? show(p, l, PEEK_BYTES, 0) : 0;
	if (r == 0 && !exact && seen < p->limit &&
	    (seen >= n || sock_int(p->fd, SO_DOMAIN, -1) == AF_UNIX))
		peek_miss(p,
			  "what may be behind the first %llu bytes: how much is queued could "
			  "not be asked",
			  (unsigned long long)seen);
	if (r != 0 || !exact || seen >= end)
		return r;
	/* Only a unix socket keeps something back; of others the target read it meanwhile. */
	if (end == n && sock_int(p->fd, SO_DOMAIN, -1) != AF_UNIX)
		return 0;
	if (p->may_move_peek_off && grow(l, end - seen) == 0)
		return stream_rest(p, l, seen, end);
	peek_miss(p, "%llu bytes behind %s: they are seen only by moving SO_PEEK_OFF",
		  (unsigned long long)(end - seen),
		  end > n ? "urgent data" : "descriptors in flight or another sender's");
	return 0;
}

int peek_stream(struct peek *p)
{
	uint64_t n = PEEK_DEFAULT_LIMIT, end;
	bool exact = queued(p->fd, &n) == 0;
	int r = check_peek_off(p);

	p->method = "MSG_PEEK";
	if (r < 0)
		return r;
	/* Never more than is queued: only behind it does recv look at errors. */
	if (!exact && error_pending(p->fd))
		return refuse_error(p);
	if (exact && n == 0 && error_pending(p->fd)) {
		peek_miss(p, "an error is pending; it is left for the target");
		return 0;
	}
	end = exact ? to_end_behind_mark(p) : 0;
	/* The mark is at the head: a read goes over it. */
	n = n ? n : end;
	end = n > end ? n : end;
	if (p->limit < n)
		n = p->limit;
	if (p->limit < end)
		end = p->limit;
	return n ? stream_show(p, n, end, exact) : 0;
}

/* Room for the first message. Asking twice would mark an empty one as peeked. */
static size_t message_room(struct peek *p, uint64_t left)
{
	uint64_t n = 0;

	if (queued(p->fd, &n) < 0) {
		ssize_t full = recv(p->fd, NULL, 0, MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC);

		n = full > 0 ? (uint64_t)full : 0;
	}
	/* The first may have been read since, and the next be longer. */
	if (n < PEEK_DEFAULT_LIMIT)
		n = PEEK_DEFAULT_LIMIT;
	return n < left ? (size_t)n : (size_t)left;
}

/*
 * The end of the queue, or an empty message? Both are 0 bytes only where the other
 * end shut down a unix SOCK_SEQPACKET; everywhere else the end is EAGAIN. There an
 * empty one is believed while there is more behind the `at` bytes before it.
 */
static bool is_end(const struct peek *p, const struct look *l, uint64_t at)
{
	struct pollfd pfd = { .fd = p->fd, .events = POLLRDHUP };
	uint64_t total = 0;

	if (l->full || l->from_len || sock_int(p->fd, SO_TYPE, 0) != SOCK_SEQPACKET ||
	    poll(&pfd, 1, 0) <= 0 || !(pfd.revents & POLLRDHUP))
		return false;
	return queued(p->fd, &total) < 0 || total <= at;
}

/* All messages behind the first: each begins where the lengths before it end. */
static int messages_rest(struct peek *p, struct look *l, uint64_t at)
{
	bool moved = false;
	int r = 1;

	while (r > 0 && !moved) {
		if (error_pending(p->fd))
			return refuse_error(p);
		r = look_behind(p, l, at, &moved);
		if (r <= 0 || moved || is_end(p, l, at))
			break;
		at += l->full;
		r = show(p, l, PEEK_MESSAGE, 0);
		if (r != 0)
			return r;
		r = 1;
	}
	drop_fds(l);
	if (moved)
		peek_miss(p, "messages behind the first: the target was reading at the same time");
	else if (r == -EOPNOTSUPP)
		peek_miss(p, "messages behind the first: this family has no SO_PEEK_OFF");
	else if (r < 0)
		return r;
	return 0;
}

static int first_message(struct peek *p, struct look *l)
{
	bool all = p->limit == PEEK_ALL;
	uint64_t len, total = 0;
	int r = look_at(p, l);

	if (r == 0 && sock_int(p->fd, SO_DOMAIN, -1) == AF_PACKET)
		peek_miss(p, "packets in the ring that the target maps");
	if (r <= 0 || is_end(p, l, 0))
		return r > 0 ? 0 : r;
	len = l->full;
	r = show(p, l, PEEK_MESSAGE, 0);
	if (r != 0 || !all)
		return r;
	if (p->may_move_peek_off)
		return messages_rest(p, l, len);
	/* FIONREAD of SOCK_SEQPACKET counts all of them, that of datagrams the first. */
	if (sock_int(p->fd, SO_TYPE, 0) == SOCK_SEQPACKET && queued(p->fd, &total) == 0 &&
	    total == len)
		return 0;
	peek_miss(p, "messages behind the first, if any: they are seen only by moving SO_PEEK_OFF");
	return 0;
}

int peek_datagram(struct peek *p)
{
	struct pollfd pfd = { .fd = p->fd, .events = POLLIN };
	int r = check_peek_off(p);

	p->method = "MSG_PEEK";
	if (r < 0)
		return r;
	if (poll(&pfd, 1, 0) < 0)
		return peek_fail(p, errno, "poll");
	if (pfd.revents & POLLERR)
		return refuse_error(p);
	if (!(pfd.revents & POLLIN) || p->limit == 0)
		return 0;

	autolook *l = look_new(message_room(p, p->limit), MSG_TRUNC);
	if (!l->buf)
		return peek_fail(p, ENOMEM, "malloc");
	return first_message(p, l);
}

int peek_socket(struct peek *p)
{
	int type = sock_int(p->fd, SO_TYPE, -1);

	if (type < 0 && errno == EBADF)
		return peek_refuse(p, EBADF, "getsockopt",
				   "it was opened with O_PATH and has no queue", NULL);
	if (type < 0)
		return peek_fail(p, errno, "getsockopt");
	if (sock_int(p->fd, SO_ACCEPTCONN, 0))
		return peek_listen(p);
	return type == SOCK_STREAM ? peek_stream(p) : peek_datagram(p);
}
