/* SPDX-License-Identifier: MIT */
/*
 * The shelf itself: a process of the effective user that owns duplicates of
 * descriptors, so that they outlive their owners and the terminal. It knows
 * nothing of /proc and asks nobody anything: it stores, lists, hands out and
 * drops. It ends when it has been empty and alone for a while, and when its
 * folder was removed.
 *
 * Refused: other users (SO_PEERCRED), and whatever is not a whole packet of
 * ours: then that connection ends, and no other is touched. Limits: DAEMON_*
 * below, and our hard limit of open files.
 */
#ifndef KEEP_DAEMON_H
#define KEEP_DAEMON_H

#include <stdint.h>

#include "src/base/fail.h"
#include "src/keep/place.h"

#define DAEMON_CLIENTS      2048  /* beyond: whoever was silent longest is cut off */
#define DAEMON_IDLE_MS      3000  /* empty and without clients: it ends */
#define DAEMON_SILENT_MS    60000 /* a client that says nothing is cut off */
#define DAEMON_RESERVED_FDS 64    /* for ourselves */

/*
 * Start one for this place, with ids from next on. The caller has the lock and
 * knows that no shelf is there. Returns once it accepts connections: 0, or
 * -errno with f. It is a session of its own, a child of init, and holds none of
 * our descriptors.
 */
int daemon_start(const struct place *p, uint32_t next, struct fail *f);

#endif
