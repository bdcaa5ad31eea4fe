/* SPDX-License-Identifier: MIT */
/* What a process would lose: looked for and chosen in recovering.c, saved in recoverjob.c. */
#ifndef TUI_RECOVERING_H
#define TUI_RECOVERING_H

#include "src/take/recover.h"
#include "ui/tui/app.h"

struct recovery {
	unsigned refs; /* of the interface's thread */
	struct target_name name;
	char comm[64]; /* hostile bytes */
	size_t comm_len;
	struct picture *pic;
	struct recover_opts find;
	struct recover_list list;
};

struct recovery *recovery_ref(struct recovery *r);
void recovery_unref(struct recovery *r);

/* A job that saves those of r->list that are wanted (beside r->list.at). Takes folder over. */
void recovery_start(struct app *a, struct recovery *r, char *folder, unsigned hashes,
		    const bool *wanted);

#endif
