/* SPDX-License-Identifier: MIT */
/*
 * Which rows: an expression over columns and facts.
 *
 *	kind=tcp and rq>0          = != < > <= >= compare; ~ !~ look for a regular
 *	name~"\.log$"              expression (regex(7), extended)
 *	deleted, cloexec           a name alone: it is there, and not no, 0 or empty
 *	share>1 or (fd<10 and !kind=file)
 *	size>=1.5M, rtt>10ms       sizes and times with units
 *	"error.log"                quoted text alone: in name, detail or command
 *
 * A row that has no such fact fails every comparison, != too. Of a list
 * ("seals", "watches.tfd") one element is enough, != and !~ want none. Words of
 * the kernel compare without case, names and other bytes with it.
 */
#ifndef SURVEY_FILTER_H
#define SURVEY_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "src/survey/columns.h"

struct filter;

/* Where a text is wrong: len bytes (0 at its end) from byte at, and why. */
struct filter_error {
	size_t at, len;
	char words[120]; /* plain ASCII */
};

/*
 * Compile text. Returns 0 and *f, to be freed by filter_free(); an empty text
 * lets every row pass. Or -EINVAL and *error. Nothing in text but its length
 * bounds the memory taken.
 */
int filter_compile(struct filter **f, const char *text, struct filter_error *error);
void filter_free(struct filter *f); /* NULL is fine */

/*
 * Does it let the row pass? f may be used by many threads, c by one. Draws
 * facts of the row's kind at most once, and only if it comes to them. NULL
 * lets every row pass.
 */
bool filter_match(const struct filter *f, struct columns *c, const struct fdent *e);

/*
 * A name in it that is no column, and that no row asked so far had as a fact:
 * most likely misspelt. NULL: none.
 */
const char *filter_unseen(const struct filter *f);

/*
 * What it compares with a value that no row asked so far could be compared with
 * ("rtt" with "10parsecs", "cloexec" with "maybe"): the name, and *value; both live as
 * long as f. NULL: nothing.
 */
const char *filter_unfit(const struct filter *f, const char **value);

#endif
