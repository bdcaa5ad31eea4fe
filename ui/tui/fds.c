/* SPDX-License-Identifier: MIT */
/* The descriptors of one process. */
#include "ui/tui/fds.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "ui/tui/dialog.h"
#include "ui/tui/fdrow.h"
#include "ui/tui/peerof.h"
#include "ui/tui/settings.h"
#include "ui/tui/views.h"

const struct procent *fds_proc(const struct app *a)
{
	return a->target_pic ? survey_find_proc(a->target_pic->s, a->target.pid, 0) : NULL;
}

void fds_init(struct app *a)
{
	a->fds = xcalloc(1, sizeof(*a->fds));
	a->fds->follow = true;
	a->fds->order = a->opts->settings->fds_order;
	a->fds->group = a->opts->settings->group;
	a->fds->want_fd = -1;
	facts_flat_init(&a->fds->facts, NULL);
}

void fds_release(struct app *a)
{
	struct fds_state *s = a->fds;

	facts_flat_release(&s->facts);
	fdcells_release(&s->cells);
	if (s->has_columns)
		columns_release(&s->columns);
	buf_release(&s->filter);
	fds_rows_release(s);
	free(s->marks);
	free(s);
}

const struct fdent *fds_current(struct app *a)
{
	struct fds_state *s = a->fds;

	return s->list.cur < s->view.n ? s->view.rows[s->list.cur].e : NULL;
}

/* ---- marks: by table and number, and only while the thing is the same ---- */

static struct fds_mark row_mark(const struct fdent *e)
{
	return (struct fds_mark){ e->proc->tid, e->assoc, e->fd, e->ino, e->dev };
}

static int compare_marks(const void *pa, const void *pb)
{
	const struct fds_mark *a = pa, *b = pb;

	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	if (a->assoc != b->assoc)
		return a->assoc < b->assoc ? -1 : 1;
	if (a->fd != b->fd)
		return a->fd < b->fd ? -1 : 1;
	if (a->ino != b->ino)
		return a->ino < b->ino ? -1 : 1;
	return a->dev < b->dev ? -1 : a->dev > b->dev;
}

static struct fds_mark *mark_find(const struct fds_state *s, const struct fdent *e)
{
	struct fds_mark key = row_mark(e);

	if (!s->n_marks)
		return NULL;
	return bsearch(&key, s->marks, s->n_marks, sizeof(key), compare_marks);
}

bool fds_is_marked(const struct fds_state *s, const struct fdent *e)
{
	return mark_find(s, e) != NULL;
}

static void mark_toggle(struct fds_state *s, const struct fdent *e)
{
	struct fds_mark *m = mark_find(s, e);

	if (m) {
		*m = s->marks[--s->n_marks];
	} else {
		s->marks = xreallocarray(s->marks, s->n_marks + 1, sizeof(*s->marks));
		s->marks[s->n_marks++] = row_mark(e);
	}
	if (s->n_marks)
		qsort(s->marks, s->n_marks, sizeof(*s->marks), compare_marks);
}

size_t fds_marked(const struct app *a)
{
	return a->fds->n_marks;
}

void fds_unmark_all(struct app *a)
{
	a->fds->n_marks = 0;
}

size_t fds_selection(struct app *a, const struct fdent ***at)
{
	struct fds_state *s = a->fds;
	size_t n = 0;

	*at = xcalloc(s->view.n + 1, sizeof(**at));
	for (size_t i = 0; s->n_marks && i < s->view.n; i++)
		if (fds_is_marked(s, s->view.rows[i].e))
			(*at)[n++] = s->view.rows[i].e;
	if (!n && fds_current(a))
		(*at)[n++] = fds_current(a);
	return n;
}

/* ---- acting ---- */

void fds_select(struct app *a, int fd)
{
	a->fds->want_fd = fd;
	if (!fds_pending(a))
		fds_find_cursor(a->fds);
}

static void clear_filter(struct app *a)
{
	struct filter_error error;

	fds_set_filter(a, "", &error);
}

/* What is wrong is shown where it is wrong, and the old filter stays in force. */
static void filter_changed(struct app *a, const char *text)
{
	struct prompt *p = &a->prompt;
	struct filter_error error;

	if (fds_set_filter(a, text, &error))
		return;
	p->fault = (long)error.at;
	snprintf(p->error, sizeof(p->error), "%s", error.words);
}

static void filter_done(struct app *a, const char *text)
{
	a->fds->tell_unseen = text != NULL;
	if (!text)
		clear_filter(a);
	else
		fds_tell_unseen(a);
}

void fds_clear_filter(struct app *a)
{
	if (a->fds->filter.len)
		clear_filter(a);
}

static bool sort_chosen(struct app *a, struct dialog *d, const struct dialog_item *item)
{
	const struct column_list *columns = &a->opts->settings->columns;

	(void)d;
	if (item->id < FDS_BY_COLUMN)
		a->fds->order.by = (enum fds_sort)item->id;
	else
		fds_order_by(&a->fds->order, &columns->at[item->id - FDS_BY_COLUMN]);
	a->fds->group = false;
	fds_rebuild(a);
	return true;
}

/* The usual orders, and the columns on the screen that are none of them. */
static void sort_menu(struct app *a)
{
	const struct column_list *columns = &a->opts->settings->columns;
	struct dialog *d = dialog_new(ROLE_TITLE, "SORT DESCRIPTORS BY");

	for (int i = 0; i < FDS_BY_COLUMN; i++) {
		const struct fds_order o = { .by = (enum fds_sort)i };

		dialog_item(d, "fkmpshnc"[i], i, EFFECT_NONE, fds_order_name(&o), "");
	}
	for (size_t i = 0; i < columns->n; i++) {
		struct fds_order o = { 0 };

		fds_order_by(&o, &columns->at[i]);
		if (o.by == FDS_BY_COLUMN)
			dialog_item(d, 0, FDS_BY_COLUMN + (int)i, EFFECT_NONE, fds_order_name(&o),
				    columns->at[i].column ? columns->at[i].column->help : "");
	}
	list_go(&d->list, a->fds->order.by < FDS_BY_COLUMN ? a->fds->order.by : 0);
	d->accept = sort_chosen;
	dialog_open(a, d);
}

static void mark_all(struct app *a)
{
	struct fds_state *s = a->fds;

	s->n_marks = 0;
	s->marks = xreallocarray(s->marks, s->view.n + 1, sizeof(*s->marks));
	for (size_t i = 0; i < s->view.n; i++)
		if (fdent_is_fd(s->view.rows[i].e))
			s->marks[s->n_marks++] = row_mark(s->view.rows[i].e);
	if (s->n_marks)
		qsort(s->marks, s->n_marks, sizeof(*s->marks), compare_marks);
}

static bool fds_act(struct app *a, enum action action)
{
	struct fds_state *s = a->fds;
	const struct fdent *e = fds_current(a);

	switch (action) {
	case ACTION_FILTER:
		prompt_open(a, "filter: ", buf_str(&s->filter), filter_changed, filter_done);
		return true;
	case ACTION_SORT:
		sort_menu(a);
		return true;
	case ACTION_INVERT:
		s->order.invert = !s->order.invert;
		fds_rebuild(a);
		return true;
	case ACTION_GROUP:
		s->group = !s->group;
		fds_rebuild(a);
		return true;
	case ACTION_FOLLOW:
		s->follow = !s->follow;
		return true;
	case ACTION_MARK:
		if (e)
			mark_toggle(s, e);
		list_act(&s->list, ACTION_DOWN);
		return true;
	case ACTION_UNMARK:
		s->n_marks = 0;
		return true;
	case ACTION_MARK_ALL:
		mark_all(a);
		return true;
	default:
		return false;
	}
}

static struct list *fds_list(struct app *a)
{
	return &a->fds->list;
}

static void fds_row_text(struct app *a, size_t i, struct buf *out)
{
	fds_cells_text(a, &a->fds->view.rows[i], out);
}

/* Other columns than the usual ones. */
static void columns_command(struct app *a, struct buf *out)
{
	const struct setting_value *v = &a->opts->settings->at[SETTING_COLUMNS];

	if (v->source.from != FROM_DEFAULT)
		buf_addf(out, " -o '%s'", v->text);
}

static void fds_command(struct app *a, struct buf *out)
{
	struct fds_state *s = a->fds;

	buf_addf(out, "filch ls %d@%" PRIu64, a->target.pid, a->target.start);
	if (s->group)
		buf_adds(out, " --group");
	if (s->filter.len) {
		buf_adds(out, " -f ");
		add_quoted(out, buf_str(&s->filter));
	}
	columns_command(a, out);
	if (s->order.by != FDS_BY_FD && fds_order_column(&s->order))
		buf_addf(out, " -s %s", fds_order_column(&s->order));
}

const struct view view_fds = {
	.name = "descriptors",
	.context = CTX_FDS,
	.draw = fds_draw,
	.act = fds_act,
	.list = fds_list,
	.row_text = fds_row_text,
	.command = fds_command,
	.click = fds_click,
};
