/* SPDX-License-Identifier: MIT */
/* filch drop hN...: let go of what is held. */
#include <errno.h>
#include <stdio.h>

#include "ui/cli/cmds.h"
#include "ui/cli/onshelf.h"

struct drop_values {
	bool all;
};

static const struct opt drop_opts[] = {
	{ "all", 0, OPT_FLAG, offsetof(struct drop_values, all), NULL, "whatever is held" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

static int parse(struct cli *cli, struct desc_list *list, int n, char **argv)
{
	struct fail f = { 0 };
	int r = 0;

	for (int i = 0; i < n && r == 0; i++) {
		r = desc_parse(list, argv[i], &f);
		if (r == 0 && list->at[list->n - 1].what != DESC_HELD) {
			r = fail_set(&f, EINVAL, "", "%s", argv[i]);
			fail_class(&f, FAIL_USAGE);
			fail_why(&f,
				 "only what is held can be dropped: hN, as filch held shows it");
		}
	}
	if (r < 0)
		cli_failed(cli, &f);
	return r;
}

static void drop_one(struct cli *cli, struct shelf *s, const struct shelf_list *held, uint32_t id)
{
	struct shelf_item item = { .id = id, .fd = -1 };
	struct fail f = { 0 };
	char label[16];

	for (size_t i = 0; i < held->n; i++)
		if (held->at[i].id == id)
			item = held->at[i];
	snprintf(label, sizeof(label), "h%u", id);
	if (!cli_gate(cli, "drop", EFFECT_HOLD,
		      "closes our duplicate; what waited for the last close happens", label))
		return;
	if (shelf_drop(s, id, &f) < 0) {
		cli_failed(cli, &f);
		return;
	}
	onshelf_audit(cli, &item, NULL);
	cli_done(cli);
}

static int drop_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct drop_values *v = values;
	struct desc_list list = { 0 };
	struct shelf_list held = { 0 };
	struct fail f = { 0 };
	struct shelf s;

	if (v->all == (n > 0))
		return cli_usage(cli, "which? %s", cli->cmd->args);
	if (parse(cli, &list, n, argv) == 0 && onshelf_open(cli, &s, false) == 0) {
		if (shelf_get_list(&s, &held, &f) < 0)
			cli_failed(cli, &f);
		for (size_t i = 0; i < list.n; i++)
			drop_one(cli, &s, &held, (uint32_t)list.at[i].first);
		for (size_t i = 0; v->all && i < held.n; i++)
			drop_one(cli, &s, &held, held.at[i].id);
		shelf_list_release(&held);
		shelf_close(&s);
	}
	desc_list_release(&list);
	return cli_status(cli);
}

const struct cmd cmd_drop = {
	.name = "drop",
	.args = "hN...|--all",
	.summary = "let go of what is held",
	.effect = EFFECT_HOLD,
	.about =
		"Where nobody else has it, that is the last close: the other end gets end of file or a\n"
		"FIN, locks are released, a file without a name is freed.",
	.opts = drop_opts,
	.values_size = sizeof(struct drop_values),
	.run = drop_run,
};
