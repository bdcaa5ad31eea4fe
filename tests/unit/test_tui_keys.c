/* SPDX-License-Identifier: MIT */
/* The action and key tables of the terminal interface hold together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ui/tui/actions.h"
#include "ui/tui/term.h"

#define CONTEXTS 10

static void every_action_is_described(void **state)
{
	(void)state;
	for (int i = 1; i < ACTION_COUNT; i++) {
		assert_non_null(actions[i].name);
		assert_true(strlen(actions[i].help) > 4);
		assert_int_not_equal(actions[i].effect, EFFECT_UNSTATED);
		assert_int_not_equal(actions[i].contexts, 0);
		assert_int_equal(action_by_name(actions[i].name), i);
	}
	assert_int_equal(action_by_name("no such action"), ACTION_NONE);
}

static void no_key_has_two_actions(void **state)
{
	struct keymap m;

	(void)state;
	keymap_init(&m);
	for (size_t i = 0; i < m.n; i++) {
		for (size_t j = i + 1; j < m.n; j++) {
			char name[16];

			if (m.at[i].key != m.at[j].key || !(m.at[i].contexts & m.at[j].contexts))
				continue;
			fail_msg("%s is %s and %s", key_text(m.at[i].key, name, sizeof(name)),
				 actions[m.at[i].action].name, actions[m.at[j].action].name);
		}
	}
	keymap_release(&m);
}

/* Nor does a binding reach into a context that its action does not know. */
static void keys_stay_in_their_contexts(void **state)
{
	struct keymap m;

	(void)state;
	keymap_init(&m);
	for (size_t i = 0; i < m.n; i++)
		assert_int_equal(m.at[i].contexts & ~actions[m.at[i].action].contexts, 0);
	keymap_release(&m);
}

static void every_action_has_a_key_in_each_context(void **state)
{
	struct keymap m;

	(void)state;
	keymap_init(&m);
	for (int i = 1; i < ACTION_COUNT; i++)
		for (unsigned c = 1; c < 1u << CONTEXTS; c <<= 1)
			if ((actions[i].contexts & c) && keymap_key_of(&m, (enum action)i, c) < 0)
				fail_msg("%s has no key in %s", actions[i].name, context_name(c));
	keymap_release(&m);
}

/* No lowercase letter does more than hold, in any context. */
static void no_lowercase_letter_disturbs(void **state)
{
	struct keymap m;

	(void)state;
	keymap_init(&m);
	for (size_t i = 0; i < m.n; i++)
		if (m.at[i].key >= 'a' && m.at[i].key <= 'z')
			assert_true(actions[m.at[i].action].effect <= EFFECT_HOLD);
	keymap_release(&m);
}

static void names_of_keys_can_be_read_back(void **state)
{
	struct keymap m;

	(void)state;
	keymap_init(&m);
	for (size_t i = 0; i < m.n; i++) {
		char name[16];
		int key = m.at[i].key;

		assert_int_equal(key_of_text(key_text(key, name, sizeof(name))), key);
	}
	assert_int_equal(key_of_text("nonsense"), -1);
	assert_int_equal(key_of_text("\xc3\xa4"), 0xe4);
	assert_int_equal(key_of_text("U+E4"), 0xe4);
	assert_int_equal(key_of_text("u+65e5"), 0x65e5);
	assert_int_equal(key_of_text("\xe6\x97\xa5"), 0x65e5);
	assert_int_equal(key_of_text("U+E4x"), -1);
	assert_int_equal(key_of_text("U+"), -1);
	assert_int_equal(key_of_text("U+202E"), -1); /* nobody types what turns text round */
	assert_int_equal(key_of_text("\xc3\xa4\xc3\xa4"), -1);
	assert_int_equal(key_of_text("\xe4"), -1);
	assert_int_equal(key_of_text(""), -1);
	keymap_release(&m);
}

static void binding_takes_the_key_away(void **state)
{
	struct keymap m;

	(void)state;
	keymap_init(&m);
	keymap_bind(&m, 'd', ACTION_HOLD, actions[ACTION_HOLD].contexts);
	assert_int_equal(keymap_find(&m, 'd', CTX_FDS), ACTION_HOLD);
	assert_int_equal(keymap_find(&m, 'd', CTX_SHELF), ACTION_DUMP);
	keymap_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_action_is_described),
		cmocka_unit_test(no_key_has_two_actions),
		cmocka_unit_test(keys_stay_in_their_contexts),
		cmocka_unit_test(every_action_has_a_key_in_each_context),
		cmocka_unit_test(no_lowercase_letter_disturbs),
		cmocka_unit_test(names_of_keys_can_be_read_back),
		cmocka_unit_test(binding_takes_the_key_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
