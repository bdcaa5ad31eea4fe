/* SPDX-License-Identifier: MIT */
#include "src/keep/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static int has_item(const struct wire_packet *p)
{
	return p->head.op == WIRE_ADD || p->head.op == WIRE_ITEM;
}

size_t wire_size(const struct wire_packet *p)
{
	if (!has_item(p))
		return sizeof(p->head);
	return offsetof(struct wire_packet, text) + p->item.comm_len + p->item.name_len;
}

int wire_check(const struct wire_packet *p, size_t len)
{
	if (len < sizeof(p->head) || p->head.magic != WIRE_MAGIC)
		return -EBADMSG;
	if (p->head.version != WIRE_VERSION)
		return -EPROTO;
	if (!has_item(p))
		return len == sizeof(p->head) ? 0 : -EBADMSG;
	if (len < offsetof(struct wire_packet, text) || p->item.comm_len > WIRE_COMM_MAX ||
	    p->item.name_len > WIRE_NAME_MAX || len != wire_size(p))
		return -EBADMSG;
	return memchr(p->item.kind, '\0', sizeof(p->item.kind)) ? 0 : -EBADMSG;
}

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int))];
};

int wire_send(int sock, const struct wire_packet *p, int fd, int flags)
{
	union control control = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)p, .iov_len = wire_size(p) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (fd >= 0) {
		struct cmsghdr *c = &control.align;

		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	do
		n = sendmsg(sock, &msg, flags | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* There is room for one only: the kernel drops the others before they are ours. */
static void take_fd(struct msghdr *msg, int *fd)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len >= CMSG_LEN(sizeof(*fd)))
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
}

ssize_t wire_receive(int sock, struct wire_packet *p, int *fd, int flags)
{
	union control control;
	struct iovec iov = { .iov_base = p, .iov_len = sizeof(*p) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = fd ? &control : NULL,
			      .msg_controllen = fd ? CMSG_LEN(sizeof(*fd)) : 0 };
	ssize_t n;

	if (fd)
		*fd = -1;
	do
		n = recvmsg(sock, &msg, flags | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (!fd)
		return msg.msg_flags & MSG_TRUNC ? -EBADMSG : n;
	take_fd(&msg, fd);
	return msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EBADMSG : n;
}

uid_t wire_peer_uid(int sock, pid_t *pid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return (uid_t)-1;
	if (pid)
		*pid = cred.pid;
	return cred.uid;
}
