/* SPDX-License-Identifier: MIT */
/* Private to survey/: reading one fd table into records. */
#ifndef SURVEY_TABLE_H
#define SURVEY_TABLE_H

#include <stdbool.h>

#include "src/base/alloc.h"
#include "src/base/buf.h"
#include "src/kind/fdent.h"
#include "src/proc/procfs.h"
#include "src/survey/known.h"

#define LINK_SIZE 4096

/* Who reads the mapped files of tables; see maps.c. */
struct maps_reader {
	struct patient *patient;
	struct mapped *mapped;
};

void maps_reader_release(struct maps_reader *r);

/* What one thread needs while it reads tables; nothing is shared. */
struct table_reader {
	struct arena arena; /* names and extras of the rows */
	struct buf info;    /* text of one fdinfo */
	const struct known *known;
	struct hung *hung; /* may be NULL */
	struct maps_reader maps;
	uint32_t foreign_mnt; /* where fdinfo and statx(2) name an inode differently */
	char link[LINK_SIZE], again[LINK_SIZE];
	char text[LINK_SIZE];
};

void table_reader_release(struct table_reader *r);

/*
 * A row is read by several system calls, and the slot may be closed and
 * re-used between two of them. In strict mode a row counts only once it was
 * read twice in a row with the same result; without, once its parts agree.
 */
struct table_dirs {
	int fd;     /* /proc/PID/fd */
	int fdinfo; /* /proc/PID/fdinfo, or -errno */
	const struct procent *proc;
	bool wary; /* fdinfo of an epoll may wait for ever: see wary.c */
	bool strict;
	bool unstable; /* out: something changed while we read */
};

/*
 * Which mount namespaces have a filesystem whose server may stop answering: dir is
 * /proc/PID of a process of mntns. Not for several threads at a time.
 */
struct wary {
	struct wary_namespace {
		uint64_t mntns;
		bool has_fuse;
	} * at;
	size_t n;
};
bool wary_of(struct wary *w, int dir, uint64_t mntns);
bool wary_is_epoll(struct table_reader *r, const struct table_dirs *dirs, const char *name);
/* Into r->info, as far as a helper gets it: 0, -ETIMEDOUT or -errno. */
int wary_read_info(struct table_reader *r, const struct table_dirs *dirs, const char *name);

/*
 * Fill *e, whose proc is set, from descriptor number fd. Returns false if
 * there is no such descriptor (any more). What could not be read is in e->err.
 */
bool table_read_fd(struct table_reader *r, struct table_dirs *dirs, struct fdent *e, int fd);

/* cwd, root or exe of the process directory dir. False: it has none. */
bool table_read_assoc(struct table_reader *r, int dir, struct fdent *e, enum assoc assoc);

/*
 * Mapped files, once each: appends to rows (a growing heap array). Returns 0 or -errno,
 * -ETIMEDOUT if the memory map is locked by a thread that is stuck.
 */
struct rows {
	struct fdent *at;
	size_t n, cap;
};
struct fdent *rows_add(struct rows *rows, const struct procent *proc);
int table_read_maps(struct table_reader *r, int dir, const struct procent *proc, struct rows *rows);

/*
 * Decide e->deleted for rows whose link text ends in " (deleted)" although
 * the inode has names left: look at the name. Called when mounts are known.
 * *hangs, 0 at first, counts the looks that never came back: after two, no
 * name that may hang is looked at any more, however many a dead mount has.
 */
struct mounts;
void deleted_resolve(struct fdent *e, int procfs, const struct mounts *mounts, unsigned *hangs);
bool deleted_has_suffix(const struct fdent *e);
void deleted_strip(struct fdent *e);

#endif
