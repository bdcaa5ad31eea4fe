/* SPDX-License-Identifier: MIT */
/* Talking NETLINK_SOCK_DIAG and NETLINK_ROUTE, also in another network namespace. */
#ifndef NET_DIAG_H
#define NET_DIAG_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>

#include "src/net/procnet.h"
#include "src/net/sockdiag.h"

#define DIAG_BUFFER (64 * 1024) /* the kernel fills at most 32 KiB a datagram */

/* Sockets of one namespace: a netlink socket stays in the one it was made in. */
struct diag {
	struct mnl_socket *sock, *route; /* route may be NULL */
	char *buffer;
	const char *call; /* the call that failed last; static */
	uint32_t seq;
};

/*
 * Open in the caller's namespace, or, if ns >= 0 (a descriptor of ns/net), in
 * that one, by a thread that enters it (setns(2)) and ends. Returns 0 or
 * -errno; EPERM without CAP_SYS_ADMIN there. diag_close() in either case.
 */
int diag_open(struct diag *d, int ns, bool want_route);
void diag_close(struct diag *d);

bool diag_has_table(enum sock_table t); /* is there a request for it at all? */

/*
 * Dump one table, all its families; of `what` the extensions count. Returns 0,
 * or -errno: ENOENT or EINVAL where the kernel has no such table, ETIMEDOUT
 * after two silent seconds. What was passed to sink before a failure is to be
 * dropped.
 */
int diag_dump(struct diag *d, enum sock_table t, unsigned what, uint32_t netns, sock_sink *sink,
	      void *arg, bool *changed);

/* The addresses of the namespace, RTM_GETADDR. Returns 0 or -errno. */
int diag_addresses(struct diag *d, procnet_addr_sink *sink, void *arg);

#endif
