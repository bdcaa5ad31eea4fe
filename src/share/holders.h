/* SPDX-License-Identifier: MIT */
/*
 * Everyone who has a thing, and how: what `who` prints. Computed over the rows
 * of one survey (ofd_group() and peers_find() done), with a few kcmp(2) calls
 * for epoll. Effect: none.
 */
#ifndef SHARE_HOLDERS_H
#define SHARE_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/kind/fdent.h"
#include "src/share/ofd.h"
#include "src/share/peers.h"

enum holder_how {
	HOLDER_SAME_DESCRIPTION,
	/* Opened separately; of anonymous inodes the same object by its id (bpf map 7). */
	HOLDER_SAME_INODE,
	HOLDER_OTHER_END,
	HOLDER_MAPPED,
	HOLDER_CWD,
	HOLDER_ROOT,
	HOLDER_EXE,
	HOLDER_WATCHED,   /* e is an epoll that watches it; see tfd, ghost */
	HOLDER_IN_FLIGHT, /* e is a socket with descriptors in its queue: nobody knows which */
	HOLDER_HOWS,
};

/* "same-description", "same-inode", "other-end", "mapped", "cwd", ... */
const char *holder_how_name(enum holder_how how);

struct holder {
	const struct fdent *e;
	enum holder_how how;
	/*
	 * SAME_INODE: kcmp could not tell, it may be the same description.
	 * WATCHED: by inode only, the registration could not be compared.
	 */
	bool unsure;
	bool ghost;     /* WATCHED: the epoll's own process no longer has it at tfd */
	int tfd;        /* WATCHED: the number it was registered by */
	uint32_t count; /* IN_FLIGHT: how many */
};

struct holders {
	struct holder *at; /* by how, then in the order of the rows */
	size_t n;
	size_t of[HOLDER_HOWS]; /* how many of each */
	size_t unreadable;      /* tables that could not be read: holders not seen */
};

/* Of what: a row, or a file by device and inode (then e is NULL). */
struct holders_subject {
	const struct fdent *e;
	uint64_t dev, ino; /* as in statx of the path; used without e */
};

/*
 * Find them; the row itself is the first of its descriptions. peers may be
 * NULL. Of opts only kcmp and its context are used. holders_release() after.
 */
void holders_find(struct holders *h, const struct holders_subject *subject,
		  struct procent *const *procs, size_t n_procs, const struct peers *peers,
		  const struct ofd_opts *opts);
void holders_release(struct holders *h);

/*
 * Do both rows speak of one object: the same inode of the same filesystem, of
 * anonymous inodes the same id? Not whether it is the same description.
 */
bool holders_same_object(const struct fdent *a, const struct fdent *b);

#endif
