/* SPDX-License-Identifier: MIT */
/* What the files of the shelf share: looking, painting, releasing. */
#ifndef TUI_SHELF_H
#define TUI_SHELF_H

#include <time.h>

#include "src/keep/origin.h"
#include "src/keep/shelf.h"
#include "ui/tui/app.h"

struct shelf_state {
	struct list list;
	struct shelf_list items;
	struct origin_state *states; /* of the items */
	time_t *exited;              /* when that was first seen; 0: not */
	bool *marked;
	pid_t pid; /* of the shelf */
	bool looking;
	unsigned asked, shown; /* looks: a late one is not to undo a later */
	uint64_t due;
};

/* The one under the cursor; NULL: none. */
const struct shelf_item *shelf_current(struct app *a);
/* Marked ones, or the current one. Returns how many; *at is the caller's to free. */
size_t shelf_selection(struct app *a, const struct shelf_item ***at);
/* Is that descriptor, as it is now, on the shelf? */
bool shelf_holds(struct app *a, const struct fdent *e);
/* The shelf's own descriptor for the one under the cursor, in a picture of the system. */
const struct fdent *shelf_in_picture(struct app *a, const struct picture *p);
/* Something was put there. */
void shelf_changed(struct app *a);
/* What became of where it came from; of the list that is shown. */
const struct origin_state *shelf_state_of(const struct app *a, const struct shelf_item *h);
/* Let go of these, on a thread; of one that is another by now it is said. Takes over items. */
void shelf_release_items(struct app *a, struct shelf_list *items);

/* shelfdraw.c */
void shelf_draw(struct app *a, struct rect r, bool focused);
/* "LAST HOLDER, /srv/lost.log" */
void shelf_note(struct app *a, const struct shelf_item *h, struct buf *out);

/* releasing.c: `x` */
void releasing_open(struct app *a);

#endif
