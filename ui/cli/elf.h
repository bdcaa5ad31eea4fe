/* SPDX-License-Identifier: MIT */
#ifndef CLI_ELF_H
#define CLI_ELF_H

#include "src/kind/facts.h"
#include "ui/cli/descs.h"

/* Grab d, describe the ELF image in it, emit the facts. 0, or -errno with f. Effect: hold. */
int elf_of_desc(struct cli *cli, const struct desc_ref *d, struct facts *out, struct fail *f);

#endif
