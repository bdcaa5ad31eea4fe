/* SPDX-License-Identifier: MIT */
/*
 * What changed between two surveys: for --watch and for the interface. Pure
 * computation over both; linear in their rows.
 */
#ifndef SURVEY_DIFF_H
#define SURVEY_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/survey/survey.h"

enum change_what {
	CHANGE_PROCESS_NEW,  /* its rows are not listed as opened one by one */
	CHANGE_PROCESS_GONE, /* nor as closed */
	CHANGE_OPENED,
	CHANGE_CLOSED,
	CHANGE_REPLACED, /* the number stands for another thing now */
	CHANGE_MOVED,    /* offset */
	CHANGE_SIZE,
	CHANGE_RECV_QUEUE,
	CHANGE_SEND_QUEUE,
	CHANGE_STATE,   /* of a connection: before and after are TCP_* numbers */
	CHANGE_FLAGS,   /* of open(2), O_CLOEXEC too */
	CHANGE_DELETED, /* before and after are enum deleted */
	CHANGE_WHATS,
};

const char *change_name(enum change_what what); /* "opened", "recv-queue" */

struct change {
	enum change_what what;
	const struct procent *proc; /* of now; of a gone process the old one */
	const struct fdent *old;    /* NULL: opened, or a process */
	const struct fdent *now;    /* NULL: closed, or a process */
	uint64_t before, after;     /* from CHANGE_MOVED on */
};

/* Both surveys must outlive it: changes point into them. */
struct diff {
	struct change *at; /* in the order of rows; what one row did, in that of the enum */
	size_t n;
	size_t of[CHANGE_WHATS];
	double seconds; /* between the two; 0: not known, so there are no rates */
};

void diff_make(struct diff *d, const struct survey *old, const struct survey *now);
void diff_release(struct diff *d);

/* after - before a second: 0 where that means nothing. */
double change_rate(const struct diff *d, const struct change *c);

/*
 * Do both rows, of one number at two times, show the same thing? By kind,
 * device, inode and ids of anonymous inodes: what cannot change while it is
 * open. A file that was closed and opened again looks the same.
 */
bool fdent_same_thing(const struct fdent *old, const struct fdent *now);

#endif
