/* SPDX-License-Identifier: MIT */
/*
 * Reads a piece of a file ahead, in a thread of its own: who copies is then busy with
 * writing alone. Private to take/.
 */
#ifndef TAKE_AHEAD_H
#define TAKE_AHEAD_H

#include <stdint.h>
#include <sys/types.h>

struct ahead;

/*
 * Bytes [from, to) of fd, by pread(2), `size` at a time: the offset of fd does not move.
 * NULL if there is no memory or no thread to be had: read them yourself then. fd stays
 * the caller's, and open until ahead_free().
 */
struct ahead *ahead_new(int fd, uint64_t from, uint64_t to, size_t size);

/*
 * The next bytes: how many are in *buf, in order and without a gap. 0: the end of the
 * range or of the file; -errno: what pread(2) said; no more come after either. Blocks as
 * long as pread(2). *buf is one of as many bytes as `size`: who keeps it gives another
 * such buffer back by ahead_done(), before the next ahead_next().
 */
ssize_t ahead_next(struct ahead *a, char **buf);
void ahead_done(struct ahead *a, char *buf);

/* Ends the thread, and waits for it: as long as a pread(2) takes. NULL is fine. */
void ahead_free(struct ahead *a);

#endif
