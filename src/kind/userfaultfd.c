/* SPDX-License-Identifier: MIT */
/* Page faults handled by a program. See userfaultfd(2). */
#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/peek.h"

static bool userfaultfd_match(const struct fdent *e)
{
	return fdent_is_anon_or_has(e, "userfaultfd", "API");
}

/* "API: aa:0:80000000000001ff": version, features in use, features there are. */
static void userfaultfd_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	static const struct info_field fields[] = {
		{ "pending", "pending", FACT_U64, 10 },
		{ "total", "total", FACT_U64, 10 },
	};

	(void)ctx;
	emit_info(e, fields, 2, out);
	emit_info_text(e, "API", "api", out);
}

const struct kind kind_userfaultfd = {
	.name = "userfaultfd",
	.means = "page faults handled by a program",
	.match = userfaultfd_match,
	.facts = userfaultfd_facts,
	.brief = "userfaultfd[, {pending} pending]",
	.peek = peek_state,
	.op = {
		CELLS_LOOK,
		CELL_PEEK_STATE,
		CELL_NO_SEND,
		CELL_NO_DUMP("a userfaultfd has events, which a read would take: show prints its "
			     "state"),
		[OP_READ] = { EFFECT_CONSUME, "takes page faults that the target would have "
					      "handled: threads that wait for them hang" },
		CELL_NO(OP_WRITE, "a userfaultfd has no write(2)"),
		CELL_NO(OP_SEEK, "a userfaultfd has no position"),
		CELL_HOLD("keeps its ranges registered: faults that nobody handles hang their "
			  "threads until we release it"),
		CELL_NO_STREAM("a userfaultfd is no stream"),
	},
};
