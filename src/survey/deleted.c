/* SPDX-License-Identifier: MIT */
/*
 * " (deleted)" at the end of a link text is ambiguous: the kernel appends it
 * to a name that is gone, but a file may be named so.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "src/base/fd.h"
#include "src/base/helper.h"
#include "src/kind/origin.h"
#include "src/proc/mountinfo.h"
#include "src/survey/table.h"

static const char suffix[] = " (deleted)";
#define SUFFIX_LEN     (sizeof(suffix) - 1)
#define NAME_LOOKUP_MS 500
#define HANGS_MAX      2

bool deleted_has_suffix(const struct fdent *e)
{
	return e->name_len > SUFFIX_LEN && e->name[0] == '/' &&
	       memcmp(e->name + e->name_len - SUFFIX_LEN, suffix, SUFFIX_LEN) == 0;
}

void deleted_strip(struct fdent *e)
{
	e->name_len -= SUFFIX_LEN;
}

/* The name as the target sees it: below its own root directory. */
struct lookup {
	int procfs;
	char path[LINK_SIZE + 64];
	uint64_t dev, ino;
};

/* 1: the name leads to this inode; 0: it does not; -errno. */
static int look_up(const struct lookup *l)
{
	struct statx sx;

	if (statx(l->procfs, l->path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW,
		  STATX_INO, &sx) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	return sx.stx_ino == l->ino && makedev(sx.stx_dev_major, sx.stx_dev_minor) == l->dev;
}

static int look_up_in_helper(void *arg, int out)
{
	int r = look_up(arg);

	return fd_write_all(out, &r, sizeof(r));
}

/* Where the walk may hang, somebody who can be abandoned does it. */
static int look_up_safely(struct lookup *l, bool may_hang, unsigned *hangs)
{
	autobuf answer = BUF_INIT;
	int r, keep[] = { l->procfs };

	if (!may_hang)
		return look_up(l);
	if (*hangs >= HANGS_MAX)
		return -ETIMEDOUT;
	r = helper_ask(look_up_in_helper, l, keep, 1, NAME_LOOKUP_MS, sizeof(int), &answer, NULL);
	if (r == -ETIMEDOUT)
		(*hangs)++;
	if (r < 0 || answer.len != sizeof(int))
		return r < 0 ? r : -EIO;
	memcpy(&r, answer.data, sizeof(r));
	return r;
}

void deleted_resolve(struct fdent *e, int procfs, const struct mounts *mounts, unsigned *hangs)
{
	struct lookup l = { .procfs = procfs, .dev = e->dev, .ino = e->ino };
	bool may_hang;
	int r;

	if (!(e->have & HAVE_LINK)) {
		e->deleted = (e->have & HAVE_NLINK) && e->nlink == 0 ? DELETED_INODE
								     : DELETED_UNKNOWN;
		return;
	}
	if (!deleted_has_suffix(e))
		return;
	if (fdent_is_shared_anon(e)) {
		deleted_strip(e);
		return;
	}
	/* Secret memory keeps a link count of 1, and is in no tree. */
	if (e->origin == ORIGIN_KERNEL || ((e->have & HAVE_NLINK) && e->nlink == 0)) {
		e->deleted = DELETED_INODE;
		deleted_strip(e);
		return;
	}
	/* Mapped files and links have no mnt_id of their own: they count as unknown. */
	may_hang = !(e->have & HAVE_INFO) || mount_may_hang(mounts_find(mounts, e->mnt_id));
	snprintf(l.path, sizeof(l.path), "%d/root%.*s", e->proc->pid, (int)e->name_len, e->name);
	r = look_up_safely(&l, may_hang, hangs);
	if (r == 1)
		return;
	e->deleted = r < 0                    ? DELETED_UNKNOWN
		     : (e->have & HAVE_NLINK) ? DELETED_NAME
					      : DELETED_INODE;
	deleted_strip(e);
}
