/* SPDX-License-Identifier: MIT */
/*
 * What an ELF image says about itself; see elf(5). The image is hostile: it is
 * read by a short-lived process without privileges, which copies the few parts
 * that matter with pread(2), never maps the file, and sends back a small answer
 * that is checked again here. Works on what program headers say, so an image
 * whose section headers were removed tells the same, but for its symbols.
 */
#ifndef EVIDENCE_ELF_H
#define EVIDENCE_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/buf.h"
#include "src/base/fail.h"

#define ELF_NEEDED_MAX   256
#define ELF_STRING_MAX   4096
#define ELF_BUILD_ID_MAX 64
#define ELF_TEXT_MAX     65536
#define ELF_TIMEOUT_MS   2000

enum elf_kind {
	ELF_KIND_OTHER, /* `type` says which number */
	ELF_KIND_RELOCATABLE,
	ELF_KIND_EXECUTABLE, /* at a fixed address */
	ELF_KIND_PIE,
	ELF_KIND_SHARED,
	ELF_KIND_CORE,
	ELF_KIND_COUNT
};

enum elf_stack {
	ELF_STACK_UNSAID, /* no PT_GNU_STACK: the architecture decides */
	ELF_STACK_DATA,
	ELF_STACK_EXEC,
	ELF_STACK_COUNT
};

enum elf_relro {
	ELF_RELRO_NONE,
	ELF_RELRO_PARTIAL, /* the table of late-bound functions stays writable */
	ELF_RELRO_FULL,
	ELF_RELRO_COUNT
};

enum elf_trait {
	ELF_HAS_SECTIONS = 1 << 0,   /* section headers are there and can be read */
	ELF_HAS_SYMTAB = 1 << 1,     /* not stripped */
	ELF_HAS_DEBUG_INFO = 1 << 2, /* DWARF inside the image */
	ELF_HAS_MINI_DEBUG = 1 << 3, /* .gnu_debugdata */
	ELF_HAS_DYNAMIC = 1 << 4,
	ELF_IS_STATIC = 1 << 5, /* a program that needs no interpreter and no library */
	ELF_BIND_NOW = 1 << 6,
	ELF_TRAIT_ALL = (1 << 7) - 1
};

/* What was not as it should be, or not read. Each has words. */
enum elf_problem {
	ELF_BAD_HEADER = 1 << 0,
	ELF_BAD_SEGMENTS = 1 << 1,
	ELF_BAD_SECTIONS = 1 << 2,
	ELF_BAD_DYNAMIC = 1 << 3,
	ELF_BAD_NOTES = 1 << 4,
	ELF_BAD_STRING = 1 << 5,
	ELF_ODD_DYNAMIC = 1 << 6,
	ELF_TRUNCATED = 1 << 7,
	ELF_CUT = 1 << 8,
	ELF_READ_ERROR = 1 << 9,
	ELF_PROBLEM_COUNT = 10,
	ELF_PROBLEM_ALL = (1 << ELF_PROBLEM_COUNT) - 1
};

/* Bytes of the image in elf_info.text: hostile. at is 0 for what is not there. */
struct elf_bytes {
	uint32_t at, len;
};

struct elf_info {
	uint64_t size;     /* of the file, as fstat(2) said */
	uint64_t entry;    /* an address; 0: none */
	uint32_t e_flags;  /* the machine's own */
	uint32_t segments; /* as the header claims */
	uint32_t sections; /* as the header claims */
	uint32_t traits;   /* enum elf_trait */
	uint32_t problems; /* enum elf_problem */
	uint32_t gaps;     /* enum sandbox_gap: protections that could not be had */
	uint32_t n_needed; /* DT_NEEDED, in order */
	uint32_t debuglink_crc;
	uint16_t type, machine;
	uint8_t bits; /* 32 or 64 */
	uint8_t big_endian;
	uint8_t osabi, abiversion;
	uint8_t kind;  /* enum elf_kind */
	uint8_t stack; /* enum elf_stack */
	uint8_t relro; /* enum elf_relro */
	struct elf_bytes interp, soname, rpath, runpath;
	struct elf_bytes build_id; /* raw: see elf_build_id_hex() */
	struct elf_bytes debuglink;
	struct elf_bytes needed[ELF_NEEDED_MAX];
	uint32_t text_len;
	char text[ELF_TEXT_MAX];
};

/*
 * Describe the image in fd, a regular file or memfd of ours, grabbed or opened;
 * one that is open write-only or O_PATH is opened again for reading. Neither
 * its offset nor its flags change; atime may. *info is the caller's to free.
 * Returns 0 or -errno with f: -ENOEXEC no ELF image, -EINVAL no regular file,
 * -ETIMEDOUT not read in ELF_TIMEOUT_MS (then the reader was abandoned),
 * -EBADMSG the reader crashed or broke its protocol. Blocks no longer than
 * that, whatever the filesystem does. Effect: hold.
 */
int elf_describe(int fd, struct elf_info **info, struct fail *f);

static inline bool elf_has(struct elf_bytes b)
{
	return b.at != 0;
}

static inline const char *elf_text(const struct elf_info *info, struct elf_bytes b)
{
	return info->text + b.at;
}

/* Stripped: no table of symbols but the one for dynamic linking. */
static inline bool elf_is_stripped(const struct elf_info *info)
{
	return !(info->traits & ELF_HAS_SYMTAB);
}

/* Everything above as facts, in an order to be read; what is absent is left out. */
struct facts;
void elf_facts(const struct elf_info *info, struct facts *sink);

void elf_build_id_hex(const struct elf_info *info, struct buf *out);

/* Names for people and JSON; NULL for a number without one. */
const char *elf_machine_name(unsigned machine); /* "x86-64" */
const char *elf_osabi_name(unsigned osabi);     /* "System V" */
const char *elf_type_name(unsigned type);       /* "DYN" */
const char *elf_kind_name(enum elf_kind kind);  /* "pie" */
const char *elf_stack_name(enum elf_stack stack);
const char *elf_relro_name(enum elf_relro relro);
const char *elf_problem_words(enum elf_problem problem); /* of one bit */

#endif
