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

static void emit_watch(const struct fdent *e, const struct fdinfo_line *line, const uint32_t *nth,
		       struct facts *out)
{
	uint64_t tfd = 0, v;

	fact_object(out, NULL);
	if (fdinfo_field_u64(line, "tfd", 10, &tfd))
		fact_u64(out, "tfd", tfd);
	if (fdinfo_field_u64(line, "events", 16, &v))
		emit_flags(out, "events", events, sizeof(events) / sizeof(events[0]), v);
	if (fdinfo_field_u64(line, "data", 16, &v))
		fact_hex(out, "data", v);
	if (fdinfo_field_u64(line, "ino", 16, &v)) /* since Linux 4.13, as sdev */
		fact_u64(out, "ino", v);
	if (fdinfo_field_u64(line, "sdev", 16, &v))
		emit_dev(out, "dev", dev_of_kernel(v));
	if (nth)
		emit_live(e, (uint32_t)tfd, *nth, out);
	fact_end_object(out);
}

struct watch {
	uint64_t tfd;
	size_t line;
};

static int watch_cmp(const void *a, const void *b)
{
	const struct watch *x = a, *y = b;

	if (x->tfd != y->tfd)
		return x->tfd < y->tfd ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

/* Walks the lines of watches; true with the next one. */
static bool next_watch(const char **at, const char *end, struct fdinfo_line *line)
{
	while (fdinfo_next(at, end, line))
		if (fdinfo_key_is(line, "tfd"))
			return true;
	return false;
}

/*
 * For each watch, how many of the same number stand before it: a number that
 * was closed and used again is registered twice, with different files.
 */
static uint32_t *count_earlier(const struct fdent *e)
{
	const char *at = info_text(e), *end = at + e->extra_len;
	struct fdinfo_line line;
	struct watch *sorted;
	uint32_t *nth;
	size_t n = 0;

	while (next_watch(&at, end, &line))
		n++;
	sorted = xcalloc(n + 1, sizeof(*sorted));
	nth = xcalloc(n + 1, sizeof(*nth));
	at = info_text(e);
	for (size_t i = 0; i < n && next_watch(&at, end, &line); i++) {
		sorted[i].line = i;
		fdinfo_field_u64(&line, "tfd", 10, &sorted[i].tfd);
	}
	qsort(sorted, n, sizeof(*sorted), watch_cmp);
	for (size_t i = 1; i < n; i++)
		if (sorted[i].tfd == sorted[i - 1].tfd)
			nth[sorted[i].line] = nth[sorted[i - 1].line] + 1;
	free(sorted);
	return nth;
}

static void epoll_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	const char *at = info_text(e), *end = at + e->extra_len;
	bool may_kcmp = ctx->procfs >= 0 && e->proc && fdent_is_fd(e);
	autofree uint32_t *nth = NULL;
	struct fdinfo_line line;

	if (!e->extra || !facts_wants(out, "watches"))
		return;
	if (may_kcmp)
		nth = count_earlier(e);
	fact_list(out, "watches");
	for (size_t i = 0; next_watch(&at, end, &line); i++)
		emit_watch(e, &line, nth ? &nth[i] : NULL, out);
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
