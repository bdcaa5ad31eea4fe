/* SPDX-License-Identifier: MIT */
/* POSIX message queues. See mq_overview(7). */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/origin.h"
#include "src/kind/peek.h"

static void emit_attr(int fd, struct facts *out)
{
	struct mq_attr attr;

	if (syscall(SYS_mq_getsetattr, fd, NULL, &attr) < 0) {
		fact_fail(out, "mq_curmsgs", "mq_getattr", errno);
		return;
	}
	fact_i64(out, "mq_curmsgs", attr.mq_curmsgs);
	fact_i64(out, "mq_maxmsg", attr.mq_maxmsg);
	fact_i64(out, "mq_msgsize", attr.mq_msgsize);
}

/*
 * "QSIZE:129 NOTIFY:2 SIGNO:0 NOTIFY_PID:8260". pread(2) leaves the offset
 * alone; atime of the queue moves whatever the flags.
 */
static void emit_status(int fd, struct facts *out)
{
	static const struct info_field fields[] = {
		{ "QSIZE", "qsize", FACT_SIZE, 10 },
		{ "NOTIFY", "notify", FACT_U64, 10 },
		{ "SIGNO", "notify_signo", FACT_U64, 10 },
		{ "NOTIFY_PID", "notify_pid", FACT_U64, 10 },
	};
	char text[128];
	ssize_t n = pread(fd, text, sizeof(text), 0);
	struct fdinfo_line line = { .key = text, .value = text };
	uint64_t v;

	if (n <= 0)
		return;
	line.value_len = (size_t)n;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (!fdinfo_field_u64(&line, fields[i].key, fields[i].base, &v))
			continue;
		if (i == 0)
			fact_size(out, fields[i].name, v);
		else
			fact_u64(out, fields[i].name, v);
	}
}

static void mqueue_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	if (e->have & HAVE_LINK)
		fact_bytes(out, "queue", e->name, e->name_len);
	if (ctx->grab < 0)
		return;
	emit_attr(ctx->grab, out);
	if (ctx->trace && (e->have & HAVE_INFO) && (e->flags & O_ACCMODE) != O_WRONLY)
		emit_status(ctx->grab, out);
}

const struct kind kind_mqueue = {
	.name = "mqueue",
	.means = "POSIX message queue",
	.match = fdent_is_mqueue,
	.facts = mqueue_facts,
	.brief = "{queue}[, {mq_curmsgs!}][ of {mq_maxmsg} messages]",
	.peek = peek_state,
	.op = {
		CELLS_LOOK,
		[OP_PEEK] = { EFFECT_HOLD, "prints its limits and depth; messages of a queue "
					   "cannot be looked at; atime of the queue moves" },
		CELL_NO_SEND,
		CELL_NO_DUMP("messages of a queue can only be taken; read does that"),
		[OP_READ] = { EFFECT_CONSUME, "takes the first message of the highest priority, by "
					      "mq_receive(3)" },
		CELL_NO(OP_WRITE, "write(2) on a message queue is EINVAL; messages are sent by "
				  "mq_send(3)"),
		[OP_SEEK] = { EFFECT_SHARED, "moves the offset in the state text, which nobody "
					     "uses" },
		CELL_HOLD("keeps the queue and its messages after mq_unlink(3)"),
		CELL_NO_STREAM("a message queue is no stream"),
	},
};
