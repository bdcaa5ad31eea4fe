/* SPDX-License-Identifier: MIT */
/* Counters for events. See eventfd(2). */
#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/peek.h"

static bool eventfd_match(const struct fdent *e)
{
	return fdent_is_anon_or_has(e, "eventfd", "eventfd-count");
}

static void eventfd_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	static const struct info_field fields[] = {
		{ "eventfd-count", "count", FACT_U64, 16 },
		{ "eventfd-semaphore", "semaphore", FACT_BOOL, 10 }, /* since Linux 6.5 */
		{ "eventfd-id", "id", FACT_U64, 10 },                /* since Linux 5.2 */
	};

	(void)ctx;
	emit_info(e, fields, 3, out);
}

const struct kind kind_eventfd = {
	.name = "eventfd",
	.means = "counter for events",
	.match = eventfd_match,
	.facts = eventfd_facts,
	.brief = "[count {count!}][, semaphore{semaphore?}]",
	.peek = peek_state,
	.op = {
		CELLS_LOOK,
		CELL_PEEK_STATE,
		CELL_NO_SEND,
		CELL_NO_DUMP("an eventfd is one counter: show prints it"),
		[OP_READ] = { EFFECT_CONSUME, "takes the counter (of a semaphore: 1): who waits "
					      "for it is not woken" },
		[OP_WRITE] = { EFFECT_ALTER, "adds to the counter and wakes who waits for it" },
		CELL_NO(OP_SEEK, "an eventfd has no position"),
		CELL_HOLD("the target's epoll goes on reporting it after the target closed it"),
		CELL_NO_STREAM("an eventfd is no stream; read and write act on its counter"),
	},
};
