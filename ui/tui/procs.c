/* SPDX-License-Identifier: MIT */
/* The processes: pick one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "ui/tui/clock.h"
#include "ui/tui/dialog.h"
#include "ui/tui/settings.h"
#include "ui/tui/views.h"

#define CHANGED_MS 3000
#define RESORT_MS  1500 /* rows do not move under somebody who is typing */
#define FOLLOW_MS  150  /* rest that long on a row before its table is read */

struct procs_state {
	struct list list;
	const struct procrow **rows; /* as shown */
	size_t n;
	pid_t at; /* under the cursor: stays with its row */
	struct procs_order order;
	bool tree, follow;
	bool placed; /* the cursor was put somewhere once */
	struct buf filter;
	pid_t *folded;
	size_t n_folded;
};

static int64_t growth(const struct procrow *r)
{
	return r->fds < 0 || r->first_fds < 0 ? 0 : r->fds - r->first_fds;
}

static unsigned permille(const struct procrow *r)
{
	if (r->fds < 0 || !r->limit || r->limit == UINT64_MAX)
		return 0;
	return (unsigned)((uint64_t)r->fds * 1000 / r->limit);
}

static int cmp_i64(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare(const void *pa, const void *pb, void *arg)
{
	const struct procrow *a = *(const struct procrow *const *)pa;
	const struct procrow *b = *(const struct procrow *const *)pb;
	const struct procs_state *s = arg;
	int c = 0;

	switch (s->order.by) {
	case PROCS_BY_FDS:
		c = cmp_i64(b->fds, a->fds);
		break;
	case PROCS_BY_USER:
		c = strcmp(a->user, b->user);
		break;
	case PROCS_BY_LIMIT:
		c = cmp_i64(permille(b), permille(a));
		break;
	case PROCS_BY_GROWTH:
		c = cmp_i64(growth(b), growth(a));
		break;
	case PROCS_BY_COMMAND:
		c = strcmp(a->title, b->title);
		break;
	case PROCS_BY_PID:
	case PROCS_SORT_COUNT:
		break;
	}
	if (!c)
		c = cmp_i64(a->pid, b->pid);
	return s->order.invert ? -c : c;
}

static bool folded(const struct procs_state *s, pid_t pid)
{
	for (size_t i = 0; i < s->n_folded; i++)
		if (s->folded[i] == pid)
			return true;
	return false;
}

static void set_folded(struct procs_state *s, pid_t pid, bool fold)
{
	for (size_t i = 0; i < s->n_folded; i++) {
		if (s->folded[i] != pid)
			continue;
		if (!fold)
			s->folded[i] = s->folded[--s->n_folded];
		return;
	}
	if (!fold)
		return;
	s->folded = xreallocarray(s->folded, s->n_folded + 1, sizeof(*s->folded));
	s->folded[s->n_folded++] = pid;
}

/* Depth first; rows of all are sorted by parent, then pid. */
static void add_children(struct procs_state *s, struct procrow **by_parent, size_t n, pid_t parent,
			 unsigned depth)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (by_parent[mid]->ppid < parent)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < n && by_parent[lo]->ppid == parent; lo++) {
		struct procrow *r = by_parent[lo];

		if (r->pid == parent)
			continue;
		r->depth = depth;
		s->rows[s->n++] = r;
		if (depth < 100 && !folded(s, r->pid))
			add_children(s, by_parent, n, r->pid, depth + 1);
	}
}

static int compare_parent(const void *pa, const void *pb)
{
	const struct procrow *a = *(const struct procrow *const *)pa;
	const struct procrow *b = *(const struct procrow *const *)pb;

	return a->ppid != b->ppid ? cmp_i64(a->ppid, b->ppid) : cmp_i64(a->pid, b->pid);
}

static void build_tree(struct app *a)
{
	struct procs_state *s = a->procs_state;
	autofree struct procrow **by_parent = xcalloc(a->procs->n + 1, sizeof(*by_parent));

	for (size_t i = 0; i < a->procs->n; i++)
		by_parent[i] = &a->procs->at[i];
	qsort(by_parent, a->procs->n, sizeof(*by_parent), compare_parent);
	for (size_t i = 0; i < a->procs->n; i++)
		if (!proclist_find(a->procs, by_parent[i]->ppid) &&
		    (!i || by_parent[i - 1]->ppid != by_parent[i]->ppid))
			add_children(s, by_parent, a->procs->n, by_parent[i]->ppid, 0);
}

static bool shown(struct app *a, const struct procrow *r)
{
	struct procs_state *s = a->procs_state;
	char pid[16];

	if (!s->filter.len)
		return true;
	snprintf(pid, sizeof(pid), "%d", r->pid);
	return strcasestr(r->title, buf_str(&s->filter)) || strstr(pid, buf_str(&s->filter)) ||
	       strcmp(r->user, buf_str(&s->filter)) == 0;
}

static void rebuild(struct app *a)
{
	struct procs_state *s = a->procs_state;

	if (!a->procs)
		return;
	if (s->list.cur < s->n && s->placed)
		s->at = s->rows[s->list.cur]->pid;
	s->rows = xreallocarray(s->rows, a->procs->n + 1, sizeof(*s->rows));
	s->n = 0;
	if (s->tree && !s->filter.len) {
		build_tree(a);
	} else {
		for (size_t i = 0; i < a->procs->n; i++) {
			a->procs->at[i].depth = 0;
			if (shown(a, &a->procs->at[i]))
				s->rows[s->n++] = &a->procs->at[i];
		}
		qsort_r(s->rows, s->n, sizeof(*s->rows), compare, s);
	}
	list_set_count(&s->list, s->n);
	for (size_t i = 0; s->follow && s->placed && i < s->n; i++)
		if (s->rows[i]->pid == s->at)
			list_go(&s->list, i);
	a->dirty = true;
}

/* New values in the order that was: sorting waits until the keys rest. */
static void refill(struct app *a)
{
	struct procs_state *s = a->procs_state;
	autofree pid_t *pids = xcalloc(s->n + 1, sizeof(*pids));
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		pids[i] = s->rows[i]->pid;
	for (size_t i = 0; i < s->n; i++) {
		const struct procrow *r = proclist_find(a->procs, pids[i]);

		if (r)
			s->rows[n++] = r;
	}
	s->n = n;
	list_set_count(&s->list, n);
}

void procs_updated(struct app *a, const struct proclist *before)
{
	struct procs_state *s = a->procs_state;
	bool typing = a->now - a->last_key < RESORT_MS;

	if (typing && before && !before->partial && s->n && !s->tree)
		refill(a);
	else
		rebuild(a);
}

void procs_init(struct app *a)
{
	a->procs_state = xcalloc(1, sizeof(*a->procs_state));
	a->procs_state->follow = true;
	a->procs_state->order = a->opts->settings->procs_order;
	a->procs_state->tree = a->opts->settings->tree;
}

void procs_release(struct app *a)
{
	free(a->procs_state->rows);
	free(a->procs_state->folded);
	buf_release(&a->procs_state->filter);
	free(a->procs_state);
}

const struct procrow *procs_current(struct app *a)
{
	struct procs_state *s = a->procs_state;

	return s->list.cur < s->n ? s->rows[s->list.cur] : NULL;
}

void procs_select(struct app *a, pid_t pid)
{
	struct procs_state *s = a->procs_state;

	for (size_t i = 0; i < s->n; i++)
		if (s->rows[i]->pid == pid)
			list_go(&s->list, i);
}

const char *procs_filter(const struct app *a)
{
	return buf_str(&a->procs_state->filter);
}

void procs_set_order(struct app *a, const struct procs_order *order, bool tree)
{
	a->procs_state->order = *order;
	a->procs_state->tree = tree;
	rebuild(a);
}

/* ---- painting ---- */

struct proc_columns {
	int pid, user, fds, limit, grow, command;
};

static struct proc_columns columns_of(int w)
{
	struct proc_columns c = { .pid = 2 };

	c.user = 10;
	c.fds = 20;
	c.limit = 26;
	c.grow = w >= 60 ? 32 : -1;
	c.command = w >= 60 ? 40 : 33;
	return c;
}

static void row_cells(const struct procrow *r, char *fds, char *limit, char *grow, size_t size)
{
	snprintf(fds, size, r->fds < 0 || r->denied ? "?" : "%" PRId64, r->fds);
	if (r->denied && r->fds >= 0)
		snprintf(fds, size, "%" PRId64, r->fds);
	if (!r->limit || r->limit == UINT64_MAX || r->fds < 0)
		snprintf(limit, size, "%s", r->limit == UINT64_MAX ? "-" : "?");
	else
		snprintf(limit, size, "%u%%", (unsigned)((uint64_t)r->fds * 100 / r->limit));
	if (growth(r))
		snprintf(grow, size, "%+" PRId64, growth(r));
	else
		snprintf(grow, size, "-");
}

static void draw_row(struct app *a, const struct procrow *r, int y, struct rect p, bool on,
		     bool focused)
{
	const struct canvas *c = &a->canvas;
	struct proc_columns col = columns_of(p.w);
	enum role base = on          ? (focused ? ROLE_CURSOR : ROLE_CURSOR_IDLE)
			 : r->denied ? ROLE_DIM
				     : ROLE_NORMAL;
	bool recent = r->changed_ms && a->now - r->changed_ms < CHANGED_MS;
	enum role count = on                   ? base
			  : permille(r) >= 800 ? ROLE_WARNING
			  : recent             ? ROLE_CHANGED
					       : base;
	char pid[16], fds[24], limit[24], grow[24];
	autobuf title = BUF_INIT;

	snprintf(pid, sizeof(pid), "%s%d", r->denied ? "!" : "", r->pid);
	row_cells(r, fds, limit, grow, sizeof(fds));
	for (unsigned i = 0; i < r->depth && i < 20; i++)
		buf_adds(&title, "  ");
	if (r->depth)
		buf_adds(&title, folded(a->procs_state, r->pid) ? "+ " : "");
	add_text(a, &title, r->title, r->title_len);
	if (on)
		draw_fill(c, y, p.x, p.w, base);
	draw_text(c, y, p.x, 1, base, on ? ">" : " ");
	draw_right(c, y, p.x + 1, 8, base, pid);
	draw_text(c, y, p.x + col.user, 9, base, r->user);
	draw_right(c, y, p.x + col.fds, 5, count, fds);
	draw_right(c, y, p.x + col.limit, 5, count, limit);
	if (col.grow >= 0)
		draw_right(c, y, p.x + col.grow, 6, growth(r) > 0 && !on ? ROLE_WARNING : base,
			   grow);
	draw_text_from(c, y, p.x + col.command, p.w - col.command, base, buf_str(&title),
		       a->procs_state->list.hscroll);
}

static void draw_heading(struct app *a, struct rect r, bool focused)
{
	struct procs_state *s = a->procs_state;
	struct proc_columns col = columns_of(r.w);
	autobuf title = BUF_INIT;

	buf_addf(&title, " PROCESSES  %zu", s->n);
	if (s->filter.len) {
		buf_addf(&title, " of %zu   filter: ", a->procs->n);
		buf_adds(&title, buf_str(&s->filter));
	}
	buf_addf(&title, "   sort: %s%s%s", s->tree ? "tree" : procs_sort_name(s->order.by),
		 s->order.invert ? " (inverted)" : "", s->follow ? "" : "   cursor stays");
	draw_text(&a->canvas, r.y, r.x, r.w, focused ? ROLE_TITLE : ROLE_NORMAL, buf_str(&title));
	draw_right(&a->canvas, r.y + 1, r.x + 1, 8, ROLE_TITLE, "PID");
	draw_text(&a->canvas, r.y + 1, r.x + col.user, 8, ROLE_TITLE, "USER");
	draw_right(&a->canvas, r.y + 1, r.x + col.fds, 5, ROLE_TITLE, "FDS");
	draw_right(&a->canvas, r.y + 1, r.x + col.limit, 5, ROLE_TITLE, "LIM");
	if (col.grow >= 0)
		draw_right(&a->canvas, r.y + 1, r.x + col.grow, 6, ROLE_TITLE, "GROW");
	draw_text(&a->canvas, r.y + 1, r.x + col.command, r.w - col.command, ROLE_TITLE, "COMMAND");
}

static void procs_draw(struct app *a, struct rect r, bool focused)
{
	struct procs_state *s = a->procs_state;

	draw_heading(a, r, focused);
	if (!a->procs) {
		draw_text(&a->canvas, r.y + 3, r.x + 2, r.w - 2, ROLE_DIM, "reading /proc ...");
		return;
	}
	list_layout(&s->list, r.h - 2);
	for (int i = 0; i < r.h - 2 && s->list.top + (size_t)i < s->n; i++) {
		size_t at = s->list.top + (size_t)i;

		draw_row(a, s->rows[at], r.y + 2 + i, r, at == s->list.cur, focused);
	}
	if (!s->n)
		draw_text(&a->canvas, r.y + 3, r.x + 2, r.w - 2, ROLE_DIM,
			  "no process passes the filter; Esc clears it");
	s->placed = s->placed || s->n;
}

/* ---- acting ---- */

static void open_current(struct app *a)
{
	const struct procrow *r = procs_current(a);

	if (!r)
		return;
	model_set_target(a, r->pid, r->start);
	screen_go(a, &view_fds);
}

static void filter_changed(struct app *a, const char *text)
{
	buf_reset(&a->procs_state->filter);
	buf_adds(&a->procs_state->filter, text);
	rebuild(a);
}

static void filter_done(struct app *a, const char *text)
{
	if (!text)
		filter_changed(a, "");
}

void procs_clear_filter(struct app *a)
{
	if (a->focus == &view_procs && a->procs_state->filter.len)
		filter_changed(a, "");
}

static bool sort_chosen(struct app *a, struct dialog *d, const struct dialog_item *item)
{
	(void)d;
	a->procs_state->order.by = (enum procs_sort)item->id;
	a->procs_state->tree = false;
	rebuild(a);
	return true;
}

static void sort_menu(struct app *a)
{
	struct dialog *d = dialog_new(ROLE_TITLE, "SORT PROCESSES BY");

	for (int i = 0; i < PROCS_SORT_COUNT; i++)
		dialog_item(d, "fpulgc"[i], i, EFFECT_NONE, procs_sort_name((enum procs_sort)i),
			    "");
	list_go(&d->list, a->procs_state->order.by);
	d->accept = sort_chosen;
	dialog_open(a, d);
}

static bool procs_act(struct app *a, enum action action)
{
	struct procs_state *s = a->procs_state;
	const struct procrow *r = procs_current(a);

	switch (action) {
	case ACTION_OPEN:
		open_current(a);
		return true;
	case ACTION_FILTER:
		prompt_open(a, "filter: ", buf_str(&s->filter), filter_changed, filter_done);
		return true;
	case ACTION_SORT:
		sort_menu(a);
		return true;
	case ACTION_INVERT:
		s->order.invert = !s->order.invert;
		rebuild(a);
		return true;
	case ACTION_GROUP:
		s->tree = !s->tree;
		rebuild(a);
		return true;
	case ACTION_FOLLOW:
		s->follow = !s->follow;
		return true;
	case ACTION_LEFT:
	case ACTION_RIGHT:
		if (!s->tree || !r)
			return false;
		set_folded(s, r->pid, action == ACTION_LEFT);
		rebuild(a);
		return true;
	default:
		return false;
	}
}

static struct list *procs_list(struct app *a)
{
	return &a->procs_state->list;
}

static void procs_row_text(struct app *a, size_t i, struct buf *out)
{
	const struct procrow *r = a->procs_state->rows[i];

	buf_addf(out, "%d %s ", r->pid, r->user);
	add_text(a, out, r->title, r->title_len);
}

static void procs_command(struct app *a, struct buf *out)
{
	const struct procrow *r = procs_current(a);

	if (r)
		buf_addf(out, "filch ls %d@%" PRIu64, r->pid, r->start);
	else
		buf_adds(out, "filch ls");
}

static void procs_click(struct app *a, int y, int x)
{
	struct procs_state *s = a->procs_state;
	struct proc_columns col = columns_of(a->cols);

	if (y >= 2) {
		list_go(&s->list, s->list.top + (size_t)(y - 2));
	} else if (y == 1) {
		s->order.by = x < col.user      ? PROCS_BY_PID
			      : x < col.fds     ? PROCS_BY_USER
			      : x < col.limit   ? PROCS_BY_FDS
			      : x < col.command ? PROCS_BY_LIMIT
						: PROCS_BY_COMMAND;
		rebuild(a);
	}
}

/* Side by side, the table of the process that the cursor rests on is shown. */
void procs_rest(struct app *a)
{
	const struct procrow *r = procs_current(a);

	if (a->focus == &view_procs && screen_is_wide(a) && !a->maximised && r && !r->denied &&
	    a->now - a->last_key > FOLLOW_MS && !a->dialog)
		model_set_target(a, r->pid, r->start);
}

const struct view view_procs = {
	.name = "processes",
	.context = CTX_PROCS,
	.draw = procs_draw,
	.act = procs_act,
	.list = procs_list,
	.row_text = procs_row_text,
	.command = procs_command,
	.click = procs_click,
};
