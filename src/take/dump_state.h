/* SPDX-License-Identifier: MIT */
/* Private to take/: a dump on its way. */
#ifndef TAKE_DUMP_STATE_H
#define TAKE_DUMP_STATE_H

#include <sys/stat.h>

#include "src/take/dump.h"

struct dump_state {
	const struct dump_opts *o;
	struct dump_result *r;
	struct out out;
	struct hasher *hasher;
	int src;         /* what is read: a re-open, or the grab */
	bool reopened;   /* SEEK_DATA may be used on src */
	bool find_zeros; /* holes of the source do not show: look for zeros */
	struct statx before;
	bool recent;    /* before.mtime is so young that one more write might not show */
	uint64_t size;  /* of the source, as far as it is to be copied */
	uint64_t shift; /* output offset of source offset 0, modulo 2^64 */
	uint64_t at;    /* output offset that comes next */
	bool rehash;    /* what was hashed is not what is there now */
	uint64_t total; /* for progress */
	uint64_t reported_ns;
};

uint64_t dump_now_ns(void);
bool dump_canceled(const struct dump_state *d);
void dump_progress(struct dump_state *d, bool last);

/* The next bytes or zeros of the output, at d->at: written, hashed, recorded. */
int dump_put(struct dump_state *d, const void *p, size_t len, bool in_buffer);
int dump_put_hole(struct dump_state *d, uint64_t len);

/* Source bytes [from, to) to the output, holes kept. 0, -errno with r->fail, or 1: it ended. */
int dump_span(struct dump_state *d, uint64_t from, uint64_t to);

/* What the source is now, to be compared by dump_changed(): its bytes, not its end. */
int dump_mark(struct dump_state *d);
bool dump_changed(struct dump_state *d);
/* Compare source bytes [from, to) with the output: differences are unstable, or repaired. */
int dump_verify(struct dump_state *d, uint64_t from, uint64_t to, bool repair);

/*
 * The end of a copy that resulted in err: cut, hash, fsync, name; or what is kept of
 * it. Fills size, path, complete and the times. Returns 0 or -errno.
 */
int dump_finish(struct dump_state *d, int err);

/* The hash of the output as it is, by reading it again. */
int dump_rehash(struct dump_state *d);

/*
 * After the first copy: go on while it grows. events is of dump_follow_watch(),
 * called before the copy: an inotify descriptor, or -errno with r->fail.
 */
int dump_follow_watch(struct dump_state *d);
int dump_follow(struct dump_state *d, int events);

#endif
