/* SPDX-License-Identifier: MIT */
/* The shelf, for verbs that put on it, take from it, or name what is on it. */
#ifndef CLI_ONSHELF_H
#define CLI_ONSHELF_H

#include "src/keep/shelf.h"
#include "ui/cli/cli.h"

/*
 * shelf_open(), and the sentence about a shelf that was killed before: a part
 * that failed. Returns 0, or -errno after cli_failed().
 */
int onshelf_open(struct cli *cli, struct shelf *s, bool start);

/* "2026-01-31T12:00:00Z" */
void onshelf_time(char *p, size_t size, int64_t seconds);

/* One line in the file of --audit for what was done with a held one. */
void onshelf_audit(struct cli *cli, const struct shelf_item *item, const struct fail *f);

#endif
