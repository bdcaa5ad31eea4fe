/* SPDX-License-Identifier: MIT */
/*
 * What kinds share when they emit facts: lines of fdinfo by a table, numbers
 * with their words, masks as lists of names. Nothing here costs a system call.
 */
#ifndef KIND_EMIT_H
#define KIND_EMIT_H

#include "src/kind/kind.h"
#include "src/proc/fdinfo.h"

/* A line of fdinfo that is one number: "eventfd-count:  2". */
struct info_field {
	const char *key;  /* as fdinfo has it */
	const char *name; /* of the fact */
	enum fact_type type;
	int base; /* as the kernel prints it; 0: it says 0x or 0 itself */
};

/* Emit those of fields[0..n) that the record's fdinfo has, in that order. */
void emit_info(const struct fdent *e, const struct info_field *fields, size_t n, struct facts *out);

/* The record's own lines of fdinfo, e->extra_len bytes; never NULL. */
static inline const char *info_text(const struct fdent *e)
{
	return e->extra ? e->extra : "";
}

/* The number of one line of the record's fdinfo. */
bool info_u64(const struct fdent *e, const char *key, int base, uint64_t *v);

/* The value of one line as it stands, if it is there. */
void emit_info_text(const struct fdent *e, const char *key, const char *name, struct facts *out);

/* A number that has a name. */
struct word {
	uint64_t value;
	const char *name;
};

const char *word_of(const struct word *words, size_t n, uint64_t v); /* NULL: none */

/* NAME and, where the number has one, its word as WORD_NAME. */
void emit_word(struct facts *out, const char *name, const char *word_name, const struct word *words,
	       size_t n, uint64_t v);

/* The names of the bits set; bits without a name are one more element, in hex. */
void emit_mask(struct facts *out, const char *name, const struct word *words, size_t n,
	       uint64_t mask);

/* The same as one text, as people write masks: "EPOLLIN|EPOLLET". */
void emit_flags(struct facts *out, const char *name, const struct word *words, size_t n,
		uint64_t mask);

/* "major:minor" of a device as in makedev(3). */
void emit_dev(struct facts *out, const char *name, uint64_t dev);

/* A device as fdinfo prints it in hex, (major << 20) | minor, to makedev(3). */
uint64_t dev_of_kernel(uint64_t sdev);

/* Locks on it that fdinfo shows, as the list "locks". See proc_locks(5). */
void emit_locks(const struct fdent *e, struct facts *out);

/*
 * Is it the anonymous inode of that name? Where the link could not be read
 * (EACCES with CAP_SYS_PTRACE alone), a line of fdinfo that only this kind has
 * tells; info_key may be NULL.
 */
bool fdent_is_anon_or_has(const struct fdent *e, const char *what, const char *info_key);

#endif
