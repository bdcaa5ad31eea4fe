/* SPDX-License-Identifier: MIT */
/*
 * The letters of the SHARE column: "=A 9" is the same open file description in
 * nine places, "~C 2" the same file opened twice, "<>" an other end that is
 * known. Letters count over one survey in the order of its rows.
 */
#ifndef SURVEY_MARKS_H
#define SURVEY_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/buf.h"
#include "src/survey/survey.h"

struct marks {
	uint32_t *of_ofd; /* letter of each description; 0: it is alone */
	size_t n_ofds;
	struct mark_inode {
		uint64_t dev, ino;
		uint32_t letter, count;
	} * inode; /* sorted; only those with several rows */
	size_t n_inodes;
	bool has_ofds; /* descriptions were compared at all */
};

void marks_make(struct marks *m, const struct survey *s);
void marks_release(struct marks *m);

struct mark {
	char glyph;      /* '=', '~', '<' (a peer), '?' (not known), '-' */
	uint32_t letter; /* from 1; of '=' and '~' */
	uint32_t count;  /* how many rows; of '<' how many peers */
};
struct mark mark_of(const struct marks *m, const struct survey *s, const struct fdent *e);

/* "=A 9", "<>", "-". */
void mark_text(struct buf *out, const struct mark *mark);

/* 1 is A, 26 Z, 27 AA. */
void mark_letters(struct buf *out, uint32_t n);

#endif
