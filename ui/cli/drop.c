/* SPDX-License-Identifier: MIT */
/* filch drop hN...: let go of what is held. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "src/base/alloc.h"
#include "src/keep/origin.h"
#include "ui/cli/cmds.h"
#include "ui/cli/onshelf.h"

#define KEPT_NAMES 8 /* in the sentence about those that were not dropped */

struct drop_values {
	bool all, last;
};

static const struct opt drop_opts[] = {
	{ "all", 0, OPT_FLAG, offsetof(struct drop_values, all), NULL, "whatever others have too" },
	{ "last", 0, OPT_FLAG, offsetof(struct drop_values, last), NULL,
	  "with --all: also what nobody else has" },
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

/* What is to be dropped, and who else has it. */
struct drops {
	struct shelf_list list; /* items are borrowed from `held` */
	struct shelf_list held;
	struct origin_state *states;
};

static void add(struct drops *d, uint32_t id)
{
	struct shelf_item item = { .id = id, .fd = -1, .shelf_fd = -1 };

	for (size_t i = 0; i < d->held.n; i++)
		if (d->held.at[i].id == id)
			item = d->held.at[i];
	d->list.at = xreallocarray(d->list.at, d->list.n + 1, sizeof(item));
	d->list.at[d->list.n++] = item;
}

static void choose(struct drops *d, const struct desc_list *wanted, bool all)
{
	for (size_t i = 0; i < wanted->n; i++)
		add(d, (uint32_t)wanted->at[i].first);
	for (size_t i = 0; all && i < d->held.n; i++)
		add(d, d->held.at[i].id);
}

static void drop_one(struct cli *cli, struct shelf *s, const struct shelf_item *item,
		     const struct origin_state *o)
{
	bool last = o->last_holder > 0;
	struct fail f = { 0 };
	char label[16];

	snprintf(label, sizeof(label), "h%u", item->id);
	if (!cli_gate(cli, "drop", EFFECT_HOLD,
		      last ? "closes our duplicate, which nobody else has: what waited for the "
			     "last close happens"
			   : "closes our duplicate; what waited for the last close happens",
		      label))
		return;
	if (shelf_drop(s, item->id, &f) < 0) {
		cli_failed(cli, &f);
		return;
	}
	if (last)
		cli_message(cli, "%s: no other visible process had it: that was its last close",
			    label);
	onshelf_audit(cli, item, NULL);
	cli_done(cli);
}

/* Only its name is consent to the last close of something. */
static void say_kept(struct cli *cli, const struct drops *d, size_t n)
{
	autobuf names = BUF_INIT;
	size_t said = 0;
	struct fail f;

	for (size_t i = 0; i < d->list.n && said < KEPT_NAMES; i++)
		if (d->states[i].last_holder != 0)
			buf_addf(&names, "%sh%u", said++ ? " " : "", d->list.at[i].id);
	fail_set(&f, EBUSY, "", "%s%s", buf_str(&names), n > said ? " ..." : "");
	fail_why(&f, "not dropped: no other visible process has %s, or that cannot be known",
		 n > 1 ? "them" : "it");
	fail_advice(&f, "filch drop %s%s, or --all --last", buf_str(&names),
		    n > said ? " ..." : "");
	cli_failed(cli, &f);
}

static void drop_them(struct cli *cli, struct shelf *s, const struct drop_values *v,
		      struct drops *d)
{
	bool keep = v->all && !v->last;
	struct fail f = { 0 };
	size_t kept = 0;

	d->states = xcalloc(d->list.n + 1, sizeof(*d->states));
	if (origin_states(&d->list, s->pid, cli->procfs, d->states, &f) < 0)
		cli_failed(cli, &f);
	for (size_t i = 0; i < d->list.n; i++) {
		if (keep && d->states[i].last_holder != 0)
			kept++;
		else
			drop_one(cli, s, &d->list.at[i], &d->states[i]);
	}
	if (kept)
		say_kept(cli, d, kept);
}

static int drop_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct drop_values *v = values;
	struct desc_list list = { 0 };
	struct drops d = { 0 };
	struct fail f = { 0 };
	struct shelf s;

	if (v->all == (n > 0) || (v->last && !v->all))
		return cli_usage(cli, "which? %s", cli->cmd->args);
	if (parse(cli, &list, n, argv) == 0 && onshelf_open(cli, &s, false) == 0) {
		if (shelf_get_list(&s, &d.held, &f) < 0)
			cli_failed(cli, &f);
		choose(&d, &list, v->all);
		if (d.list.n)
			drop_them(cli, &s, v, &d);
		shelf_list_release(&d.held);
		shelf_close(&s);
	}
	free(d.list.at);
	free(d.states);
	desc_list_release(&list);
	return cli_status(cli);
}

const struct cmd cmd_drop = {
	.name = "drop",
	.args = "hN...|--all [--last]",
	.summary = "let go of what is held",
	.effect = EFFECT_HOLD,
	.about =
		"Where nobody else has it, that is the last close: the other end gets end of file or a\n"
		"FIN, locks are released, a file without a name is freed. Such a one (LAST HOLDER in\n"
		"filch held) wants its name: --all leaves it on the shelf unless --last is there too.",
	.opts = drop_opts,
	.values_size = sizeof(struct drop_values),
	.run = drop_run,
};
