/* SPDX-License-Identifier: MIT */
/* Local sockets. See unix(7). */
#include <sys/sysmacros.h>

#include "src/base/buf.h"
#include "src/kind/kinds.h"
#include "src/kind/peek.h"
#include "src/kind/socket.h"

static bool unix_match(const struct fdent *e)
{
	return fdent_sock_table(e) == SOCK_TABLE_UNIX;
}

static void emit_name(const struct sock_info *s, struct facts *out)
{
	autobuf name = BUF_INIT;

	if (!s->un.name_len)
		return;
	sock_unix_name(&name, s);
	fact_bytes(out, "path", buf_str(&name), name.len);
	if (sock_unix_is_abstract(s))
		fact_bool(out, "abstract", true);
	if (s->has & SOCK_HAS_VFS) {
		emit_dev(out, "path_dev", dev_of_kernel(s->un.vfs_dev));
		fact_u64(out, "path_ino", s->un.vfs_ino);
	}
}

static void unix_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	const struct sock_info *s = e->sock;
	uint64_t in_flight;

	socket_facts(e, ctx, out);
	/* Descriptors in flight in its queue: since Linux 5.10. */
	if (info_u64(e, "scm_fds", 10, &in_flight))
		fact_u64(out, "scm_fds", in_flight);
	if (!s)
		return;
	emit_name(s, out);
	if ((s->has & SOCK_HAS_PEER) && s->un.peer)
		fact_u64(out, "peer_inode", s->un.peer);
	if (!s->un.n_icons)
		return;
	fact_list(out, "pending"); /* inodes of clients that wait for accept(2) */
	for (uint32_t i = 0; i < s->un.n_icons; i++)
		fact_u64(out, NULL, s->un.icons[i]);
	fact_end_list(out);
}

const struct kind kind_unix = {
	.name = "unix",
	.means = "local socket",
	.match = unix_match,
	.facts = unix_facts,
	.brief = "[{type-SOCK_}][ LISTEN{listening?}][ {path}][, {scm_fds} descriptors in flight]",
	.peek = peek_socket,
	.op = {
		SOCKET_CELLS,
		CELL_NO_SEND,
		CELL_HOLD("delays the end of file at its peer; of a listener, connections go on "
			  "queueing that nobody accepts"),
		[OP_TALK] = { EFFECT_ALTER, "takes data that the target would have received, and "
					    "sends in its name" },
		[OP_SHUTDOWN] = { EFFECT_ALTER, "ends a direction for the target and its peer" },
		CELL_NO(OP_ABORT, "the kernel cannot end a local connection at once; shutdown both "
				  "ends its directions"),
	},
};
