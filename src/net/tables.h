/* SPDX-License-Identifier: MIT */
/*
 * The sockets of any number of network namespaces, found by inode and by who
 * is at the other end. Loading asks the kernel over NETLINK_SOCK_DIAG and
 * falls back to /proc/PID/net where a table or the permission is missing. No
 * effect on any target; never blocks for long: netlink has a time limit.
 */
#ifndef NET_TABLES_H
#define NET_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/fail.h"
#include "src/net/sock.h"

struct sock_tables;

/*
 * What to load: 1 << enum sock_table, and extensions. The kernel may load a
 * module for a table that is asked for, so ask for the common ones first and
 * for the rare ones only while sockets stay unknown: a second call for the
 * same namespace loads what is still missing.
 */
#define SOCK_WANT(table) (1u << (table))
#define SOCK_WANT_COMMON                                                                           \
	(SOCK_WANT(SOCK_TABLE_TCP) | SOCK_WANT(SOCK_TABLE_UDP) | SOCK_WANT(SOCK_TABLE_UNIX) |      \
	 SOCK_WANT(SOCK_TABLE_NETLINK))
#define SOCK_WANT_ALL  (SOCK_WANT(SOCK_TABLES) - 1)
#define SOCK_WANT_RARE (SOCK_WANT_ALL & ~SOCK_WANT_COMMON)

#define SOCK_WANT_INFO  (1u << 24) /* tcp_info, congestion control, options */
#define SOCK_WANT_MEM   (1u << 25) /* buffer sizes */
#define SOCK_WANT_ADDRS (1u << 26) /* the namespace's own addresses: for UDP peers */
#define SOCK_WANT_PROC  (1u << 30) /* never netlink, always /proc: for tests */

enum sock_source { SOCK_SOURCE_NONE, SOCK_SOURCE_NETLINK, SOCK_SOURCE_PROC };

/* What became of one table of one namespace: failure is data. */
struct sock_table_state {
	enum sock_source source; /* NONE: not loaded, see err */
	int err;                 /* why netlink was not used, or no source: errno */
	const char *call;        /* which call failed; static */
	bool changed;            /* the kernel says it changed while being read */
	uint32_t n;              /* sockets */
};

struct sock_netns {
	uint64_t ino;
	bool own;       /* the one that we are in */
	unsigned asked; /* SOCK_WANT_* bits of all calls */
	int setns_err;  /* 0, or why its netlink is out of reach: errno */
	const char *setns_call;
	struct sock_table_state table[SOCK_TABLES];
};

struct sock_tables *sock_tables_new(void);
void sock_tables_free(struct sock_tables *t); /* NULL is fine */

/*
 * Load one network namespace, that of the process whose /proc directory is
 * given, once: what was loaded before is not read again, nor are extensions
 * added to it. netns_ino is the inode of its ns/net (0: not known, because
 * that link may not be read: /proc only, and the rows have netns 0).
 *
 * Returns 0 when at least one table came in, -ESTALE when the process is in
 * another namespace by now, or -errno when nothing could be had. f, which may
 * be NULL, tells the last failure; per table see sock_tables_netns().
 *
 * Not thread-safe against other calls on the same t. A foreign namespace is
 * entered by a thread of its own (setns(2), needs CAP_SYS_ADMIN there), never
 * by the caller. Records found before stay where they are.
 */
int sock_tables_add_netns(struct sock_tables *t, int proc_pid_dir, uint64_t netns_ino,
			  unsigned what, struct fail *f);

/* Inode of the calling process's network namespace, or 0. */
uint64_t sock_own_netns(void);

/* Namespaces loaded so far. */
size_t sock_tables_n_netns(const struct sock_tables *t);
const struct sock_netns *sock_tables_netns(const struct sock_tables *t, size_t i);
const struct sock_netns *sock_tables_find_netns(const struct sock_tables *t, uint64_t ino);

/*
 * A socket may be in no table: TCP, UDP and netlink ones before they have an
 * address, and kinds of which the kernel
 * tells nothing (CAN, AF_ALG; vsock, XDP, TIPC, SMC without their diag module).
 */

/*
 * From here on all is const, and safe from many threads between loads.
 * Records live as long as t.
 */
const struct sock_info *sock_tables_find(const struct sock_tables *t, uint64_t inode);
size_t sock_tables_count(const struct sock_tables *t);
const struct sock_info *sock_tables_at(const struct sock_tables *t, size_t i);

/*
 * The sockets at the other end of s, in all loaded namespaces: up to max of
 * them into out; returns how many there are.
 *
 * unix: its peer, those that are connected to it, and for a client that was
 * not accepted yet, the listener. TCP, SCTP, DCCP: the socket with the reversed
 * addresses, of the same namespace for loopback addresses, else of any; its
 * inode is 0 while nobody accepted it. UDP: likewise if connected; where there
 * is no such, the unconnected sockets bound to the remote address; and for an
 * unconnected one, those connected to it (a wildcard address takes
 * SOCK_WANT_ADDRS). vsock: likewise by cid and port.
 */
size_t sock_tables_peers(const struct sock_tables *t, const struct sock_info *s,
			 const struct sock_info **out, size_t max);

/* The listener in whose backlog s waits to be accepted (s->inode == 0), or NULL. */
const struct sock_info *sock_tables_listener(const struct sock_tables *t,
					     const struct sock_info *s);

/* Bytes of memory in use. */
size_t sock_tables_memory(const struct sock_tables *t);

#endif
