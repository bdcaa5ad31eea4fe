/* SPDX-License-Identifier: MIT */
/*
 * Everything that is said of one record, emitted once: JSON lines, show and
 * who are sinks of it. The names are the contract of "JSON, one object a line".
 */
#ifndef CLI_ROW_H
#define CLI_ROW_H

#include "src/base/json.h"
#include "src/kind/kind.h"

struct cli;
struct survey;

/*
 * Every key of the contract, in its order: what does not apply is a FACT_NULL.
 * ctx may have a grab for this row.
 */
void row_facts(struct facts *out, const struct survey *s, const struct fdent *e,
	       const struct kind_ctx *ctx);

/* Where something is in the buffer, which must have been added to only. */
struct row_span {
	size_t at, len; /* len 0: it is not there */
};

/* What rows before said and this one says too, to be copied; zero: there are none. */
struct row_said {
	const struct procent *of;
	struct row_span process; /* of that one */
	struct row_flags {
		uint32_t flags;
		struct row_span span;
	} flags[16];
};

/* row_facts() as one JSON line. */
void row_json(struct json *j, const struct survey *s, const struct fdent *e,
	      const struct kind_ctx *ctx, struct row_said *said);

/* A line for each of n rows, in their order, to cli's output: formatted by every core. */
void rows_json(struct cli *cli, const struct survey *s, const struct fdent *const *rows, size_t n);

#endif
