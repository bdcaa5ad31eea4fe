/* SPDX-License-Identifier: MIT */
/* Painting of the descriptor table. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ui/tui/fds.h"
#include "ui/tui/views.h"

#define FADE_MS 3000

struct layout {
	int kind, mode, pos, share, detail;
};

static struct layout columns_of(int w)
{
	struct layout c = { 8, 17, 23, -1, 36 };

	if (w >= 66) {
		c.share = 36;
		c.detail = 43;
	}
	if (w < 50) {
		c.pos = -1;
		c.detail = 23;
	}
	return c;
}

struct fdrow_ctx fds_row_ctx(struct app *a, const struct fds_row *row)
{
	return (struct fdrow_ctx){
		.a = a,
		.pic = a->target_pic,
		.wide = a->wide,
		.letter = row->letter,
		.facts = &a->fds->facts,
	};
}

static void heading_words(struct app *a, struct buf *b)
{
	const struct fds_state *s = a->fds;
	const struct procent *p = fds_proc(a);

	buf_addf(b, "  %zu", s->total);
	if (p && p->limit && p->limit != UINT64_MAX)
		buf_addf(b, " of %" PRIu64, p->limit);
	buf_adds(b, " fds   filter: ");
	buf_adds(b, s->filter.len ? buf_str(&s->filter) : "none");
	buf_addf(b, "   sort: %s%s", s->group ? "group" : fds_sort_names[s->sort],
		 s->invert ? " (inverted)" : "");
	if (s->gone && fds_fading(a))
		buf_addf(b, "   %u closed", s->gone);
}

static void draw_heading(struct app *a, struct rect r, bool focused)
{
	struct layout c = columns_of(r.w);
	autobuf b = BUF_INIT;

	if (screen_is_wide(a) && fds_proc(a)) {
		buf_addf(&b, " %d ", a->target.pid);
		add_text(a, &b, fds_proc(a)->comm, fds_proc(a)->comm_len);
	}
	heading_words(a, &b);
	draw_text(&a->canvas, r.y, r.x, r.w, focused ? ROLE_TITLE : ROLE_NORMAL, buf_str(&b));
	if (a->target.gone)
		draw_right(&a->canvas, r.y, r.x, r.w - 1, ROLE_STOP, "EXITED: what was seen last");
	draw_right(&a->canvas, r.y + 1, r.x, 6, ROLE_TITLE, "FD");
	draw_text(&a->canvas, r.y + 1, r.x + c.kind, 8, ROLE_TITLE, "KIND");
	draw_text(&a->canvas, r.y + 1, r.x + c.mode, 5, ROLE_TITLE, "MODE");
	if (c.pos >= 0)
		draw_text(&a->canvas, r.y + 1, r.x + c.pos, 12, ROLE_TITLE, "POS/SIZE");
	if (c.share >= 0)
		draw_text(&a->canvas, r.y + 1, r.x + c.share, 6, ROLE_TITLE, "SHARE");
	draw_text(&a->canvas, r.y + 1, r.x + c.detail, r.w - c.detail, ROLE_TITLE, "DETAIL");
}

/* The first two cells: cursor, mark, and what changed a moment ago. */
static void draw_signs(struct app *a, const struct fds_row *row, int y, int x, bool on, bool fresh,
		       enum role base)
{
	bool marked = fds_is_marked(a->fds, row->e);
	char sign[3] = "  ";

	sign[0] = on ? '>' : marked ? '*' : ' ';
	if (on && marked)
		sign[1] = '*';
	else if (fresh)
		sign[1] = row->change == FDS_NEW ? '+' : '~';
	else if (row->e->err)
		sign[1] = row->e->err == EACCES || row->e->err == EPERM ? '!' : '?';
	draw_text(&a->canvas, y, x, 2, marked && !on ? ROLE_MARKED : base, sign);
}

/* A path that does not fit loses its beginning: the file's own name is at the end. */
static void draw_detail(struct app *a, const struct fdcells *cell, int y, int x, int w,
			enum role role)
{
	const char *text = buf_str(&cell->detail);
	int width = (int)text_width(text, cell->detail.len), skip = a->fds->list.hscroll;

	if (cell->is_path && !skip && width > w && w > 8) {
		draw_text(&a->canvas, y, x, 3, role, "...");
		draw_text_from(&a->canvas, y, x + 3, w - 3, role, text, width - w + 3);
	} else {
		draw_text_from(&a->canvas, y, x, w, role, text, skip);
	}
}

static void draw_row(struct app *a, const struct fds_row *row, int y, struct rect r, bool on,
		     bool focused)
{
	struct fds_state *s = a->fds;
	struct layout c = columns_of(r.w);
	struct fdrow_ctx ctx = fds_row_ctx(a, row);
	struct fdcells *cell = &s->cells;
	bool fresh = row->change && a->now - row->when < FADE_MS;
	enum role base, moved, detail, group;

	fdrow_format(cell, &ctx, row->e);
	base = on                                ? (focused ? ROLE_CURSOR : ROLE_CURSOR_IDLE)
	       : fresh && row->change == FDS_NEW ? ROLE_NEW
						 : cell->role;
	moved = !on && fresh && row->change == FDS_CHANGED ? ROLE_CHANGED : base;
	detail = on || base == ROLE_NEW ? base : cell->detail_role;
	group = on ? base : cell->share[0] == '-' ? ROLE_DIM : ROLE_GROUP;
	if (on)
		draw_fill(&a->canvas, y, r.x, r.w, base);
	draw_signs(a, row, y, r.x, on, fresh, base);
	draw_right(&a->canvas, y, r.x + 2, 4, base, cell->fd);
	draw_text(&a->canvas, y, r.x + c.kind, 8, base, row->e->kind->name);
	draw_text(&a->canvas, y, r.x + c.mode, 5, base, cell->mode);
	if (c.pos >= 0)
		draw_text(&a->canvas, y, r.x + c.pos, c.pos < 0 ? 0 : 12, moved,
			  buf_str(&cell->pos));
	if (c.share >= 0)
		draw_text(&a->canvas, y, r.x + c.share, 6, group, cell->share);
	draw_detail(a, cell, y, r.x + c.detail, r.w - c.detail, detail);
}

static void draw_nothing(struct app *a, struct rect r)
{
	autobuf b = BUF_INIT;

	if (a->target.fail.err) {
		fail_sentence(&b, &a->target.fail, a->mode);
		draw_text(&a->canvas, r.y + 3, r.x + 2, r.w - 3, ROLE_ERROR, buf_str(&b));
		draw_text(&a->canvas, r.y + 4, r.x + 2, r.w - 3, ROLE_DIM,
			  "W walks the access rules; q goes back");
	} else if (!a->target_pic) {
		draw_text(&a->canvas, r.y + 3, r.x + 2, r.w - 3, ROLE_DIM, "looking ...");
	} else if (a->fds->filter.len) {
		draw_text(&a->canvas, r.y + 3, r.x + 2, r.w - 3, ROLE_DIM,
			  "no descriptor passes the filter; Esc clears it");
	} else {
		const struct procent *p = fds_proc(a);

		buf_adds(&b, "no descriptors");
		if (p && p->err)
			buf_addf(&b, ": %s from %s; W says why", fail_errno_name(p->err),
				 p->err_call);
		draw_text(&a->canvas, r.y + 3, r.x + 2, r.w - 3, ROLE_DIM, buf_str(&b));
	}
}

void fds_draw(struct app *a, struct rect r, bool focused)
{
	struct fds_state *s = a->fds;

	draw_heading(a, r, focused);
	list_layout(&s->list, r.h - 2);
	for (int i = 0; i < r.h - 2 && s->list.top + (size_t)i < s->n; i++) {
		size_t at = s->list.top + (size_t)i;

		draw_row(a, &s->rows[at], r.y + 2 + i, r, at == s->list.cur, focused);
	}
	if (!s->n)
		draw_nothing(a, r);
}

void fds_click(struct app *a, int y, int x)
{
	struct fds_state *s = a->fds;
	struct layout c = columns_of(a->cols);

	if (y >= 2) {
		list_go(&s->list, s->list.top + (size_t)(y - 2));
	} else if (y == 1) {
		s->sort = x < c.kind     ? FDS_BY_FD
			  : x < c.mode   ? FDS_BY_KIND
			  : x < c.pos    ? FDS_BY_MODE
			  : x < c.share  ? FDS_BY_SIZE
			  : x < c.detail ? FDS_BY_SHARE
					 : FDS_BY_NAME;
		s->group = false;
		fds_rebuild(a);
	}
}
