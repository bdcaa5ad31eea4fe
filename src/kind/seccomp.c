/* SPDX-License-Identifier: MIT */
/* Listeners of a seccomp filter. See seccomp_unotify(2). */
#include <poll.h>

#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/peek.h"

static bool seccomp_match(const struct fdent *e)
{
	return fdent_is_anon_or_has(e, "seccomp notify", NULL);
}

/* fdinfo says nothing; poll(2) tells, and takes no notification. */
static void seccomp_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	struct pollfd p = { .fd = ctx->grab, .events = POLLIN };

	(void)e;
	if (ctx->grab < 0 || poll(&p, 1, 0) < 0)
		return;
	fact_bool(out, "pending", (p.revents & POLLIN) != 0);
	fact_bool(out, "filter_unused", (p.revents & POLLHUP) != 0); /* since Linux 5.9 */
}

const struct kind kind_seccomp = {
	.name = "seccomp",
	.means = "listener of a system call filter",
	.match = seccomp_match,
	.facts = seccomp_facts,
	.brief = "seccomp notify[, calls are waiting{pending?}]",
	.peek = peek_state,
	.op = {
		CELLS_LOOK,
		CELL_PEEK_STATE,
		CELL_NO_SEND,
		CELL_NO_DUMP("a listener has notifications, which only its owner may take"),
		CELL_NO(OP_READ, "a listener has no read(2); taking a notification by ioctl(2) "
				 "would leave the caller waiting"),
		CELL_NO(OP_WRITE, "a listener has no write(2)"),
		CELL_NO(OP_SEEK, "a listener has no position"),
		CELL_HOLD("filtered system calls wait for an answer that nobody gives, instead of "
			  "failing with ENOSYS, until we release it"),
		CELL_NO_STREAM("a listener of a filter is no stream"),
	},
};
