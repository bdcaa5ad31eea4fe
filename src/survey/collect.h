/* SPDX-License-Identifier: MIT */
/* Private to survey/: reading processes in parallel. */
#ifndef SURVEY_COLLECT_H
#define SURVEY_COLLECT_H

#include "src/survey/survey.h"

/* The memory that one thread filled: it lives as long as the survey. */
struct survey_worker {
	struct arena arena;
};

/*
 * Fill s->procs from what opts name, with rows that have no kind yet. Returns
 * 0, -ECANCELED, or -ESRCH with f if every named target is gone.
 */
int collect(struct survey *s, const struct survey_opts *opts, struct fail *f);

#endif
