/* SPDX-License-Identifier: MIT */
/* Regular files, directories, symbolic links. See open(2), inode(7). */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/origin.h"
#include "src/kind/peek.h"
#include "src/proc/procfs.h"

/* Mapped anonymous memory has names of files; it is kind anon. */
static bool file_match(const struct fdent *e)
{
	return S_ISREG(e->mode) && !fdent_is_shared_anon(e);
}

/* "map: 7f00-7f01": the first mapping of the file. */
static void emit_map(const struct fdent *e, struct facts *out)
{
	emit_info_text(e, "map", "map", out);
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
	if (e->assoc == ASSOC_MEM)
		emit_map(e, out);
}

const struct kind kind_file = {
	.name = "file",
	.means = "regular file",
	.match = file_match,
	.facts = file_facts,
	.peek = peek_file,
	.op = {
		CELLS_LOOK,
		[OP_PEEK] = { EFFECT_HOLD, "holds a duplicate; atime may move where the file "
					   "cannot be re-opened with O_NOATIME" },
		CELL_NO_SEND,
		[OP_DUMP] = { EFFECT_HOLD, "holds a duplicate while copying; a re-open shows as "
					   "IN_OPEN; atime may move where O_NOATIME is "
					   "refused, or a write lease forbids a re-open" },
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
	.peek = peek_dir,
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

/* Only O_PATH|O_NOFOLLOW gives a descriptor of the link itself. */
static bool symlink_match(const struct fdent *e)
{
	return S_ISLNK(e->mode);
}

/* readlinkat(2) with an empty path reads the link that the duplicate is. */
static void symlink_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	char target[4096];
	ssize_t n;

	file_facts(e, ctx, out);
	if (ctx->grab < 0 || !facts_wants(out, "target"))
		return;
	n = proc_readlink(ctx->grab, "", target, sizeof(target));
	if (n < 0)
		fact_fail(out, "target", "readlinkat", (int)-n);
	else
		fact_bytes(out, "target", target, (size_t)n);
}

const struct kind kind_symlink = {
	.name = "symlink",
	.means = "symbolic link itself",
	.match = symlink_match,
	.facts = symlink_facts,
	.op = {
		CELLS_LOOK,
		CELL_NO(OP_PEEK, "read(2) on a link opened with O_PATH is EBADF; show --grab "
				 "prints its target"),
		CELL_NO_SEND,
		CELL_NO_DUMP("a symbolic link is its target: show --grab prints it"),
		CELL_NO(OP_READ, "read(2) on a link opened with O_PATH is EBADF"),
		CELL_NO(OP_WRITE, "a symbolic link cannot be written"),
		CELL_NO(OP_SEEK, "a descriptor opened with O_PATH has no position"),
		CELL_HOLD("delays unmount and the freeing of the inode"),
		CELL_NO_STREAM("a symbolic link has no other end"),
	},
};
