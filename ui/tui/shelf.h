/* SPDX-License-Identifier: MIT */
#ifndef TUI_SHELF_H
#define TUI_SHELF_H

#include "src/keep/shelf.h"
#include "ui/tui/app.h"

/* The one under the cursor; NULL: none. */
const struct shelf_item *shelf_current(struct app *a);
/* Is that descriptor, as it is now, on the shelf? */
bool shelf_holds(struct app *a, const struct fdent *e);
/* The shelf's own descriptor for the one under the cursor, in a picture of the system. */
const struct fdent *shelf_in_picture(struct app *a, const struct picture *p);
/* It has been put there. */
void shelf_added(struct app *a, unsigned id, const struct fdent *e);

#endif
