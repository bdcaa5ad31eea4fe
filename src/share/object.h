/* SPDX-License-Identifier: MIT */
/*
 * What rows have in common when they are ends of one thing: its identity, and
 * which end a row is. Inside of peers.c; nobody else needs it.
 */
#ifndef SHARE_OBJECT_H
#define SHARE_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/kind/fdent.h"
#include "src/kind/kind.h"
#include "src/proc/mountinfo.h"

enum object_type { OBJECT_PIPE, OBJECT_SOCKET, OBJECT_PTY, OBJECT_EVENTFD, OBJECT_MQUEUE };

/* Which lists of the object a row is in. */
enum end {
	END_A = 1,    /* read end, pty master */
	END_B = 2,    /* write end, pty slave */
	END_BOTH = 3, /* a FIFO opened for both */
	END_NONE = 4, /* a thing without ends */
};

struct object_key {
	uint64_t dev, id;
	uint8_t type;
};

/* What the rows of a survey are judged by, looked up once. */
struct object_ctx {
	const struct mounts *mounts; /* may be NULL */
	const struct kind *mqueue;   /* NULL: not in the registry */
	uint64_t only_devpts;        /* the one devpts there is, or 0 */
};

void object_ctx_init(struct object_ctx *ctx, const struct mounts *mounts);

/* Of what is e an end, and which? False: of nothing. */
bool object_of(const struct object_ctx *ctx, const struct fdent *e, struct object_key *key,
	       enum end *end);

/* A set of objects; numbers from 0 in the order of adding. */
struct object_set {
	struct object {
		struct object_key key;
		uint32_t list;  /* the first of its lists */
		uint32_t peers; /* sockets: the list of the other end + 1 */
	} * at;
	size_t n, cap;
	uint32_t *slot; /* open addressing: number + 1 */
	size_t n_slots; /* a power of two */
};

/* The number of that object; *is_new if it was not in the set. */
uint32_t object_add(struct object_set *set, const struct object_key *key, bool *is_new);

/* The same, UINT32_MAX: not there. */
uint32_t object_find(const struct object_set *set, const struct object_key *key);
void object_set_release(struct object_set *set);

#endif
