/* SPDX-License-Identifier: MIT */
/*
 * Threads with an fd table of their own (unshare(CLONE_FILES), or a clone(2)
 * with CLONE_THREAD but without CLONE_FILES), by kcmp(2) KCMP_FILES. Effect:
 * none. Since Linux 3.5.
 */
#ifndef SHARE_TABLES_H
#define SHARE_TABLES_H

#include <stddef.h>
#include <sys/types.h>

#include "src/share/ofd.h"

/*
 * Of the threads tids[0..n) of process pid, ascending: for each table that is
 * not the leader's, the lowest thread that uses it. A leader that exited has no
 * table, so that what its threads use is one of these. Threads that are gone
 * are passed over. kcmp NULL: the system call.
 *
 * Returns 0 with *found (the caller's to free, ascending) and *n_found, or
 * -errno of kcmp: -EPERM, -ENOSYS, -ESRCH (the process is gone).
 */
int tables_others(pid_t pid, const int *tids, size_t n, kcmp_fn *kcmp, void *kcmp_ctx,
		  pid_t **found, size_t *n_found);

#endif
