/* SPDX-License-Identifier: MIT */
/* What the viewer shows: chunks of a file, or one snapshot of a queue. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "src/base/alloc.h"
#include "src/take/look.h"
#include "ui/tui/clock.h"
#include "ui/tui/content.h"
#include "ui/tui/log.h"
#include "ui/tui/views.h"

#define SNAPSHOT_MAX (8u << 20)

static void forget_pieces(struct content_state *c)
{
	for (size_t i = 0; i < c->n_pieces; i++)
		free(c->pieces[i].sender);
	free(c->pieces);
	c->pieces = NULL;
	c->n_pieces = 0;
}

void content_forget(struct content_state *c)
{
	for (size_t i = 0; i < CHUNK_COUNT; i++) {
		free(c->chunks[i].data);
		c->chunks[i] = (struct chunk){ .data = NULL };
	}
	buf_release(&c->data);
	forget_pieces(c);
	c->generation++;
	c->loaded = c->wanted = false;
}

static struct chunk *chunk_at(struct content_state *c, uint64_t off)
{
	uint64_t base = off - off % CHUNK_SIZE;

	for (size_t i = 0; i < CHUNK_COUNT; i++)
		if (c->chunks[i].data && c->chunks[i].off == base)
			return &c->chunks[i];
	return NULL;
}

size_t content_get(struct app *a, uint64_t off, const char **p)
{
	struct content_state *c = a->content;
	struct chunk *k;

	if (off >= c->size)
		return 0;
	if (!c->live) {
		/* While it is taken anew, the size is still that of the last. */
		if (off >= c->data.len)
			return 0;
		*p = buf_str(&c->data) + off;
		return c->data.len - off;
	}
	k = chunk_at(c, off);
	if (!k) {
		c->wanted = true;
		c->want = off;
		return 0;
	}
	k->used_ms = a->now;
	if (off - k->off >= k->len)
		return 0;
	*p = k->data + (off - k->off);
	return k->len - (size_t)(off - k->off);
}

const struct piece *content_piece(const struct content_state *c, uint64_t off)
{
	for (size_t i = 0; i < c->n_pieces; i++)
		if (off >= c->pieces[i].at && off < c->pieces[i].at + c->pieces[i].len)
			return &c->pieces[i];
	return NULL;
}

/* ---- fetching ---- */

struct fetch {
	struct task t;
	struct app *a;
	struct subject s;
	bool live;
	uint64_t off;
	unsigned generation;
	int procfs;
	struct buf data;
	struct piece *pieces;
	size_t n_pieces;
	enum text_mode mode;
	char method[48], missing[160];
	int err;
	struct fail fail;
};

static int take_piece(struct peek *p, const struct peek_piece *piece)
{
	struct fetch *f = p->arg;
	size_t at = f->data.len;

	if (atomic_load(&f->t.cancel))
		return -ECANCELED;
	buf_add(&f->data, piece->data, piece->len);
	if (piece->unit == PEEK_STATE || piece->unit == PEEK_ENTRY)
		buf_addc(&f->data, '\n');
	if (piece->unit == PEEK_MESSAGE) {
		struct piece *x;
		struct buf sender = BUF_INIT;

		f->pieces = xreallocarray(f->pieces, f->n_pieces + 1, sizeof(*f->pieces));
		x = &f->pieces[f->n_pieces++];
		*x = (struct piece){ at, piece->len, piece->full_len, NULL, piece->n_fds, true };
		if (piece->sender_len) {
			text_display(&sender, piece->sender, piece->sender_len, f->mode);
			x->sender = buf_steal(&sender);
		}
		/* An empty datagram still has a place of its own. */
		if (!piece->len) {
			buf_addc(&f->data, '\n');
			x->len = 1;
		}
	}
	return f->data.len >= SNAPSHOT_MAX ? 1 : 0;
}

static void fetch_run(struct task *task)
{
	struct fetch *f = (struct fetch *)task;
	struct kind_ctx ctx = survey_ctx(f->s.pic->s);
	autotarget t = { .pidfd = -1, .table_pidfd = -1, .dir = -1, .table_dir = -1 };
	struct peek p = {
		.ent = f->s.e,
		.ctx = &ctx,
		.limit = f->live ? CHUNK_SIZE : PEEK_ALL,
		.has_offset = f->live,
		.offset = f->off,
		.piece = take_piece,
		.arg = f,
		.fail = &f->fail,
	};

	f->err = subject_target(&f->s, f->procfs, &t, &f->fail);
	if (f->err < 0)
		return;
	f->err = look(&p, &t);
	if (f->err > 0) {
		f->err = 0;
		snprintf(f->missing, sizeof(f->missing), "only the first 8M are shown");
	} else if (p.incomplete) {
		snprintf(f->missing, sizeof(f->missing), "%s", p.missing);
	}
	if (p.method)
		snprintf(f->method, sizeof(f->method), "%s", p.method);
}

static struct chunk *free_chunk(struct content_state *c)
{
	struct chunk *oldest = &c->chunks[0];

	for (size_t i = 0; i < CHUNK_COUNT; i++) {
		if (!c->chunks[i].data)
			return &c->chunks[i];
		if (c->chunks[i].used_ms < oldest->used_ms)
			oldest = &c->chunks[i];
	}
	return oldest;
}

static void keep_chunk(struct app *a, struct fetch *f)
{
	struct content_state *c = a->content;
	struct chunk *k = chunk_at(c, f->off);

	if (!k)
		k = free_chunk(c);
	free(k->data);
	k->off = f->off;
	k->len = f->data.len;
	k->data = f->data.data ? buf_steal(&f->data) : xmemdup0("", 0);
	k->read_ms = k->used_ms = a->now;
	/* Whoever grew since the table was read shows it here first. */
	if (k->off + k->len > c->size)
		c->size = k->off + k->len;
}

static void keep_snapshot(struct content_state *c, struct fetch *f)
{
	buf_release(&c->data);
	c->data = f->data;
	f->data = (struct buf)BUF_INIT;
	forget_pieces(c);
	c->pieces = f->pieces;
	c->n_pieces = f->n_pieces;
	f->pieces = NULL;
	f->n_pieces = 0;
	c->size = c->data.len;
	if (c->cur >= c->size)
		c->cur = c->size ? c->size - 1 : 0;
	if (c->top > c->cur)
		c->top = 0;
}

static void fetch_free(struct fetch *f)
{
	subject_release(&f->s);
	buf_release(&f->data);
	for (size_t i = 0; i < f->n_pieces; i++)
		free(f->pieces[i].sender);
	free(f->pieces);
	free(f);
}

static void fetch_done(struct task *task)
{
	struct fetch *f = (struct fetch *)task;
	struct app *a = f->a;
	struct content_state *c = a->content;
	bool first;

	a->busy--;
	if (f->generation != c->generation) {
		fetch_free(f);
		return;
	}
	c->loading = false;
	first = !c->loaded;
	c->loaded = true;
	c->fail = f->fail;
	if (f->err < 0) {
		if (!c->live && !c->data.len)
			c->size = 0;
	} else {
		fail_clear(&c->fail);
		memcpy(c->missing, f->missing, sizeof(c->missing));
		memcpy(c->method, f->method, sizeof(c->method));
		c->taken = time(NULL);
		if (f->live)
			keep_chunk(a, f);
		else
			keep_snapshot(c, f);
	}
	if (first)
		log_subject(a, "peek", kind_cell(f->s.e->kind, OP_PEEK)->effect, &f->s,
			    f->err < 0 ? &f->fail : NULL);
	if (c->follow)
		c->cur = c->size ? content_row_start(a, c->size - 1) : 0;
	a->dirty = true;
	fetch_free(f);
}

static void start_fetch(struct app *a, uint64_t off)
{
	struct content_state *c = a->content;
	struct fetch *f = xcalloc(1, sizeof(*f));

	f->t.run = fetch_run;
	f->t.done = fetch_done;
	f->a = a;
	f->s = subject_copy(&c->s);
	f->live = c->live;
	f->off = off - off % CHUNK_SIZE;
	f->generation = c->generation;
	f->procfs = a->procfs;
	f->mode = a->mode;
	if (task_start(&a->tasks, &f->t) < 0) {
		fetch_free(f);
		return;
	}
	c->loading = true;
	c->wanted = false;
	a->busy++;
}

void content_fetch(struct app *a)
{
	struct content_state *c = a->content;

	if (!c->open || c->loading)
		return;
	if (!c->live && !c->loaded)
		start_fetch(a, 0);
	else if (c->live && (c->wanted || !c->loaded))
		start_fetch(a, c->wanted ? c->want : 0);
}

static uint64_t size_now(struct app *a)
{
	struct content_state *c = a->content;
	const struct fdent *e;
	struct stat st;

	if (c->s.held && c->s.pic->own_fd < 0)
		return c->size;
	if (c->s.held)
		return fstat(c->s.pic->own_fd, &st) == 0 ? (uint64_t)st.st_size : c->size;
	if (!a->target_pic || a->target.pid != c->s.pid || a->target.start != c->s.start ||
	    !fdent_is_fd(c->s.e))
		return c->size;
	e = survey_find(a->target_pic->s, c->s.pid, c->s.tid, c->s.e->fd);
	return e && e->ino == c->s.e->ino && e->dev == c->s.e->dev ? e->size : c->size;
}

/* A live view is read again once a refresh; a snapshot only when it is followed. */
void content_tick(struct app *a)
{
	struct content_state *c = a->content;

	if (!c->open || a->screen != &view_content || a->paused || c->loading || !c->loaded ||
	    c->fail.err || a->now - c->refreshed_ms < a->refresh_ms)
		return;
	c->refreshed_ms = a->now;
	if (c->live) {
		c->size = size_now(a);
		if (c->follow && c->size)
			c->cur = content_row_start(a, c->size - 1);
		start_fetch(a, c->follow && c->size ? c->size - 1 : c->top);
	} else if (c->follow) {
		start_fetch(a, 0);
	}
}

/* ---- searching ---- */

struct search {
	struct task t;
	struct app *a;
	struct subject s;
	struct buf needle, carry;
	bool fold;
	uint64_t from, at, found;
	bool hit, back;
	unsigned generation;
	int procfs, err;
	struct fail fail;
};

static bool equal(const char *p, const struct buf *needle, bool fold)
{
	if (!fold)
		return memcmp(p, needle->data, needle->len) == 0;
	return strncasecmp(p, needle->data, needle->len) == 0;
}

/* The first, or with last the last, place of needle in p[0..n); -1: none. */
static ssize_t find_in(const char *p, size_t n, const struct buf *needle, bool fold, bool last)
{
	ssize_t found = -1;

	if (!needle->len || n < needle->len)
		return -1;
	for (size_t i = 0; i + needle->len <= n; i++) {
		if (!equal(p + i, needle, fold))
			continue;
		found = (ssize_t)i;
		if (!last)
			break;
	}
	return found;
}

static int search_piece(struct peek *p, const struct peek_piece *piece)
{
	struct search *s = p->arg;
	size_t keep = s->needle.len - 1;
	ssize_t i;

	if (atomic_load(&s->t.cancel))
		return -ECANCELED;
	buf_add(&s->carry, piece->data, piece->len);
	i = find_in(buf_str(&s->carry), s->carry.len, &s->needle, s->fold, s->back);
	if (i >= 0) {
		s->hit = true;
		s->found = s->at + (uint64_t)i;
		if (!s->back)
			return 1;
	}
	if (s->carry.len > keep) {
		size_t drop = s->carry.len - keep;

		memmove(s->carry.data, s->carry.data + drop, keep);
		s->carry.len = keep;
		s->at += drop;
	}
	return 0;
}

static int search_range(struct search *s, const struct target *t, uint64_t from, uint64_t len)
{
	struct kind_ctx ctx = survey_ctx(s->s.pic->s);
	struct peek p = {
		.ent = s->s.e,
		.ctx = &ctx,
		.limit = len,
		.has_offset = true,
		.offset = from,
		.piece = search_piece,
		.arg = s,
		.fail = &s->fail,
	};

	buf_reset(&s->carry);
	s->at = from;
	return look(&p, t);
}

static void search_run(struct task *task)
{
	struct search *s = (struct search *)task;
	autotarget t = { .pidfd = -1, .table_pidfd = -1, .dir = -1, .table_dir = -1 };
	uint64_t end = s->from;

	s->err = subject_target(&s->s, s->procfs, &t, &s->fail);
	if (s->err < 0)
		return;
	if (!s->back) {
		s->err = search_range(s, &t, s->from, PEEK_ALL);
		return;
	}
	while (end && !s->hit && s->err >= 0) {
		uint64_t from = end > (1u << 20) ? end - (1u << 20) : 0;

		s->err = search_range(s, &t, from, end - from + s->needle.len - 1);
		/* A match that begins at or behind the cursor is not before it. */
		if (s->hit && s->found >= s->from)
			s->hit = false;
		end = from;
	}
}

static void show_match(struct app *a, uint64_t at)
{
	struct content_state *c = a->content;

	c->match = at;
	c->match_len = c->needle.len;
	c->cur = c->text ? content_row_start(a, at) : at;
	c->follow = false;
	say(a, ROLE_NORMAL, "found at 0x%llx", (unsigned long long)at);
}

static void search_done(struct task *task)
{
	struct search *s = (struct search *)task;
	struct app *a = s->a;
	struct content_state *c = a->content;

	a->busy--;
	if (c->search_task == task) {
		c->searching = false;
		c->search_task = NULL;
	}
	if (s->generation == c->generation) {
		if (s->hit)
			show_match(a, s->found);
		else if (s->err == -ECANCELED)
			say(a, ROLE_WARNING, "search cancelled");
		else if (s->err < 0)
			say_fail(a, &s->fail);
		else
			say(a, ROLE_WARNING, "not found %s here", s->back ? "before" : "from");
	}
	subject_release(&s->s);
	buf_release(&s->needle);
	buf_release(&s->carry);
	free(s);
}

static bool has_upper(const struct buf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if (isupper((unsigned char)b->data[i]) || (unsigned char)b->data[i] >= 0x80 ||
		    (unsigned char)b->data[i] < 0x20)
			return true;
	return false;
}

static void find_in_snapshot(struct app *a, int direction)
{
	struct content_state *c = a->content;
	const char *p = buf_str(&c->data);
	bool fold = !has_upper(&c->needle);
	uint64_t from = c->match_len && c->match >= c->cur ? c->match : c->cur;
	ssize_t i;

	if (direction > 0) {
		uint64_t begin = c->match_len ? from + 1 : from;

		begin = begin > c->data.len ? c->data.len : begin;
		i = find_in(p + begin, c->data.len - begin, &c->needle, fold, false);
		if (i >= 0)
			i += (ssize_t)begin;
	} else {
		i = find_in(p,
			    from + c->needle.len - 1 < c->data.len ? from + c->needle.len - 1
								   : c->data.len,
			    &c->needle, fold, true);
	}
	if (i >= 0)
		show_match(a, (uint64_t)i);
	else
		say(a, ROLE_WARNING, "not found");
}

void content_cancel_search(struct app *a)
{
	if (a->content->search_task)
		atomic_store(&a->content->search_task->cancel, true);
}

void content_find(struct app *a, int direction)
{
	struct content_state *c = a->content;
	struct search *s;

	if (!c->needle.len) {
		say(a, ROLE_WARNING, "nothing was searched for: / starts a search");
		return;
	}
	if (!c->live) {
		find_in_snapshot(a, direction);
		return;
	}
	content_cancel_search(a);
	s = xcalloc(1, sizeof(*s));
	s->t.run = search_run;
	s->t.done = search_done;
	s->a = a;
	s->s = subject_copy(&c->s);
	buf_add(&s->needle, c->needle.data, c->needle.len);
	s->fold = !has_upper(&c->needle);
	s->back = direction < 0;
	s->from = c->match_len && c->match >= c->cur ? c->match : c->cur;
	if (!s->back && c->match_len)
		s->from++;
	s->generation = c->generation;
	s->procfs = a->procfs;
	if (task_start(&a->tasks, &s->t) < 0) {
		subject_release(&s->s);
		buf_release(&s->needle);
		free(s);
		return;
	}
	c->search_task = &s->t;
	c->searching = true;
	a->busy++;
	say(a, ROLE_NORMAL, "searching ... Esc cancels");
}
