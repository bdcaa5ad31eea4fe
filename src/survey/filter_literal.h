/* SPDX-License-Identifier: MIT */
/* Private to filter: reading what a fact is compared with. */
#ifndef SURVEY_FILTER_LITERAL_H
#define SURVEY_FILTER_LITERAL_H

#include "src/survey/filter_ast.h"

/* lit->text and len are set: fill the rest but regex. */
void literal_read(struct literal *lit);

#endif
