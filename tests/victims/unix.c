/* SPDX-License-Identifier: MIT */
#include "tests/victims/victim.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int unix_type(struct spec *s)
{
	const char *type = spec_str(s, "type", "stream");

	if (strcmp(type, "stream") == 0)
		return SOCK_STREAM;
	if (strcmp(type, "dgram") == 0)
		return SOCK_DGRAM;
	if (strcmp(type, "seqpacket") == 0)
		return SOCK_SEQPACKET;
	die("unix: unknown type: %s", type);
}

/* path=, or abstract= (with abstract64= for any bytes); 0 if neither. */
static socklen_t unix_name(struct spec *s, struct held *h, struct sockaddr_un *a)
{
	size_t len = 0;
	char *path = spec_bytes(s, "path", &len), *abstract = NULL;
	socklen_t size = 0;

	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	if (!path)
		abstract = spec_bytes(s, "abstract", &len);
	if (len > sizeof(a->sun_path) - 1)
		die("unix: the name is too long");
	if (path) {
		memcpy(a->sun_path, path, len);
		size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
		held_bytes(h, "path", path, len);
	} else if (abstract) {
		memcpy(a->sun_path + 1, abstract, len);
		size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
		held_bytes(h, "abstract", abstract, len);
	}
	free(path);
	free(abstract);
	return size;
}

static struct held *unix_client(int type, const struct sockaddr_un *a, socklen_t len)
{
	struct spec none = { .kind = (char *)"unix" };
	int fd = (int)must(socket(AF_UNIX, type | SOCK_CLOEXEC, 0), "socket");
	struct held *h;

	must(connect(fd, (const struct sockaddr *)a, len), "connect");
	h = held_new(place(&none, fd), "unix");
	held_str(h, "role", "client");
	return h;
}

static void unix_listen(struct spec *s)
{
	int type = unix_type(s);
	int fd = (int)must(socket(AF_UNIX, type | SOCK_CLOEXEC, 0), "socket");
	struct held *h = held_new(place(s, fd), "unix");
	long long pending = spec_num(s, "pending", 0);
	struct sockaddr_un a;
	socklen_t len = unix_name(s, h, &a);

	if (!len)
		die("unix: listen needs path= or abstract=");
	must(bind(h->fd, (struct sockaddr *)&a, len), "bind");
	must(listen(h->fd, (int)spec_num(s, "backlog", 128)), "listen");
	held_str(h, "state", "LISTEN");
	held_num(h, "pending", pending);
	for (long long i = 0; i < pending; i++)
		unix_client(type, &a, len);
	if (spec_flag(s, "deleted"))
		must(unlink(a.sun_path), "unlink");
}

/* Sends LEN bytes with descriptor CARGO unless that is negative. */
static void send_one(int sock, const void *bytes, size_t len, int cargo)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (cargo >= 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &cargo, sizeof(cargo));
	}
	must(sendmsg(sock, &msg, MSG_DONTWAIT), "sendmsg");
}

/* A deleted file of size= bytes that lives in the queue alone. */
static int cargo_file(struct spec *s, struct held *h, int serial)
{
	char name[32], *path;
	struct stat st;
	long long size = spec_num(s, "cargosize", 5000);
	int fd;

	snprintf(name, sizeof(name), "cargo-%d-%d", h->fd, serial);
	path = temp_path(name, strlen(name));
	fd = (int)must(open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), path);
	pattern_pwrite(fd, h->seed + (uint64_t)serial, 0, (uint64_t)size);
	must(unlink(path), path);
	must(fstat(fd, &st), "fstat");
	if (serial == 0) {
		held_str(h, "cargo_path", path);
		held_num(h, "cargo_ino", (long long)st.st_ino);
		held_num(h, "cargo_size", size);
	}
	free(path);
	return fd;
}

/* cargo=N deleted files of our own, cargofd= a descriptor that we hold. */
static void cargo(struct spec *s, struct held *to, struct held *from)
{
	long long files = spec_num(s, "cargo", 0), given = spec_num(s, "cargofd", -1);
	int count = 0;

	for (int i = 0; i < files; i++) {
		int fd = cargo_file(s, to, i);

		send_one(from->fd, "F", 1, fd);
		close(fd);
		count++;
	}
	if (given >= 0) {
		send_one(from->fd, "F", 1, (int)given);
		held_num(to, "cargo_fd", given);
		count++;
	}
	held_num(to, "scm_fds", count);
	held_num(to, "cargo_bytes", count);
}

/* queued= bytes (a stream) or sizes= messages, then the cargo, from FROM to TO. */
static void unix_queue(struct spec *s, struct held *to, struct held *from)
{
	long long sizes[SIZES_MAX], queued = spec_num(s, "queued", 0), sum = 0;
	int n = spec_list(s, "sizes", sizes);
	size_t len = 0;
	char *text = spec_bytes(s, "text", &len), *buf;
	uint64_t did;

	to->seed = from->seed = (uint64_t)spec_num(s, "data", 1);
	for (int i = 0; i < n; i++) {
		buf = malloc((size_t)sizes[i] + 1);
		pattern(from->seed, (uint64_t)sum, buf, (size_t)sizes[i]);
		send_one(from->fd, buf, (size_t)sizes[i], -1);
		sum += sizes[i];
		free(buf);
	}
	if (text)
		send_one(from->fd, text, len, -1);
	did = pattern_queue(from->fd, from->seed, (uint64_t)sum, (uint64_t)queued);
	if (did < (uint64_t)queued)
		die("unix: only %llu bytes fit", (unsigned long long)did);
	from->sent = (uint64_t)sum + did;
	held_list(to, "messages", sizes, n);
	held_num(to, "queued", (long long)(from->sent + len));
	cargo(s, to, from);
	free(text);
}

static void unix_sndbuf(struct spec *s, int fd)
{
	int n = (int)spec_num(s, "sndbuf", 0);

	if (n && setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &n, sizeof(n)) < 0)
		must(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &n, sizeof(n)), "SO_SNDBUF");
}

/* fd= receives what is queued, peer= is the other end. */
static void unix_pair(struct spec *s)
{
	struct held *h, *peer;
	int p[2];

	must(socketpair(AF_UNIX, unix_type(s) | SOCK_CLOEXEC, 0, p), "socketpair");
	unix_sndbuf(s, p[1]);
	h = held_new(place(s, p[0]), "unix");
	peer = held_new(place_at(s, "peer", p[1]), "unix");
	unix_queue(s, h, peer);
	if (spec_flag(s, "alone")) {
		close(peer->fd);
		peer->fd = -1;
		held_bool(peer, "closed", true);
		return;
	}
	held_num(h, "peer_fd", peer->fd);
	held_num(peer, "peer_fd", h->fd);
}

/* fd= has the name: the accepted side, or the bound socket of dgram. */
static void unix_named(struct spec *s)
{
	int type = unix_type(s), fd = (int)must(socket(AF_UNIX, type | SOCK_CLOEXEC, 0), "socket");
	struct held *h = held_new(fd, "unix"), *peer;
	struct sockaddr_un a;
	socklen_t len = unix_name(s, h, &a);
	int pfd = (int)must(socket(AF_UNIX, type | SOCK_CLOEXEC, 0), "socket");

	must(bind(fd, (struct sockaddr *)&a, len), "bind");
	if (type != SOCK_DGRAM)
		must(listen(fd, 1), "listen");
	unix_sndbuf(s, pfd);
	must(connect(pfd, (struct sockaddr *)&a, len), "connect");
	if (type != SOCK_DGRAM) {
		h->fd = (int)must(accept4(fd, NULL, NULL, SOCK_CLOEXEC), "accept4");
		close(fd);
	}
	h->fd = place(s, h->fd);
	peer = held_new(place_at(s, "peer", pfd), "unix");
	unix_queue(s, h, peer);
	held_num(h, "peer_fd", peer->fd);
	held_num(peer, "peer_fd", h->fd);
	if (spec_flag(s, "deleted"))
		must(unlink(a.sun_path), "unlink");
}

void open_unix(struct spec *s)
{
	bool named = spec_str(s, "path", NULL) || spec_str(s, "path64", NULL) ||
		     spec_str(s, "abstract", NULL) || spec_str(s, "abstract64", NULL);

	if (spec_flag(s, "listen"))
		unix_listen(s);
	else if (named)
		unix_named(s);
	else
		unix_pair(s);
}
