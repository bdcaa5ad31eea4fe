/* SPDX-License-Identifier: MIT */
/* Descriptors that close themselves at the end of the scope. */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stddef.h>
#include <sys/types.h>

void fd_close_scoped(int *fd);
#define autoclose __attribute__((cleanup(fd_close_scoped)))

/* Hand a scoped descriptor over: returns it, leaves -1 behind. */
static inline int fd_steal(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* Close unless negative, keep errno, and set to -1. */
void fd_close(int *fd);

/*
 * Write all of it, going on after short writes and EINTR.
 * Returns 0 or -errno. May block as long as fd does.
 */
int fd_write_all(int fd, const void *p, size_t len);

/*
 * Raise RLIMIT_NOFILE to its hard limit: every grab costs a descriptor. Once,
 * at start. *before, if not NULL, gets the old soft limit so that a command we
 * execute can be given it back. Returns 0 or -errno.
 */
int fd_raise_limit(unsigned long *before);

#endif
