/* SPDX-License-Identifier: MIT */
/* Private to filter: reading what a fact is compared with. */
#ifndef SURVEY_FILTER_LITERAL_H
#define SURVEY_FILTER_LITERAL_H

#include "src/survey/filter_ast.h"

/* lit->text and len are set: fill the rest but regex. */
void literal_read(struct literal *lit);

/*
 * regcomp(3) copies what is repeated, so that "x++++" grows by the power and takes
 * all memory; a reference back (\1) takes time by the power. Says what is too
 * much about an extended regular expression, NULL if nothing is.
 */
const char *regex_excess(const char *pattern);

#endif
