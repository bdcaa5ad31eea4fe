/* SPDX-License-Identifier: MIT */
/* A filter as a person writes it: for every verb that has one. */
#ifndef CLI_FILTERS_H
#define CLI_FILTERS_H

#include "src/survey/filter.h"
#include "ui/cli/cli.h"

/* 0 and *f (filter_free), or -EINVAL after a message with a caret below the fault. */
int filters_compile(struct cli *cli, const char *text, struct filter **f);

#endif
