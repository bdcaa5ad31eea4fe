/* SPDX-License-Identifier: MIT */
#include "src/keep/label.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/json.h"
#include "src/base/text.h"

void label_write(struct buf *out, const struct shelf_item *item)
{
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	json_i64(&j, "pid", item->pid);
	json_u64(&j, "start", item->start);
	if (item->tid)
		json_i64(&j, "tid", item->tid);
	else
		json_null(&j, "tid");
	json_bytes_always(&j, "comm", item->comm, item->comm_len);
	if (item->fd >= 0)
		json_i64(&j, "fd", item->fd);
	else
		json_null(&j, "fd");
	json_str(&j, "assoc", assoc_name(item->assoc));
	json_str(&j, "kind", item->kind);
	json_u64(&j, "ino", item->ino);
	json_bytes_always(&j, "name", item->name ? item->name : "", item->name_len);
	json_end_object(&j);
	json_line(&j);
}

/* ---- reading ---- */

struct reader {
	const char *at, *end;
};

static bool skip_blanks(struct reader *r)
{
	while (r->at < r->end && *r->at && strchr(" \t\r\n", *r->at))
		r->at++;
	return r->at < r->end;
}

static bool take(struct reader *r, char c)
{
	if (!skip_blanks(r) || *r->at != c)
		return false;
	r->at++;
	return true;
}

static int hex4(struct reader *r, uint32_t *v)
{
	*v = 0;
	for (int i = 0; i < 4; i++, r->at++) {
		const char *digits = "0123456789abcdef", *d;

		if (r->at >= r->end || !*r->at)
			return -EINVAL;
		d = strchr(digits, *r->at | 0x20);
		if (!d)
			return -EINVAL;
		*v = *v * 16 + (uint32_t)(d - digits);
	}
	return 0;
}

static void add_utf8(struct buf *out, uint32_t cp)
{
	if (cp < 0x80) {
		buf_addc(out, (char)cp);
	} else if (cp < 0x800) {
		buf_addc(out, (char)(0xc0 | cp >> 6));
		buf_addc(out, (char)(0x80 | (cp & 0x3f)));
	} else if (cp < 0x10000) {
		buf_addc(out, (char)(0xe0 | cp >> 12));
		buf_addc(out, (char)(0x80 | (cp >> 6 & 0x3f)));
		buf_addc(out, (char)(0x80 | (cp & 0x3f)));
	} else {
		buf_addc(out, (char)(0xf0 | cp >> 18));
		buf_addc(out, (char)(0x80 | (cp >> 12 & 0x3f)));
		buf_addc(out, (char)(0x80 | (cp >> 6 & 0x3f)));
		buf_addc(out, (char)(0x80 | (cp & 0x3f)));
	}
}

/* \uXXXX; a surrogate counts only as the first of a pair. */
static int read_unicode(struct reader *r, struct buf *out)
{
	uint32_t cp, low;

	if (hex4(r, &cp) < 0)
		return -EINVAL;
	if (cp >= 0xd800 && cp < 0xe000) {
		if (cp >= 0xdc00 || r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u')
			return -EINVAL;
		r->at += 2;
		if (hex4(r, &low) < 0 || low < 0xdc00 || low >= 0xe000)
			return -EINVAL;
		cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
	}
	add_utf8(out, cp);
	return 0;
}

static int read_escape(struct reader *r, struct buf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *c;

	if (r->at >= r->end)
		return -EINVAL;
	if (*r->at == 'u') {
		r->at++;
		return read_unicode(r, out);
	}
	c = *r->at ? strchr(from, *r->at) : NULL;
	if (!c)
		return -EINVAL;
	r->at++;
	buf_addc(out, to[c - from]);
	return 0;
}

static int read_string(struct reader *r, struct buf *out)
{
	buf_reset(out);
	if (!take(r, '"'))
		return -EINVAL;
	while (r->at < r->end && *r->at != '"') {
		if ((unsigned char)*r->at < ' ')
			return -EINVAL;
		if (*r->at != '\\') {
			buf_addc(out, *r->at++);
			continue;
		}
		r->at++;
		if (read_escape(r, out) < 0)
			return -EINVAL;
	}
	return take(r, '"') && text_is_utf8(buf_str(out), out->len) ? 0 : -EINVAL;
}

/* A number, null, true or false, as text. */
static int read_word(struct reader *r, struct buf *out)
{
	buf_reset(out);
	while (r->at < r->end && (strchr("+-.", *r->at) || (*r->at >= '0' && *r->at <= '9') ||
				  (*r->at >= 'a' && *r->at <= 'z') || *r->at == 'E'))
		buf_addc(out, *r->at++);
	return out->len && !memchr(out->data, '\0', out->len) ? 0 : -EINVAL;
}

struct pair {
	struct buf key, value;
	bool is_string;
};

static int read_pair(struct reader *r, struct pair *p)
{
	if (read_string(r, &p->key) < 0 || !take(r, ':') || !skip_blanks(r))
		return -EINVAL;
	p->is_string = *r->at == '"';
	return p->is_string ? read_string(r, &p->value) : read_word(r, &p->value);
}

static void use_number(struct shelf_item *item, const char *key, const char *value)
{
	int64_t v;

	if (text_parse_int(value, 0, INT64_MAX, &v) < 0)
		return;
	if (strcmp(key, "start") == 0)
		item->start = (uint64_t)v;
	else if (v > INT_MAX)
		return;
	else if (strcmp(key, "pid") == 0)
		item->pid = (pid_t)v;
	else if (strcmp(key, "tid") == 0)
		item->tid = (pid_t)v;
	else if (strcmp(key, "fd") == 0)
		item->fd = (int)v;
}

static void use_text(struct shelf_item *item, const char *key, const struct buf *value)
{
	if (strcmp(key, "comm") == 0) {
		item->comm_len = value->len < sizeof(item->comm) ? value->len
								 : sizeof(item->comm) - 1;
		memcpy(item->comm, buf_str(value), item->comm_len);
	} else if (strcmp(key, "name") == 0) {
		free(item->name);
		item->name = xmemdup0(buf_str(value), value->len);
		item->name_len = value->len;
	}
}

static int read_object(struct reader *r, struct pair *p, struct shelf_item *item)
{
	if (!take(r, '{'))
		return -EINVAL;
	if (take(r, '}'))
		return skip_blanks(r) ? -EINVAL : 0;
	do {
		if (read_pair(r, p) < 0)
			return -EINVAL;
		if (p->is_string)
			use_text(item, buf_str(&p->key), &p->value);
		else
			use_number(item, buf_str(&p->key), buf_str(&p->value));
	} while (take(r, ','));
	return take(r, '}') && !skip_blanks(r) ? 0 : -EINVAL;
}

int label_read(struct shelf_item *item, const char *text, size_t len)
{
	struct reader r = { text, text + len };
	struct pair p = { 0 };
	struct shelf_item got = *item;
	int result;

	got.name = item->name ? xmemdup0(item->name, item->name_len) : NULL;
	result = read_object(&r, &p, &got);
	buf_release(&p.key);
	buf_release(&p.value);
	if (result < 0) {
		free(got.name);
		return result;
	}
	free(item->name);
	*item = got;
	return 0;
}
