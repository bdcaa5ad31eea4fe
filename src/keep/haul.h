/* SPDX-License-Identifier: MIT */
/*
 * All descriptors of one table at once, while its owner stands still: what a
 * guard takes from a process that is about to end.
 */
#ifndef KEEP_HAUL_H
#define KEEP_HAUL_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "src/base/fail.h"
#include "src/keep/apart.h"
#include "src/proc/target.h"
#include "src/survey/filter.h"
#include "src/survey/survey.h"

struct haul_opts {
	int procfs;
	const struct filter *only; /* NULL: all */
	apart_fn *in_helper;       /* for what may hang; NULL: that is not taken */
	void *arg;
};

struct haul_item {
	const struct fdent *e; /* of the survey */
	int fd;                /* ours; -1: see fail, or taken by a helper */
	int result;            /* what in_helper returned; 0: it was not called */
	struct fail *fail;     /* heap; NULL: it went well */
};

struct haul {
	pid_t pid, tid; /* tid: the thread it was taken through; 0: the leader */
	uint64_t start;
	char comm[64]; /* hostile bytes */
	size_t comm_len;
	int status;           /* what ended it, as in wait(2) */
	struct timespec when; /* CLOCK_REALTIME */
	struct survey *survey;
	struct haul_item *at;
	size_t n;
	bool more;        /* our table is full: free these, then take from `next` on */
	int next;         /* number of the first that was not taken */
	struct fail fail; /* the table itself could not be read; err 0: it was */
};

/*
 * Take those with numbers from `from` on. Never NULL; haul_free() it. Blocks for
 * at most GRAB_HANG_MS in all for what may hang. Effect: hold.
 */
struct haul *haul_take(const struct target_name *table, int from, const struct haul_opts *o);
void haul_free(struct haul *h); /* closes what is still in it; NULL is fine */

#endif
