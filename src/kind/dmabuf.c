/* SPDX-License-Identifier: MIT */
/* Buffers shared between devices: Documentation/driver-api/dma-buf.rst */
#include <string.h>
#include <sys/stat.h>

#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/peek.h"

/* Its inode has no file type, so a file of that name is not mistaken for one. */
static bool dmabuf_match(const struct fdent *e)
{
	struct fdinfo_line line;

	if (e->have & HAVE_LINK)
		return fdent_name_has(e, "/dmabuf:") && (e->mode & S_IFMT) == 0;
	return e->extra && fdinfo_find(e->extra, e->extra_len, "exp_name", &line);
}

static void dmabuf_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	static const struct info_field fields[] = {
		{ "size", "size", FACT_SIZE, 10 },
		{ "count", "count", FACT_U64, 10 }, /* of references, the kernel's own too */
	};

	(void)ctx;
	emit_info(e, fields, 2, out);
	emit_info_text(e, "exp_name", "exp_name", out);
	emit_info_text(e, "name", "dmabuf_name", out); /* since Linux 5.3 */
}

const struct kind kind_dmabuf = {
	.name = "dmabuf",
	.means = "buffer shared between devices",
	.match = dmabuf_match,
	.facts = dmabuf_facts,
	.brief = "{exp_name}[ \"{dmabuf_name}\"][, {size}]",
	.peek = peek_map,
	.op = {
		CELLS_LOOK,
		[OP_PEEK] = { EFFECT_HOLD, "maps a duplicate; where its exporter allows that the "
					   "caches of the device may be synchronised" },
		CELL_NO_SEND,
		[OP_DUMP] = { EFFECT_HOLD, "maps a duplicate while copying" },
		CELL_FREEZE,
		CELL_NO(OP_READ, "a dma-buf has no read(2); peek and dump map it"),
		CELL_NO(OP_WRITE, "a dma-buf has no write(2)"),
		CELL_NO(OP_SEEK, "its position only tells its size: dump copies all of it"),
		CELL_HOLD("delays the freeing of its memory, on the device too"),
		CELL_NO_STREAM("a dma-buf is no stream"),
	},
};
