/* SPDX-License-Identifier: MIT */
#include "src/evidence/elf_facts.h"

static void bytes(struct facts *out, const char *name, const struct elf_info *info,
		  struct elf_bytes b)
{
	if (elf_has(b))
		fact_bytes(out, name, elf_text(info, b), b.len);
}

static void identity(const struct elf_info *info, struct facts *out)
{
	const char *machine = elf_machine_name(info->machine), *osabi = elf_osabi_name(info->osabi);

	fact_text(out, "class", info->bits == 64 ? "ELF64" : "ELF32");
	fact_text(out, "data", info->big_endian ? "big-endian" : "little-endian");
	if (machine)
		fact_text(out, "machine", machine);
	else
		fact_u64(out, "machine", info->machine);
	if (info->kind == ELF_KIND_OTHER)
		fact_u64(out, "type", info->type);
	else
		fact_text(out, "type", elf_kind_name(info->kind));
	if (osabi)
		fact_text(out, "osabi", osabi);
	else
		fact_u64(out, "osabi", info->osabi);
}

static void linkage(const struct elf_info *info, struct facts *out)
{
	bytes(out, "interpreter", info, info->interp);
	bytes(out, "soname", info, info->soname);
	fact_list(out, "needed");
	for (uint32_t i = 0; i < info->n_needed; i++)
		bytes(out, NULL, info, info->needed[i]);
	fact_end_list(out);
	bytes(out, "rpath", info, info->rpath);
	bytes(out, "runpath", info, info->runpath);
}

static void traits(const struct elf_info *info, struct facts *out)
{
	fact_bool(out, "static", info->traits & ELF_IS_STATIC);
	fact_bool(out, "section_headers", info->traits & ELF_HAS_SECTIONS);
	fact_bool(out, "stripped", elf_is_stripped(info));
	fact_bool(out, "debug_info", info->traits & ELF_HAS_DEBUG_INFO);
	bytes(out, "debuglink", info, info->debuglink);
	fact_text(out, "stack", elf_stack_name(info->stack));
	fact_text(out, "relro", elf_relro_name(info->relro));
	fact_u64(out, "segments", info->segments);
}

static void problems(const struct elf_info *info, struct facts *out)
{
	fact_list(out, "problems");
	for (unsigned i = 0; i < ELF_PROBLEM_COUNT; i++)
		if (info->problems & (1u << i))
			fact_text(out, NULL, elf_problem_words(1u << i));
	fact_end_list(out);
}

void elf_facts(const struct elf_info *info, struct facts *out)
{
	autobuf build_id = BUF_INIT;

	identity(info, out);
	fact_hex(out, "entry", info->entry);
	linkage(info, out);
	if (elf_has(info->build_id)) {
		elf_build_id_hex(info, &build_id);
		fact_text(out, "build_id", buf_str(&build_id));
	}
	traits(info, out);
	if (info->problems)
		problems(info, out);
}
