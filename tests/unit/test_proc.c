/* SPDX-License-Identifier: MIT */
/* What /proc says, as text: fdinfo, stat, status; and how people name targets. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/proc/fdinfo.h"
#include "src/proc/procfs.h"
#include "src/proc/target.h"

#define BYTES(s) (s), sizeof(s) - 1

/* Exactly as long as said: a sanitizer sees a read beyond. */
static char *exact(const char *s, size_t len)
{
	char *copy = malloc(len ? len : 1);

	memcpy(copy, s, len);
	return copy;
}

static void test_fdinfo(void **state)
{
	static const char text[] = "pos:\t4096\nflags:\t02100002\nmnt_id:\t15\nino:\t1061\n"
				   "eventfd-count:                3\neventfd-id: 4\n";
	char *s = exact(BYTES(text));
	struct fdinfo fi;
	uint64_t v;

	(void)state;
	assert_int_equal(fdinfo_parse(&fi, s, sizeof(text) - 1), 0);
	assert_int_equal(fi.pos, 4096);
	assert_int_equal(fi.flags, 02100002);
	assert_int_equal(fi.mnt_id, 15);
	assert_true(fi.has_ino);
	assert_int_equal(fi.ino, 1061);
	assert_int_equal(fi.rest_len, strlen(strstr(text, "eventfd-count")));
	assert_true(fdinfo_u64(fi.rest, fi.rest_len, "eventfd-count", 16, &v));
	assert_int_equal(v, 3);
	assert_false(fdinfo_u64(fi.rest, fi.rest_len, "eventfd", 10, &v));
	free(s);
}

static void test_fdinfo_before_5_14(void **state)
{
	struct fdinfo fi;

	(void)state;
	assert_int_equal(fdinfo_parse(&fi, BYTES("pos:\t0\nflags:\t0100000\nmnt_id:\t9\n")), 0);
	assert_false(fi.has_ino);
	assert_int_equal(fi.rest_len, 0);
}

static void test_fdinfo_cut(void **state)
{
	static const char text[] = "pos:\t18446744073709551615\nflags:\t02\nmnt_id:\t1\nino:\t2\n"
				   "tfd:        7 events:       19 data:                7  pos:0\n";

	(void)state;
	/* Any beginning of it, and nothing is read behind the end. */
	for (size_t len = 0; len < sizeof(text); len++) {
		char *s = exact(text, len);
		struct fdinfo fi = { 0 };
		int r = fdinfo_parse(&fi, s, len);

		assert_true(r == 0 || r == -EINVAL);
		if (r == 0)
			assert_true(fi.rest_len <= len);
		free(s);
	}
}

static void test_fdinfo_fields(void **state)
{
	static const char
		rest[] = "tfd:        7 events:       19 data: ffffffff00000007  pos:0 ino:2b\n"
			 "inotify wd:1 ino:29f sdev:1c mask:fce\n";
	const char *at = rest, *end = rest + sizeof(rest) - 1;
	struct fdinfo_line line;
	const char *word;
	size_t len;
	uint64_t v;

	(void)state;
	assert_true(fdinfo_next(&at, end, &line));
	assert_true(fdinfo_key_is(&line, "tfd"));
	assert_true(fdinfo_field_u64(&line, "tfd", 10, &v) && v == 7);
	assert_true(fdinfo_field_u64(&line, "events", 16, &v) && v == 0x19);
	assert_true(fdinfo_field_u64(&line, "data", 16, &v) && v == 0xffffffff00000007u);
	assert_true(fdinfo_field_u64(&line, "ino", 16, &v) && v == 0x2b);
	assert_false(fdinfo_field_u64(&line, "os", 10, &v));
	assert_true(fdinfo_next(&at, end, &line));
	assert_true(fdinfo_key_is(&line, "inotify"));
	assert_true(fdinfo_field_u64(&line, "wd", 16, &v) && v == 1);
	assert_true(fdinfo_field_word(&line, "mask", &word, &len));
	assert_int_equal(len, 3);
	assert_false(fdinfo_next(&at, end, &line));
}

static void test_stat(void **state)
{
	static const char text[] =
		"4121 (a) R 1 (b) S 7 4121 99 34816 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0 8812345 "
		"1 2 3 4 5 6 7 8 9 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
	struct proc_stat st;

	(void)state;
	/* The name may hold anything, parentheses and what follows them too. */
	assert_int_equal(proc_stat_parse(&st, BYTES(text)), 0);
	assert_int_equal(st.pid, 4121);
	assert_string_equal(st.comm, "a) R 1 (b");
	assert_int_equal(st.state, 'S');
	assert_int_equal(st.ppid, 7);
	assert_int_equal(st.threads, 3);
	assert_int_equal(st.start, 8812345);
	assert_int_equal(proc_stat_parse(&st, BYTES("")), -EINVAL);
	assert_int_equal(proc_stat_parse(&st, BYTES("1 (x")), -EINVAL);
	assert_int_equal(proc_stat_parse(&st, BYTES("1 (x) S 1 2 3")), -EINVAL);
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		char *s = exact(text, len);

		proc_stat_parse(&st, s, len);
		free(s);
	}
}

static void test_status(void **state)
{
	static const char text
		[] = "Name:\tUid:\\t5\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t12\nPid:\t12\n"
		     "TracerPid:\t33\nUid:\t1000\t1001\t1002\t1003\nGid:\t5\t6\t7\t8\nThreads:\t4\n"
		     "CapPrm:\t0000000000080000\nCapEff:\t00000000000000ff\nSeccomp:\t2\n"
		     "voluntary_ctxt_switches:\t10\nnonvoluntary_ctxt_switches:\t5\n";
	struct proc_status st;

	(void)state;
	assert_int_equal(proc_status_parse(&st, BYTES(text)), 0);
	assert_int_equal(st.uid[0], 1000);
	assert_int_equal(st.uid[3], 1003);
	assert_int_equal(st.gid[2], 7);
	assert_int_equal(st.tracer, 33);
	assert_int_equal(st.threads, 4);
	assert_int_equal(st.seccomp, 2);
	assert_int_equal(st.cap_permitted, 0x80000);
	assert_int_equal(st.cap_effective, 0xff);
	assert_int_equal(st.switches, 15);
	assert_int_not_equal(proc_status_parse(&st, BYTES("Name:\tx\n")), 0);
}

static void test_numbers(void **state)
{
	char dir[] = "/tmp/filch-unit.XXXXXX", path[64];
	static const char *const names[] = { "3", "12", "x", "12a", "99999999999999999999", "-1" };
	int *list, fd;
	size_t n;

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		close(open(path, O_CREAT | O_WRONLY, 0600));
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(proc_numbers(fd, ".", &list, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(list[0] + list[1], 15);
	free(list);
	assert_int_equal(proc_numbers(fd, "absent", &list, &n), -ENOENT);
	close(fd);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

static void test_target_names(void **state)
{
	static const struct {
		const char *text;
		int r;
		pid_t pid, tid;
		uint64_t start; /* 0: not said */
	} cases[] = {
		{ "4121", 0, 4121, 0, 0 },
		{ "4121/4125", 0, 4121, 4125, 0 },
		{ "4121@8812345", 0, 4121, 0, 8812345 },
		{ "=nginx", 0, 0, 0, 0 },
		{ "", -EINVAL, 0, 0, 0 },
		{ "0", -EINVAL, 0, 0, 0 },
		{ "-1", -EINVAL, 0, 0, 0 },
		{ "4194305", -EINVAL, 0, 0, 0 },
		{ "99999999999", -EINVAL, 0, 0, 0 },
		{ "12x", -EINVAL, 0, 0, 0 },
		{ "12/", -EINVAL, 0, 0, 0 },
		{ "12@", -EINVAL, 0, 0, 0 },
		{ "=", -EINVAL, 0, 0, 0 },
		{ " 12", -EINVAL, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct target_name name = { 0 };
		struct fail f = { 0 };
		int r = target_name_parse(&name, cases[i].text, strlen(cases[i].text), &f);

		if (r != cases[i].r)
			fail_msg("%s: %d, not %d", cases[i].text, r, cases[i].r);
		if (r < 0) {
			assert_int_equal(f.class, FAIL_USAGE);
			continue;
		}
		assert_int_equal(name.pid, cases[i].pid);
		assert_int_equal(name.tid, cases[i].tid);
		assert_int_equal(name.has_start, cases[i].start != 0);
		if (name.has_start)
			assert_int_equal(name.start, cases[i].start);
	}
}

static void test_descs(void **state)
{
	static const struct {
		const char *text;
		int r;
		size_t n;
		enum desc_what what;
		int first, last; /* of the last one */
	} cases[] = {
		{ "12:3", 0, 1, DESC_FD, 3, 3 },
		{ "12:3,5-9", 0, 2, DESC_FD, 5, 9 },
		{ "12/13:4", 0, 1, DESC_FD, 4, 4 },
		{ "12:*", 0, 1, DESC_ALL, 0, 0 },
		{ "12:exe", 0, 1, DESC_EXE, 0, 0 },
		{ "12:cwd", 0, 1, DESC_CWD, 0, 0 },
		{ "12:root", 0, 1, DESC_ROOT, 0, 0 },
		{ "h7", 0, 1, DESC_HELD, 7, 7 },
		{ "=a:b:3", 0, 1, DESC_FD, 3, 3 },
		{ "12", -EINVAL, 0, DESC_FD, 0, 0 },
		{ "12:", -EINVAL, 0, DESC_FD, 0, 0 },
		{ "12:3,", -EINVAL, 0, DESC_FD, 0, 0 },
		{ "12:9-5", -EINVAL, 0, DESC_FD, 0, 0 },
		{ "12:-5", -EINVAL, 0, DESC_FD, 0, 0 },
		{ "12:99999999999", -EINVAL, 0, DESC_FD, 0, 0 },
		{ "12:mem", -EINVAL, 0, DESC_FD, 0, 0 },
		{ "h", -EINVAL, 0, DESC_FD, 0, 0 },
		{ "hx", -EINVAL, 0, DESC_FD, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct desc_list list = { 0 };
		struct fail f = { 0 };
		int r = desc_parse(&list, cases[i].text, &f);

		if (r != cases[i].r)
			fail_msg("%s: %d, not %d", cases[i].text, r, cases[i].r);
		if (r == 0) {
			const struct desc *last = &list.at[list.n - 1];

			assert_int_equal(list.n, cases[i].n);
			assert_int_equal(last->what, cases[i].what);
			if (last->what == DESC_FD) {
				assert_int_equal(last->first, cases[i].first);
				assert_int_equal(last->last, cases[i].last);
			} else if (last->what == DESC_HELD) {
				assert_int_equal(last->first, cases[i].first);
			}
		}
		desc_list_release(&list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fdinfo),     cmocka_unit_test(test_fdinfo_before_5_14),
		cmocka_unit_test(test_fdinfo_cut), cmocka_unit_test(test_fdinfo_fields),
		cmocka_unit_test(test_stat),       cmocka_unit_test(test_status),
		cmocka_unit_test(test_numbers),    cmocka_unit_test(test_target_names),
		cmocka_unit_test(test_descs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
