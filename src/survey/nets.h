/* SPDX-License-Identifier: MIT */
/* Private to survey/: what the kernel's socket tables say of the rows. */
#ifndef SURVEY_NETS_H
#define SURVEY_NETS_H

#include "src/survey/survey.h"

/*
 * Load the tables of every network namespace in which a surveyed process
 * holds a socket, and set e->sock. A rare table, for which the kernel may load
 * a module, is asked for only when a socket says that it belongs there.
 */
void nets_load(struct survey *s, unsigned want);

#endif
