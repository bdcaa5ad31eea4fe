/* SPDX-License-Identifier: MIT */
#include "ui/tui/palette.h"

#include <stdio.h>
#include <string.h>

#include "ui/tui/dialog.h"
#include "ui/tui/views.h"

static void fill(struct app *a, struct dialog *d)
{
	const char *typed = dialog_value(d, 0);
	unsigned ctx = a->focus->context;

	dialog_clear_items(d);
	for (int i = 1; i < ACTION_COUNT; i++) {
		const struct action_info *x = &actions[i];
		int key = keymap_key_of(&a->keys, (enum action)i, ctx);
		char label[64], name[16];

		if (!(x->contexts & ctx) || i == ACTION_PALETTE || i == ACTION_CANCEL)
			continue;
		if (*typed && !strcasestr(x->name, typed) && !strcasestr(x->help, typed))
			continue;
		snprintf(label, sizeof(label), "%-16s %s", x->name,
			 key < 0 ? "" : key_text(key, name, sizeof(name)));
		dialog_item(d, 0, i, x->effect, label, x->help);
	}
}

static bool chosen(struct app *a, struct dialog *d, const struct dialog_item *item)
{
	enum action action = item ? (enum action)item->id : ACTION_NONE;

	if (!item) {
		dialog_error(d, "no action is called so");
		return false;
	}
	dialog_close(a);
	app_do(a, action);
	return false;
}

void palette_open(struct app *a)
{
	struct dialog *d = dialog_new(ROLE_TITLE, "ACTIONS in %s", a->focus->name);

	dialog_field(d, "Action", "", NULL);
	d->list_typed = true;
	d->changed = fill;
	d->accept = chosen;
	fill(a, d);
	dialog_open(a, d);
}

enum setting { SET_FASTER, SET_SLOWER, SET_MOUSE, SET_MONO, SET_ASCII };

static bool changed(struct app *a, struct dialog *d, const struct dialog_item *item)
{
	(void)d;
	switch ((enum setting)item->id) {
	case SET_FASTER:
		a->refresh_ms = a->refresh_ms > 500 ? a->refresh_ms / 2 : 250;
		break;
	case SET_SLOWER:
		a->refresh_ms = a->refresh_ms < 30000 ? a->refresh_ms * 2 : 60000;
		break;
	case SET_MOUSE:
		app_do(a, ACTION_MOUSE);
		return true;
	case SET_MONO:
		theme_init(&a->theme, a->theme.color ? TUI_COLOR_NEVER : TUI_COLOR_ALWAYS);
		say(a, ROLE_NORMAL, "colour %s", a->theme.color ? "on" : "off");
		return true;
	case SET_ASCII:
		a->mode = a->mode == TEXT_ASCII ? text_mode_of_locale() : TEXT_ASCII;
		a->canvas.ascii = a->mode == TEXT_ASCII;
		return true;
	}
	say(a, ROLE_NORMAL, "looking again every %u ms", a->refresh_ms);
	return true;
}

void palette_settings(struct app *a)
{
	struct dialog *d = dialog_new(ROLE_TITLE, "SETTINGS");

	dialog_item(d, 'f', SET_FASTER, EFFECT_NONE, "faster refresh", "look twice as often");
	dialog_item(d, 's', SET_SLOWER, EFFECT_NONE, "slower refresh", "look half as often");
	dialog_item(d, 'm', SET_MOUSE, EFFECT_NONE, "mouse", "on or off");
	dialog_item(d, 'c', SET_MONO, EFFECT_NONE, "colour", "on or off");
	dialog_item(d, 'a', SET_ASCII, EFFECT_NONE, "ASCII only", "on or off");
	d->accept = changed;
	dialog_open(a, d);
}
