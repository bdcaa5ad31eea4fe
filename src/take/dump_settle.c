/* SPDX-License-Identifier: MIT */
/* After a copy: was it of one moment? What changed meanwhile is found, named or mended. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/take/dump_state.h"
#include "src/take/mapped.h"

#define HOLE_UNIT 4096
#define RECENT_NS 20000000 /* coarser than the clock of mtime: see stat(2) */
/* So much is compared faster than it is found out who has it mapped. */
#define SMALL ((uint64_t)16 << 20)

int dump_mark(struct dump_state *d)
{
	struct timespec ts;
	int64_t age;

	if (statx(d->src, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &d->before) < 0)
		return dump_src_fail(d, errno, "statx");
	clock_gettime(CLOCK_REALTIME, &ts);
	age = (ts.tv_sec - d->before.stx_mtime.tv_sec) * 1000000000 + ts.tv_nsec -
	      (int64_t)d->before.stx_mtime.tv_nsec;
	d->recent = age < RECENT_NS;
	return 0;
}

static bool has_changed(struct dump_state *d)
{
	struct statx now;

	if (statx(d->src, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &now) < 0)
		return true;
	return now.stx_mtime.tv_sec != d->before.stx_mtime.tv_sec ||
	       now.stx_mtime.tv_nsec != d->before.stx_mtime.tv_nsec ||
	       now.stx_size < d->before.stx_size;
}

void dump_look_for_mappings(struct dump_state *d)
{
	int procfs = d->o->ctx->procfs;

	if (d->mapped || procfs < 0 || !S_ISREG(d->before.stx_mode) ||
	    (d->out.name && d->size <= SMALL))
		return;
	d->mapped = mapped_by_writer(procfs, d->before.stx_ino);
}

void dump_list_data(struct dump_state *d)
{
	off_t at = 0, hole, size = (off_t)d->at;

	d->r->extents.n = 0;
	d->r->copied = 0;
	while (at < size) {
		off_t data = lseek(d->out.fd, at, SEEK_DATA);

		if (data < 0 && errno == ENXIO)
			return;
		hole = data < 0 ? -1 : lseek(d->out.fd, data, SEEK_HOLE);
		if (data < 0)
			data = at;
		if (hole < 0 || hole > size)
			hole = size;
		dump_ranges_add(&d->r->extents, (uint64_t)data, (uint64_t)(hole - data));
		d->r->copied += (uint64_t)(hole - data);
		at = hole;
	}
}

static uint64_t range_end(const struct dump_state *d, const struct dump_range *range)
{
	uint64_t end = range->len > UINT64_MAX - range->from ? UINT64_MAX
							     : range->from + range->len;

	if (end > d->size)
		end = d->size;
	if (end > range->from && end - range->from > d->o->max_bytes - d->at)
		end = range->from + (d->o->max_bytes - d->at);
	return end;
}

int dump_each_range(struct dump_state *d,
		    int (*fn)(struct dump_state *d, uint64_t from, uint64_t to))
{
	static const struct dump_range all = { 0, UINT64_MAX };
	const struct dump_range *at = d->o->ranges.n ? d->o->ranges.at : &all;
	size_t n = d->o->ranges.n ? d->o->ranges.n : 1;
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++) {
		uint64_t end = range_end(d, &at[i]);

		d->shift = d->at - at[i].from;
		if (end > at[i].from)
			r = fn(d, at[i].from, end);
	}
	return r;
}

/* What could not be read is told already. */
static bool is_bad(const struct dump_ranges *bad, uint64_t from, uint64_t len)
{
	for (size_t i = 0; i < bad->n; i++)
		if (bad->at[i].from < from + len && from < bad->at[i].from + bad->at[i].len)
			return true;
	return false;
}

/* Compare one piece; a difference goes on the list or is copied again. */
static int verify_piece(struct dump_state *d, uint64_t from, char *a, char *b, size_t len,
			bool repair)
{
	ssize_t n = dump_read_at(d->src, a, len, from);
	ssize_t m = dump_read_at(d->out.fd, b, len, from + d->shift);

	if (n < 0 || m < 0 || (n == m && memcmp(a, b, (size_t)n) == 0))
		return 0;
	if (repair && n > 0) {
		d->rehash = true;
		return out_write(&d->out, from + d->shift, a, (size_t)n, &d->r->fail);
	}
	for (size_t i = 0; i < len; i += HOLE_UNIT) {
		size_t unit = len - i < HOLE_UNIT ? len - i : HOLE_UNIT;

		if (is_bad(&d->r->bad, from + i, unit))
			continue;
		if (i + unit > (size_t)n || i + unit > (size_t)m || memcmp(a + i, b + i, unit) != 0)
			dump_ranges_merge(&d->r->unstable, from + i, unit);
	}
	return 0;
}

static int verify(struct dump_state *d, uint64_t from, uint64_t to, bool repair)
{
	size_t chunk = 64 * 1024;
	autofree char *a = xmalloc(chunk), *b = xmalloc(chunk);
	int r = 0;

	while (d->out.name && from < to && r == 0 && !dump_canceled(d)) {
		uint64_t data, hole, ours;
		off_t at = lseek(d->out.fd, (off_t)(from + d->shift), SEEK_DATA);
		size_t len;

		/* What is a hole on both sides is equal. */
		dump_next_data(d, from, to, &data, &hole);
		ours = at < 0 ? to : (uint64_t)at - d->shift;
		from = data < ours ? data : ours;
		if (from >= to)
			break;
		len = to - from < chunk ? (size_t)(to - from) : chunk;
		r = verify_piece(d, from, a, b, len, repair);
		from += len;
	}
	return r;
}

static int verify_range(struct dump_state *d, uint64_t from, uint64_t to)
{
	int r = verify(d, from, to, d->r->end == DUMP_END_CLOSED);

	d->at += to - from;
	return r;
}

/* Once more, for its hash alone. 1: it cannot be had. */
static int hash_again(struct dump_state *d, uint64_t from, uint64_t to)
{
	d->at += to - from;
	while (from < to && !dump_canceled(d)) {
		uint64_t data, hole;

		dump_next_data(d, from, to, &data, &hole);
		hasher_zeros(d->again, data - from);
		for (from = data; from < hole && !dump_canceled(d);) {
			size_t size;
			char *buf = hasher_buffer(d->again, &size);
			ssize_t n = dump_read_at(d->src, buf,
						 hole - from < size ? (size_t)(hole - from) : size,
						 from);

			if (n <= 0)
				return 1;
			hasher_submit(d->again, (size_t)n);
			from += (uint64_t)n;
		}
		from = from < hole ? to : hole;
	}
	return 0;
}

static bool same_hash(const struct hash_result *a, const struct hash_result *b)
{
	for (int i = 0; i < HASH_COUNT; i++)
		if (a->hex[i][0] && strcmp(a->hex[i], b->hex[i]) != 0)
			return false;
	return true;
}

/* What went into a stream cannot be read again: the source is, and its hash compared. */
static int settle_stream(struct dump_state *d, bool changed)
{
	struct hash_result again;
	uint64_t end = d->at;
	bool same;
	int r;

	if (d->r->unstable.n)
		return 0;
	if (!d->hashes || d->r->bad.n) {
		if (changed || d->mapped)
			dump_ranges_merge(&d->r->unstable, 0, end);
		return 0;
	}
	d->again = dump_hasher(d, d->hashes);
	if (!d->again)
		return fail_set(&d->r->fail, errno, "pthread_create", "the thread that hashes");
	d->finished = true;
	if (hasher_finish(d->hasher, &d->r->hash) < 0)
		return dump_cut_short(d);
	d->at = 0;
	r = dump_each_range(d, hash_again);
	d->at = end;
	same = hasher_finish(d->again, &again) == 0 && r == 0 && same_hash(&d->r->hash, &again);
	if (!same && !dump_canceled(d))
		dump_ranges_merge(&d->r->unstable, 0, end);
	hasher_free(d->again);
	d->again = NULL;
	return 0;
}

int dump_settle(struct dump_state *d)
{
	bool changed = has_changed(d);
	uint64_t end = d->at;
	int r;

	dump_look_for_mappings(d);
	if (dump_canceled(d) ||
	    !(changed || d->recent || d->mapped || (d->out.name && d->size <= SMALL)))
		return 0;
	if (!d->out.name)
		return settle_stream(d, changed);
	/* A hole at the end is not there before it is made. */
	r = out_truncate(&d->out, end, &d->r->fail);
	if (r < 0)
		return r;
	d->at = 0;
	r = dump_each_range(d, verify_range);
	d->at = end;
	/* What was cut off or mended is not where it was first. */
	if (d->rehash)
		dump_list_data(d);
	return r;
}

int dump_rehash(struct dump_state *d)
{
	uint64_t at = 0;

	hasher_free(d->hasher);
	d->hasher = dump_hasher(d, d->o->hashes);
	if (!d->hasher)
		return fail_set(&d->r->fail, errno, "pthread_create", "the thread that hashes");
	while (at < d->at) {
		size_t size;
		char *buf;

		if (dump_canceled(d))
			return dump_cut_short(d);
		buf = hasher_buffer(d->hasher, &size);
		ssize_t n = dump_read_at(d->out.fd, buf,
					 d->at - at < size ? (size_t)(d->at - at) : size, at);

		if (n <= 0)
			return out_fail(&d->out, n < 0 ? (int)-n : EIO, "pread", &d->r->fail);
		hasher_submit(d->hasher, (size_t)n);
		at += (uint64_t)n;
	}
	return 0;
}
