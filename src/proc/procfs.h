/* SPDX-License-Identifier: MIT */
/*
 * Readers of /proc under a directory descriptor, so that a test can pass a
 * captured tree. None has an effect on the process read; none blocks, for
 * they never walk a path into a target's filesystem. See proc(5).
 */
#ifndef PROC_PROCFS_H
#define PROC_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "src/base/buf.h"
#include "src/base/fail.h"

#define PID_LAST (1 << 22) /* the kernel's own limit of pid_max, see proc(5) */

/* Open the root of a proc filesystem: a descriptor to close, or -errno; -ENODEV: it is none. */
int procfs_open(const char *path, struct fail *f);

/* /proc/PID, or /proc/PID/task/TID if tid: a descriptor to close, or -errno. */
int proc_open_process(int procfs, pid_t pid, pid_t tid);

/* The whole of a small file, appended to out. Returns 0 or -errno. */
int proc_read(int dir, const char *name, struct buf *out);

/*
 * The same into a buffer of the caller: bytes read, or -errno; a longer file
 * is cut. One read(2) where the kernel gives all of it in one.
 */
ssize_t proc_read_into(int dir, const char *name, char *p, size_t size);

/* readlink(2): length without NUL, -ENAMETOOLONG if it did not fit, or -errno. */
ssize_t proc_readlink(int dir, const char *name, char *p, size_t size);

/*
 * Numeric entries of a directory ("fd", "task", or "." for processes), in the
 * order of the kernel, that is ascending. *list is the caller's to free.
 * Returns 0 or -errno.
 */
int proc_numbers(int dir, const char *name, int **list, size_t *n);

/* The same with a buffer kept between calls: for a survey. */
struct proc_number_list {
	int *at;
	size_t n, cap;
};
int proc_numbers_into(int dir, const char *name, struct proc_number_list *list);

/*
 * Add those of an open directory, from number `first` on. Linux takes a position in fd/
 * and fdinfo/ for a number, and a hole is passed over; where that is not known to
 * be so, `first` is 0. 0 or -errno.
 */
int proc_numbers_from(int dir, int first, struct proc_number_list *list);
void proc_numbers_add(struct proc_number_list *list, int v);

struct proc_stat {
	pid_t pid, ppid, pgrp, session;
	char comm[64]; /* hostile bytes, comm_len of them, and a NUL */
	size_t comm_len;
	char state;     /* R S D Z T t X I */
	int tty_nr;     /* encoded device, 0: none */
	pid_t tpgid;    /* foreground process group of that terminal, -1: none */
	unsigned flags; /* PF_*: 0x00200000 is PF_KTHREAD */
	int threads;
	uint64_t start; /* clock ticks since boot */
};

#define PROC_PF_KTHREAD 0x00200000u

/* Parse the text of /proc/PID/stat. Returns 0 or -EINVAL. */
int proc_stat_parse(struct proc_stat *st, const char *text, size_t len);
int proc_stat_read(int dir, struct proc_stat *st);

struct proc_status {
	uid_t uid[4]; /* real, effective, saved, filesystem */
	gid_t gid[4];
	pid_t tgid, tracer;
	int threads;
	int seccomp; /* 0 off, 1 strict, 2 filter; -1 not said */
	bool kthread;
	uint64_t cap_permitted, cap_effective;
	uint64_t switches; /* times that it gave up a processor, willing or not */
};

int proc_status_parse(struct proc_status *st, const char *text, size_t len);
int proc_status_read(int dir, struct proc_status *st);

/* Open descriptors by stat("fd").st_size (since Linux 6.2); -ENOTSUP before. */
int64_t proc_fd_count(int dir);

/*
 * One resource of /proc/PID/limits, such as "Max open files". UINT64_MAX is
 * unlimited. Returns 0 or -errno.
 */
int proc_limit(int dir, const char *resource, uint64_t *soft, uint64_t *hard);

#endif
