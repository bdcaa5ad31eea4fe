/* SPDX-License-Identifier: MIT */
/*
 * Parsers of /proc/PID/net, see proc_pid_net(5): what there is without
 * netlink. Pure functions over text, which may be truncated or hostile (names
 * of unix sockets may hold line ends).
 */
#ifndef NET_PROCNET_H
#define NET_PROCNET_H

#include <stddef.h>
#include <stdint.h>

#include "src/net/sock.h"

enum procnet_format {
	PROCNET_INET4, /* tcp, udp, udplite, raw, icmp */
	PROCNET_INET6,
	PROCNET_UNIX,
	PROCNET_NETLINK,
	PROCNET_PACKET,
	PROCNET_SCTP_EPS,
	PROCNET_SCTP_ASSOCS,
	PROCNET_BLUETOOTH,
};

/* One file below /proc/PID/net and what its lines are. */
struct procnet_file {
	const char *path;
	enum procnet_format format;
	enum sock_table table;
	uint8_t type;
	uint16_t protocol;
};

/*
 * The i-th file of a table, or NULL after the last one. A table without files
 * is in netlink only.
 */
const struct procnet_file *procnet_file(enum sock_table t, size_t i);

/*
 * Pass every socket of text[0..len) to sink; lines that are none are skipped.
 * Returns 0, or what sink returned.
 */
int procnet_parse(const struct procnet_file *file, uint32_t netns, const char *text, size_t len,
		  sock_sink *sink, void *arg);

/* Addresses of the namespace itself, from fib_trie and if_inet6. */
typedef void procnet_addr_sink(void *arg, const struct sock_addr *a);
void procnet_parse_fib_trie(const char *text, size_t len, procnet_addr_sink *sink, void *arg);
void procnet_parse_if_inet6(const char *text, size_t len, procnet_addr_sink *sink, void *arg);

#endif
