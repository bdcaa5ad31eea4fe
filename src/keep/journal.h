/* SPDX-License-Identifier: MIT */
/*
 * What is on the shelf, in words, in a file beside its socket. While the shelf
 * lives nobody reads it. If it is there without a shelf, then the shelf was
 * killed, and this is all that is left of what it held. Where the disk is full
 * it is emptied, which needs no room and says that nobody knows.
 */
#ifndef KEEP_JOURNAL_H
#define KEEP_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/buf.h"
#include "src/keep/place.h"
#include "src/keep/wire.h"

struct journal {
	int fd; /* -1: none */
	size_t lines;
	bool broken; /* it could not be written, and is empty until it is written anew */
};

/*
 * Begin an empty one; ids go on from next. The one that is there is replaced by
 * journal_commit(), whole. Returns 0 or -errno.
 */
int journal_begin(struct journal *j, const struct place *p, int64_t since, uint32_t next);
int journal_commit(const struct journal *j, const struct place *p); /* refused if broken */
void journal_add(struct journal *j, uint32_t id, const struct wire_packet *p);
void journal_drop(struct journal *j, uint32_t id);
void journal_end(struct journal *j, const struct place *p); /* nothing is held: remove it */

/* What a shelf that is gone had. */
struct journal_loss {
	size_t n;        /* descriptors */
	bool unknown;    /* there was a shelf, and what it held could not be written down */
	int64_t since;   /* when that shelf began, seconds since the epoch; 0: unknown */
	uint32_t next;   /* the first id that it never gave away; 0: unknown */
	struct buf text; /* "h1 4121:7 tcp socket:[881]\n"...: safe to print */
};

/* Read it and forget it, but for the ids. The caller has the lock. */
void journal_recover(const struct place *p, struct journal_loss *loss);
void journal_loss_release(struct journal_loss *loss);

#endif
