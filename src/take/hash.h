/* SPDX-License-Identifier: MIT */
/*
 * Digests computed in a thread of their own, beside the copy: the copier fills a
 * buffer, hands it over and goes on writing it while it is hashed. By nettle.
 */
#ifndef TAKE_HASH_H
#define TAKE_HASH_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/fail.h"

enum hash_kind { HASH_SHA256, HASH_SHA512, HASH_SHA1, HASH_MD5, HASH_COUNT };

#define HASH_SET(kind) (1u << (kind))
#define HASH_HEX_MAX   129

const char *hash_name(enum hash_kind kind); /* "sha256" */

/* "none", or a comma-separated list of names: a set. Returns 0 or -EINVAL (usage) with f. */
int hash_parse(const char *list, unsigned *set, struct fail *f);

struct hash_result {
	unsigned set;
	char hex[HASH_COUNT][HASH_HEX_MAX]; /* empty: not in the set */
};

struct hasher;

/*
 * Starts the thread. An empty set is fine: buffers without a thread. NULL when
 * there is no memory or no thread to be had (EAGAIN, ENOMEM in errno).
 */
struct hasher *hasher_new(unsigned set);
void hasher_free(struct hasher *h); /* ends the thread, whatever is left; NULL is fine */

/*
 * Once *cancel is true, what is left to hash is given up: hasher_finish() tells. Call it
 * before the first bytes. NULL: never.
 */
void hasher_cancel_by(struct hasher *h, const atomic_bool *cancel);

/* The next free buffer, of *size bytes; the one before may be re-used from now on. */
void *hasher_buffer(struct hasher *h, size_t *size);

/*
 * The same with a buffer that is filled already, of that size and by posix_memalign(3):
 * it becomes the hasher's, and *buf the one that was next.
 */
void hasher_exchange(struct hasher *h, char **buf);

/* The first len bytes of that buffer come next. They may be read, not changed. */
void hasher_submit(struct hasher *h, size_t len);

/* n zeros come next. */
void hasher_zeros(struct hasher *h, uint64_t n);

/*
 * Wait for all that was handed over, and give the digests; none and -ECANCELED if it was
 * given up. Then only hasher_free().
 */
int hasher_finish(struct hasher *h, struct hash_result *result);

#endif
