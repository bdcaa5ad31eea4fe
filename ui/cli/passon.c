/* SPDX-License-Identifier: MIT */
#include "ui/cli/passon.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "src/base/fd.h"

/* From here on number 2 may be the target's: what we have to say goes to a copy of ours. */
int passon(struct cli *cli, struct exec_fd *list, size_t n, const char *names, char **argv)
{
	int spare[2] = { fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3), cli->procfs };
	struct fail f = { 0 };
	int r = exec_check(list, n, &f);

	if (r == 0)
		r = exec_listen_env(names ? n : 0, names);
	if (r == 0)
		r = exec_place(list, n, spare, 2, &f);
	if (r == 0)
		r = exec_become(&cli->world, argv, &f);
	if (spare[0] >= 0)
		dup2(spare[0], STDERR_FILENO);
	fd_close(&spare[0]);
	cli->procfs = spare[1];
	if (f.err)
		cli_failed(cli, &f);
	if (f.err && strcmp(f.call, "execve") == 0)
		return r == -ENOENT ? 127 : 126;
	return STATUS_EXEC;
}
