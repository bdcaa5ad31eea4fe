/* SPDX-License-Identifier: MIT */
/* Private to survey/: reading one fd table into records. */
#ifndef SURVEY_TABLE_H
#define SURVEY_TABLE_H

#include <stdbool.h>

#include "src/base/alloc.h"
#include "src/base/buf.h"
#include "src/kind/fdent.h"
#include "src/proc/mountinfo.h"
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
	struct wary_reader *wary; /* NULL: there was no need */
	uint32_t foreign_mnt;     /* where fdinfo and statx(2) name an inode differently */
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
	int guessed; /* nobody said that those below this number are there */
	bool wary;   /* WARY_EPOLL */
	bool strict;
	bool unstable; /* out: something changed while we read */
};

/*
 * What may wait for ever in the processes of a mount namespace, because of a filesystem
 * there whose server may stop answering:
 */
enum wary_what {
	WARY_MEMORY = 1, /* maps and map_files: a thread may hold the lock of the memory map */
	WARY_EPOLL = 2,  /* fdinfo of an epoll, which FUSE alone can lock */
};

struct wary {
	struct wary_namespace {
		uint64_t mntns;
		unsigned what;
	} * at;
	size_t n;
};

/*
 * Of mntns, that of the process whose directory is dir; 0 is not known, and anything may
 * be there. Its mounts are added to *mounts. Not for several threads at a time.
 */
unsigned wary_of(struct wary *w, struct mounts *mounts, int dir, uint64_t mntns);
bool wary_is_epoll(struct table_reader *r, const struct table_dirs *dirs, const char *name);
/* Into r->info, by a helper that may be given up: 0, -ETIMEDOUT or -errno. */
int wary_read_info(struct table_reader *r, const struct table_dirs *dirs, const char *name);
void wary_release(struct table_reader *r);

/*
 * Fill *e, whose proc is set, from descriptor number fd. Returns false if
 * there is no such descriptor (any more). What could not be read is in e->err.
 */
bool table_read_fd(struct table_reader *r, struct table_dirs *dirs, struct fdent *e, int fd);

/* cwd, root or exe of the process directory dir. False: it has none. */
bool table_read_assoc(struct table_reader *r, int dir, struct fdent *e, enum assoc assoc);

/*
 * Mapped files, once each: appends to rows (a growing heap array). Returns 0 or -errno;
 * with may_wait, -ETIMEDOUT if the memory map is locked by a thread that is stuck.
 */
struct rows {
	struct fdent *at;
	size_t n, cap;
};
struct fdent *rows_add(struct rows *rows, const struct procent *proc);
int table_read_maps(struct table_reader *r, int dir, const struct procent *proc, bool may_wait,
		    struct rows *rows);

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
