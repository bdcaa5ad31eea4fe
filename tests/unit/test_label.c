/* SPDX-License-Identifier: MIT */
/* The line that goes beside a descriptor: written, read again, and not believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/base/alloc.h"
#include "src/keep/label.h"

static struct shelf_item item(const char *name, size_t len)
{
	struct shelf_item i = { .pid = 41, .start = 99, .tid = 42, .fd = 7, .kind = "tcp" };

	memcpy(i.comm, "com\"m\n", 6);
	i.comm_len = 6;
	i.name = xmemdup0(name, len);
	i.name_len = len;
	return i;
}

static void check_round(const char *name, size_t len)
{
	struct shelf_item i = item(name, len), got = { .fd = -1 };
	struct buf line = BUF_INIT;

	label_write(&line, &i);
	assert_int_equal(memchr(line.data, '\n', line.len) == line.data + line.len - 1, 1);
	assert_int_equal(label_read(&got, line.data, line.len), 0);
	assert_int_equal(got.pid, 41);
	assert_int_equal(got.tid, 42);
	assert_int_equal(got.start, 99);
	assert_int_equal(got.fd, 7);
	assert_int_equal(got.comm_len, 6);
	assert_memory_equal(got.comm, "com\"m\n", 6);
	assert_int_equal(got.name_len, len);
	assert_memory_equal(got.name, name, len);
	shelf_item_release(&got);
	shelf_item_release(&i);
	buf_release(&line);
}

static void test_round(void **state)
{
	static const char odd[] = "a\"\\/\b\f\n\r\t\x01\x7f\0z";

	(void)state;
	check_round("/plain", 6);
	check_round("", 0);
	check_round(odd, sizeof(odd) - 1);
	check_round("\xe2\x82\xac\xf0\x9f\x90\x9f\xc3\xa9", 9);
}

static int read_text(struct shelf_item *i, const char *text)
{
	return label_read(i, text, strlen(text));
}

static void test_escapes(void **state)
{
	struct shelf_item i = { .fd = -1 };

	(void)state;
	assert_int_equal(
		read_text(&i, " { \"name\" : \"\\u0041\\u00e9\\u20AC\\ud83d\\udc1f\\/\" } \n"), 0);
	assert_string_equal(i.name, "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x9f/");
	assert_int_equal(read_text(&i, "{\"name\":\"\\u0000\"}"), 0);
	assert_int_equal(i.name_len, 1);
	shelf_item_release(&i);
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"null",
		"{}x",
		"{\"pid\"}",
		"{\"pid\":}",
		"{\"pid\":1,}",
		"{\"pid\":1",
		"{pid:1}",
		"{\"pid\":{}}",
		"{\"pid\":[1]}",
		"{\"name\":\"a",
		"{\"name\":\"a\nb\"}",
		"{\"name\":\"\\x41\"}",
		"{\"name\":\"\\u12\"}",
		"{\"name\":\"\\u12g4\"}",
		"{\"name\":\"\\ud800\"}",
		"{\"name\":\"\\udc00\"}",
		"{\"name\":\"\\ud800\\u0041\"}",
		"{\"name\":\"\xff\"}",
		"{\"name\":\"\xed\xa0\x80\"}",
		"{\"name\":\"a\"} {}",
	};
	struct shelf_item i = { .pid = 5, .fd = 6 };

	(void)state;
	i.name = xmemdup0("kept", 4);
	i.name_len = 4;
	for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++)
		if (read_text(&i, bad[k]) != -EINVAL)
			fail_msg("read: %s", bad[k]);
	assert_int_equal(label_read(&i, "{\"pid\":1}\0", 10), -EINVAL);
	/* What was refused changed nothing. */
	assert_int_equal(i.pid, 5);
	assert_int_equal(i.fd, 6);
	assert_string_equal(i.name, "kept");
	shelf_item_release(&i);
}

/* Keys that are not ours, values that no descriptor has, one key twice. */
static void test_ignored(void **state)
{
	char comm[200], line[256] = "{\"comm\":\"";
	struct shelf_item i = { .pid = 5, .fd = 6, .start = 7 };

	(void)state;
	assert_int_equal(read_text(&i, "{\"x\":1,\"y\":null,\"z\":true,\"w\":-1.5E+3,\"pid\":-3,"
				       "\"fd\":4294967296,\"start\":1e9,\"tid\":\"8\"}"),
			 0);
	assert_int_equal(i.pid, 5);
	assert_int_equal(i.fd, 6);
	assert_int_equal(i.start, 7);
	assert_int_equal(i.tid, 0);
	assert_int_equal(read_text(&i, "{\"fd\":1,\"fd\":2,\"name\":\"a\",\"name\":\"b\"}"), 0);
	assert_int_equal(i.fd, 2);
	assert_string_equal(i.name, "b");
	memset(comm, 'c', sizeof(comm) - 1);
	comm[sizeof(comm) - 1] = '\0';
	strcat(line, comm);
	strcat(line, "\"}");
	assert_int_equal(read_text(&i, line), 0);
	assert_int_equal(i.comm_len, sizeof(i.comm) - 1);
	shelf_item_release(&i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
