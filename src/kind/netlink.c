/* SPDX-License-Identifier: MIT */
/* Sockets to the kernel. See netlink(7). */
#include "src/kind/kinds.h"
#include "src/kind/peek.h"
#include "src/kind/socket.h"

static bool netlink_match(const struct fdent *e)
{
	return fdent_sock_table(e) == SOCK_TABLE_NETLINK;
}

static void emit_groups(const struct sock_info_netlink *nl, struct facts *out)
{
	if (!facts_wants(out, "groups"))
		return;
	fact_list(out, "groups");
	for (uint32_t bit = 0; bit < nl->groups_len * 8; bit++) {
		/* Words of the kernel, of 32 or 64 bits, in our byte order. */
		uint32_t byte = bit / 8;

		if (nl->groups[byte] >> (bit % 8) & 1)
			fact_u64(out, NULL, bit + 1);
	}
	fact_end_list(out);
}

static void netlink_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	const struct sock_info *s = e->sock;

	socket_facts(e, ctx, out);
	if (!s)
		return;
	fact_u64(out, "portid", s->nl.portid);
	if (s->nl.dst_portid)
		fact_u64(out, "dst_portid", s->nl.dst_portid);
	if (s->nl.dst_group)
		fact_u64(out, "dst_group", s->nl.dst_group);
	if (s->has & SOCK_HAS_DROPS)
		fact_u64(out, "nl_drops", s->nl.drops);
	if (s->nl.groups)
		emit_groups(&s->nl, out);
}

const struct kind kind_netlink = {
	.name = "netlink",
	.means = "socket to the kernel",
	.match = netlink_match,
	.facts = netlink_facts,
	.brief = "{protocol_name}[, port {portid}][, groups {groups.*}]",
	.peek = peek_socket,
	.op = {
		SOCKET_CELLS,
		CELL_NO_SEND,
		CELL_HOLD("keeps its groups: messages go on queueing, and are counted as lost"),
		[OP_TALK] = { EFFECT_ALTER, "takes messages of the kernel, and sends it requests "
					    "with our rights" },
		CELL_NO(OP_SHUTDOWN, "a netlink socket has no direction to end"),
		CELL_NO(OP_ABORT, "a netlink socket has no connection to end"),
	},
};
