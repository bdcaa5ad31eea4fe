/* SPDX-License-Identifier: MIT */
/* filch exec DESC[=N]... -- CMD: become CMD with the descriptors of others. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/keep/apart.h"
#include "src/keep/exec.h"
#include "ui/cli/cmds.h"
#include "ui/cli/descs.h"
#include "ui/cli/passon.h"

#define LISTEN_FIRST 3

struct exec_values {
	bool listen, wait;
	const char *names;
};

static const struct opt exec_opts[] = {
	{ "listen", 0, OPT_FLAG, offsetof(struct exec_values, listen), NULL,
	  "from number 3 on, with LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES" },
	{ "names", 0, OPT_TEXT, offsetof(struct exec_values, names), "NAME[:NAME...]",
	  "for LISTEN_FDNAMES, instead of KIND-FD" },
	{ "wait", 0, OPT_FLAG, offsetof(struct exec_values, wait), NULL,
	  "until a filesystem that does not answer does" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

struct collect {
	bool listen, wait;
	int at;      /* of "=N"; -1: none */
	char **argv; /* of the command */
	struct exec_fd *list;
	size_t n;
	struct buf names;
};

static int collect_usage(struct cli *cli, const char *on, const char *why)
{
	struct fail f;

	fail_set(&f, EINVAL, "", "%s", on);
	fail_class(&f, FAIL_USAGE);
	fail_why(&f, "%s", why);
	cli_failed(cli, &f);
	return -EINVAL;
}

/*
 * Once it is ours there is no way back: on a filesystem that does not answer we
 * would block at our end, and CMD at its. So it must let go of a try first.
 */
static int try_first(struct cli *cli, const struct desc_ref *d, const struct collect *c)
{
	struct apart a = { .target = d->target, .procfs = cli->procfs, .timeout_ms = GRAB_HANG_MS };
	struct kind_ctx ctx = survey_ctx(d->survey);
	struct fail f = { 0 };
	int r = grab_may_hang(d->ent, &ctx) ? apart_try(&a, d->ent, &f) : 0;

	if (r == -ETIMEDOUT && c->wait) {
		cli_message(cli, "%s: waiting for its filesystem to answer; ^C ends that",
			    d->label);
		a.timeout_ms = -1;
		r = apart_try(&a, d->ent, &f);
	}
	if (r == -ETIMEDOUT) {
		fail_why(&f, "its filesystem does not answer: the command, and filch before it, "
			     "could not even close it");
		fail_advice(&f, "--wait, or filch hold %s for now", d->label);
	}
	if (r < 0)
		cli_failed(cli, &f);
	return r;
}

static int collect_one(struct cli *cli, const struct desc_ref *d, void *arg)
{
	struct collect *c = arg;
	int at = c->listen ? LISTEN_FIRST + (int)c->n : c->at >= 0 ? c->at : d->ent->fd;
	struct grab g;
	int r;

	if (at < 0)
		return collect_usage(cli, d->label, "it has no number: say which, by =N");
	if (!cli_gate_kind(cli, d->ent->kind, OP_HOLD, d->label))
		return -ECANCELED;
	r = try_first(cli, d, c);
	if (r == 0)
		r = descs_take(cli, d, &g);
	if (r < 0)
		return r;
	descs_audit(cli, d, OP_HOLD, NULL);
	c->list = xreallocarray(c->list, c->n + 1, sizeof(*c->list));
	c->list[c->n++] = (struct exec_fd){ g.fd, at };
	buf_addf(&c->names, "%s%s-%s", c->names.len ? ":" : "", d->ent->kind->name,
		 strrchr(d->label, ':') ? strrchr(d->label, ':') + 1 : d->label);
	cli_done(cli);
	return 0;
}

/* Cut "=N" off and return N, -1 if there is none, -EINVAL after a message. */
static int cut_number(struct cli *cli, char *arg)
{
	char *colon = strrchr(arg, ':'), *eq = strchr(colon ? colon : arg, '=');
	int64_t at;

	/* "=NAME" opens a target, so one without ':' has no number either. */
	if (!eq || eq == arg)
		return -1;
	*eq = '\0';
	if (text_parse_int(eq + 1, 0, INT_MAX, &at) < 0)
		return collect_usage(cli, arg, "behind the '=' goes a descriptor number");
	return (int)at;
}

/* All words are looked at before anything is grabbed. */
static int parse_all(struct cli *cli, const struct exec_values *v, int n, char **argv, int *at)
{
	for (int i = 0; i < n; i++) {
		struct desc_list list = { 0 };
		struct fail f = { 0 };
		int r;

		at[i] = cut_number(cli, argv[i]);
		if (at[i] < -1)
			return at[i];
		if (at[i] >= 0 && v->listen)
			return collect_usage(cli, argv[i],
					     "--listen numbers from 3 on, in the order given");
		if (at[i] >= 0 && !descs_is_single(cli, 1, &argv[i]))
			return -EINVAL;
		r = desc_parse(&list, argv[i], &f);
		desc_list_release(&list);
		if (r < 0) {
			cli_failed(cli, &f);
			return r;
		}
	}
	return 0;
}

static bool are_names(const char *names, size_t n)
{
	size_t count = 1, len = 0;

	for (const char *c = names; *c; c++) {
		len = *c == ':' ? 0 : len + 1;
		count += *c == ':';
		if ((unsigned char)*c < ' ' || (unsigned char)*c >= 0x7f || len > 255)
			return false;
	}
	return count == n;
}

/* Names for LISTEN_FDNAMES; NULL after a message. */
static const char *listen_names(struct cli *cli, const struct exec_values *v,
				const struct collect *c)
{
	if (!v->names)
		return buf_str(&c->names);
	if (are_names(v->names, c->n))
		return v->names;
	collect_usage(cli, "--names",
		      "one name for each descriptor, printable ASCII, at most 255 "
		      "characters each");
	return NULL;
}

static int become(struct cli *cli, const struct exec_values *v, struct collect *c)
{
	const char *names = v->listen ? listen_names(cli, v, c) : NULL;

	if (v->listen && !names)
		return STATUS_EXEC;
	return passon(cli, c->list, c->n, names, c->argv);
}

static int exec_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct exec_values *v = values;
	const struct descs_opts opts = { .want = SURVEY_NET };
	autofree int *at = xcalloc((size_t)n, sizeof(*at));
	struct collect c = {
		.listen = v->listen,
		.wait = v->wait,
		.argv = &argv[cli->rest < 0 ? 0 : cli->rest],
	};
	int status = STATUS_EXEC;

	if (cli->rest < 0 || cli->rest >= cli->argc)
		return cli_usage(cli, "which command? %s", cli->cmd->args);
	if (v->names && !v->listen)
		return cli_usage(cli, "--names goes with --listen");
	if (parse_all(cli, v, n, argv, at) < 0)
		return cli_status(cli);
	for (int i = 0; i < n && !cli->failed; i++) {
		c.at = at[i];
		descs_each(cli, 1, &argv[i], &opts, collect_one, &c);
	}
	if (n == 0)
		cli_usage(cli, "which descriptor? %s", cli->cmd->args);
	else if (cli->failed || cli->globals.dry_run)
		status = cli_status(cli);
	else
		status = become(cli, v, &c);
	for (size_t i = 0; i < c.n; i++)
		fd_close(&c.list[i].fd);
	__builtin_free(c.list);
	buf_release(&c.names);
	return status;
}

const struct cmd cmd_exec = {
	.name = "exec",
	.args = "DESC[=N]... -- CMD [ARG...]",
	.summary = "become a command that has the descriptors",
	.effect = EFFECT_HOLD,
	.about =
		"filch replaces itself by CMD, which sees 0, 1, 2 and the descriptors named: each at\n"
		"the number behind '=', else at the number that it has in its owner, and nothing\n"
		"else. They stay shared with the owner: one offset, one set of flags, one queue.\n"
		"With --listen they are numbered from 3 on in the order given, and CMD finds\n"
		"LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES as from a service manager, see\n"
		"sd_listen_fds(3); without it those variables are taken away. The rest of the\n"
		"environment, the signal mask, SIGPIPE and the limit of open files are as filch\n"
		"found them. While CMD holds a listening socket together with its owner, either\n"
		"may accept a connection. What is on a filesystem that does not answer is refused:\n"
		"CMD could not even close it (--wait waits for the answer instead).\n"
		"\n"
		"Exit status: that of CMD; 126 if it could not be executed, 127 if it was not\n"
		"found, 125 if filch failed before.",
	.opts = exec_opts,
	.values_size = sizeof(struct exec_values),
	.rest = true,
	.becomes = true,
	.run = exec_run,
};
