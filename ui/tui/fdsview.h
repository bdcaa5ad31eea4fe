/* SPDX-License-Identifier: MIT */
/*
 * Which rows of a picture are shown, in what order, and what changed since the
 * last look. Made from what is written here and nothing else, so on any thread.
 */
#ifndef TUI_FDSVIEW_H
#define TUI_FDSVIEW_H

#include <stdatomic.h>

#include "src/base/text.h"
#include "src/survey/filter.h"
#include "ui/tui/picture.h"
#include "ui/tui/sorting.h"

#define FDS_FADE_MS 3000 /* that a change is shown */

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

struct fds_query {
	const struct picture *pic, *wide; /* wide may be NULL */
	pid_t pid;
	uint64_t now;
	enum text_mode mode;
	struct fds_order order;
	bool group;
	const struct filter *filter; /* NULL: all pass */
	bool look;                   /* pic is new: compare it with what was seen */
	const struct fds_seen *seen; /* the last look; NULL: there was none */
	size_t n_seen;
	const atomic_bool *cancel;
};

struct fds_view {
	struct fds_row *rows;  /* of the picture */
	size_t n, total;       /* shown; descriptors there are */
	struct fds_seen *seen; /* with look: what is to be compared with next; else NULL */
	size_t n_seen;
	unsigned gone; /* rows that vanished at this look */
	bool moved;    /* something changed at this look */
};

/* False: cancelled, and nothing to release. */
bool fds_view_make(struct fds_view *v, const struct fds_query *q);
void fds_view_release(struct fds_view *v);

#endif
