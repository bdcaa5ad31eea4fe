/* SPDX-License-Identifier: MIT */
/*
 * System calls that glibc lacks or has only lately. Thin: the kernel's
 * arguments, but the result is >= 0 or -errno.
 */
#ifndef BASE_SYS_H
#define BASE_SYS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SYS_PIDFD_THREAD 0x80 /* O_EXCL; since Linux 6.9 */

/* pidfd_open(2), since Linux 5.3. ENOSYS before; EINVAL/ENOENT for a thread without the flag. */
int sys_pidfd_open(pid_t pid, unsigned flags);

/*
 * pidfd_getfd(2), since Linux 5.6: our duplicate (close-on-exec) of another
 * process's descriptor. Effect: hold. Needs PTRACE_MODE_ATTACH_REALCREDS.
 */
int sys_pidfd_getfd(int pidfd, int fd, unsigned flags);

/* pidfd_send_signal(2), since Linux 5.1. info may be NULL. Effect: stop. */
int sys_pidfd_send_signal(int pidfd, int sig, siginfo_t *info, unsigned flags);

enum sys_kcmp_type {
	SYS_KCMP_FILE = 0,
	SYS_KCMP_FILES = 2,
	SYS_KCMP_EPOLL_TFD = 7, /* since Linux 4.13 */
};

struct sys_kcmp_epoll_slot {
	uint32_t efd, tfd, toff;
};

/*
 * kcmp(2), since Linux 3.5 (CONFIG_KCMP): 0 same, 1 less, 2 greater, 3 not
 * ordered; or -errno. Needs PTRACE_MODE_READ_REALCREDS on both. No effect.
 */
int sys_kcmp(pid_t a, pid_t b, enum sys_kcmp_type type, unsigned long ia, unsigned long ib);

/*
 * getxattrat(2), since Linux 6.13; falls back to getxattr(2) by a longer way through
 * /proc/self. Follows links. How many bytes, or -errno.
 */
ssize_t sys_getxattrat(int dir, const char *path, const char *name, void *value, size_t size);

/* close_range(2), since Linux 5.9; falls back to closing one by one. */
int sys_close_range(unsigned first, unsigned last, bool cloexec_only);

/*
 * ioctl(2) PROCMAP_QUERY of /proc/PID/maps, see proc_pid_maps(5), since Linux 6.11: the
 * mapping of a file, shared and to be written, that covers *addr or comes next. Returns
 * 0 with *ino, and *addr where the next one may begin; -ENOENT: there are no more;
 * -ENOTTY before. Waits for the lock of the memory map, as reading the text does.
 */
int sys_next_shared_writable(int maps, uint64_t *addr, uint64_t *ino);

pid_t sys_gettid(void);

#endif
