/* SPDX-License-Identifier: MIT */
/* What no other kind takes: the kernel's own name and raw fdinfo, or nothing at all. */
#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/origin.h"
#include "src/kind/peek.h"

/* A path whose inode could not be looked at says nothing of what it is. */
static bool anon_match(const struct fdent *e)
{
	if (!(e->have & HAVE_LINK))
		return false;
	return (e->have & HAVE_STAT) || fdent_is_shared_anon(e) || !fdent_name_has(e, "/");
}

static void anon_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	const char *at = e->extra, *end = e->extra + e->extra_len;
	struct fdinfo_line line;

	(void)ctx;
	fact_bytes(out, "type", e->name, e->name_len);
	fact_list(out, "fdinfo");
	while (fdinfo_next(&at, end, &line))
		fact_bytes(out, NULL, line.key, (size_t)(line.value - line.key) + line.value_len);
	fact_end_list(out);
}

#define UNKNOWN_CELLS                                                                              \
	CELL_NO_SEND, CELL_NO(OP_PEEK, "filch does not know what a read would do to it"),          \
		CELL_NO_DUMP("filch does not know its contents"),                                  \
		[OP_READ] = { EFFECT_CONSUME, "a real read: what it takes is unknown" },           \
		[OP_WRITE] = { EFFECT_ALTER, "a real write: what it does is unknown" },            \
		CELL_NO(OP_SEEK, "filch does not know whether it has a position"),                 \
		CELL_HOLD("delays whatever waits for its last close"),                             \
		CELL_NO_STREAM("filch does not know whether it has another end")

const struct kind kind_anon = {
	.name = "anon",
	.means = "anything else that the kernel names",
	.match = anon_match,
	.facts = anon_facts,
	.brief = "{type}",
	.op = { CELLS_LOOK, UNKNOWN_CELLS },
};

static bool unknown_match(const struct fdent *e)
{
	(void)e;
	return true;
}

static void unknown_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	(void)e;
	(void)ctx;
	(void)out;
}

const struct kind kind_unknown = {
	.name = "unknown",
	.means = "not even its name could be read",
	.match = unknown_match,
	.facts = unknown_facts,
	.op = { CELLS_LOOK, UNKNOWN_CELLS },
};
