/* SPDX-License-Identifier: MIT */
/* Private to share/ofd*.c: the sorting of rows by kcmp(2). */
#ifndef SHARE_OFD_SORT_H
#define SHARE_OFD_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "src/share/ofd.h"

/* All that kcmp(2) asks of a row: small, since each call begins with two of them. */
struct ofd_slot {
	pid_t task;
	int fd;
};

/* Of all rows, by their index; several threads use it, each for other rows. */
struct ofd_rows {
	const struct ofd_opts *opts;
	struct ofd_slot *slots;
	uint32_t *next;  /* a ring of members found equal */
	uint32_t *label; /* the same number in all of a group; 0: unknown */
	uint8_t *gone;   /* no longer comparable */
};

/* The rows of one bucket, or of a part of it. */
struct ofd_sort {
	const struct ofd_rows *rows;
	uint32_t *list;  /* members in, one of each group out */
	uint32_t *spare; /* as long as list */
	uint64_t calls;
	bool presorted; /* look first whether two runs just follow each other */
};

/* Sort list[0..n) into groups in kcmp order; returns how many. */
size_t ofd_sort(struct ofd_sort *s, size_t n);
/* The same for two halves that are sorted: list[0..na) and list[half..half+nb). */
size_t ofd_merge(struct ofd_sort *s, size_t na, size_t half, size_t nb);
/* As these, for all of a bucket: sets the labels. */
void ofd_sort_all(struct ofd_sort *s, size_t n);
void ofd_merge_all(struct ofd_sort *s, size_t na, size_t half, size_t nb);

#endif
