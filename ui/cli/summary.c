/* SPDX-License-Identifier: MIT */
/* filch ls --summary: how many of what, against which limits, and what grows. */
#include "src/survey/summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "src/base/alloc.h"
#include "src/base/json.h"
#include "ui/cli/ls.h"

static void limit_text(struct buf *out, const struct summary_proc *p)
{
	int used = summary_limit_used(p);

	if (used >= 0)
		buf_addf(out, "%8" PRIu64 " %3d%%", p->limit, used);
	else
		buf_addf(out, "%8s    -", p->limit == UINT64_MAX ? "none" : "?");
}

static void kinds_of_proc(struct buf *out, const struct summary_proc *p)
{
	for (size_t i = 0; i < p->n_kinds; i++)
		if (p->kinds[i].last)
			buf_addf(out, " %s %" PRIu64, p->kinds[i].kind->name, p->kinds[i].last);
}

/* "PID", and "PID/TID" of a thread with a table of its own. */
static void table_label(struct buf *out, const struct summary_proc *p)
{
	char label[32];

	if (p->tid)
		snprintf(label, sizeof(label), "%d/%d", (int)p->pid, (int)p->tid);
	else
		snprintf(label, sizeof(label), "%d", (int)p->pid);
	buf_addf(out, "%8s ", label);
}

/* With a filter, or of named targets only, those of which nothing counts are left out. */
static bool is_told(const struct summary *m, const struct summary_proc *p)
{
	return !m->pick || p->n_seen;
}

static void summary_text(struct cli *cli, const struct summary *m)
{
	autofree const struct summary_proc **procs = summary_procs(m, SUMMARY_BY_FDS);
	struct buf *out = &cli->out;
	size_t tables = 0;

	for (size_t i = 0; i < m->n_procs; i++)
		tables += is_told(m, &m->procs[i]);
	buf_addf(out, "%" PRIu64 " descriptors in %zu table%s\n\n", m->fds, tables,
		 tables == 1 ? "" : "s");
	for (size_t i = 0; i < m->n_kinds; i++)
		if (m->kinds[i].last)
			buf_addf(out, "%8" PRIu64 " %s\n", m->kinds[i].last,
				 m->kinds[i].kind->name);
	buf_adds(out, "\n     PID      FDS    LIMIT USED COMMAND and kinds\n");
	for (size_t i = 0; i < m->n_procs; i++) {
		const struct summary_proc *p = procs[i];

		if (!is_told(m, p) || (!p->n_seen && !p->err))
			continue;
		table_label(out, p);
		buf_addf(out, "%8" PRIu64 " ", p->fds);
		limit_text(out, p);
		buf_addc(out, ' ');
		text_display(out, p->comm, p->comm_len, cli->text);
		buf_addc(out, ':');
		if (p->err)
			buf_addf(out, " %s", fail_errno_name(p->err));
		kinds_of_proc(out, p);
		buf_addc(out, '\n');
		cli_flush(cli, false);
	}
}

static void leaks_text(struct cli *cli, const struct summary *m)
{
	size_t n;
	autofree struct summary_leak *leaks = summary_leaks(m, &n);
	struct buf *out = &cli->out;

	buf_addf(out, "\nlook %u:%s\n", m->surveys, n ? "" : " nothing grew");
	for (size_t i = 0; i < n; i++) {
		const struct summary_leak *l = &leaks[i];

		table_label(out, l->proc);
		text_display(out, l->proc->comm, l->proc->comm_len, cli->text);
		buf_addf(out, ": %s %" PRIu64 " -> %" PRIu64 " (%+.1f/s, %s), oldest fd %d",
			 l->count->kind->name, l->count->first, l->count->last, l->per_second,
			 l->steady ? "never fell" : "with ups and downs", l->oldest_fd);
		if (l->first_new_fd >= 0)
			buf_addf(out, ", first new fd %d", l->first_new_fd);
		if (l->seconds_to_limit >= 0)
			buf_addf(out, ", limit in %.0f s", l->seconds_to_limit);
		buf_addc(out, '\n');
	}
}

static void json_tid(struct json *j, const struct summary_proc *p)
{
	if (p->tid)
		json_i64(j, "tid", p->tid);
	else
		json_null(j, "tid");
}

static void summary_json_proc(struct json *j, const struct summary_proc *p)
{
	json_object(j, NULL);
	json_i64(j, "pid", p->pid);
	json_u64(j, "start", p->start);
	json_tid(j, p);
	json_bytes_always(j, "comm", p->comm, p->comm_len);
	json_u64(j, "uid", p->uid);
	json_u64(j, "fds", p->fds);
	if (p->limit && p->limit != UINT64_MAX)
		json_u64(j, "limit", p->limit);
	else
		json_null(j, "limit");
	json_object(j, "kinds");
	for (size_t i = 0; i < p->n_kinds; i++)
		json_u64(j, p->kinds[i].kind->name, p->kinds[i].last);
	json_end_object(j);
	json_str(j, "errno", p->err ? fail_errno_name(p->err) : NULL);
	json_end_object(j);
}

static void leaks_json(struct json *j, const struct summary *m)
{
	size_t n;
	autofree struct summary_leak *leaks = summary_leaks(m, &n);

	json_array(j, "growing");
	for (size_t i = 0; i < n; i++) {
		json_object(j, NULL);
		json_i64(j, "pid", leaks[i].proc->pid);
		json_u64(j, "start", leaks[i].proc->start);
		json_tid(j, leaks[i].proc);
		json_str(j, "kind", leaks[i].count->kind->name);
		json_u64(j, "first", leaks[i].count->first);
		json_u64(j, "last", leaks[i].count->last);
		json_i64(j, "per_minute", (int64_t)(leaks[i].per_second * 60));
		json_bool(j, "steady", leaks[i].steady);
		json_i64(j, "oldest_fd", leaks[i].oldest_fd);
		json_i64(j, "first_new_fd", leaks[i].first_new_fd);
		json_end_object(j);
	}
	json_end_array(j);
}

static void summary_json(struct cli *cli, const struct summary *m)
{
	struct json j;

	json_init(&j, &cli->out);
	json_object(&j, NULL);
	json_u64(&j, "look", m->surveys);
	json_u64(&j, "fds", m->fds);
	json_object(&j, "kinds");
	for (size_t i = 0; i < m->n_kinds; i++)
		json_u64(&j, m->kinds[i].kind->name, m->kinds[i].last);
	json_end_object(&j);
	json_array(&j, "processes");
	for (size_t i = 0; i < m->n_procs; i++)
		if (is_told(m, &m->procs[i]))
			summary_json_proc(&j, &m->procs[i]);
	json_end_array(&j);
	leaks_json(&j, m);
	json_end_object(&j);
	json_line(&j);
}

static void summary_print(struct cli *cli, const struct listing *l, const struct summary *m)
{
	if (l->v->json)
		summary_json(cli, m);
	else if (m->surveys == 1)
		summary_text(cli, m);
	else
		leaks_text(cli, m);
}

/* What -f and, with --wide-scan, the targets let pass. */
struct pick {
	const struct listing *l;
	struct columns columns;
};

static bool picks(void *arg, const struct fdent *e)
{
	struct pick *p = arg;

	return listing_has(p->l, e->proc) && filter_match(p->l->filter, &p->columns, e);
}

void listing_summary(struct cli *cli, struct listing *l, struct survey *s)
{
	bool some = l->filter || (l->v->wide_scan && l->n_targets);
	struct pick pick = { .l = l };
	struct summary m = { .pick = some ? picks : NULL, .pick_arg = &pick };
	unsigned round = 0;

	do {
		columns_init(&pick.columns, s, cli->text);
		summary_add(&m, s);
		columns_release(&pick.columns);
		survey_free(s);
		summary_print(cli, l, &m);
	} while (l->v->watch && listing_next(cli, l, &round, &s));
	summary_release(&m);
}
