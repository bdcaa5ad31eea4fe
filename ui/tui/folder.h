/* SPDX-License-Identifier: MIT */
/* The folder that a dump or a recovery goes to: made, opened, its free space. */
#ifndef TUI_FOLDER_H
#define TUI_FOLDER_H

#include "ui/tui/dialog.h"

#define FOLDER_FIELD 0 /* of a dialog that asks for one */

/* On any thread: made with mode 0700 if need be. A descriptor, or -errno with f. */
int folder_open(const char *path, struct fail *f);

/* "~/x" with the home directory. To be freed. */
char *folder_expand(const char *path);

/* Show the free space beside the field, once it is known. */
void folder_ask_space(struct app *a, struct dialog *d);

/* What both dialogs that save ask for; false: it was said what is wrong. */
bool folder_is_given(struct dialog *d);
bool folder_hashes(struct dialog *d, size_t field, unsigned *hashes);

#endif
