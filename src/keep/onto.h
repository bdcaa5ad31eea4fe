/* SPDX-License-Identifier: MIT */
/*
 * Take a descriptor and put it on the shelf. What is on a filesystem that may
 * hang is taken by a helper that may be abandoned: closing our duplicate could
 * block for ever, and the shelf closes what it drops in a thread of its own.
 */
#ifndef KEEP_ONTO_H
#define KEEP_ONTO_H

#include "src/keep/shelf.h"
#include "src/kind/kind.h"
#include "src/proc/target.h"

/*
 * As grab_take() and shelf_add() of item in such a helper, see keep/apart.h. There
 * must be a shelf: open one before. Waits for at most GRAB_HANG_MS. Returns the
 * id (> 0), -ETIMEDOUT, or -errno with f. Effect: hold.
 */
int onto_shelf(const struct target *t, const struct fdent *e, const struct shelf_item *item,
	       int procfs, struct fail *f);

#endif
