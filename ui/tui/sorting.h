/* SPDX-License-Identifier: MIT */
/* By what the rows of the two tables are ordered. */
#ifndef TUI_SORTING_H
#define TUI_SORTING_H

#include <stdbool.h>
#include <stddef.h>

#include "src/survey/columns.h"

enum fds_sort {
	FDS_BY_FD,
	FDS_BY_KIND,
	FDS_BY_MODE,
	FDS_BY_POS,
	FDS_BY_SIZE,
	FDS_BY_SHARE,
	FDS_BY_NAME,
	FDS_BY_CHANGE, /* what moved last comes first */
	FDS_BY_COLUMN, /* any other column or fact */
	FDS_SORT_COUNT
};

struct fds_order {
	enum fds_sort by;
	bool invert;
	struct column_ref column; /* FDS_BY_COLUMN */
};

/* "size", "-ino": a column or fact, or "change"; a minus turns the order round. */
bool fds_order_parse(struct fds_order *o, const char *text);
/* Of a column that is on the screen. */
void fds_order_by(struct fds_order *o, const struct column_ref *column);
/* "FD", "INO". */
const char *fds_order_name(const struct fds_order *o);
/* For ls -s: "ofd"; NULL: it has no such order. */
const char *fds_order_column(const struct fds_order *o);

enum procs_sort {
	PROCS_BY_FDS,
	PROCS_BY_PID,
	PROCS_BY_USER,
	PROCS_BY_LIMIT,
	PROCS_BY_GROWTH,
	PROCS_BY_COMMAND,
	PROCS_SORT_COUNT
};

struct procs_order {
	enum procs_sort by;
	bool invert;
};

/* "FDS", "LIM". */
const char *procs_sort_name(enum procs_sort by);
/* "fds", "-command". */
bool procs_order_parse(struct procs_order *o, const char *text);

#endif
