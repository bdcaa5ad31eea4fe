/* SPDX-License-Identifier: MIT */
/* What a shelf that was killed leaves behind, whole or damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/base/fd.h"
#include "src/keep/journal.h"

static char folder[] = "/tmp/filch-journal.XXXXXX";
static struct place place;

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	place.dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return place.dir < 0;
}

static int teardown(void **state)
{
	(void)state;
	unlinkat(place.dir, PLACE_JOURNAL, 0);
	unlinkat(place.dir, PLACE_JOURNAL ".new", 0);
	close(place.dir);
	return rmdir(folder);
}

static struct wire_packet packet(pid_t pid, int fd, const char *kind, const char *name, size_t len)
{
	struct wire_packet p = { .item = { .pid = pid, .fd = fd, .comm_len = 4 } };

	strncat(p.item.kind, kind, sizeof(p.item.kind) - 1);
	memcpy(p.text, "comm", 4);
	memcpy(p.text + 4, name, len);
	p.item.name_len = (uint16_t)len;
	return p;
}

static void add(struct journal *j, uint32_t id, pid_t pid, int fd, const char *name)
{
	struct wire_packet p = packet(pid, fd, "file", name, strlen(name));

	journal_add(j, id, &p);
}

static struct journal begin(int64_t since, uint32_t next)
{
	struct journal j;

	assert_int_equal(journal_begin(&j, &place, since, next), 0);
	assert_int_equal(journal_commit(&j, &place), 0);
	return j;
}

static void write_journal(const char *text, size_t len)
{
	int fd = openat(place.dir, PLACE_JOURNAL, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(fd_write_all(fd, text, len), 0);
	close(fd);
}

static void lost(size_t n, const char *text, int64_t since, uint32_t next)
{
	struct journal_loss loss;

	journal_recover(&place, &loss);
	assert_int_equal(loss.n, n);
	assert_string_equal(buf_str(&loss.text), text);
	if (since >= 0)
		assert_int_equal(loss.since, since);
	assert_int_equal(loss.next, next);
	journal_loss_release(&loss);
}

static void test_killed(void **state)
{
	struct journal j = begin(1000, 7);

	(void)state;
	add(&j, 7, 41, 3, "/a");
	add(&j, 8, 41, 4, "/b");
	add(&j, 9, 42, -1, "/c d");
	journal_drop(&j, 8);
	fd_close(&j.fd);
	lost(2, "h7 41:3 file /a\nh9 42:- file /c d\n", 1000, 10);
	/* It was said; what stays is that those names were given away. */
	lost(0, "", -1, 10);
}

static void test_ended(void **state)
{
	struct journal j = begin(1000, 1);

	(void)state;
	add(&j, 1, 41, 3, "/a");
	journal_end(&j, &place);
	lost(0, "", 0, 0);
	assert_int_equal(j.fd, -1);
}

/* A name of another's is written as display text: one line, and no escape. */
static void test_hostile_names(void **state)
{
	static const char name[] = "/x\n+ 99 1:1 file /forged\n\x1b[31m\xe2\x80\xae\xff\0z";
	struct wire_packet p = packet(5, 6, "ki\nnd", name, sizeof(name) - 1);
	struct journal j = begin(5, 1);
	struct journal_loss loss;

	(void)state;
	journal_add(&j, 1, &p);
	fd_close(&j.fd);
	journal_recover(&place, &loss);
	assert_int_equal(loss.n, 1);
	assert_null(strstr(buf_str(&loss.text), "\x1b"));
	assert_null(strstr(buf_str(&loss.text), "h99"));
	assert_int_equal(strcspn(buf_str(&loss.text), "\n"), loss.text.len - 1);
	for (size_t i = 0; i + 1 < loss.text.len; i++)
		assert_in_range((unsigned char)loss.text.data[i], ' ', '~');
	journal_loss_release(&loss);
}

/* A new one takes the place of the old one whole, or not at all. */
static void test_begin_without_commit(void **state)
{
	struct journal j = begin(1000, 1), fresh;

	(void)state;
	add(&j, 1, 41, 3, "/a");
	assert_int_equal(journal_begin(&fresh, &place, 2000, 5), 0);
	add(&fresh, 5, 43, 3, "/never committed");
	fd_close(&fresh.fd);
	fd_close(&j.fd);
	lost(1, "h1 41:3 file /a\n", 1000, 2);
}

static void test_damaged(void **state)
{
	static const char text[] = "begin 10 3\n+ 3 1:2 file /a\nrubbish\n+ x\n- 77\n-\n\n"
				   "+ 4 1:3 \x1b[0m\x80 file /b\n+ 5 1:4 file /c\n- 5\n+ 6 tor";

	(void)state;
	write_journal(text, sizeof(text) - 1);
	lost(3, "h3 1:2 file /a\nh4 1:3 ?[0m? file /b\nh6 tor\n", 10, 7);
}

static void test_no_journal(void **state)
{
	(void)state;
	unlinkat(place.dir, PLACE_JOURNAL, 0);
	lost(0, "", 0, 0);
	write_journal("", 0);
	lost(0, "", 0, 0);
	write_journal("\0\0\0", 3);
	lost(0, "", 0, 0);
}

static void make_socket(void)
{
	struct sockaddr_un addr;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	place_address(&place, &addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
}

static void unknown(bool want)
{
	struct journal_loss loss;

	journal_recover(&place, &loss);
	assert_int_equal(loss.n, 0);
	assert_int_equal(loss.unknown, want);
	journal_loss_release(&loss);
}

/* What could not be written down is not passed off as nothing, and is said once. */
static void test_full(void **state)
{
	struct rlimit before, small;
	struct journal j = begin(1000, 1), fresh;

	(void)state;
	add(&j, 1, 41, 3, "/a");
	getrlimit(RLIMIT_FSIZE, &before);
	small = (struct rlimit){ 40, before.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	add(&j, 2, 41, 4, "/much too long for what is left");
	assert_true(j.broken);
	add(&j, 3, 41, 5, "/b");
	/* Anew, while it is full still: the old one stays, and stays empty. */
	assert_int_equal(journal_begin(&fresh, &place, 1000, 1), 0);
	add(&fresh, 2, 41, 4, "/much too long for what is left");
	assert_true(journal_commit(&fresh, &place) < 0);
	fd_close(&fresh.fd);
	setrlimit(RLIMIT_FSIZE, &before);
	make_socket();
	fd_close(&j.fd);
	unknown(true);
	unknown(false);
}

static void test_full_and_anew(void **state)
{
	struct journal j = begin(1000, 1);

	(void)state;
	j.broken = true;
	fd_close(&j.fd);
	j = begin(1000, 3);
	add(&j, 2, 41, 3, "/a");
	fd_close(&j.fd);
	lost(1, "h2 41:3 file /a\n", 1000, 3);
	unlinkat(place.dir, PLACE_JOURNAL, 0);
}

/* A link there is not followed: it would overwrite what it points to. */
static void test_link(void **state)
{
	struct journal j;

	(void)state;
	unlinkat(place.dir, PLACE_JOURNAL ".new", 0);
	assert_int_equal(symlinkat("/dev/null", place.dir, PLACE_JOURNAL ".new"), 0);
	assert_true(journal_begin(&j, &place, 1, 1) < 0);
	unlinkat(place.dir, PLACE_JOURNAL ".new", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed),        cmocka_unit_test(test_ended),
		cmocka_unit_test(test_hostile_names), cmocka_unit_test(test_begin_without_commit),
		cmocka_unit_test(test_damaged),       cmocka_unit_test(test_no_journal),
		cmocka_unit_test(test_full),          cmocka_unit_test(test_full_and_anew),
		cmocka_unit_test(test_link),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
