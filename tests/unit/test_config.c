/* SPDX-License-Identifier: MIT */
/* The configuration file: whatever is in it, and that its defaults change nothing. */
#include <ncurses.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/base/alloc.h"
#include "ui/tui/config.h"
#include "ui/tui/keyconf.h"
#include "ui/tui/nearest.h"
#include "ui/tui/term.h"

static void parse(struct settings *s, const char *text)
{
	settings_init(s, TEXT_UTF8);
	config_parse(s, text, strlen(text));
}

/* Exactly one problem, on that line, that says so. */
static void one_problem(const struct settings *s, unsigned line, const char *words)
{
	if (s->n_problems != 1)
		fail_msg("%zu problems, not one", s->n_problems);
	assert_int_equal(s->problems[0].line, line);
	if (!strstr(s->problems[0].words, words))
		fail_msg("\"%s\" is not in: %s", words, s->problems[0].words);
}

static void values_are_taken(void **state)
{
	struct settings s;

	(void)state;
	parse(&s, "# a comment\n\n  columns = FD, INO ,rtt\nsort=-ino\n\tgroup =yes\n"
		  "sort-processes = -user\ntree = on\nrefresh = 1.5s\ntheme = mono, ascii\n"
		  "mouse = no\nsync = off");
	assert_int_equal(s.n_problems, 0);
	assert_int_equal(s.columns.n, 3);
	assert_string_equal(column_heading(&s.columns.at[1]), "INO");
	assert_string_equal(column_heading(&s.columns.at[2]), "rtt");
	assert_int_equal(s.fds_order.by, FDS_BY_COLUMN);
	assert_true(s.fds_order.invert);
	assert_int_equal(s.procs_order.by, PROCS_BY_USER);
	assert_true(s.procs_order.invert && s.group && s.tree && s.ascii);
	assert_int_equal(s.refresh_ms, 1500);
	assert_int_equal(s.color, TUI_COLOR_NEVER);
	assert_false(s.mouse || s.sync);
	assert_int_equal(s.at[SETTING_SYNC].source.line, 11);
	assert_int_equal(s.at[SETTING_SYNC].source.from, FROM_FILE);
	settings_release(&s);
}

static void plus_adds_to_the_usual_columns(void **state)
{
	struct settings s;

	(void)state;
	parse(&s, "columns = +ino");
	assert_int_equal(s.n_problems, 0);
	assert_int_equal(s.columns.n, 7);
	assert_string_equal(column_heading(&s.columns.at[6]), "INO");
	settings_release(&s);
}

static void times(void **state)
{
	static const struct {
		const char *text;
		unsigned ms; /* 0: wrong */
	} all[] = {
		{ "100ms", 100 },   { "2", 2000 }, { "2s", 2000 },
		{ "0.25 s", 250 },  { "1h", 0 },   { "5m", 300000 },
		{ "60m", 3600000 }, { "61m", 0 },  { "0.05", 0 },
		{ "-1", 0 },        { "", 0 },     { "s", 0 },
		{ "1e3", 0 },       { "inf", 0 },  { "99999999999999999999", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		autofree char *text = xasprintf("refresh = %s\n", all[i].text);
		struct settings s;

		parse(&s, text);
		if (s.n_problems != !all[i].ms || s.refresh_ms != (all[i].ms ? all[i].ms : 1000))
			fail_msg("%s: %u ms, %zu problems", all[i].text, s.refresh_ms,
				 s.n_problems);
		settings_release(&s);
	}
}

static void a_wrong_line_is_told_and_the_rest_applies(void **state)
{
	struct settings s;

	(void)state;
	parse(&s, "mouse = no\nrfresh = 2s\nrefresh = 3s\n");
	one_problem(&s, 2, "\"rfresh\"; refresh?");
	assert_false(s.mouse);
	assert_int_equal(s.refresh_ms, 3000);
	settings_release(&s);

	parse(&s, "what is this\nmouse = no\n");
	one_problem(&s, 1, "name = value");
	assert_false(s.mouse);
	settings_release(&s);

	parse(&s, "mouse = perhaps\n");
	one_problem(&s, 1, "yes or no");
	assert_true(s.mouse);
	settings_release(&s);

	parse(&s, "theme = pink\nrefresh = 2s\n");
	one_problem(&s, 1, "pink");
	assert_int_equal(s.color, TUI_COLOR_AUTO);
	settings_release(&s);

	parse(&s, "columns = FD,a b:c\n");
	one_problem(&s, 1, "columns");
	assert_int_equal(s.columns.n, 6);
	settings_release(&s);

	parse(&s, "sort = fd\nsort = kind\n");
	one_problem(&s, 2, "already, by line 1");
	assert_int_equal(s.fds_order.by, FDS_BY_FD);
	settings_release(&s);

	parse(&s, "sort = !!\n=\n");
	assert_int_equal(s.n_problems, 2);
	settings_release(&s);
}

static void too_many_columns(void **state)
{
	autobuf text = BUF_INIT;
	struct settings s;

	(void)state;
	buf_adds(&text, "columns = fd");
	for (int i = 0; i < SETTINGS_COLUMNS_MAX; i++)
		buf_adds(&text, ",ino");
	parse(&s, buf_str(&text));
	one_problem(&s, 1, "at most");
	settings_release(&s);
}

/* ---- bytes that mean no good ---- */

static void hostile_lines(void **state)
{
	static const char nul[] = "mouse = no\nrefresh\0 = 2s\nsync = no\n";
	struct settings s;

	(void)state;
	settings_init(&s, TEXT_UTF8);
	config_parse(&s, nul, sizeof(nul) - 1);
	one_problem(&s, 2, "NUL");
	assert_false(s.mouse || s.sync);
	settings_release(&s);

	parse(&s, "mouse = no\nrefresh = \xff\xfe\nsync = no");
	one_problem(&s, 2, "UTF-8");
	assert_false(s.mouse || s.sync);
	settings_release(&s);

	parse(&s, "\xef\xbb\xbfmouse = no\r\n\r\n# x\r\nsync = no\r\n");
	assert_int_equal(s.n_problems, 0);
	assert_false(s.mouse || s.sync);
	assert_string_equal(s.at[SETTING_SYNC].text, "no");
	settings_release(&s);

	parse(&s, "mo\x1b[31mse = no\n");
	one_problem(&s, 1, "mo\\e[31mse");
	settings_release(&s);

	parse(&s, "key.descriptors.hold = \x1b\n");
	one_problem(&s, 1, "\\e");
	settings_release(&s);
}

static void a_line_of_a_mebibyte(void **state)
{
	size_t len = 1 << 20;
	autofree char *text = xmalloc(len + 64);
	struct settings s;

	(void)state;
	memset(text, 'x', len);
	strcpy(text + len, "\nmouse = no\n");
	settings_init(&s, TEXT_UTF8);
	config_parse(&s, text, strlen(text));
	one_problem(&s, 1, "longer than");
	assert_false(s.mouse);
	settings_release(&s);

	/* Names that are long but not too long are cut where they are told. */
	text[4000] = '=';
	strcpy(text + 4001, "1\n");
	settings_init(&s, TEXT_UTF8);
	config_parse(&s, text, strlen(text));
	one_problem(&s, 1, "...");
	assert_true(strlen(s.problems[0].words) < 200);
	settings_release(&s);
}

static void many_problems_are_not_all_listed(void **state)
{
	autobuf text = BUF_INIT;
	struct settings s;

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_adds(&text, "?\n");
	buf_adds(&text, "mouse = no\n");
	parse(&s, buf_str(&text));
	assert_int_equal(s.n_problems, CONFIG_PROBLEMS + 1);
	assert_int_equal(s.problems[CONFIG_PROBLEMS - 1].line, CONFIG_PROBLEMS);
	assert_non_null(strstr(s.problems[CONFIG_PROBLEMS].words, "more"));
	assert_false(s.mouse);
	settings_release(&s);
}

/* ---- keys ---- */

static void keys_are_bound(void **state)
{
	struct settings s;

	(void)state;
	parse(&s, "key.all.dump = Ins F12\nkey.shelf.dump = D\nkey.descriptors.hold = d\n"
		  "key.jobs.back = none\nkey.all.help = enter\n");
	/* Enter is view, open or go-to in most of them: it is taken away there. */
	assert_int_equal(s.n_problems, 0);
	assert_int_equal(keymap_find(&s.keys, K(KEY_IC), CTX_FDS), ACTION_DUMP);
	assert_int_equal(keymap_find(&s.keys, key_of_text("F12"), CTX_DETAIL), ACTION_DUMP);
	assert_int_equal(keymap_find(&s.keys, K(KEY_IC), CTX_SHELF), ACTION_NONE);
	assert_int_equal(keymap_find(&s.keys, 'D', CTX_SHELF), ACTION_DUMP);
	assert_int_equal(keymap_find(&s.keys, 'd', CTX_FDS), ACTION_HOLD);
	assert_int_equal(keymap_find(&s.keys, 'd', CTX_DETAIL), ACTION_NONE);
	assert_int_equal(keymap_find(&s.keys, 'a', CTX_FDS), ACTION_NONE);
	assert_int_equal(keymap_find(&s.keys, 'a', CTX_DETAIL), ACTION_HOLD);
	assert_int_equal(keymap_find(&s.keys, 'q', CTX_JOBS), ACTION_NONE);
	assert_int_equal(keymap_find(&s.keys, '\r', CTX_PROCS), ACTION_HELP);
	assert_int_equal(keymap_key_of(&s.keys, ACTION_DUMP, CTX_FDS), K(KEY_IC));
	assert_int_equal(keyconf_origin(&s, ACTION_DUMP, CTX_FDS)->line, 1);
	assert_int_equal(keyconf_origin(&s, ACTION_DUMP, CTX_SHELF)->line, 2);
	assert_null(keyconf_origin(&s, ACTION_HOLD, CTX_DETAIL));
	settings_release(&s);
}

static void two_actions_may_change_their_keys(void **state)
{
	struct settings s;

	(void)state;
	parse(&s, "key.all.hold = d\nkey.all.dump = a\n");
	assert_int_equal(s.n_problems, 0);
	assert_int_equal(keymap_find(&s.keys, 'd', CTX_FDS), ACTION_HOLD);
	assert_int_equal(keymap_find(&s.keys, 'a', CTX_FDS), ACTION_DUMP);
	assert_int_equal(keymap_find(&s.keys, 'd', CTX_SHELF), ACTION_NONE);
	settings_release(&s);
}

static void two_actions_on_one_key(void **state)
{
	struct settings s;

	(void)state;
	parse(&s, "key.descriptors.hold = x\nmouse = no\nkey.descriptors.dump = y x\n");
	one_problem(&s, 3, "x is hold in descriptors, by line 1");
	assert_int_equal(keymap_find(&s.keys, 'x', CTX_FDS), ACTION_HOLD);
	assert_int_equal(keymap_find(&s.keys, 'd', CTX_FDS), ACTION_DUMP);
	settings_release(&s);

	/* In contexts of their own it is no such thing. */
	parse(&s, "key.shelf.dump = X\nkey.descriptors.hold = X\n");
	assert_int_equal(s.n_problems, 0);
	settings_release(&s);

	parse(&s, "key.all.hold = a\nkey.all.hold = b\n");
	one_problem(&s, 2, "already, by line 1");
	settings_release(&s);
}

static void wrong_keys(void **state)
{
	static const struct {
		const char *line, *words;
	} all[] = {
		{ "key.descriptors.hold = nonsense", "no such key: \"nonsense\"" },
		{ "key.descriptors.hold = F99", "no such key" },
		{ "key.descriptors.hold =", "which key" },
		{ "key.descriptors.hld = x", "\"hld\"; hold?" },
		{ "key.descriptor.hold = x", "\"descriptor\"; descriptors?" },
		{ "key.hold = x", "key.CONTEXT.ACTION" },
		{ "key.shelf.hold = x", "does nothing in that context" },
		{ "key.dialog.cancel = x", "fixed" },
		{ "key.prompt.cancel = x", "fixed" },
		{ "key.all.hold = 1 2 3 4 5 6 7 8 9", "at most" },
		{ "key.. = x", "no such context" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct settings s;

		parse(&s, all[i].line);
		one_problem(&s, 1, all[i].words);
		settings_release(&s);
	}
}

/* ---- the file with the defaults ---- */

static bool same_keys(const struct keymap *a, const struct keymap *b)
{
	for (size_t i = 0; i < a->n; i++)
		for (unsigned c = 1; c <= CTX_LAST; c <<= 1)
			if (keymap_find(a, a->at[i].key, c) != keymap_find(b, a->at[i].key, c))
				return false;
	for (int x = 1; x < ACTION_COUNT; x++)
		for (unsigned c = 1; c <= CTX_LAST; c <<= 1)
			if (keymap_key_of(a, (enum action)x, c) !=
			    keymap_key_of(b, (enum action)x, c))
				return false;
	return true;
}

static void check_standard(const char *text, enum setting_from from)
{
	struct settings is, usual;

	settings_init(&usual, TEXT_UTF8);
	parse(&is, text);
	if (is.n_problems)
		fail_msg("line %u: %s", is.problems[0].line, is.problems[0].words);
	assert_true(same_keys(&is.keys, &usual.keys));
	assert_true(same_keys(&usual.keys, &is.keys));
	for (int i = 0; i < SETTING_COUNT; i++) {
		assert_string_equal(is.at[i].text, usual.at[i].text);
		assert_int_equal(is.at[i].source.from, from);
	}
	settings_release(&is);
	settings_release(&usual);
}

/* "#name = value" is a setting that is commented out, "# ..." is prose. */
static void uncomment(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++)
		if (*from != '#' || (from > text && from[-1] != '\n') || from[1] == ' ')
			*to++ = *from;
	*to = '\0';
}

static void the_standard_file_changes_nothing(void **state)
{
	autobuf b = BUF_INIT;
	autofree char *text = NULL;

	(void)state;
	config_standard(&b);
	text = buf_steal(&b);
	check_standard(text, FROM_DEFAULT);
	uncomment(text);
	check_standard(text, FROM_FILE);
}

/* ---- the place of the file ---- */

struct place {
	char dir[64], file[128];
};

static void place_make(struct place *p, const char *text, mode_t mode)
{
	char sub[96];
	FILE *f;

	snprintf(p->dir, sizeof(p->dir), "%s/config.XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(p->dir));
	snprintf(sub, sizeof(sub), "%s/filch", p->dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	snprintf(p->file, sizeof(p->file), "%s/config", sub);
	f = fopen(p->file, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(p->file, mode), 0);
	setenv("XDG_CONFIG_HOME", p->dir, 1);
}

static void only_a_file_that_is_ours_alone_is_read(void **state)
{
	static const struct {
		mode_t mode;
		bool read;
	} all[] = { { 0600, true }, { 0644, true }, { 0664, false }, { 0602, false } };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct settings s;
		struct place p;

		place_make(&p, "mouse = no\n", all[i].mode);
		settings_init(&s, TEXT_UTF8);
		config_read(&s);
		assert_string_equal(s.path, p.file);
		assert_int_equal(s.was_read, all[i].read);
		assert_int_equal(s.mouse, !all[i].read);
		if (!all[i].read)
			one_problem(&s, 0, "others may write it");
		settings_release(&s);
	}
}

static void somebody_elses_file(void **state)
{
	struct settings s;
	struct place p;

	(void)state;
	if (geteuid() != 0)
		skip();
	place_make(&p, "mouse = no\n", 0644);
	assert_int_equal(chown(p.file, 65534, 65534), 0);
	settings_init(&s, TEXT_UTF8);
	config_read(&s);
	one_problem(&s, 0, "belongs to user 65534");
	assert_true(s.mouse);
	settings_release(&s);
}

static void a_fifo_does_not_hang(void **state)
{
	struct settings s;
	struct place p;

	(void)state;
	place_make(&p, "", 0600);
	unlink(p.file);
	assert_int_equal(mkfifo(p.file, 0600), 0);
	settings_init(&s, TEXT_UTF8);
	config_read(&s);
	one_problem(&s, 0, "regular");
	settings_release(&s);
}

static void where_it_is(void **state)
{
	autofree char *a = NULL, *b = NULL, *c = NULL;

	(void)state;
	setenv("XDG_CONFIG_HOME", "/nowhere", 1);
	a = config_path();
	assert_string_equal(a, "/nowhere/filch/config");
	setenv("XDG_CONFIG_HOME", "relative", 1);
	setenv("HOME", "/var/jo", 1);
	b = config_path();
	assert_string_equal(b, "/var/jo/.config/filch/config");
	unsetenv("HOME");
	c = config_path();
	assert_non_null(strstr(c, "/.config/filch/config"));
}

static void no_file_is_no_problem(void **state)
{
	struct settings s;

	(void)state;
	setenv("XDG_CONFIG_HOME", "/nowhere/at/all", 1);
	settings_init(&s, TEXT_UTF8);
	config_read(&s);
	assert_int_equal(s.n_problems, 0);
	assert_false(s.was_read);
	settings_release(&s);
}

static void meant(void **state)
{
	struct nearest n;

	(void)state;
	nearest_init(&n, "columnz", 7);
	nearest_offer(&n, "mouse");
	nearest_offer(&n, "columns");
	assert_string_equal(n.best, "columns");
	nearest_init(&n, "zzzz", 4);
	nearest_offer(&n, "mouse");
	assert_null(n.best);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_taken),
		cmocka_unit_test(plus_adds_to_the_usual_columns),
		cmocka_unit_test(times),
		cmocka_unit_test(a_wrong_line_is_told_and_the_rest_applies),
		cmocka_unit_test(too_many_columns),
		cmocka_unit_test(hostile_lines),
		cmocka_unit_test(a_line_of_a_mebibyte),
		cmocka_unit_test(many_problems_are_not_all_listed),
		cmocka_unit_test(keys_are_bound),
		cmocka_unit_test(two_actions_may_change_their_keys),
		cmocka_unit_test(two_actions_on_one_key),
		cmocka_unit_test(wrong_keys),
		cmocka_unit_test(the_standard_file_changes_nothing),
		cmocka_unit_test(only_a_file_that_is_ours_alone_is_read),
		cmocka_unit_test(somebody_elses_file),
		cmocka_unit_test(a_fifo_does_not_hang),
		cmocka_unit_test(where_it_is),
		cmocka_unit_test(no_file_is_no_problem),
		cmocka_unit_test(meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
