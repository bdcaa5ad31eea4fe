/* SPDX-License-Identifier: MIT */
/* Shared by the parts of the parser alone: records of an image, checked and widened. */
#ifndef EVIDENCE_ELF_RECORD_H
#define EVIDENCE_ELF_RECORD_H

#include <gelf.h>
#include <stdbool.h>

#include "src/evidence/elf_parse.h"

#define ELF_LOADS_MAX 128

/*
 * Headers are widened to the 64-bit forms as gelf(3) has them. libelf converts
 * single records that were copied before; it never gets the image as a whole,
 * so that offsets and counts in it are ours to check, and any size will do.
 */
struct elf_parse {
	struct elf_source *src;
	struct elf_info *info;
	unsigned encoding;
	bool is64;
	GElf_Ehdr eh;
	uint64_t phnum, shnum, shstrndx; /* after the escapes for large numbers */
	GElf_Phdr load[ELF_LOADS_MAX], dynamic;
	size_t n_load;
	bool has_dynamic, has_relro;
};

void elf_problem_set(struct elf_parse *p, enum elf_problem what);

/* One record at off in the form of this machine: Elf32_ or Elf64_, as the class says. */
bool elf_fetch(struct elf_parse *p, uint64_t off, Elf_Type type, void *out, size_t size);

/* The i-th of its table; false if it does not lie in the file or could not be read. */
bool elf_get_header(struct elf_parse *p);
bool elf_get_segment(struct elf_parse *p, uint64_t i, GElf_Phdr *out);
bool elf_get_section(struct elf_parse *p, uint64_t i, GElf_Shdr *out);
bool elf_get_dynamic(struct elf_parse *p, uint64_t off, uint64_t i, GElf_Dyn *out);

/* Copy len bytes of the image into the text: all of them, or nothing. */
bool elf_add_bytes(struct elf_parse *p, uint64_t off, size_t len, struct elf_bytes *out);

/* A string at off that must end within max bytes. */
void elf_add_string(struct elf_parse *p, uint64_t off, uint64_t max, struct elf_bytes *out);

/* What the dynamic section says, and what follows for the kind of image. */
void elf_walk_dynamic(struct elf_parse *p);

#endif
