/* SPDX-License-Identifier: MIT */
#include "ui/tui/edit.h"

#include <limits.h>
#include <ncurses.h>
#include <string.h>
#include <wchar.h>

#include "src/base/text.h"

#define EDIT_MAX 4096

void edit_set(struct edit *e, const char *text)
{
	buf_reset(&e->text);
	buf_adds(&e->text, text);
	e->cur = e->text.len;
}

void edit_release(struct edit *e)
{
	buf_release(&e->text);
	e->cur = 0;
}

static void insert(struct edit *e, const char *s, size_t n)
{
	if (e->text.len + n > EDIT_MAX)
		return;
	buf_reserve(&e->text, n + 1);
	memmove(e->text.data + e->cur + n, e->text.data + e->cur, e->text.len - e->cur);
	memcpy(e->text.data + e->cur, s, n);
	e->text.len += n;
	e->text.data[e->text.len] = '\0';
	e->cur += n;
}

/* Only what can be shown as it is goes in. */
static void insert_clean(struct edit *e, const char *s, size_t len)
{
	while (len) {
		uint32_t cp = 0;
		size_t n = text_utf8_decode(s, len, &cp);

		if (n && !text_cp_is_hostile(cp))
			insert(e, s, n);
		n = n ? n : 1;
		s += n;
		len -= n;
	}
}

static void cut(struct edit *e, size_t from, size_t to)
{
	if (!e->text.data || from >= to)
		return;
	memmove(e->text.data + from, e->text.data + to, e->text.len - to + 1);
	e->text.len -= to - from;
	e->cur = from;
}

static size_t before(const struct edit *e, size_t at)
{
	if (!at)
		return 0;
	do
		at--;
	while (at && (e->text.data[at] & 0xc0) == 0x80);
	return at;
}

static size_t after(const struct edit *e, size_t at)
{
	if (at >= e->text.len)
		return e->text.len;
	do
		at++;
	while (at < e->text.len && (e->text.data[at] & 0xc0) == 0x80);
	return at;
}

static size_t word_before(const struct edit *e)
{
	size_t at = e->cur;

	while (at && e->text.data[at - 1] == ' ')
		at--;
	while (at && e->text.data[at - 1] != ' ' && e->text.data[at - 1] != '/')
		at--;
	return at == e->cur ? before(e, at) : at;
}

static bool edit_key(struct edit *e, int key)
{
	switch (key) {
	case K(KEY_LEFT):
	case CTRL('B'):
		e->cur = before(e, e->cur);
		return true;
	case K(KEY_RIGHT):
	case CTRL('F'):
		e->cur = after(e, e->cur);
		return true;
	case K(KEY_HOME):
	case CTRL('A'):
		e->cur = 0;
		return true;
	case K(KEY_END):
	case CTRL('E'):
		e->cur = e->text.len;
		return true;
	case 127:
		cut(e, before(e, e->cur), e->cur);
		return true;
	case K(KEY_DC):
	case CTRL('D'):
		cut(e, e->cur, after(e, e->cur));
		return true;
	case CTRL('U'):
		cut(e, 0, e->cur);
		return true;
	case CTRL('K'):
		cut(e, e->cur, e->text.len);
		return true;
	case CTRL('W'):
		cut(e, word_before(e), e->cur);
		return true;
	default:
		return false;
	}
}

bool edit_event(struct edit *e, const struct event *ev)
{
	char mb[MB_LEN_MAX];
	mbstate_t st = { 0 };
	size_t n;

	if (ev->type == EVENT_PASTE) {
		insert_clean(e, ev->text, ev->len);
		return true;
	}
	if (ev->type != EVENT_KEY)
		return false;
	if (edit_key(e, ev->key))
		return true;
	if (ev->key < ' ' || ev->key >= KEY_OFFSET)
		return false;
	n = wcrtomb(mb, (wchar_t)ev->key, &st);
	if (n != (size_t)-1)
		insert_clean(e, mb, n);
	return true;
}

void edit_draw(const struct canvas *c, const struct edit *e, int y, int x, int w, bool focused,
	       long fault)
{
	const char *s = buf_str(&e->text);
	int at = (int)text_width(s, e->cur), skip = at >= w ? at - w + 1 : 0;

	draw_fill(c, y, x, w, ROLE_NORMAL);
	draw_text_from(c, y, x, w, ROLE_NORMAL, s, skip);
	if (fault >= 0 && (size_t)fault <= e->text.len) {
		int col = (int)text_width(s, (size_t)fault);

		if (col >= skip)
			draw_text(c, y, x + col - skip, w - (col - skip), ROLE_DELETED,
				  s[fault] ? s + fault : "?");
	}
	if (focused)
		*c->cursor = (struct cursor){ true, y, x + at - skip };
}
