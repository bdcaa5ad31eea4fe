/* SPDX-License-Identifier: MIT */
#include "ui/cli/cmds.h"

#include <string.h>

const struct cmd *const cmds[] = {
	&cmd_ls, &cmd_same, &cmd_signal, &cmd_help, NULL,
};

const struct cmd *cmd_find(const char *name)
{
	for (size_t i = 0; cmds[i]; i++)
		if (strcmp(cmds[i]->name, name) == 0)
			return cmds[i];
	return NULL;
}
