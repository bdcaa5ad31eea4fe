/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's socket tables say of one socket: a compact record, for a
 * survey may hold 100k of them, and a second one for what only some listings
 * ask for. See sock_diag(7), proc_pid_net(5), unix(7), tcp(7).
 */
#ifndef NET_SOCK_H
#define NET_SOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/buf.h"

/*
 * One table of the kernel: what is asked for, and what may be missing, by
 * itself. The order is that of loading.
 */
enum sock_table {
	SOCK_TABLE_TCP,
	SOCK_TABLE_UDP,
	SOCK_TABLE_UNIX,
	SOCK_TABLE_NETLINK,
	SOCK_TABLE_PACKET,
	SOCK_TABLE_RAW,
	SOCK_TABLE_PING, /* SOCK_DGRAM of IPPROTO_ICMP: /proc only */
	SOCK_TABLE_UDPLITE,
	SOCK_TABLE_MPTCP, /* netlink only, since Linux 5.9 */
	SOCK_TABLE_SCTP,
	SOCK_TABLE_DCCP,
	SOCK_TABLE_VSOCK, /* netlink only, as are the next three */
	SOCK_TABLE_XDP,
	SOCK_TABLE_TIPC,
	SOCK_TABLE_SMC,
	SOCK_TABLE_BLUETOOTH, /* /proc only; CAN has nothing at all */
	SOCK_TABLES,
};

/* Which fields of a record are known; the source decides. */
enum sock_has {
	SOCK_HAS_COOKIE = 1 << 0,
	SOCK_HAS_UID = 1 << 1,
	SOCK_HAS_QUEUES = 1 << 2,   /* rqueue and wqueue */
	SOCK_HAS_BACKLOG = 1 << 3,  /* of a listener: rqueue is used */
	SOCK_HAS_LIMIT = 1 << 4,    /* of a listener: wqueue is the limit */
	SOCK_HAS_SHUTDOWN = 1 << 5, /* shutdown */
	SOCK_HAS_PEER = 1 << 6,     /* un.peer was asked for: 0 is "none" */
	SOCK_HAS_VFS = 1 << 7,      /* un.vfs_dev, un.vfs_ino */
	SOCK_HAS_DROPS = 1 << 8,    /* nl.drops */
	SOCK_HAS_TIMER = 1 << 9,
	SOCK_HAS_FANOUT = 1 << 10,
	SOCK_NAME_LOSSY = 1 << 11, /* un.name is from /proc: NUL shows as @ */
	SOCK_V6ONLY = 1 << 12,     /* IPV6_V6ONLY is set (netlink only) */
	SOCK_FROM_PROC = 1 << 13,
	/*
	 * /proc/net/unix does not escape line ends, so a name can forge lines.
	 * Two lines claimed this inode: name and state cannot be believed.
	 */
	SOCK_DOUBTFUL = 1 << 14,
};

/* v4 is kept as v4-mapped v6, so that equal addresses are equal bytes. */
struct sock_addr {
	uint8_t ip[16];
};

struct sock_info_inet {
	struct sock_addr local, remote;
	uint16_t lport, rport; /* host order; of a ping socket lport is the id */
	uint32_t ifindex;      /* bound to that interface; 0: none */
};

struct sock_info_unix {
	const char *name;      /* hostile bytes, NUL inside; NULL: not bound */
	const uint32_t *icons; /* inodes of the clients in a listener's backlog */
	uint32_t peer;         /* inode of the other end; 0: none */
	uint32_t vfs_dev;      /* in the kernel's encoding: major << 20 | minor */
	uint32_t vfs_ino;      /* low 32 bits, as the kernel gives them */
	uint32_t n_icons;
	uint16_t name_len;
};

struct sock_info_netlink {
	const uint8_t *groups; /* bit n-1 of byte order host: member of group n */
	uint32_t groups_len;   /* bytes */
	uint32_t portid, dst_portid, dst_group;
	uint32_t drops;
};

struct sock_info_link { /* packet and xdp */
	uint32_t ifindex, fanout, queue;
	uint32_t version, flags, memberships; /* packet: TPACKET_V*, PDI_* */
};

struct sock_info_vsock {
	uint32_t local_cid, local_port, remote_cid, remote_port;
};

struct sock_info {
	uint64_t inode;          /* 0: no descriptor has it yet or any more */
	uint64_t cookie;         /* SO_COOKIE: never reused while the kernel runs */
	uint32_t netns;          /* inode of the network namespace */
	uint32_t uid;            /* of the inode's owner, in our user namespace */
	uint32_t rqueue, wqueue; /* bytes; of UDP with the kernel's overhead */
	uint32_t expires;        /* of the timer, ms */
	uint16_t protocol;       /* IPPROTO_*, NETLINK_*, ETH_P_* */
	uint16_t has;            /* enum sock_has */
	uint8_t table;           /* enum sock_table */
	uint8_t family;          /* AF_* */
	uint8_t type;            /* SOCK_*; 0: not known */
	uint8_t state;           /* the number of TCP_*, of SCTP its own */
	uint8_t timer;           /* 0 none, 1 retransmit, 2 keepalive, 3 timewait, 4 probe */
	uint8_t retrans;         /* consecutive retransmissions that timed out */
	uint8_t shutdown;        /* 1: receiving ended, 2: sending ended */
	union {
		struct sock_info_inet in;
		struct sock_info_unix un;
		struct sock_info_netlink nl;
		struct sock_info_link link;
		struct sock_info_vsock vm;
	};
	const struct sock_more *more; /* NULL: not asked for, or nothing known */
};

enum sock_more_has {
	SOCK_MORE_TCP = 1 << 0,
	SOCK_MORE_MEM = 1 << 1,
	SOCK_MORE_OPT = 1 << 2,
	SOCK_MORE_TOS = 1 << 3,
	SOCK_MORE_TCLASS = 1 << 4,
	SOCK_MORE_MARK = 1 << 5, /* only with CAP_NET_ADMIN */
	SOCK_MORE_CGROUP = 1 << 6,
};

/* Headline of tcp_info, times in microseconds. What an old kernel lacks is 0. */
struct sock_tcp {
	uint64_t bytes_acked, bytes_received, bytes_sent, bytes_retrans;
	uint64_t delivery_rate, pacing_rate; /* bytes a second */
	uint32_t rto, rtt, rttvar, min_rtt;
	uint32_t snd_cwnd, snd_ssthresh, snd_mss, rcv_mss, pmtu;
	uint32_t unacked, sacked, lost, retrans, total_retrans; /* segments */
	uint32_t notsent;                                       /* bytes */
	uint32_t last_data_sent, last_data_recv;                /* ms ago */
	uint32_t snd_wnd, rcv_space, rcv_ooopack;
	uint8_t snd_wscale, rcv_wscale, options, ca_state;
};

enum sock_opt {
	SOCK_OPT_RECVERR = 1 << 0,
	SOCK_OPT_FREEBIND = 1 << 2,
	SOCK_OPT_HDRINCL = 1 << 3,
	SOCK_OPT_MC_LOOP = 1 << 4,
	SOCK_OPT_TRANSPARENT = 1 << 5,
	SOCK_OPT_MC_ALL = 1 << 6,
	SOCK_OPT_NODEFRAG = 1 << 7,
	SOCK_OPT_BIND_NO_PORT = 1 << 8,
	SOCK_OPT_RECVERR_4884 = 1 << 9,
	SOCK_OPT_DEFER_CONNECT = 1 << 10,
};

struct sock_more {
	uint32_t has; /* enum sock_more_has */
	uint32_t rmem, rcvbuf, wmem, sndbuf, fwd_alloc, wmem_queued, optmem, backlog, drops;
	uint32_t opt; /* enum sock_opt */
	uint32_t mark;
	uint64_t cgroup;
	uint8_t tos, tclass;
	char congestion[16]; /* empty: not known */
	char ulp[16];        /* "tls" */
	struct sock_tcp tcp;
};

/*
 * One parsed socket on its way into a table. Pointers in info (name, icons,
 * groups) point into the text or message parsed, info.more is not set.
 */
struct sock_draft {
	struct sock_info info;
	struct sock_more more; /* valid if more.has, a name or both */
};

/* Takes what a parser found. Returns 0, or -errno to stop parsing. */
typedef int sock_sink(void *arg, const struct sock_draft *draft);

bool sock_is_inet(const struct sock_info *s); /* s->in is the valid part */
struct sock_addr sock_addr_v4(const void *ip);
bool sock_addr_is_v4(const struct sock_addr *a);
bool sock_addr_is_any(const struct sock_addr *a); /* 0.0.0.0 or :: */
bool sock_addr_is_loopback(const struct sock_addr *a);
bool sock_addr_equal(const struct sock_addr *a, const struct sock_addr *b);

/*
 * "10.0.0.5:443", "[::1]:80", "[fe80::1%3]:80", "2:1024" (vsock: cid:port,
 * * for any). Nothing for a family without addresses, and for the remote end
 * when there is none. ASCII, safe to print.
 */
void sock_local_text(struct buf *out, const struct sock_info *s);
void sock_remote_text(struct buf *out, const struct sock_info *s);
bool sock_has_remote(const struct sock_info *s);

/*
 * The name of a bound unix socket as raw bytes: a path, or "@" and the bytes
 * of an abstract name. Hostile: for text_display(). Nothing if not bound.
 */
void sock_unix_name(struct buf *out, const struct sock_info *s);
bool sock_unix_is_abstract(const struct sock_info *s);

/* Static words; numbers without a name give NULL. */
const char *sock_table_name(enum sock_table t);         /* "tcp" */
const char *sock_state_name(const struct sock_info *s); /* "ESTABLISHED", "LISTEN" */
const char *sock_type_name(unsigned type);              /* "SOCK_STREAM" */
const char *sock_family_name(unsigned family);          /* "AF_INET6" */
const char *sock_timer_name(unsigned timer);            /* "keepalive" */
const char *sock_netlink_name(unsigned protocol);       /* "NETLINK_ROUTE" */

#endif
