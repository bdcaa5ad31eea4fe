/* SPDX-License-Identifier: MIT */
#include "ui/tui/peerof.h"

#include "src/share/peers.h"

/* The record of e in p itself: peers are found by their address. */
static const struct fdent *own(const struct picture *p, const struct fdent *e)
{
	return p ? picture_find(p, e) : NULL;
}

bool peer_any(const struct picture *p, const struct fdent *e)
{
	const struct fdent *mine = own(p, e);

	return mine && p->s->peers && peers_count(p->s->peers, mine) > 0;
}

size_t peer_list(const struct picture *p, const struct fdent *e, const struct fdent **at,
		 size_t max)
{
	const struct fdent *mine = own(p, e), *o;
	size_t n = 0, step = 0;

	if (!mine || !p->s->peers)
		return 0;
	while (n < max && (o = peers_next(p->s->peers, mine, &step)))
		at[n++] = o;
	return n;
}

void peer_brief(struct app *a, struct buf *out, const struct picture *p, const struct fdent *e)
{
	const struct fdent *peers[2];
	size_t n = peer_list(p, e, peers, 2);

	if (!n)
		return;
	buf_addf(out, "%speer %d:%d ", out->len ? ", " : "", peers[0]->proc->pid, peers[0]->fd);
	add_text(a, out, peers[0]->proc->comm, peers[0]->proc->comm_len);
	if (n > 1)
		buf_adds(out, " ...");
}
