/* SPDX-License-Identifier: MIT */
#include "src/take/look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "src/base/fd.h"
#include "src/take/flight.h"
#include "src/take/grab.h"
#include "src/take/sendq.h"

struct cell look_effect(const struct peek *p)
{
	const struct kind *k = p->ent->kind ? p->ent->kind : kind_of(p->ent);
	struct cell c = *kind_cell(k, p->send_queue ? OP_PEEK_SEND : OP_PEEK);

	if (flight_is_unread(p->ent))
		return flight_unread_cell;
	if (c.effect == EFFECT_HOLD && p->may_move_peek_off && S_ISSOCK(p->ent->mode)) {
		c.effect = EFFECT_SHARED;
		c.words = "holds a duplicate, and moves SO_PEEK_OFF of every holder for moments: "
			  "seen only by a program that itself uses MSG_PEEK right then";
	}
	return c;
}

static const struct kind *checked_kind(struct peek *p)
{
	const struct kind *k = p->ent->kind ? p->ent->kind : kind_of(p->ent);
	const struct cell *c = kind_cell(k, p->send_queue ? OP_PEEK_SEND : OP_PEEK);

	if (k->peek && c->effect != EFFECT_REFUSED)
		return k;
	peek_refuse(p, EOPNOTSUPP, "peek", c->words ? c->words : "this kind has no contents", NULL);
	return NULL;
}

/* Of a descriptor of ours, on a filesystem that answers. */
static int look_now(struct peek *p)
{
	const struct kind *k = checked_kind(p);

	if (p->send_queue)
		return peek_refuse(p, EOPNOTSUPP, "peek",
				   "the send queue wants the process that has it, to stop it",
				   NULL);
	return k ? k->peek(p) : -EOPNOTSUPP;
}

static int look_direct(struct peek *p, const struct target *t)
{
	struct grab g;
	int r = grab_take(&g, t, p->ent, p->ctx->procfs, p->fail);

	if (r < 0)
		return r;
	p->fd = g.fd;
	r = look_now(p);
	p->fd = -1;
	grab_release(&g);
	return r;
}

/*
 * From a helper to us: pieces, then one end. The helper is a fork of this very
 * program, so that a pointer to a static string means the same on both sides.
 */
struct frame {
	bool end;
	struct peek_piece piece;
	int result;
	const char *method;
	bool incomplete, changed;
	char missing[sizeof(((struct peek *)0)->missing)];
	struct fail fail;
};

struct job {
	struct peek *p;
	const struct target *t; /* NULL: p->fd is ours already */
	int out;
};

static int send_piece(struct peek *p, const struct peek_piece *piece)
{
	struct job *job = p->arg;
	struct frame f = { .piece = *piece };
	int r = fd_write_all(job->out, &f, sizeof(f));

	if (r == 0)
		r = fd_write_all(job->out, piece->data, piece->len);
	if (r == 0 && piece->sender_len)
		r = fd_write_all(job->out, piece->sender, piece->sender_len);
	return r;
}

static int helper_main(void *arg, int out)
{
	struct job *job = arg;
	struct frame f = { .end = true };
	struct peek p = *job->p;

	job->out = out;
	p.piece = send_piece;
	p.arg = job;
	p.fail = &f.fail;
	f.result = job->t ? look_direct(&p, job->t) : look_now(&p);
	f.method = p.method;
	f.incomplete = p.incomplete;
	f.changed = p.changed;
	memcpy(f.missing, p.missing, sizeof(f.missing));
	return fd_write_all(out, &f, sizeof(f));
}

static int read_all(struct helper *h, void *to, size_t len)
{
	char *at = to;

	while (len) {
		ssize_t n = helper_read(h, at, len, GRAB_HANG_MS);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return -EPIPE;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int no_answer(struct peek *p, int r)
{
	if (r != -ETIMEDOUT)
		return peek_fail(p, -r, "read");
	peek_fail(p, ETIMEDOUT, "peek");
	fail_why(p->fail, "its filesystem did not answer for %d seconds", GRAB_HANG_MS / 1000);
	fail_advice(p->fail, "a server of FUSE or NFS may hang: filch show says which mount it is");
	return -ETIMEDOUT;
}

static int forward(struct peek *p, struct helper *h, struct frame *f)
{
	autofree char *data = malloc(f->piece.len + f->piece.sender_len + 1);
	int r;

	if (!data)
		return peek_fail(p, ENOMEM, "malloc");
	r = read_all(h, data, f->piece.len + f->piece.sender_len);
	if (r < 0)
		return no_answer(p, r);
	f->piece.data = data;
	f->piece.sender = f->piece.sender_len ? data + f->piece.len : NULL;
	f->piece.fds = NULL; /* they are in the helper's table */
	return p->piece(p, &f->piece);
}

static int look_in_helper(struct peek *p, const struct target *t)
{
	struct job job = { .p = p, .t = t };
	struct helper h;
	struct frame f = { 0 };
	int keep[] = { p->fd, p->ctx->procfs };
	int r = t ? grab_start(&h, helper_main, &job, t, p->ctx->procfs, p->fail)
		  : helper_start(&h, helper_main, &job, keep, p->ctx->procfs >= 0 ? 2 : 1, p->fail);

	if (r < 0)
		return r;
	do {
		r = read_all(&h, &f, sizeof(f));
		if (r < 0)
			r = no_answer(p, r);
		else if (!f.end)
			r = forward(p, &h, &f);
	} while (r == 0 && !f.end);
	helper_end(&h);
	if (r != 0)
		return r;
	p->method = f.method;
	p->incomplete = f.incomplete;
	p->changed = f.changed;
	memcpy(p->missing, f.missing, sizeof(p->missing));
	if (p->fail && f.result < 0)
		*p->fail = f.fail;
	return f.result;
}

int look_held(struct peek *p)
{
	if (!p->send_queue && grab_may_hang(p->ent, p->ctx))
		return look_in_helper(p, NULL);
	return look_now(p);
}

/* What it is shows only once we have it. */
static int look_unread(struct peek *p, const struct target *t)
{
	const struct kind_ctx *ctx = p->ctx;
	const struct fdent *listed = p->ent;
	struct kind_ctx ours;
	struct survey *s;
	struct grab g;
	int r = flight_take(&g, t, listed, ctx->procfs, &s, &p->ent, p->fail);

	if (r < 0) {
		p->ent = listed;
		return r;
	}
	ours = survey_ctx(s);
	p->ctx = &ours;
	p->fd = g.fd;
	r = look_held(p);
	p->fd = -1;
	p->ent = listed;
	p->ctx = ctx;
	survey_free(s);
	grab_release(&g);
	return r;
}

int look(struct peek *p, const struct target *t)
{
	p->fd = -1;
	p->method = NULL;
	p->incomplete = p->changed = false;
	p->missing[0] = '\0';
	p->pause_ns = 0;
	p->pause_warning = NULL;
	if (flight_is_unread(p->ent))
		return look_unread(p, t);
	if (!checked_kind(p))
		return -EOPNOTSUPP;
	if (p->send_queue)
		return sendq_look(p, t);
	if (grab_may_hang(p->ent, p->ctx))
		return look_in_helper(p, t);
	return look_direct(p, t);
}
