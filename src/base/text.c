/* SPDX-License-Identifier: MIT */
#include "src/base/text.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "src/base/alloc.h"

size_t text_utf8_decode(const char *s, size_t len, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *u = (const unsigned char *)s;
	size_t n;
	uint32_t c;

	if (!len)
		return 0;
	if (u[0] < 0x80) {
		*cp = u[0];
		return 1;
	}
	n = u[0] >= 0xf0 && u[0] < 0xf5   ? 4
	    : u[0] >= 0xe0 && u[0] < 0xf0 ? 3
	    : u[0] >= 0xc2                ? 2
					  : 0;
	if (!n || n > len || u[0] > 0xf4)
		return 0;
	c = u[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (u[i] & 0x3fu);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*cp = c;
	return n;
}

bool text_is_utf8(const char *s, size_t len)
{
	while (len) {
		uint64_t eight = UINT64_C(0x80);
		uint32_t cp;
		size_t n;

		if (len >= sizeof(eight))
			memcpy(&eight, s, sizeof(eight));
		n = eight & UINT64_C(0x8080808080808080) ? text_utf8_decode(s, len, &cp) : 8;
		if (!n)
			return false;
		s += n;
		len -= n;
	}
	return true;
}

bool text_cp_is_hostile(uint32_t cp)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x0000, 0x001f },    { 0x007f, 0x009f },   { 0x00ad, 0x00ad },
		{ 0x034f, 0x034f },    { 0x061c, 0x061c },   { 0x115f, 0x1160 },
		{ 0x17b4, 0x17b5 },    { 0x180b, 0x180f },   { 0x200b, 0x200f },
		{ 0x2028, 0x202e },    { 0x2060, 0x206f },   { 0x3164, 0x3164 },
		{ 0xe000, 0xf8ff },    { 0xfdd0, 0xfdef },   { 0xfe00, 0xfe0f },
		{ 0xfeff, 0xfeff },    { 0xffa0, 0xffa0 },   { 0xfff0, 0xfffb },
		{ 0xfffe, 0xffff },    { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
		{ 0xe0000, 0x10ffff },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (cp >= ranges[i].first && cp <= ranges[i].last)
			return true;
	return false;
}

static bool escape_short(struct buf *out, unsigned char c)
{
	static const char from[] = "\n\t\r\033\\", to[] = "ntre\\";
	const char *at = c ? strchr(from, c) : NULL;

	if (!at)
		return false;
	buf_addc(out, '\\');
	buf_addc(out, to[at - from]);
	return true;
}

static void display_one(struct buf *out, const char *s, size_t n, uint32_t cp, enum text_mode mode)
{
	if (n <= 1 && escape_short(out, (unsigned char)*s))
		return;
	if (n > 1 && mode == TEXT_LOCALE)
		mode = text_mode_of_locale();
	if (n == 0 || (n == 1 && text_cp_is_hostile(cp)))
		buf_addf(out, "\\x%02x", (unsigned char)*s);
	else if (n == 1 || (mode == TEXT_UTF8 && !text_cp_is_hostile(cp)))
		buf_add(out, s, n);
	else
		buf_addf(out, "\\u{%04x}", cp);
}

/* Length of the leading run that needs no look: printable ASCII, no backslash. */
static size_t plain_run(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && s[n] >= 0x20 && s[n] < 0x7f && s[n] != '\\')
		n++;
	return n;
}

void text_display(struct buf *out, const char *s, size_t len, enum text_mode mode)
{
	while (len) {
		size_t plain = plain_run(s, len), n = 0;
		uint32_t cp = 0;

		buf_add(out, s, plain);
		s += plain;
		len -= plain;
		if (!len)
			break;
		n = text_utf8_decode(s, len, &cp);
		display_one(out, s, n, cp, mode);
		s += n ? n : 1;
		len -= n ? n : 1;
	}
}

char *text_display_new(const char *s, enum text_mode mode)
{
	struct buf b = BUF_INIT;

	text_display(&b, s, strlen(s), mode);
	return buf_steal(&b);
}

size_t text_fit(const char *s, size_t len, size_t cells, size_t *used_cells)
{
	size_t at = 0, used = 0;

	while (at < len) {
		uint32_t cp;
		size_t n = text_utf8_decode(s + at, len - at, &cp);
		int width = n > 1 ? wcwidth((wchar_t)cp) : 1;

		if (!n)
			n = 1;
		if (width < 0)
			width = 1;
		if (used + (size_t)width > cells)
			break;
		used += (size_t)width;
		at += n;
	}
	if (used_cells)
		*used_cells = used;
	return at;
}

size_t text_width(const char *s, size_t len)
{
	size_t used;

	text_fit(s, len, SIZE_MAX, &used);
	return used;
}

enum text_mode text_mode_of_locale(void)
{
	const char *now = setlocale(LC_CTYPE, NULL);

	/* That of every program at its start. */
	if (now && strcmp(now, "C") == 0)
		setlocale(LC_CTYPE, "");
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? TEXT_UTF8 : TEXT_ASCII;
}

void text_base64(struct buf *out, const void *p, size_t len)
{
	static const char
		alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *u = p;

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t v = (uint32_t)u[i] << 16 | (left > 1 ? (uint32_t)u[i + 1] << 8 : 0) |
			     (left > 2 ? u[i + 2] : 0);

		buf_addc(out, alphabet[v >> 18]);
		buf_addc(out, alphabet[v >> 12 & 63]);
		buf_addc(out, left > 1 ? alphabet[v >> 6 & 63] : '=');
		buf_addc(out, left > 2 ? alphabet[v & 63] : '=');
	}
}

static bool file_name_keeps(const char *s, size_t n, uint32_t cp)
{
	if (n == 1)
		return (cp >= '0' && cp <= '9') || (cp >= 'A' && cp <= 'Z') ||
		       (cp >= 'a' && cp <= 'z') || strchr("._+=@,-", (int)cp) != NULL;
	return n > 1 && !text_cp_is_hostile(cp) && *s;
}

void text_file_name(struct buf *out, const char *s, size_t len, size_t max)
{
	size_t start = out->len;

	while (len) {
		uint32_t cp = 0;
		size_t n = text_utf8_decode(s, len, &cp);
		bool first = out->len == start;
		bool keep = n && cp && file_name_keeps(s, n, cp) &&
			    !(first && (*s == '.' || *s == '-'));
		size_t used = n ? n : 1;

		if (out->len - start + (keep ? n : 1) > max)
			break;
		if (keep)
			buf_add(out, s, n);
		else
			buf_addc(out, '_');
		s += used;
		len -= used;
	}
	if (out->len == start)
		buf_addc(out, '_');
}

void text_size(struct buf *out, uint64_t bytes)
{
	static const char units[] = "KMGTPE";
	uint64_t whole = bytes, tenth = 0;
	int unit = -1;

	while (whole >= 1024) {
		tenth = whole % 1024 * 10 / 1024;
		whole /= 1024;
		unit++;
	}
	buf_addu(out, whole);
	if (unit >= 0 && whole < 100)
		buf_addf(out, ".%u", (unsigned)tenth);
	if (unit >= 0)
		buf_addc(out, units[unit]);
}

int text_parse_size(const char *s, uint64_t *bytes)
{
	static const char units[] = "KMGTPE";
	const char *unit;
	char *end;
	unsigned long long v;
	unsigned shift = 0;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	errno = 0;
	v = strtoull(s, &end, 10);
	if (errno)
		return -errno;
	unit = *end ? strchr(units, *end >= 'a' ? *end - 32 : *end) : NULL;
	if (unit) {
		shift = 10 * (unsigned)(unit - units + 1);
		end++;
		if (strcmp(end, "iB") == 0)
			end += 2;
	}
	if (strcmp(end, "B") == 0)
		end++;
	if (*end)
		return -EINVAL;
	if (shift && v > (UINT64_MAX >> shift))
		return -ERANGE;
	*bytes = (uint64_t)v << shift;
	return 0;
}

int text_parse_int(const char *s, int64_t min, int64_t max, int64_t *value)
{
	char *end;
	long long v;

	if (!((*s >= '0' && *s <= '9') || (*s == '-' && s[1] >= '0' && s[1] <= '9')))
		return -EINVAL;
	errno = 0;
	v = strtoll(s, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno || v < min || v > max)
		return -ERANGE;
	*value = v;
	return 0;
}
