/* SPDX-License-Identifier: MIT */
/* Rings of system calls. See io_uring(7). */
#include "src/base/buf.h"
#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/peek.h"

static bool io_uring_match(const struct fdent *e)
{
	return fdent_is_anon_or_has(e, "io_uring", "SqMask");
}

/* Counters of the rings, modulo 2^32; the thread is -1 while there is none. */
static void emit_ring(const struct fdent *e, struct facts *out)
{
	static const struct info_field fields[] = {
		{ "SqHead", "sq_head", FACT_U64, 10 },
		{ "SqTail", "sq_tail", FACT_U64, 10 },
		{ "CachedSqHead", "cached_sq_head", FACT_U64, 10 },
		{ "CqHead", "cq_head", FACT_U64, 10 },
		{ "CqTail", "cq_tail", FACT_U64, 10 },
		{ "CachedCqTail", "cached_cq_tail", FACT_U64, 10 },
		{ "SQEs", "sqes", FACT_U64, 10 },
		{ "CQEs", "cqes", FACT_U64, 10 },
		{ "SqThread", "sq_thread", FACT_U64, 10 },
		{ "SqThreadCpu", "sq_thread_cpu", FACT_U64, 10 },
		{ "UserFiles", "user_files", FACT_U64, 10 },
		{ "UserBufs", "user_bufs", FACT_U64, 10 },
	};
	uint64_t mask;

	if (info_u64(e, "SqMask", 0, &mask))
		fact_u64(out, "sq_entries", mask + 1);
	if (info_u64(e, "CqMask", 0, &mask))
		fact_u64(out, "cq_entries", mask + 1);
	emit_info(e, fields, sizeof(fields) / sizeof(fields[0]), out);
	emit_info_text(e, "NAPI", "napi", out);
}

static bool is_number(const struct fdinfo_line *line)
{
	for (size_t i = 0; i < line->key_len; i++)
		if (line->key[i] < '0' || line->key[i] > '9')
			return false;
	return line->key_len > 0;
}

/* The kernel writes blanks, line ends and backslashes of a path as \ooo. */
static void emit_path(const struct fdinfo_line *line, struct facts *out)
{
	autobuf path = BUF_INIT;

	for (size_t i = 0; i < line->value_len; i++) {
		const char *s = line->value + i;

		if (*s == '\\' && line->value_len - i > 3 && s[1] >= '0' && s[1] <= '3') {
			buf_addc(&path, (char)((s[1] - '0') << 6 | (s[2] & 7) << 3 | (s[3] & 7)));
			i += 3;
		} else {
			buf_addc(&path, *s);
		}
	}
	fact_bytes(out, NULL, buf_str(&path), path.len);
}

/* After the line "UserFiles: N" one line a registered file: "    0: /path". */
static void emit_files(const struct fdent *e, struct facts *out)
{
	const char *at = info_text(e), *end = at + e->extra_len;
	struct fdinfo_line line;
	bool inside = false;

	if (!facts_wants(out, "registered_files"))
		return;
	fact_list(out, "registered_files");
	while (fdinfo_next(&at, end, &line)) {
		if (inside && is_number(&line))
			emit_path(&line, out);
		else
			inside = fdinfo_key_is(&line, "UserFiles");
	}
	fact_end_list(out);
}

static void io_uring_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	(void)ctx;
	if (!e->extra)
		return;
	emit_ring(e, out);
	emit_files(e, out);
}

const struct kind kind_io_uring = {
	.name = "io_uring",
	.means = "rings of system calls",
	.match = io_uring_match,
	.facts = io_uring_facts,
	.brief = "[sq {sq_entries}][, cq {cq_entries}][, {user_files} files]",
	.peek = peek_state,
	.op = {
		CELLS_LOOK,
		CELL_PEEK_STATE,
		CELL_NO_SEND,
		CELL_NO_DUMP("an io_uring has rings, no contents: show prints their state"),
		CELL_NO(OP_READ, "an io_uring has no read(2); completions are in memory that the "
				 "target maps"),
		CELL_NO(OP_WRITE, "an io_uring has no write(2)"),
		CELL_NO(OP_SEEK, "an io_uring has no position"),
		CELL_HOLD("keeps requests in flight, and its registered files open"),
		CELL_NO_STREAM("an io_uring is no stream"),
	},
};
