/* SPDX-License-Identifier: MIT */
/* filch held: what is on the shelf, and what has become of where it came from. */
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/json.h"
#include "src/keep/origin.h"
#include "src/survey/columns.h"
#include "src/survey/survey.h"
#include "ui/cli/cmds.h"
#include "ui/cli/onshelf.h"

struct held_values {
	bool json;
};

static const struct opt held_opts[] = {
	{ "json", 0, OPT_FLAG, offsetof(struct held_values, json), NULL, "one JSON object a line" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

static void item_json(struct cli *cli, const struct shelf_item *i, const struct origin_state *o)
{
	char text[32];
	struct json j;

	json_init(&j, &cli->out);
	json_object(&j, NULL);
	snprintf(text, sizeof(text), "h%u", i->id);
	json_str(&j, "id", text);
	json_i64(&j, "pid", i->pid);
	json_u64(&j, "start", i->start);
	json_bytes(&j, "comm", i->comm, i->comm_len);
	if (i->fd >= 0)
		json_i64(&j, "fd", i->fd);
	else
		json_null(&j, "fd");
	json_str(&j, "kind", i->kind);
	json_bytes(&j, "name", i->name, i->name_len);
	json_str(&j, "origin", origin_name(o->origin));
	onshelf_time(text, sizeof(text), i->since);
	json_str(&j, "since", text);
	if (o->last_holder < 0)
		json_null(&j, "last_holder");
	else
		json_bool(&j, "last_holder", o->last_holder);
	json_end_object(&j);
	json_line(&j);
}

static void item_from(char *p, size_t size, const struct shelf_item *i)
{
	char table[32];

	if (i->tid)
		snprintf(table, sizeof(table), "%d/%d", i->pid, i->tid);
	else
		snprintf(table, sizeof(table), "%d", i->pid);
	if (i->fd >= 0)
		snprintf(p, size, "%s:%d", table, i->fd);
	else
		snprintf(p, size, "%s:%s", table, assoc_name(i->assoc));
}

/* The descriptors of the shelf itself: what is held, as ls sees it. May be NULL. */
static struct survey *look_at_shelf(struct cli *cli, pid_t shelf)
{
	const struct target_name name = { .pid = shelf };
	const struct survey_opts opts = {
		.procfs = cli->procfs,
		.targets = &name,
		.n_targets = 1,
		.want = SURVEY_NET,
	};
	struct survey *s;

	return survey_take(&s, &opts, NULL) < 0 ? NULL : s;
}

/* A person's line: where it came from, who else has it, and what it is. */
static void item_line(struct cli *cli, const struct shelf_item *i, const struct origin_state *o,
		      struct columns *columns, const struct fdent *e)
{
	static const char *const holders[] = { "?", "others too", "LAST HOLDER" };
	char from[48], since[32];
	autobuf comm = BUF_INIT;

	item_from(from, sizeof(from), i);
	onshelf_time(since, sizeof(since), i->since);
	text_display(&comm, i->comm, i->comm_len, cli->text);
	buf_addf(&cli->out, "h%-4u %-12s %-15s %-8s %-7s %s %-11s ", i->id, from, buf_str(&comm),
		 i->kind, origin_name(o->origin), since, holders[o->last_holder + 1]);
	if (e && e->ino == i->ino)
		column_show_detail(&cli->out, columns, e);
	else
		text_display(&cli->out, i->name ? i->name : "", i->name_len, cli->text);
	buf_addc(&cli->out, '\n');
}

/* What follows from our having them: once for each kind. */
static void say_delays(struct cli *cli, const struct shelf_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const char *kind = list->at[i].kind;
		const struct kind *k = kind_by_name(kind);
		bool said = false;

		for (size_t before = 0; before < i && !said; before++)
			said = strcmp(list->at[before].kind, kind) == 0;
		if (!said)
			cli_message(cli, "%s, while it is held: %s", k ? k->name : "another kind",
				    k ? kind_cell(k, OP_HOLD)->words
				      : "delays whatever waits for its last close");
	}
}

static void show_lines(struct cli *cli, const struct shelf_list *list,
		       const struct origin_state *states, pid_t shelf)
{
	struct survey *s = look_at_shelf(cli, shelf);
	struct columns columns;

	if (s)
		columns_init(&columns, s, cli->text);
	for (size_t i = 0; i < list->n; i++) {
		const struct fdent *e = s ? survey_find(s, shelf, 0, list->at[i].shelf_fd) : NULL;

		item_line(cli, &list->at[i], &states[i], &columns, e);
		cli_flush(cli, false);
	}
	cli_flush(cli, true);
	say_delays(cli, list);
	if (s) {
		columns_release(&columns);
		survey_free(s);
	}
}

static void show(struct cli *cli, const struct held_values *v, const struct shelf_list *list,
		 pid_t shelf)
{
	autofree struct origin_state *states = xcalloc(list->n + 1, sizeof(*states));
	struct fail f = { 0 };

	if (origin_states(list, shelf, cli->procfs, states, &f) < 0)
		cli_failed(cli, &f);
	if (!v->json)
		show_lines(cli, list, states, shelf);
	for (size_t i = 0; v->json && i < list->n; i++) {
		item_json(cli, &list->at[i], &states[i]);
		cli_flush(cli, false);
	}
}

static int held_run(struct cli *cli, const void *values, int n, char **argv)
{
	struct shelf_list list = { 0 };
	struct fail f = { 0 };
	struct shelf s;

	(void)argv;
	if (n)
		return cli_usage(cli, "it takes no argument; filch show hN says more of one");
	if (onshelf_open(cli, &s, false) < 0)
		return cli_status(cli);
	if (shelf_get_list(&s, &list, &f) < 0) {
		cli_failed(cli, &f);
	} else if (list.n) {
		show(cli, values, &list, s.pid);
		cli_done(cli);
	}
	shelf_list_release(&list);
	shelf_close(&s);
	return cli_status(cli);
}

const struct cmd cmd_held = {
	.name = "held",
	.args = "",
	.summary = "list what is held",
	.effect = EFFECT_NONE,
	.about =
		"Where each came from, whether its owner runs and still has it (running), has closed\n"
		"it (closed) or is gone (exited), since when it is held, whether another process that\n"
		"we can see has the same open file description (LAST HOLDER: none has), and what it\n"
		"is, as in the DETAIL of ls; then, for each kind, what holding it delays. With\n"
		"--json: id, pid, start, comm, fd, kind, name, origin, since, last_holder (null: it\n"
		"could not be told).\n"
		"\n"
		"A shelf that was killed cannot give back what it held: the next command says what\n"
		"was lost.",
	.opts = held_opts,
	.values_size = sizeof(struct held_values),
	.run = held_run,
};
