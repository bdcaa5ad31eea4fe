/* SPDX-License-Identifier: MIT */
/* Every fact of the descriptor under the cursor, and what each operation would do. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "src/base/alloc.h"
#include "ui/tui/detail.h"
#include "ui/tui/fdrow.h"
#include "ui/tui/peerof.h"
#include "ui/tui/shelf.h"
#include "ui/tui/views.h"

void detail_init(struct app *a)
{
	a->detail = xcalloc(1, sizeof(*a->detail));
	facts_flat_init(&a->detail->facts, NULL);
	facts_flat_init(&a->detail->grabbed, NULL);
}

static void clear_lines(struct detail_state *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->lines[i].name);
		free(s->lines[i].value);
	}
	s->n = 0;
}

void detail_release(struct app *a)
{
	struct detail_state *s = a->detail;

	clear_lines(s);
	free(s->lines);
	facts_flat_release(&s->facts);
	facts_flat_release(&s->grabbed);
	free(s);
}

static void line(struct detail_state *s, enum role role, const char *name, const char *value)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 32;
		s->lines = xreallocarray(s->lines, s->cap, sizeof(*s->lines));
	}
	s->lines[s->n++] = (struct detail_line){ xstrdup(name), xstrdup(value), role };
}

static void add_flags(struct app *a, const struct fdent *e)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} flags[] = {
		{ O_APPEND, "O_APPEND" },   { O_NONBLOCK, "O_NONBLOCK" },
		{ O_DSYNC, "O_DSYNC" },     { O_ASYNC, "O_ASYNC" },
		{ O_DIRECT, "O_DIRECT" },   { O_DIRECTORY, "O_DIRECTORY" },
		{ O_NOATIME, "O_NOATIME" }, { O_NOFOLLOW, "O_NOFOLLOW" },
	};
	autobuf b = BUF_INIT;

	if (!(e->have & HAVE_INFO))
		return;
	buf_adds(&b, e->flags & O_PATH                    ? "O_PATH"
		     : (e->flags & O_ACCMODE) == O_RDONLY ? "O_RDONLY"
		     : (e->flags & O_ACCMODE) == O_WRONLY ? "O_WRONLY"
							  : "O_RDWR");
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (e->flags & flags[i].bit)
			buf_addf(&b, "|%s", flags[i].name);
	if (e->flags & O_CLOEXEC)
		buf_adds(&b, " cloexec");
	line(a->detail, ROLE_NORMAL, "flags", buf_str(&b));
}

static void add_common(struct app *a, const struct fdent *e)
{
	autobuf b = BUF_INIT;

	if (e->have & HAVE_LINK) {
		add_text(a, &b, e->name, e->name_len);
		line(a->detail, ROLE_NORMAL, "name", buf_str(&b));
	}
	if (e->deleted == DELETED_NAME)
		line(a->detail, ROLE_DELETED, "deleted", "this name; the file has others");
	else if (e->deleted == DELETED_INODE)
		line(a->detail, ROLE_DELETED, "deleted",
		     "no name is left: the data goes with the last descriptor");
	add_flags(a, e);
	if (e->have & HAVE_INFO) {
		buf_reset(&b);
		buf_addf(&b, "%" PRIu64, e->pos);
		line(a->detail, ROLE_NORMAL, "offset", buf_str(&b));
	}
	if (e->have & HAVE_INO) {
		buf_reset(&b);
		buf_addf(&b, "%" PRIu64 "   dev %u:%u", e->ino, major(e->dev), minor(e->dev));
		line(a->detail, ROLE_NORMAL, "inode", buf_str(&b));
	}
	if (e->err) {
		buf_reset(&b);
		buf_addf(&b, "%s from %s", fail_errno_name(e->err), e->err_call);
		line(a->detail, ROLE_ERROR, "error", buf_str(&b));
	}
}

static void add_facts(struct app *a, const struct facts_flat *facts)
{
	autobuf b = BUF_INIT;

	for (size_t i = 0; i < facts->n; i++) {
		buf_reset(&b);
		fact_display(&b, &facts->at[i], a->mode);
		line(a->detail, facts->at[i].type == FACT_FAIL ? ROLE_WARNING : ROLE_NORMAL,
		     facts->at[i].name, buf_str(&b));
	}
}

static void add_others(struct app *a, const char *name, const struct fdent *const *at, size_t n,
		       const struct fdent *self)
{
	autobuf b = BUF_INIT;

	for (size_t i = 0; i < n && i < 12; i++) {
		if (self && picture_same_row(at[i], self))
			continue;
		buf_addf(&b, "%s%d:%d ", b.len ? ", " : "", at[i]->proc->pid, at[i]->fd);
		add_text(a, &b, at[i]->proc->comm, at[i]->proc->comm_len);
	}
	if (n > 12)
		buf_addf(&b, ", and %zu more", n - 12);
	if (b.len)
		line(a->detail, ROLE_GROUP, name, buf_str(&b));
}

static void add_sharing(struct app *a, const struct fdent *e)
{
	const struct picture *p = a->wide ? a->wide : a->target_pic;
	const struct fdent *own = picture_find(p, e), *peers[13];
	const struct fdent *const *first;
	size_t n;

	if (!own)
		return;
	if (!own->ofd)
		line(a->detail, ROLE_DIM, "shared", "unknown: kcmp could not tell");
	else if (own->shares <= 1)
		line(a->detail, ROLE_NORMAL, "shared", a->wide ? "with nobody" : "looking ...");
	n = picture_same_ofd(p, own, &first);
	if (n > 1)
		add_others(a, "shared with", first, n, own);
	n = picture_same_inode(p, own, &first);
	if (n > 1 && own->shares < n)
		add_others(a, "same file", first, n, own);
	n = peer_list(p, own, peers, 13);
	if (n)
		add_others(a, "peer", (const struct fdent *const *)peers, n, NULL);
}

static void add_effects(struct app *a, const struct fdent *e)
{
	static const enum op ops[] = { OP_PEEK,  OP_DUMP, OP_HOLD,    OP_READ,
				       OP_WRITE, OP_SEEK, OP_SHUTDOWN };

	line(a->detail, ROLE_NORMAL, "", "");
	line(a->detail, ROLE_TITLE, "EFFECTS", "");
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		const struct cell *c = kind_cell(e->kind, ops[i]);
		autobuf b = BUF_INIT;

		if (c->effect == EFFECT_REFUSED)
			buf_adds(&b, "no: ");
		else if (*effect_tag(c->effect))
			buf_addf(&b, "%s: ", effect_tag(c->effect));
		buf_adds(&b, c->words ? c->words : "");
		line(a->detail, role_of_effect(c->effect), op_name(ops[i]), buf_str(&b));
	}
}

static void fill(struct app *a, const struct fdent *e)
{
	struct detail_state *s = a->detail;
	struct kind_ctx ctx = survey_ctx(a->target_pic->s);
	bool grabbed = s->has_grabbed && s->grabbed_fd == e->fd && s->grabbed_ino == e->ino &&
		       s->grabbed_pid == e->proc->pid;

	clear_lines(s);
	add_common(a, e);
	if (grabbed) {
		add_facts(a, &s->grabbed);
	} else {
		facts_flat_reset(&s->facts);
		kind_facts(e, &ctx, &s->facts.sink);
		add_facts(a, &s->facts);
	}
	add_sharing(a, e);
	line(s, ROLE_NORMAL, "held", shelf_holds(a, e) ? "yes" : "no");
	add_effects(a, e);
}

static int draw_pair(struct app *a, const struct detail_line *l, int y, int x, int w, int names,
		     int most)
{
	const char *s = l->value;
	int lines = 0;

	draw_text(&a->canvas, y, x, names, l->role == ROLE_TITLE ? ROLE_TITLE : ROLE_DIM, l->name);
	do {
		size_t n = draw_wrap(s, w - names - 1);
		char row[512];

		n = n < sizeof(row) ? n : sizeof(row) - 1;
		memcpy(row, s, n);
		row[n] = '\0';
		draw_text(&a->canvas, y + lines, x + names + 1, w - names - 1, l->role, row);
		lines++;
		if (!n)
			break;
		s += n;
		while (*s == ' ')
			s++;
	} while (*s && lines < most);
	return lines;
}

static int name_width(const struct detail_state *s, int w)
{
	int names = 8;

	for (size_t i = 0; i < s->n; i++) {
		int len = (int)strlen(s->lines[i].name);

		if (len > names && len <= 14)
			names = len;
	}
	return names < w / 2 ? names : w / 2;
}

static bool same_row(const struct detail_row *x, const struct detail_row *y)
{
	return x->pid == y->pid && x->tid == y->tid && x->fd == y->fd && x->assoc == y->assoc &&
	       x->ino == y->ino;
}

/*
 * A key that is held down would send this pane anew for each row that it passes:
 * most of the bytes, on a slow line most of the time. So the lines of a row are
 * made when it is the first that the cursor came to, or once it rests.
 */
static bool cursor_runs(struct app *a, const struct fdent *e)
{
	struct detail_state *s = a->detail;
	struct detail_row now = { e->proc->pid, e->proc->tid, e->fd, (int)e->assoc, e->ino };
	bool rested = a->now - s->moved_ms >= DETAIL_REST_MS;

	if (!same_row(&s->at, &now)) {
		s->at = now;
		s->moved_ms = a->now;
	}
	if (s->n && !rested && !same_row(&s->shown, &now))
		return true;
	s->shown = now;
	return false;
}

bool detail_waits(const struct app *a)
{
	const struct detail_state *s = a->detail;

	for (size_t i = 0; i < a->n_panes; i++)
		if (a->panes[i].view == &view_detail)
			return s->n && !same_row(&s->shown, &s->at);
	return false;
}

static void make_title(struct detail_state *s, const struct fdent *e)
{
	if (e->assoc == ASSOC_FD)
		snprintf(s->title, sizeof(s->title), "%d:%d %s", e->proc->pid, e->fd,
			 e->kind->name);
	else
		snprintf(s->title, sizeof(s->title), "%d:%s %s", e->proc->pid, assoc_name(e->assoc),
			 e->kind->name);
}

static void detail_draw(struct app *a, struct rect r, bool focused)
{
	struct detail_state *s = a->detail;
	const struct fdent *e = fds_current(a);
	char right[32];
	int y = r.y + 1, names;

	if (!e) {
		draw_rule(&a->canvas, r.y, r.x, r.w, "", "", focused);
		clear_lines(s);
		list_set_count(&s->list, 0);
		return;
	}
	if (!cursor_runs(a, e)) {
		fill(a, e);
		make_title(s, e);
	}
	snprintf(right, sizeof(right), "%zu/%zu", a->fds->list.cur + 1, a->fds->view.n);
	draw_rule(&a->canvas, r.y, r.x, r.w, s->title, right, focused);
	list_set_count(&s->list, s->n);
	list_layout(&s->list, r.h - 1);
	if (!focused && a->focus != &view_detail)
		s->list.top = s->list.cur = 0;
	names = name_width(s, r.w);
	for (size_t i = s->list.top; i < s->n && y < r.y + r.h; i++)
		y += draw_pair(a, &s->lines[i], y, r.x + 1, r.w - 2, names,
			       r.y + r.h - y < 4 ? r.y + r.h - y : 4);
}

static struct list *detail_list(struct app *a)
{
	return &a->detail->list;
}

static bool detail_act(struct app *a, enum action action)
{
	struct list *l = &a->detail->list;

	/* There is no cursor to be seen: moving is scrolling. */
	if (action == ACTION_DOWN)
		list_go(l, l->top + l->height);
	else if (action == ACTION_UP)
		list_go(l, l->top ? l->top - 1 : 0);
	else
		return false;
	return true;
}

static void detail_row_text(struct app *a, size_t i, struct buf *out)
{
	buf_adds(out, a->detail->lines[i].name);
	buf_addc(out, ' ');
	buf_adds(out, a->detail->lines[i].value);
}

static void detail_command(struct app *a, struct buf *out)
{
	const struct fdent *e = fds_current(a);

	if (e)
		buf_addf(out, "filch show %d@%" PRIu64 ":%d", e->proc->pid, e->proc->start, e->fd);
}

const struct view view_detail = {
	.name = "detail",
	.context = CTX_DETAIL,
	.draw = detail_draw,
	.act = detail_act,
	.list = detail_list,
	.row_text = detail_row_text,
	.command = detail_command,
};
