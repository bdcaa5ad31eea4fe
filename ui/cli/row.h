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

/* What the row before said of its process, to be said again; zero: there is none. */
struct row_process {
	const struct procent *of;
	size_t at, len; /* in the buffer, which must have been added to only */
};

/* row_facts() as one JSON line. */
void row_json(struct json *j, const struct survey *s, const struct fdent *e,
	      const struct kind_ctx *ctx, struct row_process *before);

/* A line for each of n rows, in their order, to cli's output: formatted by every core. */
void rows_json(struct cli *cli, const struct survey *s, const struct fdent *const *rows, size_t n);

#endif
