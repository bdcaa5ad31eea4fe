/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include "src/base/alloc.h"
#include "src/survey/survey.h"
#include "ui/cli/cmds.h"
#include "ui/cli/row.h"

struct ls_values {
	bool json, stats;
};

static const struct opt ls_opts[] = {
	{ "json", 0, OPT_FLAG, offsetof(struct ls_values, json), NULL, "one JSON object a line" },
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

static int ls_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct ls_values *v = values;
	struct survey_opts opts = { .procfs = cli->procfs, .want = SURVEY_ALL };
	autofree struct target_name *names = xcalloc((size_t)n, sizeof(*names));
	struct survey_iter it = { 0 };
	struct kind_ctx ctx;
	struct survey *s;
	const struct fdent *e;
	struct json j;
	struct fail f = { 0 };

	for (int i = 0; i < n; i++) {
		struct target t;

		if (cli_target(cli, argv[i], &t) < 0)
			continue;
		names[opts.n_targets].pid = t.pid;
		names[opts.n_targets].tid = t.tid;
		names[opts.n_targets].start = t.start;
		names[opts.n_targets++].has_start = true;
		target_close(&t);
	}
	if (n && !opts.n_targets)
		return cli_status(cli);
	opts.targets = n ? names : NULL;
	if (survey_take(&s, &opts, &f) < 0) {
		cli_failed(cli, &f);
		return cli_status(cli);
	}
	ctx = survey_ctx(s);
	json_init(&j, &cli->out);
	while ((e = survey_next(s, &it))) {
		if (v->json) {
			row_json(&j, s, e, &ctx);
		} else {
			buf_addf(&cli->out, "%7d %4d %-5s %-8s ", e->proc->pid, e->fd,
				 assoc_name(e->assoc), e->kind->name);
			text_display(&cli->out, e->name ? e->name : "", e->name_len, cli->text);
			buf_addc(&cli->out, '\n');
		}
		cli_flush(cli, false);
	}
	if (v->stats)
		print_stats(s);
	cli_done(cli);
	survey_free(s);
	return cli_status(cli);
}

const struct cmd cmd_ls = {
	.name = "ls",
	.args = "[TARGET...]",
	.summary = "list descriptors",
	.effect = EFFECT_NONE,
	.opts = ls_opts,
	.values_size = sizeof(struct ls_values),
	.run = ls_run,
};
