/* SPDX-License-Identifier: MIT */
#include "src/net/sockdiag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/smc_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/tipc_netlink.h>
#include <linux/unix_diag.h>
#include <linux/vm_sockets_diag.h>
#include <linux/xdp_diag.h>
#include <string.h>
#include <sys/socket.h>

enum { STATE_LISTEN = 10 }; /* TCP_LISTEN; netinet/tcp.h clashes with linux/tcp.h */

static uint64_t cookie64(const uint32_t *cookie)
{
	return (uint64_t)cookie[1] << 32 | cookie[0];
}

/* A shorter attribute comes from an older kernel: the rest stays as it is. */
static void attr_copy(void *to, size_t size, const struct nlattr *a)
{
	size_t len = mnl_attr_get_payload_len(a);

	memcpy(to, mnl_attr_get_payload(a), len < size ? len : size);
}

static uint32_t attr_u32(const struct nlattr *a)
{
	uint32_t v = 0;

	attr_copy(&v, sizeof(v), a);
	return v;
}

static uint64_t attr_u64(const struct nlattr *a)
{
	uint64_t v = 0;

	attr_copy(&v, sizeof(v), a);
	return v;
}

static void attr_text(char *to, size_t size, const struct nlattr *a)
{
	memset(to, 0, size);
	attr_copy(to, size - 1, a);
}

static void take_meminfo(struct sock_draft *d, const struct nlattr *a)
{
	uint32_t m[SK_MEMINFO_VARS] = { 0 };

	attr_copy(m, sizeof(m), a);
	d->more.has |= SOCK_MORE_MEM;
	d->more.rmem = m[SK_MEMINFO_RMEM_ALLOC];
	d->more.rcvbuf = m[SK_MEMINFO_RCVBUF];
	d->more.wmem = m[SK_MEMINFO_WMEM_ALLOC];
	d->more.sndbuf = m[SK_MEMINFO_SNDBUF];
	d->more.fwd_alloc = m[SK_MEMINFO_FWD_ALLOC];
	d->more.wmem_queued = m[SK_MEMINFO_WMEM_QUEUED];
	d->more.optmem = m[SK_MEMINFO_OPTMEM];
	d->more.backlog = m[SK_MEMINFO_BACKLOG];
	d->more.drops = m[SK_MEMINFO_DROPS];
}

/* Queues of the families whose reply has them only as memory. */
static void take_meminfo_queues(struct sock_draft *d, const struct nlattr *a)
{
	take_meminfo(d, a);
	d->info.rqueue = d->more.rmem;
	d->info.wqueue = d->more.wmem;
	d->info.has |= SOCK_HAS_QUEUES;
}

static void take_tcp_info(struct sock_draft *d, const struct nlattr *a)
{
	struct sock_tcp *t = &d->more.tcp;
	struct tcp_info i;

	memset(&i, 0, sizeof(i));
	attr_copy(&i, sizeof(i), a);
	d->more.has |= SOCK_MORE_TCP;
	*t = (struct sock_tcp){
		.bytes_acked = i.tcpi_bytes_acked,
		.bytes_received = i.tcpi_bytes_received,
		.bytes_sent = i.tcpi_bytes_sent,
		.bytes_retrans = i.tcpi_bytes_retrans,
		.delivery_rate = i.tcpi_delivery_rate,
		.pacing_rate = i.tcpi_pacing_rate,
		.rto = i.tcpi_rto,
		.rtt = i.tcpi_rtt,
		.rttvar = i.tcpi_rttvar,
		.min_rtt = i.tcpi_min_rtt,
		.snd_cwnd = i.tcpi_snd_cwnd,
		.snd_ssthresh = i.tcpi_snd_ssthresh,
		.snd_mss = i.tcpi_snd_mss,
		.rcv_mss = i.tcpi_rcv_mss,
		.pmtu = i.tcpi_pmtu,
		.unacked = i.tcpi_unacked,
		.sacked = i.tcpi_sacked,
		.lost = i.tcpi_lost,
		.retrans = i.tcpi_retrans,
		.total_retrans = i.tcpi_total_retrans,
		.notsent = i.tcpi_notsent_bytes,
		.last_data_sent = i.tcpi_last_data_sent,
		.last_data_recv = i.tcpi_last_data_recv,
		.snd_wnd = i.tcpi_snd_wnd,
		.rcv_space = i.tcpi_rcv_space,
		.rcv_ooopack = i.tcpi_rcv_ooopack,
		.snd_wscale = i.tcpi_snd_wscale,
		.rcv_wscale = i.tcpi_rcv_wscale,
		.options = i.tcpi_options,
		.ca_state = i.tcpi_ca_state,
	};
}

static void take_ulp(struct sock_draft *d, const struct nlattr *nest)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, nest)
	{
		if (mnl_attr_get_type(a) == INET_ULP_INFO_NAME)
			attr_text(d->more.ulp, sizeof(d->more.ulp), a);
	}
}

static void inet_more(struct sock_draft *d, const struct nlattr *a)
{
	struct sock_more *m = &d->more;

	switch (mnl_attr_get_type(a)) {
	case INET_DIAG_INFO:
		/* SCTP and MPTCP put structures of their own there. */
		if (d->info.table == SOCK_TABLE_TCP)
			take_tcp_info(d, a);
		break;
	case INET_DIAG_SKMEMINFO:
		take_meminfo(d, a);
		break;
	case INET_DIAG_CONG:
		attr_text(m->congestion, sizeof(m->congestion), a);
		break;
	case INET_DIAG_TOS:
		attr_copy(&m->tos, 1, a);
		m->has |= SOCK_MORE_TOS;
		break;
	case INET_DIAG_TCLASS:
		attr_copy(&m->tclass, 1, a);
		m->has |= SOCK_MORE_TCLASS;
		break;
	case INET_DIAG_MARK:
		m->mark = attr_u32(a);
		m->has |= SOCK_MORE_MARK;
		break;
	case INET_DIAG_CGROUP_ID:
		m->cgroup = attr_u64(a);
		m->has |= SOCK_MORE_CGROUP;
		break;
	case INET_DIAG_SOCKOPT:
		m->opt = attr_u32(a);
		m->has |= SOCK_MORE_OPT;
		break;
	case INET_DIAG_ULP_INFO:
		take_ulp(d, a);
		break;
	}
}

static void inet_attr(const struct sockdiag_query *q, struct sock_draft *d, const struct nlattr *a)
{
	struct sock_info *s = &d->info;
	uint8_t byte = 0;

	switch (mnl_attr_get_type(a)) {
	case INET_DIAG_SHUTDOWN:
		attr_copy(&s->shutdown, 1, a);
		s->has |= SOCK_HAS_SHUTDOWN;
		return;
	case INET_DIAG_SKV6ONLY:
		attr_copy(&byte, 1, a);
		if (byte)
			s->has |= SOCK_V6ONLY;
		return;
	case INET_DIAG_PROTOCOL:
		attr_copy(&byte, 1, a);
		if (s->table == SOCK_TABLE_RAW)
			s->protocol = byte;
		return;
	}
	if (q->more)
		inet_more(d, a);
}

static void take_sockid(struct sock_info *s, const struct inet_diag_sockid *id, bool v4)
{
	if (v4) {
		s->in.local = sock_addr_v4(id->idiag_src);
		s->in.remote = sock_addr_v4(id->idiag_dst);
	} else {
		memcpy(s->in.local.ip, id->idiag_src, 16);
		memcpy(s->in.remote.ip, id->idiag_dst, 16);
	}
	s->in.lport = ntohs(id->idiag_sport);
	s->in.rport = ntohs(id->idiag_dport);
	s->in.ifindex = id->idiag_if;
	s->cookie = cookie64(id->idiag_cookie);
}

static void take_queues(struct sock_info *s, uint32_t rqueue, uint32_t wqueue)
{
	s->rqueue = rqueue;
	s->wqueue = wqueue;
	s->has |= s->state == STATE_LISTEN ? SOCK_HAS_BACKLOG | SOCK_HAS_LIMIT : SOCK_HAS_QUEUES;
}

static void inet_head(struct sock_info *s, const struct inet_diag_msg *m)
{
	s->family = m->idiag_family;
	s->state = m->idiag_state;
	s->timer = m->idiag_timer;
	s->retrans = m->idiag_retrans;
	s->expires = m->idiag_expires;
	s->uid = m->idiag_uid;
	s->inode = m->idiag_inode;
	take_sockid(s, &m->id, m->idiag_family == AF_INET);
	/* raw_diag gives the protocol as the local port, as /proc/net/raw does. */
	if (s->table == SOCK_TABLE_RAW) {
		s->protocol = s->in.lport;
		s->in.lport = 0;
	}
	take_queues(s, m->idiag_rqueue, m->idiag_wqueue);
	s->has |= SOCK_HAS_COOKIE | SOCK_HAS_UID | SOCK_HAS_TIMER;
}

static int parse_inet(const struct sockdiag_query *q, const struct nlmsghdr *h,
		      struct sock_draft *d)
{
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m))
		return -EBADMSG;
	if (m->idiag_family != AF_INET && m->idiag_family != AF_INET6)
		return -EBADMSG;
	inet_head(&d->info, m);
	mnl_attr_for_each(a, h, sizeof(*m))
	{
		inet_attr(q, d, a);
	}
	return 0;
}

static void take_unix_name(struct sock_info *s, const struct nlattr *a)
{
	const char *name = mnl_attr_get_payload(a);
	size_t len = mnl_attr_get_payload_len(a);

	/* A path comes with its terminator, an abstract name has none. */
	if (len && name[0])
		len = strnlen(name, len);
	s->un.name = name;
	s->un.name_len = (uint16_t)len;
}

static void unix_attr(const struct sockdiag_query *q, struct sock_draft *d, const struct nlattr *a)
{
	struct sock_info *s = &d->info;
	struct unix_diag_rqlen rq = { 0 };
	struct unix_diag_vfs vfs = { 0 };

	switch (mnl_attr_get_type(a)) {
	case UNIX_DIAG_NAME:
		take_unix_name(s, a);
		break;
	case UNIX_DIAG_VFS:
		attr_copy(&vfs, sizeof(vfs), a);
		s->un.vfs_dev = vfs.udiag_vfs_dev;
		s->un.vfs_ino = vfs.udiag_vfs_ino;
		s->has |= SOCK_HAS_VFS;
		break;
	case UNIX_DIAG_PEER:
		s->un.peer = attr_u32(a);
		break;
	case UNIX_DIAG_ICONS:
		s->un.icons = mnl_attr_get_payload(a);
		s->un.n_icons = mnl_attr_get_payload_len(a) / sizeof(uint32_t);
		break;
	case UNIX_DIAG_RQLEN:
		attr_copy(&rq, sizeof(rq), a);
		take_queues(s, rq.udiag_rqueue, rq.udiag_wqueue);
		break;
	case UNIX_DIAG_MEMINFO:
		if (q->more)
			take_meminfo(d, a);
		break;
	case UNIX_DIAG_SHUTDOWN:
		attr_copy(&s->shutdown, 1, a);
		s->has |= SOCK_HAS_SHUTDOWN;
		break;
	case UNIX_DIAG_UID:
		s->uid = attr_u32(a);
		s->has |= SOCK_HAS_UID;
		break;
	}
}

static int parse_unix(const struct sockdiag_query *q, const struct nlmsghdr *h,
		      struct sock_draft *d)
{
	const struct unix_diag_msg *m = mnl_nlmsg_get_payload(h);
	struct sock_info *s = &d->info;
	const struct nlattr *a;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m) || m->udiag_family != AF_UNIX)
		return -EBADMSG;
	s->family = AF_UNIX;
	s->type = m->udiag_type;
	s->state = m->udiag_state;
	s->inode = m->udiag_ino;
	s->cookie = cookie64(m->udiag_cookie);
	s->has |= SOCK_HAS_COOKIE | SOCK_HAS_PEER;
	mnl_attr_for_each(a, h, sizeof(*m))
	{
		unix_attr(q, d, a);
	}
	return 0;
}

static int parse_netlink(const struct sockdiag_query *q, const struct nlmsghdr *h,
			 struct sock_draft *d)
{
	const struct netlink_diag_msg *m = mnl_nlmsg_get_payload(h);
	struct sock_info *s = &d->info;
	const struct nlattr *a;

	(void)q;
	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m) || m->ndiag_family != AF_NETLINK)
		return -EBADMSG;
	s->family = AF_NETLINK;
	s->type = m->ndiag_type;
	s->protocol = m->ndiag_protocol;
	s->state = m->ndiag_state;
	s->inode = m->ndiag_ino;
	s->cookie = cookie64(m->ndiag_cookie);
	s->has |= SOCK_HAS_COOKIE;
	s->nl.portid = m->ndiag_portid;
	s->nl.dst_portid = m->ndiag_dst_portid;
	s->nl.dst_group = m->ndiag_dst_group;
	mnl_attr_for_each(a, h, sizeof(*m))
	{
		if (mnl_attr_get_type(a) == NETLINK_DIAG_GROUPS) {
			s->nl.groups = mnl_attr_get_payload(a);
			s->nl.groups_len = mnl_attr_get_payload_len(a);
		} else if (mnl_attr_get_type(a) == NETLINK_DIAG_MEMINFO) {
			take_meminfo_queues(d, a);
			s->nl.drops = d->more.drops;
			s->has |= SOCK_HAS_DROPS;
		}
	}
	return 0;
}

static void packet_attr(struct sock_draft *d, const struct nlattr *a)
{
	struct packet_diag_info i = { 0 };
	struct sock_info *s = &d->info;

	switch (mnl_attr_get_type(a)) {
	case PACKET_DIAG_INFO:
		attr_copy(&i, sizeof(i), a);
		s->link.ifindex = i.pdi_index;
		s->link.version = i.pdi_version;
		s->link.flags = i.pdi_flags;
		break;
	case PACKET_DIAG_MCLIST:
		s->link.memberships = mnl_attr_get_payload_len(a) /
				      sizeof(struct packet_diag_mclist);
		break;
	case PACKET_DIAG_FANOUT:
		s->link.fanout = attr_u32(a);
		s->has |= SOCK_HAS_FANOUT;
		break;
	case PACKET_DIAG_UID:
		s->uid = attr_u32(a);
		s->has |= SOCK_HAS_UID;
		break;
	case PACKET_DIAG_MEMINFO:
		take_meminfo_queues(d, a);
		break;
	}
}

static int parse_packet(const struct sockdiag_query *q, const struct nlmsghdr *h,
			struct sock_draft *d)
{
	const struct packet_diag_msg *m = mnl_nlmsg_get_payload(h);
	struct sock_info *s = &d->info;
	const struct nlattr *a;

	(void)q;
	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m) || m->pdiag_family != AF_PACKET)
		return -EBADMSG;
	s->family = AF_PACKET;
	s->type = m->pdiag_type;
	s->protocol = m->pdiag_num; /* packet_diag swaps it to host order */
	s->inode = m->pdiag_ino;
	s->cookie = cookie64(m->pdiag_cookie);
	s->has |= SOCK_HAS_COOKIE;
	mnl_attr_for_each(a, h, sizeof(*m))
	{
		packet_attr(d, a);
	}
	return 0;
}

static int parse_vsock(const struct sockdiag_query *q, const struct nlmsghdr *h,
		       struct sock_draft *d)
{
	const struct vsock_diag_msg *m = mnl_nlmsg_get_payload(h);
	struct sock_info *s = &d->info;

	(void)q;
	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m) || m->vdiag_family != AF_VSOCK)
		return -EBADMSG;
	s->family = AF_VSOCK;
	s->type = m->vdiag_type;
	s->state = m->vdiag_state;
	s->shutdown = m->vdiag_shutdown;
	s->inode = m->vdiag_ino;
	s->cookie = cookie64(m->vdiag_cookie);
	s->has |= SOCK_HAS_COOKIE | SOCK_HAS_SHUTDOWN;
	s->vm.local_cid = m->vdiag_src_cid;
	s->vm.local_port = m->vdiag_src_port;
	s->vm.remote_cid = m->vdiag_dst_cid;
	s->vm.remote_port = m->vdiag_dst_port;
	return 0;
}

static int parse_xdp(const struct sockdiag_query *q, const struct nlmsghdr *h, struct sock_draft *d)
{
	const struct xdp_diag_msg *m = mnl_nlmsg_get_payload(h);
	struct xdp_diag_info i = { 0 };
	struct sock_info *s = &d->info;
	const struct nlattr *a;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m) || m->xdiag_family != AF_XDP)
		return -EBADMSG;
	s->family = AF_XDP;
	s->type = m->xdiag_type;
	s->inode = m->xdiag_ino;
	s->cookie = cookie64(m->xdiag_cookie);
	s->has |= SOCK_HAS_COOKIE;
	mnl_attr_for_each(a, h, sizeof(*m))
	{
		if (mnl_attr_get_type(a) == XDP_DIAG_INFO) {
			attr_copy(&i, sizeof(i), a);
			s->link.ifindex = i.ifindex;
			s->link.queue = i.queue_id;
		} else if (mnl_attr_get_type(a) == XDP_DIAG_UID) {
			s->uid = attr_u32(a);
			s->has |= SOCK_HAS_UID;
		} else if (mnl_attr_get_type(a) == XDP_DIAG_MEMINFO && q->more) {
			take_meminfo(d, a);
		}
	}
	return 0;
}

static int parse_smc(const struct sockdiag_query *q, const struct nlmsghdr *h, struct sock_draft *d)
{
	struct sock_info *s = &d->info;
	struct smc_diag_msg m; /* a copy: netlink aligns to 4, its inode wants 8 */
	bool v4;

	(void)q;
	if (mnl_nlmsg_get_payload_len(h) < sizeof(m))
		return -EBADMSG;
	memcpy(&m, mnl_nlmsg_get_payload(h), sizeof(m));
	if (m.diag_family != AF_SMC && m.diag_family != AF_INET && m.diag_family != AF_INET6)
		return -EBADMSG;
	/* AF_SMC is said for v4 too, where only the first word is set. */
	v4 = !m.id.idiag_src[1] && !m.id.idiag_src[2] && !m.id.idiag_src[3] &&
	     m.diag_family != AF_INET6;
	s->family = AF_SMC;
	s->type = SOCK_STREAM;
	s->state = m.diag_state;
	s->shutdown = m.diag_shutdown;
	s->uid = m.diag_uid;
	s->inode = m.diag_inode;
	take_sockid(s, &m.id, v4);
	s->has |= SOCK_HAS_COOKIE | SOCK_HAS_UID | SOCK_HAS_SHUTDOWN;
	return 0;
}

static void tipc_attr(struct sock_info *s, const struct nlattr *a)
{
	switch (mnl_attr_get_type(a)) {
	case TIPC_NLA_SOCK_TYPE:
		s->type = (uint8_t)attr_u32(a);
		break;
	case TIPC_NLA_SOCK_TIPC_STATE:
		s->state = (uint8_t)attr_u32(a);
		break;
	case TIPC_NLA_SOCK_INO:
		s->inode = attr_u32(a);
		break;
	case TIPC_NLA_SOCK_UID:
		s->uid = attr_u32(a);
		s->has |= SOCK_HAS_UID;
		break;
	case TIPC_NLA_SOCK_COOKIE:
		s->cookie = attr_u64(a);
		s->has |= SOCK_HAS_COOKIE;
		break;
	}
}

static int parse_tipc(const struct sockdiag_query *q, const struct nlmsghdr *h,
		      struct sock_draft *d)
{
	const struct nlattr *a, *nest;

	(void)q;
	d->info.family = AF_TIPC;
	mnl_attr_for_each(nest, h, 0)
	{
		if (mnl_attr_get_type(nest) != TIPC_NLA_SOCK)
			continue;
		mnl_attr_for_each_nested(a, nest)
		{
			tipc_attr(&d->info, a);
		}
	}
	return 0;
}

typedef int parse_fn(const struct sockdiag_query *, const struct nlmsghdr *, struct sock_draft *);

static parse_fn *const parsers[SOCK_TABLES] = {
	[SOCK_TABLE_TCP] = parse_inet,      [SOCK_TABLE_UDP] = parse_inet,
	[SOCK_TABLE_UNIX] = parse_unix,     [SOCK_TABLE_NETLINK] = parse_netlink,
	[SOCK_TABLE_PACKET] = parse_packet, [SOCK_TABLE_RAW] = parse_inet,
	[SOCK_TABLE_UDPLITE] = parse_inet,  [SOCK_TABLE_MPTCP] = parse_inet,
	[SOCK_TABLE_SCTP] = parse_inet,     [SOCK_TABLE_DCCP] = parse_inet,
	[SOCK_TABLE_VSOCK] = parse_vsock,   [SOCK_TABLE_XDP] = parse_xdp,
	[SOCK_TABLE_TIPC] = parse_tipc,     [SOCK_TABLE_SMC] = parse_smc,
};

static int parse_message(const struct sockdiag_query *q, const struct nlmsghdr *h, sock_sink *sink,
			 void *arg)
{
	struct sock_draft d;
	int r;

	memset(&d.info, 0, sizeof(d.info));
	d.more.has = 0;
	if (q->more)
		memset(&d.more, 0, sizeof(d.more));
	d.info.table = (uint8_t)q->table;
	d.info.netns = q->netns;
	d.info.type = q->type;
	d.info.protocol = q->protocol;
	r = parsers[q->table](q, h, &d);
	if (r < 0)
		return r;
	/* Some replies carry memory figures only for their queues. */
	if (!q->more)
		d.more.has = 0;
	return sink(arg, &d);
}

/* NLMSG_ERROR, and NLMSG_DONE, which carries the result of the dump. */
static int parse_end(const struct nlmsghdr *h)
{
	int err = 0;

	if (mnl_nlmsg_get_payload_len(h) >= sizeof(err))
		memcpy(&err, mnl_nlmsg_get_payload(h), sizeof(err));
	else if (h->nlmsg_type == NLMSG_ERROR)
		return -EBADMSG;
	return err < 0 && err > -4096 ? err : 0;
}

bool sockdiag_message_ok(const struct nlmsghdr *h, int left)
{
	return mnl_nlmsg_ok(h, left) && h->nlmsg_len <= (uint32_t)left &&
	       MNL_ALIGN(h->nlmsg_len) <= (uint32_t)left;
}

int sockdiag_parse(const struct sockdiag_query *q, const void *msg, size_t len, sock_sink *sink,
		   void *arg, bool *changed)
{
	const struct nlmsghdr *h = msg;
	int left = len > INT32_MAX ? INT32_MAX : (int)len;
	int r;

	if (!parsers[q->table])
		return -EINVAL;
	if (!sockdiag_message_ok(h, left))
		return -EBADMSG;
	for (; sockdiag_message_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		if (h->nlmsg_seq != q->seq)
			continue;
		if (h->nlmsg_flags & NLM_F_DUMP_INTR)
			*changed = true;
		if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
			return parse_end(h);
		/* TCPDIAG_GETSOCK is the reply to a request in the old form. */
		if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY && h->nlmsg_type != TCPDIAG_GETSOCK)
			continue;
		r = parse_message(q, h, sink, arg);
		if (r < 0)
			return r;
	}
	return 1;
}
