/* SPDX-License-Identifier: MIT */
/* "key.descriptors.hold = a Ins": keys in the configuration. */
#ifndef TUI_KEYCONF_H
#define TUI_KEYCONF_H

#include "ui/tui/settings.h"

/* The contexts whose keys can be set: prompts and dialogs keep theirs, for letters are text there. */
#define CTX_SETTABLE CTX_VIEWS

/* One line, name without "key.". False: why says what is wrong. */
bool keyconf_line(struct settings *s, unsigned line, const char *name, const char *value,
		  struct buf *why);

/*
 * After the last line: bind. What key.CONTEXT. says wins over key.all. of the
 * same action. A key that two lines give to two actions in one context is a
 * problem of the later one, which is left out.
 */
void keyconf_apply(struct settings *s);

/* "key.all.hold", "a Ins"; where that is so. */
typedef void each_key(void *arg, const char *name, const char *keys, enum action action,
		      unsigned contexts);

/* Every line that would make the keys as they are in m. */
void keyconf_each(const struct keymap *m, each_key *each, void *arg);

/* Which line made the keys of an action there; NULL: none, they are the defaults. */
const struct key_line *keyconf_origin(const struct settings *s, enum action action,
				      unsigned contexts);

#endif
