/* SPDX-License-Identifier: MIT */
#include "tests/victims/victim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <unistd.h>

union addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static socklen_t loopback(struct spec *s, union addr *a, int port)
{
	memset(a, 0, sizeof(*a));
	if (spec_flag(s, "v6")) {
		a->in6.sin6_family = AF_INET6;
		a->in6.sin6_addr = in6addr_loopback;
		a->in6.sin6_port = htons((uint16_t)port);
		return sizeof(a->in6);
	}
	a->in.sin_family = AF_INET;
	a->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a->in.sin_port = htons((uint16_t)port);
	return sizeof(a->in);
}

static void held_addr(struct held *h, const char *key, const union addr *a)
{
	char text[INET6_ADDRSTRLEN];

	if (a->sa.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &a->in6.sin6_addr, text, sizeof(text));
		held_raw(h, key, "\"[%s]:%u\"", text, ntohs(a->in6.sin6_port));
	} else {
		inet_ntop(AF_INET, &a->in.sin_addr, text, sizeof(text));
		held_raw(h, key, "\"%s:%u\"", text, ntohs(a->in.sin_port));
	}
}

static void held_names(struct held *h)
{
	union addr a;
	socklen_t len = sizeof(a);

	if (getsockname(h->fd, &a.sa, &len) == 0)
		held_addr(h, "local", &a);
	len = sizeof(a);
	if (getpeername(h->fd, &a.sa, &len) == 0)
		held_addr(h, "remote", &a);
}

/* Room for BYTES, beyond the machine's limit where we may. */
static void buffer_size(int fd, int force, int plain, long long bytes)
{
	int n = (int)bytes;

	if (bytes && setsockopt(fd, SOL_SOCKET, force, &n, sizeof(n)) < 0)
		setsockopt(fd, SOL_SOCKET, plain, &n, sizeof(n));
}

/* A bound socket of ours, not yet at its number. */
static int bound(struct spec *s, int type, int proto)
{
	union addr a;
	socklen_t len = loopback(s, &a, (int)spec_num(s, "port", 0));
	int fd = socket(a.sa.sa_family, type | SOCK_CLOEXEC, proto), on = 1;

	if (fd < 0)
		return -1;
	if (spec_flag(s, "reuseport"))
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	must(bind(fd, &a.sa, len), "bind");
	return fd;
}

static int connected_to(int to, int type, int proto, long long rcvbuf)
{
	union addr a;
	socklen_t len = sizeof(a);
	int fd;

	must(getsockname(to, &a.sa, &len), "getsockname");
	fd = (int)must(socket(a.sa.sa_family, type | SOCK_CLOEXEC, proto), "socket");
	buffer_size(fd, SO_RCVBUFFORCE, SO_RCVBUF, rcvbuf);
	must(connect(fd, &a.sa, len), "connect");
	return fd;
}

static void tcp_listen(struct spec *s)
{
	int fd = bound(s, SOCK_STREAM, 0);
	long long pending = spec_num(s, "pending", 0);
	struct held *h;

	if (!usable(s, fd, "socket"))
		return;
	h = held_new(place(s, fd), "tcp");
	must(listen(h->fd, (int)spec_num(s, "backlog", 128)), "listen");
	held_names(h);
	held_str(h, "state", "LISTEN");
	held_num(h, "pending", pending);
	for (long long i = 0; i < pending; i++) {
		struct spec none = { .kind = s->kind };
		struct held *c;

		c = held_new(place(&none, connected_to(h->fd, SOCK_STREAM, 0, 0)), "tcp");
		held_str(c, "role", "client");
		held_names(c);
	}
}

struct level {
	int fd;
	unsigned long ioctl;
	long long want;
};

static bool level_is(void *arg)
{
	struct level *l = arg;
	int n = -1;

	return ioctl(l->fd, l->ioctl, &n) == 0 && n == l->want;
}

static bool has_error(void *arg)
{
	struct pollfd p = { .fd = *(int *)arg };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLERR);
}

static bool has_fin(void *arg)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	return getsockopt(*(int *)arg, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
	       info.tcpi_state == 8 /* CLOSE_WAIT */;
}

/* TO's receive queue, filled by FROM. */
static void tcp_queue(struct spec *s, struct held *to, struct held *from)
{
	struct level l = { .fd = to->fd, .ioctl = FIONREAD, .want = spec_num(s, "queued", 0) };
	size_t len = 0;
	char *text = spec_bytes(s, "text", &len);

	if (text) {
		must(write(from->fd, text, len), "write");
		l.want = (long long)len;
		free(text);
	} else {
		from->sent = pattern_queue(from->fd, from->seed, 0, (uint64_t)l.want);
	}
	if (!poll_until(level_is, &l, 5000))
		die("tcp: %lld bytes did not fit the receive queue", l.want);
	held_num(to, "recv_queue", l.want);
}

/* More than the other side takes, so that unsent= bytes stay with us. */
static void tcp_unsent(struct spec *s, struct held *h, struct held *peer)
{
	long long want = spec_num(s, "unsent", 0);
	int full = 0, stays = 0, last = -1;

	if (!want)
		return;
	/* The peer's window is small: it takes its fill, the rest is queued here. */
	h->sent = pattern_queue(h->fd, h->seed, 0, (uint64_t)want);
	for (int i = 0; i < 40 && (stays != last || i < 4); i++) {
		last = stays;
		pause_ms(50);
		must(ioctl(h->fd, SIOCOUTQ, &stays), "SIOCOUTQ");
	}
	must(ioctl(peer->fd, FIONREAD, &full), "FIONREAD");
	held_num(h, "written", (long long)h->sent);
	held_num(h, "send_queue", stays);
	held_num(peer, "recv_queue", full);
}

/* Sent, but the peer drops every segment before TCP sees it: unacked= bytes. */
static void tcp_unacked(struct spec *s, struct held *h, struct held *peer)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog prog = { .len = 1, .filter = &drop };
	struct level l = { .fd = h->fd, .ioctl = SIOCOUTQNSD, .want = 0 };
	long long want = spec_num(s, "unacked", 0);

	if (!want)
		return;
	/* Where filters must be compiled, only the privileged get the memory. */
	if (setsockopt(peer->fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0) {
		skip(s, "unacked: SO_ATTACH_FILTER: %s", strerror(errno));
		return;
	}
	h->sent = pattern_queue(h->fd, h->seed, 0, (uint64_t)want);
	if (!poll_until(level_is, &l, 2000))
		die("tcp: %lld bytes are more than the first window", want);
	held_num(h, "send_queue", (long long)h->sent);
	held_bool(h, "unacked", true);
}

static void tcp_end(struct spec *s, struct held *h, struct held *peer)
{
	struct linger now = { .l_onoff = 1 };
	bool reset = spec_flag(s, "reset"), fin = spec_flag(s, "peerclosed");

	if (!reset && !fin) {
		held_num(h, "peer_fd", peer->fd);
		held_num(peer, "peer_fd", h->fd);
		held_str(h, "state", "ESTABLISHED");
		return;
	}
	if (reset)
		setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(peer->fd);
	peer->fd = -1;
	held_bool(peer, "closed", true);
	if (!poll_until(reset ? has_error : has_fin, &h->fd, 2000))
		die("tcp: the end of the peer was not seen");
	held_str(h, "state", reset ? "CLOSE" : "CLOSE_WAIT");
	held_bool(h, "error", reset);
}

/* fd= is the accepted side, peer= the one that connected. */
static void tcp_pair(struct spec *s)
{
	long long queued = spec_num(s, "queued", 0), unsent = spec_num(s, "unsent", 0);
	int lfd = bound(s, SOCK_STREAM, 0), cfd, afd;
	struct held *h, *peer;

	if (!usable(s, lfd, "socket"))
		return;
	buffer_size(lfd, SO_RCVBUFFORCE, SO_RCVBUF, queued * 2);
	must(listen(lfd, 1), "listen");
	cfd = connected_to(lfd, SOCK_STREAM, 0, unsent ? 4096 : 0);
	afd = (int)must(accept4(lfd, NULL, NULL, SOCK_CLOEXEC), "accept4");
	buffer_size(afd, SO_SNDBUFFORCE, SO_SNDBUF, unsent * 2);
	buffer_size(cfd, SO_SNDBUFFORCE, SO_SNDBUF, queued * 2);
	close(lfd);
	h = held_new(place(s, afd), "tcp");
	peer = held_new(place_at(s, "peer", cfd), "tcp");
	h->seed = peer->seed = (uint64_t)spec_num(s, "data", 1);
	held_str(h, "role", "accepted");
	held_str(peer, "role", "client");
	held_names(h);
	held_names(peer);
	tcp_queue(s, h, peer);
	tcp_unsent(s, h, peer);
	tcp_unacked(s, h, peer);
	if (spec_flag(s, "nonblock"))
		must(fcntl(h->fd, F_SETFL, O_NONBLOCK), "F_SETFL");
	tcp_end(s, h, peer);
}

void open_tcp(struct spec *s)
{
	if (spec_flag(s, "listen"))
		tcp_listen(s);
	else
		tcp_pair(s);
}

/* Datagrams of sizes= bytes each wait in H, sent by PEER. */
static void datagrams(struct spec *s, struct held *h, struct held *peer)
{
	long long sizes[SIZES_MAX], sum = 0;
	int n = spec_list(s, "sizes", sizes);
	union addr to;
	socklen_t len = sizeof(to);
	char *buf = malloc(65536);

	h->seed = peer->seed = (uint64_t)spec_num(s, "data", 1);
	must(getsockname(h->fd, &to.sa, &len), "getsockname");
	for (int i = 0; i < n; i++) {
		pattern(peer->seed, peer->sent, buf, (size_t)sizes[i]);
		must(sendto(peer->fd, buf, (size_t)sizes[i], 0, &to.sa, len), "sendto");
		peer->sent += (uint64_t)sizes[i];
		sum += sizes[i];
	}
	free(buf);
	held_list(h, "datagrams", sizes, n);
	held_num(h, "queued", sum);
}

/* fd= receives, peer= sends; with connected both are. */
static void dgram_pair(struct spec *s, int proto)
{
	int fd = bound(s, SOCK_DGRAM, proto), pfd;
	union addr a;
	socklen_t len = sizeof(a);
	struct held *h, *peer;

	if (!usable(s, fd, "socket"))
		return;
	h = held_new(place(s, fd), s->kind);
	buffer_size(h->fd, SO_RCVBUFFORCE, SO_RCVBUF, spec_num(s, "rcvbuf", 0));
	pfd = connected_to(h->fd, SOCK_DGRAM, proto, 0);
	peer = held_new(place_at(s, "peer", pfd), s->kind);
	if (spec_flag(s, "connected")) {
		must(getsockname(peer->fd, &a.sa, &len), "getsockname");
		must(connect(h->fd, &a.sa, len), "connect");
	}
	datagrams(s, h, peer);
	held_names(h);
	held_names(peer);
	held_num(h, "peer_fd", peer->fd);
	held_num(peer, "peer_fd", h->fd);
}

void open_udp(struct spec *s)
{
	dgram_pair(s, 0);
}

void open_udplite(struct spec *s)
{
	dgram_pair(s, IPPROTO_UDPLITE);
}

void open_raw(struct spec *s)
{
	int proto = (int)spec_num(s, "proto", 253);
	int fd = socket(spec_flag(s, "v6") ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC, proto);
	struct held *h;

	if (!usable(s, fd, "socket(SOCK_RAW)"))
		return;
	h = held_new(place(s, fd), "raw");
	held_num(h, "protocol", proto);
}

/* ping_group_range belongs to the network namespace: only one of ours is changed. */
static int ping_socket(struct spec *s)
{
	bool v6 = spec_flag(s, "v6");
	int family = v6 ? AF_INET6 : AF_INET, proto = v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, proto), range;

	if (fd >= 0 || errno != EACCES || !spec_flag(s, "allow"))
		return fd;
	range = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC);
	if (range < 0 || write(range, "0 0\n", 4) != 4)
		return -1;
	close(range);
	return socket(family, SOCK_DGRAM | SOCK_CLOEXEC, proto);
}

void open_icmp(struct spec *s)
{
	int fd = ping_socket(s);
	union addr a;
	socklen_t len = loopback(s, &a, (int)spec_num(s, "id", 0));
	struct held *h;

	if (!usable(s, fd, "ping socket (see ping_group_range)"))
		return;
	h = held_new(place(s, fd), "icmp");
	must(bind(h->fd, &a.sa, len), "bind");
	held_names(h);
}
