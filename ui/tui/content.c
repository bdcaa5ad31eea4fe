/* SPDX-License-Identifier: MIT */
/* The viewer: hex and text, of a file as it is or of a queue as it was. */
#include "ui/tui/content.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "ui/tui/dialog.h"
#include "ui/tui/verbs.h"
#include "ui/tui/views.h"

void content_init(struct app *a)
{
	a->content = xcalloc(1, sizeof(*a->content));
	a->content->wrap = true;
}

void content_release(struct app *a)
{
	struct content_state *c = a->content;

	content_cancel_search(a);
	content_forget(c);
	subject_release(&c->s);
	buf_release(&c->needle);
	/* A fetch that is under way still looks at the generation: drain first. */
	tasks_drain(&a->tasks, 300);
	free(c);
}

/* Can any part of it be read at any time? */
static bool is_random_access(const struct fdent *e)
{
	return strcmp(e->kind->name, "file") == 0 || strcmp(e->kind->name, "memfd") == 0 ||
	       strcmp(e->kind->name, "block") == 0;
}

void content_view(struct app *a)
{
	struct content_state *c = a->content;
	const struct cell *cell;
	struct subject s;

	if (!subject_current(a, &s))
		return;
	cell = kind_cell(s.e->kind, OP_PEEK);
	if (cell->effect == EFFECT_REFUSED) {
		say(a, ROLE_WARNING, "%s cannot be viewed: %s", s.token, cell->words);
		subject_release(&s);
		return;
	}
	if (!allowed(a, cell->effect)) {
		subject_release(&s);
		return;
	}
	content_forget(c);
	subject_release(&c->s);
	c->s = s;
	c->open = true;
	c->live = is_random_access(s.e);
	c->size = c->live ? s.e->size : 0;
	c->loading = false;
	c->cur = c->top = c->match = c->mark = 0;
	c->match_len = 0;
	c->follow = false;
	c->method[0] = c->missing[0] = '\0';
	c->refreshed_ms = a->now;
	fail_clear(&c->fail);
	screen_go(a, &view_content);
	content_fetch(a);
}

/* ---- moving ---- */

static void move_rows(struct app *a, int by)
{
	struct content_state *c = a->content;
	uint64_t start = content_row_start(a, c->cur), within = c->cur - start;

	for (; by < 0 && start; by++)
		start = content_row_before(a, start);
	for (; by > 0; by--) {
		uint64_t next = start + content_row_len(a, start);

		if (next >= c->size || next == start)
			break;
		start = next;
	}
	if (!c->text && within && start + within < start + content_row_len(a, start))
		start += within;
	c->cur = start;
}

static void move_bytes(struct content_state *c, int by)
{
	if (c->text)
		c->hscroll = c->hscroll + by * 8 > 0 ? c->hscroll + by * 8 : 0;
	else if (by < 0)
		c->cur -= c->cur ? 1 : 0;
	else if (c->cur + 1 < c->size)
		c->cur++;
}

static bool content_move(struct app *a, enum action action)
{
	struct content_state *c = a->content;
	int page = c->rows > 1 ? c->rows - 1 : 1;

	switch (action) {
	case ACTION_UP:
		move_rows(a, -1);
		break;
	case ACTION_DOWN:
		move_rows(a, 1);
		break;
	case ACTION_PAGE_UP:
		move_rows(a, -page);
		break;
	case ACTION_PAGE_DOWN:
		move_rows(a, page);
		break;
	case ACTION_HALF_UP:
		move_rows(a, -(page + 1) / 2);
		break;
	case ACTION_HALF_DOWN:
		move_rows(a, (page + 1) / 2);
		break;
	case ACTION_TOP:
		c->cur = 0;
		break;
	case ACTION_BOTTOM:
		c->cur = c->size ? c->size - 1 : 0;
		break;
	case ACTION_LEFT:
	case ACTION_RIGHT:
		move_bytes(c, action == ACTION_LEFT ? -1 : 1);
		break;
	default:
		return false;
	}
	if (action != ACTION_BOTTOM)
		c->follow = false;
	return true;
}

/* ---- go to, search ---- */

static bool parse_offset(const struct content_state *c, const char *text, uint64_t *off)
{
	char sign = *text == '+' || *text == '-' ? *text++ : '\0', *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(text, &end, 0);
	if (errno || end == text || *text == '-' || *text == '+')
		return false;
	if (*end == '%' && !end[1] && v <= 100) {
		*off = c->size / 100 * v + c->size % 100 * v / 100;
		return true;
	}
	if (*end)
		return false;
	*off = sign == '+' ? c->cur + v : sign == '-' ? (v > c->cur ? 0 : c->cur - v) : v;
	return true;
}

static void goto_done(struct app *a, const char *text)
{
	struct content_state *c = a->content;
	uint64_t off;

	if (!text || !*text)
		return;
	if (!parse_offset(c, text, &off)) {
		say(a, ROLE_ERROR, "an offset is a number, 0x number, +N, -N or N%%");
		return;
	}
	if (off >= c->size) {
		say(a, ROLE_WARNING, "that is behind the end, which is at 0x%" PRIx64, c->size);
		off = c->size ? c->size - 1 : 0;
	}
	c->cur = off;
	c->follow = false;
}

static int nibble(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	if (ch >= 'a' && ch <= 'f')
		return ch - 'a' + 10;
	return ch >= 'A' && ch <= 'F' ? ch - 'A' + 10 : -1;
}

/* "x 7f 45" are bytes, everything else is text. */
static bool parse_needle(struct buf *out, const char *text)
{
	buf_reset(out);
	if (strncmp(text, "x ", 2) != 0) {
		buf_adds(out, text);
		return out->len > 0;
	}
	for (text += 2; *text; text++) {
		if (*text == ' ')
			continue;
		if (nibble(text[0]) < 0 || nibble(text[1]) < 0)
			return false;
		buf_addc(out, (char)(nibble(text[0]) << 4 | nibble(text[1])));
		text++;
	}
	return out->len > 0;
}

static void find_done(struct app *a, const char *text)
{
	struct content_state *c = a->content;

	if (!text)
		return;
	c->match_len = 0;
	if (!parse_needle(&c->needle, text)) {
		buf_reset(&c->needle);
		say(a, ROLE_ERROR, "search for text, or for bytes as: x 7f454c46");
		return;
	}
	content_find(a, 1);
}

static void change_width(struct content_state *c)
{
	if (c->text)
		c->wrap = !c->wrap;
	else
		c->hex_width = c->hex_width == 0 ? 8 : c->hex_width == 32 ? 0 : c->hex_width * 2;
	c->top = 0;
}

static void toggle_follow(struct app *a)
{
	struct content_state *c = a->content;

	c->follow = !c->follow;
	c->refreshed_ms = 0;
	if (c->follow && c->size)
		c->cur = c->size - 1;
	say(a, ROLE_NORMAL, c->follow ? "following: shows what comes" : "not following");
}

static bool content_act(struct app *a, enum action action)
{
	struct content_state *c = a->content;

	if (content_move(a, action))
		return true;
	switch (action) {
	case ACTION_MODE:
		c->text = !c->text;
		c->cur = c->text ? content_row_start(a, c->cur) : c->cur;
		c->top = content_row_start(a, c->top);
		return true;
	case ACTION_GOTO:
		prompt_open(a, "go to: ", "", NULL, goto_done);
		return true;
	case ACTION_SEARCH:
		prompt_open(a, "/", "", NULL, find_done);
		return true;
	case ACTION_SEARCH_NEXT:
	case ACTION_SEARCH_PREV:
		content_find(a, action == ACTION_SEARCH_NEXT ? 1 : -1);
		return true;
	case ACTION_BOOKMARK:
		c->mark = c->cur;
		say(a, ROLE_NORMAL, "offset 0x%" PRIx64 " remembered: ' goes back to it", c->mark);
		return true;
	case ACTION_BOOKMARK_GO: {
		uint64_t was = c->cur;

		c->cur = c->mark;
		c->mark = was;
		return true;
	}
	case ACTION_WIDTH:
		change_width(c);
		return true;
	case ACTION_ENDIAN:
		c->big_endian = !c->big_endian;
		return true;
	case ACTION_FOLLOW:
		toggle_follow(a);
		return true;
	case ACTION_REFRESH:
		content_forget(c);
		c->loading = false;
		fail_clear(&c->fail);
		return true;
	case ACTION_CANCEL:
		content_cancel_search(a);
		c->match_len = 0;
		return true;
	case ACTION_DUMP:
		if (c->open)
			dumping_subject(a, &c->s, c->cur);
		return true;
	default:
		return false;
	}
}

void content_draw_preview(struct app *a, struct rect r)
{
	struct content_state *c = a->content;
	const struct fdent *e = fds_current(a);

	if (c->open && e && !c->s.held && picture_same_row(e, c->s.e)) {
		content_draw(a, r, false);
		return;
	}
	draw_rule(&a->canvas, r.y, r.x, r.w, "PREVIEW", "", false);
	draw_text(&a->canvas, r.y + 1, r.x + 1, r.w - 2, ROLE_DIM,
		  "press v to peek (brief hold); nothing is read until you ask");
}

static void content_command(struct app *a, struct buf *out)
{
	struct content_state *c = a->content;

	if (!c->open)
		return;
	buf_addf(out, "filch peek %s", c->s.desc);
	if (c->live)
		buf_addf(out, " --offset %" PRIu64, c->top);
	if (!c->text)
		buf_adds(out, " --hex");
}

const struct view view_content = {
	.name = "viewer",
	.context = CTX_CONTENT,
	.draw = content_draw,
	.act = content_act,
	.command = content_command,
};
