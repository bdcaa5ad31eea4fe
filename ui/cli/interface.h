/* SPDX-License-Identifier: MIT */
#ifndef CLI_INTERFACE_H
#define CLI_INTERFACE_H

#include "ui/cli/cli.h"

/* filch [OPTIONS] [TARGET], with the arguments of main(). Returns an exit status. */
int interface_run(struct cli *cli, int argc, char **argv);

#endif
