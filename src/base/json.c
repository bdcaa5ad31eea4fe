/* SPDX-License-Identifier: MIT */
#include "src/base/json.h"

#include <stdio.h>
#include <string.h>

#include "src/base/text.h"

#define KEY_ROOM 32

void json_init(struct json *j, struct buf *out)
{
	*j = (struct json){ .out = out };
}

/* Comma and key in one go: this is the hottest code of a large listing. */
static void element(struct json *j, const char *key)
{
	uint64_t bit = (uint64_t)1 << j->depth;
	char *at, *last;

	buf_reserve(j->out, KEY_ROOM + 4);
	at = j->out->data + j->out->len;
	if (j->comma & bit)
		*at++ = ',';
	j->comma |= bit;
	if (key) {
		*at++ = '"';
		/* Keys are short: to measure them first would take as long again. */
		for (last = at + KEY_ROOM; *key && at < last; key++)
			*at++ = *key;
		if (*key) {
			j->out->len = (size_t)(at - j->out->data);
			buf_adds(j->out, key);
			buf_reserve(j->out, 2);
			at = j->out->data + j->out->len;
		}
		*at++ = '"';
		*at++ = ':';
	}
	j->out->len = (size_t)(at - j->out->data);
}

static void nest(struct json *j, const char *key, char open)
{
	element(j, key);
	buf_addc(j->out, open);
	j->depth++;
	j->comma &= ~((uint64_t)1 << j->depth);
}

static void unnest(struct json *j, char close)
{
	j->depth--;
	buf_addc(j->out, close);
}

void json_object(struct json *j, const char *key)
{
	nest(j, key, '{');
}

void json_end_object(struct json *j)
{
	unnest(j, '}');
}

void json_array(struct json *j, const char *key)
{
	nest(j, key, '[');
}

void json_end_array(struct json *j)
{
	unnest(j, ']');
}

void json_null(struct json *j, const char *key)
{
	element(j, key);
	buf_add(j->out, "null", 4);
}

void json_bool(struct json *j, const char *key, bool v)
{
	element(j, key);
	buf_adds(j->out, v ? "true" : "false");
}

void json_u64(struct json *j, const char *key, uint64_t v)
{
	element(j, key);
	buf_addu(j->out, v);
}

void json_i64(struct json *j, const char *key, int64_t v)
{
	element(j, key);
	if (v < 0)
		buf_addc(j->out, '-');
	buf_addu(j->out, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void json_str(struct json *j, const char *key, const char *s)
{
	if (s)
		json_text(j, key, s, strlen(s));
	else
		json_null(j, key);
}

static bool is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* A byte of v is zero. */
static uint64_t zero_byte(uint64_t v)
{
	return (v - EACH(0x01)) & ~v & EACH(0x80);
}

/* How many go as they are: eight at a time, then one by one. */
static size_t plain_run(const char *s, size_t len)
{
	size_t n = 0;

	for (; n + 8 <= len; n += 8) {
		uint64_t v;

		memcpy(&v, s + n, 8);
		if (((v | (v - EACH(0x20))) & EACH(0x80)) || zero_byte(v ^ EACH(0x7f)) ||
		    zero_byte(v ^ EACH('"')) || zero_byte(v ^ EACH('\\')))
			break;
	}
	while (n < len && is_plain(s[n]))
		n++;
	return n;
}

static void escaped_unit(struct buf *out, uint32_t unit)
{
	static const char hex[] = "0123456789abcdef";
	char e[6] = {
		'\\',          'u', hex[unit >> 12 & 15], hex[unit >> 8 & 15], hex[unit >> 4 & 15],
		hex[unit & 15]
	};

	buf_add(out, e, sizeof(e));
}

static void escaped(struct buf *out, uint32_t cp)
{
	if (cp >= 0x10000) {
		escaped_unit(out, 0xd800 + ((cp - 0x10000) >> 10));
		escaped_unit(out, 0xdc00 + ((cp - 0x10000) & 0x3ff));
	} else {
		escaped_unit(out, cp);
	}
}

static bool one(struct buf *out, const char *s, size_t n, uint32_t cp)
{
	if (n == 0) {
		buf_addf(out, "\\\\x%02x", (unsigned char)*s);
		return true;
	}
	if (cp == '"' || cp == '\\') {
		buf_addc(out, '\\');
		buf_addc(out, (char)cp);
	} else if (text_cp_is_hostile(cp)) {
		/* Valid JSON either way, but the file may be shown by cat(1). */
		escaped(out, cp);
	} else {
		buf_add(out, s, n);
	}
	return false;
}

bool json_text(struct json *j, const char *key, const char *s, size_t len)
{
	bool inexact = false;

	element(j, key);
	buf_reserve(j->out, len + 2);
	buf_addc(j->out, '"');
	while (len) {
		size_t n = plain_run(s, len);
		uint32_t cp = 0;

		buf_add(j->out, s, n);
		s += n;
		len -= n;
		if (!len)
			break;
		n = text_utf8_decode(s, len, &cp);
		inexact |= one(j->out, s, n, cp);
		s += n ? n : 1;
		len -= n ? n : 1;
	}
	buf_addc(j->out, '"');
	return inexact;
}

static void b64_key(struct json *j, const char *key)
{
	element(j, NULL);
	buf_addc(j->out, '"');
	buf_adds(j->out, key);
	buf_add(j->out, "_b64\":", 6);
}

static void b64_value(struct json *j, const char *s, size_t len)
{
	buf_addc(j->out, '"');
	text_base64(j->out, s, len);
	buf_addc(j->out, '"');
}

void json_bytes(struct json *j, const char *key, const char *s, size_t len)
{
	if (!json_text(j, key, s, len))
		return;
	b64_key(j, key);
	b64_value(j, s, len);
}

void json_bytes_always(struct json *j, const char *key, const char *s, size_t len)
{
	bool inexact = json_text(j, key, s, len);

	b64_key(j, key);
	if (inexact)
		b64_value(j, s, len);
	else
		buf_add(j->out, "null", 4);
}

void json_again(struct json *j, size_t at, size_t len)
{
	buf_reserve(j->out, len);
	buf_add(j->out, j->out->data + at, len);
	j->comma |= (uint64_t)1 << j->depth;
}

void json_line(struct json *j)
{
	buf_addc(j->out, '\n');
	j->comma = 0;
	j->depth = 0;
}
