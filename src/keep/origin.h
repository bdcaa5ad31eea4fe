/* SPDX-License-Identifier: MIT */
/*
 * What has become of where a held descriptor came from, and who else has it.
 * Effect: none.
 */
#ifndef KEEP_ORIGIN_H
#define KEEP_ORIGIN_H

#include "src/keep/shelf.h"

enum origin {
	ORIGIN_RUNNING, /* its owner lives and has it, as far as can be told */
	ORIGIN_CLOSED,  /* its owner lives and has closed it, or has another in its place */
	ORIGIN_EXITED,  /* its owner is gone, or is at its end */
};

struct origin_state {
	enum origin origin;
	/*
	 * 1: no other visible process has this open file description, 0: some have,
	 * -1: some that may not be compared have the same inode.
	 */
	int last_holder;
};

/*
 * The state of each item, into out[0..list->n). shelf: its process. Where an
 * owner is gone, looks at every visible process. Returns 0 or -errno with f.
 */
int origin_states(const struct shelf_list *list, pid_t shelf, int procfs, struct origin_state *out,
		  struct fail *f);

const char *origin_name(enum origin o); /* "running", "closed", "exited" */

#endif
