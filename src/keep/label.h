/* SPDX-License-Identifier: MIT */
/*
 * The line of JSON that goes beside a descriptor when it is handed over: where
 * it came from, with the keys of ls --json. What comes in may be from anybody:
 * it is read for what it says, and nothing is done because of it.
 */
#ifndef KEEP_LABEL_H
#define KEEP_LABEL_H

#include "src/base/buf.h"
#include "src/keep/shelf.h"

/* Append the line, with its newline. */
void label_write(struct buf *out, const struct shelf_item *item);

/*
 * Read pid, start, tid, comm, fd and name into item, whose other members stay;
 * name is new. Other keys are passed over. Returns 0, or -EINVAL if it is not one
 * flat object of JSON (values that are objects or lists are refused); then item
 * is as it was.
 */
int label_read(struct shelf_item *item, const char *text, size_t len);

#endif
