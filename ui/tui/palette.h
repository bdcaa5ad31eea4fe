/* SPDX-License-Identifier: MIT */
/* `:` finds an action by its name; `C` changes settings. */
#ifndef TUI_PALETTE_H
#define TUI_PALETTE_H

#include "ui/tui/app.h"

void palette_open(struct app *a);
void palette_settings(struct app *a);

#endif
