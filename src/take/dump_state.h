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
	struct hasher *again; /* of a stream's source, while it is read once more */
	bool finished;        /* r->hash is there already */
	unsigned hashes;      /* what the hasher computes: more than was asked for, for a stream */
	int src;              /* what is read: a re-open, or the grab */
	bool reopened;        /* SEEK_DATA may be used on src */
	bool find_zeros;      /* holes of the source do not show: look for zeros */
	struct statx before;
	bool mapped;    /* somebody can write by memory, which need not show in mtime */
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

/* -ECANCELED, with r->fail. */
int dump_cut_short(struct dump_state *d);
/* A hasher that hears of *cancel, or NULL with errno. */
struct hasher *dump_hasher(const struct dump_state *d, unsigned hashes);

/* The next bytes or zeros of the output, at d->at: written, hashed, recorded. */
int dump_put(struct dump_state *d, const void *p, size_t len, bool in_buffer);
int dump_put_hole(struct dump_state *d, uint64_t len);

/* Source bytes [from, to) to the output, holes kept. 0, -errno with r->fail, or 1: it ended. */
int dump_span(struct dump_state *d, uint64_t from, uint64_t to);

/* The next data of the source at or behind `from`: its begin and end, both at most `to`. */
void dump_next_data(struct dump_state *d, uint64_t from, uint64_t to, uint64_t *data,
		    uint64_t *hole);
ssize_t dump_read_at(int fd, char *p, size_t len, uint64_t from); /* or -errno */
int dump_src_fail(struct dump_state *d, int err, const char *call);

/* Each range that was asked for, as far as the source has it, with d->shift set; fn moves d->at. */
int dump_each_range(struct dump_state *d,
		    int (*fn)(struct dump_state *d, uint64_t from, uint64_t to));

/* As dump_ranges_add(), anywhere, and joined with what it overlaps. */
void dump_ranges_merge(struct dump_ranges *r, uint64_t from, uint64_t len);

/* Nothing at or behind `end`. */
void dump_ranges_cut(struct dump_ranges *r, uint64_t end);

/* What the source is now: dump_settle() compares. */
int dump_mark(struct dump_state *d);
/* Does any process have the source mapped so that it can write? Sets d->mapped. */
void dump_look_for_mappings(struct dump_state *d);
/* The data of the output, by SEEK_DATA: r->extents and r->copied. */
void dump_list_data(struct dump_state *d);

/*
 * Written to while we copied? Then say where, unless nobody writes any more: then
 * mend it. Call it once, behind the copy. Returns 0 or -errno.
 */
int dump_settle(struct dump_state *d);

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
