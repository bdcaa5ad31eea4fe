/* SPDX-License-Identifier: MIT */
/*
 * Look at the contents of a target's descriptor: grab it, check that it is what
 * was listed, call the kind's way of peeking, release it. What is on a
 * filesystem that may hang is looked at in a helper that may be abandoned.
 */
#ifndef TAKE_LOOK_H
#define TAKE_LOOK_H

#include "src/kind/peek.h"
#include "src/proc/target.h"

/*
 * p has ent, ctx, the options, piece and arg; fd, method, incomplete and
 * missing are set here. p->fail may be NULL. Effect: look_effect(). Never waits
 * for data; for a filesystem that does not answer, GRAB_HANG_MS between pieces.
 * Returns 0, what piece() returned, -ETIMEDOUT, or -errno with p->fail set.
 */
int look(struct peek *p, const struct target *t);

/* What it will do at most, with words, given the options in p: for the gate. */
struct cell look_effect(const struct peek *p);

/* The same with a descriptor that we hold already: nothing is grabbed, closed or compared. */
int look_held(struct peek *p);

#endif
