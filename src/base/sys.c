/* SPDX-License-Identifier: MIT */
#include "src/base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Same numbers on every architecture: they came after the tables were unified. */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_getxattrat
#define SYS_getxattrat 464
#endif

static int result(long r)
{
	return r < 0 ? -errno : (int)r;
}

int sys_pidfd_open(pid_t pid, unsigned flags)
{
	return result(syscall(SYS_pidfd_open, pid, flags));
}

int sys_pidfd_getfd(int pidfd, int fd, unsigned flags)
{
	return result(syscall(SYS_pidfd_getfd, pidfd, fd, flags));
}

int sys_pidfd_send_signal(int pidfd, int sig, siginfo_t *info, unsigned flags)
{
	return result(syscall(SYS_pidfd_send_signal, pidfd, sig, info, flags));
}

int sys_kcmp(pid_t a, pid_t b, enum sys_kcmp_type type, unsigned long ia, unsigned long ib)
{
	return result(syscall(SYS_kcmp, a, b, type, ia, ib));
}

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif

static void close_one(int fd, bool cloexec_only)
{
	if (cloexec_only)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	else
		close(fd);
}

/*
 * Those that are open, by /proc: a loop over all numbers takes seconds where
 * the limit is high, and knows none above it. Between fork(2) and execve(2) of
 * a process with threads, so that opendir(3) will not do.
 */
static int close_listed(unsigned first, unsigned last, bool cloexec_only)
{
	struct {
		uint64_t ino;
		int64_t off;
		uint16_t reclen;
		uint8_t type;
		char name[];
	} const *d;
	char block[4096] __attribute__((aligned(8)));
	int dir = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long n = dir < 0 ? -1 : 0;

	while (dir >= 0 && (n = syscall(SYS_getdents64, dir, block, sizeof(block))) > 0) {
		for (long at = 0; at < n; at += d->reclen) {
			unsigned long fd;

			d = (const void *)(block + at);
			fd = strtoul(d->name, NULL, 10);
			if (d->name[0] != '.' && fd >= first && fd <= last && fd != (unsigned)dir)
				close_one((int)fd, cloexec_only);
		}
	}
	if (dir >= 0)
		close(dir);
	return n == 0 ? 0 : -1;
}

/* struct xattr_args of linux/xattr.h. */
struct xattr_args_v0 {
	uint64_t value;
	uint32_t size;
	uint32_t flags;
};

ssize_t sys_getxattrat(int dir, const char *path, const char *name, void *value, size_t size)
{
	struct xattr_args_v0 args = { (uintptr_t)value, (uint32_t)size, 0 };
	ssize_t n = syscall(SYS_getxattrat, dir, path, 0, name, &args, sizeof(args));
	char longer[PATH_MAX];

	if (n >= 0)
		return n;
	/* EPERM: a seccomp filter that does not know it. */
	if (errno != ENOSYS && errno != EPERM)
		return -errno;
	if ((size_t)snprintf(longer, sizeof(longer), "/proc/self/fd/%d/%s", dir, path) >=
	    sizeof(longer))
		return -ENAMETOOLONG;
	n = getxattr(longer, name, value, size);
	return n < 0 ? -errno : n;
}

int sys_close_range(unsigned first, unsigned last, bool cloexec_only)
{
	unsigned flags = cloexec_only ? CLOSE_RANGE_CLOEXEC : 0;
	struct rlimit rl;
	long r = syscall(SYS_close_range, first, last, flags);

	if (r == 0)
		return 0;
	/* EINVAL: CLOSE_RANGE_CLOEXEC came with 5.11. */
	if (errno != ENOSYS && errno != EINVAL && errno != EPERM)
		return -errno;
	if (close_listed(first, last, cloexec_only) == 0)
		return 0;
	if (getrlimit(RLIMIT_NOFILE, &rl) < 0)
		return -errno;
	if (last >= rl.rlim_cur)
		last = (unsigned)rl.rlim_cur - 1;
	for (unsigned fd = first; fd <= last; fd++)
		close_one((int)fd, cloexec_only);
	return 0;
}

/* struct procmap_query, as in linux/fs.h of Linux 6.11. */
struct map_query {
	uint64_t size, query_flags, query_addr;
	uint64_t vma_start, vma_end, vma_flags, vma_page_size, vma_offset;
	uint64_t inode;
	uint32_t dev_major, dev_minor;
	uint32_t vma_name_size, build_id_size;
	uint64_t vma_name_addr, build_id_addr;
};

#define MAP_QUERY      _IOWR('f', 17, struct map_query)
#define QUERY_WRITABLE 0x02
#define QUERY_SHARED   0x08
#define QUERY_OR_NEXT  0x10
#define QUERY_OF_FILE  0x20

int sys_next_shared_writable(int maps, uint64_t *addr, uint64_t *ino)
{
	struct map_query q = { .size = sizeof(q),
			       .query_flags = QUERY_WRITABLE | QUERY_SHARED | QUERY_OR_NEXT |
					      QUERY_OF_FILE,
			       .query_addr = *addr };

	if (ioctl(maps, MAP_QUERY, &q) < 0)
		return -errno;
	*addr = q.vma_end;
	*ino = q.inode;
	return 0;
}

pid_t sys_gettid(void)
{
	return (pid_t)syscall(SYS_gettid);
}
