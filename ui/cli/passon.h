/* SPDX-License-Identifier: MIT */
/* The end of exec and take: become a command. */
#ifndef CLI_PASSON_H
#define CLI_PASSON_H

#include "src/keep/exec.h"
#include "ui/cli/cli.h"

/*
 * Become argv with list[0..n) in place; names: for LISTEN_FDNAMES, NULL: those
 * variables go. Returns only if that failed, the exit status.
 */
int passon(struct cli *cli, struct exec_fd *list, size_t n, const char *names, char **argv);

#endif
