/* SPDX-License-Identifier: MIT */
/* One slot of a table: what fdinfo alone tells, and parts that do not fit together. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/base/alloc.h"
#include "src/survey/table.h"

static struct known known;
static bool fdinfo_names_inodes;

static int open_self(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/%s", name);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static struct fdinfo info_of(int fd, char *text, size_t size)
{
	char path[64];
	struct fdinfo fi;
	ssize_t n;
	int dir = open_self("fdinfo");

	snprintf(path, sizeof(path), "%d", fd);
	n = proc_read_into(dir, path, text, size);
	close(dir);
	assert_true(n > 0);
	assert_int_equal(fdinfo_parse(&fi, text, (size_t)n), 0);
	return fi;
}

/* fdinfo alone, and readlink(2) and fstat(2): the same? */
static void agrees(int fd, bool expected)
{
	char text[1024], name[LINK_SIZE], link[LINK_SIZE], path[64];
	struct fdent e = { 0 };
	struct fdinfo fi = info_of(fd, text, sizeof(text));
	size_t len = known_row(&known, &fi, &e, name);
	struct stat st;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, link, sizeof(link));
	assert_true(n > 0);
	assert_int_equal(len > 0, expected);
	if (!expected)
		return;
	assert_int_equal(len, n);
	assert_memory_equal(name, link, len);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(e.dev, st.st_dev);
	assert_int_equal(e.ino, st.st_ino);
	assert_int_equal(e.mode, st.st_mode);
	assert_int_equal(e.have, HAVE_STAT | HAVE_INO);
}

static void test_known_kinds(void **state)
{
	struct epoll_event event = { .events = EPOLLIN };
	int ends[2], epoll, event_fd, timer;
	sigset_t set;

	(void)state;
	if (!fdinfo_names_inodes)
		skip();
	sigemptyset(&set);
	assert_int_equal(pipe(ends), 0);
	agrees(ends[0], true);
	agrees(ends[1], true);
	agrees(socket(AF_UNIX, SOCK_DGRAM, 0), true);
	agrees(socket(AF_INET, SOCK_STREAM, 0), true);
	agrees(event_fd = eventfd(3, 0), true);
	agrees(timer = timerfd_create(CLOCK_REALTIME, 0), true);
	agrees(signalfd(-1, &set, 0), true);
	agrees(epoll = epoll_create1(0), false); /* nothing in fdinfo says that it is one */
	assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, event_fd, &event), 0);
	agrees(epoll, true);
	agrees(inotify_init1(0), false);
	/* A lock stands before the line that tells the kind. */
	assert_int_equal(flock(timer, LOCK_SH), 0);
	agrees(timer, false);
	agrees(memfd_create("slot", 0), false);
	agrees(open("/dev/null", O_RDONLY), false);
	agrees(open("/", O_RDONLY), false);
	assert_int_equal(close_range(3, ~0U, 0), 0);
}

static void test_learns_of_proc_only(void **state)
{
	int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct known k;

	(void)state;
	known_learn(&k, dir);
	for (int i = 0; i < KNOWN_SORTS; i++)
		assert_false(k.fs[i].found);
	close(dir);
}

/* Nobody's mount has number 0 in what is not known. */
static void test_nothing_known(void **state)
{
	static const struct known none;
	static const char text[] = "pos:\t0\nflags:\t02\nmnt_id:\t0\nino:\t0\neventfd-count: 0\n";
	struct fdent e = { 0 };
	char name[KNOWN_NAME];
	struct fdinfo fi;

	(void)state;
	assert_int_equal(fdinfo_parse(&fi, text, sizeof(text) - 1), 0);
	assert_int_equal(known_row(&none, &fi, &e, name), 0);
	assert_int_equal(known_sort(&none, &fi), -1);
	assert_false(known_is_dev(&none, 0));
	assert_int_equal(e.have, 0);
}

/* ---- a table made of files ---- */

struct table {
	char path[64];
	struct table_dirs dirs;
	struct table_reader reader;
	struct procent proc;
};

static void put(const struct table *t, const char *name, const char *text)
{
	int fd = openat(t->dirs.fdinfo, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static struct table *table_new(const char *link)
{
	struct table *t = xcalloc(1, sizeof(*t));
	char path[80];

	strcpy(t->path, "/tmp/filch-slot.XXXXXX");
	assert_non_null(mkdtemp(t->path));
	snprintf(path, sizeof(path), "%s/fd", t->path);
	assert_int_equal(mkdir(path, 0700), 0);
	t->dirs.fd = open(path, O_RDONLY | O_DIRECTORY);
	snprintf(path, sizeof(path), "%s/fdinfo", t->path);
	assert_int_equal(mkdir(path, 0700), 0);
	t->dirs.fdinfo = open(path, O_RDONLY | O_DIRECTORY);
	assert_true(t->dirs.fd >= 0 && t->dirs.fdinfo >= 0);
	assert_int_equal(symlinkat(link, t->dirs.fd, "3"), 0);
	assert_int_equal(symlinkat(link, t->dirs.fd, "4"), 0);
	t->reader.known = &known;
	return t;
}

static void table_free(struct table *t)
{
	static const char *const folders[] = { "fd", "fdinfo" };
	char path[80];

	for (size_t i = 0; i < 2; i++) {
		int dir = i ? t->dirs.fdinfo : t->dirs.fd;

		unlinkat(dir, "3", 0);
		unlinkat(dir, "4", 0);
		close(dir);
		snprintf(path, sizeof(path), "%s/%s", t->path, folders[i]);
		assert_int_equal(rmdir(path), 0);
	}
	assert_int_equal(rmdir(t->path), 0);
	table_reader_release(&t->reader);
	arena_release(&t->reader.arena);
	free(t);
}

static struct fdent row(struct table *t, int fd)
{
	struct fdent e = { .proc = &t->proc };

	assert_true(table_read_fd(&t->reader, &t->dirs, &e, fd));
	return e;
}

/* Linux 4.19: fdinfo names no inode, and so can surround nothing. */
static void test_fdinfo_without_inode(void **state)
{
	struct table *t = table_new("/dev/null");
	struct fdent e;

	(void)state;
	put(t, "3", "pos:\t7\nflags:\t0100001\nmnt_id:\t5\n");
	e = row(t, 3);
	assert_int_equal(e.err, 0);
	assert_int_equal(e.pos, 7);
	assert_true(S_ISCHR(e.mode));
	assert_false(t->dirs.unstable);
	assert_memory_equal(e.name, "/dev/null", e.name_len);
	table_free(t);
}

/* Where fdinfo and statx(2) never name the same inode, both may be believed. */
static void test_foreign_inodes(void **state)
{
	struct table *t = table_new("/dev/null");
	struct fdent e;

	(void)state;
	put(t, "3", "pos:\t0\nflags:\t0100001\nmnt_id:\t77\nino:\t123456789\n");
	put(t, "4", "pos:\t0\nflags:\t0100001\nmnt_id:\t77\nino:\t987654321\n");
	e = row(t, 3);
	assert_int_equal(e.err, 0);
	assert_true(S_ISCHR(e.mode));
	assert_int_equal(t->reader.foreign_mnt, 77);
	assert_true(t->dirs.unstable);
	/* The second of that mount is no news. */
	t->dirs.unstable = false;
	e = row(t, 4);
	assert_int_equal(e.err, 0);
	assert_false(t->dirs.unstable);
	table_free(t);
}

/* Two parts of two files, whatever else agrees, are no row. */
static void test_contradictions(void **state)
{
	static const struct {
		const char *link, *info;
	} cases[] = {
		{ "anon_inode:[eventfd]", "pos:\t0\nflags:\t02\nmnt_id:\t9\nino:\t1\n"
					  "clockid: 1\n" },
		{ "/dev/null", "pos:\t0\nflags:\t02\nmnt_id:\t9\nino:\t1\nsigmask:\t0\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct table *t = table_new(cases[i].link);
		struct fdent e;

		put(t, "3", cases[i].info);
		e = row(t, 3);
		assert_int_equal(e.err, ESTALE);
		assert_int_equal(e.have, 0);
		assert_true(t->dirs.unstable);
		table_free(t);
	}
}

static void test_closed(void **state)
{
	struct table *t = table_new("/dev/null");
	struct fdent e = { .proc = &t->proc };

	(void)state;
	assert_false(table_read_fd(&t->reader, &t->dirs, &e, 9));
	table_free(t);
}

static int learn(void **state)
{
	int procfs = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char text[256];

	(void)state;
	known_learn(&known, procfs);
	fdinfo_names_inodes = info_of(procfs, text, sizeof(text)).has_ino;
	close(procfs);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_kinds),    cmocka_unit_test(test_learns_of_proc_only),
		cmocka_unit_test(test_nothing_known),  cmocka_unit_test(test_fdinfo_without_inode),
		cmocka_unit_test(test_foreign_inodes), cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_closed),
	};

	return cmocka_run_group_tests(tests, learn, NULL);
}
