/* SPDX-License-Identifier: MIT */
/* filch shutdown DESC rd|wr|both, filch abort DESC: end a direction, or a connection. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "src/alter/connection.h"
#include "ui/cli/cmds.h"
#include "ui/cli/descs.h"

static bool listens(int fd)
{
	int v = 0;
	socklen_t len = sizeof(v);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &v, &len) == 0 && v;
}

static int finish(struct cli *cli, const struct desc_ref *d, enum op op, int r, struct fail *f)
{
	if (r < 0) {
		/* The library knows only our duplicate. */
		strncpy(f->on, d->label, sizeof(f->on) - 1);
		descs_audit(cli, d, op, f);
		cli_failed(cli, f);
		return r;
	}
	descs_audit(cli, d, op, NULL);
	cli_done(cli);
	return 0;
}

static int shutdown_one(struct cli *cli, const struct desc_ref *d, void *arg)
{
	int how = *(const int *)arg, r;
	autograb g = { .fd = -1 };
	struct fail f = { 0 };

	r = descs_grab(cli, d, OP_SHUTDOWN, &g);
	if (r < 0)
		return r;
	cli_message(cli, "%s: %s", d->label, connection_shutdown_words(how, listens(g.fd)));
	return finish(cli, d, OP_SHUTDOWN, connection_shutdown(g.fd, how, &f), &f);
}

static int shutdown_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct descs_opts opts = { .want = SURVEY_NET };
	struct fail f = { 0 };
	int how;

	(void)values;
	if (n < 2)
		return cli_usage(cli, "%s", cli->cmd->args);
	how = connection_parse_how(argv[n - 1], &f);
	if (how >= 0)
		return descs_each(cli, n - 1, argv, &opts, shutdown_one, &how);
	cli_failed(cli, &f);
	return cli_status(cli);
}

static int abort_one(struct cli *cli, const struct desc_ref *d, void *arg)
{
	autograb g = { .fd = -1 };
	struct fail f = { 0 };
	int r = descs_grab(cli, d, OP_ABORT, &g);

	(void)arg;
	if (r < 0)
		return r;
	r = connection_abort(g.fd, &f);
	if (r >= 0)
		cli_message(cli, "%s: %s", d->label,
			    connection_abort_words((enum connection_abort)r,
						   strcmp(d->ent->kind->name, "tcp") == 0));
	return finish(cli, d, OP_ABORT, r, &f);
}

static int abort_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct descs_opts opts = { .want = SURVEY_NET };

	(void)values;
	return descs_each(cli, n, argv, &opts, abort_one, NULL);
}

const struct cmd cmd_shutdown = {
	.name = "shutdown",
	.args = "DESC... rd|wr|both",
	.summary = "end a direction of a connection",
	.effect = EFFECT_ALTER,
	.about =
		"shutdown(2) on the owner's socket. rd: its reads give end of file once the queue is\n"
		"empty. wr: the peer gets end of file once the queue was sent, and the owner's writes\n"
		"fail with EPIPE (SIGPIPE). both: both. rd of a listener ends the listening, for\n"
		"everybody who has it.",
	.run = shutdown_run,
};

const struct cmd cmd_abort = {
	.name = "abort",
	.args = "DESC...",
	.summary = "end a connection at once",
	.effect = EFFECT_ALTER,
	.about =
		"TCP: the peer gets a RST (ECONNRESET), what was queued is lost. With CAP_NET_ADMIN in\n"
		"its network namespace by SOCK_DESTROY: the owner gets ECONNABORTED. Without, by\n"
		"connect(2) with AF_UNSPEC on its socket: the owner gets ECONNRESET once, then its\n"
		"reads fail with ENOTCONN and its writes with EPIPE. UDP and raw sockets are disconnected.",
	.run = abort_run,
};
