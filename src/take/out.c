/* SPDX-License-Identifier: MIT */
#include "src/take/out.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"

#define ZEROS (64 * 1024)

char *out_partial_name(const char *name)
{
	static const char end[] = ".partial";
	const char *slash = strrchr(name, '/');
	size_t folder = slash ? (size_t)(slash - name) + 1 : 0;
	size_t len = strlen(name + folder);

	if (len > NAME_MAX - (sizeof(end) - 1))
		len = NAME_MAX - (sizeof(end) - 1);
	return xasprintf("%.*s%s", (int)(folder + len), name, end);
}

static const char *advice_of(int err)
{
	switch (err) {
	case ENOENT:
	case ENOTDIR:
		return "make the folder first, or name another";
	case EACCES:
	case EPERM:
	case EROFS:
		return "a folder that you may write to";
	case ENOSPC:
	case EDQUOT:
		return "make room, or write to another filesystem";
	case EFBIG:
		return "a filesystem that takes files of this size; see also ulimit -f";
	case ENAMETOOLONG:
		return "a shorter name";
	default:
		return NULL;
	}
}

int out_fail(const struct out *o, int err, const char *call, struct fail *f)
{
	const char *advice = o->partial ? advice_of(err) : NULL;

	if (o->partial)
		fail_set(f, err, call, "%s", o->partial);
	else
		fail_set(f, err, call, "the output");
	fail_class(f, err == ECANCELED ? FAIL_OTHER : FAIL_OUTPUT);
	if (advice)
		fail_advice(f, "%s", advice);
	return -err;
}

static int exists(const struct out *o, const char *name, const char *advice, struct fail *f)
{
	fail_set(f, EEXIST, "open", "%s", name);
	fail_class(f, FAIL_OUTPUT);
	fail_why(f, name == o->name ? "there is such a file already"
				    : "an unfinished one is there already");
	fail_advice(f, "%s", advice);
	return -EEXIST;
}

/* A rename over /dev/null would be the end of it, and of much else. */
static int no_file(const struct out *o, struct fail *f)
{
	exists(o, o->name, "-o - writes to standard output, which may be a device or a pipe", f);
	fail_why(f, "it is no regular file, and is not replaced");
	return -EEXIST;
}

static int create(struct out *o, struct fail *f)
{
	int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC;

	if (o->force && unlinkat(o->dir, o->partial, 0) < 0 && errno != ENOENT)
		return out_fail(o, errno, "unlink", f);
	o->fd = openat(o->dir, o->partial, flags, 0600);
	if (o->fd >= 0)
		return 0;
	if (errno == EEXIST)
		return exists(o, o->partial,
			      "--resume goes on with it, --force begins anew, or another name", f);
	return out_fail(o, errno, "open", f);
}

static int reopen(struct out *o, struct fail *f)
{
	struct stat st;

	o->fd = openat(o->dir, o->partial, O_RDWR | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (o->fd < 0 && errno == ENOENT)
		return create(o, f);
	if (o->fd < 0)
		return out_fail(o, errno, "open", f);
	if (fstat(o->fd, &st) < 0)
		return out_fail(o, errno, "fstat", f);
	if (!S_ISREG(st.st_mode))
		return out_fail(o, EINVAL, "open", f);
	o->had = (uint64_t)st.st_size;
	return 0;
}

int out_open(struct out *o, const struct out_opts *opts, struct fail *f)
{
	struct stat st;
	int r, err;

	*o = (struct out){
		.fd = opts->fd, .dir = opts->dir, .force = opts->force, .cancel = opts->cancel
	};
	if (!opts->name)
		return 0;
	o->owns_fd = true;
	o->fd = -1;
	o->name = xstrdup(opts->name);
	o->partial = out_partial_name(opts->name);
	err = fstatat(o->dir, o->name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? errno : 0;
	if (err)
		st.st_mode = 0;
	if (err == ENAMETOOLONG)
		r = out_fail(o, err, "open", f);
	else if (st.st_mode && !S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		r = no_file(o, f);
	else if (st.st_mode && !o->force)
		r = exists(o, o->name, "--force replaces it, or another name", f);
	else
		r = opts->resume ? reopen(o, f) : create(o, f);
	if (r < 0)
		out_close(o);
	return r;
}

static int write_file(struct out *o, uint64_t at, const char *p, size_t len, struct fail *f)
{
	while (len) {
		ssize_t n = pwrite(o->fd, p, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return out_fail(o, n < 0 ? errno : EIO, "pwrite", f);
		p += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* A reader that does not read may keep us for ever: unlike fd_write_all(), hear a signal. */
static int write_stream(struct out *o, const char *p, size_t len, struct fail *f)
{
	while (len) {
		ssize_t n = -1;

		errno = ECANCELED;
		if (!o->cancel || !atomic_load_explicit(o->cancel, memory_order_relaxed))
			n = write(o->fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return out_fail(o, errno, "write", f);
		p += n;
		len -= (size_t)n;
		o->at += (uint64_t)n;
	}
	return 0;
}

int out_write(struct out *o, uint64_t at, const void *p, size_t len, struct fail *f)
{
	return o->name ? write_file(o, at, p, len, f) : write_stream(o, p, len, f);
}

static int write_zeros(struct out *o, uint64_t at, uint64_t len, struct fail *f)
{
	static const char zeros[ZEROS];
	int r = 0;

	while (len && r == 0) {
		size_t n = len < ZEROS ? (size_t)len : ZEROS;

		r = out_write(o, at, zeros, n, f);
		at += n;
		len -= n;
	}
	return r;
}

int out_hole(struct out *o, uint64_t at, uint64_t len, struct fail *f)
{
	uint64_t end = at + len;

	if (!o->name)
		return write_zeros(o, at, len, f);
	if (at >= o->had)
		return 0;
	if (end > o->had)
		end = o->had;
	if (fallocate(o->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at,
		      (off_t)(end - at)) == 0)
		return 0;
	return write_zeros(o, at, end - at, f);
}

bool out_has(const struct out *o, uint64_t at, const void *p, size_t len)
{
	char chunk[8192];

	if (at + len > o->had)
		return false;
	for (size_t done = 0; done < len;) {
		size_t want = len - done < sizeof(chunk) ? len - done : sizeof(chunk);
		ssize_t n = pread(o->fd, chunk, want, (off_t)(at + done));

		if (n <= 0 || memcmp(chunk, (const char *)p + done, (size_t)n) != 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

int out_truncate(struct out *o, uint64_t size, struct fail *f)
{
	if (!o->name)
		return 0;
	return ftruncate(o->fd, (off_t)size) < 0 ? out_fail(o, errno, "ftruncate", f) : 0;
}

int out_sync(struct out *o, struct fail *f)
{
	/* EINVAL: a pipe or a terminal has nothing to sync. */
	if (fsync(o->fd) < 0 && (o->name || errno != EINVAL))
		return out_fail(o, errno, "fsync", f);
	return 0;
}

/* Filesystems without RENAME_NOREPLACE have link(2), which never replaces. */
static int rename_new(struct out *o)
{
	if (renameat2(o->dir, o->partial, o->dir, o->name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (linkat(o->dir, o->partial, o->dir, o->name, 0) < 0)
		return -errno;
	return unlinkat(o->dir, o->partial, 0) < 0 ? -errno : 0;
}

bool out_is_there(const struct out *o)
{
	struct stat ours, named;

	return o->name && fstat(o->fd, &ours) == 0 &&
	       fstatat(o->dir, o->partial, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       named.st_ino == ours.st_ino && named.st_dev == ours.st_dev;
}

static void sync_folder(const struct out *o)
{
	const char *slash = strrchr(o->name, '/');
	autofree char *folder = slash ? xmemdup0(o->name, (size_t)(slash - o->name) + 1)
				      : xstrdup(".");
	autoclose int fd = openat(o->dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* The data is safe; of the name some filesystems cannot say more. */
	if (fd >= 0 && fsync(fd) < 0)
		return;
}

int out_name(struct out *o, struct fail *f)
{
	int r;

	if (!o->name)
		return 0;
	if (!out_is_there(o)) {
		r = out_fail(o, ENOENT, "rename", f);
		fail_why(f, "it was removed or replaced by somebody while it was written");
		fail_advice(f, "begin again, with a folder of your own");
		return r;
	}
	if (o->force)
		r = renameat(o->dir, o->partial, o->dir, o->name) < 0 ? -errno : 0;
	else
		r = rename_new(o);
	if (r == -EEXIST) {
		exists(o, o->name, "the copy is complete: rename it yourself", f);
		fail_why(f, "somebody made this file meanwhile; the copy is in %s", o->partial);
		return r;
	}
	if (r < 0)
		return out_fail(o, -r, "rename", f);
	sync_folder(o);
	return 0;
}

void out_close(struct out *o)
{
	if (o->owns_fd)
		fd_close(&o->fd);
	free(o->name);
	free(o->partial);
	o->name = o->partial = NULL;
	o->owns_fd = false;
	o->fd = -1;
}
