/* SPDX-License-Identifier: MIT */
/*
 * Where contents go: a file that appears under its name only when it is
 * complete, or a stream such as standard output.
 */
#ifndef TAKE_OUT_H
#define TAKE_OUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "src/base/fail.h"

struct out_opts {
	int dir;          /* the folder that name is relative to, or AT_FDCWD */
	const char *name; /* raw bytes; NULL: write to fd, in order, never seek */
	int fd;
	bool force;                /* replace what has the name, atomically; forget a .partial */
	bool resume;               /* go on with NAME.partial */
	const atomic_bool *cancel; /* ends a write that blocks: a signal must come too; or NULL */
};

struct out {
	int fd;
	int dir;
	char *name, *partial; /* NULL for a stream */
	bool owns_fd, force;
	const atomic_bool *cancel;
	uint64_t had; /* bytes in the .partial that is resumed */
	uint64_t at;  /* streams: written so far */
};

/* NAME.partial; of a name that leaves no room for that, as much as there is room. Free it. */
char *out_partial_name(const char *name);

/*
 * Make NAME.partial (O_EXCL, O_NOFOLLOW, mode 0600). Returns 0, or -errno with f,
 * class FAIL_OUTPUT: -EEXIST when NAME or NAME.partial is there and neither force
 * nor resume was given, or when force would replace what is no file: a device, a FIFO.
 */
int out_open(struct out *o, const struct out_opts *opts, struct fail *f);

/* Files anywhere; streams only where the last one ended. Returns 0 or -errno with f. */
int out_write(struct out *o, uint64_t at, const void *p, size_t len, struct fail *f);

/* A hole: nothing is written to a file, and what a resumed one had there is removed. */
int out_hole(struct out *o, uint64_t at, uint64_t len, struct fail *f);

/* Of a resumed file: does it have these bytes already? */
bool out_has(const struct out *o, uint64_t at, const void *p, size_t len);

/* Cut or extend to size, without giving it its name yet. Streams: nothing. */
int out_truncate(struct out *o, uint64_t size, struct fail *f);

/* Has the .partial still its name? Somebody may have removed it, or its folder. */
bool out_is_there(const struct out *o);

/* Everything on the disk: fsync(2). Then the name, and the folder's own fsync. */
int out_sync(struct out *o, struct fail *f);
int out_name(struct out *o, struct fail *f);

/* Forget it; the .partial stays. Safe after everything and twice. */
void out_close(struct out *o);

/* Failed to write: class FAIL_OUTPUT whatever the errno. Returns -err. */
int out_fail(const struct out *o, int err, const char *call, struct fail *f);

#endif
