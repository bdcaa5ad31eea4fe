/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <stddef.h>

#include "src/evidence/elf.h"

struct number_name {
	unsigned number;
	const char *name;
};

static const struct number_name machines[] = {
	{ EM_NONE, "none" },
	{ EM_SPARC, "SPARC" },
	{ EM_386, "x86" },
	{ EM_68K, "m68k" },
	{ EM_IAMCU, "Intel MCU" },
	{ EM_MIPS, "MIPS" },
	{ EM_MIPS_RS3_LE, "MIPS RS3000" },
	{ EM_PARISC, "PA-RISC" },
	{ EM_SPARC32PLUS, "SPARC v8+" },
	{ EM_PPC, "PowerPC" },
	{ EM_PPC64, "PowerPC64" },
	{ EM_S390, "S/390" },
	{ EM_SPU, "Cell SPU" },
	{ EM_ARM, "ARM" },
	{ EM_FAKE_ALPHA, "Alpha" },
	{ EM_SH, "SuperH" },
	{ EM_SPARCV9, "SPARC v9" },
	{ EM_ARC, "ARC" },
	{ EM_H8_300, "H8/300" },
	{ EM_IA_64, "IA-64" },
	{ EM_COLDFIRE, "ColdFire" },
	{ EM_X86_64, "x86-64" },
	{ EM_VAX, "VAX" },
	{ EM_CRIS, "CRIS" },
	{ EM_AVR, "AVR" },
	{ EM_V850, "V850" },
	{ EM_M32R, "M32R" },
	{ EM_MN10300, "MN10300" },
	{ EM_OPENRISC, "OpenRISC" },
	{ EM_ARC_COMPACT, "ARCompact" },
	{ EM_XTENSA, "Xtensa" },
	{ EM_MSP430, "MSP430" },
	{ EM_BLACKFIN, "Blackfin" },
	{ EM_ALTERA_NIOS2, "Nios II" },
	{ EM_LATTICEMICO32, "LatticeMico32" },
	{ EM_TI_C6000, "TI C6000" },
	{ EM_TI_PRU, "TI PRU" },
	{ EM_QDSP6, "Hexagon" },
	{ EM_RX, "RX" },
	{ EM_MCST_ELBRUS, "Elbrus" },
	{ EM_AARCH64, "AArch64" },
	{ EM_AVR32, "AVR32" },
	{ EM_TILEPRO, "TILEPro" },
	{ EM_MICROBLAZE, "MicroBlaze" },
	{ EM_CUDA, "CUDA" },
	{ EM_TILEGX, "TILE-Gx" },
	{ EM_ARCV2, "ARCv2" },
	{ EM_AMDGPU, "AMD GPU" },
	{ EM_RISCV, "RISC-V" },
	{ EM_BPF, "BPF" },
	{ 252, "C-SKY" },
	{ 258, "LoongArch" },
	{ EM_ALPHA, "Alpha" },
};

static const struct number_name osabis[] = {
	{ ELFOSABI_SYSV, "System V" },   { ELFOSABI_HPUX, "HP-UX" },
	{ ELFOSABI_NETBSD, "NetBSD" },   { ELFOSABI_GNU, "GNU/Linux" },
	{ ELFOSABI_SOLARIS, "Solaris" }, { ELFOSABI_AIX, "AIX" },
	{ ELFOSABI_IRIX, "IRIX" },       { ELFOSABI_FREEBSD, "FreeBSD" },
	{ ELFOSABI_TRU64, "Tru64" },     { ELFOSABI_MODESTO, "Modesto" },
	{ ELFOSABI_OPENBSD, "OpenBSD" }, { ELFOSABI_ARM_AEABI, "ARM EABI" },
	{ ELFOSABI_ARM, "ARM" },         { ELFOSABI_STANDALONE, "standalone" },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *name_of(const struct number_name *table, size_t n, unsigned number)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].number == number)
			return table[i].name;
	return NULL;
}

const char *elf_machine_name(unsigned machine)
{
	return name_of(machines, COUNT(machines), machine);
}

const char *elf_osabi_name(unsigned osabi)
{
	return name_of(osabis, COUNT(osabis), osabi);
}

const char *elf_type_name(unsigned type)
{
	static const char *const names[] = { "NONE", "REL", "EXEC", "DYN", "CORE" };

	return type < COUNT(names) ? names[type] : NULL;
}

const char *elf_kind_name(enum elf_kind kind)
{
	static const char *const names[ELF_KIND_COUNT] = {
		[ELF_KIND_OTHER] = "other",           [ELF_KIND_RELOCATABLE] = "relocatable",
		[ELF_KIND_EXECUTABLE] = "executable", [ELF_KIND_PIE] = "pie",
		[ELF_KIND_SHARED] = "shared",         [ELF_KIND_CORE] = "core",
	};

	return (unsigned)kind < ELF_KIND_COUNT ? names[kind] : NULL;
}

const char *elf_stack_name(enum elf_stack stack)
{
	static const char *const names[ELF_STACK_COUNT] = {
		[ELF_STACK_UNSAID] = "unsaid",
		[ELF_STACK_DATA] = "data",
		[ELF_STACK_EXEC] = "executable",
	};

	return (unsigned)stack < ELF_STACK_COUNT ? names[stack] : NULL;
}

const char *elf_relro_name(enum elf_relro relro)
{
	static const char *const names[ELF_RELRO_COUNT] = {
		[ELF_RELRO_NONE] = "none",
		[ELF_RELRO_PARTIAL] = "partial",
		[ELF_RELRO_FULL] = "full",
	};

	return (unsigned)relro < ELF_RELRO_COUNT ? names[relro] : NULL;
}

const char *elf_problem_words(enum elf_problem problem)
{
	switch (problem) {
	case ELF_BAD_HEADER:
		return "the header has a version or size that no loader takes";
	case ELF_BAD_SEGMENTS:
		return "program headers are not where the header says, or of an unknown size";
	case ELF_BAD_SECTIONS:
		return "section headers are not where the header says, or of an unknown size";
	case ELF_BAD_DYNAMIC:
		return "the dynamic section is not in the file, or has no end";
	case ELF_BAD_NOTES:
		return "a note is longer than its segment";
	case ELF_BAD_STRING:
		return "a string lies outside its table, or does not end in it";
	case ELF_ODD_DYNAMIC:
		return "the dynamic section's offset and address disagree: the address was taken";
	case ELF_TRUNCATED:
		return "the file ends before the image does";
	case ELF_CUT:
		return "there is more of something than a sane image has: the rest was left out";
	case ELF_READ_ERROR:
		return "a part of the file could not be read";
	default:
		return NULL;
	}
}

void elf_build_id_hex(const struct elf_info *info, struct buf *out)
{
	const char *id = elf_text(info, info->build_id);

	for (uint32_t i = 0; i < info->build_id.len; i++)
		buf_addf(out, "%02x", (unsigned char)id[i]);
}
