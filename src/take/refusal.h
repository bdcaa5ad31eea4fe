/* SPDX-License-Identifier: MIT */
/*
 * Every documented error of pidfd_getfd(2) and kcmp(2) as a sentence: what, on
 * whom, why, and what to try. Effect: none (a refusal by permission walks the
 * rules of take/why.h).
 */
#ifndef TAKE_REFUSAL_H
#define TAKE_REFUSAL_H

#include "src/base/fail.h"
#include "src/proc/target.h"

/* pidfd_getfd of descriptor fd failed with err (positive): fills f, returns -err. */
int refusal_getfd(int err, const struct target *t, int fd, int procfs, struct fail *f);

/* kcmp of descriptors of these two (b may be NULL: ourselves) failed with err. */
int refusal_kcmp(int err, const struct target *a, const struct target *b, int procfs,
		 struct fail *f);

/* The descriptor is not open in the target: EBADF, class "gone". Returns -EBADF. */
int refusal_not_open(const struct target *t, int fd, struct fail *f);

#endif
