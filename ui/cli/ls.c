/* SPDX-License-Identifier: MIT */
/* filch ls: list descriptors. */
#include "ui/cli/ls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/take/grab.h"
#include "ui/cli/cmds.h"
#include "ui/cli/descs.h"
#include "ui/cli/filters.h"
#include "ui/cli/row.h"

static const struct opt ls_opts[] = {
	{ "json", 0, OPT_FLAG, offsetof(struct ls_values, json), NULL, "one JSON object a line" },
	{ "columns", 'o', OPT_TEXT, offsetof(struct ls_values, columns), "COL,...",
	  "these columns; +COL,... behind the usual ones; help --columns lists them" },
	{ "filter", 'f', OPT_TEXT, offsetof(struct ls_values, filter), "FILTER",
	  "rows that it lets pass: 'kind=tcp and rq>0', 'deleted', 'name~\"log$\"'" },
	{ "sort", 's', OPT_TEXT, offsetof(struct ls_values, sort), "COL",
	  "by this column, -COL from the largest" },
	{ "group", 0, OPT_FLAG, offsetof(struct ls_values, group), NULL,
	  "members of one open file description together" },
	{ "no-headings", 0, OPT_FLAG, offsetof(struct ls_values, no_headings), NULL,
	  "no line of headings" },
	{ "grab", 0, OPT_FLAG, offsetof(struct ls_values, grab), NULL,
	  "with facts that need a duplicate for a moment (effect: hold)" },
	{ "wide-scan", 0, OPT_FLAG, offsetof(struct ls_values, wide_scan), NULL,
	  "look for sharing and peers in every process" },
	{ "summary", 0, OPT_FLAG, offsetof(struct ls_values, summary), NULL,
	  "counts by kind and by process, and limits; with --watch what leaks" },
	{ "watch", 0, OPT_FLAG, offsetof(struct ls_values, watch), NULL,
	  "go on with what changes, a line each, until ^C" },
	{ "interval", 0, OPT_TEXT, offsetof(struct ls_values, interval), "SECONDS",
	  "between two looks (1)" },
	{ "times", 0, OPT_COUNT, offsetof(struct ls_values, times), "N",
	  "end --watch after so many looks" },
	{ "stats", 0, OPT_FLAG, offsetof(struct ls_values, stats), NULL,
	  "where the time went, as one JSON object on stderr" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

static void print_stats(const struct survey *s)
{
	const struct survey_stats *st = &s->stats;
	autobuf text = BUF_INIT;
	struct json j;

	json_init(&j, &text);
	json_object(&j, NULL);
	json_u64(&j, "rows", st->rows);
	json_u64(&j, "tables", st->tables);
	json_u64(&j, "collect_ns", st->collect_ns);
	json_u64(&j, "net_ns", st->net_ns);
	json_u64(&j, "kind_ns", st->kind_ns);
	json_u64(&j, "share_ns", st->share_ns);
	json_u64(&j, "peers_ns", st->peers_ns);
	json_u64(&j, "kcmp_calls", st->kcmp_calls);
	json_u64(&j, "largest_bucket", st->largest_bucket);
	json_u64(&j, "bytes", st->bytes);
	json_end_object(&j);
	json_line(&j);
	fputs(buf_str(&text), stderr);
}

/* Its first thread has ended, others live on and have their tables. */
static bool has_threads(const struct target *t)
{
	return t->zombie && !t->tid && !t->kthread && t->status.threads > 1;
}

/* The targets named, opened once to say what is wrong with them. */
static size_t open_targets(struct cli *cli, int n, char **argv, struct target_name *names)
{
	size_t found = 0;

	for (int i = 0; i < n; i++) {
		struct target t;

		if (cli_target(cli, argv[i], &t) < 0)
			continue;
		if (has_threads(&t) || descs_target_has_any(cli, &t))
			names[found++] = (struct target_name){
				.pid = t.pid,
				.tid = t.tid,
				.start = t.start,
				.has_start = true,
			};
		target_close(&t);
	}
	return found;
}

static int parse_interval(struct cli *cli, struct listing *l)
{
	const char *text = l->v->interval;
	char *end;
	double seconds;

	l->interval_ms = 1000;
	if (!text)
		return STATUS_OK;
	seconds = strtod(text, &end);
	if (end == text || *end || !(seconds >= 0.01 && seconds <= 86400))
		return cli_usage(cli, "--interval wants seconds from 0.01 to 86400");
	l->interval_ms = (int)(seconds * 1000);
	return STATUS_OK;
}

static int compile(struct cli *cli, struct listing *l)
{
	const struct ls_values *v = l->v;
	const char *sort = v->sort;
	const char *usual = l->n_targets == 1 ? COLUMNS_OF_ONE : COLUMNS_OF_MANY;
	struct fail f = { 0 };

	l->sort_down = sort && *sort == '-';
	if (sort && column_find(&l->sort, sort + l->sort_down, strlen(sort + l->sort_down)) < 0)
		return cli_usage(cli, "-s: there is no such column");
	if (v->filter && filters_compile(cli, v->filter, &l->filter) < 0)
		return STATUS_USAGE;
	if (column_list_parse(&l->columns, v->columns ? v->columns : usual, usual, &f) < 0) {
		cli_failed(cli, &f);
		return cli_status(cli);
	}
	return parse_interval(cli, l);
}

void listing_release(struct listing *l)
{
	filter_free(l->filter);
	column_list_release(&l->columns);
	free(l->names);
	free(l->not_grabbed);
	hung_release(&l->hung);
}

static bool is_named(const struct listing *l, const struct procent *p)
{
	for (size_t i = 0; i < l->n_targets; i++)
		if (l->names[i].pid == p->pid && (!l->names[i].tid || l->names[i].tid == p->tid))
			return true;
	return false;
}

/* With --wide-scan everything was surveyed, and only some of it is listed. */
bool listing_has(const struct listing *l, const struct procent *p)
{
	return !l->v->wide_scan || !l->n_targets || is_named(l, p);
}

size_t listing_rows(const struct listing *l, struct columns *c, const struct survey *s,
		    const struct fdent ***rows)
{
	const struct fdent **at = xcalloc(survey_count(s), sizeof(*at));
	struct survey_iter it = { 0 };
	const struct fdent *e;
	struct column_ref ofd;
	size_t n = 0;

	while ((e = survey_next(s, &it)))
		if (listing_has(l, e->proc) && filter_match(l->filter, c, e))
			at[n++] = e;
	if (l->v->sort)
		column_sort(c, &l->sort, l->sort_down, at, n);
	if (l->v->group && column_find(&ofd, "ofd", 3) == 0)
		column_sort(c, &ofd, false, at, n);
	*rows = at;
	return n;
}

/* Cells of a table, padded to the widest one of each column that is not the last. */
struct table {
	struct buf text; /* all cells, one behind the other */
	size_t *end;     /* where each ends in text */
	size_t n, cap;
	size_t *width;
	bool *told; /* some row had a value there */
	size_t n_columns;
};

static void table_cell(struct table *t, size_t column, size_t from)
{
	size_t cells = text_width(buf_str(&t->text) + from, t->text.len - from);

	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 256;
		t->end = xreallocarray(t->end, t->cap, sizeof(*t->end));
	}
	t->end[t->n++] = t->text.len;
	if (cells > t->width[column])
		t->width[column] = cells;
}

static bool is_right(const struct column_ref *ref)
{
	return ref->column && (ref->column->flags & COLUMN_RIGHT);
}

static void print_line(struct cli *cli, const struct listing *l, const struct table *t, size_t line)
{
	for (size_t c = 0; c < t->n_columns; c++) {
		size_t i = line * t->n_columns + c, from = i ? t->end[i - 1] : 0;
		const char *cell = buf_str(&t->text) + from;
		size_t len = t->end[i] - from, used = text_width(cell, len);
		size_t pad = t->width[c] > used ? t->width[c] - used : 0;
		bool right = is_right(&l->columns.at[c]), last = c + 1 == t->n_columns;

		for (size_t p = 0; right && p < pad; p++)
			buf_addc(&cli->out, ' ');
		buf_add(&cli->out, cell, len);
		for (size_t p = 0; !right && !last && p < pad; p++)
			buf_addc(&cli->out, ' ');
		buf_addc(&cli->out, last ? '\n' : ' ');
	}
	cli_flush(cli, false);
}

/* An empty line between groups; alone or unknown ones have no group. */
static bool new_group(const struct listing *l, const struct fdent *e, const struct fdent *before)
{
	return l->v->group && before && (e->ofd != before->ofd) &&
	       (e->shares > 1 || before->shares > 1);
}

/* Those that could not be taken, once each. */
static void not_grabbed(struct listing *l, const struct fdent *e)
{
	if ((l->n_not_grabbed & (l->n_not_grabbed - 1)) == 0)
		l->not_grabbed = xreallocarray(l->not_grabbed,
					       l->n_not_grabbed ? l->n_not_grabbed * 2 : 1,
					       sizeof(*l->not_grabbed));
	l->not_grabbed[l->n_not_grabbed++] = e;
}

static int by_address(const void *pa, const void *pb)
{
	uintptr_t a = (uintptr_t) * (const struct fdent *const *)pa;
	uintptr_t b = (uintptr_t) * (const struct fdent *const *)pb;

	return (a > b) - (a < b);
}

/* A filter, the order and the table may each have tried. */
static void say_not_grabbed(struct cli *cli, struct listing *l)
{
	size_t rows = 0;

	if (!l->n_not_grabbed)
		return;
	qsort(l->not_grabbed, l->n_not_grabbed, sizeof(*l->not_grabbed), by_address);
	for (size_t i = 0; i < l->n_not_grabbed; i++)
		rows += !i || l->not_grabbed[i] != l->not_grabbed[i - 1];
	l->n_not_grabbed = 0;
	cli_message(cli,
		    "%zu descriptors could not be taken: their facts that need a grab are "
		    "missing; filch why TARGET says more",
		    rows);
}

/* --grab: one row's duplicate for the time that its facts are drawn. */
struct row_grab {
	struct cli *cli;
	struct listing *l;
	struct grab g;
};

static void row_take(void *arg, const struct fdent *e, struct kind_ctx *ctx)
{
	struct row_grab *rg = arg;
	struct cli *cli = rg->cli;
	struct target t;
	struct target_name name = {
		.pid = e->proc->pid, .tid = e->proc->tid, .start = e->proc->start, .has_start = true
	};
	struct fail f = { 0 };
	int r;

	rg->g = (struct grab){ .fd = -1 };
	if (!fdent_is_fd(e) || e->err || grab_may_hang(e, ctx))
		return;
	r = target_open(&t, cli->procfs, &name, &f);
	if (r == 0) {
		r = grab_take(&rg->g, &t, e, cli->procfs, &f);
		cli_audit(cli, "ls --grab", EFFECT_HOLD, &t, e->fd, r < 0 ? &f : NULL);
		target_close(&t);
	}
	if (r < 0)
		not_grabbed(rg->l, e);
	else
		ctx->grab = rg->g.fd;
}

static void row_give(void *arg, struct kind_ctx *ctx)
{
	struct row_grab *rg = arg;

	grab_release(&rg->g);
	ctx->grab = -1;
}

static void row_cells(struct listing *l, struct columns *c, struct table *t, const struct fdent *e)
{
	for (size_t k = 0; k < l->columns.n; k++) {
		size_t from = t->text.len;

		column_format(&t->text, c, &l->columns.at[k], e);
		table_cell(t, k, from);
		t->told[k] |= strcmp(buf_str(&t->text) + from, "-") != 0;
	}
}

/* Numbers of two tables of one process are not to be mixed up: say whose they are. */
static void add_tid(struct listing *l, const struct fdent **rows, size_t n)
{
	const char *usual = l->n_targets == 1 ? "TID," COLUMNS_OF_ONE
					      : "PID,TID," COLUMNS_BEHIND_PID;
	struct fail f;
	size_t i = 0;

	if (l->v->columns)
		return;
	while (i < n && !rows[i]->proc->tid)
		i++;
	if (i == n)
		return;
	column_list_release(&l->columns);
	column_list_parse(&l->columns, usual, usual, &f);
}

static void no_such_fact(struct cli *cli, const struct listing *l, const char *where,
			 const char *fact)
{
	cli_message(cli, "%sno row has a fact named %s%s", where, fact,
		    l->v->grab ? "" : " (some need --grab)");
}

static void print_table(struct cli *cli, struct listing *l, struct columns *c,
			const struct fdent **rows, size_t n)
{
	struct table t = { .n_columns = l->columns.n };
	size_t line = 0;

	t.width = xcalloc(t.n_columns, sizeof(*t.width));
	t.told = xcalloc(t.n_columns, sizeof(*t.told));
	for (size_t k = 0; k < t.n_columns && !l->v->no_headings; k++) {
		size_t from = t.text.len;

		buf_adds(&t.text, column_heading(&l->columns.at[k]));
		table_cell(&t, k, from);
	}
	for (size_t i = 0; i < n; i++)
		row_cells(l, c, &t, rows[i]);
	if (!l->v->no_headings)
		print_line(cli, l, &t, line++);
	for (size_t i = 0; i < n; i++) {
		if (i && new_group(l, rows[i], rows[i - 1]))
			buf_addc(&cli->out, '\n');
		print_line(cli, l, &t, line++);
	}
	for (size_t k = 0; n && k < t.n_columns; k++)
		if (!t.told[k] && !l->columns.at[k].column)
			no_such_fact(cli, l, "", l->columns.at[k].fact);
	buf_release(&t.text);
	free(t.end);
	free(t.width);
	free(t.told);
}

static void print_json(struct cli *cli, struct listing *l, const struct survey *s,
		       const struct fdent **rows, size_t n)
{
	struct row_grab grab = { .cli = cli, .l = l };
	struct kind_ctx ctx = survey_ctx(s);
	struct json j;

	if (!l->v->grab) {
		rows_json(cli, s, rows, n);
		return;
	}
	json_init(&j, &cli->out);
	for (size_t i = 0; i < n; i++) {
		struct row_said none = { 0 };

		row_take(&grab, rows[i], &ctx);
		row_json(&j, s, rows[i], &ctx, &none);
		row_give(&grab, &ctx);
		cli_flush(cli, false);
	}
}

/* A column that only some kinds have is fine; one that nobody has is misspelt. */
static bool any_value(struct columns *c, const struct column_ref *ref, const struct fdent *first)
{
	struct fact value;

	if (ref->column)
		return true;
	/* The sort put those with a value first. */
	return column_value(c, ref, first, &value);
}

/* What is misspelt in a filter shows only when all rows were asked. */
static void say_filter(struct cli *cli, const struct listing *l)
{
	const char *value, *unseen = filter_unseen(l->filter);
	const char *unfit = filter_unfit(l->filter, &value);
	autobuf text = BUF_INIT;

	if (unseen)
		no_such_fact(cli, l, "", unseen);
	if (!unfit)
		return;
	text_display(&text, value, strlen(value), cli->text);
	cli_message(cli, "%s of no row can be compared with %s", unfit, buf_str(&text));
}

/* Without a filter each has a row that says so. */
static void say_unread(struct cli *cli, const struct listing *l, const struct survey *s)
{
	size_t unread = 0;

	for (size_t i = 0; i < s->n_procs; i++)
		unread += s->procs[i]->err == EACCES || s->procs[i]->err == EPERM;
	if (l->filter && !l->n_targets && unread)
		cli_message(cli,
			    "tables that could not be read: %zu; the filter saw nothing of them",
			    unread);
}

void listing_print(struct cli *cli, struct listing *l, const struct survey *s)
{
	struct row_grab grab = { .cli = cli, .l = l };
	const struct fdent **rows;
	struct columns c;
	size_t n;

	columns_init(&c, s, cli->text);
	if (l->v->grab)
		c.grab = (struct columns_grab){ row_take, row_give, &grab };
	for (size_t k = 0; k < l->columns.n; k++)
		columns_want(&c, &l->columns.at[k]);
	n = listing_rows(l, &c, s, &rows);
	if (l->v->json) {
		print_json(cli, l, s, rows, n);
	} else {
		add_tid(l, rows, n);
		print_table(cli, l, &c, rows, n);
	}
	if (l->v->sort && n && !any_value(&c, &l->sort, rows[0]))
		no_such_fact(cli, l, "-s: ", l->sort.fact);
	say_filter(cli, l);
	say_unread(cli, l, s);
	say_not_grabbed(cli, l);
	columns_release(&c);
	free(rows);
}

/*
 * A named target whose table may not be read is a failure; system-wide it is a row.
 * Returns how many there were.
 */
static size_t check_tables(struct cli *cli, const struct listing *l, const struct survey *s)
{
	size_t failed = 0;

	for (size_t i = 0; i < s->n_procs; i++) {
		const struct procent *p = s->procs[i];

		if (!p->err || !l->n_targets || !is_named(l, p))
			continue;
		descs_unreadable_table(cli, p);
		failed++;
	}
	return failed;
}

int listing_survey(struct cli *cli, struct listing *l, struct survey **s)
{
	struct survey_opts opts = {
		.procfs = cli->procfs,
		.want = SURVEY_ALL,
		.targets = l->v->wide_scan || !l->n_targets ? NULL : l->names,
		.n_targets = l->n_targets,
		.hung = &l->hung,
	};
	struct fail f = { 0 };
	int r = survey_take(s, &opts, &f);

	if (r < 0)
		cli_failed(cli, &f);
	return r;
}

/* Takes the survey over. */
static void show(struct cli *cli, struct listing *l, struct survey *s)
{
	if (l->v->summary) {
		listing_summary(cli, l, s);
	} else if (l->v->watch) {
		listing_watch(cli, l, s);
	} else {
		listing_print(cli, l, s);
		survey_free(s);
	}
}

static int ls_run(struct cli *cli, const void *values, int n, char **argv)
{
	struct listing l = {
		.v = values,
		.names = xcalloc((size_t)n, sizeof(*l.names)),
		.hung = HUNG_INIT,
	};
	struct survey *s;
	int status;

	if (l.v->grab && !cli_gate(cli, "ls --grab", EFFECT_HOLD,
				   "holds a duplicate of each for a moment", "what is listed")) {
		listing_release(&l);
		return cli_status(cli);
	}
	l.n_targets = open_targets(cli, n, argv, l.names);
	status = n && !l.n_targets ? cli_status(cli) : compile(cli, &l);
	if (status == STATUS_OK && listing_survey(cli, &l, &s) == 0) {
		if (l.v->stats)
			print_stats(s);
		if (!l.n_targets || check_tables(cli, &l, s) < l.n_targets)
			cli_done(cli);
		show(cli, &l, s);
	}
	listing_release(&l);
	return status == STATUS_OK ? cli_status(cli) : status;
}

const struct cmd cmd_ls = {
	.name = "ls",
	.args = "[TARGET...]",
	.summary = "list descriptors",
	.effect = EFFECT_NONE,
	.about =
		"Without TARGET those of every visible process, with cwd, root, exe and mapped\n"
		"files. SHARE: =A 9 is one open file description in nine places (kcmp(2)), ~C 2 one\n"
		"inode opened twice, <> a peer that was found. Sharing and peers are looked for in\n"
		"what is listed.\n\n"
		"A filter compares columns and facts: = != < > <= >= and ~ (regular expression),\n"
		"with and, or, not, ( ); sizes and times take units (rq>64K, rtt>10ms); a name alone\n"
		"asks whether it is there (deleted, cloexec).",
	.opts = ls_opts,
	.values_size = sizeof(struct ls_values),
	.run = ls_run,
};
