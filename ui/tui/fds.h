/* SPDX-License-Identifier: MIT */
/* What the files of the descriptor view share: its rows, its painting, its keys. */
#ifndef TUI_FDS_H
#define TUI_FDS_H

#include "src/survey/filter.h"
#include "ui/tui/app.h"
#include "ui/tui/fdrow.h"
#include "ui/tui/fdsview.h"

struct fds_mark {
	pid_t tid;
	uint8_t assoc;
	int fd;
	uint64_t ino, dev;
};

struct fds_state {
	struct list list;
	struct fds_view view; /* as shown; of a->target_pic */
	struct fds_order order;
	bool group, follow;
	struct buf filter;
	struct filter *in_force; /* that the view was made with; NULL: everything passes */
	bool tell_unseen;        /* if no row has what it names */
	int want_fd;             /* put the cursor there when it comes; -1 */
	struct fds_mark at;      /* under the cursor */
	bool placed;
	struct fds_mark *marks; /* sorted */
	size_t n_marks;
	/* fdsrows.c: the next view is made, perhaps on a thread */
	struct fds_task *task; /* NULL: none */
	struct picture *next;  /* has arrived, is not shown yet */
	bool again;            /* once that is done: something else is wished for by now */
	unsigned wish, granted;
	unsigned target; /* counts the processes that were looked at */
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
/* Filter or order are others: show what they say, soon. */
void fds_rebuild(struct app *a);
bool fds_set_filter(struct app *a, const char *text, struct filter_error *error);
/* Put the cursor where it is wanted, or on the row that it was on. */
void fds_find_cursor(struct fds_state *s);
/* Say so if the filter names what no row has; once its rows are there. */
void fds_tell_unseen(struct app *a);
void fds_rows_release(struct fds_state *s);

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
