/* SPDX-License-Identifier: MIT */
/* Private to take/: what CAP_SYS_PTRACE of ours is worth. See user_namespaces(7). */
#ifndef TAKE_USERNS_H
#define TAKE_USERNS_H

#include "src/proc/procfs.h"

enum userns_cap { USERNS_CAP_NO, USERNS_CAP_YES, USERNS_CAP_UNKNOWN };

/*
 * Do we have that capability in the user namespace of the process whose /proc
 * directory is dir? As cap_capable() decides it: our effective set if it is our
 * namespace or a descendant of it, or if we own a child of ours on the way
 * down. UNKNOWN where ns/user may not be opened. Effect: none.
 */
enum userns_cap userns_capable(int dir, const struct proc_status *self, int cap);

/* Is it our own user namespace? UNKNOWN as above. */
enum userns_cap userns_is_ours(int dir);

#endif
