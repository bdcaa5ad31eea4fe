/* SPDX-License-Identifier: MIT */
/* Bytes from a file to the output: holes, hashes, what cannot be read, what changes. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/take/ahead.h"
#include "src/take/dump_state.h"

#define KERNEL_COPY    ((uint64_t)32 << 20) /* a copy_file_range at a time, for progress */
#define AHEAD_MIN      ((uint64_t)8 << 20)  /* less is copied before a thread has started */
#define HOLE_UNIT      4096
#define PROGRESS_NS    100000000u
#define UNREADABLE_MIN 512

uint64_t dump_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

bool dump_canceled(const struct dump_state *d)
{
	/* Who follows ends regularly by that: what is left to do is done. */
	return d->o->cancel && d->r->end != DUMP_END_STOPPED &&
	       atomic_load_explicit(d->o->cancel, memory_order_relaxed);
}

void dump_progress(struct dump_state *d, bool last)
{
	uint64_t now;

	if (!d->o->progress)
		return;
	now = dump_now_ns();
	if (!last && now - d->reported_ns < PROGRESS_NS)
		return;
	d->reported_ns = now;
	d->o->progress(d->o->arg, d->at, d->total > d->at ? d->total : last ? d->at : 0);
}

void dump_ranges_add(struct dump_ranges *r, uint64_t from, uint64_t len)
{
	struct dump_range *last = r->n ? &r->at[r->n - 1] : NULL;

	if (!len)
		return;
	if (last && last->from + last->len == from) {
		last->len += len;
		return;
	}
	if (!r->at || r->n == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 8;
		r->at = xreallocarray(r->at, r->cap, sizeof(*r->at));
	}
	r->at[r->n++] = (struct dump_range){ from, len };
}

void dump_ranges_merge(struct dump_ranges *r, uint64_t from, uint64_t len)
{
	uint64_t end = from + len;
	size_t i = r->n, n;

	while (len && i > 0 && r->at[i - 1].from + r->at[i - 1].len >= from)
		i--;
	for (n = i; n < r->n && r->at[n].from <= end; n++) {
		from = r->at[n].from < from ? r->at[n].from : from;
		end = r->at[n].from + r->at[n].len > end ? r->at[n].from + r->at[n].len : end;
	}
	if (n > i) {
		r->at[i] = (struct dump_range){ from, end - from };
		memmove(r->at + i + 1, r->at + n, (r->n - n) * sizeof(*r->at));
		r->n -= n - i - 1;
		return;
	}
	dump_ranges_add(r, from, len);
	if (len && i + 1 < r->n) {
		memmove(r->at + i + 1, r->at + i, (r->n - 1 - i) * sizeof(*r->at));
		r->at[i] = (struct dump_range){ from, len };
	}
}

void dump_ranges_cut(struct dump_ranges *r, uint64_t end)
{
	while (r->n && r->at[r->n - 1].from >= end)
		r->n--;
	if (r->n && r->at[r->n - 1].len > end - r->at[r->n - 1].from)
		r->at[r->n - 1].len = end - r->at[r->n - 1].from;
}

uint64_t dump_ranges_total(const struct dump_ranges *r)
{
	uint64_t total = 0;

	for (size_t i = 0; i < r->n; i++)
		total += r->at[i].len;
	return total;
}

static bool is_zero(const char *p, size_t len)
{
	return len == 0 || (p[0] == 0 && memcmp(p, p + 1, len - 1) == 0);
}

static int write_data(struct dump_state *d, uint64_t at, const char *p, size_t len)
{
	d->r->copied += len;
	dump_ranges_add(&d->r->extents, at, len);
	if (d->out.had && out_has(&d->out, at, p, len)) {
		d->r->resumed += len;
		return 0;
	}
	return out_write(&d->out, at, p, len, &d->r->fail);
}

/* Where holes do not show: runs of zero blocks become some. */
static int write_sparse(struct dump_state *d, uint64_t at, const char *p, size_t len)
{
	size_t done = 0;
	int r = 0;

	while (done < len && r == 0) {
		size_t end = done, unit;
		bool zero;

		unit = len - done < HOLE_UNIT ? len - done : HOLE_UNIT;
		zero = is_zero(p + done, unit);
		do {
			end += unit;
			unit = len - end < HOLE_UNIT ? len - end : HOLE_UNIT;
		} while (end < len && is_zero(p + end, unit) == zero);
		r = zero ? out_hole(&d->out, at + done, end - done, &d->r->fail)
			 : write_data(d, at + done, p + done, end - done);
		done = end;
	}
	return r;
}

int dump_put(struct dump_state *d, const void *p, size_t len, bool in_buffer)
{
	const char *at = p;
	int r = 0;

	while (len && r == 0) {
		size_t size = len;

		if (!in_buffer) {
			char *buf = hasher_buffer(d->hasher, &size);

			size = len < size ? len : size;
			memcpy(buf, at, size);
		}
		hasher_submit(d->hasher, size);
		r = d->find_zeros ? write_sparse(d, d->at, at, size)
				  : write_data(d, d->at, at, size);
		if (r < 0)
			break;
		d->at += size;
		at += size;
		len -= size;
	}
	dump_progress(d, false);
	return r;
}

int dump_put_hole(struct dump_state *d, uint64_t len)
{
	int r;

	hasher_zeros(d->hasher, len);
	r = out_hole(&d->out, d->at, len, &d->r->fail);
	d->at += len;
	dump_progress(d, false);
	return r;
}

int dump_src_fail(struct dump_state *d, int err, const char *call)
{
	const struct fdent *e = d->o->ent;

	if (e && e->proc)
		return fail_set(&d->r->fail, err, call, "descriptor %d of process %d", e->fd,
				e->proc->pid);
	return fail_set(&d->r->fail, err, call, "the source");
}

struct hasher *dump_hasher(const struct dump_state *d, unsigned hashes)
{
	struct hasher *h = hasher_new(hashes);

	/* Who follows and is stopped wants the hash of what there is. */
	if (h && !d->o->follow)
		hasher_cancel_by(h, d->o->cancel);
	return h;
}

int dump_cut_short(struct dump_state *d)
{
	dump_src_fail(d, ECANCELED, "copy");
	fail_class(&d->r->fail, FAIL_OTHER);
	fail_why(&d->r->fail, "stopped before it was complete");
	return -ECANCELED;
}

ssize_t dump_read_at(int fd, char *p, size_t len, uint64_t from)
{
	ssize_t n;

	do
		n = pread(fd, p, len, (off_t)from);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* What a damaged disk says; everything else is not about these bytes. */
static bool is_damage(ssize_t n)
{
	return n == -EIO || n == -ENODATA || n == -EBADMSG || n == -EUCLEAN || n == -EILSEQ;
}

/* A piece that cannot be read: a hole in the output, and on the list. */
static int skip_bad(struct dump_state *d, uint64_t from, size_t len)
{
	dump_ranges_add(&d->r->bad, from, len);
	if (!d->out.name && !d->o->zero_fill) {
		dump_src_fail(d, EIO, "pread");
		fail_why(&d->r->fail,
			 "bytes %llu to %llu cannot be read, and a stream cannot "
			 "leave them out",
			 (unsigned long long)from, (unsigned long long)from + len);
		fail_advice(&d->r->fail, "--zero-fill");
		return -EIO;
	}
	return dump_put_hole(d, len);
}

/* One piece of at most len bytes: how many the source went on, 0 at its end, or -errno. */
static int64_t copy_piece(struct dump_state *d, uint64_t from, size_t len)
{
	size_t size;
	char *buf = hasher_buffer(d->hasher, &size);
	ssize_t n;
	int r;

	size = len < size ? len : size;
	n = dump_read_at(d->src, buf, size, from);
	/* Halve until the smallest piece that fails is known. */
	while (is_damage(n) && size > UNREADABLE_MIN) {
		size = size / 2 / UNREADABLE_MIN * UNREADABLE_MIN;
		size = size < UNREADABLE_MIN ? UNREADABLE_MIN : size;
		n = dump_read_at(d->src, buf, size, from);
	}
	if (is_damage(n)) {
		r = skip_bad(d, from, size);
		return r < 0 ? r : (int64_t)size;
	}
	if (n < 0)
		return dump_src_fail(d, (int)-n, "pread");
	r = dump_put(d, buf, (size_t)n, true);
	return r < 0 ? r : n;
}

/*
 * No hash: the kernel copies, and shares the blocks where it can. -EOPNOTSUPP:
 * it cannot here, nothing was done.
 */
static int64_t copy_in_kernel(struct dump_state *d, uint64_t from, uint64_t len)
{
	off_t in = (off_t)from, out = (off_t)d->at;
	ssize_t n;

	if (d->o->hashes || !d->out.name || d->find_zeros || d->out.had)
		return -EOPNOTSUPP;
	n = copy_file_range(d->src, &in, d->out.fd, &out,
			    len < KERNEL_COPY ? (size_t)len : (size_t)KERNEL_COPY, 0);
	if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
		return out_fail(&d->out, errno, "copy_file_range", &d->r->fail);
	/* Whatever else it is, a copy by hand finds out, byte by byte. */
	if (n <= 0)
		return -EOPNOTSUPP;
	dump_ranges_add(&d->r->extents, d->at, (uint64_t)n);
	d->r->copied += (uint64_t)n;
	d->at += (uint64_t)n;
	dump_progress(d, false);
	return n;
}

/* It was longer when we began. */
static int ended_early(struct dump_state *d, uint64_t from, uint64_t to)
{
	dump_ranges_merge(&d->r->unstable, from, to - from);
	return 1;
}

static struct ahead *read_ahead(struct dump_state *d, uint64_t from, uint64_t to)
{
	size_t size;

	if (to - from < AHEAD_MIN)
		return NULL;
	hasher_buffer(d->hasher, &size);
	return ahead_new(d->src, from, to, size);
}

/* The next piece of those: how many bytes, 0 when there are no more, or -errno. */
static int64_t put_ahead(struct dump_state *d, struct ahead *a)
{
	char *buf, *spare;
	ssize_t n = ahead_next(a, &buf);
	int r;

	if (n <= 0)
		return 0;
	spare = buf;
	hasher_exchange(d->hasher, &spare);
	ahead_done(a, spare);
	r = dump_put(d, buf, (size_t)n, true);
	return r < 0 ? r : n;
}

/* As far as reading goes well: why it went no further, who reads by hand finds out. */
static int copy_ahead(struct dump_state *d, uint64_t *from, uint64_t to)
{
	struct ahead *a = read_ahead(d, *from, to);
	int64_t n = 1;

	while (a && *from < to && n > 0 && !dump_canceled(d)) {
		n = put_ahead(d, a);
		*from += n > 0 ? (uint64_t)n : 0;
	}
	ahead_free(a);
	return n < 0 ? (int)n : 0;
}

static int copy_by_hand(struct dump_state *d, uint64_t from, uint64_t to)
{
	int r = copy_ahead(d, &from, to);

	while (r == 0 && from < to) {
		uint64_t left = to - from < SIZE_MAX / 2 ? to - from : SIZE_MAX / 2;
		int64_t n;

		if (dump_canceled(d))
			return dump_cut_short(d);
		n = copy_piece(d, from, (size_t)left);
		if (n < 0)
			return (int)n;
		if (n == 0)
			return ended_early(d, from, to);
		from += (uint64_t)n;
	}
	return r;
}

static int copy_data(struct dump_state *d, uint64_t from, uint64_t to)
{
	while (from < to) {
		int64_t n;

		if (dump_canceled(d))
			return dump_cut_short(d);
		n = copy_in_kernel(d, from, to - from);
		if (n == -EOPNOTSUPP)
			return copy_by_hand(d, from, to);
		if (n < 0)
			return (int)n;
		from += (uint64_t)n;
	}
	return 0;
}

void dump_next_data(struct dump_state *d, uint64_t from, uint64_t to, uint64_t *data,
		    uint64_t *hole)
{
	off_t at = -1, end = -1;

	*data = from;
	*hole = to;
	if (!d->reopened)
		return;
	at = lseek(d->src, (off_t)from, SEEK_DATA);
	if (at < 0 && errno == ENXIO)
		at = (off_t)to; /* only a hole up to the end */
	if (at < 0)
		return;
	*data = (uint64_t)at < to ? (uint64_t)at : to;
	end = lseek(d->src, (off_t)*data, SEEK_HOLE);
	if (end > (off_t)*data && (uint64_t)end < to)
		*hole = (uint64_t)end;
}

int dump_span(struct dump_state *d, uint64_t from, uint64_t to)
{
	int r = 0;

	while (from < to && r == 0) {
		uint64_t data, hole;

		dump_next_data(d, from, to, &data, &hole);
		/* A file that shrank has no hole there: see how long it is. */
		if (data > from) {
			struct stat st;

			if (fstat(d->src, &st) == 0 && S_ISREG(st.st_mode) &&
			    (uint64_t)st.st_size < data) {
				uint64_t end = (uint64_t)st.st_size;

				if (end > from)
					r = dump_put_hole(d, end - from);
				return r < 0 ? r : ended_early(d, end > from ? end : from, to);
			}
			r = dump_put_hole(d, data - from);
		}
		if (r == 0 && hole > data)
			r = copy_data(d, data, hole);
		from = hole;
	}
	return r;
}
