/* SPDX-License-Identifier: MIT */
/* UDP and UDP-Lite. See udp(7), udplite(7). */
#include "src/kind/kinds.h"
#include "src/kind/peek.h"
#include "src/kind/socket.h"

static bool udp_match(const struct fdent *e)
{
	return fdent_sock_table(e) == SOCK_TABLE_UDP;
}

static bool udplite_match(const struct fdent *e)
{
	return fdent_sock_table(e) == SOCK_TABLE_UDPLITE;
}

#define UDP_CELLS                                                                                  \
	SOCKET_CELLS, CELL_NO_SEND,                                                                \
		CELL_HOLD("keeps the port; datagrams go on queueing, and with SO_REUSEPORT some "  \
			  "go to a socket that nobody reads"),                                     \
		[OP_TALK] = { EFFECT_ALTER, "takes datagrams that the target would have "          \
					    "received, and sends in its name" },                   \
		[OP_SHUTDOWN] = { EFFECT_ALTER, "ends a direction for the target, if it is "       \
						"connected" },                                     \
		[OP_ABORT] = { EFFECT_ALTER, "disconnects it: the target gets ECONNABORTED" }

const struct kind kind_udp = {
	.name = "udp",
	.means = "UDP socket",
	.match = udp_match,
	.facts = socket_facts,
	.brief = "{local}[ -> {remote}]"
		 "[{unlisted?}{local~}{protocol_name}, not bound, or of another namespace]",
	.peek = peek_socket,
	.op = { UDP_CELLS },
};

const struct kind kind_udplite = {
	.name = "udplite",
	.means = "UDP-Lite socket",
	.match = udplite_match,
	.facts = socket_facts,
	.brief = "{local}[ -> {remote}]"
		 "[{unlisted?}{local~}{protocol_name}, not bound, or of another namespace]",
	.peek = peek_socket,
	.op = { UDP_CELLS },
};
