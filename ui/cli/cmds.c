/* SPDX-License-Identifier: MIT */
#include "ui/cli/cmds.h"

#include <string.h>

/* One a line. */
/* clang-format off */
const struct cmd *const cmds[] = {
	&cmd_ls,
	&cmd_show,
	&cmd_who,
	&cmd_same,
	&cmd_why,
	&cmd_peek,
	&cmd_dump,
	&cmd_recover,
	&cmd_seek,
	&cmd_read,
	&cmd_write,
	&cmd_signal,
	&cmd_elf,
	&cmd_exec,
	&cmd_hold,
	&cmd_held,
	&cmd_drop,
	&cmd_give,
	&cmd_take,
	&cmd_talk,
	&cmd_shutdown,
	&cmd_abort,
	&cmd_guard,
	&cmd_run,
	&cmd_config,
	&cmd_help,
	NULL,
};
/* clang-format on */

const struct cmd *cmd_find(const char *name)
{
	for (size_t i = 0; cmds[i]; i++)
		if (strcmp(cmds[i]->name, name) == 0)
			return cmds[i];
	return NULL;
}
