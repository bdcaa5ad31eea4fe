/* SPDX-License-Identifier: MIT */
/* Sockets of a family that has no kind of its own: SCTP, TIPC, CAN, AF_ALG, ... */
#include "src/kind/kinds.h"
#include "src/kind/peek.h"
#include "src/kind/socket.h"

const struct kind kind_socket = {
	.name = "socket",
	.means = "socket of another family",
	.match = fdent_is_socket,
	.facts = socket_facts,
	.brief = "{protocol_name}[ {local}][ -> {remote}][ {state}]",
	.peek = peek_socket,
	.op = {
		SOCKET_CELLS,
		CELL_NO_SEND,
		CELL_HOLD("delays what waits for its close"),
		[OP_TALK] = { EFFECT_ALTER, "takes data that the target would have received, and "
					    "sends in its name" },
		[OP_SHUTDOWN] = { EFFECT_ALTER, "ends a direction for the target too" },
		CELL_NO(OP_ABORT, "the kernel ends only TCP, UDP and raw sockets at once; shutdown "
				  "ends a direction"),
	},
};
