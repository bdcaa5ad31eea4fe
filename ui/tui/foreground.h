/* SPDX-License-Identifier: MIT */
/* A command that has the terminal until it ends, while the interface waits. */
#ifndef TUI_FOREGROUND_H
#define TUI_FOREGROUND_H

#include "src/keep/launch.h"
#include "ui/tui/app.h"

/*
 * Leave the screen, run it with the terminal as its 0, 1 and 2 (l->stdio is set
 * here), wait for its end and for Enter, come back. ^C and ^Z are for it; when it
 * stops, so do we. l->list is closed once it runs. Jobs go on meanwhile. Returns 0
 * and its status as of wait(2), -EINTR if a signal made the interface leave, or
 * -errno with f.
 */
int foreground_run(struct app *a, struct launch *l, int *status, struct fail *f);

#endif
