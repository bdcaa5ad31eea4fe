/* SPDX-License-Identifier: MIT */
/* Hostile bytes made harmless, sizes, numbers, and JSON that is always valid. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/base/json.h"
#include "src/base/text.h"

#define BYTES(s) (s), sizeof(s) - 1

static void test_utf8(void **state)
{
	static const struct {
		const char *s;
		size_t len, want;
		uint32_t cp;
	} cases[] = {
		{ BYTES("a"), 1, 'a' },
		{ BYTES("\xc3\xa9"), 2, 0xe9 },
		{ BYTES("\xe2\x82\xac"), 3, 0x20ac },
		{ BYTES("\xf0\x9f\x90\xa7"), 4, 0x1f427 },
		{ BYTES("\xf4\x8f\xbf\xbf"), 4, 0x10ffff },
		{ BYTES("\0"), 1, 0 },
		{ BYTES(""), 0, 0 },
		{ BYTES("\x80"), 0, 0 },     /* a continuation */
		{ BYTES("\xc0\xaf"), 0, 0 }, /* overlong / */
		{ BYTES("\xe0\x80\xaf"), 0, 0 },
		{ BYTES("\xf0\x80\x80\xaf"), 0, 0 },
		{ BYTES("\xed\xa0\x80"), 0, 0 },     /* a surrogate */
		{ BYTES("\xf4\x90\x80\x80"), 0, 0 }, /* above U+10FFFF */
		{ BYTES("\xe2\x82"), 0, 0 },         /* cut */
		{ BYTES("\xc3z"), 0, 0 },
		{ BYTES("\xff"), 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t cp = 0;
		/* Exactly as long as said: a sanitizer sees a read beyond. */
		char *s = malloc(cases[i].len + 1);

		memcpy(s, cases[i].s, cases[i].len);
		s = realloc(s, cases[i].len ? cases[i].len : 1);
		assert_int_equal(text_utf8_decode(s, cases[i].len, &cp), cases[i].want);
		if (cases[i].want)
			assert_int_equal(cp, cases[i].cp);
		assert_int_equal(text_is_utf8(s, cases[i].len), cases[i].want == cases[i].len);
		free(s);
	}
}

static void display_is(const char *s, size_t len, enum text_mode mode, const char *want)
{
	autobuf out = BUF_INIT;

	text_display(&out, s, len, mode);
	assert_string_equal(buf_str(&out), want);
	assert_true(out.len <= 10 * len + 1);
}

static void test_display(void **state)
{
	(void)state;
	display_is(BYTES("plain name.log"), TEXT_UTF8, "plain name.log");
	display_is(BYTES("a\\b"), TEXT_UTF8, "a\\\\b");
	display_is(BYTES("\n\t\r\033"), TEXT_UTF8, "\\n\\t\\r\\e");
	display_is(BYTES("a\0b\x01\x7f"), TEXT_UTF8, "a\\x00b\\x01\\x7f");
	display_is(BYTES("\xff\xc3"), TEXT_UTF8, "\\xff\\xc3");
	display_is(BYTES("\xc3\xa9"), TEXT_UTF8, "\xc3\xa9");
	display_is(BYTES("\xc3\xa9"), TEXT_ASCII, "\\u{00e9}");
	display_is(BYTES("\xc2\x9b"), TEXT_UTF8, "\\u{009b}");          /* CSI */
	display_is(BYTES("\xe2\x80\xae"), TEXT_UTF8, "\\u{202e}");      /* right to left */
	display_is(BYTES("\xe2\x80\x8b"), TEXT_UTF8, "\\u{200b}");      /* zero width */
	display_is(BYTES("\xf3\xa0\x81\x81"), TEXT_UTF8, "\\u{e0041}"); /* a tag */
	display_is(BYTES("\xe2\x80\xa8"), TEXT_UTF8, "\\u{2028}");      /* a line's end */
	display_is(BYTES("\xef\xbf\xbf"), TEXT_UTF8, "\\u{ffff}");
}

/* Every byte, and every character up to the tags: nothing that acts on a terminal. */
static void test_nothing_acts(void **state)
{
	(void)state;
	for (uint32_t cp = 0; cp < 0xe0200; cp++) {
		char s[4];
		size_t n = 0, at = 0;
		autobuf out = BUF_INIT;
		uint32_t seen;

		if (cp < 0x80) {
			s[n++] = (char)cp;
		} else if (cp < 0x800) {
			s[n++] = (char)(0xc0 | cp >> 6);
			s[n++] = (char)(0x80 | (cp & 0x3f));
		} else if (cp < 0x10000) {
			s[n++] = (char)(0xe0 | cp >> 12);
			s[n++] = (char)(0x80 | (cp >> 6 & 0x3f));
			s[n++] = (char)(0x80 | (cp & 0x3f));
		} else {
			s[n++] = (char)(0xf0 | cp >> 18);
			s[n++] = (char)(0x80 | (cp >> 12 & 0x3f));
			s[n++] = (char)(0x80 | (cp >> 6 & 0x3f));
			s[n++] = (char)(0x80 | (cp & 0x3f));
		}
		text_display(&out, s, n, TEXT_UTF8);
		while (at < out.len) {
			size_t step = text_utf8_decode(out.data + at, out.len - at, &seen);

			assert_true(step > 0);
			assert_false(text_cp_is_hostile(seen));
			at += step;
		}
	}
}

static void test_fit(void **state)
{
	size_t used = 0;

	(void)state;
	assert_int_equal(text_width(BYTES("abc")), 3);
	assert_int_equal(text_fit(BYTES("abcdef"), 4, &used), 4);
	assert_int_equal(used, 4);
	assert_int_equal(text_fit(BYTES("ab"), 4, &used), 2);
	assert_int_equal(used, 2);
	assert_int_equal(text_fit(BYTES("ab"), 0, &used), 0);
}

static void file_name_is(const char *s, size_t len, size_t max, const char *want)
{
	autobuf out = BUF_INIT;

	text_file_name(&out, s, len, max);
	assert_string_equal(buf_str(&out), want);
	assert_true(out.len <= max);
}

static void test_file_name(void **state)
{
	char same[300];

	(void)state;
	memset(same, 'x', sizeof(same));
	file_name_is(BYTES("access.log"), 64, "access.log");
	file_name_is(BYTES("../../etc/passwd"), 64, "_._.._etc_passwd");
	file_name_is(BYTES("-rf"), 64, "_rf");
	file_name_is(BYTES("a\033[31mb"), 64, "a__31mb");
	for (const char *dot = "."; *dot; dot = "") {
		autobuf out = BUF_INIT;

		text_file_name(&out, dot, 1, 64);
		assert_true(out.len > 0 && out.data[0] != '.');
	}
	{
		autobuf out = BUF_INIT;

		text_file_name(&out, "", 0, 64);
		assert_true(out.len > 0);
		buf_reset(&out);
		text_file_name(&out, same, sizeof(same), 100);
		assert_int_equal(out.len, 100);
		buf_reset(&out);
		/* Cut at a character: seven bytes of room for three of three. */
		text_file_name(&out, BYTES("\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"), 8);
		assert_true(text_is_utf8(out.data, out.len) && out.len <= 8);
	}
}

static void test_sizes(void **state)
{
	static const struct {
		const char *s;
		int r;
		uint64_t v;
	} cases[] = {
		{ "0", 0, 0 },
		{ "1536", 0, 1536 },
		{ "4K", 0, 4096 },
		{ "4KiB", 0, 4096 },
		{ "1G", 0, 1u << 30 },
		{ "16E", -ERANGE, 0 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "K", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "1Q", -EINVAL, 0 },
		{ "1K ", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t v = 0;
		int r = text_parse_size(cases[i].s, &v);

		if (r != cases[i].r)
			fail_msg("%s: %d, not %d", cases[i].s, r, cases[i].r);
		if (r == 0)
			assert_int_equal(v, cases[i].v);
	}
}

static void test_numbers(void **state)
{
	int64_t v = 0;

	(void)state;
	assert_int_equal(text_parse_int("-5", -10, 10, &v), 0);
	assert_int_equal(v, -5);
	assert_int_equal(text_parse_int("11", -10, 10, &v), -ERANGE);
	assert_int_equal(text_parse_int("99999999999999999999", 0, INT64_MAX, &v), -ERANGE);
	assert_int_equal(text_parse_int("5x", 0, 10, &v), -EINVAL);
	assert_int_equal(text_parse_int("", 0, 10, &v), -EINVAL);
	assert_int_equal(text_parse_int(" 5", 0, 10, &v), -EINVAL);
}

static void test_base64(void **state)
{
	static const struct {
		const char *s;
		size_t len;
		const char *want;
	} cases[] = {
		{ BYTES(""), "" },        { BYTES("f"), "Zg==" },          { BYTES("fo"), "Zm8=" },
		{ BYTES("foo"), "Zm9v" }, { BYTES("\xff\0\xfe"), "/wD+" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autobuf out = BUF_INIT;

		text_base64(&out, cases[i].s, cases[i].len);
		assert_string_equal(buf_str(&out), cases[i].want);
	}
}

static void test_json(void **state)
{
	autobuf out = BUF_INIT;
	struct json j;

	(void)state;
	json_init(&j, &out);
	json_object(&j, NULL);
	json_str(&j, "a", "quote\" back\\ \n \x01 \x7f");
	json_str(&j, "none", NULL);
	json_bytes(&j, "exact", BYTES("\xc3\xa9"));
	json_bytes(&j, "raw", BYTES("x\xff"));
	json_bytes_always(&j, "both", BYTES("ok"));
	json_array(&j, "list");
	json_u64(&j, NULL, UINT64_MAX);
	json_i64(&j, NULL, INT64_MIN);
	json_object(&j, NULL);
	json_end_object(&j);
	json_bool(&j, NULL, true);
	json_end_array(&j);
	json_end_object(&j);
	json_line(&j);
	json_object(&j, NULL);
	json_null(&j, "second");
	json_end_object(&j);
	json_line(&j);
	assert_non_null(strstr(buf_str(&out), "{\"a\":\"quote\\\" back\\\\ \\u000a \\u0001 "));
	assert_non_null(strstr(buf_str(&out),
			       "\"none\":null,\"exact\":\"\xc3\xa9\",\"raw\":\"x\\\\xff\","
			       "\"raw_b64\":\"eP8=\",\"both\":\"ok\",\"both_b64\":null,"
			       "\"list\":[18446744073709551615,-9223372036854775808,{},"
			       "true]}\n{\"second\":null}\n"));
	assert_true(text_is_utf8(out.data, out.len));
}

/* Every byte at every place of a text that is looked at eight at a time. */
static void test_json_each_byte(void **state)
{
	(void)state;
	for (unsigned byte = 1; byte < 256; byte++)
		for (size_t at = 0; at < 19; at++) {
			char text[20] = "abcdefghijklmnopqrs", want[80], shown[8];
			struct buf out = BUF_INIT;
			struct json j;

			text[at] = (char)byte;
			if (byte == '"' || byte == '\\')
				snprintf(shown, sizeof(shown), "\\%c", (int)byte);
			else if (byte >= 0x80)
				snprintf(shown, sizeof(shown), "\\\\x%02x", byte);
			else if (byte < 0x20 || byte == 0x7f)
				snprintf(shown, sizeof(shown), "\\u%04x", byte);
			else
				snprintf(shown, sizeof(shown), "%c", (int)byte);
			snprintf(want, sizeof(want), "\"%.*s%s%s\"", (int)at, text, shown,
				 text + at + 1);
			json_init(&j, &out);
			assert_int_equal(json_text(&j, NULL, text, 19), byte >= 0x80);
			assert_string_equal(buf_str(&out), want);
			assert_int_equal(text_is_utf8(text, 19), byte < 0x80);
			buf_release(&out);
		}
}

/* A name of a fact may be longer than what is copied at once. */
static void test_json_long_key(void **state)
{
	char key[200], want[512];

	(void)state;
	for (size_t len = 1; len < sizeof(key) - 1; len++) {
		struct buf out = BUF_INIT;
		struct json j;

		memset(key, 'k', len);
		key[len] = '\0';
		snprintf(want, sizeof(want), "{\"%s\":1,\"%s\":2}", key, key);
		json_init(&j, &out);
		json_object(&j, NULL);
		json_u64(&j, key, 1);
		json_u64(&j, key, 2);
		json_end_object(&j);
		assert_string_equal(buf_str(&out), want);
		buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utf8),          cmocka_unit_test(test_display),
		cmocka_unit_test(test_nothing_acts),  cmocka_unit_test(test_fit),
		cmocka_unit_test(test_file_name),     cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_numbers),       cmocka_unit_test(test_base64),
		cmocka_unit_test(test_json),          cmocka_unit_test(test_json_each_byte),
		cmocka_unit_test(test_json_long_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
