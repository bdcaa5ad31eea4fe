/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/proc/procfs.h"
#include "ui/cli/cli.h"
#include "ui/cli/help.h"
#include "ui/cli/interface.h"

static void out_of_memory(void)
{
	static const char text[] = "filch: out of memory\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(STATUS_PART);
	_exit(STATUS_PART);
}

static int run_verb(struct cli *cli, int argc, char **argv)
{
	autofree void *values = xcalloc(1, cli->cmd->values_size);
	struct opt_set sets[] = { { cli->cmd->opts, values }, { cli_global_opts, &cli->globals } };
	struct fail f;
	int n, status;

	cli->argc = argc;
	if (opts_parse(cli->cmd->name, sets, 2, argc, argv, &n, cli->cmd->rest ? &cli->rest : NULL))
		return STATUS_USAGE;
	if (cli->globals.help) {
		help_verb(&cli->out, cli->cmd);
		return STATUS_OK;
	}
	if (!cli->cmd->no_proc)
		cli->procfs = procfs_open(cli->globals.proc ? cli->globals.proc : "/proc", &f);
	if (!cli->cmd->no_proc && cli->procfs < 0) {
		cli_failed(cli, &f);
		return cli_status(cli);
	}
	status = cli->cmd->run(cli, values, n, argv);
	fd_close(&cli->procfs);
	return status;
}

static int unknown_verb(const char *word)
{
	autofree char *safe = text_display_new(word, TEXT_ASCII);

	fprintf(stderr,
		"filch: \"%s\" is neither a verb nor a target (PID, PID/TID, PID@START, =NAME); "
		"see filch help\n",
		safe);
	return STATUS_USAGE;
}

static int dispatch(struct cli *cli, int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : NULL;

	if (word && (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)) {
		buf_adds(&cli->out, "filch " FILCH_VERSION "\n");
		return STATUS_OK;
	}
	if (word && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)) {
		help_all(&cli->out);
		return STATUS_OK;
	}
	cli->cmd = word ? cmd_find(word) : NULL;
	if (cli->cmd)
		return run_verb(cli, argc - 2, argv + 2);
	if (word && *word != '-' && *word != '=' && (*word < '0' || *word > '9'))
		return unknown_verb(word);
	return interface_run(cli, argc, argv);
}

int main(int argc, char **argv)
{
	struct cli cli = { .procfs = -1, .rest = -1, .text = TEXT_LOCALE };
	int status;

	cli.world.sigpipe_ignored = signal(SIGPIPE, SIG_IGN) == SIG_IGN;
	/* Beyond `ulimit -f` a write is to fail with EFBIG: the partial file is kept and named. */
	cli.world.sigxfsz_ignored = signal(SIGXFSZ, SIG_IGN) == SIG_IGN;
	sigprocmask(SIG_SETMASK, NULL, &cli.mask_before);
	cli.world.mask = &cli.mask_before;
	alloc_set_oom_hook(out_of_memory);
	fd_raise_limit(&cli.world.nofile);
	status = dispatch(&cli, argc, argv);
	cli_flush(&cli, true);
	buf_release(&cli.out);
	if (cli.out_failed)
		status = STATUS_OUTPUT;
	if (status && cli.cmd && cli.cmd->becomes && !cli.status_is_commands &&
	    status < STATUS_EXEC)
		status = STATUS_EXEC;
	return status;
}
