/* SPDX-License-Identifier: MIT */
#include "ui/tui/actions.h"

#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "ui/tui/term.h"

const struct action_info actions[ACTION_COUNT] = {
#define ACTION_INFO(id, name, effect, contexts, hint, help)                                        \
	[ACTION_##id] = { name, hint, help, EFFECT_##effect, (contexts) },
	ACTIONS(ACTION_INFO)
#undef ACTION_INFO
};

/* An action's own contexts are meant unless a narrower set is named. */
#define ALL 0

static const struct {
	int key;
	enum action action;
	unsigned contexts;
} defaults[] = {
	{ K(KEY_UP), ACTION_UP, ALL },
	{ 'k', ACTION_UP, ALL },
	{ K(KEY_DOWN), ACTION_DOWN, ALL },
	{ 'j', ACTION_DOWN, ALL },
	{ K(KEY_PPAGE), ACTION_PAGE_UP, ALL },
	{ CTRL('B'), ACTION_PAGE_UP, ALL },
	{ K(KEY_NPAGE), ACTION_PAGE_DOWN, ALL },
	{ CTRL('F'), ACTION_PAGE_DOWN, ALL },
	{ CTRL('U'), ACTION_HALF_UP, ALL },
	{ CTRL('D'), ACTION_HALF_DOWN, ALL },
	{ 'g', ACTION_TOP, ALL },
	{ K(KEY_HOME), ACTION_TOP, ALL },
	{ 'G', ACTION_BOTTOM, ALL },
	{ K(KEY_END), ACTION_BOTTOM, ALL },
	{ K(KEY_LEFT), ACTION_LEFT, ALL },
	{ 'h', ACTION_LEFT, ALL },
	{ K(KEY_RIGHT), ACTION_RIGHT, ALL },
	{ 'l', ACTION_RIGHT, ALL },
	{ '\r', ACTION_VIEW, CTX_ROWS | CTX_SHELF },
	{ '\r', ACTION_OPEN, CTX_PROCS | CTX_JOBS | CTX_LOG },
	{ '\r', ACTION_GOTO, CTX_CONTENT },
	{ ':', ACTION_GOTO, CTX_CONTENT },
	{ 'q', ACTION_BACK, ALL },
	{ 'Q', ACTION_QUIT, ALL },
	{ KEY_ESC, ACTION_CANCEL, ALL },
	{ CTRL('C'), ACTION_CANCEL, CTX_DIALOG | CTX_PROMPT },
	{ CTRL('C'), ACTION_BACK, CTX_VIEWS },
	{ '\t', ACTION_PANE_NEXT, ALL },
	{ K(KEY_BTAB), ACTION_PANE_PREV, ALL },
	{ '\t', ACTION_MODE, ALL },
	{ '1', ACTION_GO_PROCS, ALL },
	{ '2', ACTION_GO_FDS, ALL },
	{ '3', ACTION_GO_SHELF, ALL },
	{ '4', ACTION_GO_JOBS, ALL },
	{ '5', ACTION_GO_LOG, ALL },
	{ '/', ACTION_SEARCH, ALL },
	{ 'n', ACTION_SEARCH_NEXT, ALL },
	{ 'N', ACTION_SEARCH_PREV, ALL },
	{ 'f', ACTION_FILTER, ALL },
	{ K(KEY_F(4)), ACTION_FILTER, ALL },
	{ 's', ACTION_SORT, ALL },
	{ K(KEY_F(6)), ACTION_SORT, ALL },
	{ 'I', ACTION_INVERT, ALL },
	{ 'C', ACTION_COLUMNS, ALL },
	{ K(KEY_F(2)), ACTION_COLUMNS, ALL },
	{ ' ', ACTION_MARK, ALL },
	{ ' ', ACTION_JOB_PAUSE, ALL },
	{ 'U', ACTION_UNMARK, ALL },
	{ 'M', ACTION_MARK_ALL, ALL },
	{ 't', ACTION_GROUP, ALL },
	{ K(KEY_F(5)), ACTION_GROUP, ALL },
	{ 'F', ACTION_FOLLOW, ALL },
	{ 'Z', ACTION_PAUSE, ALL },
	{ 'R', ACTION_REFRESH, ALL },
	{ 'v', ACTION_VIEW, ALL },
	{ 'i', ACTION_FACTS, ALL },
	{ 'a', ACTION_HOLD, ALL },
	{ 'd', ACTION_DUMP, ALL },
	{ 'H', ACTION_HAND, ALL },
	{ 'r', ACTION_RECOVER, ALL },
	{ 'p', ACTION_PEER, ALL },
	{ 'w', ACTION_WHO, ALL },
	{ '=', ACTION_SHARER, ALL },
	{ 'W', ACTION_WHY, ALL },
	{ 'x', ACTION_RELEASE, ALL },
	{ 'x', ACTION_JOB_CANCEL, ALL },
	{ 'r', ACTION_JOB_RETRY, ALL },
	{ 'm', ACTION_BOOKMARK, ALL },
	{ '\'', ACTION_BOOKMARK_GO, ALL },
	{ 'w', ACTION_WIDTH, ALL },
	{ 'e', ACTION_ENDIAN, ALL },
	{ '!', ACTION_DISTURB, ALL },
	{ K(KEY_F(9)), ACTION_DISTURB, ALL },
	{ 'A', ACTION_DISARM, ALL },
	{ 'y', ACTION_COMMAND, ALL },
	{ ':', ACTION_PALETTE, ALL },
	{ 'O', ACTION_MAXIMISE, ALL },
	{ K(KEY_F(7)), ACTION_MOUSE, ALL },
	{ 'J', ACTION_GO_JOBS, ALL },
	{ CTRL('L'), ACTION_REDRAW, ALL },
	{ CTRL('Z'), ACTION_SUSPEND, ALL },
	{ '?', ACTION_HELP, ALL },
	{ K(KEY_F(1)), ACTION_HELP, ALL },
	{ '?', ACTION_BACK, CTX_HELP },
	{ K(KEY_F(10)), ACTION_QUIT, ALL },
};

enum action action_by_name(const char *name)
{
	for (int i = 1; i < ACTION_COUNT; i++)
		if (strcmp(actions[i].name, name) == 0)
			return (enum action)i;
	return ACTION_NONE;
}

void keymap_init(struct keymap *m)
{
	m->n = sizeof(defaults) / sizeof(defaults[0]);
	m->at = xcalloc(m->n, sizeof(*m->at));
	for (size_t i = 0; i < m->n; i++) {
		unsigned contexts = defaults[i].contexts;

		if (contexts == ALL)
			contexts = actions[defaults[i].action].contexts;
		m->at[i] = (struct binding){ defaults[i].key, contexts, defaults[i].action };
	}
}

void keymap_release(struct keymap *m)
{
	free(m->at);
	m->at = NULL;
	m->n = 0;
}

enum action keymap_find(const struct keymap *m, int key, unsigned context)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->at[i].key == key && (m->at[i].contexts & context))
			return m->at[i].action;
	return ACTION_NONE;
}

int keymap_key_of(const struct keymap *m, enum action action, unsigned context)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->at[i].action == action && (m->at[i].contexts & context))
			return m->at[i].key;
	return -1;
}

struct key_word keymap_word(const struct keymap *m, enum action action, unsigned context)
{
	int key = keymap_key_of(m, action, context);
	struct key_word w;
	char name[16];

	if (key < 0)
		snprintf(w.text, sizeof(w.text), ":%s", actions[action].name);
	else
		snprintf(w.text, sizeof(w.text), "%s", key_text(key, name, sizeof(name)));
	return w;
}

void keymap_bind(struct keymap *m, int key, enum action action, unsigned contexts)
{
	contexts &= actions[action].contexts;
	for (size_t i = 0; i < m->n; i++)
		if (m->at[i].key == key)
			m->at[i].contexts &= ~contexts;
	m->at = xreallocarray(m->at, m->n + 1, sizeof(*m->at));
	memmove(m->at + 1, m->at, m->n * sizeof(*m->at));
	m->at[0] = (struct binding){ key, contexts, action };
	m->n++;
}

void keymap_unbind(struct keymap *m, enum action action, unsigned contexts)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->at[i].action == action)
			m->at[i].contexts &= ~contexts;
}

void keymap_list(const struct keymap *m, enum action action, unsigned context, struct buf *out)
{
	size_t before = out->len;
	char name[16];

	for (size_t i = 0; i < m->n; i++)
		if (m->at[i].action == action && (m->at[i].contexts & context))
			buf_addf(out, "%s%s", out->len > before ? " " : "",
				 key_text(m->at[i].key, name, sizeof(name)));
	if (out->len == before)
		buf_adds(out, "none");
}

const char *context_name(enum context c)
{
	switch (c) {
	case CTX_PROCS:
		return "processes";
	case CTX_FDS:
		return "descriptors";
	case CTX_DETAIL:
		return "detail";
	case CTX_CONTENT:
		return "viewer";
	case CTX_SHELF:
		return "shelf";
	case CTX_JOBS:
		return "jobs";
	case CTX_LOG:
		return "log";
	case CTX_HELP:
		return "help";
	case CTX_PROMPT:
		return "prompt";
	case CTX_DIALOG:
		return "dialog";
	default:
		return "all";
	}
}

unsigned context_by_name(const char *name, size_t len)
{
	for (unsigned c = 1; c <= CTX_LAST; c <<= 1) {
		const char *is = context_name((enum context)c);

		if (strlen(is) == len && memcmp(is, name, len) == 0)
			return c;
	}
	return 0;
}
