/* SPDX-License-Identifier: MIT */
/*
 * Private to survey/: what can be said of a descriptor from fdinfo alone.
 *
 * Sockets, pipes and anonymous inodes are on filesystems of the kernel's own, each
 * mounted once and where no path leads. mnt_id in proc_pid_fdinfo(5) tells that a file
 * is on one of them; the inode number, or a line that only one kind has, tells the
 * rest. Which mounts these are the kernel says of descriptors that we make ourselves.
 * So a row of this sort takes one read, and can never be put together from two files.
 */
#ifndef SURVEY_KNOWN_H
#define SURVEY_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/kind/fdent.h"
#include "src/proc/fdinfo.h"

enum known_sort {
	KNOWN_SOCKET,
	KNOWN_PIPE,
	KNOWN_ANON,
	KNOWN_SHM, /* memfds and shared memory: nothing to skip, but an inode has one name */
	KNOWN_SORTS,
};

#define KNOWN_LINES 4
#define KNOWN_NAME  64

struct known {
	struct known_fs {
		uint64_t dev, ino; /* ino: of KNOWN_ANON, which most of them share */
		uint32_t mnt_id;
		uint16_t mode;
		bool found;
	} fs[KNOWN_SORTS];
	struct known_line {
		char name[KNOWN_NAME]; /* of the link */
		uint8_t name_len;      /* 0: not known */
	} line[KNOWN_LINES];
	bool seeks; /* a position in fdinfo/ is a number: see proc_numbers_from() */
};

/*
 * Ask of our own, in this proc filesystem. Nothing is known afterwards if it is another
 * kernel's or a captured one, where ours are not there, or before Linux 5.14, where
 * fdinfo names no inode. Descriptors are opened and closed; no effect on others.
 */
void known_learn(struct known *k, int procfs);

/* On which of these filesystems a file is, or -1: on another, or it is not known. */
int known_sort(const struct known *k, const struct fdinfo *fi);
bool known_is_dev(const struct known *k, uint64_t dev);

/*
 * Fill in what statx(2) would say: e->mode, dev, ino, and their HAVE_*. Write the
 * link's text to name, of KNOWN_NAME bytes or more. Returns its length, 0: not known.
 */
size_t known_row(const struct known *k, const struct fdinfo *fi, struct fdent *e, char *name);

/* The part of it that statx(2) would say, for a file of that sort whose name was read. */
bool known_stat(const struct known *k, enum known_sort sort, uint64_t ino, struct fdent *e);

/*
 * Lines that only one kind has: 1, they prove that link and fdinfo are of one kind;
 * -1, that they are not; 0, there are none.
 */
int known_proof(const char *link, size_t len, const struct fdinfo *fi);

#endif
