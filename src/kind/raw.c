/* SPDX-License-Identifier: MIT */
/* Raw IP and ICMP echo sockets. See raw(7), icmp(7). */
#include <netinet/in.h>

#include "src/kind/kinds.h"
#include "src/kind/peek.h"
#include "src/kind/socket.h"

static const struct word protocols[] = {
	{ IPPROTO_ICMP, "ICMP" }, { IPPROTO_IGMP, "IGMP" },
	{ IPPROTO_TCP, "TCP" },   { IPPROTO_UDP, "UDP" },
	{ IPPROTO_GRE, "GRE" },   { IPPROTO_ESP, "ESP" },
	{ IPPROTO_AH, "AH" },     { IPPROTO_ICMPV6, "ICMPV6" },
	{ 89, "OSPF" },           { IPPROTO_PIM, "PIM" },
	{ 112, "VRRP" },          { IPPROTO_SCTP, "SCTP" },
	{ IPPROTO_RAW, "RAW" },
};

static bool raw_match(const struct fdent *e)
{
	return fdent_sock_table(e) == SOCK_TABLE_RAW;
}

static void raw_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	const char *name = NULL;

	socket_facts(e, ctx, out);
	if (e->sock)
		name = word_of(protocols, sizeof(protocols) / sizeof(protocols[0]),
			       e->sock->protocol);
	if (name)
		fact_text(out, "protocol_name", name);
}

const struct kind kind_raw = {
	.name = "raw",
	.means = "raw IP socket",
	.match = raw_match,
	.facts = raw_facts,
	.brief = "{protocol_name}[ {local}][ -> {remote}]",
	.peek = peek_socket,
	.op = {
		SOCKET_CELLS,
		CELL_NO_SEND,
		CELL_HOLD("packets go on queueing in it"),
		[OP_TALK] = { EFFECT_ALTER, "takes packets that the target would have received, "
					    "and sends in its name" },
		[OP_SHUTDOWN] = { EFFECT_ALTER, "ends a direction for the target, if it is "
						"connected" },
		[OP_ABORT] = { EFFECT_ALTER, "disconnects it: the target gets ECONNABORTED" },
	},
};

static bool icmp_match(const struct fdent *e)
{
	return fdent_sock_table(e) == SOCK_TABLE_PING;
}

const struct kind kind_icmp = {
	.name = "icmp",
	.means = "ICMP echo socket",
	.match = icmp_match,
	.facts = socket_facts,
	.brief = "{local}[ -> {remote}]",
	.peek = peek_socket,
	.op = {
		SOCKET_CELLS,
		CELL_NO_SEND,
		CELL_HOLD("keeps its identifier; replies go on queueing"),
		[OP_TALK] = { EFFECT_ALTER, "takes replies that the target would have received, "
					    "and sends in its name" },
		[OP_SHUTDOWN] = { EFFECT_ALTER, "ends a direction for the target, if it is "
						"connected" },
		CELL_NO(OP_ABORT, "an ICMP echo socket has no connection to end"),
	},
};
