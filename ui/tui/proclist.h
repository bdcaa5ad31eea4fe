/* SPDX-License-Identifier: MIT */
/*
 * The processes, without their descriptors: what the picker shows. Cheap
 * enough for every second; effect none. Made on a thread.
 */
#ifndef TUI_PROCLIST_H
#define TUI_PROCLIST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "src/base/alloc.h"

struct hung;

struct procrow {
	pid_t pid, ppid;
	uint64_t start;
	uid_t uid;
	char state;
	bool denied;       /* its descriptor table is not ours to read */
	int64_t fds;       /* -1: unknown */
	uint64_t limit;    /* 0: unknown, UINT64_MAX: none */
	const char *user;  /* name, or number as text */
	const char *title; /* command line, or [comm]; hostile bytes */
	size_t title_len;
	int64_t first_fds;   /* when first seen by this interface */
	uint64_t first_ms;   /* when that was */
	uint64_t changed_ms; /* when the count changed last; 0: never */
	unsigned depth;      /* in the tree */
};

struct proclist {
	struct procrow *at; /* by pid, kernel threads left out */
	size_t n, cap;
	uint64_t total_fds;
	bool partial; /* the first screenful: the rest follows */
	struct arena arena;
};

/*
 * Read them. With max > 0 stop after so many and set partial. before, if not
 * NULL, is the previous list: growth is counted from it. What is in hung, which may
 * be NULL, has its name for a command line.
 */
struct proclist *proclist_take(int procfs, size_t max, const struct proclist *before,
			       struct hung *hung, const atomic_bool *cancel);
void proclist_free(struct proclist *l);
const struct procrow *proclist_find(const struct proclist *l, pid_t pid);

#endif
