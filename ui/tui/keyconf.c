/* SPDX-License-Identifier: MIT */
#include "ui/tui/keyconf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "ui/tui/config.h"
#include "ui/tui/nearest.h"
#include "ui/tui/term.h"

static void say_meant(struct buf *why, const struct nearest *n)
{
	if (n->best)
		buf_addf(why, "; %s?", n->best);
}

static void quote(const struct settings *s, struct buf *why, const char *text, size_t len)
{
	buf_addc(why, '"');
	text_display(why, text, len < 40 ? len : 40, s->mode);
	buf_adds(why, len > 40 ? "...\"" : "\"");
}

/* "all" is every context that the action has. */
static bool parse_context(const struct settings *s, struct key_line *k, const char *name,
			  size_t len, struct buf *why)
{
	struct nearest near;

	k->everywhere = len == 3 && memcmp(name, "all", 3) == 0;
	k->contexts = k->everywhere ? CTX_SETTABLE : context_by_name(name, len);
	if (k->contexts & CTX_SETTABLE)
		return true;
	if (k->contexts) {
		buf_addf(why, "keys in a %s are fixed, for letters are text there",
			 context_name((enum context)k->contexts));
		return false;
	}
	nearest_init(&near, name, len);
	for (unsigned c = 1; c <= CTX_LAST; c <<= 1)
		if (c & CTX_SETTABLE)
			nearest_offer(&near, context_name((enum context)c));
	nearest_offer(&near, "all");
	buf_adds(why, "no such context: ");
	quote(s, why, name, len);
	say_meant(why, &near);
	return false;
}

static bool parse_action(const struct settings *s, struct key_line *k, const char *name,
			 struct buf *why)
{
	struct nearest near;

	k->action = action_by_name(name);
	if (k->action == ACTION_NONE) {
		nearest_init(&near, name, strlen(name));
		for (int i = 1; i < ACTION_COUNT; i++)
			nearest_offer(&near, actions[i].name);
		buf_adds(why, "no such action: ");
		quote(s, why, name, strlen(name));
		say_meant(why, &near);
		return false;
	}
	if (!(k->contexts & actions[k->action].contexts)) {
		buf_addf(why, "%s does nothing in that context", name);
		return false;
	}
	k->contexts &= actions[k->action].contexts;
	return true;
}

static bool parse_keys(const struct settings *s, struct key_line *k, const char *text,
		       struct buf *why)
{
	autofree char *copy = xstrdup(text);
	char *save, *word;

	if (strcmp(text, "none") == 0)
		return true;
	for (word = strtok_r(copy, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
		int key = key_of_text(word);

		if (key < 0) {
			buf_adds(why, "no such key: ");
			quote(s, why, word, strlen(word));
			buf_adds(why, "; a key is x, ^X, F1, Enter, Tab, S-Tab, Space, Esc, Up, "
				      "PgUp, Home, Ins, Del, ...");
			return false;
		}
		if (k->n == KEYS_MAX) {
			buf_addf(why, "at most %d keys", KEYS_MAX);
			return false;
		}
		k->keys[k->n++] = key;
	}
	if (!k->n)
		buf_adds(why, "which key? none takes all away");
	return k->n > 0;
}

bool keyconf_line(struct settings *s, unsigned line, const char *name, const char *value,
		  struct buf *why)
{
	const char *dot = strchr(name, '.');
	struct key_line k = { .line = line };

	if (!dot) {
		buf_adds(why, "a key is set by key.CONTEXT.ACTION = KEY");
		return false;
	}
	if (!parse_context(s, &k, name, (size_t)(dot - name), why) ||
	    !parse_action(s, &k, dot + 1, why) || !parse_keys(s, &k, value, why))
		return false;
	for (size_t i = 0; i < s->n_key_lines; i++) {
		const struct key_line *old = &s->key_lines[i];

		if (old->action != k.action || old->everywhere != k.everywhere ||
		    !(old->contexts & k.contexts))
			continue;
		buf_addf(why, "it is set already, by line %u", old->line);
		return false;
	}
	s->key_lines = xreallocarray(s->key_lines, s->n_key_lines + 1, sizeof(k));
	s->key_lines[s->n_key_lines++] = k;
	return true;
}

/* What is said of one context wins over what is said of all. */
static void narrow(struct settings *s)
{
	for (size_t i = 0; i < s->n_key_lines; i++)
		for (size_t j = 0; s->key_lines[i].everywhere && j < s->n_key_lines; j++)
			if (!s->key_lines[j].everywhere &&
			    s->key_lines[j].action == s->key_lines[i].action)
				s->key_lines[i].contexts &= ~s->key_lines[j].contexts;
}

/* An earlier line that gives one of k's keys to another action where k does too. */
static const struct key_line *clash(const struct settings *s, const struct key_line *k,
				    size_t before, int *key)
{
	for (size_t i = 0; i < before; i++) {
		const struct key_line *o = &s->key_lines[i];

		for (size_t a = 0; a < k->n; a++)
			for (size_t b = 0; b < o->n; b++)
				if (o->keys[b] == k->keys[a] && (o->contexts & k->contexts) &&
				    o->action != k->action) {
					*key = k->keys[a];
					return o;
				}
	}
	return NULL;
}

static const char *some_context(unsigned contexts)
{
	return context_name((enum context)(contexts & -contexts));
}

void keyconf_apply(struct settings *s)
{
	size_t kept = 0;

	narrow(s);
	for (size_t i = 0; i < s->n_key_lines; i++) {
		struct key_line k = s->key_lines[i];
		int key = 0;
		const struct key_line *o = clash(s, &k, kept, &key);
		char name[16];

		if (o) {
			config_problem(s, k.line,
				       "two actions on one key: %s is %s in %s, by line %u",
				       key_text(key, name, sizeof(name)), actions[o->action].name,
				       some_context(o->contexts & k.contexts), o->line);
			continue;
		}
		s->key_lines[kept++] = k;
		keymap_unbind(&s->keys, k.action, k.contexts);
		for (size_t n = k.n; n-- > 0;)
			keymap_bind(&s->keys, k.keys[n], k.action, k.contexts);
	}
	s->n_key_lines = kept;
}

/* ---- the other way round ---- */

/* The first of contexts whose keys most of them have; as many: where they are the defaults. */
static unsigned usual_context(const struct keymap *m, const struct keymap *defaults,
			      enum action action, unsigned contexts)
{
	unsigned best = 0, most = 0;

	for (unsigned c = 1; c <= CTX_LAST; c <<= 1) {
		autobuf mine = BUF_INIT, first = BUF_INIT;
		unsigned n;

		if (!(contexts & c))
			continue;
		keymap_list(m, action, c, &mine);
		keymap_list(defaults, action, c, &first);
		n = strcmp(buf_str(&mine), buf_str(&first)) == 0;
		for (unsigned d = 1; d <= CTX_LAST; d <<= 1) {
			autobuf other = BUF_INIT;

			keymap_list(m, action, d, &other);
			if ((contexts & d) && strcmp(buf_str(&mine), buf_str(&other)) == 0)
				n += 2;
		}
		if (n > most) {
			most = n;
			best = c;
		}
	}
	return best;
}

static void each_context(const struct keymap *m, enum action action, unsigned usual, each_key *each,
			 void *arg)
{
	unsigned contexts = actions[action].contexts & CTX_SETTABLE, same = 0;
	autobuf keys = BUF_INIT, others = BUF_INIT;
	char name[80];

	keymap_list(m, action, usual, &keys);
	for (unsigned c = 1; c <= CTX_LAST; c <<= 1) {
		buf_reset(&others);
		keymap_list(m, action, c, &others);
		if ((contexts & c) && strcmp(buf_str(&keys), buf_str(&others)) == 0)
			same |= c;
	}
	snprintf(name, sizeof(name), "key.all.%s", actions[action].name);
	each(arg, name, buf_str(&keys), action, same);
	for (unsigned c = 1; c <= CTX_LAST; c <<= 1) {
		if (!(contexts & ~same & c))
			continue;
		buf_reset(&others);
		keymap_list(m, action, c, &others);
		snprintf(name, sizeof(name), "key.%s.%s", context_name((enum context)c),
			 actions[action].name);
		each(arg, name, buf_str(&others), action, c);
	}
}

void keyconf_each(const struct keymap *m, each_key *each, void *arg)
{
	struct keymap defaults;

	keymap_init(&defaults);
	for (int i = 1; i < ACTION_COUNT; i++) {
		unsigned contexts = actions[i].contexts & CTX_SETTABLE;

		each_context(m, (enum action)i,
			     usual_context(m, &defaults, (enum action)i, contexts), each, arg);
	}
	keymap_release(&defaults);
}

/* Did that line take a key away that the action has by default? */
static bool took_from(const struct key_line *k, enum action action, unsigned contexts)
{
	struct keymap m;
	bool took = false;

	keymap_init(&m);
	for (size_t i = 0; i < k->n && !took; i++)
		for (size_t b = 0; b < m.n && !took; b++)
			took = m.at[b].action == action && m.at[b].key == k->keys[i] &&
			       (m.at[b].contexts & contexts & k->contexts);
	keymap_release(&m);
	return took;
}

const struct key_line *keyconf_origin(const struct settings *s, enum action action,
				      unsigned contexts)
{
	for (size_t i = 0; i < s->n_key_lines; i++)
		if (s->key_lines[i].action == action && (s->key_lines[i].contexts & contexts))
			return &s->key_lines[i];
	for (size_t i = 0; i < s->n_key_lines; i++)
		if (took_from(&s->key_lines[i], action, contexts))
			return &s->key_lines[i];
	return NULL;
}
