/* SPDX-License-Identifier: MIT */
/* Sets of watched descriptors. See epoll(7), kcmp(2). */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "src/base/alloc.h"
#include "src/base/sys.h"
#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/peek.h"

static const struct word events[] = {
	{ EPOLLIN, "EPOLLIN" },           { EPOLLPRI, "EPOLLPRI" },
	{ EPOLLOUT, "EPOLLOUT" },         { EPOLLERR, "EPOLLERR" },
	{ EPOLLHUP, "EPOLLHUP" },         { EPOLLRDNORM, "EPOLLRDNORM" },
	{ EPOLLRDBAND, "EPOLLRDBAND" },   { EPOLLWRNORM, "EPOLLWRNORM" },
	{ EPOLLWRBAND, "EPOLLWRBAND" },   { EPOLLMSG, "EPOLLMSG" },
	{ EPOLLRDHUP, "EPOLLRDHUP" },     { EPOLLEXCLUSIVE, "EPOLLEXCLUSIVE" },
	{ EPOLLWAKEUP, "EPOLLWAKEUP" },   { EPOLLONESHOT, "EPOLLONESHOT" },
	{ (uint32_t)EPOLLET, "EPOLLET" },
};

static bool epoll_match(const struct fdent *e)
{
	return fdent_is_anon_or_has(e, "eventpoll", "tfd");
}

/*
 * Is the registration still the descriptor in that slot? The kernel counts
 * registrations of one number in the order that fdinfo has: nth.
 */
static void emit_live(const struct fdent *e, uint32_t tfd, uint32_t nth, struct facts *out)
{
	struct sys_kcmp_epoll_slot slot = { (uint32_t)e->fd, tfd, nth };
	pid_t pid = e->proc->tid ? e->proc->tid : e->proc->pid;
	int r = sys_kcmp(pid, pid, SYS_KCMP_EPOLL_TFD, tfd, (unsigned long)&slot);

	if (r >= 0)
		fact_bool(out, "live", r == 0);
	else if (r == -EBADF) /* nothing is open in that slot */
		fact_bool(out, "live", false);
	else
		fact_fail(out, "live", "kcmp", -r);
}

/*
 * The kernel walks the set for each such question: 0.2 s for 3000 registrations, 7 s for
 * 19,000. A listing asks of small sets, show asks of all.
 */
#define LIVE_MAX 1024

enum live { LIVE_UNWANTED, LIVE_UNASKED, LIVE_ASKED };

static enum live may_ask(const struct fdent *e, const struct kind_ctx *ctx, size_t n,
			 struct facts *out)
{
	if (ctx->procfs < 0 || !e->proc || !fdent_is_fd(e) || !facts_wants(out, "watches.live"))
		return LIVE_UNWANTED;
	return n <= LIVE_MAX || ctx->deep ? LIVE_ASKED : LIVE_UNASKED;
}

struct watch {
	struct fdinfo_line line;
	uint64_t tfd;
	uint32_t nth; /* how many of the same number stand before it in fdinfo */
};

static void emit_watch(const struct fdent *e, const struct watch *w, enum live live,
		       struct facts *out)
{
	uint64_t v;

	fact_object(out, NULL);
	fact_u64(out, "tfd", w->tfd);
	if (fdinfo_field_u64(&w->line, "events", 16, &v))
		emit_flags(out, "events", events, sizeof(events) / sizeof(events[0]), v);
	if (fdinfo_field_u64(&w->line, "data", 16, &v))
		fact_hex(out, "data", v);
	if (fdinfo_field_u64(&w->line, "ino", 16, &v)) /* since Linux 4.13, as sdev */
		fact_u64(out, "ino", v);
	if (fdinfo_field_u64(&w->line, "sdev", 16, &v))
		emit_dev(out, "dev", dev_of_kernel(v));
	if (live == LIVE_ASKED)
		emit_live(e, (uint32_t)w->tfd, w->nth, out);
	else if (live == LIVE_UNASKED)
		fact_null(out, "live");
	fact_end_object(out);
}

/* Of one number in the order of fdinfo: the text lies in memory in that order. */
static int watch_cmp(const void *a, const void *b)
{
	const struct watch *x = a, *y = b;

	if (x->tfd != y->tfd)
		return x->tfd < y->tfd ? -1 : 1;
	return x->line.key < y->line.key ? -1 : x->line.key > y->line.key;
}

/*
 * The watches by number; the kernel's order is that of addresses. A number that
 * was closed and used again is there twice, with different files.
 */
static struct watch *sorted_watches(const struct fdent *e, size_t *n)
{
	const char *at = info_text(e), *end = at + e->extra_len;
	struct watch *list = NULL, w = { 0 };
	size_t cap = 0;

	*n = 0;
	while (fdinfo_next(&at, end, &w.line)) {
		if (!fdinfo_key_is(&w.line, "tfd") || !fdinfo_field_u64(&w.line, "tfd", 10, &w.tfd))
			continue;
		if (*n == cap) {
			cap = cap ? cap * 2 : 16;
			list = xreallocarray(list, cap, sizeof(*list));
		}
		list[(*n)++] = w;
	}
	if (*n)
		qsort(list, *n, sizeof(*list), watch_cmp);
	for (size_t i = 1; i < *n; i++)
		if (list[i].tfd == list[i - 1].tfd)
			list[i].nth = list[i - 1].nth + 1;
	return list;
}

static void epoll_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	enum live live;
	autofree struct watch *list = NULL;
	size_t n;

	if (!e->extra || !facts_wants(out, "watches"))
		return;
	list = sorted_watches(e, &n);
	live = may_ask(e, ctx, n, out);
	fact_list(out, "watches");
	for (size_t i = 0; i < n; i++)
		emit_watch(e, &list[i], live, out);
	fact_end_list(out);
}

const struct kind kind_epoll = {
	.name = "epoll",
	.means = "set of watched descriptors",
	.match = epoll_match,
	.facts = epoll_facts,
	.brief = "[watches {watches.*.tfd} ({watches#})]",
	.peek = peek_state,
	.op = {
		CELLS_LOOK,
		CELL_PEEK_STATE,
		CELL_NO_SEND,
		CELL_NO_DUMP("an epoll has no contents: show prints what it watches"),
		CELL_NO(OP_READ, "read(2) on an epoll is EINVAL; waiting on a copy would take "
				 "edge-triggered and one-shot events from the target"),
		CELL_NO(OP_WRITE, "write(2) on an epoll is EINVAL"),
		CELL_NO(OP_SEEK, "an epoll has no position"),
		CELL_HOLD("keeps its registrations alive after the target closed it"),
		CELL_NO_STREAM("an epoll is no stream"),
	},
};
