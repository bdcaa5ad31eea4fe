/* SPDX-License-Identifier: MIT */
/* Names of keys, for help, hints and the configuration. */
#include <ncurses.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "src/base/text.h"
#include "ui/tui/term.h"

static const struct {
	int key;
	const char *name;
} names[] = {
	{ '\r', "Enter" },        { '\t', "Tab" },          { ' ', "Space" },
	{ KEY_ESC, "Esc" },       { 127, "Backspace" },     { K(KEY_UP), "Up" },
	{ K(KEY_DOWN), "Down" },  { K(KEY_LEFT), "Left" },  { K(KEY_RIGHT), "Right" },
	{ K(KEY_PPAGE), "PgUp" }, { K(KEY_NPAGE), "PgDn" }, { K(KEY_HOME), "Home" },
	{ K(KEY_END), "End" },    { K(KEY_BTAB), "S-Tab" }, { K(KEY_DC), "Del" },
	{ K(KEY_IC), "Ins" },
};

const char *key_text(int key, char *p, size_t size)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].key == key)
			return names[i].name;
	if (key >= K(KEY_F0) && key <= K(KEY_F0 + 63))
		snprintf(p, size, "F%d", key - K(KEY_F0));
	else if (key > 0 && key < 32)
		snprintf(p, size, "^%c", key + 64);
	else if (key > 32 && key < 127)
		snprintf(p, size, "%c", key);
	else
		snprintf(p, size, "?");
	return p;
}

/* "F4" and nothing behind it. */
static int function_key(const char *name)
{
	int n = 0;

	if (name[0] != 'F' || name[1] < '1' || name[1] > '9')
		return -1;
	for (name++; *name >= '0' && *name <= '9' && n < 100; name++)
		n = n * 10 + (*name - '0');
	return *name || n > 63 ? -1 : K(KEY_F0) + n;
}

int key_of_text(const char *name)
{
	int f = function_key(name);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(names[i].name, name) == 0)
			return names[i].key;
	if (f >= 0)
		return f;
	if (name[0] == '^' && name[1] >= '@' && name[1] <= '_' && !name[2])
		return CTRL(name[1]);
	if (name[0] > 32 && name[0] < 127 && !name[1])
		return name[0];
	return -1;
}
