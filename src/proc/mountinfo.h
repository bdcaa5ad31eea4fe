/* SPDX-License-Identifier: MIT */
/*
 * Mounts by id, from /proc/PID/mountinfo of every mount namespace met. Ids are
 * unique among living mounts, so that one table serves all namespaces. Reading
 * it walks no path and never blocks on a mount that hangs.
 */
#ifndef PROC_MOUNTINFO_H
#define PROC_MOUNTINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/alloc.h"

struct mount {
	uint32_t id, parent;
	uint64_t dev;       /* as in makedev(3) */
	const char *root;   /* hostile bytes, NUL-terminated, octal escapes undone */
	const char *point;  /* seen from the namespace it was read in */
	const char *fstype; /* "ext4", "fuse.sshfs" */
	const char *source;
	uint64_t mntns; /* namespace it was read in */
};

struct mounts {
	struct mount *at; /* by id */
	size_t n, cap;
	bool sorted;
	uint64_t *namespaces;
	size_t n_namespaces;
	struct arena arena;
};

/*
 * Add the mounts of the process whose /proc directory is dir, unless its
 * namespace (an inode number, 0: unknown) is in the table. Returns 0 or -errno.
 */
int mounts_add(struct mounts *m, int dir, uint64_t mntns);

bool mounts_have(const struct mounts *m, uint64_t mntns);

/* Parse the text of one mountinfo file; lines that make no sense are skipped. */
void mounts_parse(struct mounts *m, const char *text, size_t len, uint64_t mntns);

/* NULL: unknown, so it may hang. */
const struct mount *mounts_find(const struct mounts *m, uint32_t id);

/* Sort after the last add and before the first find. */
void mounts_finish(struct mounts *m);
void mounts_release(struct mounts *m);

/*
 * May a walk to this filesystem, or a close of a file there, block on somebody
 * who stopped answering? True for FUSE, network filesystems, autofs, and
 * whatever has no mount (NULL).
 */
bool mount_may_hang(const struct mount *mount);

#endif
