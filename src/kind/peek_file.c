/* SPDX-License-Identifier: MIT */
/* Files, block devices and directories. See open(2) O_NOATIME, pread(2), getdents(2). */
#include "src/kind/peek.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"

#ifndef PEEK_CHUNK
#define PEEK_CHUNK (64 * 1024)
#endif

/* A read of these takes what another reader would have got. */
static bool read_takes(const struct peek *p, const struct statfs *fs)
{
	const struct fdent *e = p->ent;

	if (fs->f_type == TRACEFS_MAGIC || fs->f_type == DEBUGFS_MAGIC)
		return true;
	return fs->f_type == PROC_SUPER_MAGIC && e && e->name && e->name_len >= 5 &&
	       memcmp(e->name + e->name_len - 5, "/kmsg", 5) == 0;
}

static bool is_readable(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && !(flags & O_PATH) && (flags & O_ACCMODE) != O_WRONLY;
}

/* Will a pread of the grab leave atime where it is? */
static bool atime_stays(int fd, const struct stat *st, const struct statfs *fs)
{
	int flags = fcntl(fd, F_GETFL);

	/* O_DIRECT wants buffers and offsets that only a re-open frees us from. */
	if (!is_readable(fd) || st->st_size == 0 || (flags & O_DIRECT))
		return false;
	return (flags & O_NOATIME) || (fs->f_flags & ST_NOATIME);
}

/* Pseudo files of size 0 share a buffer inside the description: re-open them. */
int peek_source(struct peek *p, int *own)
{
	bool lease = peek_has_write_lease(p->fd);
	struct statfs fs;
	struct stat st;
	int r = -EPERM;

	*own = -1;
	if (fstat(p->fd, &st) < 0 || fstatfs(p->fd, &fs) < 0)
		return peek_fail(p, errno, "fstat");
	if (read_takes(p, &fs))
		return peek_refuse(p, EOPNOTSUPP, "peek",
				   "a read of this file takes data from others", "read takes it");
	p->method = "pread";
	if (atime_stays(p->fd, &st, &fs))
		return p->fd;
	if (!lease)
		r = peek_reopen(p->fd, O_NOATIME);
	if (r >= 0) {
		p->method = "pread of a re-open with O_NOATIME";
		*own = r;
		return r;
	}
	if (is_readable(p->fd))
		return p->fd;
	if (lease)
		return peek_refuse(p, EBUSY, "peek",
				   "it was opened for writing only and has a write lease, which a "
				   "re-open would break",
				   NULL);
	p->method = "pread of a re-open";
	*own = peek_reopen(p->fd, 0);
	if (*own < 0) {
		r = peek_fail(p, -*own, "open");
		fail_why(p->fail, "it was opened without the right to read, and we may not re-open "
				  "it for reading");
		return r;
	}
	return *own;
}

static uint64_t start_offset(const struct peek *p)
{
	off_t at;

	if (p->has_offset)
		return p->offset;
	at = lseek(p->fd, 0, SEEK_CUR);
	return at > 0 ? (uint64_t)at : 0;
}

/* Since `before`? A size of 0 is of files that the kernel makes up. */
static bool has_changed(int fd, const struct stat *before)
{
	struct stat now;

	return S_ISREG(before->st_mode) && before->st_size > 0 && fstat(fd, &now) == 0 &&
	       (now.st_size != before->st_size || now.st_mtim.tv_sec != before->st_mtim.tv_sec ||
		now.st_mtim.tv_nsec != before->st_mtim.tv_nsec);
}

static int show_file(struct peek *p, int fd, uint64_t at)
{
	autofree char *chunk = xmalloc(PEEK_CHUNK);
	uint64_t left = p->limit;
	int r = 0;

	while (left > 0 && r == 0) {
		size_t want = left < PEEK_CHUNK ? (size_t)left : PEEK_CHUNK;
		ssize_t n = pread(fd, chunk, want, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		/* Nothing there yet: a pseudo file that would wait. */
		if (n == 0 || (n < 0 && errno == EAGAIN))
			return 0;
		if (n < 0)
			return peek_fail(p, errno, "pread");
		r = p->piece(p, &(struct peek_piece){
					.unit = PEEK_BYTES,
					.data = chunk,
					.len = (size_t)n,
					.offset = at,
					.full_len = (uint64_t)n,
				});
		at += (uint64_t)n;
		left -= (uint64_t)n;
	}
	return r;
}

int peek_file(struct peek *p)
{
	uint64_t at = start_offset(p);
	autoclose int own = -1;
	int fd = peek_source(p, &own), r;
	struct stat before;

	if (fd < 0)
		return fd;
	if (p->whole && fstat(fd, &before) < 0)
		return peek_fail(p, errno, "fstat");
	r = show_file(p, fd, at);
	p->changed = p->whole && has_changed(fd, &before);
	return r;
}

static int each_entry(struct peek *p, DIR *dir)
{
	uint64_t left = p->limit;
	struct dirent *d;
	int r = 0;

	while (errno = 0, r == 0 && (d = readdir(dir))) {
		size_t len = strlen(d->d_name);

		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (len + 1 > left) {
			peek_miss(p, "entries behind the first %llu bytes of names",
				  (unsigned long long)p->limit);
			return 0;
		}
		if (left != PEEK_ALL)
			left -= len + 1;
		r = p->piece(p, &(struct peek_piece){
					.unit = PEEK_ENTRY,
					.data = d->d_name,
					.len = len,
					.full_len = len,
				});
	}
	/* ENOENT: the directory was removed, so that nothing can be in it. */
	if (r == 0 && errno && errno != ENOENT)
		return peek_fail(p, errno, "getdents");
	return r;
}

int peek_dir(struct peek *p)
{
	autoclose int fd = peek_reopen(p->fd, O_DIRECTORY | O_NOATIME);
	DIR *dir;
	int r;

	p->method = "getdents of a re-open with O_NOATIME";
	if (fd == -EPERM) {
		p->method = "getdents of a re-open";
		fd = peek_reopen(p->fd, O_DIRECTORY);
	}
	if (fd < 0) {
		r = peek_fail(p, -fd, "open");
		fail_why(p->fail, "a listing needs a position of its own, and we may not re-open "
				  "this directory for reading");
		return r;
	}
	dir = fdopendir(fd);
	if (!dir)
		return peek_fail(p, errno, "fdopendir");
	fd_steal(&fd);
	r = each_entry(p, dir);
	closedir(dir);
	return r;
}
