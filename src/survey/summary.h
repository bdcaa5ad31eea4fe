/* SPDX-License-Identifier: MIT */
/*
 * Counts: by kind, by process, against RLIMIT_NOFILE; and over several surveys
 * what grows, how fast, and which descriptor was there first. Keeps what it
 * needs of a survey (16 to 24 bytes a descriptor), so that the survey may go.
 */
#ifndef SURVEY_SUMMARY_H
#define SURVEY_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "src/survey/survey.h"

/* How many descriptors of a kind there were. */
struct summary_count {
	const struct kind *kind;
	uint64_t first, last; /* in the first survey that saw the process, and now */
	uint64_t most;
	unsigned fell; /* between how many surveys it went down */
};

struct summary_proc {
	pid_t pid, tid;
	uint64_t start;
	uid_t uid;
	char *comm; /* hostile bytes, a copy */
	uint32_t comm_len;
	uint64_t fds;   /* descriptors of the table, counted or not */
	uint64_t limit; /* soft RLIMIT_NOFILE; 0: not known, UINT64_MAX: unlimited */
	int err;        /* why its table could not be read */
	struct summary_count *kinds;
	size_t n_kinds;
	struct timespec since; /* first seen */
	uint64_t first_fds;    /* fds then */
	size_t n_seen;         /* descriptors counted: those that pick() let pass */
	/* private: */
	struct summary_seen *seen;
};

struct summary {
	struct summary_proc *procs; /* of the last survey, by pid and tid */
	size_t n_procs;
	struct summary_count *kinds; /* over all processes, most first */
	size_t n_kinds;
	uint64_t fds; /* counted */
	unsigned surveys;
	struct timespec first, last;
	/* Which descriptors count, set before the first survey; NULL: all. */
	bool (*pick)(void *arg, const struct fdent *e);
	void *pick_arg;
};

/* Zero-initialised is empty. Takes in one more survey, later than the last. */
void summary_add(struct summary *m, const struct survey *s);
void summary_release(struct summary *m);

/* Percent of the limit, rounded down; -1: not known or unlimited. */
int summary_limit_used(const struct summary_proc *p);

enum summary_order {
	SUMMARY_BY_FDS,
	SUMMARY_BY_LIMIT, /* nearest to its limit first */
};

/* The processes in that order, ties by pid; the caller frees the list. */
const struct summary_proc **summary_procs(const struct summary *m, enum summary_order order);

/* A kind that grew in a process from its first survey to its last. */
struct summary_leak {
	const struct summary_proc *proc;
	const struct summary_count *count;
	double per_second;       /* 0: the time is not known */
	double seconds_to_limit; /* as the whole table grows; negative: never, or not known */
	bool steady;             /* it never went down: a leak rather than a load */
	int oldest_fd;           /* lowest of those that were there longest */
	int first_new_fd;        /* the first that came while we watched; -1: none is left */
};

/*
 * What grew, steady ones first, then the fastest; the caller frees the list.
 * Two surveys at least, else none.
 */
struct summary_leak *summary_leaks(const struct summary *m, size_t *n);

#endif
