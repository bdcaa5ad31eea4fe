/* SPDX-License-Identifier: MIT */
/* Painting of the descriptor table. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "ui/tui/fds.h"
#include "ui/tui/settings.h"
#include "ui/tui/views.h"

#define SIGNS_W     2  /* cursor and mark */
#define REST_LEAST  23 /* cells that DETAIL keeps before SHARE goes */
#define REST_SCARCE 14 /* and before others go, from the right */
#define FACT_W      12

/* What of struct fdcells a column shows; the rest comes from the column itself. */
enum fds_cell { CELL_FD, CELL_KIND, CELL_MODE, CELL_POS, CELL_SHARE, CELL_DETAIL, CELL_OTHER };

static const struct {
	const char *name;
	int w;
} cells[CELL_OTHER] = {
	[CELL_FD] = { "fd", 4 },       [CELL_KIND] = { "kind", 8 },
	[CELL_MODE] = { "mode", 5 },   [CELL_POS] = { "pos_size", 12 },
	[CELL_SHARE] = { "share", 6 }, [CELL_DETAIL] = { "detail", 0 },
};

struct layout_column {
	const struct column_ref *ref;
	enum fds_cell cell;
	int x, w; /* w 0 until it is known: takes what is left */
	bool right;
};

struct layout {
	struct layout_column at[SETTINGS_COLUMNS_MAX];
	size_t n;
};

static struct layout_column layout_column(const struct column_ref *ref)
{
	struct layout_column c = { .ref = ref, .cell = CELL_OTHER, .w = FACT_W };
	int heading = (int)strlen(column_heading(ref));

	if (ref->column) {
		while (c.cell > 0 && strcmp(cells[c.cell - 1].name, ref->column->name) != 0)
			c.cell--;
		c.cell = c.cell ? c.cell - 1 : CELL_OTHER;
		c.w = c.cell < CELL_OTHER                  ? cells[c.cell].w
		      : (ref->column->flags & COLUMN_REST) ? 0
							   : ref->column->width;
		c.right = ref->column->flags & COLUMN_RIGHT;
	}
	if (c.w && c.w < heading)
		c.w = heading;
	return c;
}

static int gap_behind(const struct layout_column *c)
{
	return c->cell == CELL_FD ? 2 : 1;
}

/* Cells that are left for each of those that take what is left; INT_MAX: there is none. */
static int rest_of(const struct layout *l, int w)
{
	int takers = 0;

	w -= SIGNS_W;
	for (size_t i = 0; i < l->n; i++) {
		takers += !l->at[i].w;
		w -= l->at[i].w + (i + 1 < l->n ? gap_behind(&l->at[i]) : 0);
	}
	return takers ? w / takers : INT_MAX;
}

static void layout_drop(struct layout *l, size_t i)
{
	memmove(&l->at[i], &l->at[i + 1], (--l->n - i) * sizeof(l->at[0]));
}

/* The last one of that cell (CELL_OTHER: of any but the first column); n: none. */
static size_t last_of(const struct layout *l, enum fds_cell cell)
{
	for (size_t i = l->n; i-- > 1;)
		if (l->at[i].w && (cell == CELL_OTHER || l->at[i].cell == cell))
			return i;
	return l->n;
}

static struct layout layout_of(const struct app *a, int w)
{
	const struct column_list *columns = &a->opts->settings->columns;
	struct layout l = { .n = 0 };
	int x = SIGNS_W, rest;
	size_t i;

	for (i = 0; i < columns->n; i++)
		l.at[l.n++] = layout_column(&columns->at[i]);
	if (rest_of(&l, w) < REST_LEAST && (i = last_of(&l, CELL_SHARE)) < l.n)
		layout_drop(&l, i);
	while (rest_of(&l, w) < REST_SCARCE && (i = last_of(&l, CELL_OTHER)) < l.n)
		layout_drop(&l, i);
	rest = rest_of(&l, w);
	for (i = 0; i < l.n; i++) {
		l.at[i].x = x;
		if (!l.at[i].w)
			l.at[i].w = i + 1 < l.n ? rest : w - x;
		x += l.at[i].w + gap_behind(&l.at[i]);
	}
	return l;
}

void fds_columns_changed(struct app *a)
{
	struct fds_state *s = a->fds;

	if (s->has_columns)
		columns_release(&s->columns);
	s->has_columns = false;
	a->dirty = true;
}

static struct columns *columns_now(struct app *a)
{
	const struct column_list *columns = &a->opts->settings->columns;
	struct fds_state *s = a->fds;

	if (s->has_columns) {
		if (s->columns_stale)
			columns_move(&s->columns, a->target_pic->s);
		s->columns_stale = false;
		return &s->columns;
	}
	columns_init(&s->columns, a->target_pic->s, a->mode);
	for (size_t i = 0; i < columns->n; i++)
		columns_want(&s->columns, &columns->at[i]);
	s->has_columns = true;
	s->columns_stale = false;
	return &s->columns;
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

	buf_addf(b, "  %zu", s->view.total);
	if (p && p->limit && p->limit != UINT64_MAX)
		buf_addf(b, " of %" PRIu64, p->limit);
	buf_adds(b, " fds   filter: ");
	buf_adds(b, s->filter.len ? buf_str(&s->filter) : "none");
	buf_addf(b, "   sort: %s%s", s->group ? "group" : fds_order_name(&s->order),
		 s->order.invert ? " (inverted)" : "");
	if (s->gone && fds_fading(a))
		buf_addf(b, "   %u closed", s->gone);
}

/* Text in a column, cut at the pane's border. */
static void draw_cell(struct app *a, const struct layout_column *c, int y, struct rect r,
		      enum role role, const char *text, int skip)
{
	int w = c->x + c->w > r.w ? r.w - c->x : c->w;

	if (w <= 0)
		return;
	if (c->right && !skip && text_width(text, strlen(text)) <= (size_t)w)
		draw_right(&a->canvas, y, r.x + c->x, w, role, text);
	else
		draw_text_from(&a->canvas, y, r.x + c->x, w, role, text, skip);
}

static void draw_heading(struct app *a, struct rect r, bool focused)
{
	struct layout l = layout_of(a, r.w);
	autobuf b = BUF_INIT;

	if (screen_is_wide(a) && fds_proc(a)) {
		buf_addf(&b, " %d ", a->target.pid);
		add_text(a, &b, fds_proc(a)->comm, fds_proc(a)->comm_len);
	}
	heading_words(a, &b);
	draw_text(&a->canvas, r.y, r.x, r.w, focused ? ROLE_TITLE : ROLE_NORMAL, buf_str(&b));
	if (a->target.gone)
		draw_right(&a->canvas, r.y, r.x, r.w - 1, ROLE_STOP, "EXITED: what was seen last");
	for (size_t i = 0; i < l.n; i++) {
		const char *text = column_heading(l.at[i].ref);

		draw_cell(a, &l.at[i], r.y + 1, r, ROLE_TITLE, text, 0);
	}
}

static bool is_fresh(const struct app *a, const struct fds_row *row)
{
	return row->change && a->now - row->when < FDS_FADE_MS;
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

struct row_roles {
	enum role base, moved, group, detail;
};

static struct row_roles roles_of(const struct app *a, const struct fds_row *row, bool on,
				 bool focused)
{
	const struct fdcells *cell = &a->fds->cells;
	bool fresh = is_fresh(a, row);
	struct row_roles r;

	r.base = on                                ? (focused ? ROLE_CURSOR : ROLE_CURSOR_IDLE)
		 : fresh && row->change == FDS_NEW ? ROLE_NEW
						   : cell->role;
	r.moved = !on && fresh && row->change == FDS_CHANGED ? ROLE_CHANGED : r.base;
	r.detail = on || r.base == ROLE_NEW ? r.base : cell->detail_role;
	r.group = on ? r.base : cell->share[0] == '-' ? ROLE_DIM : ROLE_GROUP;
	return r;
}

static void other_cell(struct app *a, const struct column_ref *ref, const struct fdent *e,
		       struct buf *out)
{
	column_format(out, columns_now(a), ref, e);
}

static void draw_column(struct app *a, const struct layout_column *c, const struct fdent *e, int y,
			struct rect r, const struct row_roles *roles)
{
	struct fdcells *cell = &a->fds->cells;
	autobuf other = BUF_INIT;

	switch (c->cell) {
	case CELL_FD:
		draw_cell(a, c, y, r, roles->base, cell->fd, 0);
		break;
	case CELL_KIND:
		draw_cell(a, c, y, r, roles->base, e->kind->name, 0);
		break;
	case CELL_MODE:
		draw_cell(a, c, y, r, roles->base, cell->mode, 0);
		break;
	case CELL_POS:
		draw_cell(a, c, y, r, roles->moved, buf_str(&cell->pos), 0);
		break;
	case CELL_SHARE:
		draw_cell(a, c, y, r, roles->group, cell->share, 0);
		break;
	case CELL_DETAIL:
		draw_detail(a, cell, y, r.x + c->x, c->x + c->w > r.w ? r.w - c->x : c->w,
			    roles->detail);
		break;
	case CELL_OTHER:
		other_cell(a, c->ref, e, &other);
		draw_cell(a, c, y, r, roles->base, buf_str(&other),
			  c->ref->column && (c->ref->column->flags & COLUMN_REST)
				  ? a->fds->list.hscroll
				  : 0);
		break;
	}
}

static void draw_row(struct app *a, const struct layout *l, const struct fds_row *row, int y,
		     struct rect r, bool on, bool focused)
{
	struct fdrow_ctx ctx = fds_row_ctx(a, row);
	struct row_roles roles;

	fdrow_format(&a->fds->cells, &ctx, row->e);
	roles = roles_of(a, row, on, focused);
	if (on)
		draw_fill(&a->canvas, y, r.x, r.w, roles.base);
	draw_signs(a, row, y, r.x, on, is_fresh(a, row), roles.base);
	for (size_t i = 0; i < l->n; i++)
		draw_column(a, &l->at[i], row->e, y, r, &roles);
}

void fds_cells_text(struct app *a, const struct fds_row *row, struct buf *out)
{
	const struct column_list *columns = &a->opts->settings->columns;
	struct fdrow_ctx ctx = fds_row_ctx(a, row);
	struct fdcells *cell = &a->fds->cells;

	fdrow_format(cell, &ctx, row->e);
	buf_addf(out, "%s %s %s %s %s ", cell->fd, row->e->kind->name, cell->mode,
		 buf_str(&cell->pos), cell->share);
	buf_adds(out, buf_str(&cell->detail));
	for (size_t i = 0; i < columns->n; i++) {
		if (layout_column(&columns->at[i]).cell != CELL_OTHER)
			continue;
		buf_addc(out, ' ');
		other_cell(a, &columns->at[i], row->e, out);
	}
}

static void draw_nothing(struct app *a, struct rect r)
{
	autobuf b = BUF_INIT;

	if (a->target.fail.err) {
		fail_sentence(&b, &a->target.fail, a->mode);
		draw_text(&a->canvas, r.y + 3, r.x + 2, r.w - 3, ROLE_ERROR, buf_str(&b));
		buf_reset(&b);
		buf_addf(&b, "%s walks the access rules; %s goes back",
			 keymap_word(&a->keys, ACTION_WHY, CTX_FDS).text,
			 keymap_word(&a->keys, ACTION_BACK, CTX_FDS).text);
		draw_text(&a->canvas, r.y + 4, r.x + 2, r.w - 3, ROLE_DIM, buf_str(&b));
	} else if (!a->target_pic) {
		draw_text(&a->canvas, r.y + 3, r.x + 2, r.w - 3, ROLE_DIM, "looking ...");
	} else if (a->fds->filter.len) {
		draw_text(&a->canvas, r.y + 3, r.x + 2, r.w - 3, ROLE_DIM,
			  "no descriptor passes the filter; Esc clears it");
	} else {
		const struct procent *p = fds_proc(a);

		buf_adds(&b, "no descriptors");
		if (p && p->err)
			buf_addf(&b, ": %s from %s; %s says why", fail_errno_name(p->err),
				 p->err_call, keymap_word(&a->keys, ACTION_WHY, CTX_FDS).text);
		draw_text(&a->canvas, r.y + 3, r.x + 2, r.w - 3, ROLE_DIM, buf_str(&b));
	}
}

void fds_draw(struct app *a, struct rect r, bool focused)
{
	struct layout l = layout_of(a, r.w);
	struct fds_state *s = a->fds;

	s->width = r.w;
	draw_heading(a, r, focused);
	list_layout(&s->list, r.h - 2);
	for (int i = 0; i < r.h - 2 && s->list.top + (size_t)i < s->view.n; i++) {
		size_t at = s->list.top + (size_t)i;

		draw_row(a, &l, &s->view.rows[at], r.y + 2 + i, r, at == s->list.cur, focused);
	}
	if (!s->view.n)
		draw_nothing(a, r);
}

/* A heading sorts by its column. */
void fds_click(struct app *a, int y, int x)
{
	struct fds_state *s = a->fds;
	struct layout l = layout_of(a, s->width);
	size_t i = l.n;

	if (y >= 2) {
		list_go(&s->list, s->list.top + (size_t)(y - 2));
		return;
	}
	while (i > 1 && x < l.at[i - 1].x)
		i--;
	if (y < 1 || !i)
		return;
	fds_order_by(&s->order, l.at[i - 1].ref);
	s->group = false;
	fds_rebuild(a);
}
