/* SPDX-License-Identifier: MIT */
/* A compiled filter; private to filter.c and filter_parse.c. */
#ifndef SURVEY_FILTER_AST_H
#define SURVEY_FILTER_AST_H

#include <regex.h>
#include <stdatomic.h>

#include "src/base/alloc.h"
#include "src/survey/filter.h"

enum node_type { NODE_ALL, NODE_ANY, NODE_TERM, NODE_SET, NODE_TEXT };

enum node_op { OP_EQ, OP_NE, OP_LT, OP_GT, OP_LE, OP_GE, OP_HAS, OP_HAS_NOT };

/* What is compared with, read in every way it can be read. */
struct literal {
	const char *text; /* in the filter's arena */
	size_t len;
	bool is_number, is_octal, is_ns, is_time, is_bool;
	bool negative;
	uint64_t number, octal, ns; /* number: magnitude */
	int64_t time;               /* nanoseconds since the epoch, local time */
	bool yes;
	regex_t *regex; /* of ~; NULL where text is to be found as it is */
};

/* Children of ALL and ANY are a list: a long chain must not become a deep tree. */
struct node {
	enum node_type type;
	enum node_op op;
	bool negated;
	struct node *child, *next;
	struct column_ref ref;
	struct literal lit;
	atomic_bool asked, seen, fitted; /* fitted: a value could be compared with lit */
};

struct filter {
	struct node *root; /* NULL: everything passes */
	struct node **terms;
	size_t n_terms;
	struct arena arena;
};

#endif
