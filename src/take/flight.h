/* SPDX-License-Identifier: MIT */
/*
 * A descriptor that we hold, described as a survey would: for what arrives in
 * flight or lies on a shelf, and has no target.
 */
#ifndef TAKE_FLIGHT_H
#define TAKE_FLIGHT_H

#include "src/survey/survey.h"

/*
 * Survey our own descriptor fd: *ent lives as long as *s (survey_free()).
 * Returns 0 or -errno with f. Effect: none.
 */
int flight_describe(int procfs, int fd, unsigned want, struct survey **s, const struct fdent **ent,
		    struct fail *f);

/*
 * A row whose name could not be read, for lack of a right that taking it does not
 * need (CAP_SYS_PTRACE alone), or for lack of both. Take it and look what it is: then
 * g holds it and *ent, *s describe ours. Returns 0, or -errno with the refusal in f.
 */
bool flight_is_unread(const struct fdent *e);
struct grab;
int flight_take(struct grab *g, const struct target *t, const struct fdent *e, int procfs,
		struct survey **s, const struct fdent **ent, struct fail *f);
extern const struct cell flight_unread_cell; /* the effect of that */

#endif
