/* SPDX-License-Identifier: MIT */
/* Reading ahead: every byte once and in order, its end, its error, and given up half-way. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/base/alloc.h"
#include "src/take/ahead.h"
#include "src/take/hash.h"

#define PIECE ((size_t)64 * 1024)
#define SIZE  ((size_t)5 * 1024 * 1024 + 123)

static char *pattern;

static int file(void)
{
	int fd = memfd_create("ahead", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, pattern, SIZE, 0), SIZE);
	assert_int_equal(lseek(fd, 77, SEEK_SET), 77);
	return fd;
}

/* All that comes is what is in the file from there on; gives how much, and the last answer. */
static uint64_t take_all(struct ahead *a, uint64_t from, ssize_t *last)
{
	char *buf, *spare = NULL;
	uint64_t at = from;
	ssize_t n;

	assert_int_equal(posix_memalign((void **)&spare, 4096, PIECE), 0);
	while ((n = ahead_next(a, &buf)) > 0) {
		assert_memory_equal(buf, pattern + at, (size_t)n);
		at += (uint64_t)n;
		/* Another buffer back than the one that came. */
		ahead_done(a, spare);
		spare = buf;
	}
	*last = n;
	assert_int_equal(ahead_next(a, &buf), n);
	free(spare);
	return at - from;
}

static void test_ranges(void **state)
{
	static const struct {
		uint64_t from, to, want;
	} cases[] = {
		{ 0, SIZE, SIZE },
		{ 0, 1, 1 },
		{ 12345, SIZE - 1, SIZE - 1 - 12345 },
		{ SIZE - 1, SIZE, 1 },
		{ 4096, UINT64_MAX / 2, SIZE - 4096 }, /* the file ends before */
		{ 7, 7, 0 },
		{ SIZE + 1, SIZE + 2, 0 },
	};
	int fd = file();
	ssize_t last;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ahead *a = ahead_new(fd, cases[i].from, cases[i].to, PIECE);

		assert_non_null(a);
		assert_int_equal(take_all(a, cases[i].from, &last), cases[i].want);
		assert_int_equal(last, 0);
		ahead_free(a);
	}
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 77);
	close(fd);
}

static void test_error(void **state)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct ahead *a = ahead_new(fd, 0, 1 << 20, PIECE);
	ssize_t last;

	(void)state;
	assert_non_null(a);
	assert_int_equal(take_all(a, 0, &last), 0);
	assert_int_equal(last, -EISDIR);
	ahead_free(a);
	close(fd);
}

/* With every slot full, half taken, and nothing taken at all. */
static void test_given_up(void **state)
{
	int fd = file();

	(void)state;
	for (int taken = 0; taken < 20; taken++) {
		struct ahead *a = ahead_new(fd, 0, SIZE, PIECE);
		char *buf;

		for (int i = 0; i < taken; i++) {
			assert_true(ahead_next(a, &buf) > 0);
			ahead_done(a, buf);
		}
		ahead_free(a);
	}
	ahead_free(NULL);
	close(fd);
}

/* As dump does: what was read becomes the hasher's without a copy. */
static void test_hashed(void **state)
{
	struct hasher *h = hasher_new(HASH_SET(HASH_SHA256)),
		      *plain = hasher_new(HASH_SET(HASH_SHA256));
	struct hash_result one, other;
	int fd = file();
	size_t size, done = 0;
	struct ahead *a;
	ssize_t n;
	char *buf;

	(void)state;
	hasher_buffer(h, &size);
	a = ahead_new(fd, 0, SIZE, size);
	while ((n = ahead_next(a, &buf)) > 0) {
		hasher_exchange(h, &buf);
		ahead_done(a, buf);
		hasher_submit(h, (size_t)n);
	}
	ahead_free(a);
	while (done < SIZE) {
		buf = hasher_buffer(plain, &size);
		size = SIZE - done < size ? SIZE - done : size;
		memcpy(buf, pattern + done, size);
		hasher_submit(plain, size);
		done += size;
	}
	hasher_finish(h, &one);
	hasher_finish(plain, &other);
	assert_string_equal(one.hex[HASH_SHA256], other.hex[HASH_SHA256]);
	hasher_free(h);
	hasher_free(plain);
	close(fd);
}

static int make_pattern(void **state)
{
	uint32_t v = 1;

	(void)state;
	pattern = xmalloc(SIZE);
	for (size_t i = 0; i < SIZE; i++) {
		v = v * 1664525 + 1013904223;
		pattern[i] = (char)(v >> 24);
	}
	return 0;
}

static int free_pattern(void **state)
{
	(void)state;
	free(pattern);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_hashed),
	};

	return cmocka_run_group_tests(tests, make_pattern, free_pattern);
}
