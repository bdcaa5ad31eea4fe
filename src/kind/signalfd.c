/* SPDX-License-Identifier: MIT */
/* Signals as descriptors. See signalfd(2). */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/peek.h"

/* Signals above the first 31: kill -l of the shell counts from SIGRTMIN, 34. */
#define FIRST_REALTIME 34

static bool signalfd_match(const struct fdent *e)
{
	return fdent_is_anon_or_has(e, "signalfd", "sigmask");
}

static void emit_signal(struct facts *out, int number)
{
	const char *name = number < 32 ? sigabbrev_np(number) : NULL;
	char text[32];

	if (name)
		snprintf(text, sizeof(text), "SIG%s", name);
	else if (number == FIRST_REALTIME)
		snprintf(text, sizeof(text), "SIGRTMIN");
	else if (number > FIRST_REALTIME)
		snprintf(text, sizeof(text), "SIGRTMIN+%d", number - FIRST_REALTIME);
	else
		snprintf(text, sizeof(text), "%d", number);
	fact_text(out, NULL, text);
}

static void signalfd_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	uint64_t mask;

	(void)ctx;
	if (!info_u64(e, "sigmask", 16, &mask))
		return;
	fact_hex(out, "sigmask", mask);
	if (!facts_wants(out, "signals"))
		return;
	fact_list(out, "signals");
	for (int i = 0; i < 64; i++)
		if (mask >> i & 1)
			emit_signal(out, i + 1);
	fact_end_list(out);
}

const struct kind kind_signalfd = {
	.name = "signalfd",
	.means = "signals as data",
	.match = signalfd_match,
	.facts = signalfd_facts,
	.brief = "{signals.*}",
	.peek = peek_state,
	.op = {
		CELLS_LOOK,
		CELL_PEEK_STATE,
		CELL_NO_SEND,
		CELL_NO_DUMP("a signalfd has no contents: show prints its mask"),
		CELL_NO(OP_READ, "a signalfd gives the signals of the process that reads: ours, "
				 "never the target's; show prints its mask"),
		CELL_NO(OP_WRITE, "write(2) on a signalfd is EINVAL; signal sends one"),
		CELL_NO(OP_SEEK, "a signalfd has no position"),
		CELL_HOLD("keeps only the mask: a copy reports signals of the process that reads "
			  "it"),
		CELL_NO_STREAM("a signalfd is no stream"),
	},
};
