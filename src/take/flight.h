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

#endif
