/* SPDX-License-Identifier: MIT */
/*
 * What an action is about: the descriptor that was under the cursor when the
 * key was pressed, by process start time, number and file. It is looked at
 * again when the action happens; what is there then must be the same.
 */
#ifndef TUI_SUBJECT_H
#define TUI_SUBJECT_H

#include "ui/tui/app.h"

struct shelf_item;

struct subject {
	struct picture *pic;   /* a reference of our own */
	const struct fdent *e; /* in it; NULL: the process as a whole */
	pid_t pid, tid;
	uint64_t start;
	char comm[64]; /* hostile bytes */
	size_t comm_len;
	int fd;         /* its number where it came from; -1 */
	unsigned held;  /* hN; 0: of the target */
	pid_t holder;   /* of hN: who has it, ourselves or, if it may hang us, the shelf */
	char token[48]; /* "4121:11", "h2" */
	char desc[80];  /* as the command line wants it: "4121@8812345:11" */
};

/* A row of a->target_pic. */
struct subject subject_of(struct app *a, const struct fdent *e);
/* A process, not one of its descriptors. */
struct subject subject_of_process(const struct procrow *r);
/* The same one still? Its number alone does not say so: a new shelf begins with h1 again. */
bool subject_same_held(const struct shelf_item *x, const struct shelf_item *y);
/* A held one by name alone, without pic and e. */
struct subject subject_name_held(const struct shelf_item *item);
/* A held one: gets a duplicate from the shelf, unless its close might hang. 0 or -errno with f. */
int subject_of_held(struct subject *s, struct app *a, const struct shelf_item *item,
		    struct fail *f);
/*
 * On any thread: a duplicate of it, refused (-ESTALE) if that id is another
 * descriptor by now, or if closing it might hang us. The caller's, or -errno with f.
 */
int subject_take_held(const struct shelf_item *item, int procfs, struct fail *f);
struct subject subject_copy(const struct subject *s);
void subject_release(struct subject *s);
/* "4121:11 tcp 10.0.0.5:443 ..." in display text. */
void subject_describe(struct app *a, const struct subject *s, struct buf *out);
/* What the focus is on: a row of the table, or a held one. False: nothing, and said so. */
bool subject_current(struct app *a, struct subject *s);

/* On any thread: open its process, refused if that is another by now. */
int subject_target(const struct subject *s, int procfs, struct target *t, struct fail *f);

/* Does the latest picture still show the same thing there? */
bool subject_still_there(struct app *a, const struct subject *s);

#endif
