/* SPDX-License-Identifier: MIT */
#include "src/kind/facts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "src/base/fail.h"

bool facts_wants(const struct facts *sink, const char *name)
{
	return !sink->ops->wants || sink->ops->wants(sink, name);
}

static void number(struct facts *sink, const char *name, enum fact_type type, uint64_t v)
{
	sink->ops->value(sink, &(struct fact){ .name = name, .type = type, .u64 = v });
}

void fact_u64(struct facts *sink, const char *name, uint64_t v)
{
	number(sink, name, FACT_U64, v);
}

void fact_i64(struct facts *sink, const char *name, int64_t v)
{
	sink->ops->value(sink, &(struct fact){ .name = name, .type = FACT_I64, .i64 = v });
}

void fact_size(struct facts *sink, const char *name, uint64_t bytes)
{
	number(sink, name, FACT_SIZE, bytes);
}

void fact_hex(struct facts *sink, const char *name, uint64_t v)
{
	number(sink, name, FACT_HEX, v);
}

void fact_octal(struct facts *sink, const char *name, uint64_t v)
{
	number(sink, name, FACT_OCTAL, v);
}

void fact_ns(struct facts *sink, const char *name, uint64_t ns)
{
	number(sink, name, FACT_NS, ns);
}

void fact_time(struct facts *sink, const char *name, int64_t ns)
{
	sink->ops->value(sink, &(struct fact){ .name = name, .type = FACT_TIME, .i64 = ns });
}

void fact_bool(struct facts *sink, const char *name, bool v)
{
	sink->ops->value(sink, &(struct fact){ .name = name, .type = FACT_BOOL, .yes = v });
}

static void text(struct facts *sink, const char *name, enum fact_type type, const char *s, size_t n)
{
	sink->ops->value(sink, &(struct fact){ .name = name, .type = type, .text = s, .len = n });
}

void fact_text(struct facts *sink, const char *name, const char *s)
{
	text(sink, name, FACT_TEXT, s, strlen(s));
}

void fact_bytes(struct facts *sink, const char *name, const char *bytes, size_t len)
{
	text(sink, name, FACT_BYTES, bytes, len);
}

void fact_fail(struct facts *sink, const char *name, const char *call, int err)
{
	sink->ops->value(sink, &(struct fact){ .name = name,
					       .type = FACT_FAIL,
					       .err = err,
					       .text = call,
					       .len = strlen(call) });
}

void fact_null(struct facts *sink, const char *name)
{
	sink->ops->value(sink, &(struct fact){ .name = name, .type = FACT_NULL });
}

void fact_list(struct facts *sink, const char *name)
{
	sink->ops->open(sink, name, true);
}

void fact_end_list(struct facts *sink)
{
	sink->ops->close(sink, true);
}

void fact_object(struct facts *sink, const char *name)
{
	sink->ops->open(sink, name, false);
}

void fact_end_object(struct facts *sink)
{
	sink->ops->close(sink, false);
}

static void display_time(struct buf *out, int64_t ns)
{
	time_t sec = (time_t)(ns / 1000000000);
	struct tm tm;
	char s[32];

	if (localtime_r(&sec, &tm) && strftime(s, sizeof(s), "%Y-%m-%d %H:%M:%S", &tm))
		buf_adds(out, s);
}

static void display_ns(struct buf *out, uint64_t ns)
{
	static const struct {
		uint64_t unit;
		const char *name;
	} units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" }, { 1, "ns" } };
	size_t i = 0;

	while (i < 3 && ns < units[i].unit)
		i++;
	if (ns % units[i].unit == 0)
		buf_addf(out, "%" PRIu64 "%s", ns / units[i].unit, units[i].name);
	else
		buf_addf(out, "%.3g%s", (double)ns / (double)units[i].unit, units[i].name);
}

void fact_display(struct buf *out, const struct fact *fact, enum text_mode mode)
{
	switch (fact->type) {
	case FACT_U64:
		buf_addu(out, fact->u64);
		break;
	case FACT_I64:
		buf_addf(out, "%" PRId64, fact->i64);
		break;
	case FACT_SIZE:
		text_size(out, fact->u64);
		break;
	case FACT_HEX:
		buf_addf(out, "0x%" PRIx64, fact->u64);
		break;
	case FACT_OCTAL:
		buf_addf(out, "0%" PRIo64, fact->u64);
		break;
	case FACT_NS:
		display_ns(out, fact->u64);
		break;
	case FACT_TIME:
		display_time(out, fact->i64);
		break;
	case FACT_BOOL:
		buf_adds(out, fact->yes ? "yes" : "no");
		break;
	case FACT_TEXT:
	case FACT_BYTES:
		text_display(out, fact->text, fact->len, mode);
		break;
	case FACT_FAIL:
		buf_addf(out, "%s from %s", fail_errno_name(fact->err), fact->text);
		break;
	case FACT_NULL:
		break;
	}
}

/* ---- JSON ---- */

static void json_fail(struct json *j, const struct fact *fact)
{
	char key[80];

	json_null(j, fact->name);
	if (!fact->name)
		return;
	snprintf(key, sizeof(key), "%s_error", fact->name);
	json_object(j, key);
	json_str(j, "call", fact->text);
	json_str(j, "errno", fail_errno_name(fact->err));
	json_end_object(j);
}

static void json_value(struct facts *sink, const struct fact *fact)
{
	struct json *j = ((struct facts_json *)sink)->json;

	switch (fact->type) {
	case FACT_I64:
	case FACT_TIME:
		json_i64(j, fact->name, fact->i64);
		break;
	case FACT_BOOL:
		json_bool(j, fact->name, fact->yes);
		break;
	case FACT_TEXT:
	case FACT_BYTES:
		if (fact->name)
			json_bytes(j, fact->name, fact->text, fact->len);
		else
			json_text(j, NULL, fact->text, fact->len);
		break;
	case FACT_FAIL:
		json_fail(j, fact);
		break;
	case FACT_NULL:
		json_null(j, fact->name);
		break;
	default:
		json_u64(j, fact->name, fact->u64);
		break;
	}
}

static void json_open(struct facts *sink, const char *name, bool list)
{
	struct json *j = ((struct facts_json *)sink)->json;

	if (list)
		json_array(j, name);
	else
		json_object(j, name);
}

static void json_close(struct facts *sink, bool list)
{
	struct json *j = ((struct facts_json *)sink)->json;

	if (list)
		json_end_array(j);
	else
		json_end_object(j);
}

void facts_json_init(struct facts_json *s, struct json *json)
{
	static const struct facts_ops ops = {
		.value = json_value,
		.open = json_open,
		.close = json_close,
	};

	*s = (struct facts_json){ .sink = { &ops }, .json = json };
}

/* ---- flat list ---- */

static bool flat_wants(const struct facts *sink, const char *name)
{
	const struct facts_flat *s = (const struct facts_flat *)sink;
	size_t n = strlen(name);

	/* What is inside a list or an object was asked for as a whole. */
	return !s->only || s->depth ||
	       (strncmp(s->only, name, n) == 0 && (!s->only[n] || s->only[n] == '.'));
}

/* Append ".name", or ".3" inside a list; returns the length to go back to. */
static size_t path_push(struct facts_flat *s, const char *name)
{
	size_t len = strlen(s->path);
	const char *dot = len ? "." : "";

	if (name)
		snprintf(s->path + len, sizeof(s->path) - len, "%s%s", dot, name);
	else
		snprintf(s->path + len, sizeof(s->path) - len, "%s%u", dot,
			 s->index[s->depth & 15]++);
	return len;
}

static void flat_value(struct facts *sink, const struct fact *fact)
{
	struct facts_flat *s = (struct facts_flat *)sink;
	size_t back = path_push(s, fact->name);
	struct fact *copy;

	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 32;
		s->at = xreallocarray(s->at, s->cap, sizeof(*s->at));
	}
	copy = &s->at[s->n++];
	*copy = *fact;
	copy->name = arena_copy(&s->arena, s->path, strlen(s->path));
	if (fact->text)
		copy->text = arena_copy(&s->arena, fact->text, fact->len);
	s->path[back] = '\0';
}

static void flat_open(struct facts *sink, const char *name, bool list)
{
	struct facts_flat *s = (struct facts_flat *)sink;

	(void)list;
	path_push(s, name);
	s->depth++;
	s->index[s->depth & 15] = 0;
}

static void flat_close(struct facts *sink, bool list)
{
	struct facts_flat *s = (struct facts_flat *)sink;
	char *dot = strrchr(s->path, '.');

	s->depth--;
	if (dot)
		*dot = '\0';
	else
		s->path[0] = '\0';
	(void)list;
}

void facts_flat_init(struct facts_flat *s, const char *only)
{
	static const struct facts_ops ops = {
		.wants = flat_wants,
		.value = flat_value,
		.open = flat_open,
		.close = flat_close,
	};

	*s = (struct facts_flat){ .sink = { &ops }, .only = only };
}

void facts_flat_reset(struct facts_flat *s)
{
	arena_reset(&s->arena);
	s->n = 0;
	s->depth = 0;
	s->path[0] = '\0';
}

void facts_flat_release(struct facts_flat *s)
{
	arena_release(&s->arena);
	free(s->at);
	s->at = NULL;
	s->n = s->cap = 0;
}

const struct fact *facts_flat_find(const struct facts_flat *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->at[i].name, name) == 0)
			return &s->at[i];
	return NULL;
}

/* How many elements the list has: NAME.0, NAME.1, ... */
static uint64_t list_count(const struct facts_flat *facts, const char *name)
{
	size_t len = strlen(name);
	uint64_t count = 0;

	for (size_t i = 0; i < facts->n; i++) {
		const char *at = facts->at[i].name;
		uint64_t index;

		if (strncmp(at, name, len) != 0 || at[len] != '.')
			continue;
		index = strtoull(at + len + 1, NULL, 10) + 1;
		count = index > count ? index : count;
	}
	return count;
}

static bool is_set(const struct fact *fact)
{
	switch (fact->type) {
	case FACT_FAIL:
	case FACT_NULL:
		return false;
	case FACT_BOOL:
		return fact->yes;
	case FACT_TEXT:
	case FACT_BYTES:
		return fact->len > 0;
	default:
		return fact->u64 != 0;
	}
}

/* What stands between the braces. */
struct word_spec {
	char name[64];
	char mode; /* '!', '?', '~', '#', or NUL */
	const char *cut;
	size_t cut_len;
};

static void word_parse(struct word_spec *w, const char *word, size_t len)
{
	const char *cut = memchr(word, '-', len);

	*w = (struct word_spec){ .cut = cut ? cut + 1 : NULL };
	if (cut) {
		w->cut_len = len - (size_t)(cut + 1 - word);
		len = (size_t)(cut - word);
	}
	if (len && strchr("!?~#", word[len - 1]))
		w->mode = word[--len];
	snprintf(w->name, sizeof(w->name), "%.*s", (int)len, word);
}

static void show_value(struct buf *out, const struct fact *fact, const struct word_spec *w,
		       enum text_mode mode)
{
	size_t from = out->len;

	fact_display(out, fact, mode);
	if (!w->cut)
		return;
	if (out->len - from >= w->cut_len && memcmp(out->data + from, w->cut, w->cut_len) == 0) {
		out->len -= w->cut_len;
		memmove(out->data + from, out->data + from + w->cut_len, out->len - from + 1);
	}
	for (char *s = out->data + from; *s; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s += 'a' - 'A';
}

/* "watches.12.tfd" against "watches.*.tfd" */
static bool path_matches(const char *path, const char *pattern)
{
	for (; *pattern; pattern++) {
		if (*pattern != '*') {
			if (*path++ != *pattern)
				return false;
			continue;
		}
		while (*path >= '0' && *path <= '9')
			path++;
	}
	return *path == '\0';
}

/* Of many the first three and the last: "6, 7, 11 .. 29". */
static bool show_list(struct buf *out, const struct facts_flat *facts, const struct word_spec *w,
		      enum text_mode mode)
{
	enum { SHOWN = 3 };
	const struct fact *last = NULL;
	size_t n = 0;

	for (size_t i = 0; i < facts->n; i++) {
		if (!path_matches(facts->at[i].name, w->name))
			continue;
		if (n < SHOWN) {
			buf_adds(out, n ? ", " : "");
			show_value(out, &facts->at[i], w, mode);
		}
		last = &facts->at[i];
		n++;
	}
	if (n > SHOWN) {
		buf_adds(out, n == SHOWN + 1 ? ", " : " .. ");
		show_value(out, last, w, mode);
	}
	return n > 0;
}

/* Expand what stands in the braces; true if it is there and says something. */
static bool expand(struct buf *out, const char *word, size_t len, const struct facts_flat *facts,
		   enum text_mode mode)
{
	const struct fact *fact;
	struct word_spec w;

	word_parse(&w, word, len);
	if (w.mode == '#') {
		uint64_t n = list_count(facts, w.name);

		buf_addu(out, n);
		return n > 0;
	}
	if (strchr(w.name, '*'))
		return show_list(out, facts, &w, mode);
	fact = facts_flat_find(facts, w.name);
	if (w.mode == '~')
		return !fact || !is_set(fact);
	if (fact && w.mode != '?')
		show_value(out, fact, &w, mode);
	return fact && ((w.mode == '!' && fact->type != FACT_FAIL) || is_set(fact));
}

void facts_brief(struct buf *out, const char *tmpl, const struct facts_flat *facts,
		 enum text_mode mode)
{
	size_t group_start = 0;
	bool in_group = false, group_ok = true;

	for (const char *t = tmpl; *t; t++) {
		if (*t == '[') {
			in_group = group_ok = true;
			group_start = out->len;
		} else if (*t == ']' && in_group) {
			if (!group_ok && out->data) {
				out->len = group_start;
				out->data[out->len] = '\0';
			}
			in_group = false;
		} else if (*t == '{') {
			const char *end = strchr(t, '}');

			if (!end)
				return;
			group_ok &= expand(out, t + 1, (size_t)(end - t - 1), facts, mode);
			t = end;
		} else {
			buf_addc(out, *t);
		}
	}
}
