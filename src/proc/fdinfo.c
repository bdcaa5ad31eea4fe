/* SPDX-License-Identifier: MIT */
#include "src/proc/fdinfo.h"

#include <errno.h>
#include <string.h>

/* strtoull for text that ends at `end` rather than with a NUL. */
static bool number(const char *s, const char *end, int base, uint64_t *v)
{
	uint64_t value = 0;
	const char *from;

	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	if ((base == 0 || base == 16) && end - s > 2 && s[0] == '0' &&
	    (s[1] == 'x' || s[1] == 'X')) {
		s += 2;
		base = 16;
	} else if (base == 0) {
		base = s < end && *s == '0' ? 8 : 10;
	}
	from = s;
	for (; s < end; s++) {
		int digit = *s >= '0' && *s <= '9'   ? *s - '0'
			    : *s >= 'a' && *s <= 'f' ? *s - 'a' + 10
			    : *s >= 'A' && *s <= 'F' ? *s - 'A' + 10
						     : 99;

		if (digit >= base)
			break;
		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit, &value))
			return false;
	}
	*v = value;
	return s > from;
}

static bool starts(const char *s, const char *end, const char *word, const char **after)
{
	size_t n = strlen(word);

	if ((size_t)(end - s) < n || memcmp(s, word, n) != 0)
		return false;
	*after = s + n;
	return true;
}

/* A position is printed as signed even where the file's is not, as of /proc/PID/mem. */
static bool position(const char *s, const char *end, uint64_t *v)
{
	bool minus;

	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	minus = s < end && *s == '-';
	if (!number(s + minus, end, 10, v))
		return false;
	if (minus)
		*v = 0 - *v;
	return true;
}

/* The common lines come first, in a fixed order: stop at the first other one. */
static bool common_line(struct fdinfo *fi, const char *line, const char *eol, bool *has_pos)
{
	const char *at;
	uint64_t v = 0;

	if (starts(line, eol, "pos:", &at) && position(at, eol, &fi->pos))
		return *has_pos = true;
	if (starts(line, eol, "flags:", &at) && number(at, eol, 8, &v)) {
		fi->flags = (uint32_t)v;
		return fi->has_flags = true;
	}
	if (starts(line, eol, "mnt_id:", &at) && number(at, eol, 10, &v)) {
		fi->mnt_id = (uint32_t)v;
		return fi->has_mnt_id = true;
	}
	if (starts(line, eol, "ino:", &at) && number(at, eol, 10, &fi->ino))
		return fi->has_ino = true;
	return false;
}

int fdinfo_parse(struct fdinfo *fi, const char *text, size_t len)
{
	const char *end = text + len;
	bool has_pos = false;

	memset(fi, 0, sizeof(*fi));
	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));

		if (!eol)
			eol = end;
		if (!common_line(fi, text, eol, &has_pos))
			break;
		text = eol < end ? eol + 1 : end;
	}
	fi->rest = text;
	fi->rest_len = (size_t)(end - text);
	return has_pos && fi->has_flags ? 0 : -EINVAL;
}

bool fdinfo_next(const char **at, const char *end, struct fdinfo_line *line)
{
	const char *s = *at, *eol, *k;

	while (s < end && *s == '\n')
		s++;
	if (s >= end)
		return false;
	eol = memchr(s, '\n', (size_t)(end - s));
	if (!eol)
		eol = end;
	*at = eol;
	while (s < eol && (*s == ' ' || *s == '\t'))
		s++;
	for (k = s; k < eol && *k != ':' && *k != ' ' && *k != '\t';)
		k++;
	line->key = s;
	line->key_len = (size_t)(k - s);
	if (k < eol)
		k++;
	while (k < eol && (*k == ' ' || *k == '\t'))
		k++;
	line->value = k;
	line->value_len = (size_t)(eol - k);
	return true;
}

bool fdinfo_key_is(const struct fdinfo_line *line, const char *key)
{
	return line->key_len == strlen(key) && memcmp(line->key, key, line->key_len) == 0;
}

bool fdinfo_find(const char *rest, size_t len, const char *key, struct fdinfo_line *line)
{
	const char *end = rest + len;

	while (fdinfo_next(&rest, end, line))
		if (fdinfo_key_is(line, key))
			return true;
	return false;
}

bool fdinfo_u64(const char *rest, size_t len, const char *key, int base, uint64_t *v)
{
	struct fdinfo_line line;

	return fdinfo_find(rest, len, key, &line) &&
	       number(line.value, line.value + line.value_len, base, v);
}

/* Where the text after "field:" begins, or NULL. */
static const char *field_at(const struct fdinfo_line *line, const char *field)
{
	const char *s = line->key, *end = line->value + line->value_len;
	size_t n = strlen(field);

	for (; (size_t)(end - s) > n; s++) {
		bool at_word = s == line->key || s[-1] == ' ' || s[-1] == '\t';

		if (at_word && memcmp(s, field, n) == 0 && s[n] == ':')
			return s + n + 1;
	}
	return NULL;
}

bool fdinfo_field_u64(const struct fdinfo_line *line, const char *field, int base, uint64_t *v)
{
	const char *at = field_at(line, field);

	return at && number(at, line->value + line->value_len, base, v);
}

bool fdinfo_field_word(const struct fdinfo_line *line, const char *field, const char **word,
		       size_t *len)
{
	const char *at = field_at(line, field), *end = line->value + line->value_len;

	if (!at)
		return false;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	*word = at;
	while (at < end && *at != ' ' && *at != '\t')
		at++;
	*len = (size_t)(at - *word);
	return true;
}
