/* SPDX-License-Identifier: MIT */
/* filch ls --watch: what changes between two looks. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "src/base/fd.h"
#include "src/base/json.h"
#include "src/survey/diff.h"
#include "ui/cli/descs.h"
#include "ui/cli/ls.h"
#include "ui/cli/row.h"

/* Sleeps the interval; false when the user wants to stop. */
static bool wait_interval(int ms)
{
	sigset_t set;
	autoclose int fd = -1;
	struct pollfd pfd = { .events = POLLIN };
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = pfd.fd = signalfd(-1, &set, SFD_CLOEXEC);
	do
		r = poll(&pfd, 1, ms);
	while (r < 0 && errno == EINTR);
	return r == 0;
}

static bool all_gone(const struct listing *l, const struct survey *s)
{
	for (size_t i = 0; i < l->n_targets; i++)
		if (survey_find_proc(s, l->names[i].pid, l->names[i].tid))
			return false;
	return l->n_targets > 0;
}

bool listing_next(struct cli *cli, struct listing *l, unsigned *round, struct survey **s)
{
	struct survey_opts opts = {
		.procfs = cli->procfs,
		.want = SURVEY_ALL,
		.targets = l->v->wide_scan || !l->n_targets ? NULL : l->names,
		.n_targets = l->n_targets,
		.hung = &l->hung,
	};
	struct fail f = { 0 };

	cli_flush(cli, true);
	if (cli->out_failed || (l->v->times >= 0 && ++*round >= (unsigned)l->v->times))
		return false;
	if (!wait_interval(l->interval_ms))
		return false;
	/* Targets that ended are no failure of watching them. */
	if (survey_take(s, &opts, &f) < 0)
		return false;
	if (!all_gone(l, *s))
		return true;
	survey_free(*s);
	return false;
}

static void clock_text(const struct survey *s, char *p, size_t size)
{
	struct tm tm;

	localtime_r(&s->taken.tv_sec, &tm);
	strftime(p, size, "%H:%M:%S", &tm);
}

static void change_text(struct cli *cli, const struct diff *d, const struct change *c,
			struct columns *columns, const char *when)
{
	const struct fdent *e = c->now ? c->now : c->old;
	char label[80];

	if (e)
		descs_label(label, sizeof(label), e);
	else
		snprintf(label, sizeof(label), c->proc->tid ? "%d/%d" : "%d", c->proc->pid,
			 c->proc->tid);
	buf_addf(&cli->out, "%s %-12s %-14s ", when, change_name(c->what), label);
	if (!e) {
		text_display(&cli->out, c->proc->comm, c->proc->comm_len, cli->text);
	} else {
		buf_addf(&cli->out, "%-8s ", e->kind->name);
		columns_forget(columns);
		column_show_detail(&cli->out, columns, e);
	}
	if (c->what >= CHANGE_MOVED && c->what <= CHANGE_SEND_QUEUE) {
		buf_addf(&cli->out, "  %" PRIu64 " -> %" PRIu64, c->before, c->after);
		if (change_rate(d, c) != 0)
			buf_addf(&cli->out, " (%+.0f/s)", change_rate(d, c));
	}
	buf_addc(&cli->out, '\n');
}

static void change_json(struct cli *cli, const struct diff *d, const struct change *c,
			const struct survey *now, const struct survey *old)
{
	const struct fdent *e = c->now ? c->now : c->old;
	const struct survey *of = c->now ? now : old;
	struct kind_ctx ctx = survey_ctx(of);
	struct facts_json sink;
	struct json j;

	json_init(&j, &cli->out);
	facts_json_init(&sink, &j);
	json_object(&j, NULL);
	json_str(&j, "change", change_name(c->what));
	json_i64(&j, "time_ns", now->taken.tv_sec * 1000000000LL + now->taken.tv_nsec);
	if (c->what >= CHANGE_MOVED) {
		json_u64(&j, "before", c->before);
		json_u64(&j, "after", c->after);
		json_i64(&j, "rate", (int64_t)change_rate(d, c));
	}
	if (e) {
		row_facts(&sink.sink, of, e, &ctx);
	} else {
		json_i64(&j, "pid", c->proc->pid);
		json_u64(&j, "start", c->proc->start);
		json_bytes_always(&j, "comm", c->proc->comm, c->proc->comm_len);
	}
	json_end_object(&j);
	json_line(&j);
}

struct printer {
	struct cli *cli;
	const struct listing *l;
	const struct diff *d;
	const struct survey *old, *now;
	struct columns here, before;
	char when[16];
};

static void print_row(struct printer *p, const struct change *c)
{
	struct columns *of = c->now ? &p->here : &p->before;
	const struct fdent *e = c->now ? c->now : c->old;

	if (e ? !filter_match(p->l->filter, of, e) : p->l->filter != NULL)
		return;
	if (p->l->v->json)
		change_json(p->cli, p->d, c, p->now, p->old);
	else
		change_text(p->cli, p->d, c, of, p->when);
}

/* A filter asks for descriptors: those of a process that came, or went, one by one. */
static void print_change(struct printer *p, const struct change *c)
{
	bool came = c->what == CHANGE_PROCESS_NEW;
	struct change row = { .what = came ? CHANGE_OPENED : CHANGE_CLOSED, .proc = c->proc };

	print_row(p, c);
	if (!p->l->filter || (!came && c->what != CHANGE_PROCESS_GONE))
		return;
	for (uint32_t i = 0; i < c->proc->n_rows; i++) {
		if (c->proc->rows[i].err && !(c->proc->rows[i].have & HAVE_LINK))
			continue;
		row.now = came ? &c->proc->rows[i] : NULL;
		row.old = came ? NULL : &c->proc->rows[i];
		print_row(p, &row);
	}
}

static void print_changes(struct cli *cli, struct listing *l, struct survey *old,
			  struct survey *now)
{
	struct diff d = { 0 };
	struct printer p = { .cli = cli, .l = l, .d = &d, .old = old, .now = now };

	diff_make(&d, old, now);
	columns_init(&p.here, now, cli->text);
	columns_init(&p.before, old, cli->text);
	clock_text(now, p.when, sizeof(p.when));
	for (size_t i = 0; i < d.n; i++)
		if (listing_has(l, d.at[i].proc))
			print_change(&p, &d.at[i]);
	columns_release(&p.here);
	columns_release(&p.before);
	diff_release(&d);
}

void listing_watch(struct cli *cli, struct listing *l, struct survey *old)
{
	struct survey *now;
	unsigned round = 0;

	if (!l->v->json)
		listing_print(cli, l, old);
	while (listing_next(cli, l, &round, &now)) {
		print_changes(cli, l, old, now);
		survey_free(old);
		old = now;
	}
	survey_free(old);
}
