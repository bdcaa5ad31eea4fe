/* SPDX-License-Identifier: MIT */
/* `:` finds an action by its name, and sets: "refresh 2s", "columns +ino". */
#ifndef TUI_PALETTE_H
#define TUI_PALETTE_H

#include "ui/tui/app.h"

void palette_open(struct app *a);

#endif
