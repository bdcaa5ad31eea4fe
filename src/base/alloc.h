/* SPDX-License-Identifier: MIT */
/*
 * Small allocations cannot fail: they end the program through one hook, which
 * the program installs to restore its terminal first. Use these for what is
 * small or bounded by what the kernel already holds; a buffer sized by the
 * user or by a target's file is malloc'ed and checked.
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xmemdup0(const void *p, size_t len); /* a copy with a NUL behind it */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Called when memory ran out; must not return. Default: abort(3). */
void alloc_set_oom_hook(void (*hook)(void));

/* Freed at the end of the scope: autofree char *p = ...; */
void alloc_free_scoped(void *pp);
#define autofree __attribute__((cleanup(alloc_free_scoped)))

/*
 * Bytes that live together and die together. Not thread-safe: give each
 * thread its own. Nothing is freed before arena_release().
 */
struct arena {
	struct arena_block *block;
	size_t total; /* bytes obtained from malloc */
};

void *arena_alloc(struct arena *a, size_t size);              /* aligned to 8 */
char *arena_copy(struct arena *a, const void *p, size_t len); /* NUL added */
void arena_reset(struct arena *a);                    /* forget what is in it, keep one block */
void arena_join(struct arena *a, struct arena *from); /* a takes over what from holds */
void arena_release(struct arena *a);

#endif
