/* SPDX-License-Identifier: MIT */
/*
 * Which descriptors are one open file description, by kcmp(2) and nothing
 * else: two descriptors of the same file are not the same description, and two
 * that look different for a moment (offset, flags) may be.
 *
 * Rows are put into buckets by what cannot change while a description lives
 * (device, inode, mount, access mode, ids of anonymous inodes), then each
 * bucket is sorted by the order that kcmp gives: O(n log n) calls, and 2 n
 * where all are one. Effect: none. Blocks on nobody. Since Linux 3.5; where
 * kcmp is missing or refused the rows stay unknown.
 */
#ifndef SHARE_OFD_H
#define SHARE_OFD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "src/base/sys.h"
#include "src/kind/fdent.h"

/* As sys_kcmp(), with a context: a test passes a system of its own. */
typedef int kcmp_fn(void *ctx, pid_t a, pid_t b, enum sys_kcmp_type type, unsigned long ia,
		    unsigned long ib);

/* The real one; ctx is ignored. */
kcmp_fn kcmp_system;

struct ofd_opts {
	unsigned workers;          /* threads; 0 and 1: only the caller's */
	const atomic_bool *cancel; /* may be NULL */
	kcmp_fn *kcmp;             /* NULL: the system call */
	void *kcmp_ctx;
};

struct ofd_stats {
	uint64_t calls;          /* of kcmp */
	uint64_t largest_bucket; /* rows that had to be compared with each other */
	uint64_t unknown;        /* rows left without a number */
};

/*
 * Set ofd and shares of every row that is a descriptor; procs[i]->rows must be
 * filled but for these. ofd counts from 1 in the order of the rows; one that is
 * alone has a number of its own; 0 is unknown: the process refuses kcmp, the
 * slot was closed or its fdinfo could not be read. shares is 0 where ofd is.
 * Numbers hold for the moment: a slot that is reused while we compare becomes
 * unknown or alone, it is never put into a group whose members differ.
 *
 * Returns 0, or -ECANCELED with all rows unknown. stats may be NULL.
 */
int ofd_group(struct procent *const *procs, size_t n_procs, const struct ofd_opts *opts,
	      struct ofd_stats *stats);

/*
 * Are these two slots one description now? 1 yes, 0 no, or -errno of kcmp.
 * a and b are process or thread ids.
 */
int ofd_same(pid_t a, int fd_a, pid_t b, int fd_b);

/*
 * From fdinfo, an id that the kernel gave to what lies behind an inode that
 * many share (anonymous ones, ptmx), and that never changes while it is open,
 * hashed; 0: it has none.
 */
uint64_t ofd_immutable_id(const struct fdent *e);

#endif
