/* SPDX-License-Identifier: MIT */
/* Frames of an interface. See packet(7). */
#include <linux/if_ether.h>

#include "src/kind/kinds.h"
#include "src/kind/peek.h"
#include "src/kind/socket.h"

static const struct word protocols[] = {
	{ ETH_P_ALL, "ETH_P_ALL" }, { ETH_P_IP, "ETH_P_IP" },       { ETH_P_IPV6, "ETH_P_IPV6" },
	{ ETH_P_ARP, "ETH_P_ARP" }, { ETH_P_LLDP, "ETH_P_LLDP" },   { ETH_P_8021Q, "ETH_P_8021Q" },
	{ ETH_P_PAE, "ETH_P_PAE" }, { ETH_P_802_2, "ETH_P_802_2" }, { ETH_P_1588, "ETH_P_1588" },
};

static bool packet_match(const struct fdent *e)
{
	return fdent_sock_table(e) == SOCK_TABLE_PACKET;
}

static void packet_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	const struct sock_info *s = e->sock;
	const char *name;

	socket_facts(e, ctx, out);
	if (!s)
		return;
	name = word_of(protocols, sizeof(protocols) / sizeof(protocols[0]), s->protocol);
	if (name)
		fact_text(out, "protocol_name", name);
	if (s->link.ifindex)
		fact_u64(out, "ifindex", s->link.ifindex);
	if (s->has & SOCK_HAS_FANOUT)
		fact_u64(out, "fanout", s->link.fanout);
	fact_u64(out, "version", s->link.version);
	if (s->link.memberships)
		fact_u64(out, "memberships", s->link.memberships);
}

const struct kind kind_packet = {
	.name = "packet",
	.means = "frames of an interface",
	.match = packet_match,
	.facts = packet_facts,
	.brief = "{protocol_name}[ interface {ifindex}]",
	.peek = peek_socket,
	.op = {
		SOCKET_CELLS,
		CELL_NO_SEND,
		CELL_HOLD("frames go on queueing in it, and promiscuous mode stays on"),
		[OP_TALK] = { EFFECT_ALTER, "takes frames that the target would have received, and "
					    "sends others" },
		CELL_NO(OP_SHUTDOWN, "a packet socket has no direction to end"),
		CELL_NO(OP_ABORT, "a packet socket has no connection to end"),
	},
};
