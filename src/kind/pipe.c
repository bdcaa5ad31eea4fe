/* SPDX-License-Identifier: MIT */
/* Pipes and fifos. See pipe(7), fifo(7). */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/peek.h"

static bool pipe_match(const struct fdent *e)
{
	return fdent_name_has(e, "pipe:[");
}

static bool fifo_match(const struct fdent *e)
{
	return S_ISFIFO(e->mode);
}

static const char *end_name(uint32_t flags)
{
	if (flags & O_PATH)
		return NULL;
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return "read";
	case O_WRONLY:
		return "write";
	default:
		return "both";
	}
}

/* Both work on either end, and take nothing. */
static void emit_queue(int fd, struct facts *out)
{
	int n;

	if (facts_wants(out, "queued")) {
		if (ioctl(fd, FIONREAD, &n) < 0)
			fact_fail(out, "queued", "ioctl(FIONREAD)", errno);
		else
			fact_size(out, "queued", (unsigned)n);
	}
	if (!facts_wants(out, "capacity"))
		return;
	n = fcntl(fd, F_GETPIPE_SZ);
	if (n < 0)
		fact_fail(out, "capacity", "fcntl(F_GETPIPE_SZ)", errno);
	else
		fact_size(out, "capacity", (unsigned)n);
}

static void pipe_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	const char *end = e->have & HAVE_INFO ? end_name(e->flags) : NULL;

	if (end)
		fact_text(out, "end", end);
	/* Each write is a packet: O_DIRECT of pipe2(2), since Linux 3.4. */
	if (end)
		fact_bool(out, "packet_mode", (e->flags & O_DIRECT) != 0);
	if (end && ctx->grab >= 0)
		emit_queue(ctx->grab, out);
}

#define PIPE_CELLS                                                                                 \
	CELLS_LOOK,                                                                                \
		[OP_PEEK] = { EFFECT_HOLD, "copies by tee(2), takes nothing; EOF and EPIPE wait "  \
					   "for our duplicate; of a write end a reader is opened " \
					   "for a moment" },                                       \
		CELL_NO_SEND,                                                                      \
		[OP_DUMP] = { EFFECT_HOLD, "copies what is queued, takes nothing; EOF and EPIPE "  \
					   "wait for our duplicate" },                             \
		CELL_FREEZE,                                                                       \
		[OP_READ] = { EFFECT_CONSUME, "takes bytes that a reader would have received" },   \
		[OP_WRITE] = { EFFECT_ALTER, "sends bytes to whoever reads" },                     \
		CELL_NO(OP_SEEK, "a pipe has no position; peek shows what is queued"),             \
		CELL_HOLD("delays EOF at the read end, and EPIPE at the write end"),               \
		[OP_TALK] = { EFFECT_ALTER, "takes bytes from a read end, sends into a write "     \
					    "end" },                                               \
		CELL_NO(OP_SHUTDOWN, "a pipe ends when its last descriptor is closed"),            \
		CELL_NO(OP_ABORT, "a pipe is no connection")

const struct kind kind_pipe = {
	.name = "pipe",
	.means = "pipe",
	.match = pipe_match,
	.facts = pipe_facts,
	.brief = "[{end} end][, {queued} queued][, packets{packet_mode?}]",
	.peek = peek_pipe,
	.op = { PIPE_CELLS },
};

const struct kind kind_fifo = {
	.name = "fifo",
	.means = "pipe with a name",
	.match = fifo_match,
	.facts = pipe_facts,
	.peek = peek_pipe,
	.op = { PIPE_CELLS },
};
