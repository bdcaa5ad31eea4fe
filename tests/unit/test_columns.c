/* SPDX-License-Identifier: MIT */
/* The table of columns: names, cells, sorting, marks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "src/net/sock.h"
#include "src/survey/columns.h"
#include "tests/unit/picture.h"

static struct picture pic;
static struct columns columns;

static int setup(void **state)
{
	(void)state;
	memset(&pic, 0, sizeof(pic));
	picture_add(&pic, 100, 6);
	picture_add(&pic, 200, 6);
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

static const char *cell(const char *name, const struct fdent *e)
{
	static struct buf out;
	struct column_ref ref;

	buf_release(&out);
	if (column_find(&ref, name, strlen(name)) < 0)
		return NULL;
	column_format(&out, &columns, &ref, e);
	return buf_str(&out);
}

static void test_table(void **state)
{
	(void)state;
	for (const struct column *c = column_table; c->name; c++) {
		struct column_ref ref;

		assert_true(c->width > 0);
		assert_true(strlen(c->help) > 3);
		assert_int_equal(column_find(&ref, c->alias, strlen(c->alias)), 0);
		assert_ptr_equal(ref.column, c);
		assert_int_equal(column_find(&ref, c->name, strlen(c->name)), 0);
		assert_ptr_equal(ref.column, c);
		assert_string_equal(column_heading(&ref), c->alias);
		for (const struct column *d = c + 1; d->name; d++) {
			assert_int_not_equal(strcasecmp(c->name, d->name), 0);
			assert_int_not_equal(strcasecmp(c->alias, d->alias), 0);
			assert_int_not_equal(strcasecmp(c->name, d->alias), 0);
			assert_int_not_equal(strcasecmp(c->alias, d->name), 0);
		}
		/* Every cell of every row has something to show. */
		for (uint32_t i = 0; i < 6; i++)
			assert_true(strlen(cell(c->name, &pic.proc[0].rows[i])) > 0);
	}
}

static void test_cells(void **state)
{
	struct fdent *e = &pic.proc[0].rows[3];
	struct fdent cwd = *e, bad = *e, socket = *e;
	struct sock_info info = { .has = SOCK_HAS_QUEUES, .rqueue = 0, .wqueue = 812 };

	(void)state;
	e->flags |= O_APPEND | O_NONBLOCK;
	assert_string_equal(cell("FD", e), "3");
	assert_string_equal(cell("mode", e), "rwa");
	assert_string_equal(cell("pos/size", e), "3/400");
	assert_string_equal(cell("flags", e), "O_RDWR|O_APPEND|O_NONBLOCK");
	assert_string_equal(cell("dev", e), "8:1");
	assert_string_equal(cell("rdev", e), "-");
	assert_string_equal(cell("detail", e), "/tmp/Socket count 30");
	assert_string_equal(cell("LIM", e), "3%");
	assert_string_equal(cell("user", e), "12345");
	assert_string_equal(cell("command", e), "nginx: worker");
	assert_string_equal(cell("seals", e), "F_SEAL_SHRINK F_SEAL_GROW");
	assert_string_equal(cell("watches.tfd", e), "4 5 6");
	assert_string_equal(cell("watches", e), "3");
	assert_string_equal(cell("gone", e), "EINVAL from ioctl");
	assert_string_equal(cell("no_such_fact", e), "-");
	assert_null(cell("no such fact", e));
	assert_null(cell("", e));
	e->deleted = DELETED_INODE;
	assert_string_equal(cell("detail", e), "/tmp/Socket count 30  [deleted]");
	cwd.assoc = ASSOC_CWD;
	cwd.fd = -1;
	assert_string_equal(cell("fd", &cwd), "cwd");
	bad.have = 0;
	bad.err = 13;
	bad.err_call = "readlink";
	assert_string_equal(cell("detail", &bad), "EACCES from readlink");
	assert_string_equal(cell("error", &bad), "EACCES from readlink");
	assert_string_equal(cell("ino", &bad), "-");
	socket.sock = &info;
	socket.mode = S_IFSOCK;
	assert_string_equal(cell("pos/size", &socket), "rq 0 sq 812");
	assert_string_equal(cell("sq", &socket), "812");
	e->name = "a\033[31m\nb";
	e->name_len = 8;
	assert_string_equal(cell("name", e), "a\\e[31m\\nb");
}

static void test_lists(void **state)
{
	struct column_list list;
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(column_list_parse(&list, "fd,KIND,rtt", COLUMNS_OF_ONE, &f), 0);
	assert_int_equal(list.n, 3);
	assert_string_equal(column_heading(&list.at[2]), "rtt");
	column_list_release(&list);
	assert_int_equal(column_list_parse(&list, "+RTT", COLUMNS_OF_ONE, &f), 0);
	assert_int_equal(list.n, 7);
	assert_string_equal(list.at[6].fact, "rtt");
	column_list_release(&list);
	assert_int_equal(column_list_parse(&list, COLUMNS_OF_MANY, "", &f), 0);
	for (size_t i = 0; i < list.n; i++)
		assert_non_null(list.at[i].column);
	column_list_release(&list);
	assert_true(column_list_parse(&list, "fd,a b", COLUMNS_OF_ONE, &f) < 0);
	assert_int_equal(f.class, FAIL_USAGE);
	assert_true(column_list_parse(&list, "", COLUMNS_OF_ONE, &f) < 0);
	assert_true(column_list_parse(&list, "fd,,kind", COLUMNS_OF_ONE, &f) < 0);
}

static void sorted(const char *name, bool descending, const struct fdent **rows, size_t n)
{
	struct column_ref ref;

	assert_int_equal(column_find(&ref, name, strlen(name)), 0);
	column_sort(&columns, &ref, descending, rows, n);
}

static void test_sort(void **state)
{
	const struct fdent *rows[12];

	(void)state;
	for (int i = 0; i < 12; i++)
		rows[i] = &pic.proc[i / 6].rows[i % 6];
	pic.proc[0].rows[0].have &= (uint8_t)~HAVE_SIZE;
	sorted("size", true, rows, 12);
	assert_int_equal(rows[0]->fd, 5);
	assert_int_equal(rows[0]->proc->pid, 100); /* equal: as they were */
	assert_int_equal(rows[1]->proc->pid, 200);
	assert_ptr_equal(rows[11], &pic.proc[0].rows[0]); /* no size: last */
	sorted("size", false, rows, 12);
	assert_int_equal(rows[0]->fd, 0);
	assert_int_equal(rows[0]->proc->pid, 200);
	assert_ptr_equal(rows[11], &pic.proc[0].rows[0]);
	sorted("only3", false, rows, 12);
	assert_int_equal(rows[0]->fd, 3);
	assert_int_equal(rows[1]->fd, 3);
	sorted("pid", true, rows, 12);
	assert_int_equal(rows[0]->proc->pid, 200);
	assert_int_equal(rows[0]->fd, 3);
	pic.proc[0].rows[4].name = "/b";
	pic.proc[0].rows[4].name_len = 2;
	pic.proc[1].rows[1].name = "/bc";
	pic.proc[1].rows[1].name_len = 3;
	sorted("name", false, rows, 12);
	assert_ptr_equal(rows[0], &pic.proc[0].rows[4]);
	assert_ptr_equal(rows[1], &pic.proc[1].rows[1]);
}

static void test_marks(void **state)
{
	struct fdent *a = pic.proc[0].rows, *b = pic.proc[1].rows;

	(void)state;
	for (int i = 0; i < 6; i++) {
		a[i].ofd = (uint32_t)i + 1;
		b[i].ofd = (uint32_t)i + 7;
		a[i].shares = b[i].shares = 1;
		b[i].ino = 200 + (uint64_t)i;
	}
	b[2].ino = a[2].ino; /* opened twice */
	b[4].ofd = a[4].ofd; /* the same */
	a[4].shares = b[4].shares = 2;
	b[4].ino = a[4].ino;
	a[1].ofd = a[1].shares = 0; /* not known */
	assert_string_equal(cell("share", &a[0]), "-");
	assert_string_equal(cell("share", &a[1]), "?");
	assert_string_equal(cell("share", &a[2]), "~A 2");
	assert_string_equal(cell("share", &b[2]), "~A 2");
	assert_string_equal(cell("share", &a[4]), "=B 2");
	assert_string_equal(cell("share", &b[4]), "=B 2");
}

static void test_letters(void **state)
{
	static const struct {
		uint32_t n;
		const char *text;
	} cases[] = { { 1, "A" },   { 26, "Z" },   { 27, "AA" },
		      { 52, "AZ" }, { 702, "ZZ" }, { 703, "AAA" } };
	autobuf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&out);
		mark_letters(&out, cases[i].n);
		assert_string_equal(buf_str(&out), cases[i].text);
	}
	buf_reset(&out);
	mark_letters(&out, UINT32_MAX);
	assert_int_equal(out.len, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cells, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sort, setup, teardown),
		cmocka_unit_test_setup_teardown(test_marks, setup, teardown),
		cmocka_unit_test(test_letters),
	};

	return cmocka_run_group_tests_name("columns", tests, NULL, NULL);
}
