/* SPDX-License-Identifier: MIT */
#include "ui/tui/setup.h"

#include <limits.h>
#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "ui/tui/config.h"
#include "ui/tui/dialog.h"
#include "ui/tui/fds.h"
#include "ui/tui/log.h"
#include "ui/tui/views.h"

static void apply(struct app *a, enum setting i)
{
	const struct settings *s = a->opts->settings;

	switch (i) {
	case SETTING_COLUMNS:
		fds_columns_changed(a);
		break;
	case SETTING_SORT:
		a->fds->order = s->fds_order;
		a->fds->group = false;
		fds_rebuild(a);
		break;
	case SETTING_GROUP:
		a->fds->group = s->group;
		fds_rebuild(a);
		break;
	case SETTING_SORT_PROCESSES:
	case SETTING_TREE:
		procs_set_order(a, &s->procs_order, i == SETTING_TREE && s->tree);
		break;
	case SETTING_REFRESH:
		a->refresh_ms = s->refresh_ms;
		model_refresh(a, false);
		break;
	case SETTING_THEME:
		theme_init(&a->theme, s->color);
		a->mode = s->ascii ? TEXT_ASCII : text_mode_of_locale();
		a->canvas.ascii = a->mode == TEXT_ASCII;
		fds_columns_changed(a);
		break;
	case SETTING_MOUSE:
		term_set_mouse(&a->term, s->mouse);
		break;
	case SETTING_SYNC:
		term_set_sync(&a->term, s->sync);
		break;
	case SETTING_COUNT:
		break;
	}
	a->dirty = true;
}

void setup_begin(struct app *a)
{
	const struct settings *s = a->opts->settings;

	a->keys = s->keys;
	a->refresh_ms = s->refresh_ms;
	theme_init(&a->theme, s->color);
	a->mode = s->ascii ? TEXT_ASCII : text_mode_of_locale();
}

static void problem_words(const struct config_problem *p, struct buf *out)
{
	if (p->line && p->line != UINT_MAX)
		buf_addf(out, "line %u: ", p->line);
	buf_adds(out, p->words);
}

void setup_say_problems(struct app *a)
{
	const struct settings *s = a->opts->settings;
	autobuf first = BUF_INIT;

	for (size_t i = 0; i < s->n_problems; i++) {
		autobuf b = BUF_INIT;

		problem_words(&s->problems[i], &b);
		log_note(a, "configuration", buf_str(&b));
	}
	if (!s->n_problems)
		return;
	problem_words(&s->problems[0], &first);
	if (s->n_problems == 1)
		say(a, ROLE_WARNING, "configuration: %s", buf_str(&first));
	else
		say(a, ROLE_WARNING, "configuration: %zu problems; %s lists them; %s",
		    s->n_problems, keymap_word(&a->keys, ACTION_GO_LOG, CTX_LISTS).text,
		    buf_str(&first));
}

/* The line that keeps it, and where that belongs. */
static void say_line(struct app *a, enum setting i)
{
	const struct settings *s = a->opts->settings;
	autobuf b = BUF_INIT;

	buf_addf(&b, "%s = %s", settings_table[i].name, s->at[i].text);
	buf_adds(&b, "   to keep it, put this line into ");
	add_text(a, &b, s->path ? s->path : "?", s->path ? strlen(s->path) : 1);
	say(a, ROLE_NORMAL, "%s", buf_str(&b));
}

bool setup_set(struct app *a, enum setting i, const char *text, struct buf *why)
{
	struct setting_source here = { .from = FROM_SESSION };

	if (!settings_set(a->opts->settings, i, text, here, why))
		return false;
	apply(a, i);
	say_line(a, i);
	return true;
}

/* ---- the settings ---- */

static void fill_settings(struct app *a, struct dialog *d)
{
	const struct settings *s = a->opts->settings;
	size_t at = d->list.cur;

	dialog_clear_items(d);
	for (int i = 0; i < SETTING_COUNT; i++) {
		autobuf label = BUF_INIT;

		buf_addf(&label, "%-14s ", settings_table[i].name);
		add_text(a, &label, s->at[i].text, strlen(s->at[i].text));
		dialog_item(d, "csgptrhmy"[i], i, EFFECT_NONE, buf_str(&label),
			    settings_table[i].help);
	}
	list_go(&d->list, at);
}

static bool typed_value(struct app *a, struct dialog *d, const struct dialog_item *item)
{
	enum setting i = *(enum setting *)d->arg;
	autobuf why = BUF_INIT;

	(void)item;
	if (setup_set(a, i, dialog_value(d, 0), &why)) {
		if (d->below)
			fill_settings(a, d->below);
		return true;
	}
	dialog_error(d, "%s (wants %s)", buf_str(&why), settings_table[i].wants);
	return false;
}

static void free_arg(struct dialog *d)
{
	free(d->arg);
}

static void ask_value(struct app *a, enum setting i)
{
	const struct settings *s = a->opts->settings;
	struct dialog *d = dialog_new(ROLE_TITLE, "SET %s", settings_table[i].name);
	autobuf from = BUF_INIT;

	settings_origin(s, &s->at[i].source, &from);
	dialog_text(d, ROLE_NORMAL, "%s", settings_table[i].help);
	dialog_text(d, ROLE_DIM, "wants %s; now by: %s", settings_table[i].wants, buf_str(&from));
	dialog_field(d, "Value", s->at[i].text, NULL);
	d->arg = xmemdup0(&i, sizeof(i));
	d->release = free_arg;
	d->accept = typed_value;
	dialog_open(a, d);
}

static void columns_open(struct app *a);

static bool setting_chosen(struct app *a, struct dialog *d, const struct dialog_item *item)
{
	const struct settings *s = a->opts->settings;
	enum setting i = (enum setting)item->id;
	bool yes = strcmp(settings_table[i].wants, "yes or no") == 0;

	if (i == SETTING_COLUMNS) {
		columns_open(a);
		return true;
	}
	if (!yes) {
		ask_value(a, i);
		return false;
	}
	yes = i == SETTING_MOUSE  ? s->mouse
	      : i == SETTING_SYNC ? s->sync
	      : i == SETTING_TREE ? s->tree
				  : s->group;
	setup_set(a, i, yes ? "no" : "yes", NULL);
	fill_settings(a, d);
	return false;
}

static void settings_open(struct app *a)
{
	struct dialog *d = dialog_new(ROLE_TITLE, "SETTINGS");

	dialog_text(d, ROLE_DIM,
		    "They hold until the end; filch config --default prints a file "
		    "that keeps them.");
	fill_settings(a, d);
	d->accept = setting_chosen;
	dialog_open(a, d);
}

/* ---- the columns ---- */

static bool same_column(const struct column_ref *a, const struct column_ref *b)
{
	return a->column == b->column && (a->column || strcmp(a->fact, b->fact) == 0);
}

static size_t place_of(const struct column_list *list, const struct column_ref *ref)
{
	size_t i = 0;

	while (i < list->n && !same_column(&list->at[i], ref))
		i++;
	return i;
}

static void add_item(struct dialog *d, const struct column_ref *ref, size_t place, bool shown)
{
	char label[96];

	snprintf(label, sizeof(label), "[%c] %s", shown ? 'x' : ' ', column_heading(ref));
	dialog_item(d, 0, (int)place, EFFECT_NONE, label,
		    ref->column ? ref->column->help : "a fact that some kinds have");
}

/* Those on the screen in their order, then the others in the order of the table. */
static void fill_columns(struct app *a, struct dialog *d)
{
	const struct settings *s = a->opts->settings;
	size_t at = d->list.cur, top = d->list.top;

	dialog_clear_items(d);
	for (size_t i = 0; i < s->columns.n; i++)
		add_item(d, &s->columns.at[i], i, true);
	for (size_t i = 0; column_table[i].name; i++) {
		const struct column_ref ref = { .column = &column_table[i] };

		if (place_of(&s->columns, &ref) == s->columns.n)
			add_item(d, &ref, s->columns.n + i, false);
	}
	d->list.top = top;
	list_go(&d->list, at);
	dialog_clear_text(d);
	dialog_text(d, ROLE_NORMAL,
		    "Space shows or hides, < and > move, s other settings. To keep it, this line "
		    "goes into the configuration:");
	dialog_text(d, ROLE_TITLE, "columns = %s", s->at[SETTING_COLUMNS].text);
}

static void set_columns(struct app *a, struct dialog *d, const struct column_ref *at, size_t n)
{
	autobuf text = BUF_INIT, why = BUF_INIT;

	for (size_t i = 0; i < n; i++)
		buf_addf(&text, "%s%s", i ? "," : "", column_heading(&at[i]));
	if (!n)
		dialog_error(d, "at least one column stays");
	else if (!setup_set(a, SETTING_COLUMNS, buf_str(&text), &why))
		dialog_error(d, "%s", buf_str(&why));
	fill_columns(a, d);
}

static void toggle(struct app *a, struct dialog *d)
{
	const struct column_list *now = &a->opts->settings->columns;
	struct column_ref at[SETTINGS_COLUMNS_MAX + 1];
	size_t place = (size_t)d->items[d->list.cur].id, n = now->n;

	memcpy(at, now->at, n * sizeof(at[0]));
	if (place < n)
		memmove(&at[place], &at[place + 1], (--n - place) * sizeof(at[0]));
	else
		at[n++] = (struct column_ref){ .column = &column_table[place - now->n] };
	set_columns(a, d, at, n);
}

static void shift(struct app *a, struct dialog *d, bool down)
{
	const struct column_list *now = &a->opts->settings->columns;
	struct column_ref at[SETTINGS_COLUMNS_MAX], moved;
	size_t place = (size_t)d->items[d->list.cur].id, to = down ? place + 1 : place - 1;

	if (place >= now->n || to >= now->n)
		return;
	memcpy(at, now->at, now->n * sizeof(at[0]));
	moved = at[place];
	at[place] = at[to];
	at[to] = moved;
	set_columns(a, d, at, now->n);
	list_go(&d->list, to);
}

static bool column_key(struct app *a, struct dialog *d, int key)
{
	if (key == ' ') {
		toggle(a, d);
	} else if (key == '<' || key == '>' || key == K(KEY_LEFT) || key == K(KEY_RIGHT)) {
		shift(a, d, key == '>' || key == K(KEY_RIGHT));
	} else if (key == 's') {
		dialog_close(a);
		settings_open(a);
	} else {
		return false;
	}
	return true;
}

static bool columns_chosen(struct app *a, struct dialog *d, const struct dialog_item *item)
{
	(void)d;
	(void)item;
	say_line(a, SETTING_COLUMNS);
	return true;
}

static void columns_open(struct app *a)
{
	struct dialog *d = dialog_new(ROLE_TITLE, "COLUMNS");

	fill_columns(a, d);
	d->key = column_key;
	d->accept = columns_chosen;
	dialog_open(a, d);
}

void setup_open(struct app *a)
{
	if (a->focus == &view_fds || a->focus == &view_detail)
		columns_open(a);
	else
		settings_open(a);
}
