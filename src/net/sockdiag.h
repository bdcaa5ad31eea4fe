/* SPDX-License-Identifier: MIT */
/*
 * Parsers of NETLINK_SOCK_DIAG replies, see sock_diag(7). Pure functions over
 * bytes, which may be truncated or hostile: whoever has CAP_NET_ADMIN in a
 * namespace can send netlink messages there.
 */
#ifndef NET_SOCKDIAG_H
#define NET_SOCKDIAG_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/net/sock.h"

/* What was asked: the reply does not repeat it. */
struct sockdiag_query {
	enum sock_table table;
	uint8_t type;      /* SOCK_*, 0 when the reply tells */
	uint16_t protocol; /* IPPROTO_*, 0 when the reply tells */
	uint32_t netns;    /* for the records */
	uint32_t seq;      /* of our request; messages of others are skipped */
	bool more;         /* fill sock_draft.more too */
};

/*
 * A whole message is in `left` bytes. mnl_nlmsg_ok(3) takes a length above
 * INT_MAX for a small one, and then mnl_nlmsg_next(3) never gets anywhere; and
 * mnl_attr_for_each(3) goes on to the next multiple of four.
 */
bool sockdiag_message_ok(const struct nlmsghdr *h, int left);

/*
 * Parse one datagram of a dump, 4-byte aligned, and pass every socket to sink. Returns 1 while
 * more is to come, 0 at the end of the dump, -errno as the kernel answered
 * (-ENOENT, -EINVAL: no such table), -EBADMSG for what is no netlink message,
 * or what sink returned. *changed is set, never cleared, when the table
 * changed while it was read (NLM_F_DUMP_INTR).
 */
int sockdiag_parse(const struct sockdiag_query *q, const void *msg, size_t len, sock_sink *sink,
		   void *arg, bool *changed);

#endif
