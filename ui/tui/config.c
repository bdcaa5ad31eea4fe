/* SPDX-License-Identifier: MIT */
#include "ui/tui/config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fail.h"
#include "src/base/fd.h"
#include "ui/tui/keyconf.h"
#include "ui/tui/nearest.h"

void config_problem(struct settings *s, unsigned line, const char *fmt, ...)
{
	struct config_problem *p;
	va_list ap;

	if (s->n_problems > CONFIG_PROBLEMS)
		return;
	s->problems = xreallocarray(s->problems, s->n_problems + 1, sizeof(*s->problems));
	p = &s->problems[s->n_problems++];
	*p = (struct config_problem){ .line = line };
	if (s->n_problems > CONFIG_PROBLEMS) {
		p->line = UINT_MAX;
		p->words = xstrdup("and more lines are wrong");
		return;
	}
	va_start(ap, fmt);
	if (vasprintf(&p->words, fmt, ap) < 0)
		abort();
	va_end(ap);
}

void config_problem_text(const struct settings *s, const struct config_problem *p, struct buf *out)
{
	text_display(out, s->path ? s->path : "", s->path ? strlen(s->path) : 0, s->mode);
	if (p->line && p->line != UINT_MAX)
		buf_addf(out, ":%u", p->line);
	buf_addf(out, ": %s", p->words);
}

/* ---- lines ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static char *trim(char *s)
{
	size_t len;

	while (is_blank(*s))
		s++;
	len = strlen(s);
	while (len && is_blank(s[len - 1]))
		s[--len] = '\0';
	return s;
}

static void unknown_name(struct settings *s, unsigned line, const char *name, const char *meant)
{
	autobuf b = BUF_INIT;
	size_t len = strlen(name);

	text_display(&b, name, len < 40 ? len : 40, s->mode);
	config_problem(s, line, "no such setting: \"%s%s\"%s%s%s", buf_str(&b),
		       len > 40 ? "..." : "", meant ? "; " : "", meant ? meant : "",
		       meant ? "?" : "");
}

static void set_from_line(struct settings *s, unsigned line, const char *name, const char *value)
{
	struct setting_source source = { .from = FROM_FILE, .line = line };
	const char *meant = NULL;
	enum setting i = settings_find(name, strlen(name), &meant);
	autobuf why = BUF_INIT;

	if (i == SETTING_COUNT)
		unknown_name(s, line, name, meant);
	else if (s->at[i].source.from == FROM_FILE)
		config_problem(s, line, "%s is set already, by line %u", name,
			       s->at[i].source.line);
	else if (!settings_set(s, i, value, source, &why))
		config_problem(s, line, "%s: %s (wants %s)", name, buf_str(&why),
			       settings_table[i].wants);
}

static void parse_line(struct settings *s, unsigned line, char *text)
{
	char *eq, *name, *value;
	autobuf why = BUF_INIT;

	text = trim(text);
	if (!*text || *text == '#')
		return;
	eq = strchr(text, '=');
	if (!eq) {
		config_problem(s, line, "neither a comment nor \"name = value\"");
		return;
	}
	*eq = '\0';
	name = trim(text);
	value = trim(eq + 1);
	if (strncmp(name, "key.", 4) != 0)
		set_from_line(s, line, name, value);
	else if (!keyconf_line(s, line, name + 4, value, &why))
		config_problem(s, line, "%s", buf_str(&why));
}

/* Bytes that no line may have, whatever it says. */
static void take_line(struct settings *s, unsigned line, const char *text, size_t len)
{
	char copy[CONFIG_LINE_MAX + 1];

	if (len && text[len - 1] == '\r')
		len--;
	if (len > CONFIG_LINE_MAX) {
		config_problem(s, line, "longer than %d bytes", CONFIG_LINE_MAX);
	} else if (memchr(text, '\0', len)) {
		config_problem(s, line, "a NUL byte is in it");
	} else if (!text_is_utf8(text, len)) {
		config_problem(s, line, "not UTF-8");
	} else {
		memcpy(copy, text, len);
		copy[len] = '\0';
		parse_line(s, line, copy);
	}
}

static int compare_lines(const void *pa, const void *pb)
{
	const struct config_problem *a = pa, *b = pb;

	return a->line < b->line ? -1 : a->line > b->line;
}

void config_parse(struct settings *s, const char *text, size_t len)
{
	static const char mark[] = "\xef\xbb\xbf";
	size_t at = len >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;

	for (unsigned line = 1; at < len; line++) {
		const char *nl = memchr(text + at, '\n', len - at);
		size_t n = nl ? (size_t)(nl - (text + at)) : len - at;

		take_line(s, line, text + at, n);
		at += n + 1;
	}
	keyconf_apply(s);
	/* What is wrong with keys is only known at the end. A line has one problem at most. */
	if (s->n_problems)
		qsort(s->problems, s->n_problems, sizeof(*s->problems), compare_lines);
}

/* ---- the file ---- */

static char *home(void)
{
	const char *env = getenv("HOME");
	struct passwd pw, *found = NULL;
	char room[4096];

	if (env && *env == '/')
		return xstrdup(env);
	if (getpwuid_r(geteuid(), &pw, room, sizeof(room), &found) == 0 && found && *found->pw_dir)
		return xstrdup(found->pw_dir);
	return NULL;
}

char *config_path(void)
{
	const char *xdg = getenv("XDG_CONFIG_HOME");
	autofree char *at = NULL;

	if (xdg && *xdg == '/')
		return xasprintf("%s/filch/config", xdg);
	at = home();
	return at ? xasprintf("%s/.config/filch/config", at) : NULL;
}

/* Whoever can write it decides what our keys do. */
static bool is_trusted(struct settings *s, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		config_problem(s, 0, "not read: not a regular file");
	else if (st->st_uid != geteuid())
		config_problem(s, 0, "not read: it belongs to user %u, not to %u",
			       (unsigned)st->st_uid, (unsigned)geteuid());
	else if (st->st_mode & (S_IWGRP | S_IWOTH))
		config_problem(s, 0, "not read: others may write it (mode %04o); chmod go-w helps",
			       (unsigned)(st->st_mode & 07777));
	else
		return true;
	return false;
}

static int read_all(int fd, struct buf *out)
{
	while (out->len <= CONFIG_MAX) {
		ssize_t n;

		buf_reserve(out, 65536);
		n = read(fd, out->data + out->len, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		out->len += (size_t)n;
	}
	return 0;
}

static void read_file(struct settings *s, int fd)
{
	autobuf text = BUF_INIT;
	struct stat st;
	int err;

	if (fstat(fd, &st) < 0) {
		config_problem(s, 0, "fstat: %s", fail_errno_name(errno));
		return;
	}
	if (!is_trusted(s, &st))
		return;
	err = read_all(fd, &text);
	if (err < 0) {
		config_problem(s, 0, "read: %s", fail_errno_name(-err));
		return;
	}
	s->was_read = true;
	if (text.len > CONFIG_MAX)
		config_problem(s, 0, "longer than %d bytes: only these are read", CONFIG_MAX);
	config_parse(s, buf_str(&text), text.len > CONFIG_MAX ? CONFIG_MAX : text.len);
}

void config_read(struct settings *s)
{
	autoclose int fd = -1;

	s->path = config_path();
	if (!s->path)
		return;
	/* Not waiting for whoever would open the other end of a FIFO. */
	fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd >= 0)
		read_file(s, fd);
	else if (errno != ENOENT && errno != ENOTDIR)
		config_problem(s, 0, "open: %s", fail_errno_name(errno));
}

/* ---- what a file without any effect looks like ---- */

static void standard_key(void *arg, const char *name, const char *keys, enum action action,
			 unsigned contexts)
{
	(void)action;
	(void)contexts;
	buf_addf(arg, "#%s = %s\n", name, keys);
}

void config_standard(struct buf *out)
{
	struct keymap m;

	buf_adds(out, "# Settings of filch's terminal interface, one a line: name = value.\n"
		      "# Lines that begin with # say nothing. What follows are the defaults:\n"
		      "# take the # away to change one. filch config shows what is in force.\n");
	for (int i = 0; i < SETTING_COUNT; i++) {
		const struct setting_info *x = &settings_table[i];

		buf_addf(out, "\n# %s\n# wants %s\n#%s = %s\n", x->help, x->wants, x->name,
			 x->standard);
	}
	buf_adds(out,
		 "\n# Keys: key.CONTEXT.ACTION = KEY ..., these and no others; none takes all\n"
		 "# away. CONTEXT is ");
	for (unsigned c = 1; c <= CTX_LAST; c <<= 1)
		if (c & CTX_SETTABLE)
			buf_addf(out, "%s, ", context_name((enum context)c));
	buf_adds(out, "or all\n# where the action is known. A key is x, ^X, F1, Enter, Tab, S-Tab,"
		      " Space, Esc,\n# Backspace, Up, Down, Left, Right, PgUp, PgDn, Home, End, Ins"
		      " or Del.\n\n");
	keymap_init(&m);
	keyconf_each(&m, standard_key, out);
	keymap_release(&m);
}
