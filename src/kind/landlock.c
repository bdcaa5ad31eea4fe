/* SPDX-License-Identifier: MIT */
/* Rules of a sandbox. See landlock(7). */
#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/peek.h"

static bool landlock_match(const struct fdent *e)
{
	return fdent_is_anon_or_has(e, "landlock-ruleset", NULL);
}

/* The kernel tells nothing of a ruleset, by fdinfo or otherwise. */
static void landlock_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	(void)ctx;
	if (e->have & HAVE_LINK)
		fact_bytes(out, "type", e->name, e->name_len);
}

const struct kind kind_landlock = {
	.name = "landlock",
	.means = "rules of a sandbox",
	.match = landlock_match,
	.facts = landlock_facts,
	.brief = "landlock ruleset",
	.peek = peek_state,
	.op = {
		CELLS_LOOK,
		CELL_PEEK_STATE,
		CELL_NO_SEND,
		CELL_NO_DUMP("the kernel does not tell the rules"),
		CELL_NO(OP_READ, "read(2) on a ruleset is EINVAL"),
		CELL_NO(OP_WRITE, "write(2) on a ruleset is EINVAL"),
		CELL_NO(OP_SEEK, "a ruleset has no position"),
		CELL_HOLD("keeps the ruleset, and the directories of its rules"),
		CELL_NO_STREAM("a ruleset is no stream"),
	},
};
