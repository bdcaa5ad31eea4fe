/* SPDX-License-Identifier: MIT */
/* Performance counters. See perf_event_open(2). */
#include <errno.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>

#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/peek.h"

static bool perf_match(const struct fdent *e)
{
	return fdent_is_anon_or_has(e, "perf_event", NULL);
}

/* fdinfo says nothing of a perf event; its id is all that may be asked. */
static void perf_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	uint64_t id;

	(void)e;
	if (ctx->grab < 0 || !facts_wants(out, "id"))
		return;
	if (ioctl(ctx->grab, PERF_EVENT_IOC_ID, &id) < 0)
		fact_fail(out, "id", "ioctl(PERF_EVENT_IOC_ID)", errno);
	else
		fact_u64(out, "id", id);
}

const struct kind kind_perf = {
	.name = "perf",
	.means = "performance counter",
	.match = perf_match,
	.facts = perf_facts,
	.brief = "perf_event[ id {id}]",
	.peek = peek_state,
	.op = {
		CELLS_LOOK,
		CELL_PEEK_STATE,
		CELL_NO_SEND,
		CELL_NO_DUMP("a counter is one number, read tells it; samples are in memory that "
			     "the target maps"),
		[OP_READ] = { EFFECT_SHARED, "reads the counter, which keeps its value; counts "
					     "that were pending are folded in" },
		CELL_NO(OP_WRITE, "a counter has no write(2)"),
		CELL_NO(OP_SEEK, "a counter has no position"),
		CELL_HOLD("keeps the event counting, and its group together"),
		CELL_NO_STREAM("a counter is no stream"),
	},
};
