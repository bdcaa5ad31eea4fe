/* SPDX-License-Identifier: MIT */
/* Rows of descriptors of this process as a survey would have them, made by hand. */
#ifndef TESTS_UNIT_ROWS_H
#define TESTS_UNIT_ROWS_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/kind/kind.h"
#include "src/net/tables.h"
#include "src/proc/fdinfo.h"

/* Kept until rows_release(). */
static inline const char *row_text(const char *path, uint32_t *len, bool link)
{
	char *p = calloc(1, 4096);
	int fd = link ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = link ? readlink(path, p, 4095) : read(fd, p, 4095);

	if (fd >= 0)
		close(fd);
	*len = n > 0 ? (uint32_t)n : 0;
	return p;
}

static inline void row_fill(struct fdent *e, const struct procent *proc, int fd,
			    const struct sock_tables *net)
{
	struct fdinfo fi;
	struct stat st;
	char path[64];
	const char *info;
	uint32_t len;
	char *copy;

	memset(e, 0, sizeof(*e));
	e->proc = proc;
	e->fd = fd;
	e->assoc = ASSOC_FD;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	e->name = row_text(path, &e->name_len, true);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = row_text(path, &len, false);
	if (fstat(fd, &st) < 0 || fdinfo_parse(&fi, info, len) < 0)
		abort();
	e->dev = st.st_dev;
	e->ino = st.st_ino;
	e->rdev = st.st_rdev;
	e->size = (uint64_t)st.st_size;
	e->nlink = (uint32_t)st.st_nlink;
	e->mode = (uint16_t)st.st_mode;
	e->flags = fi.flags;
	e->mnt_id = fi.mnt_id;
	e->pos = fi.pos;
	copy = calloc(1, fi.rest_len + 1);
	memcpy(copy, fi.rest, fi.rest_len);
	e->extra = copy;
	e->extra_len = (uint32_t)fi.rest_len;
	e->have = HAVE_LINK | HAVE_STAT | HAVE_INFO | HAVE_INO | HAVE_NLINK;
	if (S_ISREG(st.st_mode))
		e->have |= HAVE_SIZE;
	if (S_ISSOCK(st.st_mode) && net)
		e->sock = sock_tables_find(net, e->ino);
	e->kind = kind_of(e);
	free((void *)(uintptr_t)info);
}

static inline void rows_release(struct procent *proc)
{
	for (uint32_t i = 0; i < proc->n_rows; i++) {
		free((void *)(uintptr_t)proc->rows[i].name);
		free((void *)(uintptr_t)proc->rows[i].extra);
	}
	free(proc->rows);
}

/* A process with these descriptors; pid may be any. rows_release() after. */
static inline void rows_fill(struct procent *proc, pid_t pid, const int *fds, uint32_t n,
			     const struct sock_tables *net)
{
	memset(proc, 0, sizeof(*proc));
	proc->pid = pid;
	proc->n_rows = n;
	proc->rows = calloc(n + 1, sizeof(*proc->rows));
	proc->comm = "test";
	proc->comm_len = 4;
	for (uint32_t i = 0; i < n; i++)
		row_fill(&proc->rows[i], proc, fds[i], net);
}

#endif
