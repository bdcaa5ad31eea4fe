/* SPDX-License-Identifier: MIT */
/*
 * Where the shelf of a user is: a folder of mode 0700 that belongs to the
 * effective user, with the socket, the lock and the journal. Everything in it is
 * reached through the descriptor of the folder that was checked, never by path
 * again.
 *
 * $FILCH_SHELF if set; else the first that is, or can be made, ours:
 * /run/filch-UID (root), /tmp/filch-UID, $XDG_RUNTIME_DIR/filch. The last one
 * comes last because it goes away at logout, and the shelf must not. Somebody
 * may make /tmp/filch-UID before us: then it is passed over, never used.
 */
#ifndef KEEP_PLACE_H
#define KEEP_PLACE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "src/base/fail.h"

#define PLACE_SOCKET  "socket"
#define PLACE_LOCK    "lock"
#define PLACE_JOURNAL "journal"

struct place {
	int dir;
	char path[PATH_MAX]; /* for messages */
};

/*
 * make: create it if it is not there. Returns 0, -ENOENT when there is none (and
 * make is false), or -errno with f: -EPERM where it is not ours alone.
 */
int place_open(struct place *p, bool make, struct fail *f);
void place_close(struct place *p);

/* The address of the socket, by the descriptor. */
void place_address(const struct place *p, struct sockaddr_un *addr);

/*
 * Take the lock that keeps two starters, or a starter and a shelf that is about
 * to end, apart: a descriptor whose close gives it back. Waits for at most
 * wait_ms. Returns it, or -errno with f: -EBUSY.
 */
int place_lock(const struct place *p, int wait_ms, struct fail *f);

#endif
