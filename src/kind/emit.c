/* SPDX-License-Identifier: MIT */
#include "src/kind/emit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

bool info_u64(const struct fdent *e, const char *key, int base, uint64_t *v)
{
	return e->extra && fdinfo_u64(e->extra, e->extra_len, key, base, v);
}

static void emit_number(struct facts *out, const struct info_field *field, uint64_t v)
{
	switch (field->type) {
	case FACT_SIZE:
		fact_size(out, field->name, v);
		break;
	case FACT_HEX:
		fact_hex(out, field->name, v);
		break;
	case FACT_OCTAL:
		fact_octal(out, field->name, v);
		break;
	case FACT_NS:
		fact_ns(out, field->name, v);
		break;
	case FACT_BOOL:
		fact_bool(out, field->name, v != 0);
		break;
	default:
		fact_u64(out, field->name, v);
		break;
	}
}

void emit_info(const struct fdent *e, const struct info_field *fields, size_t n, struct facts *out)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t v;

		if (facts_wants(out, fields[i].name) &&
		    info_u64(e, fields[i].key, fields[i].base, &v))
			emit_number(out, &fields[i], v);
	}
}

void emit_info_text(const struct fdent *e, const char *key, const char *name, struct facts *out)
{
	struct fdinfo_line line;

	if (e->extra && facts_wants(out, name) && fdinfo_find(e->extra, e->extra_len, key, &line))
		fact_bytes(out, name, line.value, line.value_len);
}

const char *word_of(const struct word *words, size_t n, uint64_t v)
{
	for (size_t i = 0; i < n; i++)
		if (words[i].value == v)
			return words[i].name;
	return NULL;
}

void emit_word(struct facts *out, const char *name, const char *word_name, const struct word *words,
	       size_t n, uint64_t v)
{
	const char *word = word_of(words, n, v);

	fact_u64(out, name, v);
	if (word)
		fact_text(out, word_name, word);
}

void emit_mask(struct facts *out, const char *name, const struct word *words, size_t n,
	       uint64_t mask)
{
	char rest[24];

	if (!facts_wants(out, name))
		return;
	fact_list(out, name);
	for (size_t i = 0; i < n; i++) {
		if (!words[i].value || (mask & words[i].value) != words[i].value)
			continue;
		fact_text(out, NULL, words[i].name);
		mask &= ~words[i].value;
	}
	if (mask) {
		snprintf(rest, sizeof(rest), "0x%" PRIx64, mask);
		fact_text(out, NULL, rest);
	}
	fact_end_list(out);
}

void emit_flags(struct facts *out, const char *name, const struct word *words, size_t n,
		uint64_t mask)
{
	autobuf b = BUF_INIT;

	if (!facts_wants(out, name))
		return;
	for (size_t i = 0; i < n; i++) {
		if (!words[i].value || (mask & words[i].value) != words[i].value)
			continue;
		buf_addf(&b, "%s%s", b.len ? "|" : "", words[i].name);
		mask &= ~words[i].value;
	}
	if (mask || !b.len)
		buf_addf(&b, "%s0x%" PRIx64, b.len ? "|" : "", mask);
	fact_text(out, name, b.data);
}

void emit_dev(struct facts *out, const char *name, uint64_t dev)
{
	char text[2 * BUF_DIGITS + 2];
	size_t len = buf_decimal(text, major(dev));

	text[len++] = ':';
	len += buf_decimal(text + len, minor(dev));
	text[len] = '\0';
	fact_text(out, name, text);
}

uint64_t dev_of_kernel(uint64_t sdev)
{
	return makedev((unsigned)(sdev >> 20 & 0xfff), (unsigned)(sdev & 0xfffff));
}

/* The next word up to a blank; false at the end. */
static bool next_word(const char **at, const char *end, const char **word, size_t *len)
{
	while (*at < end && **at == ' ')
		++*at;
	*word = *at;
	while (*at < end && **at != ' ')
		++*at;
	*len = (size_t)(*at - *word);
	return *len > 0;
}

static int64_t word_i64(const char *word, size_t len)
{
	bool minus = len && word[0] == '-';
	uint64_t v = 0;

	for (size_t i = minus; i < len && word[i] >= '0' && word[i] <= '9'; i++)
		v = v * 10 + (uint64_t)(word[i] - '0');
	return minus ? -(int64_t)(v & INT64_MAX) : (int64_t)(v & INT64_MAX);
}

/* "1: POSIX  ADVISORY  WRITE 9276 fe:00:10952769 5 14" */
static void emit_lock(const struct fdinfo_line *line, struct facts *out)
{
	static const char *const names[] = { NULL,  "type", "class", "mode",
					     "pid", NULL,   "start", "end" };
	const char *at = line->value, *end = at + line->value_len, *word;
	size_t len;

	fact_object(out, NULL);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!next_word(&at, end, &word, &len))
			break;
		if (!names[i])
			continue;
		if (i < 4 || (word[0] != '-' && (word[0] < '0' || word[0] > '9')))
			fact_bytes(out, names[i], word, len);
		else
			fact_i64(out, names[i], word_i64(word, len));
	}
	fact_end_object(out);
}

void emit_locks(const struct fdent *e, struct facts *out)
{
	const char *at = info_text(e), *end = at + e->extra_len;
	struct fdinfo_line line;
	bool open = false;

	if (!e->extra || !facts_wants(out, "locks"))
		return;
	while (fdinfo_next(&at, end, &line)) {
		if (!fdinfo_key_is(&line, "lock"))
			continue;
		if (!open)
			fact_list(out, "locks");
		open = true;
		emit_lock(&line, out);
	}
	if (open)
		fact_end_list(out);
}

bool fdent_is_anon_or_has(const struct fdent *e, const char *what, const char *info_key)
{
	struct fdinfo_line line;

	if (e->have & HAVE_LINK)
		return fdent_is_anon(e, what);
	return info_key && e->extra && fdinfo_find(e->extra, e->extra_len, info_key, &line);
}
