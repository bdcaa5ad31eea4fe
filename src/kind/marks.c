/* SPDX-License-Identifier: MIT */
#include "src/kind/marks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "src/base/fd.h"
#include "src/base/helper.h"
#include "src/proc/mountinfo.h"

#define HANDLE_MAX 128 /* MAX_HANDLE_SZ */
#define HANDLE_MS  1000

static const struct fdent *row_with(const struct procent *proc, uint64_t ino, uint64_t dev)
{
	const uint8_t need = HAVE_LINK | HAVE_STAT;

	for (uint32_t i = 0; i < proc->n_rows; i++) {
		const struct fdent *row = &proc->rows[i];

		if ((row->have & need) == need && row->ino == ino && row->dev == dev &&
		    row->deleted == DELETED_NO && row->name_len && row->name[0] == '/')
			return row;
	}
	return NULL;
}

/* A file by its handle, and what it must turn out to be. */
struct by_handle {
	const char *point; /* where its filesystem is mounted for us */
	uint64_t dev, ino;
	union {
		struct file_handle fh;
		char room[sizeof(struct file_handle) + HANDLE_MAX];
	};
};

static bool is_it(const struct by_handle *h, const char *path)
{
	struct statx sx;

	return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
		     STATX_INO, &sx) == 0 &&
	       sx.stx_ino == h->ino && makedev(sx.stx_dev_major, sx.stx_dev_minor) == h->dev;
}

/*
 * In a helper, whose working directory is nobody else's: a descriptor for
 * open_by_handle_at(2) would have to be opened, and whoever watches would see it.
 */
static int path_by_handle(void *arg, int out)
{
	struct by_handle *h = arg;
	char link[32], path[4096];
	ssize_t n;
	int fd;

	if (chdir(h->point) < 0)
		return -errno;
	fd = open_by_handle_at(AT_FDCWD, &h->fh, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return -errno;
	path[n] = '\0';
	/* Not every inode in memory knows its names. */
	return is_it(h, path) ? fd_write_all(out, path, (size_t)n) : 0;
}

/* "fhandle-bytes:8 fhandle-type:1 f_handle:04a1a7007e6acebf" */
static bool read_handle(struct by_handle *h, const struct fdinfo_line *line)
{
	uint64_t size, type, byte;
	const char *word;
	size_t len;

	if (!fdinfo_field_u64(line, "fhandle-bytes", 16, &size) || size > HANDLE_MAX ||
	    !fdinfo_field_u64(line, "fhandle-type", 16, &type) ||
	    !fdinfo_field_word(line, "f_handle", &word, &len) || len != size * 2)
		return false;
	h->fh.handle_bytes = (unsigned)size;
	h->fh.handle_type = (int)type;
	for (size_t i = 0; i < size; i++) {
		char digits[3] = { word[2 * i], word[2 * i + 1], '\0' };
		char *end;

		byte = strtoul(digits, &end, 16);
		if (end != digits + 2)
			return false;
		h->fh.f_handle[i] = (unsigned char)byte;
	}
	return true;
}

static uint64_t our_mntns(int procfs)
{
	struct stat st;

	return procfs >= 0 && fstatat(procfs, "self/ns/mnt", &st, 0) == 0 ? st.st_ino : 0;
}

/* A path of ours to it, as far as the kernel tells: CAP_DAC_READ_SEARCH is asked for. */
static void emit_by_handle(const struct fdent *e, const struct kind_ctx *ctx,
			   const struct fdinfo_line *line, uint64_t dev, uint64_t ino,
			   struct facts *out)
{
	uint64_t ours = our_mntns(ctx->procfs);
	struct by_handle h = { .dev = dev, .ino = ino };
	autobuf path = BUF_INIT;

	if (!ours || !ctx->mounts || geteuid() != 0 || !read_handle(&h, line))
		return;
	for (size_t i = 0; i < ctx->mounts->n && !path.len; i++) {
		const struct mount *m = &ctx->mounts->at[i];

		if (m->mntns != ours || m->dev != dev || mount_may_hang(m))
			continue;
		h.point = m->point;
		if (helper_ask(path_by_handle, &h, NULL, 0, HANDLE_MS, sizeof(h) + 4096, &path,
			       NULL) == -ETIMEDOUT)
			return;
	}
	if (path.len)
		fact_bytes(out, e->proc->mntns == ours ? "path" : "path_for_us", buf_str(&path),
			   path.len);
}

void emit_marked(const struct fdent *e, const struct kind_ctx *ctx, const struct fdinfo_line *line,
		 struct facts *out, int *handles)
{
	const struct fdent *row = NULL;
	uint64_t ino, dev;

	if (!fdinfo_field_u64(line, "sdev", 16, &dev))
		return;
	dev = dev_of_kernel(dev);
	emit_dev(out, "dev", dev);
	if (!fdinfo_field_u64(line, "ino", 16, &ino))
		return;
	fact_u64(out, "ino", ino);
	if (ctx->deep && e->proc)
		row = row_with(e->proc, ino, dev);
	if (row)
		fact_bytes(out, "path", row->name, row->name_len);
	else if (ctx->deep && e->proc && (*handles)-- > 0)
		emit_by_handle(e, ctx, line, dev, ino, out);
}
