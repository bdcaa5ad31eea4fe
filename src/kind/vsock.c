/* SPDX-License-Identifier: MIT */
/* Sockets between a virtual machine and its host. See vsock(7). */
#include "src/kind/kinds.h"
#include "src/kind/peek.h"
#include "src/kind/socket.h"

static bool vsock_match(const struct fdent *e)
{
	return fdent_sock_table(e) == SOCK_TABLE_VSOCK;
}

const struct kind kind_vsock = {
	.name = "vsock",
	.means = "socket between a virtual machine and its host",
	.match = vsock_match,
	.facts = socket_facts,
	.brief = "[LISTEN {listening?}]{local}[ -> {remote}][{listening~} {state}]"
		 "[{unlisted?}{local~}{protocol_name}]",
	.peek = peek_socket,
	.op = {
		SOCKET_CELLS,
		CELL_NO_SEND,
		CELL_HOLD("delays the end of the connection; of a listener it keeps the port"),
		[OP_TALK] = { EFFECT_ALTER, "takes bytes that the target would have received, and "
					    "sends in its name" },
		[OP_SHUTDOWN] = { EFFECT_ALTER, "ends a direction for the target and its peer" },
		CELL_NO(OP_ABORT, "the kernel ends only TCP, UDP and raw sockets at once; shutdown "
				  "both ends its directions"),
	},
};
