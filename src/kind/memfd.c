/* SPDX-License-Identifier: MIT */
/* Files that live in memory only. See memfd_create(2), memfd_secret(2). */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>

#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/origin.h"
#include "src/kind/peek.h"

/* linux/fcntl.h has the last one since Linux 6.3. */
static const struct word seals[] = {
	{ F_SEAL_SEAL, "F_SEAL_SEAL" },
	{ F_SEAL_SHRINK, "F_SEAL_SHRINK" },
	{ F_SEAL_GROW, "F_SEAL_GROW" },
	{ F_SEAL_WRITE, "F_SEAL_WRITE" },
	{ F_SEAL_FUTURE_WRITE, "F_SEAL_FUTURE_WRITE" },
	{ 0x20, "F_SEAL_EXEC" },
};

static void emit_size(const struct fdent *e, struct facts *out)
{
	if (!(e->have & HAVE_SIZE))
		return;
	fact_size(out, "size", e->size);
	fact_u64(out, "blocks", e->blocks);
}

static void memfd_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	size_t skip = sizeof("/memfd:") - 1;
	int mask;

	fact_bytes(out, "memfd_name", e->name + skip, e->name_len - skip);
	emit_size(e, out);
	if (ctx->grab < 0 || !facts_wants(out, "seals"))
		return;
	mask = fcntl(ctx->grab, F_GET_SEALS);
	if (mask < 0)
		fact_fail(out, "seals", "fcntl(F_GET_SEALS)", errno);
	else
		emit_mask(out, "seals", seals, sizeof(seals) / sizeof(seals[0]), (unsigned)mask);
}

const struct kind kind_memfd = {
	.name = "memfd",
	.means = "file that lives in memory only",
	.match = fdent_is_memfd,
	.facts = memfd_facts,
	.brief = "{memfd_name}[, seals: {seals.*-F_SEAL_}]",
	.peek = peek_file,
	.op = {
		CELLS_LOOK,
		[OP_PEEK] = { EFFECT_HOLD, "holds a duplicate; atime of the memfd may move" },
		CELL_NO_SEND,
		[OP_DUMP] = { EFFECT_HOLD, "holds a duplicate while copying: its memory is not "
					   "freed before" },
		CELL_FREEZE,
		[OP_READ] = { EFFECT_SHARED, "moves the offset of every holder" },
		[OP_WRITE] = { EFFECT_ALTER, "changes the memory and the offset of every holder" },
		[OP_SEEK] = { EFFECT_SHARED, "moves the offset of every holder" },
		CELL_HOLD("delays the freeing of its memory"),
		CELL_NO_STREAM("a memfd has no other end"),
	},
};

/* Its inode keeps a link count of 1; a file of a tree has a mount. */
static bool secretmem_match(const struct fdent *e)
{
	static const char name[] = "/secretmem";

	return fdent_name_has(e, name) && e->name_len == sizeof(name) - 1 &&
	       fdent_is_kernel_file(e);
}

static void secretmem_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	(void)ctx;
	emit_size(e, out);
}

const struct kind kind_secretmem = {
	.name = "secretmem",
	.means = "memory hidden from the kernel's own mappings",
	.match = secretmem_match,
	.facts = secretmem_facts,
	.brief = "[{size}]",
	.peek = peek_map,
	.op = {
		CELLS_LOOK,
		[OP_PEEK] = { EFFECT_HOLD, "maps a duplicate: pages never touched by the target "
					   "are allocated, and count as locked memory of ours" },
		CELL_NO_SEND,
		[OP_DUMP] = { EFFECT_HOLD, "maps a duplicate while copying: pages never touched "
					   "by the target are allocated" },
		CELL_FREEZE,
		CELL_NO(OP_READ, "secret memory has no read(2); peek and dump map it"),
		CELL_NO(OP_WRITE, "secret memory has no write(2)"),
		CELL_NO(OP_SEEK, "secret memory has no position"),
		CELL_HOLD("delays the freeing and wiping of its memory, and hibernation"),
		CELL_NO_STREAM("secret memory has no other end"),
	},
};
