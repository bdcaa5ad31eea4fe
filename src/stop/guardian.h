/* SPDX-License-Identifier: MIT */
/*
 * A process that undoes what we did to others if we die before we could. For
 * what the kernel does not undo by itself: SIGSTOP, a frozen control group, a
 * socket in repair mode.
 */
#ifndef STOP_GUARDIAN_H
#define STOP_GUARDIAN_H

#include <stddef.h>

#include "src/base/fail.h"
#include "src/base/helper.h"

struct guardian {
	struct helper helper;
	int control; /* our end; -1: none */
};

/*
 * Runs in the guardian with a copy of our memory as it was at the start, once,
 * with all signals blocked. May use the descriptors that were kept, no others.
 */
typedef void guardian_undo(void *arg);

/*
 * From here on undo(arg) runs if this process ends, in whatever way, or
 * executes another program, before guardian_disarm(). Start it before the act:
 * undo must do no harm where nothing was done yet. keep[0..n), at most 12, are
 * held by the guardian until it ends. It is in a session of its own, so no
 * terminal signals it; only a SIGKILL or the end of our control group can stop
 * it. Returns 0 or -errno with f.
 */
int guardian_start(struct guardian *g, guardian_undo *undo, void *arg, const int *keep,
		   size_t n_keep, struct fail *f);

/* Never undo. Call it after we undid it ourselves. Safe to repeat; never blocks. */
void guardian_disarm(struct guardian *g);

#endif
