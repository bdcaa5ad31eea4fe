/* SPDX-License-Identifier: MIT */
/* filch signal TARGET SIG: by pidfd, so that a reused pid gets none. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/stop/signal.h"
#include "ui/cli/cmds.h"

struct signal_values {
	const char *value;
};

static const struct opt signal_opts[] = {
	{ "value", 0, OPT_TEXT, offsetof(struct signal_values, value), "N",
	  "queue it with this integer (SI_QUEUE), as sigqueue(3)" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

static int parse_value(struct cli *cli, const char *text, union sigval *value)
{
	int64_t v;

	if (text_parse_int(text, INT_MIN, INT_MAX, &v) < 0)
		return cli_usage(cli, "--value wants a number from %d to %d", INT_MIN, INT_MAX);
	memset(value, 0, sizeof(*value));
	value->sival_int = (int)v;
	return STATUS_OK;
}

static void send(struct cli *cli, const struct target *t, int sig, const union sigval *value)
{
	const struct cell *cell = target_cell(TARGET_OP_SIGNAL);
	struct fail f = { 0 };
	char name[32], on[128], op[48];
	autofree char *safe = text_display_new(target_describe(t, on, sizeof(on)), cli->text);

	snprintf(op, sizeof(op), "signal %s", signal_name(sig, name, sizeof(name)));
	if (!cli_gate(cli, op, sig ? cell->effect : EFFECT_NONE, cell->words, safe))
		return;
	if (signal_send(t, sig, value, &f) < 0)
		cli_failed(cli, &f);
	else
		cli_done(cli);
	cli_audit(cli, op, sig ? cell->effect : EFFECT_NONE, t, -1, f.err ? &f : NULL);
}

static int signal_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct signal_values *v = values;
	union sigval value;
	struct fail f = { 0 };
	autotarget t = { .pidfd = -1, .table_pidfd = -1, .dir = -1, .table_dir = -1 };
	int sig;

	if (n != 2)
		return cli_usage(cli, "a target and a signal are wanted");
	if (v->value && parse_value(cli, v->value, &value) != STATUS_OK)
		return STATUS_USAGE;
	sig = signal_parse(argv[1], &f);
	if (sig < 0)
		cli_failed(cli, &f);
	else if (cli_target(cli, argv[0], &t) == 0)
		send(cli, &t, sig, v->value ? &value : NULL);
	return cli_status(cli);
}

const struct cmd cmd_signal = {
	.name = "signal",
	.args = "TARGET SIG",
	.summary = "send a signal that cannot reach another process",
	.effect = EFFECT_STOP,
	.about = "SIG is a name (TERM, SIGUSR1), a number, RTMIN+N or RTMAX-N; 0 only asks\n"
		 "whether a signal could be sent. It goes through a pidfd: if the process has\n"
		 "ended, a new one with its pid is not touched.",
	.opts = signal_opts,
	.values_size = sizeof(struct signal_values),
	.run = signal_run,
};
