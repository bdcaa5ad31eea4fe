/* SPDX-License-Identifier: MIT */
/* The help screen, made from the action and key tables. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "ui/tui/views.h"

struct help_state {
	struct list list;
	char **lines;
	enum role *roles;
	size_t n;
};

void help_init(struct app *a)
{
	a->help = xcalloc(1, sizeof(*a->help));
}

static void clear(struct help_state *h)
{
	for (size_t i = 0; i < h->n; i++)
		free(h->lines[i]);
	h->n = 0;
}

void help_release(struct app *a)
{
	clear(a->help);
	free(a->help->lines);
	free(a->help->roles);
	free(a->help);
}

static void add(struct help_state *h, enum role role, char *line)
{
	h->lines = xreallocarray(h->lines, h->n + 1, sizeof(*h->lines));
	h->roles = xreallocarray(h->roles, h->n + 1, sizeof(*h->roles));
	h->lines[h->n] = line;
	h->roles[h->n++] = role;
}

static void keys_of(const struct keymap *m, enum action action, unsigned ctx, struct buf *out)
{
	char name[16];

	for (size_t i = 0; i < m->n; i++) {
		if (m->at[i].action != action || !(m->at[i].contexts & ctx))
			continue;
		if (strstr(buf_str(out), key_text(m->at[i].key, name, sizeof(name))) &&
		    strlen(key_text(m->at[i].key, name, sizeof(name))) > 1)
			continue;
		buf_addf(out, "%s%s", out->len ? " " : "",
			 key_text(m->at[i].key, name, sizeof(name)));
	}
}

static void add_action(struct app *a, enum action i, unsigned ctx)
{
	const struct action_info *x = &actions[i];
	autobuf keys = BUF_INIT;
	const char *tag = effect_tag(x->effect);

	keys_of(&a->keys, i, ctx, &keys);
	if (!keys.len)
		buf_adds(&keys, ":");
	add(a->help, x->effect > EFFECT_NONE ? role_of_effect(x->effect) : ROLE_NORMAL,
	    xasprintf("  %-18s %-16s %s%s%s%s", buf_str(&keys), x->name, x->help, *tag ? "  [" : "",
		      tag, *tag ? "]" : ""));
}

static void fill(struct app *a)
{
	static const unsigned order[] = { CTX_PROCS, CTX_FDS,  CTX_DETAIL, CTX_CONTENT,
					  CTX_SHELF, CTX_JOBS, CTX_LOG };

	clear(a->help);
	add(a->help, ROLE_TITLE, xstrdup("EVERYWHERE"));
	for (int i = 1; i < ACTION_COUNT; i++)
		if ((actions[i].contexts & CTX_LISTS) == CTX_LISTS)
			add_action(a, (enum action)i, CTX_LISTS);
	for (size_t c = 0; c < sizeof(order) / sizeof(order[0]); c++) {
		autobuf title = BUF_INIT;

		for (const char *p = context_name(order[c]); *p; p++)
			buf_addc(&title, (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p));
		add(a->help, ROLE_NORMAL, xstrdup(""));
		add(a->help, ROLE_TITLE, buf_steal(&title));
		for (int i = 1; i < ACTION_COUNT; i++)
			if ((actions[i].contexts & order[c]) &&
			    (actions[i].contexts & CTX_LISTS) != CTX_LISTS)
				add_action(a, (enum action)i, order[c]);
	}
	add(a->help, ROLE_NORMAL, xstrdup(""));
	add(a->help, ROLE_TITLE, xstrdup("EFFECTS"));
	for (enum effect e = EFFECT_NONE; e < EFFECT_REFUSED; e++)
		add(a->help, role_of_effect(e),
		    xasprintf("  %-18s %-16s %s", effect_name(e), effect_tag(e), effect_means(e)));
	add(a->help, ROLE_NORMAL, xstrdup(""));
	add(a->help, ROLE_TITLE, xstrdup("SIGNS"));
	add(a->help, ROLE_NORMAL,
	    xstrdup("  > cursor   * marked   + new   ~ changed   ! not permitted   ? unknown"));
	add(a->help, ROLE_NORMAL,
	    xstrdup("  =A 9 one open file description in nine places   ~C 2 one file opened "
		    "twice   <> a peer was found"));
	list_set_count(&a->help->list, a->help->n);
}

static void help_draw(struct app *a, struct rect r, bool focused)
{
	struct help_state *h = a->help;
	char title[96];

	if (!h->n)
		fill(a);
	snprintf(title, sizeof(title), " HELP   %s finds, %s goes back",
		 keymap_word(&a->keys, ACTION_SEARCH, CTX_HELP).text,
		 keymap_word(&a->keys, ACTION_BACK, CTX_HELP).text);
	draw_text(&a->canvas, r.y, r.x, r.w, focused ? ROLE_TITLE : ROLE_NORMAL, title);
	list_layout(&h->list, r.h - 1);
	for (int i = 0; i < r.h - 1 && h->list.top + (size_t)i < h->n; i++) {
		size_t at = h->list.top + (size_t)i;
		bool on = at == h->list.cur && a->search.len;

		draw_text_from(&a->canvas, r.y + 1 + i, r.x, r.w, on ? ROLE_CURSOR : h->roles[at],
			       h->lines[at], h->list.hscroll);
	}
}

/* No cursor is shown: moving is scrolling. */
static bool help_act(struct app *a, enum action action)
{
	struct list *l = &a->help->list;

	if (action == ACTION_DOWN)
		list_go(l, l->top + l->height);
	else if (action == ACTION_UP)
		list_go(l, l->top ? l->top - 1 : 0);
	else
		return false;
	return true;
}

static struct list *help_list(struct app *a)
{
	return &a->help->list;
}

static void help_row_text(struct app *a, size_t i, struct buf *out)
{
	buf_adds(out, a->help->lines[i]);
}

static void help_command(struct app *a, struct buf *out)
{
	(void)a;
	buf_adds(out, "filch help");
}

const struct view view_help = {
	.name = "help",
	.context = CTX_HELP,
	.draw = help_draw,
	.act = help_act,
	.list = help_list,
	.row_text = help_row_text,
	.command = help_command,
};
