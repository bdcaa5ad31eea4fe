/* SPDX-License-Identifier: MIT */
/*
 * The shelf: descriptors that we keep after their owners closed them or died.
 * This is its client; the shelf itself is a small process of the effective
 * user (keep/daemon.h), started when the first descriptor is put on it, and
 * gone soon after the last was dropped. Effect of what is on it: hold.
 */
#ifndef KEEP_SHELF_H
#define KEEP_SHELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "src/base/fail.h"
#include "src/kind/fdent.h"

/* Where one came from, as it was when it was taken. */
struct shelf_item {
	uint32_t id; /* the N of hN */
	pid_t pid, tid;
	uint64_t start;
	char comm[64]; /* hostile bytes */
	size_t comm_len;
	int fd; /* -1 unless assoc is ASSOC_FD */
	enum assoc assoc;
	char kind[16];
	char *name; /* heap, hostile bytes; NULL: none */
	size_t name_len;
	uint64_t dev, ino;
	uint32_t flags; /* of open(2) */
	int64_t since;  /* seconds since the epoch */
	int shelf_fd;   /* its number in the shelf's own table */
};

/* What e says, ready for shelf_add(); name is copied. */
void shelf_item_of(struct shelf_item *item, const struct fdent *e);
void shelf_item_release(struct shelf_item *item);

struct shelf_list {
	struct shelf_item *at; /* heap, by id */
	size_t n;
};
void shelf_list_release(struct shelf_list *list);

struct shelf {
	int sock;  /* -1: there is none, and nothing is held */
	pid_t pid; /* of the shelf */
	/*
	 * Not 0: the shelf before this one was killed with so much on it, and
	 * nobody was told yet. The sentence belongs to whoever opens it.
	 */
	size_t lost;
	bool lost_unknown;  /* the same, but what was on it could not be written down */
	int64_t lost_since; /* seconds since the epoch */
	char *lost_text;    /* heap: "h1 4121:7 tcp socket:[881]\n"..., safe to print */
};

/*
 * Connect; with start, make sure that there is one. Without, a shelf that is
 * not there is an empty one. Returns 0 (then shelf_close), or -errno with f.
 * Blocks for a few milliseconds, or, for a shelf that stands still, 10 s.
 * Starting forks; the shelf keeps none of our descriptors.
 */
int shelf_open(struct shelf *s, bool start, struct fail *f);
void shelf_close(struct shelf *s);

/*
 * Put a duplicate of fd on it; fd stays the caller's. Returns its id (> 0), or
 * -errno with f: -EMFILE when the shelf is full.
 */
int shelf_add(struct shelf *s, const struct shelf_item *item, int fd, struct fail *f);

int shelf_get_list(struct shelf *s, struct shelf_list *list, struct fail *f);

/*
 * The one with that id, without a duplicate of it; shelf_item_release() it.
 * Returns 0, or -ENOENT or another -errno with f.
 */
int shelf_look(struct shelf *s, uint32_t id, struct shelf_item *item, struct fail *f);

/*
 * A duplicate of the one with that id: close-on-exec, the caller's. item may be
 * NULL, else shelf_item_release(). Returns it, or -ENOENT or another -errno with f.
 */
int shelf_get(struct shelf *s, uint32_t id, struct shelf_item *item, struct fail *f);

/* Let go of it. Returns 0, or -ENOENT or another -errno with f. */
int shelf_drop(struct shelf *s, uint32_t id, struct fail *f);

#endif
