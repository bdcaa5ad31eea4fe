/* SPDX-License-Identifier: MIT */
#include "ui/tui/settings.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "src/base/alloc.h"
#include "ui/tui/nearest.h"

#define REFRESH_LEAST_MS 100u
#define REFRESH_MOST_MS  3600000u

static bool set_columns(struct settings *s, const char *text, struct buf *why)
{
	struct column_list list = { 0 };
	autobuf bare = BUF_INIT;
	struct fail f = { 0 };

	for (; *text; text++)
		if (*text != ' ' && *text != '\t')
			buf_addc(&bare, *text);
	if (column_list_parse(&list, buf_str(&bare), COLUMNS_OF_ONE, &f) < 0) {
		buf_adds(why, f.why);
		buf_adds(why, ": \"");
		text_display(why, f.on, strnlen(f.on, 40), s->mode);
		buf_addc(why, '"');
	} else if (list.n > SETTINGS_COLUMNS_MAX) {
		buf_addf(why, "at most %d columns", SETTINGS_COLUMNS_MAX);
	} else {
		column_list_release(&s->columns);
		s->columns = list;
		return true;
	}
	column_list_release(&list);
	return false;
}

static bool set_sort(struct settings *s, const char *text, struct buf *why)
{
	if (fds_order_parse(&s->fds_order, text))
		return true;
	buf_adds(why, "no such column");
	return false;
}

static bool set_sort_processes(struct settings *s, const char *text, struct buf *why)
{
	if (procs_order_parse(&s->procs_order, text))
		return true;
	buf_adds(why, "processes are not sorted by that");
	return false;
}

static bool yes_or_no(bool *at, const char *text, struct buf *why)
{
	static const char *const yes[] = { "yes", "on", "true", "1" };
	static const char *const no[] = { "no", "off", "false", "0" };

	for (size_t i = 0; i < 4; i++) {
		if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
			*at = strcasecmp(text, yes[i]) == 0;
			return true;
		}
	}
	buf_adds(why, "neither yes nor no");
	return false;
}

static bool set_group(struct settings *s, const char *text, struct buf *why)
{
	return yes_or_no(&s->group, text, why);
}

static bool set_tree(struct settings *s, const char *text, struct buf *why)
{
	return yes_or_no(&s->tree, text, why);
}

static bool set_mouse(struct settings *s, const char *text, struct buf *why)
{
	return yes_or_no(&s->mouse, text, why);
}

static bool set_sync(struct settings *s, const char *text, struct buf *why)
{
	return yes_or_no(&s->sync, text, why);
}

/* Digits and at most one dot, so that neither the locale nor "inf" gets a say. */
static bool milliseconds(const char *text, uint64_t *ms)
{
	uint64_t whole = 0, part = 0, scale = 1000, unit;
	bool any = false;

	for (; *text >= '0' && *text <= '9' && whole < 1000000; text++, any = true)
		whole = whole * 10 + (uint64_t)(*text - '0');
	if (*text == '.')
		for (text++; *text >= '0' && *text <= '9'; text++) {
			scale /= 10;
			part += (uint64_t)(*text - '0') * scale;
		}
	while (*text == ' ')
		text++;
	unit = !strcmp(text, "") || !strcmp(text, "s") ? 1000
	       : !strcmp(text, "ms")                   ? 1
	       : !strcmp(text, "m")                    ? 60000
						       : 0;
	*ms = whole * unit + part * unit / 1000;
	return any && unit;
}

static bool set_refresh(struct settings *s, const char *text, struct buf *why)
{
	uint64_t ms;

	if (!milliseconds(text, &ms))
		buf_adds(why, "not a time");
	else if (ms < REFRESH_LEAST_MS || ms > REFRESH_MOST_MS)
		buf_adds(why, "out of range");
	else
		s->refresh_ms = (unsigned)ms;
	return !why->len;
}

static bool set_theme(struct settings *s, const char *text, struct buf *why)
{
	static const char *const words[] = { "auto", "color", "mono", "ascii" };
	static const char between[] = ", \t";
	enum tui_color color = TUI_COLOR_AUTO;
	bool ascii = false;

	for (text += strspn(text, between); *text; text += strspn(text, between)) {
		size_t len = strcspn(text, between), i = 0;

		while (i < 4 && (strlen(words[i]) != len || strncasecmp(words[i], text, len) != 0))
			i++;
		if (i == 4) {
			buf_adds(why, "no such theme: ");
			text_display(why, text, len < 40 ? len : 40, s->mode);
			return false;
		}
		if (i == 3)
			ascii = true;
		else
			color = (enum tui_color)i;
		text += len;
	}
	s->color = color;
	s->ascii = ascii;
	return true;
}

const struct setting_info settings_table[SETTING_COUNT] = {
	[SETTING_COLUMNS] = { "columns", COLUMNS_OF_ONE,
			      "columns or facts, a comma between; + in front adds to the usual",
			      "columns of the descriptors; filch help --columns lists them",
			      set_columns },
	[SETTING_SORT] = { "sort", "fd", "a column, or change; - in front turns it round",
			   "what descriptors are sorted by", set_sort },
	[SETTING_GROUP] = { "group", "no", "yes or no",
			    "descriptors that share an open file description stand together",
			    set_group },
	[SETTING_SORT_PROCESSES] = { "sort-processes", "fds",
				     "fds, pid, user, lim, grow or command; - in front turns it "
				     "round",
				     "what processes are sorted by", set_sort_processes },
	[SETTING_TREE] = { "tree", "no", "yes or no", "processes as a tree", set_tree },
	[SETTING_REFRESH] = { "refresh", "1s", "0.1s to 1h, such as 500ms, 2s or 5m",
			      "time between two looks", set_refresh },
	[SETTING_THEME] = { "theme", "auto", "auto, color or mono; and ascii",
			    "color where the terminal has it, always or never; nothing beyond ASCII",
			    set_theme },
	[SETTING_MOUSE] = { "mouse", "yes", "yes or no",
			    "the mouse selects rows; no leaves it to the terminal", set_mouse },
	[SETTING_SYNC] = { "sync", "yes", "yes or no",
			   "synchronized output; no for terminals that show its marks", set_sync },
};

bool settings_set(struct settings *s, enum setting i, const char *text,
		  struct setting_source source, struct buf *why)
{
	struct setting_value *v = &s->at[i];
	autobuf none = BUF_INIT;
	char *copy;

	if (!settings_table[i].parse(s, text, why ? why : &none))
		return false;
	copy = xstrdup(text); /* which may be the old one */
	free(v->text);
	*v = (struct setting_value){ copy, source };
	return true;
}

void settings_init(struct settings *s, enum text_mode mode)
{
	*s = (struct settings){ .mode = mode };
	keymap_init(&s->keys);
	for (int i = 0; i < SETTING_COUNT; i++)
		settings_set(s, (enum setting)i, settings_table[i].standard,
			     (struct setting_source){ .from = FROM_DEFAULT }, NULL);
}

void settings_release(struct settings *s)
{
	column_list_release(&s->columns);
	keymap_release(&s->keys);
	for (int i = 0; i < SETTING_COUNT; i++)
		free(s->at[i].text);
	for (size_t i = 0; i < s->n_problems; i++)
		free(s->problems[i].words);
	free(s->problems);
	free(s->key_lines);
	free(s->path);
	*s = (struct settings){ 0 };
}

enum setting settings_find(const char *name, size_t len, const char **meant)
{
	struct nearest near;

	nearest_init(&near, name, len);
	for (int i = 0; i < SETTING_COUNT; i++) {
		const char *is = settings_table[i].name;

		if (strlen(is) == len && memcmp(is, name, len) == 0)
			return (enum setting)i;
		nearest_offer(&near, is);
	}
	*meant = near.best;
	return SETTING_COUNT;
}

void settings_environment(struct settings *s)
{
	const char *no = getenv("NO_COLOR");

	if (no && *no)
		settings_set(s, SETTING_THEME, "mono",
			     (struct setting_source){ .from = FROM_ENVIRONMENT, .by = "NO_COLOR" },
			     NULL);
}

void settings_origin(const struct settings *s, const struct setting_source *from, struct buf *out)
{
	switch (from->from) {
	case FROM_DEFAULT:
		buf_adds(out, "default");
		break;
	case FROM_ENVIRONMENT:
		buf_addf(out, "environment %s", from->by);
		break;
	case FROM_FILE:
		text_display(out, s->path ? s->path : "", s->path ? strlen(s->path) : 0, s->mode);
		buf_addf(out, ":%u", from->line);
		break;
	case FROM_OPTION:
		buf_addf(out, "option %s", from->by);
		break;
	case FROM_SESSION:
		buf_adds(out, "set here");
		break;
	}
}
