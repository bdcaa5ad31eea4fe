/* SPDX-License-Identifier: MIT */
/* Every verb, each in the file of its name. */
#ifndef CLI_CMDS_H
#define CLI_CMDS_H

#include "ui/cli/cli.h"

extern const struct cmd cmd_help;
extern const struct cmd cmd_ls;
extern const struct cmd cmd_same;
extern const struct cmd cmd_signal;

#endif
