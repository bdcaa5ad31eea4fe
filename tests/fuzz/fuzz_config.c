/* SPDX-License-Identifier: MIT */
/*
 * A configuration file of anybody: it is read to its end, what is wrong is told in
 * words that are safe to show, and each value that applies can be written back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/text.h"
#include "ui/tui/config.h"
#include "ui/tui/term.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_safe(const char *words)
{
	for (const char *p = words; *p;) {
		uint32_t cp;
		size_t n = text_utf8_decode(p, strlen(p), &cp);

		if (!n || text_cp_is_hostile(cp))
			abort();
		p += n;
	}
}

static void check_problems(const struct settings *s)
{
	for (size_t i = 0; i < s->n_problems; i++) {
		struct buf b = BUF_INIT;

		config_problem_text(s, &s->problems[i], &b);
		check_safe(buf_str(&b));
		buf_release(&b);
	}
}

static void check_values(struct settings *s)
{
	const struct setting_source again = { .from = FROM_SESSION };

	for (int i = 0; i < SETTING_COUNT; i++) {
		char *text = strdup(s->at[i].text);

		if (!settings_set(s, (enum setting)i, text, again, NULL))
			abort();
		free(text);
	}
}

static void check_keys(const struct settings *s)
{
	for (size_t i = 0; i < s->keys.n; i++) {
		const struct binding *b = &s->keys.at[i];
		char name[16];

		if (b->contexts & ~actions[b->action].contexts)
			abort();
		if (key_of_text(key_text(b->key, name, sizeof(name))) != b->key)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(size + 1, 1);
	struct settings s;

	if (size)
		memcpy(text, data, size);
	settings_init(&s, TEXT_UTF8);
	config_parse(&s, text, size);
	check_problems(&s);
	check_values(&s);
	check_keys(&s);
	settings_release(&s);
	free(text);
	return 0;
}
