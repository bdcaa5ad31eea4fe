/* SPDX-License-Identifier: MIT */
/* Digests in a thread: with buffers of 7 bytes every boundary is met. */
#define HASH_BUFFER 7
#include "src/take/hash.c" /* instead of the library's */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const char fox[] = "The quick brown fox jumps over the lazy dog";

static void feed(struct hasher *h, const char *p, size_t len)
{
	while (len) {
		size_t size;
		char *buf = hasher_buffer(h, &size);

		if (size > len)
			size = len;
		memcpy(buf, p, size);
		hasher_submit(h, size);
		p += size;
		len -= size;
	}
}

static void test_known(void **state)
{
	struct hash_result r;
	struct hasher *h = hasher_new((1u << HASH_COUNT) - 1);

	(void)state;
	assert_non_null(h);
	feed(h, fox, sizeof(fox) - 1);
	hasher_finish(h, &r);
	hasher_free(h);
	assert_string_equal(r.hex[HASH_SHA256],
			    "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592");
	assert_string_equal(r.hex[HASH_SHA1], "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12");
	assert_string_equal(r.hex[HASH_MD5], "9e107d9d372bb6826bd81d3542a419d6");
	assert_int_equal(strlen(r.hex[HASH_SHA512]), 128);
}

/* Zeros handed over as a number are the zeros that would have been read. */
static void test_zeros(void **state)
{
	char zeros[100] = { 0 };
	struct hash_result a, b;
	struct hasher *x = hasher_new(HASH_SET(HASH_SHA256));
	struct hasher *y = hasher_new(HASH_SET(HASH_SHA256));

	(void)state;
	feed(x, fox, 10);
	hasher_zeros(x, 100);
	feed(x, fox, 3);
	feed(y, fox, 10);
	feed(y, zeros, 100);
	feed(y, fox, 3);
	hasher_finish(x, &a);
	hasher_finish(y, &b);
	assert_string_equal(a.hex[HASH_SHA256], b.hex[HASH_SHA256]);
	hasher_free(x);
	hasher_free(y);
}

static void test_none(void **state)
{
	struct hash_result r;
	struct hasher *h = hasher_new(0);

	(void)state;
	feed(h, fox, sizeof(fox));
	hasher_zeros(h, UINT64_MAX);
	hasher_finish(h, &r);
	assert_int_equal(r.set, 0);
	assert_string_equal(r.hex[HASH_SHA256], "");
	hasher_free(h);
	hasher_free(NULL);
}

static void test_parse(void **state)
{
	unsigned set = 99;
	struct fail f;

	(void)state;
	assert_int_equal(hash_parse("none", &set, &f), 0);
	assert_int_equal(set, 0);
	assert_int_equal(hash_parse("md5,sha512", &set, &f), 0);
	assert_int_equal(set, HASH_SET(HASH_MD5) | HASH_SET(HASH_SHA512));
	assert_int_equal(hash_parse("", &set, &f), -EINVAL);
	assert_int_equal(hash_parse("sha256,", &set, &f), -EINVAL);
	assert_int_equal(hash_parse("sha2", &set, &f), -EINVAL);
	assert_int_equal(f.class, FAIL_USAGE);
}

/* Given up in the middle: the thread ends, nothing leaks. */
static void test_abandoned(void **state)
{
	struct hasher *h = hasher_new(HASH_SET(HASH_SHA256));

	(void)state;
	feed(h, fox, sizeof(fox));
	hasher_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),     cmocka_unit_test(test_zeros),
		cmocka_unit_test(test_none),      cmocka_unit_test(test_parse),
		cmocka_unit_test(test_abandoned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
