/* SPDX-License-Identifier: MIT */
/* Timers as descriptors. See timerfd_create(2). */
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>

#include "src/base/text.h"
#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/peek.h"

static const struct word clocks[] = {
	{ CLOCK_REALTIME, "CLOCK_REALTIME" },
	{ CLOCK_MONOTONIC, "CLOCK_MONOTONIC" },
	{ CLOCK_BOOTTIME, "CLOCK_BOOTTIME" },
	{ CLOCK_REALTIME_ALARM, "CLOCK_REALTIME_ALARM" },
	{ CLOCK_BOOTTIME_ALARM, "CLOCK_BOOTTIME_ALARM" },
};

static const struct word settime_flags[] = {
	{ TFD_TIMER_ABSTIME, "TFD_TIMER_ABSTIME" },
	{ TFD_TIMER_CANCEL_ON_SET, "TFD_TIMER_CANCEL_ON_SET" },
};

static bool timerfd_match(const struct fdent *e)
{
	return fdent_is_anon_or_has(e, "timerfd", "clockid");
}

static bool digits(const char **at, const char *end, uint64_t *v)
{
	const char *from = *at;

	for (*v = 0; *at < end && **at >= '0' && **at <= '9'; ++*at)
		*v = *v * 10 + (uint64_t)(**at - '0');
	return *at > from;
}

/* "it_value: (9, 765768947)": seconds and nanoseconds. */
static void emit_pair(const struct fdent *e, const char *key, struct facts *out)
{
	struct fdinfo_line line;
	const char *at, *end;
	uint64_t sec, ns;

	if (!facts_wants(out, key) || !fdinfo_find(e->extra, e->extra_len, key, &line))
		return;
	at = line.value;
	end = at + line.value_len;
	if (at == end || *at++ != '(' || !digits(&at, end, &sec))
		return;
	while (at < end && (*at == ',' || *at == ' '))
		at++;
	if (digits(&at, end, &ns))
		fact_ns(out, key, sec * 1000000000 + ns);
}

static void timerfd_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	struct fdinfo_line line;
	uint64_t v;

	(void)ctx;
	if (!e->extra)
		return;
	if (info_u64(e, "clockid", 10, &v))
		emit_word(out, "clockid", "clockid_name", clocks, 5, v);
	if (info_u64(e, "ticks", 10, &v))
		fact_u64(out, "ticks", v);
	/* The key of "settime flags: 01" ends at the blank. */
	if (fdinfo_find(e->extra, e->extra_len, "settime", &line) &&
	    fdinfo_field_u64(&line, "flags", 8, &v) && v)
		emit_mask(out, "settime_flags", settime_flags, 2, v);
	emit_pair(e, "it_value", out);
	emit_pair(e, "it_interval", out);
}

const struct kind kind_timerfd = {
	.name = "timerfd",
	.means = "timer",
	.match = timerfd_match,
	.facts = timerfd_facts,
	.brief = "{clockid_name}[, in {it_value}][, every {it_interval}][, {ticks} ticks]",
	.peek = peek_state,
	.op = {
		CELLS_LOOK,
		CELL_PEEK_STATE,
		CELL_NO_SEND,
		CELL_NO_DUMP("a timerfd has no contents: show prints its settings"),
		[OP_READ] = { EFFECT_CONSUME, "takes the expirations that the target would have "
					      "read" },
		CELL_NO(OP_WRITE, "write(2) on a timerfd is EINVAL"),
		CELL_NO(OP_SEEK, "a timerfd has no position"),
		CELL_HOLD("keeps the timer running; the target's epoll goes on reporting it after "
			  "the target closed it"),
		CELL_NO_STREAM("a timerfd is no stream"),
	},
};
