/* SPDX-License-Identifier: MIT */
/* filch why TARGET: may I take its descriptors? */
#include <string.h>

#include "src/take/why.h"
#include "src/base/json.h"
#include "ui/cli/cmds.h"

struct why_values {
	bool json;
};

static const struct opt why_opts[] = {
	{ "json", 0, OPT_FLAG, offsetof(struct why_values, json), NULL, "one JSON object" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

static void print_json(struct cli *cli, const struct target *t, const struct why *w)
{
	struct facts_json facts;
	struct json j;

	json_init(&j, &cli->out);
	json_object(&j, NULL);
	json_i64(&j, "pid", t->pid);
	json_u64(&j, "start", t->start);
	json_bytes(&j, "comm", t->comm, t->comm_len);
	facts_json_init(&facts, &j);
	why_facts(w, &facts.sink);
	json_end_object(&j);
	json_line(&j);
}

static void add_text(struct cli *cli, const char *text)
{
	text_display(&cli->out, text, strlen(text), cli->text);
}

static void print_text(struct cli *cli, const struct target *t, const struct why *w)
{
	char who[128];

	target_describe(t, who, sizeof(who));
	add_text(cli, who);
	buf_addf(&cli->out, ": %s%s%s\n", w->allowed ? "allowed" : "refused",
		 w->refusing >= 0 ? " by " : "", w->refusing >= 0 ? w->at[w->refusing].name : "");
	for (size_t i = 0; i < w->n; i++) {
		const struct why_rule *r = &w->at[i];

		buf_addf(&cli->out, "  %-14s %-10s ", r->name,
			 r->result == WHY_OVERRULED ? "overruled" : why_result_name(r->result));
		add_text(cli, r->facts);
		buf_addc(&cli->out, '\n');
		if (!r->help[0])
			continue;
		buf_addf(&cli->out, "  %-14s %-10s try: ", "", "");
		add_text(cli, r->help);
		buf_addc(&cli->out, '\n');
	}
}

static int why_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct why_values *v = values;
	struct fail f = { 0 };
	struct why w;
	autotarget t;

	if (n != 1)
		return cli_usage(cli, "exactly one target is wanted");
	if (cli_target(cli, argv[0], &t) < 0)
		return cli_status(cli);
	if (why_walk(&w, &t, cli->procfs, &f) < 0) {
		cli_failed(cli, &f);
		return cli_status(cli);
	}
	if (v->json)
		print_json(cli, &t, &w);
	else
		print_text(cli, &t, &w);
	return w.allowed ? STATUS_OK : STATUS_PERMISSION;
}

const struct cmd cmd_why = {
	.name = "why",
	.args = "TARGET",
	.summary = "may its descriptors be taken, and if not, which rule refuses",
	.effect = EFFECT_NONE,
	.about =
		"Walks the rules that pidfd_getfd(2) obeys, in the kernel's order, with what both\n"
		"sides have, then asks the kernel the same question in a way that takes nothing.\n"
		"Exits 0 if it is allowed, 3 if not.",
	.opts = why_opts,
	.values_size = sizeof(struct why_values),
	.run = why_run,
};
