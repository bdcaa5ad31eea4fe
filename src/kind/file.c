/* SPDX-License-Identifier: MIT */
/* Regular files. See open(2), statx(2). */
#include <sys/stat.h>

#include "src/kind/kinds.h"
#include "src/kind/peek.h"

static bool file_match(const struct fdent *e)
{
	return S_ISREG(e->mode);
}

static void file_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	(void)ctx;
	if (e->have & HAVE_SIZE) {
		fact_size(out, "size", e->size);
		fact_u64(out, "blocks", e->blocks);
	}
	if (e->have & HAVE_NLINK)
		fact_u64(out, "nlink", e->nlink);
}

const struct kind kind_file = {
	.name = "file",
	.means = "regular file",
	.match = file_match,
	.facts = file_facts,
	.op = {
		CELLS_LOOK,
		[OP_PEEK] = { EFFECT_HOLD, "holds a duplicate; atime may move where the file "
					   "cannot be re-opened with O_NOATIME" },
		CELL_NO_SEND,
		[OP_DUMP] = { EFFECT_HOLD, "holds a duplicate while copying; a re-open shows as "
					   "IN_OPEN and breaks a write lease" },
		CELL_FREEZE,
		[OP_READ] = { EFFECT_SHARED, "moves the offset of every holder" },
		[OP_WRITE] = { EFFECT_ALTER, "changes the file and the offset of every holder" },
		[OP_SEEK] = { EFFECT_SHARED, "moves the offset of every holder" },
		CELL_HOLD("delays IN_CLOSE_WRITE, unmount and the freeing of space"),
		CELL_NO_STREAM("a file has no other end"),
	},
};

static bool dir_match(const struct fdent *e)
{
	return S_ISDIR(e->mode);
}

const struct kind kind_dir = {
	.name = "dir",
	.means = "directory",
	.match = dir_match,
	.facts = file_facts,
	.op = {
		CELLS_LOOK,
		[OP_PEEK] = { EFFECT_HOLD, "re-opens the directory and lists it" },
		CELL_NO_SEND,
		[OP_DUMP] = { EFFECT_HOLD, "the listing, as text" },
		CELL_FREEZE,
		CELL_NO(OP_READ, "read(2) of a directory is EISDIR; peek lists it"),
		CELL_NO(OP_WRITE, "a directory cannot be written"),
		[OP_SEEK] = { EFFECT_SHARED, "moves the position of a readdir in progress" },
		CELL_HOLD("delays unmount"),
		CELL_NO_STREAM("a directory has no other end"),
	},
};
