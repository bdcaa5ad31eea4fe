/* SPDX-License-Identifier: MIT */
/* Help, made from the table of commands and their options. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "src/base/buf.h"
#include "ui/cli/cli.h"

struct help_status {
	const char *status, *means;
};
extern const struct help_status help_statuses[]; /* status NULL ends it */

void help_all(struct buf *out);
void help_verb(struct buf *out, const struct cmd *cmd);

#endif
