/* SPDX-License-Identifier: MIT */
/* Filters: what passes, what is refused and where the caret goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/survey/filter.h"
#include "tests/unit/picture.h"

static struct picture pic;
static struct columns columns;

static int setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	memset(&pic, 0, sizeof(pic));
	picture_add(&pic, 4121, 12);
	pic.proc[0].rows[5].deleted = DELETED_INODE;
	pic.proc[0].rows[6].deleted = DELETED_UNKNOWN;
	pic.proc[0].rows[7].flags |= O_CLOEXEC;
	pic.proc[0].rows[8].ofd = 3;
	pic.proc[0].rows[8].shares = 2;
	columns_init(&columns, &pic.s, TEXT_UTF8);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	columns_release(&columns);
	picture_release(&pic);
	return 0;
}

/* How many of the twelve rows pass. */
static int count(const char *text)
{
	struct filter_error error;
	struct filter *f;
	int n = 0;

	if (filter_compile(&f, text, &error) < 0)
		fail_msg("%s: at %zu: %s", text, error.at, error.words);
	for (uint32_t i = 0; i < pic.proc[0].n_rows; i++)
		n += filter_match(f, &columns, &pic.proc[0].rows[i]);
	filter_free(f);
	return n;
}

static void test_comparisons(void **state)
{
	static const struct {
		const char *text;
		int n;
	} cases[] = {
		{ "", 12 },
		{ "   ", 12 },
		{ "fd=3", 1 },
		{ "FD==3", 1 },
		{ "fd!=3", 11 },
		{ "fd<3", 3 },
		{ "fd<=3", 4 },
		{ "fd>3", 8 },
		{ "fd >= 3", 9 },
		{ "fd<-1", 0 },
		{ "fd>-1", 12 },
		{ "fd=0x3", 1 },
		{ "pid=4121", 12 },
		{ "tid=1", 0 },
		{ "tid!=1", 0 }, /* there is no tid: every comparison fails */
		{ "!tid=1", 12 },
		{ "not tid=1", 12 },
		{ "not not fd=3", 1 },
		{ "!!!fd=3", 11 },
		{ "size>1K", 2 },
		{ "size>=1.1K", 1 },
		{ "size<1kiB", 10 },
		{ "size=100B", 1 },
		{ "kind=file", 12 },
		{ "kind=FILE", 12 },
		{ "!kind=file", 0 },
		{ "mode=rw", 12 },
		{ "deleted", 1 },
		{ "deleted=inode", 1 },
		{ "deleted!=inode", 10 }, /* of one it is not known */
		{ "cloexec", 1 },
		{ "cloexec=no", 11 },
		{ "cloexec=true", 1 },
		{ "share>1", 1 },
		{ "shares=2", 1 },
		{ "uid=12345", 12 },
		{ "user=12345", 12 },
		{ "user=root", 0 },
		{ "limit_used=6", 12 },
		{ "dev=8:1", 12 },
		{ "flags~O_CLOEXEC", 1 },
		{ "ino~^10[0-4]$", 5 },
		{ "peers>0", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (count(cases[i].text) != cases[i].n)
			fail_msg("%s: %d, not %d", cases[i].text, count(cases[i].text), cases[i].n);
}

static void test_facts(void **state)
{
	static const struct {
		const char *text;
		int n;
	} cases[] = {
		{ "count>=100", 2 },
		{ "rtt=20ms", 12 },
		{ "rtt>19.5ms and rtt<1s", 12 },
		{ "rtt>20000000", 0 },
		{ "live", 6 },
		{ "live=no", 6 },
		{ "live!=yes", 6 },
		{ "state=listen", 12 },
		{ "state=LISTE", 0 },
		{ "path=/tmp/Socket", 12 },
		{ "path=/tmp/socket", 0 },
		{ "path~/Sock", 12 },
		{ "path!~Sock", 0 },
		{ "path!~nothing", 12 },
		{ "umode=0644", 12 },
		{ "umode=644", 12 },
		{ "umode>0700", 0 },
		{ "mask=255", 12 },
		{ "mask=0xff", 12 },
		{ "mask~0xff", 12 },
		{ "delta=-3", 12 },
		{ "delta<0", 12 },
		{ "delta>-4 and delta<-2", 12 },
		{ "when>2023-11-14", 12 },
		{ "when<'2023-11-14 22:13:21'", 12 },
		{ "when>'2023-11-14 22:13:20'", 0 },
		{ "gone", 0 },
		{ "gone=22", 0 },
		{ "gone!=22", 0 },
		{ "absent", 0 },
		{ "absent!=1", 0 },
		{ "nothing!=1", 0 },
		{ "only3", 1 },
		{ "only3=1 or fd=4", 2 },
		{ "seals=F_SEAL_GROW", 12 },
		{ "seals!=F_SEAL_GROW", 0 },
		{ "seals!=F_SEAL_WRITE", 12 },
		{ "seals~SHRINK", 12 },
		{ "watches.tfd=5", 12 },
		{ "watches.1.tfd=5", 12 },
		{ "watches.0.tfd=5", 0 },
		{ "watches.tfd=9", 0 },
		{ "watches.tfd>5", 12 },
		{ "watches=5", 0 },
		{ "watches=3", 12 },
		{ "watches", 12 },
		{ "dear", 12 },
		{ "detail.count=30", 1 },
		{ "detail~'count 30'", 1 },
		{ "detail~'(cou+nt|[^][:digit:]+])* [3]{1}0'", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (count(cases[i].text) != cases[i].n)
			fail_msg("%s: %d, not %d", cases[i].text, count(cases[i].text), cases[i].n);
}

static void test_logic(void **state)
{
	(void)state;
	assert_int_equal(count("fd=1 or fd=2 or fd=3"), 3);
	assert_int_equal(count("fd>1 and fd<4"), 2);
	assert_int_equal(count("fd=1 or fd>1 and fd<4"), 3); /* and binds stronger */
	assert_int_equal(count("(fd=1 or fd>1) and fd<4"), 3);
	assert_int_equal(count("!(fd=1 or fd=2)"), 10);
	assert_int_equal(count("!(!(fd=1))"), 1);
	assert_int_equal(count("not(fd=1)and(fd<3)"), 2);
	assert_int_equal(count("fd=1||fd=2&&fd=2"), 2);
	assert_int_equal(count("FD=1 OR fd=2"), 2);
	assert_int_equal(count("\"error.log\""), 12);
	assert_int_equal(count("'error_log'"), 0);
	assert_int_equal(count("'worker' and \"count 50\""), 1);
	assert_int_equal(count("name=\"/var/log/error.log\""), 12);
	assert_int_equal(count("name~\"log/(error|access)\\.log$\""), 12);
	assert_int_equal(count("comm='nginx: worker'"), 12);
}

static void test_errors(void **state)
{
	static const struct {
		const char *text;
		size_t at, len;
		const char *says;
	} cases[] = {
		{ "fd=", 3, 0, "value" },
		{ "fd=abc", 3, 3, "number" },
		{ "kind=fifle", 5, 5, "no kind" },
		{ "kind=file fd=3", 10, 4, "'and' or 'or'" },
		{ "(fd=3", 0, 1, "not closed" },
		{ "fd=3)", 4, 1, "opened" },
		{ "fd=3 and", 8, 0, "missing" },
		{ "fd=3 and and", 9, 3, "nothing before" },
		{ "or fd=3", 0, 2, "nothing before" },
		{ "=3", 0, 1, "a name" },
		{ "name~'[a'", 5, 4, "regular expression" },
		{ "name~x++", 5, 3, "repeated again" },
		{ "name~'((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+'", 5, 38, "repeats too much" },
		{ "name~'(((a{99}){99}){99}){99}'", 5, 25, "repeats too much" },
		{ "name~'(a)\\1'", 5, 7, "reference back" },
		{ "name='abc", 5, 4, "quote" },
		{ "()", 1, 1, "a name" },
		{ "not", 3, 0, "missing" },
		{ "3=fd", 0, 1, "no name" },
		{ "name=a(b", 6, 1, "quote" },
		{ "fd<>3", 3, 2, "number" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct filter_error error;
		struct filter *f = (void *)1;

		assert_true(filter_compile(&f, cases[i].text, &error) < 0);
		assert_null(f);
		if (error.at != cases[i].at || error.len < cases[i].len ||
		    !strstr(error.words, cases[i].says))
			fail_msg("%s: at %zu len %zu: %s", cases[i].text, error.at, error.len,
				 error.words);
	}
}

static void test_depth(void **state)
{
	enum { N = 50000 };
	char *text = calloc(N, 12);
	struct filter_error error;
	struct filter *f;

	(void)state;
	memset(text, '(', N);
	assert_true(filter_compile(&f, text, &error) < 0);
	assert_non_null(strstr(error.words, "too many"));
	memset(text, '!', N);
	strcpy(text + N, "fd=3");
	assert_int_equal(count(text), 1);
	text[0] = '\0';
	for (size_t at = 0; at < (size_t)N * 9; at += 9)
		memcpy(text + at, "fd=1 and ", 10);
	strcat(text, "fd=1");
	assert_int_equal(count(text), 1);
	free(text);
}

/* Facts are drawn once a row, and only where a column did not decide before. */
static void test_laziness(void **state)
{
	(void)state;
	count("count=1 and rtt=1");
	picture_facts_drawn = 0;
	assert_int_equal(count("fd=3 and count=30 and rtt=20ms and live=no"), 1);
	assert_int_equal(picture_facts_drawn, 1);
	picture_facts_drawn = 0;
	count("count>=0 and rtt>=0 and seals=F_SEAL_GROW");
	assert_in_range(picture_facts_drawn, 12, 14);
}

static void test_unseen(void **state)
{
	struct filter_error error;
	struct filter *f;

	(void)state;
	assert_int_equal(filter_compile(&f, "fd>0 and count>0 and cuont>0", &error), 0);
	assert_null(filter_unseen(f));
	for (uint32_t i = 0; i < pic.proc[0].n_rows; i++)
		filter_match(f, &columns, &pic.proc[0].rows[i]);
	assert_string_equal(filter_unseen(f), "cuont");
	filter_free(f);
}

static void test_unfit(void **state)
{
	struct filter_error error;
	const char *value;
	struct filter *f;

	(void)state;
	assert_int_equal(filter_compile(&f, "count>0 and path~x or rtt>1parsec", &error), 0);
	assert_null(filter_unfit(f, &value));
	for (uint32_t i = 0; i < pic.proc[0].n_rows; i++)
		filter_match(f, &columns, &pic.proc[0].rows[i]);
	assert_string_equal(filter_unfit(f, &value), "rtt");
	assert_string_equal(value, "1parsec");
	filter_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comparisons), cmocka_unit_test(test_facts),
		cmocka_unit_test(test_logic),       cmocka_unit_test(test_errors),
		cmocka_unit_test(test_depth),       cmocka_unit_test(test_laziness),
		cmocka_unit_test(test_unseen),      cmocka_unit_test(test_unfit),
	};

	return cmocka_run_group_tests_name("filter", tests, setup, teardown);
}
