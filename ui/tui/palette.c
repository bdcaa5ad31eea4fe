/* SPDX-License-Identifier: MIT */
#include "ui/tui/palette.h"

#include <stdio.h>
#include <string.h>

#include "ui/tui/dialog.h"
#include "ui/tui/setup.h"
#include "ui/tui/views.h"

/* "refresh 2s", "columns=+ino": the setting, and where its value begins. */
static enum setting setting_of(const char *typed, const char **value)
{
	size_t len = strcspn(typed, " =");
	const char *meant;

	*value = typed + len + strspn(typed + len, " =");
	return settings_find(typed, len, &meant);
}

static void offer_settings(struct app *a, struct dialog *d, const char *typed)
{
	const struct settings *s = a->opts->settings;
	const char *value;
	enum setting is = setting_of(typed, &value);

	for (int i = 0; i < SETTING_COUNT; i++) {
		const struct setting_info *x = &settings_table[i];
		autobuf label = BUF_INIT;

		if (i != (int)is && !(*typed && strcasestr(x->name, typed)))
			continue;
		buf_addf(&label, "%s = ", x->name);
		add_text(a, &label, s->at[i].text, strlen(s->at[i].text));
		dialog_item(d, 0, ACTION_COUNT + i, EFFECT_NONE, buf_str(&label), x->wants);
	}
}

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
	offer_settings(a, d, typed);
}

static bool set(struct app *a, struct dialog *d, enum setting i)
{
	autobuf why = BUF_INIT;
	const char *value;

	setting_of(dialog_value(d, 0), &value);
	if (!*value)
		dialog_error(d, "%s to what? %s", settings_table[i].name, settings_table[i].wants);
	else if (setup_set(a, i, value, &why))
		return true;
	else
		dialog_error(d, "%s (wants %s)", buf_str(&why), settings_table[i].wants);
	return false;
}

static bool chosen(struct app *a, struct dialog *d, const struct dialog_item *item)
{
	enum action action = item ? (enum action)item->id : ACTION_NONE;

	if (!item) {
		dialog_error(d, "no action and no setting is called so");
		return false;
	}
	if (item->id >= ACTION_COUNT)
		return set(a, d, (enum setting)(item->id - ACTION_COUNT));
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
