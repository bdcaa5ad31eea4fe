/* SPDX-License-Identifier: MIT */
/*
 * A streaming JSON writer: one object a line, always valid UTF-8, whatever
 * bytes go in. It appends to a buffer; who flushes it is the caller's affair.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/buf.h"

struct json {
	struct buf *out; /* borrowed */
	uint64_t comma;  /* bit d: depth d already has an element */
	unsigned depth;  /* at most 63 */
};

void json_init(struct json *j, struct buf *out);

/* key is NULL inside arrays and at the top; it must be plain ASCII. */
void json_object(struct json *j, const char *key);
void json_end_object(struct json *j);
void json_array(struct json *j, const char *key);
void json_end_array(struct json *j);
void json_null(struct json *j, const char *key);
void json_bool(struct json *j, const char *key, bool v);
void json_u64(struct json *j, const char *key, uint64_t v);
void json_i64(struct json *j, const char *key, int64_t v);

/* Text of ours; s NULL gives null. */
void json_str(struct json *j, const char *key, const char *s);

/*
 * Hostile bytes. What is not well-formed UTF-8 is escaped as \xHH (with the
 * backslash doubled by JSON), and then returns true: the exact bytes belong
 * beside it, see json_bytes().
 */
bool json_text(struct json *j, const char *key, const char *s, size_t len);

/* key with json_text(), and, where that was not exact, key_b64 beside it. */
void json_bytes(struct json *j, const char *key, const char *s, size_t len);

/* The same, with key_b64 always there: null where the plain field is exact. */
void json_bytes_always(struct json *j, const char *key, const char *s, size_t len);

/*
 * The same elements once more: len bytes of the buffer, from offset at on. They are the
 * first of an object or array if they were that there, and not if they were not.
 */
void json_again(struct json *j, size_t at, size_t len);

/* End of an object at the top: the newline. */
void json_line(struct json *j);

#endif
