/* SPDX-License-Identifier: MIT */
/* Filesystems while they are configured. See fsopen(2). */
#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/peek.h"

static bool fscontext_match(const struct fdent *e)
{
	return fdent_is_anon_or_has(e, "fscontext", NULL);
}

/* The kernel tells nothing of it but its messages, and a read takes those. */
static void fscontext_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	(void)ctx;
	if (e->have & HAVE_LINK)
		fact_bytes(out, "type", e->name, e->name_len);
}

const struct kind kind_fscontext = {
	.name = "fscontext",
	.means = "filesystem that is being configured",
	.match = fscontext_match,
	.facts = fscontext_facts,
	.brief = "filesystem configuration",
	.peek = peek_state,
	.op = {
		CELLS_LOOK,
		CELL_PEEK_STATE,
		CELL_NO_SEND,
		CELL_NO_DUMP("a filesystem context has messages, which a read would take"),
		[OP_READ] = { EFFECT_CONSUME, "takes a message about the configuration that the "
					      "target would have read" },
		CELL_NO(OP_WRITE, "a filesystem context has no write(2)"),
		CELL_NO(OP_SEEK, "a filesystem context has no position"),
		CELL_HOLD("keeps the filesystem that was made, and its device busy"),
		CELL_NO_STREAM("a filesystem context is no stream"),
	},
};
