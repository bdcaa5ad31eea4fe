/* SPDX-License-Identifier: MIT */
/*
 * A finished survey with what the interface looks up in it: who shares an open
 * file description, who has the same file. Made on a thread, read on the
 * interface's; counted, because dialogs and tasks outlive a refresh.
 */
#ifndef TUI_PICTURE_H
#define TUI_PICTURE_H

#include <stddef.h>
#include <stdint.h>

#include "src/survey/survey.h"

struct picture {
	struct survey *s;
	unsigned refs;    /* of the interface's thread */
	uint64_t at;      /* when, in ms of CLOCK_MONOTONIC */
	uint64_t took_ms; /* how long it took */
	size_t count;     /* descriptors, without cwd and the like */
	const struct fdent **by_ofd, **by_inode;
	size_t n_ofd, n_inode;
	int own_fd; /* a descriptor of ours that lives as long as this; -1 */
};

/* One reference is the caller's. Returns 0, -ECANCELED, or -errno with f. */
int picture_take(struct picture **p, const struct survey_opts *opts, struct fail *f);
struct picture *picture_ref(struct picture *p);
void picture_unref(struct picture *p); /* may be NULL */

/* Members of e's open file description, e included; 0: nothing known. */
size_t picture_same_ofd(const struct picture *p, const struct fdent *e,
			const struct fdent *const **first);
/* Descriptors on the same regular file, however opened, e included. */
size_t picture_same_inode(const struct picture *p, const struct fdent *e,
			  const struct fdent *const **first);
/* The descriptor of this picture that e, of another picture, is; or NULL. */
const struct fdent *picture_find(const struct picture *p, const struct fdent *e);

/* The same slot holding the same thing, as far as surveys can tell. */
bool picture_same_row(const struct fdent *a, const struct fdent *b);

#endif
