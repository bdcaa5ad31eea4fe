/* SPDX-License-Identifier: MIT */
#include "src/net/diag.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/inet_diag.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/smc_diag.h>
#include <linux/sock_diag.h>
#include <linux/tipc_sockets_diag.h>
#include <linux/unix_diag.h>
#include <linux/vm_sockets_diag.h>
#include <linux/xdp_diag.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "src/base/thread.h"
#include "src/base/alloc.h"
#include "src/net/tables.h"

enum { SILENCE_S = 2, FOREIGN_MAX = 1000 };

static int open_one(struct mnl_socket **sock, int bus, const char **call)
{
	struct timeval limit = { .tv_sec = SILENCE_S };

	*call = "socket";
	*sock = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!*sock)
		return -errno;
	*call = "bind";
	if (mnl_socket_bind(*sock, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	*call = "setsockopt";
	if (setsockopt(mnl_socket_get_fd(*sock), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) <
	    0)
		return -errno;
	return 0;
}

static int open_here(struct diag *d, bool want_route)
{
	const char *call;
	int r = open_one(&d->sock, NETLINK_SOCK_DIAG, &d->call);

	/* Without addresses only wildcard UDP peers are missing. */
	if (r == 0 && want_route && open_one(&d->route, NETLINK_ROUTE, &call) < 0 && d->route) {
		mnl_socket_close(d->route);
		d->route = NULL;
	}
	return r;
}

struct entry {
	struct diag *d;
	int ns, result;
	bool want_route;
};

static void *open_there(void *arg)
{
	struct entry *e = arg;

	e->d->call = "setns";
	if (setns(e->ns, CLONE_NEWNET) < 0)
		e->result = -errno;
	else
		e->result = open_here(e->d, e->want_route);
	return NULL;
}

/* A thread of its own, for the caller must stay where it is. */
static int open_in(struct diag *d, int ns, bool want_route)
{
	struct entry e = { .d = d, .ns = ns, .want_route = want_route };
	pthread_t thread;
	int r;

	d->call = "pthread_create";
	r = thread_start(&thread, open_there, &e);
	if (r < 0)
		return r;
	pthread_join(thread, NULL);
	return e.result;
}

int diag_open(struct diag *d, int ns, bool want_route)
{
	int r;

	memset(d, 0, sizeof(*d));
	r = ns < 0 ? open_here(d, want_route) : open_in(d, ns, want_route);
	if (r < 0)
		return r;
	d->buffer = xmalloc(DIAG_BUFFER);
	d->seq = 1;
	return 0;
}

void diag_close(struct diag *d)
{
	if (d->sock)
		mnl_socket_close(d->sock);
	if (d->route)
		mnl_socket_close(d->route);
	free(d->buffer);
	memset(d, 0, sizeof(*d));
}

/* What to send for a table; the shape of the request is the family's. */
static const struct request {
	uint8_t families[2];
	uint8_t type;
	uint16_t protocol;
	bool inet;
} requests[SOCK_TABLES] = {
	[SOCK_TABLE_TCP] = { { AF_INET, AF_INET6 }, SOCK_STREAM, IPPROTO_TCP, true },
	[SOCK_TABLE_UDP] = { { AF_INET, AF_INET6 }, SOCK_DGRAM, IPPROTO_UDP, true },
	[SOCK_TABLE_UNIX] = { { AF_UNIX }, 0, 0, false },
	[SOCK_TABLE_NETLINK] = { { AF_NETLINK }, 0, 0, false },
	[SOCK_TABLE_PACKET] = { { AF_PACKET }, 0, 0, false },
	[SOCK_TABLE_RAW] = { { AF_INET, AF_INET6 }, SOCK_RAW, IPPROTO_RAW, true },
	[SOCK_TABLE_UDPLITE] = { { AF_INET, AF_INET6 }, SOCK_DGRAM, IPPROTO_UDPLITE, true },
	[SOCK_TABLE_MPTCP] = { { AF_INET, AF_INET6 }, SOCK_STREAM, IPPROTO_MPTCP, true },
	[SOCK_TABLE_SCTP] = { { AF_INET, AF_INET6 }, 0, IPPROTO_SCTP, true },
	[SOCK_TABLE_DCCP] = { { AF_INET, AF_INET6 }, SOCK_DCCP, IPPROTO_DCCP, true },
	[SOCK_TABLE_VSOCK] = { { AF_VSOCK }, 0, 0, false },
	[SOCK_TABLE_XDP] = { { AF_XDP }, 0, 0, false },
	[SOCK_TABLE_TIPC] = { { AF_TIPC }, 0, 0, false },
	[SOCK_TABLE_SMC] = { { AF_SMC }, 0, 0, false },
};

bool diag_has_table(enum sock_table t)
{
	return requests[t].families[0] != 0;
}

/* TIME_WAIT (6) and requests (12) have no descriptor; SCTP numbers its states itself. */
static uint32_t wanted_states(uint16_t protocol)
{
	return ~(protocol == IPPROTO_TCP ? 1u << 6 | 1u << 12 : 0u);
}

static uint8_t wanted_extensions(unsigned what)
{
	uint8_t ext = 0;

	if (what & SOCK_WANT_MEM)
		ext |= 1 << (INET_DIAG_SKMEMINFO - 1);
	if (what & SOCK_WANT_INFO)
		ext |= 1 << (INET_DIAG_INFO - 1) | 1 << (INET_DIAG_CONG - 1) |
		       1 << (INET_DIAG_TOS - 1) | 1 << (INET_DIAG_TCLASS - 1);
	return ext;
}

static void put_inet(struct nlmsghdr *h, const struct request *q, uint8_t family, unsigned what)
{
	struct inet_diag_req_v2 *r = mnl_nlmsg_put_extra_header(h, sizeof(*r));

	r->sdiag_family = family;
	r->sdiag_protocol = (uint8_t)q->protocol;
	r->idiag_states = wanted_states(q->protocol);
	r->idiag_ext = wanted_extensions(what);
	if (q->protocol > UINT8_MAX)
		mnl_attr_put_u32(h, INET_DIAG_REQ_PROTOCOL, q->protocol);
}

/*
 * The old form of the request asks for both families at once, so that the
 * large hash of connections is walked once: half the time on an idle machine.
 */
static void put_tcp_both(struct nlmsghdr *h, unsigned what)
{
	struct inet_diag_req *r = mnl_nlmsg_put_extra_header(h, sizeof(*r));

	r->idiag_family = AF_INET;
	r->idiag_states = wanted_states(IPPROTO_TCP);
	r->idiag_ext = wanted_extensions(what);
}

static void put_unix(struct nlmsghdr *h, unsigned what)
{
	struct unix_diag_req *r = mnl_nlmsg_put_extra_header(h, sizeof(*r));

	r->sdiag_family = AF_UNIX;
	r->udiag_states = ~0u;
	r->udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_PEER | UDIAG_SHOW_ICONS |
			UDIAG_SHOW_RQLEN | UDIAG_SHOW_UID;
	if (what & SOCK_WANT_MEM)
		r->udiag_show |= UDIAG_SHOW_MEMINFO;
}

/* netlink, packet and xdp: protocol and what to show. */
static void put_plain(struct nlmsghdr *h, uint8_t family, uint8_t protocol, uint32_t show)
{
	struct netlink_diag_req *r = mnl_nlmsg_put_extra_header(h, sizeof(*r));

	r->sdiag_family = family;
	r->sdiag_protocol = protocol;
	r->ndiag_show = show;
}

static void put_vsock(struct nlmsghdr *h)
{
	struct vsock_diag_req *r = mnl_nlmsg_put_extra_header(h, sizeof(*r));

	r->sdiag_family = AF_VSOCK;
	r->vdiag_states = ~0u;
}

static void put_tipc(struct nlmsghdr *h)
{
	struct tipc_sock_diag_req *r = mnl_nlmsg_put_extra_header(h, sizeof(*r));

	r->sdiag_family = AF_TIPC;
	r->tidiag_states = ~0u;
}

static void put_smc(struct nlmsghdr *h)
{
	struct smc_diag_req *r = mnl_nlmsg_put_extra_header(h, sizeof(*r));

	r->diag_family = AF_SMC;
	r->diag_ext = 1 << (SMC_DIAG_SHUTDOWN - 1);
}

static void put_request(struct nlmsghdr *h, enum sock_table t, uint8_t family, unsigned what)
{
	if (family == AF_UNSPEC)
		put_tcp_both(h, what);
	else if (requests[t].inet)
		put_inet(h, &requests[t], family, what);
	else if (family == AF_UNIX)
		put_unix(h, what);
	else if (family == AF_NETLINK)
		put_plain(h, family, NDIAG_PROTO_ALL, NDIAG_SHOW_MEMINFO | NDIAG_SHOW_GROUPS);
	else if (family == AF_PACKET)
		put_plain(h, family, 0,
			  PACKET_SHOW_INFO | PACKET_SHOW_MCLIST | PACKET_SHOW_FANOUT |
				  PACKET_SHOW_MEMINFO);
	else if (family == AF_XDP)
		put_plain(h, family, 0, XDP_SHOW_INFO | XDP_SHOW_MEMINFO);
	else if (family == AF_VSOCK)
		put_vsock(h);
	else if (family == AF_TIPC)
		put_tipc(h);
	else
		put_smc(h);
}

/*
 * One datagram of the kernel. Others may send to us too: whoever has
 * CAP_NET_ADMIN in that namespace. Theirs are dropped, within reason.
 */
static ssize_t receive(struct diag *d, struct mnl_socket *from)
{
	struct sockaddr_nl who;
	int foreign;

	d->call = "recvmsg";
	for (foreign = 0; foreign < FOREIGN_MAX; foreign++) {
		struct iovec iov = { d->buffer, DIAG_BUFFER };
		struct msghdr m = { .msg_name = &who,
				    .msg_namelen = sizeof(who),
				    .msg_iov = &iov,
				    .msg_iovlen = 1 };
		ssize_t n = recvmsg(mnl_socket_get_fd(from), &m, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (m.msg_namelen != sizeof(who) || who.nl_pid != 0)
			continue;
		if (m.msg_flags & MSG_TRUNC)
			return -EMSGSIZE;
		return n;
	}
	return -EPROTO;
}

static int send_request(struct diag *d, struct mnl_socket *to, struct nlmsghdr *h)
{
	d->call = "sendto";
	return mnl_socket_sendto(to, h, h->nlmsg_len) < 0 ? -errno : 0;
}

static struct nlmsghdr *new_request(struct diag *d, uint16_t type)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(d->buffer);

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = ++d->seq;
	return h;
}

/* One request and its replies; AF_UNSPEC is TCP of both families. */
static int dump(struct diag *d, struct sockdiag_query *q, uint8_t family, unsigned what,
		sock_sink *sink, void *arg, bool *changed)
{
	struct nlmsghdr *h = new_request(d, family == AF_UNSPEC ? TCPDIAG_GETSOCK
								: SOCK_DIAG_BY_FAMILY);
	int r;

	q->seq = d->seq;
	put_request(h, q->table, family, what);
	r = send_request(d, d->sock, h);
	if (r < 0)
		return r;
	do {
		ssize_t n = receive(d, d->sock);

		if (n < 0)
			return (int)n;
		d->call = "sock_diag";
		r = sockdiag_parse(q, d->buffer, (size_t)n, sink, arg, changed);
	} while (r > 0);
	return r;
}

int diag_dump(struct diag *d, enum sock_table t, unsigned what, uint32_t netns, sock_sink *sink,
	      void *arg, bool *changed)
{
	struct sockdiag_query q = {
		.table = t,
		.type = requests[t].type,
		.protocol = requests[t].protocol,
		.netns = netns,
		.more = what & (SOCK_WANT_INFO | SOCK_WANT_MEM),
	};
	int r, i;

	if (t == SOCK_TABLE_TCP) {
		r = dump(d, &q, AF_UNSPEC, what, sink, arg, changed);
		if (r != -EOPNOTSUPP && r != -EINVAL)
			return r;
	}
	r = dump(d, &q, requests[t].families[0], what, sink, arg, changed);
	for (i = 1; r == 0 && i < 2 && requests[t].families[i]; i++)
		r = dump(d, &q, requests[t].families[i], what, sink, arg, changed);
	return r;
}

static void take_address(const struct nlmsghdr *h, procnet_addr_sink *sink, void *arg)
{
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *a, *local = NULL;
	struct sock_addr addr;

	if (h->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(h) < sizeof(*m))
		return;
	/* Of a point-to-point link IFA_ADDRESS is the other side, IFA_LOCAL ours. */
	mnl_attr_for_each(a, h, sizeof(*m))
	{
		uint16_t type = mnl_attr_get_type(a);

		if (type == IFA_LOCAL || (type == IFA_ADDRESS && !local))
			local = a;
	}
	if (!local)
		return;
	if (m->ifa_family == AF_INET && mnl_attr_get_payload_len(local) == 4)
		addr = sock_addr_v4(mnl_attr_get_payload(local));
	else if (m->ifa_family == AF_INET6 && mnl_attr_get_payload_len(local) == 16)
		memcpy(addr.ip, mnl_attr_get_payload(local), 16);
	else
		return;
	sink(arg, &addr);
}

int diag_addresses(struct diag *d, procnet_addr_sink *sink, void *arg)
{
	struct nlmsghdr *h;
	struct rtgenmsg *g;
	int r, left;

	if (!d->route)
		return -ENOTCONN;
	h = new_request(d, RTM_GETADDR);
	g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->rtgen_family = AF_UNSPEC;
	r = send_request(d, d->route, h);
	if (r < 0)
		return r;
	for (;;) {
		ssize_t n = receive(d, d->route);

		if (n < 0)
			return (int)n;
		left = (int)n;
		for (h = (struct nlmsghdr *)d->buffer; sockdiag_message_ok(h, left);
		     h = mnl_nlmsg_next(h, &left)) {
			if (h->nlmsg_seq != d->seq)
				continue;
			if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
				return 0;
			take_address(h, sink, arg);
		}
	}
}
