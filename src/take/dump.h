/* SPDX-License-Identifier: MIT */
/*
 * The whole contents of a descriptor, copied out, with a record of what was
 * done and of what is missing. Effect: dump_effect(); the target is not stopped,
 * its offset, flags and queues are untouched.
 */
#ifndef TAKE_DUMP_H
#define TAKE_DUMP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "src/kind/peek.h"
#include "src/proc/target.h"
#include "src/take/hash.h"
#include "src/take/out.h"

struct dump_range {
	uint64_t from, len;
};

struct dump_ranges {
	struct dump_range *at; /* heap, ascending, joined where they touch */
	size_t n, cap;
};
void dump_ranges_add(struct dump_ranges *r, uint64_t from, uint64_t len);
uint64_t dump_ranges_total(const struct dump_ranges *r);

struct dump_opts {
	const struct target *target;
	const struct fdent *ent; /* as listed */
	const struct kind_ctx *ctx;
	int fd; /* dump_held(): our own descriptor, not closed; target may be NULL */
	struct out_opts out;
	unsigned hashes; /* HASH_SET()s */
	/*
	 * Of files and devices: these bytes, one after the other. n 0: all. A
	 * range may reach behind the end.
	 */
	struct dump_ranges ranges;
	uint64_t max_bytes; /* UINT64_MAX: no limit */
	bool zero_fill;     /* unreadable ranges are zeros of a complete file */
	/*
	 * Files: go on as it grows, until the last writer closed it, the target
	 * exited, or *cancel: here that is a regular end. Nothing but a re-open is
	 * held meanwhile, which delays nobody's IN_CLOSE_WRITE.
	 */
	bool follow;
	bool may_move_peek_off; /* see peek.h: all datagrams */
	bool freeze; /* the target stands still while its source is read; see OP_FREEZE */
	const atomic_bool *cancel; /* may be NULL */
	/* At most every 100 ms, and at the end; total 0: unknown. May be NULL. */
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	void *arg;
	/*
	 * Unix sockets: called for each descriptor in flight with a copy that is
	 * closed afterwards, unless it is set to -1; see dump_held(). NULL: none is
	 * installed. Returns 0.
	 */
	int (*in_flight)(void *arg, unsigned index, int *fd);
};

struct dump_message {
	uint64_t at, len, full_len; /* in the output; its real length */
	char *sender;               /* heap, raw; may be NULL */
	size_t sender_len;
};

enum dump_end { DUMP_END_DATA, DUMP_END_CLOSED, DUMP_END_EXITED, DUMP_END_STOPPED };

struct dump_result {
	char *path;                 /* where the bytes are: NAME, or NAME.partial; NULL: a stream */
	bool complete;              /* all that was asked for, and under its name */
	uint64_t size;              /* of the output, holes included */
	uint64_t copied;            /* bytes of data in it */
	uint64_t resumed;           /* of these, found in the .partial and verified */
	struct dump_ranges extents; /* data in the output; the rest is holes */
	struct dump_ranges bad;     /* could not be read: zeros in the output */
	struct dump_ranges unstable; /* changed or vanished while it was copied */
	struct dump_message *messages;
	size_t n_messages;
	struct hash_result hash; /* of the output, if complete or a stream */
	char method[64];         /* "copy_file_range of a re-open with O_NOATIME" */
	struct cell effect;
	char missing[160]; /* what could not be seen, in words; empty: nothing */
	enum dump_end end; /* why following ended */
	uint64_t copy_ns, sync_ns;
	uint64_t pause_ns;          /* freeze: for how long it stood still */
	const char *frozen;         /* by which way: "ptrace"; NULL: it was not */
	const char *frozen_warning; /* what others see of that way; NULL: nothing */
	struct fail fail;           /* err 0: it went well */
};

/* What it will do at most, with words: for the gate. */
struct cell dump_effect(const struct dump_opts *o);

/*
 * Dump. Returns 0, or -errno with r->fail: then r->path names the .partial, if
 * one was made. -ECANCELED after *cancel; -EIO when ranges were unreadable;
 * errors of the output have class FAIL_OUTPUT. Blocks as long as the copy takes;
 * a filesystem that does not answer ends it with -ETIMEDOUT. r is filled in any
 * case; release it.
 */
int dump(const struct dump_opts *o, struct dump_result *r);

/* The same of o->fd, a descriptor of our own: from a shelf, or one in flight. */
int dump_held(const struct dump_opts *o, struct dump_result *r);
void dump_result_release(struct dump_result *r);

/* The name of its effect; "none" if it failed before it had any. */
const char *dump_caused(const struct dump_result *r);

/* The record: size, extents, hashes, method, effect, errors, completeness. */
void dump_facts(const struct dump_result *r, struct facts *out);

/* "PID-FD-KIND-NAME" for a folder of dumps: safe, unique within a system at one time. */
void dump_file_name(struct buf *out, const struct fdent *e);

#endif
