/* SPDX-License-Identifier: MIT */
/* Help, made from the table of commands and their options. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "src/base/buf.h"
#include "ui/cli/cli.h"

void help_all(struct buf *out);
void help_verb(struct buf *out, const struct cmd *cmd);

#endif
