/* SPDX-License-Identifier: MIT */
/* Character and block devices. See null(4), mem(4), sd(4). */
#include <errno.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "src/base/buf.h"
#include "src/kind/device_names.h"
#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/peek.h"
#include "src/proc/procfs.h"

/*
 * The driver's name from /proc/devices, where "Character devices:" comes first
 * and "Block devices:" after it; a major may have several lines.
 */
static void emit_driver(const struct kind_ctx *ctx, unsigned want, bool block, struct facts *out)
{
	autobuf text = BUF_INIT;
	bool in_blocks = false;
	char *line, *next;

	if (proc_read(ctx->procfs, "devices", &text) < 0 || !text.data)
		return;
	for (line = text.data; line; line = next) {
		char *name;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		in_blocks |= strncmp(line, "Block", 5) == 0;
		if (in_blocks != block || strtoul(line, &name, 10) != want || *name != ' ')
			continue;
		fact_bytes(out, "driver", name + 1, strlen(name + 1));
		return;
	}
}

static void emit_device(const struct fdent *e, const struct kind_ctx *ctx, const char *name,
			struct facts *out)
{
	if (!(e->have & HAVE_STAT))
		return;
	emit_dev(out, "rdev", e->rdev);
	if (name)
		fact_text(out, "device", name);
	if (ctx->deep && ctx->procfs >= 0 && facts_wants(out, "driver"))
		emit_driver(ctx, major(e->rdev), S_ISBLK(e->mode), out);
}

/* What a driver says of an open file: drm-engine-*, and the like. */
static void emit_driver_lines(const struct fdent *e, struct facts *out)
{
	const char *at = info_text(e), *end = at + e->extra_len;
	struct fdinfo_line line;
	bool open = false;

	if (!e->extra || !facts_wants(out, "fdinfo"))
		return;
	while (fdinfo_next(&at, end, &line)) {
		if (fdinfo_key_is(&line, "lock"))
			continue;
		if (!open)
			fact_list(out, "fdinfo");
		open = true;
		fact_bytes(out, NULL, line.key, (size_t)(line.value - line.key) + line.value_len);
	}
	if (open)
		fact_end_list(out);
}

static bool char_match(const struct fdent *e)
{
	return S_ISCHR(e->mode);
}

static void char_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	emit_device(e, ctx, char_device_name(e->rdev), out);
	if (e->assoc != ASSOC_MEM)
		emit_driver_lines(e, out);
}

const struct kind kind_char = {
	.name = "char",
	.means = "character device",
	.match = char_match,
	.facts = char_facts,
	.peek = peek_char,
	.op = {
		CELLS_LOOK,
		[OP_PEEK] = { EFFECT_HOLD, "only of memory devices (null, zero, full), where a "
					   "read takes nothing; of others a read may take data" },
		CELL_NO_SEND,
		CELL_NO_DUMP("a character device gives data as it comes, or without end; read "
			     "takes it"),
		[OP_READ] = { EFFECT_CONSUME, "takes what the target would have received, or "
					      "makes the device act: that is up to its driver" },
		[OP_WRITE] = { EFFECT_ALTER, "makes the device act: that is up to its driver" },
		[OP_SEEK] = { EFFECT_SHARED, "moves the position of every holder, where the "
					     "driver has one" },
		CELL_HOLD("keeps the device open: one that allows a single user stays busy"),
		CELL_NO_STREAM("a character device that is no terminal is no stream; read and "
			       "write reach it"),
	},
};

static bool block_match(const struct fdent *e)
{
	return S_ISBLK(e->mode);
}

static void block_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	uint64_t size;

	emit_device(e, ctx, block_device_name(e->rdev), out);
	if (ctx->grab < 0 || !facts_wants(out, "device_size"))
		return;
	if (ioctl(ctx->grab, BLKGETSIZE64, &size) < 0)
		fact_fail(out, "device_size", "ioctl(BLKGETSIZE64)", errno);
	else
		fact_size(out, "device_size", size);
}

const struct kind kind_block = {
	.name = "block",
	.means = "block device",
	.match = block_match,
	.facts = block_facts,
	.peek = peek_file,
	.op = {
		CELLS_LOOK,
		[OP_PEEK] = { EFFECT_HOLD, "holds a duplicate; reads fill the page cache" },
		CELL_NO_SEND,
		[OP_DUMP] = { EFFECT_HOLD, "holds a duplicate while copying; what is mounted "
					   "from it may change meanwhile" },
		CELL_FREEZE,
		[OP_READ] = { EFFECT_SHARED, "moves the offset of every holder" },
		[OP_WRITE] = { EFFECT_ALTER, "overwrites the device, and moves the offset of "
					     "every holder" },
		[OP_SEEK] = { EFFECT_SHARED, "moves the offset of every holder" },
		CELL_HOLD("keeps the device busy: an exclusive claim, or its removal, waits"),
		CELL_NO_STREAM("a block device has no other end"),
	},
};
