/* SPDX-License-Identifier: MIT */
#include "ui/tui/fdrow.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "src/kind/origin.h"
#include "src/net/sock.h"
#include "ui/tui/peerof.h"

void fdrow_letter(char *p, size_t size, uint32_t n)
{
	char back[8];
	size_t len = 0, at = 0;

	for (; n && len < sizeof(back); n = (n - 1) / 26)
		back[len++] = (char)('A' + (n - 1) % 26);
	while (len && at + 1 < size)
		p[at++] = back[--len];
	p[at] = '\0';
}

void fdrow_mode(char *p, size_t size, const struct fdent *e)
{
	const char *access = fdent_access(e);

	snprintf(p, size, "%s%s", *access ? access : "-",
		 (e->have & HAVE_INFO) && (e->flags & O_APPEND) && !(e->flags & O_PATH) ? "a" : "");
}

static void format_share(struct fdcells *c, const struct fdrow_ctx *ctx, const struct fdent *e)
{
	const struct fdent *wide = picture_find(ctx->wide, e), *const * first;
	const struct picture *pic = wide ? ctx->wide : ctx->pic;
	const struct fdent *of = wide ? wide : e;
	char letter[8] = "";
	size_t n;

	snprintf(c->share, sizeof(c->share), "-");
	if (!fdent_is_fd(e))
		return;
	fdrow_letter(letter, sizeof(letter), ctx->letter);
	if (!of->ofd)
		snprintf(c->share, sizeof(c->share), "?");
	else if (of->shares > 1)
		snprintf(c->share, sizeof(c->share), "=%s %u", letter, of->shares);
	else if (peer_any(pic, of))
		snprintf(c->share, sizeof(c->share), "<>");
	else if ((n = picture_same_inode(pic, of, &first)) > 1)
		snprintf(c->share, sizeof(c->share), "~%s %zu", letter, n);
}

static const struct fact *find(const struct fdrow_ctx *ctx, const char *name)
{
	const struct fact *f = ctx->grabbed ? facts_flat_find(ctx->grabbed, name) : NULL;

	return f ? f : facts_flat_find(ctx->facts, name);
}

static void format_pos(struct fdcells *c, const struct fdrow_ctx *ctx, const struct fdent *e)
{
	const struct fact *recv = find(ctx, "recv_queue"), *send = find(ctx, "send_queue");
	const struct fact *queued = find(ctx, "queued");

	if (recv || send) {
		buf_addf(&c->pos, "rq %" PRIu64 " sq %" PRIu64, recv ? recv->u64 : 0,
			 send ? send->u64 : 0);
	} else if (queued && queued->type != FACT_FAIL) {
		buf_addf(&c->pos, "%" PRIu64 " queued", queued->u64);
	} else if (strcmp(e->kind->name, "pipe") == 0 || strcmp(e->kind->name, "fifo") == 0) {
		buf_adds(&c->pos, "?");
	} else if (e->have & HAVE_SIZE) {
		if (e->have & HAVE_INFO) {
			text_size(&c->pos, e->pos);
			buf_addc(&c->pos, '/');
		}
		text_size(&c->pos, e->size);
	} else {
		buf_addc(&c->pos, '-');
	}
}

static void format_detail(struct fdcells *c, const struct fdrow_ctx *ctx, const struct fdent *e)
{
	size_t before = c->detail.len;

	if (e->err) {
		buf_addf(&c->detail, "%s from %s", fail_errno_name(e->err), e->err_call);
		if (e->have & HAVE_LINK)
			buf_adds(&c->detail, ": ");
		c->detail_role = ROLE_ERROR;
	}
	if (e->kind->brief && e->assoc == ASSOC_FD)
		facts_brief(&c->detail, e->kind->brief, ctx->facts, ctx->a->mode);
	c->is_path = c->detail.len == before && (e->have & HAVE_LINK);
	if (c->is_path)
		add_text(ctx->a, &c->detail, e->name, e->name_len);
	/* Memfds and the like never had a name. */
	if (e->deleted == DELETED_NAME ||
	    (e->deleted == DELETED_INODE && e->origin != ORIGIN_KERNEL)) {
		buf_adds(&c->detail, "  [deleted]");
		c->detail_role = ROLE_DELETED;
	}
	peer_brief(ctx->a, &c->detail, ctx->wide ? ctx->wide : ctx->pic, e);
}

void fdrow_format(struct fdcells *c, const struct fdrow_ctx *ctx, const struct fdent *e)
{
	struct kind_ctx kctx = survey_ctx(ctx->pic->s);

	buf_reset(&c->pos);
	buf_reset(&c->detail);
	c->role = c->detail_role = e->err && !(e->have & HAVE_LINK) ? ROLE_DIM : ROLE_NORMAL;
	if (fdent_is_fd(e))
		snprintf(c->fd, sizeof(c->fd), "%d", e->fd);
	else
		snprintf(c->fd, sizeof(c->fd), "%s", assoc_name(e->assoc));
	fdrow_mode(c->mode, sizeof(c->mode), e);
	facts_flat_reset(ctx->facts);
	e->kind->facts(e, &kctx, &ctx->facts->sink);
	format_pos(c, ctx, e);
	format_share(c, ctx, e);
	format_detail(c, ctx, e);
}

void fdcells_release(struct fdcells *c)
{
	buf_release(&c->pos);
	buf_release(&c->detail);
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h ^= v;
	h *= 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

uint64_t fdrow_hash(const struct fdent *e)
{
	uint64_t h = mix(mix(mix(1, e->pos), e->size), e->flags);

	if (e->sock)
		h = mix(mix(mix(h, e->sock->rqueue), e->sock->wqueue), e->sock->state);
	for (uint32_t i = 0; i < e->extra_len; i++)
		h = mix(h, (unsigned char)e->extra[i]);
	return h;
}
