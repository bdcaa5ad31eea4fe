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
#include "src/proc/target.h"
#include "src/survey/filter.h"
#include "src/survey/survey.h"

/*
 * For what is on a filesystem that may not answer: called in a helper that may
 * be abandoned, with our duplicate, which the helper's end closes. What it
 * writes to out (at most HAUL_ANSWER bytes) ends up in the item's answer.
 */
typedef void haul_in_helper(void *arg, const struct fdent *e, int fd, int out);
#define HAUL_ANSWER 4096

struct haul_opts {
	int procfs;
	const struct filter *only; /* NULL: all */
	haul_in_helper *in_helper; /* NULL: what may hang is not taken */
	const int *keep;           /* descriptors of ours that in_helper needs, at most 8 */
	size_t n_keep;
	void *arg;
};

struct haul_item {
	const struct fdent *e; /* of the survey */
	int fd;                /* ours; -1: see fail, or taken by a helper */
	char *answer;          /* of in_helper, heap, NUL-terminated; NULL: none */
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
