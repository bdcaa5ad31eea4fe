/* SPDX-License-Identifier: MIT */
/*
 * Files that have no place in any tree: memfds, shared anonymous memory,
 * message queues. Their names look like paths ("/memfd:x") and a real file may
 * be called so, but their mounts are the kernel's own and in no mountinfo.
 */
#ifndef KIND_ORIGIN_H
#define KIND_ORIGIN_H

#include "src/kind/fdent.h"
#include "src/proc/mountinfo.h"

enum origin {
	ORIGIN_UNKNOWN, /* its mounts were not read */
	ORIGIN_MOUNT,   /* an ordinary mount */
	ORIGIN_MQUEUE,  /* a mounted mqueue filesystem, as /dev/mqueue is */
	ORIGIN_NSFS,    /* a namespace bound to a name, as /run/netns/NAME is */
	ORIGIN_KERNEL,  /* a mount that only the kernel has */
};

/*
 * Where a record that is no socket comes from; belongs in e->origin before
 * kind_of(). m: with the mounts of the record's process in it, or NULL. A mount
 * id and a device that m does not have are the kernel's own.
 */
enum origin origin_of(const struct mounts *m, const struct fdent *e);

/* Opened by open(2), which sets O_LARGEFILE on 64-bit kernels, as memfd_create(2) does. */
bool fdent_is_largefile(const struct fdent *e);

/*
 * A regular file, as far as is known, of the kernel's own: not in any tree, on
 * a device without a driver.
 */
bool fdent_is_kernel_file(const struct fdent *e);

/* "/memfd:NAME" that memfd_create(2) made. */
bool fdent_is_memfd(const struct fdent *e);

/* A POSIX message queue. */
bool fdent_is_mqueue(const struct fdent *e);

/*
 * Shared anonymous memory that looks like a deleted file and is none that
 * anybody lost: /dev/zero, System V segments, /[aio], anonymous huge pages. The
 * name may have the kernel's " (deleted)" still.
 */
bool fdent_is_shared_anon(const struct fdent *e);

#endif
