/* SPDX-License-Identifier: MIT */
/* A file that still grows: inotify(7) tells when, a lease whether somebody still writes. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/take/dump_state.h"

#define LOOK_MS  200 /* at *cancel, and at a size that grew without an event (mmap) */
#define DRAIN_MS 20  /* let more than a few bytes gather */
#define ASKS     10  /* IN_CLOSE_WRITE comes a moment before the writer is gone: ask again */

int dump_follow_watch(struct dump_state *d)
{
	autoclose int events = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char path[32];

	if (events < 0)
		return fail_set(&d->r->fail, errno, "inotify_init1", "the file to follow");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", d->src);
	if (inotify_add_watch(events, path, IN_MODIFY | IN_CLOSE_WRITE) < 0)
		return fail_set(&d->r->fail, errno, "inotify_add_watch", "the file to follow");
	return fd_steal(&events);
}

/* A read lease is granted only while nobody has the file open for writing. */
static int ask_by_lease(int fd)
{
	/* If somebody opens it in that moment: a signal that is ignored by default. */
	if (fcntl(fd, F_SETSIG, SIGURG) < 0)
		return -errno;
	if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
		return errno == EAGAIN ? 1 : -errno;
	fcntl(fd, F_SETLEASE, F_UNLCK);
	return 0;
}

static bool is_writer(const struct dump_state *d, int fds, const char *name)
{
	struct statx link, file;

	if (statx(fds, name, AT_SYMLINK_NOFOLLOW, STATX_MODE, &link) < 0 ||
	    !(link.stx_mode & S_IWUSR))
		return false;
	return statx(fds, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_INO, &file) == 0 &&
	       file.stx_ino == d->before.stx_ino && file.stx_dev_major == d->before.stx_dev_major &&
	       file.stx_dev_minor == d->before.stx_dev_minor;
}

/* Where leases are not for us: does the target itself still have it open for writing? */
static int ask_target(const struct dump_state *d)
{
	const struct target *t = d->o->target;
	autofree int *list = NULL;
	autoclose int fds = -1;
	size_t n = 0;

	if (!t)
		return 1;
	fds = openat(t->table_dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fds < 0 || proc_numbers(t->table_dir, "fd", &list, &n) < 0)
		return 1;
	for (size_t i = 0; i < n; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", list[i]);
		if (is_writer(d, fds, name))
			return 1;
	}
	return 0;
}

static bool has_writers(const struct dump_state *d)
{
	int r = d->reopened ? ask_by_lease(d->src) : -EAGAIN;

	return (r < 0 ? ask_target(d) : r) != 0;
}

static bool drain(int events)
{
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool closed = false;
	ssize_t n;

	while ((n = read(events, buf, sizeof(buf))) > 0) {
		const struct inotify_event *e;

		for (char *at = buf; at < buf + n; at += sizeof(*e) + e->len) {
			e = (const struct inotify_event *)at;
			closed |= (e->mask & (IN_CLOSE_WRITE | IN_UNMOUNT | IN_IGNORED)) != 0;
		}
	}
	return closed;
}

static uint64_t first_wanted(const struct dump_state *d)
{
	return d->o->ranges.n ? d->o->ranges.at[0].from : 0;
}

/* Of the source: where the range ends, or --max-bytes is reached. */
static uint64_t end_wanted(const struct dump_state *d)
{
	uint64_t from = first_wanted(d), len = d->o->ranges.n ? d->o->ranges.at[0].len : UINT64_MAX;

	if (len > d->o->max_bytes)
		len = d->o->max_bytes;
	return len > UINT64_MAX - from ? UINT64_MAX : from + len;
}

/* It was cut short: what comes next overwrites what we have, or in a stream comes behind it. */
static void shrank(struct dump_state *d, uint64_t size)
{
	dump_ranges_merge(&d->r->unstable, size, d->size - size);
	d->size = size;
	if (d->out.name) {
		d->at = size + d->shift;
		d->rehash = true;
	} else {
		d->shift = d->at - size;
	}
}

static int catch_up(struct dump_state *d)
{
	uint64_t size, from = first_wanted(d);
	struct stat st;
	int r;

	if (fstat(d->src, &st) < 0)
		return fail_set(&d->r->fail, errno, "fstat", "the file to follow");
	size = (uint64_t)st.st_size;
	if (size > end_wanted(d))
		size = end_wanted(d);
	if (size < from)
		size = from;
	if (size < d->size)
		shrank(d, size);
	d->total = size - from;
	r = dump_span(d, d->size, size);
	if (r >= 0)
		d->size = d->at - d->shift;
	return r < 0 ? r : 0;
}

/* Anything new within LOOK_MS? *closed: somebody closed it who could write. */
static void wait_for_more(struct dump_state *d, int events, bool *closed, bool *exited)
{
	struct pollfd pfd[2] = { { .fd = events, .events = POLLIN }, { .fd = -1 } };

	if (d->o->target && !d->o->target->signals_only)
		pfd[1] = (struct pollfd){ .fd = d->o->target->pidfd, .events = POLLIN };
	poll(pfd, 2, LOOK_MS);
	*closed = pfd[0].revents ? drain(events) : false;
	*exited = d->o->target && (pfd[1].revents ||
				   (d->o->target->signals_only && target_has_exited(d->o->target)));
	if (pfd[0].revents && !*closed && !*exited)
		poll(pfd + 1, 1, DRAIN_MS);
}

static bool is_last(struct dump_state *d, bool ask, bool exited)
{
	if (exited)
		d->r->end = DUMP_END_EXITED;
	else if (ask && !has_writers(d))
		d->r->end = DUMP_END_CLOSED;
	return d->r->end != DUMP_END_DATA;
}

int dump_follow(struct dump_state *d, int events)
{
	bool closed, exited = false, last = false;
	unsigned asks = ASKS;
	int r = 0;

	d->shift = -first_wanted(d);
	d->size = d->at - d->shift;
	while (d->size < end_wanted(d) && !dump_canceled(d)) {
		/* Ask before the last look, so that nothing written before is missed. */
		last = is_last(d, asks > 0, exited);
		r = catch_up(d);
		if (r < 0 || last)
			break;
		wait_for_more(d, events, &closed, &exited);
		asks = closed ? ASKS : asks ? asks - 1 : 0;
	}
	if (!last && dump_canceled(d)) {
		d->r->end = DUMP_END_STOPPED;
		fail_clear(&d->r->fail);
		return 0;
	}
	return r;
}
