/* SPDX-License-Identifier: MIT */
#include "src/kind/common.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "src/base/fd.h"
#include "src/kind/emit.h"
#include "src/kind/origin.h"
#include "src/proc/mountinfo.h"
#include "src/proc/procfs.h"

/* F_SETSIG and F_SETOWN_EX of one file; their numbers are in no glibc header of old. */
#define GET_SIG      11
#define GET_OWNER_EX 16

static bool has_path(const struct fdent *e)
{
	return (e->have & HAVE_LINK) && e->name_len && e->name[0] == '/';
}

static void emit_mount(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	const struct mount *m;

	if (!ctx->mounts || !(e->have & HAVE_INFO) || !has_path(e))
		return;
	m = mounts_find(ctx->mounts, e->mnt_id);
	if (!m)
		return;
	fact_bytes(out, "fstype", m->fstype, strlen(m->fstype));
	fact_bytes(out, "mount_point", m->point, strlen(m->point));
	if (ctx->deep)
		fact_bytes(out, "mount_source", m->source, strlen(m->source));
}

/*
 * A process in a root directory of its own knows the file by another name. The
 * link of its root is read without walking it.
 */
static void emit_inner_path(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	autoclose int dir = -1;
	char root[4096];
	ssize_t n;

	if (!has_path(e) || !(e->have & HAVE_INFO) || !facts_wants(out, "path_in_target"))
		return;
	dir = proc_open_process(ctx->procfs, e->proc->pid, 0);
	if (dir < 0)
		return;
	n = proc_readlink(dir, "root", root, sizeof(root));
	if (n <= 1 || (size_t)n >= e->name_len || memcmp(e->name, root, (size_t)n) != 0 ||
	    e->name[n] != '/')
		return;
	fact_bytes(out, "path_in_target", e->name + n, e->name_len - (size_t)n);
}

/* The same file by a mount of our own namespace; false if it has none there. */
static const struct mount *our_mount(const struct mounts *mounts, const struct mount *theirs,
				     uint64_t ours, size_t inside_len, const char *inside)
{
	const struct mount *best = NULL;

	for (size_t i = 0; i < mounts->n; i++) {
		const struct mount *m = &mounts->at[i];
		size_t n = strlen(m->root);

		if (m->mntns != ours || m->dev != theirs->dev)
			continue;
		n = n == 1 ? 0 : n; /* "/" */
		if (inside_len < n || memcmp(m->root, inside, n) != 0 ||
		    (inside_len > n && inside[n] != '/'))
			continue;
		if (!best || strlen(m->root) > strlen(best->root))
			best = m;
	}
	return best;
}

static uint64_t our_mntns(int procfs)
{
	struct stat st;

	return fstatat(procfs, "self/ns/mnt", &st, 0) == 0 ? st.st_ino : 0;
}

/*
 * In another mount namespace the link's text is a path of that namespace. Told
 * from the two tables of mounts alone: something may be mounted over it.
 */
static void emit_outer_path(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	const struct mount *theirs = ctx->mounts ? mounts_find(ctx->mounts, e->mnt_id) : NULL;
	uint64_t ours = our_mntns(ctx->procfs);
	autobuf inside = BUF_INIT, path = BUF_INIT;
	const struct mount *m;
	size_t n, root_len;

	if (!theirs || !ours || !e->proc->mntns || e->proc->mntns == ours || !has_path(e) ||
	    theirs->mntns == ours)
		return;
	n = strlen(theirs->point) == 1 ? 0 : strlen(theirs->point);
	if (e->name_len < n || memcmp(e->name, theirs->point, n) != 0)
		return;
	if (strcmp(theirs->root, "/") != 0)
		buf_adds(&inside, theirs->root);
	buf_add(&inside, e->name + n, e->name_len - n);
	m = our_mount(ctx->mounts, theirs, ours, inside.len, buf_str(&inside));
	if (!m)
		return;
	root_len = strcmp(m->root, "/") == 0 ? 0 : strlen(m->root);
	if (strcmp(m->point, "/") != 0)
		buf_adds(&path, m->point);
	buf_add(&path, inside.data + root_len, inside.len - root_len);
	fact_bytes(out, "path_for_us", buf_str(&path), path.len);
}

static int64_t stamp_ns(const struct statx_timestamp *t)
{
	return t->tv_sec * 1000000000 + t->tv_nsec;
}

static void emit_inode(const struct statx *sx, struct facts *out)
{
	static const struct word attributes[] = {
		{ STATX_ATTR_COMPRESSED, "compressed" },
		{ STATX_ATTR_IMMUTABLE, "immutable" },
		{ STATX_ATTR_APPEND, "append" },
		{ STATX_ATTR_NODUMP, "nodump" },
		{ STATX_ATTR_ENCRYPTED, "encrypted" },
		{ STATX_ATTR_AUTOMOUNT, "automount" },
		{ STATX_ATTR_MOUNT_ROOT, "mount_root" },
		{ STATX_ATTR_VERITY, "verity" },
		{ STATX_ATTR_DAX, "dax" },
	};

	fact_octal(out, "mode", sx->stx_mode);
	fact_u64(out, "uid", sx->stx_uid);
	fact_u64(out, "gid", sx->stx_gid);
	if (sx->stx_mask & STATX_ATIME)
		fact_time(out, "atime", stamp_ns(&sx->stx_atime));
	if (sx->stx_mask & STATX_MTIME)
		fact_time(out, "mtime", stamp_ns(&sx->stx_mtime));
	if (sx->stx_mask & STATX_CTIME)
		fact_time(out, "ctime", stamp_ns(&sx->stx_ctime));
	if (sx->stx_mask & STATX_BTIME)
		fact_time(out, "btime", stamp_ns(&sx->stx_btime));
	fact_u64(out, "blksize", sx->stx_blksize);
	if (sx->stx_attributes)
		emit_mask(out, "attributes", attributes, sizeof(attributes) / sizeof(attributes[0]),
			  sx->stx_attributes);
}

/* The magic link of a record below /proc. */
static void link_path(const struct fdent *e, char *path, size_t size)
{
	if (fdent_is_fd(e) && e->proc->tid)
		snprintf(path, size, "%d/task/%d/fd/%d", e->proc->pid, e->proc->tid, e->fd);
	else if (fdent_is_fd(e))
		snprintf(path, size, "%d/fd/%d", e->proc->pid, e->fd);
	else
		snprintf(path, size, "%d/%s", e->proc->pid, assoc_name(e->assoc));
}

static void emit_stat(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	struct statx sx;
	char path[64];

	/* All anonymous inodes are one, and those of sockets keep no times. */
	if (e->assoc == ASSOC_MEM || !(e->have & HAVE_INO) || !e->dev ||
	    fdent_name_has(e, "anon_inode:") || fdent_name_has(e, "socket:["))
		return;
	link_path(e, path, sizeof(path));
	if (statx(ctx->procfs, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
		  STATX_BASIC_STATS | STATX_BTIME, &sx) < 0)
		fact_fail(out, "mode", "statx", errno);
	else if (sx.stx_ino != e->ino || makedev(sx.stx_dev_major, sx.stx_dev_minor) != e->dev)
		fact_fail(out, "mode", "statx", ESTALE);
	else
		emit_inode(&sx, out);
}

/* Who gets the signal when it becomes ready, and which; 0 is SIGIO. */
static void emit_async(int fd, struct facts *out)
{
	static const struct word types[] = { { F_OWNER_TID, "F_OWNER_TID" },
					     { F_OWNER_PID, "F_OWNER_PID" },
					     { F_OWNER_PGRP, "F_OWNER_PGRP" } };
	struct f_owner_ex owner;
	int sig;

	if (fcntl(fd, GET_OWNER_EX, &owner) == 0 && owner.pid) {
		const char *type = word_of(types, 3, (uint64_t)owner.type);

		fact_i64(out, "owner", owner.pid);
		if (type)
			fact_text(out, "owner_type", type);
	}
	sig = fcntl(fd, GET_SIG);
	if (sig > 0)
		fact_u64(out, "owner_signal", (unsigned)sig);
}

/* A lease belongs to the open file description, so our duplicate tells it. */
static void emit_lease(const struct fdent *e, int fd, struct facts *out)
{
	int lease;

	if (!S_ISREG(e->mode) || fdent_is_kernel_file(e))
		return;
	lease = fcntl(fd, F_GETLEASE);
	if (lease == F_RDLCK || lease == F_WRLCK)
		fact_text(out, "lease", lease == F_RDLCK ? "F_RDLCK" : "F_WRLCK");
}

void common_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	emit_mount(e, ctx, out);
	emit_locks(e, out);
	if (ctx->deep && ctx->procfs >= 0 && e->proc) {
		emit_inner_path(e, ctx, out);
		emit_outer_path(e, ctx, out);
		emit_stat(e, ctx, out);
	}
	if (ctx->grab < 0 || ((e->have & HAVE_INFO) && (e->flags & O_PATH)))
		return;
	emit_async(ctx->grab, out);
	emit_lease(e, ctx->grab, out);
}
