/* SPDX-License-Identifier: MIT */
#include "src/take/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/buf.h"
#include "src/base/fd.h"

#define INITIAL_USERNS 0xEFFFFFFDu /* PROC_USER_INIT_INO of the kernel */
#define DEPTH_MAX      32          /* of nested user namespaces, by the kernel */

static bool ns_inode(int fd, uint64_t *ino)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	*ino = st.st_ino;
	return true;
}

static bool own_inode(uint64_t *ino)
{
	autoclose int fd = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);

	return ns_inode(fd, ino);
}

/*
 * ns/user of a process that we may not read cannot be opened, but its uid_map
 * can. A map equal to ours, as each is shown to us, is that of our namespace: a
 * child's is written in our ids, ours in those of our parent.
 */
static bool same_map(int dir)
{
	autoclose int self = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autobuf ours = BUF_INIT, theirs = BUF_INIT;

	return self >= 0 && proc_read(self, "uid_map", &ours) == 0 &&
	       proc_read(dir, "uid_map", &theirs) == 0 && ours.len &&
	       strcmp(buf_str(&ours), buf_str(&theirs)) == 0;
}

enum userns_cap userns_is_ours(int dir)
{
	autoclose int fd = openat(dir, "ns/user", O_RDONLY | O_CLOEXEC);
	uint64_t ours, theirs;

	if (!own_inode(&ours) || !ns_inode(fd, &theirs))
		return same_map(dir) ? USERNS_CAP_YES : USERNS_CAP_UNKNOWN;
	return ours == theirs ? USERNS_CAP_YES : USERNS_CAP_NO;
}

/* Up from theirs to ours. NS_GET_PARENT fails with EPERM outside of our namespace. */
static enum userns_cap walk_up(int fd, uint64_t ours, bool have)
{
	uid_t owner;
	uint64_t ino;

	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		autoclose int child = fd;

		if (!ns_inode(child, &ino))
			return USERNS_CAP_UNKNOWN;
		if (ino == ours)
			return have ? USERNS_CAP_YES : USERNS_CAP_NO;
		fd = ioctl(child, NS_GET_PARENT);
		if (fd < 0)
			return errno == EPERM ? USERNS_CAP_NO : USERNS_CAP_UNKNOWN;
		/* The owner of a child of our namespace has every capability in it. */
		if (ns_inode(fd, &ino) && ino == ours &&
		    ioctl(child, NS_GET_OWNER_UID, &owner) == 0 && owner == geteuid()) {
			fd_close(&fd);
			return USERNS_CAP_YES;
		}
	}
	fd_close(&fd);
	return USERNS_CAP_UNKNOWN;
}

enum userns_cap userns_capable(int dir, const struct proc_status *self, int cap)
{
	bool have = (self->cap_effective >> cap) & 1;
	uint64_t ours;
	int fd;

	if (!own_inode(&ours))
		return USERNS_CAP_UNKNOWN;
	/* Every namespace descends from the initial one. */
	if (have && ours == INITIAL_USERNS)
		return USERNS_CAP_YES;
	fd = openat(dir, "ns/user", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return !same_map(dir) ? USERNS_CAP_UNKNOWN : have ? USERNS_CAP_YES : USERNS_CAP_NO;
	return walk_up(fd, ours, have);
}
