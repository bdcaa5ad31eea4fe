/* SPDX-License-Identifier: MIT */
#include "ui/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/audit.h"
#include "src/base/fd.h"

const struct opt cli_global_opts[] = {
	{ "read-only", 0, OPT_FLAG, offsetof(struct cli_globals, read_only), NULL,
	  "refuse whatever has an effect on others" },
	{ "dry-run", 0, OPT_FLAG, offsetof(struct cli_globals, dry_run), NULL,
	  "say the effect and do nothing" },
	{ "audit", 0, OPT_TEXT, offsetof(struct cli_globals, audit), "FILE",
	  "append one JSON line for each effect caused" },
	{ "proc", 0, OPT_TEXT, offsetof(struct cli_globals, proc), "DIR",
	  "another proc filesystem than /proc" },
	{ "help", 'h', OPT_FLAG, offsetof(struct cli_globals, help), NULL, "this help" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

void cli_done(struct cli *cli)
{
	cli->done++;
}

static void sentence_part(struct buf *out, const char *before, const char *text,
			  enum text_mode mode)
{
	if (!*text)
		return;
	buf_adds(out, before);
	text_display(out, text, strlen(text), mode);
}

void cli_sentence(struct buf *out, const struct fail *f, enum text_mode mode)
{
	sentence_part(out, "", f->on, mode);
	sentence_part(out, ": ", f->call, mode);
	if (f->err && f->call[0] && f->class != FAIL_USAGE)
		sentence_part(out, ": ", strerror(f->err), mode);
	sentence_part(out, ": ", f->why, mode);
	sentence_part(out, "\n  try: ", f->advice, mode);
}

void cli_failed(struct cli *cli, const struct fail *f)
{
	autobuf text = BUF_INIT;
	int status = fail_status(f);

	cli_sentence(&text, f, cli->text);
	cli_message(cli, "%s", buf_str(&text));
	cli->status = cli->failed == 0 || cli->status == status ? status : STATUS_PART;
	cli->failed++;
}

int cli_status(const struct cli *cli)
{
	if (cli->out_failed)
		return STATUS_OUTPUT;
	if (!cli->failed)
		return STATUS_OK;
	return cli->done ? STATUS_PART : cli->status;
}

static __attribute__((format(printf, 2, 0))) void message(const struct cli *cli, const char *fmt,
							  va_list ap)
{
	const char *verb = cli->cmd ? cli->cmd->name : "";

	fprintf(stderr, "filch%s%s: ", *verb ? " " : "", verb);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void cli_message(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(cli, fmt, ap);
	va_end(ap);
}

int cli_usage(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(cli, fmt, ap);
	va_end(ap);
	return STATUS_USAGE;
}

bool cli_gate(struct cli *cli, const char *op, enum effect e, const char *words, const char *on)
{
	struct fail f;

	if (e == EFFECT_REFUSED) {
		fail_set(&f, EOPNOTSUPP, op, "%s", on);
		fail_why(&f, "%s", words);
		cli_failed(cli, &f);
		return false;
	}
	if (cli->globals.dry_run) {
		cli_message(cli, "%s: %s: effect %s: %s; nothing was done (--dry-run)", on, op,
			    effect_name(e), words);
		cli_done(cli);
		return false;
	}
	if (cli->globals.read_only && e > EFFECT_NONE) {
		fail_set(&f, EPERM, op, "%s", on);
		fail_class(&f, FAIL_USAGE);
		fail_why(&f, "refused by --read-only: its effect is %s (%s)", effect_name(e),
			 words);
		cli_failed(cli, &f);
		return false;
	}
	return true;
}

bool cli_gate_kind(struct cli *cli, const struct kind *k, enum op op, const char *on)
{
	const struct cell *c = kind_cell(k, op);
	bool refused = c->effect == EFFECT_REFUSED;
	char what[96];

	snprintf(what, sizeof(what), "%s%s%s", op_name(op), refused ? " of kind " : "",
		 refused ? k->name : "");
	return cli_gate(cli, what, c->effect, c->words, on);
}

void cli_audit(struct cli *cli, const char *op, enum effect e, const struct target *t, int fd,
	       const struct fail *f)
{
	struct audit_event ev = {
		.op = op,
		.effect = e,
		.pid = t->pid,
		.start = t->start,
		.comm = t->comm,
		.comm_len = t->comm_len,
		.fd = fd,
		.err = f ? f->err : 0,
		.call = f ? f->call : NULL,
	};
	struct fail af;

	if (!cli->globals.audit || e <= EFFECT_NONE)
		return;
	if (audit_append(cli->globals.audit, &ev, &af) < 0) {
		cli_failed(cli, &af);
		cli->out_failed = true;
	}
}

void cli_end_of_reader(void)
{
	signal(SIGPIPE, SIG_DFL);
	raise(SIGPIPE);
	_exit(128 + SIGPIPE);
}

void cli_flush(struct cli *cli, bool all)
{
	int r;

	if (!cli->out.len || (!all && cli->out.len < 256 * 1024))
		return;
	r = cli->out_failed ? 0 : fd_write_all(STDOUT_FILENO, cli->out.data, cli->out.len);
	buf_reset(&cli->out);
	if (r == -EPIPE)
		cli_end_of_reader();
	if (r < 0) {
		cli_message(cli, "standard output: write: %s", strerror(-r));
		cli->out_failed = true;
	}
}

void cli_result_stderr(struct cli *cli, const struct buf *text)
{
	if (fd_write_all(STDERR_FILENO, text->data, text->len) < 0)
		cli->out_failed = true;
}

int cli_target(struct cli *cli, const char *text, struct target *t)
{
	struct target_name name;
	struct fail f = { 0 };
	int r = target_name_parse(&name, text, strlen(text), &f);

	if (r == 0)
		r = target_open(t, cli->procfs, &name, &f);
	if (r < 0)
		cli_failed(cli, &f);
	return r;
}
