/* SPDX-License-Identifier: MIT */
/*
 * Files that nobody can open by name any more, but some process still has:
 * deleted files and memfds, open, only mapped, or only in flight in the queue of
 * a unix socket. Found once an inode, saved by dump().
 */
#ifndef TAKE_RECOVER_H
#define TAKE_RECOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "src/survey/survey.h"
#include "src/take/dump.h"

enum recover_how { RECOVER_OPEN, RECOVER_MAPPED, RECOVER_IN_FLIGHT };

struct recover_item {
	enum recover_how how;
	const struct fdent *ent; /* the best row of it; in flight: of the socket */
	uint64_t dev, ino;
	uint64_t size;    /* bytes; of a file that is only mapped and may not be looked at: 0 */
	uint64_t blocks;  /* bytes that a copy will take: on disk or in memory, up to size */
	unsigned rows;    /* descriptors and mappings of it */
	int fd;           /* in flight: our copy; else -1 */
	const char *name; /* link text without " (deleted)"; hostile bytes */
	size_t name_len;
	char *own_name; /* heap, or NULL */
};

struct recover_list {
	struct recover_item *at;
	size_t n, cap;
	uint64_t size, blocks; /* sums */
	unsigned hidden;       /* in flight, and not to be seen without all_messages */
	unsigned unreadable;   /* sockets that could not be asked */
};

struct recover_opts {
	const struct survey *survey; /* with SURVEY_ASSOC; must outlive the list */
	bool empty;                  /* empty ones too */
	bool in_flight;              /* look into the queues of unix sockets: effect hold */
	bool all_messages;           /* there, move SO_PEEK_OFF for moments: effect shared */
	/* After such a look; f: NULL, or why it failed. May be NULL. */
	void (*looked)(void *arg, const struct target *t, const struct fdent *e,
		       const struct fail *f);
	void *arg;
};

/*
 * Never fooled by what only looks deleted: shared anonymous memory, System V
 * segments, files with another name left. Returns 0 (then
 * recover_list_release()) or -errno with f.
 */
int recover_find(struct recover_list *list, const struct recover_opts *o, struct fail *f);
void recover_list_release(struct recover_list *list);

const char *recover_how_name(enum recover_how how); /* "open", "mapped", "in flight" */

/* Is there room for all of it where dir is? 0, or -ENOSPC with f; *avail in bytes. */
int recover_space(const struct recover_list *list, int dir, uint64_t *avail, struct fail *f);

struct recover_save {
	int dir;            /* the folder */
	bool original_path; /* instead: where it was, seen from the process's root */
	bool preserve;      /* owner and mode, never set-user-ID or set-group-ID */
	unsigned hashes;
	bool zero_fill;
	bool freeze; /* stop each holder while it is copied */
	const atomic_bool *cancel;
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	void *arg;
};

/*
 * Save one: name (a sanitised one of its own, "-2" and so on where taken), times
 * as they were. r as of dump(), r->path relative to dir, or below the process's
 * root. Returns 0 or -errno with r->fail; release r in any case.
 */
int recover_save(const struct recover_item *item, const struct recover_opts *o,
		 const struct recover_save *save, struct dump_result *r);

/* One line of recovered.jsonl, with its newline. */
void recover_record(struct buf *out, const struct recover_item *item, const struct dump_result *r);

#endif
