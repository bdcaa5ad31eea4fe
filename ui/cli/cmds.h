/* SPDX-License-Identifier: MIT */
/* Every verb, each in the file of its name. */
#ifndef CLI_CMDS_H
#define CLI_CMDS_H

#include "ui/cli/cli.h"

extern const struct cmd cmd_abort;
extern const struct cmd cmd_config;
extern const struct cmd cmd_drop;
extern const struct cmd cmd_dump;
extern const struct cmd cmd_elf;
extern const struct cmd cmd_exec;
extern const struct cmd cmd_give;
extern const struct cmd cmd_guard;
extern const struct cmd cmd_held;
extern const struct cmd cmd_help;
extern const struct cmd cmd_hold;
extern const struct cmd cmd_ls;
extern const struct cmd cmd_peek;
extern const struct cmd cmd_read;
extern const struct cmd cmd_recover;
extern const struct cmd cmd_run;
extern const struct cmd cmd_same;
extern const struct cmd cmd_seek;
extern const struct cmd cmd_show;
extern const struct cmd cmd_shutdown;
extern const struct cmd cmd_signal;
extern const struct cmd cmd_take;
extern const struct cmd cmd_talk;
extern const struct cmd cmd_who;
extern const struct cmd cmd_why;
extern const struct cmd cmd_write;

#endif
