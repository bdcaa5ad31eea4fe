/* SPDX-License-Identifier: MIT */
#include "src/alter/connection.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "src/base/fd.h"
#include "src/net/diag.h"

static const struct {
	const char *name;
	int how;
	const char *words, *of_listener;
} hows[] = {
	{ "rd", SHUT_RD,
	  "the owner's reads give end of file once the queue is empty; the peer may "
	  "go on sending",
	  "it stops listening, for everybody who has it; who waits in its queue is reset" },
	{ "wr", SHUT_WR,
	  "the peer gets end of file once the queue is sent; the owner's writes fail "
	  "with EPIPE, and SIGPIPE",
	  "nothing: a listener sends nothing" },
	{ "both", SHUT_RDWR,
	  "the owner's reads give end of file, its writes fail with EPIPE; the peer gets end of file",
	  "it stops listening, for everybody who has it; who waits in its queue is reset" },
};

int connection_parse_how(const char *text, struct fail *f)
{
	for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++)
		if (strcmp(hows[i].name, text) == 0)
			return hows[i].how;
	fail_set(f, EINVAL, "", "%s", text);
	fail_class(f, FAIL_USAGE);
	fail_why(f, "a direction is rd, wr or both");
	return -EINVAL;
}

const char *connection_shutdown_words(int how, bool listens)
{
	for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++)
		if (hows[i].how == how)
			return listens ? hows[i].of_listener : hows[i].words;
	return "";
}

int connection_shutdown(int fd, int how, struct fail *f)
{
	if (shutdown(fd, how) == 0)
		return 0;
	fail_set(f, errno, "shutdown", "the socket");
	if (errno == ENOTCONN)
		fail_why(f, "it is not connected, or that direction was ended before");
	return f ? -f->err : -errno;
}

/* ---- abort ---- */

static int option(int fd, int what)
{
	int v = 0;
	socklen_t len = sizeof(v);

	return getsockopt(fd, SOL_SOCKET, what, &v, &len) < 0 ? -errno : v;
}

static void put_address(struct inet_diag_sockid *id, const struct sockaddr_storage *a, bool local)
{
	const struct sockaddr_in *v4 = (const void *)a;
	const struct sockaddr_in6 *v6 = (const void *)a;
	bool is_v6 = a->ss_family == AF_INET6;
	__be16 *port = local ? &id->idiag_sport : &id->idiag_dport;

	*port = is_v6 ? v6->sin6_port : v4->sin_port;
	memcpy(local ? id->idiag_src : id->idiag_dst,
	       is_v6 ? (const void *)&v6->sin6_addr : (const void *)&v4->sin_addr,
	       is_v6 ? sizeof(v6->sin6_addr) : sizeof(v4->sin_addr));
}

/* Which socket it is, to the kernel: by addresses and, so that it is no other, by cookie. */
static int describe(int fd, struct inet_diag_req_v2 *req)
{
	struct sockaddr_storage local = { 0 }, remote = { 0 };
	socklen_t len = sizeof(local);
	uint64_t cookie;

	if (getsockname(fd, (struct sockaddr *)&local, &len) < 0)
		return -errno;
	if (local.ss_family != AF_INET && local.ss_family != AF_INET6)
		return -EOPNOTSUPP;
	len = sizeof(remote);
	if (getpeername(fd, (struct sockaddr *)&remote, &len) < 0)
		remote = (struct sockaddr_storage){ .ss_family = local.ss_family };
	*req = (struct inet_diag_req_v2){
		.sdiag_family = (uint8_t)local.ss_family,
		.sdiag_protocol = (uint8_t)option(fd, SO_PROTOCOL),
		.idiag_states = ~0U,
	};
	put_address(&req->id, &local, true);
	put_address(&req->id, &remote, false);
	len = sizeof(cookie);
	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) < 0)
		return -errno;
	req->id.idiag_cookie[0] = (uint32_t)cookie;
	req->id.idiag_cookie[1] = (uint32_t)(cookie >> 32);
	return 0;
}

static int ask_destroy(struct diag *d, const struct inet_diag_req_v2 *req)
{
	const struct timeval wait = { .tv_sec = 2 };
	struct nlmsghdr *h = mnl_nlmsg_put_header(d->buffer);
	ssize_t n;

	h->nlmsg_type = SOCK_DESTROY;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	h->nlmsg_seq = ++d->seq;
	memcpy(mnl_nlmsg_put_extra_header(h, sizeof(*req)), req, sizeof(*req));
	setsockopt(mnl_socket_get_fd(d->sock), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (mnl_socket_sendto(d->sock, h, h->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(d->sock, d->buffer, DIAG_BUFFER);
	if (n < 0)
		return -errno;
	n = mnl_cb_run(d->buffer, (size_t)n, d->seq, mnl_socket_get_portid(d->sock), NULL, NULL);
	return n < 0 ? -errno : 0;
}

static int destroy(int fd)
{
	/* Of the socket, which need not be ours: since Linux 4.10. */
	autoclose int ns = ioctl(fd, SIOCGSKNS);
	struct inet_diag_req_v2 req;
	struct diag d;
	int r = describe(fd, &req);

	if (r < 0)
		return r;
	if (ns < 0)
		return -errno;
	r = diag_open(&d, ns, false);
	if (r == 0)
		r = ask_destroy(&d, &req);
	diag_close(&d);
	return r;
}

/* A TCP socket without a connection has nothing to end, and both ways would say "done". */
static bool is_idle_tcp(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	return option(fd, SO_PROTOCOL) == IPPROTO_TCP &&
	       getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
	       info.tcpi_state == TCP_CLOSE;
}

int connection_abort(int fd, struct fail *f)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };

	if (is_idle_tcp(fd)) {
		fail_set(f, ENOTCONN, "abort", "the socket");
		fail_why(f, "it has no connection");
		return -ENOTCONN;
	}
	if (destroy(fd) == 0)
		return CONNECTION_DESTROY;
	if (connect(fd, &none, sizeof(none)) == 0)
		return CONNECTION_DISCONNECT;
	fail_set(f, errno, "connect", "the socket");
	return f ? -f->err : -errno;
}

const char *connection_abort_words(enum connection_abort way, bool tcp)
{
	if (way == CONNECTION_DESTROY)
		return tcp ? "ended by SOCK_DESTROY: the owner gets ECONNABORTED, the peer a RST"
			   : "ended by SOCK_DESTROY: the owner gets ECONNABORTED";
	return tcp ? "ended by connect(AF_UNSPEC): the owner gets ECONNRESET once, then "
		     "ENOTCONN and EPIPE; the peer a RST"
		   : "disconnected by connect(AF_UNSPEC): the owner can send only with an address";
}
