/* SPDX-License-Identifier: MIT */
/*
 * A verb that may be kept for ever, even in its exit: a filesystem whose server does
 * not answer (FUSE, NFS) holds whoever opens, writes or closes a file there.
 */
#ifndef CLI_ASIDE_H
#define CLI_ASIDE_H

#include "ui/cli/cli.h"

/*
 * Run fn(cli, arg) in a process of its own and return its status once it has said it,
 * whether it can exit or not. It ends if we are killed. The first SIGINT, SIGTERM or
 * SIGHUP is for fn, see progress_signals(); at the second it is killed, and if it cannot
 * end, left behind, which is said: STATUS_OUTPUT. Where nothing moves for some seconds,
 * `what` (safe to print; NULL: that is in order) is named. What fn changes in memory is
 * lost; cli's output is written there.
 */
int aside_run(struct cli *cli, const char *what, int (*fn)(struct cli *cli, void *arg), void *arg);

/* Has this mount namespace a filesystem that may stop answering? Never blocks. */
bool aside_is_wise(void);

/* In fn: something moves. Does nothing elsewhere. */
void aside_beat(void);

#endif
