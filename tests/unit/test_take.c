/* SPDX-License-Identifier: MIT */
/* Grabs, refusals, outputs and names, on ourselves and on children of ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/kind/kinds.h"
#include "src/take/dump.h"
#include "src/take/dump_state.h"
#include "src/take/flight.h"
#include "src/take/grab.h"
#include "src/take/refusal.h"
#include "src/take/why.h"

static int procfs;

static int set_up(void **state)
{
	(void)state;
	procfs = procfs_open("/proc", NULL);
	return procfs < 0;
}

static void open_self(struct target *t)
{
	const struct target_name name = { .pid = getpid() };

	assert_int_equal(target_open(t, procfs, &name, NULL), 0);
}

/* The slot holds something else than what was listed: never taken for it. */
static void test_reused_slot(void **state)
{
	int fd = memfd_create("first", MFD_CLOEXEC), other;
	const struct fdent *ent;
	struct fail f = { 0 };
	struct survey *s;
	struct grab g;
	autotarget t;

	(void)state;
	open_self(&t);
	assert_int_equal(flight_describe(procfs, fd, 0, &s, &ent, &f), 0);
	assert_int_equal(grab_take(&g, &t, ent, procfs, &f), 0);
	grab_release(&g);
	other = memfd_create("second", MFD_CLOEXEC);
	dup2(other, fd);
	assert_int_equal(grab_take(&g, &t, ent, procfs, &f), -ESTALE);
	assert_int_equal(f.class, FAIL_GONE);
	assert_non_null(strstr(f.why, "second"));
	close(fd);
	assert_int_equal(grab_take(&g, &t, ent, procfs, &f), -EBADF);
	assert_non_null(strstr(f.advice, "filch ls"));
	survey_free(s);
	close(other);
}

/* All eventfds are one inode: their ids tell them apart. */
static void test_reused_eventfd(void **state)
{
	int fd = eventfd(1, EFD_CLOEXEC), other = eventfd(2, EFD_CLOEXEC);
	const struct fdent *ent;
	struct fail f = { 0 };
	struct survey *s;
	struct grab g;
	autotarget t;

	(void)state;
	open_self(&t);
	assert_int_equal(flight_describe(procfs, fd, 0, &s, &ent, &f), 0);
	dup2(other, fd);
	assert_int_equal(grab_take(&g, &t, ent, procfs, &f), -ESTALE);
	survey_free(s);
	close(fd);
	close(other);
}

static void test_why_self(void **state)
{
	struct why w;
	autotarget t;

	(void)state;
	open_self(&t);
	assert_int_equal(why_walk(&w, &t, procfs, NULL), 0);
	assert_true(w.allowed);
	assert_int_equal(w.refusing, -1);
	assert_false(why_explain(&w, NULL));
}

/* Every error has a reason. */
static void test_sentences(void **state)
{
	static const int errors[] = { EBADF, EINVAL, EMFILE, ENFILE, EPERM, ESRCH, ENOSYS };
	struct fail f;
	autotarget t;

	(void)state;
	open_self(&t);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		assert_int_equal(refusal_getfd(errors[i], &t, 4000, procfs, &f), -errors[i]);
		assert_int_equal(f.err, errors[i]);
		assert_true(f.why[0]);
		assert_non_null(strstr(f.on, "descriptor 4000 of process"));
	}
	for (size_t i = 0; i < 4; i++) {
		static const int kcmp[] = { EPERM, ESRCH, EBADF, ENOSYS };

		assert_int_equal(refusal_kcmp(kcmp[i], &t, NULL, procfs, &f), -kcmp[i]);
		assert_true(f.why[0]);
	}
}

static void test_ranges(void **state)
{
	struct dump_ranges r = { 0 };

	(void)state;
	dump_ranges_add(&r, 0, 10);
	dump_ranges_add(&r, 10, 5);
	dump_ranges_add(&r, 20, 0);
	dump_ranges_add(&r, 20, 1);
	assert_int_equal(r.n, 2);
	assert_int_equal(r.at[0].len, 15);
	assert_int_equal(dump_ranges_total(&r), 16);
	free(r.at);
}

static void test_merged_ranges(void **state)
{
	struct dump_ranges r = { 0 };

	(void)state;
	for (unsigned i = 10; i > 0; i--)
		dump_ranges_merge(&r, i * 100, 10);
	dump_ranges_merge(&r, 500, 0);
	assert_int_equal(r.n, 10);
	assert_int_equal(dump_ranges_total(&r), 100);
	dump_ranges_merge(&r, 205, 200); /* in 200, over 300, to 400 */
	assert_int_equal(r.n, 8);
	assert_int_equal(r.at[1].from, 200);
	assert_int_equal(r.at[1].len, 210);
	assert_int_equal(r.at[2].from, 500);
	dump_ranges_merge(&r, 2000, 10);
	dump_ranges_merge(&r, 0, 5000);
	assert_int_equal(r.n, 1);
	assert_int_equal(r.at[0].len, 5000);
	free(r.at);
}

static void test_file_name(void **state)
{
	static const char hostile[] = "/tmp/../a\033[2J\n/-rf \xff;x";
	struct procent p = { .pid = 12, .tid = 0 };
	struct fdent e = {
		.proc = &p,
		.fd = 7,
		.kind = &kind_file,
		.name = hostile,
		.name_len = sizeof(hostile) - 1,
	};
	autobuf name = BUF_INIT;

	(void)state;
	dump_file_name(&name, &e);
	assert_memory_equal(name.data, "12-7-file-", 10);
	for (size_t i = 0; i < name.len; i++)
		assert_true(name.data[i] > ' ' && name.data[i] != '/');
}

/* A dump of what we hold ourselves: no target, every hole kept. */
static void test_held(void **state)
{
	char dir[] = "/tmp/filch-test.XXXXXX";
	int fd = memfd_create("held", MFD_CLOEXEC), folder;
	struct dump_result result;
	const struct fdent *ent;
	struct survey *s;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "data", 4, 1 << 20), 4);
	assert_int_equal(flight_describe(procfs, fd, 0, &s, &ent, NULL), 0);
	struct kind_ctx ctx = survey_ctx(s);
	const struct dump_opts o = {
		.ent = ent,
		.ctx = &ctx,
		.fd = fd,
		.out = { .dir = folder, .name = "out", .fd = -1 },
		.hashes = HASH_SET(HASH_SHA256),
		.max_bytes = UINT64_MAX,
	};

	assert_int_equal(dump_held(&o, &result), 0);
	assert_true(result.complete);
	assert_int_equal(result.size, (1 << 20) + 4);
	assert_int_equal(fstatat(folder, "out", &st, 0), 0);
	assert_int_equal(st.st_size, (1 << 20) + 4);
	assert_true(st.st_blocks * 512 < 1 << 16);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
	dump_result_release(&result);
	assert_int_equal(dump_held(&o, &result), -EEXIST);
	assert_int_equal(result.fail.class, FAIL_OUTPUT);
	dump_result_release(&result);
	survey_free(s);
	unlinkat(folder, "out", 0);
	close(folder);
	rmdir(dir);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reused_slot), cmocka_unit_test(test_reused_eventfd),
		cmocka_unit_test(test_why_self),    cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_ranges),      cmocka_unit_test(test_merged_ranges),
		cmocka_unit_test(test_file_name),   cmocka_unit_test(test_held),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
