/* SPDX-License-Identifier: MIT */
/* What the files of the descriptor view share: its rows, its painting, its keys. */
#ifndef TUI_FDS_H
#define TUI_FDS_H

#include "src/survey/filter.h"
#include "ui/tui/app.h"
#include "ui/tui/fdrow.h"
#include "ui/tui/sorting.h"

/* What happened to a row lately. */
enum fds_change { FDS_SAME, FDS_NEW, FDS_CHANGED };

struct fds_row {
	const struct fdent *e;
	uint64_t when;   /* of its change, 0: none seen */
	uint32_t letter; /* of its group; 0: alone */
	uint8_t change;
};

/* What was in a slot at the last look. In the order of the table. */
struct fds_seen {
	pid_t tid;
	int fd;
	uint8_t assoc;
	uint64_t ident, hash;
	uint64_t when;
	uint8_t change;
};

struct fds_mark {
	pid_t tid;
	uint8_t assoc;
	int fd;
	uint64_t ino, dev;
};

struct fds_state {
	struct list list;
	struct fds_row *rows; /* as shown; of a->target_pic */
	size_t n, total;
	struct fds_order order;
	bool group, follow;
	struct buf filter;
	struct filter *compiled; /* NULL: everything passes */
	int want_fd;             /* put the cursor there when it comes; -1 */
	struct fds_mark at;      /* under the cursor */
	bool placed;
	struct fds_mark *marks;
	size_t n_marks;
	struct fds_seen *seen;
	size_t n_seen;
	uint64_t fade_until;
	unsigned gone; /* rows that vanished at the last look */
	struct facts_flat facts;
	struct fdcells cells;
	struct columns columns; /* of columns that fdcells has not */
	bool has_columns;       /* it was made */
	bool columns_stale;     /* the rows are others since */
	int width;              /* of the last painting */
};

/* fdsrows.c */
void fds_rebuild(struct app *a);
bool fds_set_filter(struct app *a, const char *text, struct filter_error *error);
void fds_filter_release(struct fds_state *s);

/* fdsdraw.c */
void fds_draw(struct app *a, struct rect r, bool focused);
void fds_click(struct app *a, int y, int x);
struct fdrow_ctx fds_row_ctx(struct app *a, const struct fds_row *row);
/* All cells of a row, for searching; a blank between. */
void fds_cells_text(struct app *a, const struct fds_row *row, struct buf *out);
/* Other columns, or another way to write them. */
void fds_columns_changed(struct app *a);

/* fds.c */
bool fds_is_marked(const struct fds_state *s, const struct fdent *e);

#endif
