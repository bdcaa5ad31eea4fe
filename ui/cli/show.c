/* SPDX-License-Identifier: MIT */
/* filch show DESC: all that is known, one fact a line. */
#include <string.h>

#include "src/keep/origin.h"
#include "src/take/grab.h"
#include "ui/cli/cmds.h"
#include "ui/cli/descs.h"
#include "ui/cli/elf.h"
#include "ui/cli/onshelf.h"
#include "ui/cli/row.h"

struct show_values {
	bool json, grab, wide_scan;
};

static const struct opt show_opts[] = {
	{ "json", 0, OPT_FLAG, offsetof(struct show_values, json), NULL,
	  "the object of ls --json, on one line" },
	{ "grab", 0, OPT_FLAG, offsetof(struct show_values, grab), NULL,
	  "with facts that need a duplicate for a moment (effect: hold)" },
	{ "wide-scan", 0, OPT_FLAG, offsetof(struct show_values, wide_scan), NULL,
	  "look for sharing and peers in every process" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

/* Of a program, what its ELF image says: it is opened for that (effect: hold). */
static void add_elf(struct cli *cli, const struct desc_ref *d, struct facts *out)
{
	struct fail f = { 0 };

	if (d->ent->assoc != ASSOC_EXE || cli->globals.read_only || cli->globals.dry_run)
		return;
	fact_object(out, "elf");
	if (elf_of_desc(cli, d, out, &f) < 0)
		fact_fail(out, "image", f.call, f.err);
	fact_end_object(out);
	cli_audit(cli, "show", EFFECT_HOLD, d->target, -1, f.err ? &f : NULL);
}

/* Of hN: where it came from. All else that is said is of our duplicate, or the shelf's. */
static void add_held(struct cli *cli, const struct desc_ref *d, struct facts *out)
{
	struct shelf_item item;
	const struct shelf_list list = { &item, 1 };
	struct origin_state o;
	char since[32];

	if (!d->held)
		return;
	item = *d->held;
	fact_object(out, "held");
	fact_text(out, "id", d->label);
	fact_i64(out, "pid", item.pid);
	fact_u64(out, "start", item.start);
	if (item.tid)
		fact_i64(out, "tid", item.tid);
	fact_bytes(out, "comm", item.comm, item.comm_len);
	if (item.fd >= 0)
		fact_i64(out, "fd", item.fd);
	fact_text(out, "assoc", assoc_name(item.assoc));
	if (origin_states(&list, d->shelf, cli->procfs, &o, NULL) == 0) {
		fact_text(out, "origin", origin_name(o.origin));
		if (o.last_holder >= 0)
			fact_bool(out, "last_holder", o.last_holder);
		else
			fact_null(out, "last_holder");
	}
	onshelf_time(since, sizeof(since), item.since);
	fact_text(out, "since", since);
	fact_end_object(out);
}

/* The first words of the record's own facts, each once: "flags" of "flags.0". */
struct words {
	const char *at[64];
	size_t n;
};

static bool has_word(const struct words *w, const char *name)
{
	size_t len = strcspn(name, ".");

	for (size_t i = 0; i < w->n; i++)
		if (strncmp(w->at[i], name, len) == 0 && (!w->at[i][len] || w->at[i][len] == '.'))
			return true;
	return false;
}

static void words_of_record(struct words *w, const struct facts_flat *flat)
{
	w->n = 0;
	for (size_t i = 0; i < flat->n && w->n < sizeof(w->at) / sizeof(w->at[0]); i++) {
		const char *name = flat->at[i].name;

		if (strncmp(name, "detail.", 7) != 0 && !has_word(w, name))
			w->at[w->n++] = name;
	}
}

static void print_facts(struct cli *cli, const struct desc_ref *d, const struct kind_ctx *ctx)
{
	struct facts_flat flat;
	struct words words;

	facts_flat_init(&flat, NULL);
	row_facts(&flat.sink, d->survey, d->ent, ctx);
	add_elf(cli, d, &flat.sink);
	add_held(cli, d, &flat.sink);
	words_of_record(&words, &flat);
	if (cli->done)
		buf_addc(&cli->out, '\n');
	buf_addf(&cli->out, "%s\n", d->label);
	for (size_t i = 0; i < flat.n; i++) {
		const struct fact *fact = &flat.at[i];
		const char *name = fact->name;

		if (fact->type == FACT_NULL)
			continue;
		/* The kind's own word, unless the record has one that is spelt so. */
		if (strncmp(name, "detail.", 7) == 0 && !has_word(&words, name + 7))
			name += 7;
		buf_addf(&cli->out, "  %-22s ", name);
		fact_display(&cli->out, fact, cli->text);
		buf_addc(&cli->out, '\n');
	}
	facts_flat_release(&flat);
}

static void print_json(struct cli *cli, const struct desc_ref *d, const struct kind_ctx *ctx)
{
	struct facts_json sink;
	struct json j;

	json_init(&j, &cli->out);
	facts_json_init(&sink, &j);
	json_object(&j, NULL);
	row_facts(&sink.sink, d->survey, d->ent, ctx);
	add_elf(cli, d, &sink.sink);
	add_held(cli, d, &sink.sink);
	json_end_object(&j);
	json_line(&j);
}

/* What a grab adds is left out, with the reason, where it is refused. */
static bool show_grab(struct cli *cli, const struct desc_ref *d, const struct kind_ctx *ctx,
		      struct grab *g)
{
	struct fail f = { 0 };

	if (!fdent_is_fd(d->ent) || !cli_gate_kind(cli, d->ent->kind, OP_GRAB, d->label))
		return false;
	if (grab_may_hang(d->ent, ctx)) {
		cli_message(cli, "%s: its filesystem may hang, and so would our close: not grabbed",
			    d->label);
		return false;
	}
	if (grab_take(g, d->target, d->ent, cli->procfs, &f) < 0) {
		cli_failed(cli, &f);
		return false;
	}
	return true;
}

static int show_one(struct cli *cli, const struct desc_ref *d, void *arg)
{
	const struct show_values *v = arg;
	struct kind_ctx ctx = survey_ctx(d->survey);
	autograb g = { .fd = -1 };

	ctx.deep = true;
	if (v->grab && show_grab(cli, d, &ctx, &g)) {
		ctx.grab = g.fd;
		cli_audit(cli, "show --grab", EFFECT_HOLD, d->target, d->ent->fd, NULL);
	}
	if (v->json)
		print_json(cli, d, &ctx);
	else
		print_facts(cli, d, &ctx);
	cli_flush(cli, false);
	cli_done(cli);
	return 0;
}

static int show_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct show_values *v = values;
	const struct descs_opts opts = {
		.want = SURVEY_ALL,
		.whole = true,
		.wide_scan = v->wide_scan,
	};
	struct show_values copy = *v;

	return descs_each(cli, n, argv, &opts, show_one, &copy);
}

const struct cmd cmd_show = {
	.name = "show",
	.args = "DESC...",
	.summary = "all that is known of a descriptor, one fact a line",
	.effect = EFFECT_NONE,
	.about =
		"Sharing and peers are looked for in the target itself, and with --wide-scan in\n"
		"every process. --grab takes a duplicate for a moment (effect: hold) and adds what\n"
		"/proc does not tell: bytes queued in a pipe, seals, socket options. TARGET:exe\n"
		"also opens the program to say what its ELF image is (effect: hold), unless\n"
		"--read-only forbids.\n"
		"\n"
		"Of hN, held says where it came from: pid, start, comm, fd, and whether that process\n"
		"runs and still has it (origin). pid and fd above it are of the duplicate that the\n"
		"shelf lends to filch for this look.",
	.opts = show_opts,
	.values_size = sizeof(struct show_values),
	.run = show_run,
};
