/* SPDX-License-Identifier: MIT */
/* What an ELF image says, as facts. */
#ifndef EVIDENCE_ELF_FACTS_H
#define EVIDENCE_ELF_FACTS_H

#include "src/evidence/elf.h"
#include "src/kind/facts.h"

/* Members only: the caller opens an object around them if it wants one. */
void elf_facts(const struct elf_info *info, struct facts *out);

#endif
