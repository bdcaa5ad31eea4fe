/* SPDX-License-Identifier: MIT */
#include "src/evidence/elf.h"
#include "src/evidence/sandbox.h"
#include "src/kind/facts.h"

static void fact_number(struct facts *sink, const char *name, const char *words, unsigned number)
{
	if (words)
		fact_text(sink, name, words);
	else
		fact_u64(sink, name, number);
}

static void fact_part(struct facts *sink, const char *name, const struct elf_info *info,
		      struct elf_bytes b)
{
	if (elf_has(b))
		fact_bytes(sink, name, elf_text(info, b), b.len);
}

static void machine_facts(const struct elf_info *info, struct facts *sink)
{
	fact_text(sink, "class", info->bits == 64 ? "ELF64" : "ELF32");
	fact_text(sink, "data", info->big_endian ? "big-endian" : "little-endian");
	fact_number(sink, "machine", elf_machine_name(info->machine), info->machine);
	fact_number(sink, "type", elf_type_name(info->type), info->type);
	fact_text(sink, "kind", elf_kind_name(info->kind));
	fact_number(sink, "osabi", elf_osabi_name(info->osabi), info->osabi);
	fact_hex(sink, "entry", info->entry);
	fact_u64(sink, "segments", info->segments);
	fact_u64(sink, "sections", info->sections);
}

static void linking_facts(const struct elf_info *info, struct facts *sink)
{
	fact_bool(sink, "static", info->traits & ELF_IS_STATIC);
	fact_part(sink, "interpreter", info, info->interp);
	fact_part(sink, "soname", info, info->soname);
	fact_part(sink, "rpath", info, info->rpath);
	fact_part(sink, "runpath", info, info->runpath);
	fact_list(sink, "needed");
	for (uint32_t i = 0; i < info->n_needed; i++)
		fact_bytes(sink, NULL, elf_text(info, info->needed[i]), info->needed[i].len);
	fact_end_list(sink);
	fact_text(sink, "stack", elf_stack_name(info->stack));
	fact_text(sink, "relro", elf_relro_name(info->relro));
	fact_bool(sink, "bind_now", info->traits & ELF_BIND_NOW);
}

static void symbol_facts(const struct elf_info *info, struct facts *sink)
{
	if (elf_has(info->build_id)) {
		autobuf hex = BUF_INIT;

		elf_build_id_hex(info, &hex);
		fact_text(sink, "build_id", buf_str(&hex));
	}
	fact_bool(sink, "section_headers", info->traits & ELF_HAS_SECTIONS);
	fact_bool(sink, "stripped", elf_is_stripped(info));
	fact_bool(sink, "debug_info", info->traits & ELF_HAS_DEBUG_INFO);
	fact_bool(sink, "mini_debug_info", info->traits & ELF_HAS_MINI_DEBUG);
	fact_part(sink, "debuglink", info, info->debuglink);
	if (elf_has(info->debuglink))
		fact_hex(sink, "debuglink_crc", info->debuglink_crc);
}

static void words_facts(const struct elf_info *info, struct facts *sink)
{
	fact_list(sink, "problems");
	for (unsigned i = 0; i < ELF_PROBLEM_COUNT; i++)
		if (info->problems & (1u << i))
			fact_text(sink, NULL, elf_problem_words(1u << i));
	fact_end_list(sink);
	fact_list(sink, "sandbox_gaps");
	for (unsigned i = 0; i < SANDBOX_GAP_COUNT; i++)
		if (info->gaps & (1u << i))
			fact_text(sink, NULL, sandbox_gap_words(1u << i));
	fact_end_list(sink);
}

void elf_facts(const struct elf_info *info, struct facts *sink)
{
	machine_facts(info, sink);
	linking_facts(info, sink);
	symbol_facts(info, sink);
	words_facts(info, sink);
}
