/* SPDX-License-Identifier: MIT */
#include "src/keep/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/fd.h"

int pass_address(struct sockaddr_un *addr, const char *text, struct fail *f)
{
	size_t len = strlen(text);
	int r = 0;

	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	if (strncmp(text, "vsock:", 6) == 0)
		r = -EAFNOSUPPORT;
	else if (len < 2)
		r = -EINVAL;
	else if (len >= sizeof(addr->sun_path))
		r = -ENAMETOOLONG;
	if (r < 0) {
		fail_set(f, -r, "", "socket %s", text);
		fail_class(f, FAIL_USAGE);
		fail_why(f, r == -ENAMETOOLONG   ? "a path of a socket has at most 107 characters"
			    : r == -EAFNOSUPPORT ? "descriptors go over unix sockets only"
						 : "write a path, or @NAME");
		return r;
	}
	memcpy(addr->sun_path, text, len);
	if (text[0] != '@')
		return (int)(offsetof(struct sockaddr_un, sun_path) + len + 1);
	addr->sun_path[0] = '\0';
	return (int)(offsetof(struct sockaddr_un, sun_path) + len);
}

int pass_connect(const char *text, int type, struct fail *f)
{
	struct sockaddr_un addr;
	int len = pass_address(&addr, text, f);
	autoclose int fd = len < 0 ? -1 : socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (len < 0)
		return len;
	if (fd < 0)
		return fail_set(f, errno, "socket", "%s", text);
	if (connect(fd, (struct sockaddr *)&addr, (socklen_t)len) == 0)
		return fd_steal(&fd);
	fail_set(f, errno, "connect", "socket %s", text);
	if (errno == ECONNREFUSED || errno == ENOENT) {
		fail_class(f, FAIL_GONE);
		fail_why(f, "nobody listens there");
		fail_advice(f, "start the receiver first: filch take %s", text);
	} else if (errno == EPROTOTYPE) {
		fail_why(f, "it is a socket of another type: a stream is wanted");
	}
	return f ? -f->err : -ENOENT;
}

/* A path that nobody listens at any more: what a dead process left. */
static bool is_stale(const struct sockaddr_un *addr, int len)
{
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	return addr->sun_path[0] && lstat(addr->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	       connect(fd, (const struct sockaddr *)addr, (socklen_t)len) < 0 &&
	       errno == ECONNREFUSED;
}

int pass_listen(const char *text, struct fail *f)
{
	struct sockaddr_un addr;
	int len = pass_address(&addr, text, f), r;
	autoclose int fd = len < 0 ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (len < 0)
		return len;
	if (fd < 0)
		return fail_set(f, errno, "socket", "%s", text);
	/* The mode of the file is that of the socket: bind(2) makes it so, with no gap. */
	fchmod(fd, 0600);
	r = bind(fd, (struct sockaddr *)&addr, (socklen_t)len);
	if (r < 0 && errno == EADDRINUSE && is_stale(&addr, len)) {
		unlink(addr.sun_path);
		r = bind(fd, (struct sockaddr *)&addr, (socklen_t)len);
	}
	if (r < 0)
		return fail_set(f, errno, "bind", "socket %s", text);
	if (listen(fd, 8) < 0)
		return fail_set(f, errno, "listen", "socket %s", text);
	return fd_steal(&fd);
}

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int))];
};

static ssize_t send_some(int sock, const char *text, size_t len, int fd)
{
	union control control = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)text, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL);
}

int pass_send(int sock, const char *text, size_t len, int fd)
{
	while (len) {
		ssize_t n = send_some(sock, text, len, fd);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		fd = -1; /* it went with the first byte */
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* ---- receiving ---- */

/* It came with the bytes from `from` on; the line that it is for begins at `at`, among them. */
static int keep_fd(struct pass_in *in, struct msghdr *msg, size_t from, size_t at)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd;

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len < CMSG_LEN(sizeof(fd)))
		return msg->msg_flags & MSG_CTRUNC ? -EBADMSG : 0;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	if (in->n_fds == PASS_FDS || (msg->msg_flags & MSG_CTRUNC) || at < from) {
		close(fd);
		return -EBADMSG;
	}
	in->fds[in->n_fds] = fd;
	in->fd_at[in->n_fds++] = at;
	return 0;
}

/* Where the last line that has come begins. */
static size_t last_line(const struct buf *b)
{
	const char *end = memrchr(b->data, '\n', b->len - 1);

	return end ? (size_t)(end + 1 - b->data) : 0;
}

/* One recvmsg(2) gives at most one descriptor, with bytes of its line at the end. */
static int receive_more(struct pass_in *in)
{
	union control control;
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = CMSG_LEN(sizeof(int)) };
	size_t from = in->buf.len;
	ssize_t n;
	int r;

	buf_reserve(&in->buf, 65536);
	iov.iov_base = in->buf.data + in->buf.len;
	iov.iov_len = in->buf.cap - in->buf.len - 1;
	do
		n = recvmsg(in->sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : 0;
	in->buf.len += (size_t)n;
	in->buf.data[in->buf.len] = '\0';
	r = keep_fd(in, &msg, from, last_line(&in->buf));
	return r < 0 ? r : 1;
}

static bool cut_line(struct pass_in *in, struct buf *line, int *fd)
{
	char *end = in->buf.len ? memchr(in->buf.data, '\n', in->buf.len) : NULL;
	size_t len;

	if (!end)
		return false;
	len = (size_t)(end - in->buf.data);
	buf_reset(line);
	buf_add(line, in->buf.data, len);
	in->buf.len -= len + 1;
	memmove(in->buf.data, end + 1, in->buf.len);
	*fd = -1;
	if (in->n_fds && in->fd_at[0] == 0) {
		*fd = in->fds[0];
		in->n_fds--;
		in->fds[0] = in->fds[1];
		in->fd_at[0] = in->fd_at[1];
	}
	for (int i = 0; i < in->n_fds; i++)
		in->fd_at[i] -= len + 1;
	return true;
}

int pass_next(struct pass_in *in, struct buf *line, int *fd)
{
	while (!cut_line(in, line, fd)) {
		int r = in->buf.len < PASS_LINE_MAX ? receive_more(in) : -EMSGSIZE;

		if (r == 0 && in->buf.len)
			return -EBADMSG; /* the end, amidst a line */
		if (r <= 0)
			return r;
	}
	return 1;
}

void pass_in_release(struct pass_in *in)
{
	while (in->n_fds)
		close(in->fds[--in->n_fds]);
	buf_release(&in->buf);
}

/* ---- the service manager ---- */

int pass_fdstore(int sock, const char *name, int fd, struct fail *f)
{
	char text[300];
	int r, n;

	n = snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s\n", name);
	r = pass_send(sock, text, (size_t)n, fd);
	if (r == 0)
		return 0;
	fail_set(f, -r, "sendmsg", "the service manager");
	if (r == -ECONNREFUSED || r == -ENOENT)
		fail_why(f, "nobody listens at NOTIFY_SOCKET");
	return r;
}

int pass_barrier(int sock, int timeout_ms)
{
	static const char text[] = "BARRIER=1";
	struct pollfd p = { .fd = -1 };
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	r = pass_send(sock, text, sizeof(text) - 1, ends[1]);
	close(ends[1]);
	p.fd = ends[0];
	if (r == 0)
		r = poll(&p, 1, timeout_ms);
	close(ends[0]);
	return r < 0 ? r : r == 0 ? -ETIMEDOUT : 0;
}
