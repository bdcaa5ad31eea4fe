/* SPDX-License-Identifier: MIT */
/* filch read, write and seek: what the owner itself would do. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/take/rw.h"
#include "ui/cli/cmds.h"
#include "ui/cli/descs.h"

#define CHUNK (64 * 1024)

/* Gate, act, audit: the same for the three. */
struct act {
	enum op op;
	int (*fn)(struct cli *cli, struct rw *rw, void *arg, struct fail *f);
	void *arg;
};

static int act_one(struct cli *cli, const struct desc_ref *d, void *arg)
{
	const struct act *act = arg;
	struct kind_ctx ctx = survey_ctx(d->survey);
	const struct cell *c = kind_cell(d->ent->kind, act->op);
	struct fail f = { 0 };
	struct rw rw;
	int r;

	if (!cli_gate_kind(cli, d->ent->kind, act->op, d->label))
		return 0;
	r = rw_open(&rw, d->target, d->ent, &ctx, act->op, &f);
	if (r == 0) {
		r = act->fn(cli, &rw, act->arg, &f);
		rw_close(&rw);
		cli_audit(cli, op_name(act->op), c->effect, d->target, d->ent->fd,
			  r < 0 ? &f : NULL);
	}
	if (r < 0)
		cli_failed(cli, &f);
	else
		cli_done(cli);
	return r;
}

static int act_on(struct cli *cli, enum op op,
		  int (*fn)(struct cli *cli, struct rw *rw, void *arg, struct fail *f), void *arg,
		  char **argv)
{
	const struct descs_opts opts = { 0 };
	struct act act = { .op = op, .fn = fn, .arg = arg };

	if (!descs_is_single(cli, 1, argv))
		return cli_status(cli);
	return descs_each(cli, 1, argv, &opts, act_one, &act);
}

struct read_values {
	uint64_t bytes;
};

static const struct opt read_opts[] = {
	{ "bytes", 'n', OPT_SIZE, offsetof(struct read_values, bytes), "BYTES",
	  "the size of the read (64K)" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

static int do_read(struct cli *cli, struct rw *rw, void *arg, struct fail *f)
{
	size_t size = *(const uint64_t *)arg;
	autofree char *p = malloc(size ? size : 1);
	ssize_t n;

	if (!p)
		return fail_set(f, ENOMEM, "malloc", "a buffer of %zu bytes", size);
	n = rw_read(rw, p, size, f);
	if (n > 0)
		buf_add(&cli->out, p, (size_t)n);
	return n < 0 ? (int)n : 0;
}

static int read_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct read_values *v = values;
	uint64_t size = v->bytes == UINT64_MAX ? CHUNK : v->bytes;

	if (n != 1)
		return cli_usage(cli, "exactly one descriptor is wanted");
	return act_on(cli, OP_READ, do_read, &size, argv);
}

const struct cmd cmd_read = {
	.name = "read",
	.args = "DESC",
	.summary = "a real read(2), as the owner would",
	.effect = EFFECT_CONSUME,
	.about = "One read. It moves the offset of every holder, and takes data out of a pipe,\n"
		 "socket, eventfd and the like: the target will not get it. It never waits: when\n"
		 "nothing is there, it says so and fails with status 1. End of file: no output.",
	.opts = read_opts,
	.values_size = sizeof(struct read_values),
	.run = read_run,
};

static int do_write(struct cli *cli, struct rw *rw, void *arg, struct fail *f)
{
	autofree char *p = xmalloc(CHUNK);
	uint64_t total = 0;

	(void)arg;
	for (;;) {
		ssize_t n = read(STDIN_FILENO, p, CHUNK);
		size_t written;
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_set(f, errno, "read", "standard input");
		if (n == 0)
			return 0;
		r = rw_write(rw, p, (size_t)n, NULL, &written, f);
		total += written;
		if (r < 0) {
			cli_message(cli, "%" PRIu64 " bytes were written before it failed", total);
			return r;
		}
	}
}

static int write_run(struct cli *cli, const void *values, int n, char **argv)
{
	(void)values;
	if (n != 1)
		return cli_usage(cli, "exactly one descriptor is wanted");
	return act_on(cli, OP_WRITE, do_write, NULL, argv);
}

const struct cmd cmd_write = {
	.name = "write",
	.args = "DESC",
	.summary = "write standard input into a descriptor",
	.effect = EFFECT_ALTER,
	.about = "As if the owner had written it: at the description's offset, or at the end with\n"
		 "O_APPEND; into a pipe or socket, to whoever reads it. Waits for room.",
	.run = write_run,
};

struct seek_values {
	const char *whence;
};

static const struct opt seek_opts[] = {
	{ "whence", 0, OPT_TEXT, offsetof(struct seek_values, whence), "set|cur|end|data|hole",
	  "from where OFFSET counts (set)" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

struct seek {
	int64_t offset;
	int whence;
};

static int do_seek(struct cli *cli, struct rw *rw, void *arg, struct fail *f)
{
	const struct seek *s = arg;
	uint64_t before, after;
	int r = rw_seek(rw, s->offset, s->whence, &before, &after, f);

	if (r == 0)
		buf_addf(&cli->out, "%" PRIu64 " %" PRIu64 "\n", before, after);
	return r;
}

static int whence_of(const char *word)
{
	static const struct {
		const char *word;
		int whence;
	} words[] = {
		{ "set", SEEK_SET },   { "cur", SEEK_CUR },   { "end", SEEK_END },
		{ "data", SEEK_DATA }, { "hole", SEEK_HOLE },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!word || strcmp(words[i].word, word) == 0)
			return words[i].whence;
	return -EINVAL;
}

static int seek_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct seek_values *v = values;
	struct seek s = { .whence = whence_of(v->whence) };

	if (n != 2)
		return cli_usage(cli, "a descriptor and an offset are wanted");
	if (s.whence < 0)
		return cli_usage(cli, "--whence is set, cur, end, data or hole");
	if (text_parse_int(argv[1][0] == '-' ? argv[1] + 1 : argv[1], 0, INT64_MAX, &s.offset) < 0)
		return cli_usage(cli, "the offset is a number of bytes");
	if (argv[1][0] == '-')
		s.offset = -s.offset;
	return act_on(cli, OP_SEEK, do_seek, &s, argv);
}

const struct cmd cmd_seek = {
	.name = "seek",
	.args = "DESC OFFSET",
	.summary = "move the offset that every holder shares",
	.effect = EFFECT_SHARED,
	.about = "Prints the old and the new offset. The owner's next read or write is at the new\n"
		 "one. data and hole move it to the next data or hole at or behind OFFSET.",
	.opts = seek_opts,
	.values_size = sizeof(struct seek_values),
	.run = seek_run,
};
