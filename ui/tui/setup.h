/* SPDX-License-Identifier: MIT */
/* `C`: columns and settings. What is set here holds until the end; the file keeps it. */
#ifndef TUI_SETUP_H
#define TUI_SETUP_H

#include "ui/tui/app.h"
#include "ui/tui/settings.h"

/* Before the first screen: all of them. */
void setup_begin(struct app *a);
/* What is wrong in the file, on the message line and in the log. */
void setup_say_problems(struct app *a);

/* Set one and let it take effect at once. False: why says what is wrong (display text). */
bool setup_set(struct app *a, enum setting i, const char *text, struct buf *why);

/* The columns where descriptors are in front, else the settings; each leads to the other. */
void setup_open(struct app *a);

#endif
