/* SPDX-License-Identifier: MIT */
/* filch elf DESC: what the image says about itself. */
#include "ui/cli/elf.h"

#include <errno.h>

#include "src/base/alloc.h"
#include "src/evidence/elf.h"
#include "src/take/grab.h"
#include "ui/cli/cmds.h"

struct elf_values {
	bool json;
};

static const struct opt elf_opts[] = {
	{ "json", 0, OPT_FLAG, offsetof(struct elf_values, json), NULL, "one JSON object a line" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

int elf_of_desc(struct cli *cli, const struct desc_ref *d, struct facts *out, struct fail *f)
{
	autofree struct elf_info *info = NULL;
	autograb g = { .fd = -1 };
	struct kind_ctx ctx = survey_ctx(d->survey);
	int r;

	/* Our own close could wait for it for ever. */
	if (grab_may_hang(d->ent, &ctx)) {
		fail_set(f, EOPNOTSUPP, "elf", "%s", d->label);
		fail_why(f, "it is on a filesystem that may stop answering");
		fail_advice(f, "filch dump %s -o FILE copies it without that risk", d->label);
		return -EOPNOTSUPP;
	}
	r = grab_take(&g, d->target, d->ent, cli->procfs, f);
	if (r == 0)
		r = elf_describe(g.fd, &info, f);
	if (r == 0)
		elf_facts(info, out);
	return r;
}

static void print_text(struct cli *cli, const struct facts_flat *flat, const char *label)
{
	if (cli->done)
		buf_addc(&cli->out, '\n');
	buf_addf(&cli->out, "%s\n", label);
	for (size_t i = 0; i < flat->n; i++) {
		buf_addf(&cli->out, "  %-18s ", flat->at[i].name);
		fact_display(&cli->out, &flat->at[i], cli->text);
		buf_addc(&cli->out, '\n');
	}
}

static int elf_json(struct cli *cli, const struct desc_ref *d, struct fail *f)
{
	size_t back = cli->out.len;
	struct facts_json sink;
	struct json j;
	int r;

	json_init(&j, &cli->out);
	facts_json_init(&sink, &j);
	json_object(&j, NULL);
	json_i64(&j, "pid", d->target->pid);
	json_u64(&j, "start", d->target->start);
	if (d->ent->fd >= 0)
		json_i64(&j, "fd", d->ent->fd);
	else
		json_null(&j, "fd");
	json_str(&j, "assoc", assoc_name(d->ent->assoc));
	r = elf_of_desc(cli, d, &sink.sink, f);
	json_end_object(&j);
	json_line(&j);
	if (r < 0)
		cli->out.len = back;
	return r;
}

static int elf_text_out(struct cli *cli, const struct desc_ref *d, struct fail *f)
{
	struct facts_flat flat;
	int r;

	facts_flat_init(&flat, NULL);
	r = elf_of_desc(cli, d, &flat.sink, f);
	if (r == 0)
		print_text(cli, &flat, d->label);
	facts_flat_release(&flat);
	return r;
}

static int elf_one(struct cli *cli, const struct desc_ref *d, void *arg)
{
	const struct elf_values *v = arg;
	struct fail f = { 0 };
	int r;

	if (!cli_gate(cli, "elf", EFFECT_HOLD, "holds a duplicate while the headers are read",
		      d->label))
		return -1;
	r = v->json ? elf_json(cli, d, &f) : elf_text_out(cli, d, &f);
	if (r < 0)
		cli_failed(cli, &f);
	else
		cli_done(cli);
	cli_audit(cli, "elf", EFFECT_HOLD, d->target, d->ent->fd, r < 0 ? &f : NULL);
	return r;
}

static int elf_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct descs_opts opts = { .want = SURVEY_NET };
	struct elf_values v = *(const struct elf_values *)values;

	return descs_each(cli, n, argv, &opts, elf_one, &v);
}

const struct cmd cmd_elf = {
	.name = "elf",
	.args = "DESC...",
	.summary = "describe an ELF image",
	.effect = EFFECT_HOLD,
	.about = "Class, machine, type, interpreter, needed libraries and build-id, also when the\n"
		 "section headers are gone. The image may be hostile: a child without privileges\n"
		 "reads a copy of its headers, under limits of time and memory.",
	.opts = elf_opts,
	.values_size = sizeof(struct elf_values),
	.run = elf_run,
};
