/* SPDX-License-Identifier: MIT */
/*
 * Options as data: parsing, usage, help, manual and completion come from the
 * same table. An option is a flag or takes a value; it may stand anywhere
 * before "--", as --name value, --name=value, -n value or -nvalue. What begins
 * with a minus and a digit is a negative number, not an option.
 */
#ifndef CLI_OPTS_H
#define CLI_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum opt_type {
	OPT_FLAG,  /* bool */
	OPT_TEXT,  /* const char *; NULL: not given */
	OPT_COUNT, /* int64_t, >= 0; -1: not given */
	OPT_SIZE,  /* uint64_t bytes with suffix; UINT64_MAX: not given or "all" */
};

struct opt {
	const char *name; /* "no-headings"; NULL ends a table */
	char letter;      /* 0: none */
	enum opt_type type;
	size_t offset;   /* of the value in the command's own struct */
	const char *arg; /* "FILE"; NULL for flags */
	const char *help;
};

/*
 * Parse argv[0..argc), which has neither program nor verb, into the struct at
 * `values`; defaults are set first. What is no option stays in argv in its
 * order; *n_args counts it, *rest (may be NULL) gets the index in argv of what
 * followed "--", or -1. Several tables are searched in turn, each with the
 * values of its own. Returns 0, or -EINVAL after a message on stderr.
 */
struct opt_set {
	const struct opt *opts;
	void *values;
};
int opts_parse(const char *verb, const struct opt_set *sets, size_t n_sets, int argc, char **argv,
	       int *n_args, int *rest);

#endif
