/* SPDX-License-Identifier: MIT */
/*
 * What a user can set. One table: the configuration file and its reader, `filch
 * config`, the palette, the settings dialog and the manual are made from it.
 */
#ifndef TUI_SETTINGS_H
#define TUI_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "src/base/buf.h"
#include "src/base/text.h"
#include "src/survey/columns.h"
#include "ui/tui/actions.h"
#include "ui/tui/sorting.h"
#include "ui/tui/tui.h"

#define SETTINGS_COLUMNS_MAX 24

enum setting {
	SETTING_COLUMNS,
	SETTING_SORT,
	SETTING_GROUP,
	SETTING_SORT_PROCESSES,
	SETTING_TREE,
	SETTING_REFRESH,
	SETTING_THEME,
	SETTING_MOUSE,
	SETTING_SYNC,
	SETTING_COUNT
};

/* Where a value comes from. A later one wins over an earlier. */
enum setting_from { FROM_DEFAULT, FROM_ENVIRONMENT, FROM_FILE, FROM_OPTION, FROM_SESSION };

struct setting_source {
	enum setting_from from;
	unsigned line;  /* FROM_FILE */
	const char *by; /* FROM_OPTION, FROM_ENVIRONMENT: "--ascii", "NO_COLOR"; static */
};

struct settings;

struct setting_info {
	const char *name, *standard; /* the value without any configuration */
	const char *wants;           /* "yes or no" */
	const char *help;
	bool (*parse)(struct settings *s, const char *text, struct buf *why);
};
extern const struct setting_info settings_table[SETTING_COUNT];

/* The keys of an action, as a line of the file gives them: these and no others. */
#define KEYS_MAX 8
struct key_line {
	unsigned line;
	enum action action;
	unsigned contexts;
	bool everywhere; /* key.all. */
	int keys[KEYS_MAX];
	size_t n;
};

/* What is wrong in the file. Line 0: the file as a whole; UINT_MAX: more than is listed. */
struct config_problem {
	unsigned line;
	char *words; /* display text */
};

struct settings {
	/* What the values mean. */
	struct column_list columns;
	struct fds_order fds_order;
	struct procs_order procs_order;
	bool group, tree, ascii, mouse, sync;
	unsigned refresh_ms;
	enum tui_color color;
	struct keymap keys;

	/* The values as they were written, and who did it. */
	struct setting_value {
		char *text;
		struct setting_source source;
	} at[SETTING_COUNT];
	struct key_line *key_lines;
	size_t n_key_lines;

	/* config.c */
	char *path;    /* of the file; NULL: there is no place for one */
	bool was_read; /* it is there, and was read */
	struct config_problem *problems;
	size_t n_problems;
	enum text_mode mode; /* of the words in problems */
};

/* The defaults. Never fails; settings_release() after. */
void settings_init(struct settings *s, enum text_mode mode);
void settings_release(struct settings *s);

/* False: text is wrong, nothing changed, and why (display text) says what is; it may be NULL. */
bool settings_set(struct settings *s, enum setting i, const char *text,
		  struct setting_source source, struct buf *why);

/* SETTING_COUNT: no such name; then *meant is what resembles it, or NULL. */
enum setting settings_find(const char *name, size_t len, const char **meant);

/* What the environment says: NO_COLOR. */
void settings_environment(struct settings *s);

/* "default", "~/.config/filch/config:7", "option --ascii". */
void settings_origin(const struct settings *s, const struct setting_source *from, struct buf *out);

#endif
