/* SPDX-License-Identifier: MIT */
#include "src/net/sock.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/tcp.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static const uint8_t v4_prefix[12] = { [10] = 0xff, [11] = 0xff };

bool sock_is_inet(const struct sock_info *s)
{
	return s->family == AF_INET || s->family == AF_INET6 || s->family == AF_SMC;
}

struct sock_addr sock_addr_v4(const void *ip)
{
	struct sock_addr a;

	memcpy(a.ip, v4_prefix, sizeof(v4_prefix));
	memcpy(a.ip + 12, ip, 4);
	return a;
}

bool sock_addr_is_v4(const struct sock_addr *a)
{
	return memcmp(a->ip, v4_prefix, sizeof(v4_prefix)) == 0;
}

bool sock_addr_is_any(const struct sock_addr *a)
{
	static const uint8_t zero[16];

	if (sock_addr_is_v4(a))
		return memcmp(a->ip + 12, zero, 4) == 0;
	return memcmp(a->ip, zero, 16) == 0;
}

bool sock_addr_is_loopback(const struct sock_addr *a)
{
	if (sock_addr_is_v4(a))
		return a->ip[12] == 127;
	return memcmp(a->ip, in6addr_loopback.s6_addr, 16) == 0;
}

bool sock_addr_equal(const struct sock_addr *a, const struct sock_addr *b)
{
	return memcmp(a->ip, b->ip, 16) == 0;
}

static void inet_text(struct buf *out, const struct sock_info *s, const struct sock_addr *a,
		      uint16_t port)
{
	char text[INET6_ADDRSTRLEN];

	if (s->family == AF_INET || (s->family == AF_SMC && sock_addr_is_v4(a))) {
		/* inet_ntop(3) by way of sprintf(3) would take longer than all the rest. */
		for (int i = 12; i < 16; i++) {
			if (i > 12)
				buf_addc(out, '.');
			buf_addu(out, a->ip[i]);
		}
	} else {
		inet_ntop(AF_INET6, a->ip, text, sizeof(text));
		buf_addc(out, '[');
		buf_adds(out, text);
		if (a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80 && s->in.ifindex)
			buf_addf(out, "%%%u", s->in.ifindex);
		buf_addc(out, ']');
	}
	buf_addc(out, ':');
	buf_addu(out, port);
}

static void vsock_text(struct buf *out, uint32_t cid, uint32_t port)
{
	if (cid == VMADDR_CID_ANY)
		buf_addc(out, '*');
	else
		buf_addu(out, cid);
	buf_addc(out, ':');
	if (port == VMADDR_PORT_ANY)
		buf_addc(out, '*');
	else
		buf_addu(out, port);
}

bool sock_has_remote(const struct sock_info *s)
{
	if (sock_is_inet(s))
		return s->in.rport || !sock_addr_is_any(&s->in.remote);
	if (s->family == AF_VSOCK)
		return s->vm.remote_cid != VMADDR_CID_ANY && s->vm.remote_port != VMADDR_PORT_ANY;
	return false;
}

void sock_local_text(struct buf *out, const struct sock_info *s)
{
	if (sock_is_inet(s))
		inet_text(out, s, &s->in.local, s->in.lport);
	else if (s->family == AF_VSOCK)
		vsock_text(out, s->vm.local_cid, s->vm.local_port);
}

void sock_remote_text(struct buf *out, const struct sock_info *s)
{
	if (!sock_has_remote(s))
		return;
	if (sock_is_inet(s))
		inet_text(out, s, &s->in.remote, s->in.rport);
	else
		vsock_text(out, s->vm.remote_cid, s->vm.remote_port);
}

bool sock_unix_is_abstract(const struct sock_info *s)
{
	return s->family == AF_UNIX && s->un.name_len && s->un.name[0] == '\0';
}

void sock_unix_name(struct buf *out, const struct sock_info *s)
{
	if (s->family != AF_UNIX || !s->un.name_len)
		return;
	if (!sock_unix_is_abstract(s)) {
		buf_add(out, s->un.name, s->un.name_len);
		return;
	}
	buf_addc(out, '@');
	buf_add(out, s->un.name + 1, s->un.name_len - 1u);
}

#define LOOKUP(table, i) ((i) < sizeof(table) / sizeof((table)[0]) ? (table)[i] : NULL)

const char *sock_table_name(enum sock_table t)
{
	static const char *const names[SOCK_TABLES] = {
		[SOCK_TABLE_TCP] = "tcp",       [SOCK_TABLE_UDP] = "udp",
		[SOCK_TABLE_UNIX] = "unix",     [SOCK_TABLE_NETLINK] = "netlink",
		[SOCK_TABLE_PACKET] = "packet", [SOCK_TABLE_RAW] = "raw",
		[SOCK_TABLE_PING] = "icmp",     [SOCK_TABLE_UDPLITE] = "udplite",
		[SOCK_TABLE_MPTCP] = "mptcp",   [SOCK_TABLE_SCTP] = "sctp",
		[SOCK_TABLE_DCCP] = "dccp",     [SOCK_TABLE_VSOCK] = "vsock",
		[SOCK_TABLE_XDP] = "xdp",       [SOCK_TABLE_TIPC] = "tipc",
		[SOCK_TABLE_SMC] = "smc",       [SOCK_TABLE_BLUETOOTH] = "bluetooth",
	};

	return LOOKUP(names, (size_t)t);
}

static const char *tcp_state(unsigned state)
{
	static const char *const names[] = {
		[TCP_ESTABLISHED] = "ESTABLISHED",
		[TCP_SYN_SENT] = "SYN_SENT",
		[TCP_SYN_RECV] = "SYN_RECV",
		[TCP_FIN_WAIT1] = "FIN_WAIT1",
		[TCP_FIN_WAIT2] = "FIN_WAIT2",
		[TCP_TIME_WAIT] = "TIME_WAIT",
		[TCP_CLOSE] = "CLOSE",
		[TCP_CLOSE_WAIT] = "CLOSE_WAIT",
		[TCP_LAST_ACK] = "LAST_ACK",
		[TCP_LISTEN] = "LISTEN",
		[TCP_CLOSING] = "CLOSING",
		[12] = "NEW_SYN_RECV",
	};

	return LOOKUP(names, state);
}

/* enum sctp_state of associations; endpoints carry TCP_LISTEN and TCP_CLOSE. */
static const char *sctp_state(unsigned state)
{
	static const char *const names[] = {
		"CLOSED",
		"COOKIE_WAIT",
		"COOKIE_ECHOED",
		"ESTABLISHED",
		"SHUTDOWN_PENDING",
		"SHUTDOWN_SENT",
		"SHUTDOWN_RECEIVED",
		"SHUTDOWN_ACK_SENT",
		NULL,
		NULL,
		"LISTEN",
	};

	return LOOKUP(names, state);
}

static const char *smc_state(unsigned state)
{
	static const char *const names[] = {
		[1] = "ACTIVE",           [2] = "INIT",
		[7] = "CLOSED",           [10] = "LISTEN",
		[20] = "PEERCLOSEWAIT1",  [21] = "PEERCLOSEWAIT2",
		[22] = "APPFINCLOSEWAIT", [23] = "APPCLOSEWAIT1",
		[24] = "APPCLOSEWAIT2",   [25] = "PEERFINCLOSEWAIT",
		[26] = "PEERABORTWAIT",   [27] = "PROCESSABORT",
	};

	return LOOKUP(names, state);
}

const char *sock_state_name(const struct sock_info *s)
{
	switch (s->table) {
	case SOCK_TABLE_SCTP:
		return sctp_state(s->state);
	case SOCK_TABLE_SMC:
		return smc_state(s->state);
	case SOCK_TABLE_NETLINK:
		/* NETLINK_CONNECTED is 1; one that never connected has TCP_CLOSE. */
		if (s->has & SOCK_FROM_PROC)
			return NULL;
		return s->state == 1 ? "CONNECTED" : "UNCONNECTED";
	case SOCK_TABLE_UNIX:
		/* A unix socket that is not connected has no connection to be closed. */
		return s->state == TCP_CLOSE ? "UNCONNECTED" : tcp_state(s->state);
	case SOCK_TABLE_UDP:
	case SOCK_TABLE_UDPLITE:
	case SOCK_TABLE_RAW:
	case SOCK_TABLE_PING:
		return s->state == TCP_CLOSE ? "UNCONNECTED" : tcp_state(s->state);
	case SOCK_TABLE_PACKET:
	case SOCK_TABLE_XDP:
	case SOCK_TABLE_TIPC:
	case SOCK_TABLE_BLUETOOTH:
		return NULL;
	default:
		return tcp_state(s->state);
	}
}

const char *sock_type_name(unsigned type)
{
	static const char *const names[] = {
		[SOCK_STREAM] = "SOCK_STREAM",
		[SOCK_DGRAM] = "SOCK_DGRAM",
		[SOCK_RAW] = "SOCK_RAW",
		[SOCK_RDM] = "SOCK_RDM",
		[SOCK_SEQPACKET] = "SOCK_SEQPACKET",
		[SOCK_DCCP] = "SOCK_DCCP",
		[SOCK_PACKET] = "SOCK_PACKET",
	};

	return LOOKUP(names, type);
}

const char *sock_family_name(unsigned family)
{
	static const char *const names[] = {
		[AF_UNIX] = "AF_UNIX",     [AF_INET] = "AF_INET",
		[AF_INET6] = "AF_INET6",   [AF_NETLINK] = "AF_NETLINK",
		[AF_PACKET] = "AF_PACKET", [AF_CAN] = "AF_CAN",
		[AF_TIPC] = "AF_TIPC",     [AF_BLUETOOTH] = "AF_BLUETOOTH",
		[AF_ALG] = "AF_ALG",       [AF_VSOCK] = "AF_VSOCK",
		[AF_KCM] = "AF_KCM",       [AF_QIPCRTR] = "AF_QIPCRTR",
		[AF_SMC] = "AF_SMC",       [AF_XDP] = "AF_XDP",
	};

	return LOOKUP(names, family);
}

const char *sock_timer_name(unsigned timer)
{
	static const char *const names[] = { NULL, "retransmit", "keepalive", "timewait", "probe" };

	return LOOKUP(names, timer);
}

const char *sock_netlink_name(unsigned protocol)
{
	static const char *const names[] = {
		[NETLINK_ROUTE] = "NETLINK_ROUTE",
		[NETLINK_USERSOCK] = "NETLINK_USERSOCK",
		[NETLINK_FIREWALL] = "NETLINK_FIREWALL",
		[NETLINK_SOCK_DIAG] = "NETLINK_SOCK_DIAG",
		[NETLINK_NFLOG] = "NETLINK_NFLOG",
		[NETLINK_XFRM] = "NETLINK_XFRM",
		[NETLINK_SELINUX] = "NETLINK_SELINUX",
		[NETLINK_ISCSI] = "NETLINK_ISCSI",
		[NETLINK_AUDIT] = "NETLINK_AUDIT",
		[NETLINK_FIB_LOOKUP] = "NETLINK_FIB_LOOKUP",
		[NETLINK_CONNECTOR] = "NETLINK_CONNECTOR",
		[NETLINK_NETFILTER] = "NETLINK_NETFILTER",
		[NETLINK_IP6_FW] = "NETLINK_IP6_FW",
		[NETLINK_DNRTMSG] = "NETLINK_DNRTMSG",
		[NETLINK_KOBJECT_UEVENT] = "NETLINK_KOBJECT_UEVENT",
		[NETLINK_GENERIC] = "NETLINK_GENERIC",
		[NETLINK_SCSITRANSPORT] = "NETLINK_SCSITRANSPORT",
		[NETLINK_ECRYPTFS] = "NETLINK_ECRYPTFS",
		[NETLINK_RDMA] = "NETLINK_RDMA",
		[NETLINK_CRYPTO] = "NETLINK_CRYPTO",
		[NETLINK_SMC] = "NETLINK_SMC",
	};

	return LOOKUP(names, protocol);
}
