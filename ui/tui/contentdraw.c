/* SPDX-License-Identifier: MIT */
/* Rows of the viewer: where they begin, and how they look. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "ui/tui/content.h"
#include "ui/tui/views.h"

#define LINE_MAX_BYTES 4096 /* a longer line of text is cut into rows */
#define TAB_STOP       8

/* Cells of a row with so many bytes: offset, hex, a gap each 8, characters. */
static int hex_cells(unsigned bytes)
{
	return 10 + (int)(bytes * 3 + bytes / 8) + 1 + (int)bytes;
}

unsigned content_hex_width(const struct content_state *c)
{
	if (c->hex_width)
		return c->hex_width;
	return c->cols >= hex_cells(32) ? 32 : c->cols >= hex_cells(16) ? 16 : 8;
}

static uint64_t piece_start(const struct content_state *c, uint64_t off)
{
	const struct piece *p = content_piece(c, off);

	return p ? p->at : 0;
}

static uint64_t piece_end(const struct content_state *c, uint64_t off)
{
	const struct piece *p = content_piece(c, off);

	return p ? p->at + p->len : c->size;
}

/* Cells that one character takes; *n its bytes. */
static int cells_of(const char *s, size_t len, int col, size_t *n, enum text_mode mode)
{
	uint32_t cp = 0;
	int w;

	*n = text_utf8_decode(s, len, &cp);
	if (*n == 1 && *s == '\t') {
		return TAB_STOP - col % TAB_STOP;
	} else if (*n && !text_cp_is_hostile(cp) && *s != '\\' && (*n == 1 || mode == TEXT_UTF8)) {
		w = *n > 1 ? wcwidth((wchar_t)cp) : 1;
		return w < 0 ? 1 : w;
	} else if (*n <= 1) {
		*n = 1;
		return strchr("\r\033\\", *s) && *s ? 2 : 4;
	}
	return 8;
}

static uint64_t text_len(struct app *a, uint64_t off)
{
	struct content_state *c = a->content;
	uint64_t limit = piece_end(c, off) - off;
	const char *p = NULL;
	size_t have = content_get(a, off, &p), n = 0;
	int col = 0;

	if (!have)
		return limit < CHUNK_SIZE ? limit : CHUNK_SIZE - off % CHUNK_SIZE;
	if (have > limit)
		have = limit;
	if (have > LINE_MAX_BYTES)
		have = LINE_MAX_BYTES;
	while (n < have && p[n] != '\n') {
		size_t bytes;
		int w = cells_of(p + n, have - n, col, &bytes, a->mode);

		if (c->wrap && col + w > c->cols)
			return n ? n : 1;
		col += w;
		n += bytes;
	}
	return n < have ? n + 1 : n;
}

uint64_t content_row_len(struct app *a, uint64_t off)
{
	struct content_state *c = a->content;
	uint64_t width = content_hex_width(c), left = piece_end(c, off) - off;

	if (c->text)
		return text_len(a, off);
	width -= (off - piece_start(c, off)) % width;
	return left < width ? left : width;
}

/* The line that off is in begins behind the newline before it. */
static uint64_t line_start(struct app *a, uint64_t off)
{
	struct content_state *c = a->content;
	uint64_t least = piece_start(c, off), at = off;

	if (off - least > LINE_MAX_BYTES)
		least = off - LINE_MAX_BYTES;
	while (at > least) {
		const char *p;

		if (!content_get(a, at - 1, &p) || *p == '\n')
			break;
		at--;
	}
	return at;
}

uint64_t content_row_start(struct app *a, uint64_t off)
{
	struct content_state *c = a->content;
	uint64_t width = content_hex_width(c), start, next;

	if (!c->text)
		return off - (off - piece_start(c, off)) % width;
	start = line_start(a, off);
	while ((next = start + text_len(a, start)) <= off && next > start && next < c->size)
		start = next;
	return start;
}

uint64_t content_row_before(struct app *a, uint64_t off)
{
	return off ? content_row_start(a, off - 1) : 0;
}

/* ---- painting ---- */

static enum role role_of_byte(unsigned char b)
{
	return b == 0                                            ? ROLE_DIM
	       : b == ' ' || b == '\n' || b == '\t' || b == '\r' ? ROLE_OK
	       : b < 0x20 || b == 0x7f                           ? ROLE_CONSUME
	       : b >= 0x80                                       ? ROLE_WARNING
								 : ROLE_NORMAL;
}

static char sign_of_byte(unsigned char b)
{
	return b == 0 ? '0' : b >= 0x20 && b < 0x7f ? (char)b : b >= 0x80 ? 'x' : '.';
}

static bool in_match(const struct content_state *c, uint64_t off)
{
	return c->match_len && off >= c->match && off < c->match + c->match_len;
}

static void draw_hex(struct app *a, uint64_t off, int y, struct rect r, bool focused)
{
	struct content_state *c = a->content;
	unsigned width = content_hex_width(c), shift;
	uint64_t n = content_row_len(a, off);
	const char *p = NULL;
	size_t have = content_get(a, off, &p);
	int x = r.x + 10, signs;
	char text[24];

	shift = (unsigned)((off - piece_start(c, off)) % width);
	snprintf(text, sizeof(text), "%08" PRIx64, off);
	draw_text(&a->canvas, y, r.x, 9, ROLE_DIM,
		  text + (strlen(text) > 8 ? strlen(text) - 8 : 0));
	signs = x + (int)(width * 3 + width / 8) + 1;
	for (uint64_t i = 0; i < n; i++) {
		unsigned at = (unsigned)i + shift;
		bool known = i < have, cursor = off + i == c->cur && focused;
		enum role role = cursor                 ? ROLE_CURSOR
				 : in_match(c, off + i) ? ROLE_MATCH
				 : known                ? role_of_byte((unsigned char)p[i])
							: ROLE_DIM;

		snprintf(text, sizeof(text), "%02x", known ? (unsigned char)p[i] : 0);
		draw_text(&a->canvas, y, x + (int)(at * 3 + at / 8), 2, role, known ? text : "..");
		text[0] = known ? sign_of_byte((unsigned char)p[i]) : ' ';
		text[1] = '\0';
		draw_text(&a->canvas, y, signs + (int)at, r.x + r.w - signs - (int)at, role, text);
	}
}

static void draw_line(struct app *a, uint64_t off, int y, struct rect r, bool on)
{
	struct content_state *c = a->content;
	uint64_t n = content_row_len(a, off);
	const char *p = NULL;
	size_t have = content_get(a, off, &p), i = 0;
	autobuf b = BUF_INIT;
	int col = 0;

	if (!have) {
		draw_text(&a->canvas, y, r.x, r.w, ROLE_DIM, "...");
		return;
	}
	if (have > n)
		have = n;
	while (i < have && p[i] != '\n') {
		size_t bytes;
		int w = cells_of(p + i, have - i, col, &bytes, a->mode);

		if (p[i] == '\t')
			buf_addf(&b, "%*s", w, "");
		else
			add_text(a, &b, p + i, bytes);
		col += w;
		i += bytes;
	}
	draw_text_from(&a->canvas, y, r.x, r.w,
		       c->match_len && c->match >= off && c->match < off + n ? ROLE_MATCH
		       : on                                                  ? ROLE_TITLE
									     : ROLE_NORMAL,
		       buf_str(&b), c->wrap ? 0 : c->hscroll);
}

static void draw_message_head(struct app *a, const struct piece *p, int y, struct rect r)
{
	struct content_state *c = a->content;
	char head[160];

	snprintf(head, sizeof(head), "message %zu   %" PRIu64 " bytes%s%s%s",
		 p - c->pieces + (size_t)1, p->full_len, p->sender ? "   from " : "",
		 p->sender ? p->sender : "", p->n_fds ? "   with descriptors" : "");
	draw_rule(&a->canvas, y, r.x, r.w, head, "", false);
}

/* Paint from top on; returns the offset behind the last row, *cursor the row of cur. */
static uint64_t draw_rows(struct app *a, struct rect r, bool focused, bool paint, bool *seen)
{
	struct content_state *c = a->content;
	uint64_t off = c->top;
	int y = 0;

	*seen = false;
	while (y < r.h && off < c->size) {
		const struct piece *p = content_piece(c, off);
		uint64_t n;

		if (p && p->message && off == p->at) {
			if (paint)
				draw_message_head(a, p, r.y + y, r);
			if (++y >= r.h)
				break;
		}
		n = content_row_len(a, off);
		if (c->cur >= off && c->cur < off + n)
			*seen = true;
		if (paint && c->text)
			draw_line(a, off, r.y + y, r, c->cur >= off && c->cur < off + n);
		else if (paint)
			draw_hex(a, off, r.y + y, r, focused);
		off += n ? n : 1;
		y++;
	}
	return off;
}

/* Move top so that the cursor's row is visible. */
static void place(struct app *a, struct rect r)
{
	struct content_state *c = a->content;
	bool seen;

	if (c->cur >= c->size)
		c->cur = c->size ? c->size - 1 : 0;
	if (c->cur < c->top)
		c->top = content_row_start(a, c->cur);
	draw_rows(a, r, false, false, &seen);
	if (seen || !c->size)
		return;
	c->top = content_row_start(a, c->cur);
	for (int i = 0; i < r.h - 2 && c->top; i++)
		c->top = content_row_before(a, c->top);
	for (int i = 0; i < r.h; i++) {
		draw_rows(a, r, false, false, &seen);
		if (seen)
			return;
		c->top += content_row_len(a, c->top);
	}
}

static uint64_t number(const unsigned char *p, size_t n, bool big)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[big ? i : n - 1 - i];
	return v;
}

/* What the bytes at the cursor are as numbers. */
static void draw_inspector(struct app *a, int y, struct rect r)
{
	struct content_state *c = a->content;
	const char *s = NULL;
	size_t have = content_get(a, c->cur, &s);
	unsigned char p[8] = { 0 };
	uint64_t v8;
	uint32_t v4;
	double d;
	float f;
	char line[256];

	memcpy(p, s ? s : "", s ? (have < 8 ? have : 8) : 0);
	v8 = number(p, 8, c->big_endian);
	v4 = (uint32_t)number(p, 4, c->big_endian);
	memcpy(&d, &v8, sizeof(d));
	memcpy(&f, &v4, sizeof(f));
	snprintf(line, sizeof(line), "%s  u8 %u  i8 %d  u16 %u  i16 %d  u32 %u  i32 %d",
		 c->big_endian ? "BE" : "LE", p[0], (int8_t)p[0],
		 (unsigned)number(p, 2, c->big_endian), (int16_t)number(p, 2, c->big_endian), v4,
		 (int32_t)v4);
	draw_text(&a->canvas, y, r.x + 1, r.w - 1, ROLE_NORMAL, line);
	snprintf(line, sizeof(line), "    u64 %" PRIu64 "  i64 %" PRId64 "  f32 %.6g  f64 %.9g", v8,
		 (int64_t)v8, (double)f, d);
	draw_text(&a->canvas, y + 1, r.x + 1, r.w - 1, ROLE_NORMAL, line);
}

static void draw_bars(struct app *a, struct rect r, bool focused)
{
	struct content_state *c = a->content;
	const struct cell *cell = kind_cell(c->s.e->kind, OP_PEEK);
	autobuf b = BUF_INIT;
	char when[32] = "";
	struct tm tm;

	buf_adds(&b, " VIEW ");
	subject_describe(a, &c->s, &b);
	draw_text(&a->canvas, r.y, r.x, r.w, focused ? ROLE_TITLE : ROLE_NORMAL, buf_str(&b));
	buf_reset(&b);
	buf_addf(&b, " offset 0x%" PRIx64 " (%" PRIu64 ") of ", c->cur, c->cur);
	text_size(&b, c->size);
	if (c->size)
		buf_addf(&b, "  %u%%", (unsigned)((c->cur + 1) * 100 / c->size));
	if (localtime_r(&c->taken, &tm))
		strftime(when, sizeof(when), "%H:%M:%S", &tm);
	if (c->live)
		buf_adds(&b, c->follow ? "   live, following" : "   live");
	else
		buf_addf(&b, "   snapshot at %s", c->loaded ? when : "...");
	if (*c->method)
		buf_addf(&b, "   by %s", c->method);
	if (*effect_tag(cell->effect))
		buf_addf(&b, "   %s", effect_tag(cell->effect));
	if (*c->missing)
		buf_addf(&b, "   NOT SEEN: %s", c->missing);
	draw_text(&a->canvas, r.y + 1, r.x, r.w, *c->missing ? ROLE_WARNING : ROLE_HOLD,
		  buf_str(&b));
}

static void draw_empty(struct app *a, struct rect r)
{
	struct content_state *c = a->content;
	autobuf b = BUF_INIT;

	if (c->fail.err) {
		fail_sentence(&b, &c->fail, a->mode);
		draw_text(&a->canvas, r.y, r.x + 2, r.w - 3, ROLE_ERROR, buf_str(&b));
	} else {
		draw_text(&a->canvas, r.y, r.x + 2, r.w - 3, ROLE_DIM,
			  c->loaded ? "nothing is there" : "looking ...");
	}
}

void content_draw(struct app *a, struct rect r, bool focused)
{
	struct content_state *c = a->content;
	struct rect rows = { r.y + 2, r.x, r.h - 2, r.w };
	bool inspector = !c->text && r.h >= 12, seen;

	if (!c->open) {
		draw_text(&a->canvas, r.y + 1, r.x + 2, r.w - 2, ROLE_DIM,
			  "nothing is being viewed");
		return;
	}
	if (inspector)
		rows.h -= 3;
	c->rows = rows.h;
	c->cols = rows.w;
	draw_bars(a, r, focused);
	if (!c->size || (c->fail.err && !c->loaded)) {
		draw_empty(a, rows);
	} else {
		place(a, rows);
		draw_rows(a, rows, focused, true, &seen);
		if (c->fail.err)
			draw_empty(a, (struct rect){ r.y + r.h - 1, r.x, 1, r.w });
	}
	if (inspector) {
		draw_rule(&a->canvas, rows.y + rows.h, r.x, r.w, "", "", false);
		draw_inspector(a, rows.y + rows.h + 1, r);
	}
	content_fetch(a);
}
