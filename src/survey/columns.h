/* SPDX-License-Identifier: MIT */
/*
 * The one table of what can be said of a row: names for JSON, filters, -o, -s
 * and the interface, with short aliases as column headings. What is not in the
 * table is a fact of the row's kind, by its name ("rtt", "watches.tfd"); where
 * both have a name ("pid" of a pidfd), "detail.pid" is the kind's.
 */
#ifndef SURVEY_COLUMNS_H
#define SURVEY_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "src/base/buf.h"
#include "src/base/fail.h"
#include "src/kind/facts.h"
#include "src/survey/marks.h"
#include "src/survey/survey.h"

struct columns;

/*
 * The value for a row; false: it has none. Text points into the survey, into
 * static words, or into *c, where it lives until the next value is asked for.
 */
typedef bool column_get(struct columns *c, const struct fdent *e, struct fact *value);

/* What a person sees, where that is not just the value. */
typedef void column_show(struct buf *out, struct columns *c, const struct fdent *e);

enum column_flags {
	COLUMN_RIGHT = 1,   /* aligned to the right */
	COLUMN_REST = 2,    /* takes what is left of the line */
	COLUMN_PROCESS = 4, /* the same for all rows of a table */
	COLUMN_NUMBER = 8,  /* only a number is worth comparing with */
};

struct column {
	const char *name;  /* "recv_queue" */
	const char *alias; /* "RQ" */
	column_get *get;   /* NULL: the fact of that name */
	column_show *show; /* NULL: the value, "-" without one */
	uint8_t width;     /* cells, as a rule */
	uint8_t flags;
	const char *help; /* a few words */
};

extern const struct column column_table[]; /* name NULL ends it */

/* A column somebody named: of the table, or a fact. */
struct column_ref {
	const struct column *column; /* NULL: a fact */
	char fact[64];               /* its name, also of a column without get */
};

/*
 * By name or alias, in upper or lower case. Returns 0, or -EINVAL: that is no
 * word a fact could have.
 */
int column_find(struct column_ref *ref, const char *name, size_t len);
const char *column_heading(const struct column_ref *ref); /* "FD"; a fact's own name */

struct column_list {
	struct column_ref *at;
	size_t n;
};

/*
 * "FD,KIND,local"; with "+" in front, behind those of `base`. Returns 0, or
 * -EINVAL with f (usage). column_list_release() after.
 */
int column_list_parse(struct column_list *list, const char *text, const char *base, struct fail *f);
void column_list_release(struct column_list *list);

#define COLUMNS_OF_ONE     "FD,KIND,MODE,POS/SIZE,SHARE,DETAIL"
#define COLUMNS_OF_MANY    "PID," COLUMNS_BEHIND_PID
#define COLUMNS_BEHIND_PID "USER,COMMAND," COLUMNS_OF_ONE

#define COLUMNS_FACTS_MAX 32

/*
 * Has a duplicate of the row taken while its facts are drawn, and given back: take()
 * sets ctx->grab or leaves it.
 */
struct columns_grab {
	void (*take)(void *arg, const struct fdent *e, struct kind_ctx *ctx);
	void (*give)(void *arg, struct kind_ctx *ctx);
	void *arg;
};

/*
 * What values are drawn from: a survey, and the facts of one row at a time, so
 * that they are computed once for a filter, a sort and six columns. One a
 * thread. Looking up a user's name asks the system's databases, which may
 * block (see getpwuid_r(3)); everything else does not.
 */
struct columns {
	const struct survey *s;
	struct kind_ctx ctx;
	enum text_mode text;
	struct columns_grab grab; /* take NULL: facts that need a grab are not there */
	/* private: */
	struct facts_flat facts;
	struct facts_ops ops;
	const struct fdent *facts_of;
	char wanted[COLUMNS_FACTS_MAX][64]; /* facts that are asked for, by the first word */
	size_t n_wanted;
	bool wants_brief, wants_all, wants_deep;
	struct buf scratch;
	struct marks marks;
	bool has_marks;
	struct columns_user {
		uid_t uid;
		char *name;
	} * users;
	size_t n_users;
};

void columns_init(struct columns *c, const struct survey *s, enum text_mode text);
void columns_release(struct columns *c);

/* Another survey from now on: pointers to rows of the old one are forgotten. */
void columns_move(struct columns *c, const struct survey *s);
/* Facts of the last row are to be computed again. */
void columns_forget(struct columns *c);

/* Say once that this will be asked for: a fact nobody wants is not computed. */
void columns_want(struct columns *c, const struct column_ref *ref);

bool column_value(struct columns *c, const struct column_ref *ref, const struct fdent *e,
		  struct fact *value);

/*
 * Every value of a list fact: "watches.tfd" is all of watches.0.tfd, .1.tfd.
 * *at starts at 0; false at the end. A single value comes once. A list of objects
 * ("watches", "locks") is how many it has.
 */
bool column_next(struct columns *c, const struct column_ref *ref, const struct fdent *e, size_t *at,
		 struct fact *value);

/* Append the cell, safe to print and without padding. */
void column_format(struct buf *out, struct columns *c, const struct column_ref *ref,
		   const struct fdent *e);

/* "nginx" for 33, digits where there is no such user; lives as long as c. */
const char *columns_user(struct columns *c, uid_t uid);

/* A row's DETAIL: the brief of its kind, what happened to it, its peers. */
void column_show_detail(struct buf *out, struct columns *c, const struct fdent *e);

/*
 * Sort rows by a column: numbers by size, then text by its bytes; those without
 * a value last, whatever the direction. Stable. Each value is drawn once.
 */
void column_sort(struct columns *c, const struct column_ref *ref, bool descending,
		 const struct fdent **rows, size_t n);

#endif
