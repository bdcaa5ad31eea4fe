/* SPDX-License-Identifier: MIT */
/* A record of a survey as JSON: the contract of "JSON, one object a line". */
#ifndef CLI_ROW_H
#define CLI_ROW_H

#include "src/base/json.h"
#include "src/kind/kind.h"

struct survey;

/* One line. ctx may have a grab for this row. */
void row_json(struct json *j, const struct survey *s, const struct fdent *e,
	      const struct kind_ctx *ctx);

#endif
