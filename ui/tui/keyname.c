/* SPDX-License-Identifier: MIT */
/* Names of keys, for help, hints and the configuration. */
#include <limits.h>
#include <ncurses.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>

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

/* A letter beyond ASCII, as it is typed; where it could not be shown, by its number. */
static void letter_text(int key, char *p, size_t size)
{
	char mb[MB_LEN_MAX];
	mbstate_t st = { 0 };
	size_t n = wcrtomb(mb, (wchar_t)key, &st);

	if (text_mode_of_locale() == TEXT_ASCII || n == (size_t)-1 || n >= size ||
	    wcwidth((wchar_t)key) < 1) {
		snprintf(p, size, "U+%04X", (unsigned)key);
		return;
	}
	memcpy(p, mb, n);
	p[n] = '\0';
}

static bool is_letter(uint32_t cp)
{
	return cp >= 0xa0 && cp <= 0x10ffff && !text_cp_is_hostile(cp);
}

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
	else if (key > 0 && key < KEY_OFFSET && is_letter((uint32_t)key))
		letter_text(key, p, size);
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

/* One character of UTF-8, or "U+E4". */
static int letter_of(const char *name)
{
	size_t len = strlen(name);
	uint32_t cp = 0;
	unsigned number;
	int end = 0;

	if ((name[0] == 'U' || name[0] == 'u') && name[1] == '+' &&
	    sscanf(name + 2, "%6x%n", &number, &end) == 1 && !name[2 + end])
		cp = number;
	else if (!len || text_utf8_decode(name, len, &cp) != len)
		return -1;
	return is_letter(cp) ? (int)cp : -1;
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
	return letter_of(name);
}
