/* SPDX-License-Identifier: MIT */
#include "src/base/alloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The one mutable global that DESIGN allows: the program's out-of-memory hook. */
static void (*oom_hook)(void) = abort;

void alloc_set_oom_hook(void (*hook)(void))
{
	oom_hook = hook;
}

static void *checked(void *p)
{
	if (!p) {
		oom_hook();
		abort();
	}
	return p;
}

void *xmalloc(size_t size)
{
	return checked(malloc(size ? size : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t size)
{
	return checked(realloc(p, size ? size : 1));
}

void *xreallocarray(void *p, size_t n, size_t size)
{
	return checked(reallocarray(p, n ? n : 1, size ? size : 1));
}

char *xstrdup(const char *s)
{
	return xmemdup0(s, strlen(s));
}

char *xmemdup0(const void *p, size_t len)
{
	char *copy = xmalloc(len + 1);

	if (len)
		memcpy(copy, p, len);
	copy[len] = '\0';
	return copy;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return checked(s);
}

void alloc_free_scoped(void *pp)
{
	free(*(void **)pp);
}

#ifndef ARENA_BLOCK
#define ARENA_BLOCK (64 * 1024)
#endif

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	char data[];
};

static struct arena_block *arena_grow(struct arena *a, size_t need)
{
	size_t size = need > ARENA_BLOCK ? need : ARENA_BLOCK;
	struct arena_block *b = xmalloc(sizeof(*b) + size);

	b->used = 0;
	b->size = size;
	a->total += sizeof(*b) + size;
	/* A large block goes behind the current one, whose rest stays usable. */
	if (need > ARENA_BLOCK / 4 && a->block) {
		b->next = a->block->next;
		a->block->next = b;
	} else {
		b->next = a->block;
		a->block = b;
	}
	return b;
}

static void *arena_take(struct arena *a, size_t size, size_t align)
{
	struct arena_block *b = a->block;
	size_t at;

	if (!b || ((b->used + align - 1) & ~(align - 1)) + size > b->size)
		b = arena_grow(a, size);
	at = (b->used + align - 1) & ~(align - 1);
	b->used = at + size;
	return b->data + at;
}

void *arena_alloc(struct arena *a, size_t size)
{
	return arena_take(a, size, sizeof(uint64_t));
}

char *arena_copy(struct arena *a, const void *p, size_t len)
{
	char *copy = arena_take(a, len + 1, 1);

	if (len)
		memcpy(copy, p, len);
	copy[len] = '\0';
	return copy;
}

void arena_reset(struct arena *a)
{
	struct arena_block *keep = a->block;

	if (!keep)
		return;
	a->block = keep->next;
	arena_release(a);
	keep->next = NULL;
	keep->used = 0;
	a->block = keep;
	a->total = sizeof(*keep) + keep->size;
}

void arena_join(struct arena *a, struct arena *from)
{
	struct arena_block **end = &a->block;

	while (*end)
		end = &(*end)->next;
	*end = from->block;
	a->total += from->total;
	*from = (struct arena){ 0 };
}

void arena_release(struct arena *a)
{
	while (a->block) {
		struct arena_block *next = a->block->next;

		free(a->block);
		a->block = next;
	}
	a->total = 0;
}
