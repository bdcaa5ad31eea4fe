/* SPDX-License-Identifier: MIT */
#include "ui/tui/draw.h"

#include <ncurses.h>
#include <string.h>

#include "src/base/text.h"

static bool clip(int y, int *x, int *w)
{
	if (y < 0 || y >= LINES || *x >= COLS || *w <= 0)
		return false;
	if (*x < 0) {
		*w += *x;
		*x = 0;
	}
	if (*x + *w > COLS)
		*w = COLS - *x;
	return *w > 0;
}

int draw_text_from(const struct canvas *c, int y, int x, int w, enum role role, const char *s,
		   int skip)
{
	size_t len = strlen(s), used = 0, n;

	if (!clip(y, &x, &w))
		return 0;
	if (skip > 0) {
		n = text_fit(s, len, (size_t)skip, NULL);
		s += n;
		len -= n;
	}
	n = text_fit(s, len, (size_t)w, &used);
	attrset((int)c->theme->attr[role]);
	mvaddnstr(y, x, s, (int)n);
	attrset(A_NORMAL);
	return (int)used;
}

size_t draw_wrap(const char *s, int w)
{
	size_t len = strlen(s), n = text_fit(s, len, (size_t)(w > 0 ? w : 1), NULL), at = n;
	const char *nl = memchr(s, '\n', n);

	if (nl)
		return (size_t)(nl - s);
	if (n == len)
		return n;
	while (at && s[at] != ' ')
		at--;
	return at ? at : n ? n : 1;
}

int draw_text(const struct canvas *c, int y, int x, int w, enum role role, const char *s)
{
	return draw_text_from(c, y, x, w, role, s, 0);
}

void draw_right(const struct canvas *c, int y, int x, int w, enum role role, const char *s)
{
	int used = (int)text_width(s, strlen(s));

	if (used > w)
		used = w;
	draw_text(c, y, x + w - used, used, role, s);
}

void draw_fill(const struct canvas *c, int y, int x, int w, enum role role)
{
	if (!clip(y, &x, &w))
		return;
	attrset((int)c->theme->attr[role]);
	mvhline(y, x, ' ' | c->theme->attr[role], w);
	attrset(A_NORMAL);
}

void draw_clear(const struct canvas *c, struct rect r)
{
	for (int i = 0; i < r.h; i++)
		draw_fill(c, r.y + i, r.x, r.w, ROLE_NORMAL);
}

/* A line character of our own choice: the alternate set confuses some terminals. */
static cchar_t line_char(const struct canvas *c, enum role role, wchar_t wide, wchar_t plain)
{
	wchar_t text[2] = { c->ascii ? plain : wide, L'\0' };
	attr_t attr = c->theme->attr[role];
	cchar_t cell;

	setcchar(&cell, text, attr & ~A_COLOR, (short)PAIR_NUMBER(attr), NULL);
	return cell;
}

static void hline_at(const struct canvas *c, int y, int x, int w, enum role role)
{
	cchar_t cell;

	if (!clip(y, &x, &w))
		return;
	cell = line_char(c, role, L'\u2500', L'-');
	mvhline_set(y, x, &cell, w);
}

void draw_rule(const struct canvas *c, int y, int x, int w, const char *title, const char *right,
	       bool focused)
{
	int rw = (int)text_width(right, strlen(right));

	hline_at(c, y, x, w, ROLE_DIM);
	if (*title && w > 6) {
		int used = draw_text(c, y, x + 3, w - 4, focused ? ROLE_TITLE : ROLE_NORMAL, title);

		draw_text(c, y, x + 2, 1, ROLE_NORMAL, " ");
		draw_text(c, y, x + 3 + used, 1, ROLE_NORMAL, " ");
		if (*right && used + rw + 10 < w) {
			draw_text(c, y, x + w - rw - 4, 1, ROLE_NORMAL, " ");
			draw_text(c, y, x + w - rw - 3, rw, ROLE_NORMAL, right);
			draw_text(c, y, x + w - 3, 1, ROLE_NORMAL, " ");
		}
	}
}

void draw_vline(const struct canvas *c, int y, int x, int h)
{
	cchar_t cell;
	int w = 1;

	if (y + h > LINES)
		h = LINES - y;
	if (h <= 0 || !clip(y, &x, &w))
		return;
	cell = line_char(c, ROLE_DIM, L'\u2502', L'|');
	mvvline_set(y, x, &cell, h);
}

static void corner(const struct canvas *c, int y, int x, wchar_t what)
{
	cchar_t cell = line_char(c, ROLE_NORMAL, what, L'+');
	int w = 1;

	if (clip(y, &x, &w))
		mvadd_wch(y, x, &cell);
}

void draw_box(const struct canvas *c, struct rect r, enum role role, const char *title)
{
	draw_clear(c, r);
	hline_at(c, r.y, r.x, r.w, ROLE_NORMAL);
	hline_at(c, r.y + r.h - 1, r.x, r.w, ROLE_NORMAL);
	draw_vline(c, r.y, r.x, r.h);
	draw_vline(c, r.y, r.x + r.w - 1, r.h);
	corner(c, r.y, r.x, L'\u250c');
	corner(c, r.y, r.x + r.w - 1, L'\u2510');
	corner(c, r.y + r.h - 1, r.x, L'\u2514');
	corner(c, r.y + r.h - 1, r.x + r.w - 1, L'\u2518');
	if (r.w > 6) {
		int used = draw_text(c, r.y, r.x + 3, r.w - 5, role, title);

		draw_text(c, r.y, r.x + 2, 1, ROLE_NORMAL, " ");
		draw_text(c, r.y, r.x + 3 + used, 1, ROLE_NORMAL, " ");
	}
}

void draw_bar(const struct canvas *c, int y, int x, int w, unsigned permille)
{
	int full = (int)((unsigned)w * (permille > 1000 ? 1000 : permille) / 1000);

	for (int i = 0; i < w; i++)
		draw_text(c, y, x + i, 1, i < full ? ROLE_OK : ROLE_DIM, i < full ? "#" : "-");
}
