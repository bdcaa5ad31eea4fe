/* SPDX-License-Identifier: MIT */
/* A growing byte buffer. Zero-initialised is empty; always NUL-terminated once used. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *data; /* NULL while nothing was ever added */
	size_t len; /* without the NUL */
	size_t cap;
};

#define BUF_INIT                                                                                   \
	{                                                                                          \
		NULL, 0, 0                                                                         \
	}

void buf_grow(struct buf *b, size_t more);

/* Room for more bytes and a NUL. */
static inline void buf_reserve(struct buf *b, size_t more)
{
	if (b->len + more + 1 > b->cap)
		buf_grow(b, more);
	if (!b->data)
		__builtin_unreachable(); /* said to those who analyse */
}

static inline void buf_add(struct buf *b, const void *p, size_t len)
{
	buf_reserve(b, len);
	if (len)
		memcpy(b->data + b->len, p, len);
	b->len += len;
	b->data[b->len] = '\0';
}

static inline void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

static inline void buf_addc(struct buf *b, char c)
{
	buf_reserve(b, 1);
	b->data[b->len++] = c;
	b->data[b->len] = '\0';
}

/* A number in decimal, without a NUL: how many digits. Hot, so no printf(3). */
#define BUF_DIGITS 20
size_t buf_decimal(char out[BUF_DIGITS], uint64_t v);
void buf_addu(struct buf *b, uint64_t v);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_reset(struct buf *b);            /* empty it, keep the memory */
void buf_release(struct buf *b);          /* free it; it may be used again */
char *buf_steal(struct buf *b);           /* the text, to be freed by the caller; never NULL */
const char *buf_str(const struct buf *b); /* never NULL */

void buf_release_scoped(struct buf *b);
#define autobuf __attribute__((cleanup(buf_release_scoped))) struct buf

#endif
