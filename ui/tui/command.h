/* SPDX-License-Identifier: MIT */
/* `y`: the command that shows or does the same. */
#ifndef TUI_COMMAND_H
#define TUI_COMMAND_H

#include "ui/tui/app.h"

void command_show(struct app *a);

#endif
