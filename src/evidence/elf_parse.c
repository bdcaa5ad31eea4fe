/* SPDX-License-Identifier: MIT */
#include "src/evidence/elf_parse.h"

#include <errno.h>
#include <string.h>

#include "src/evidence/elf_record.h"

static uint64_t align_up(uint64_t v, uint64_t to)
{
	return (v + to - 1) & ~(to - 1);
}

struct note {
	uint32_t name_len, desc_len, type;
};

static void take_note(struct elf_parse *p, const struct note *n, uint64_t name, uint64_t desc)
{
	char owner[4];

	if (n->type != NT_GNU_BUILD_ID || n->name_len != sizeof(owner) || n->desc_len == 0)
		return;
	if (elf_source_read(p->src, name, owner, sizeof(owner)) != sizeof(owner) ||
	    memcmp(owner, ELF_NOTE_GNU, sizeof(owner)) != 0)
		return;
	if (n->desc_len > ELF_BUILD_ID_MAX)
		elf_problem_set(p, ELF_BAD_NOTES);
	else if (!elf_add_bytes(p, desc, n->desc_len, &p->info->build_id))
		elf_problem_set(p, ELF_BAD_NOTES);
}

/* Notes lie one after another, padded to 4, or to 8 where the alignment says so. */
static void walk_notes(struct elf_parse *p, uint64_t off, uint64_t size, uint64_t align)
{
	uint64_t at = 0, count = 0;
	struct note n;

	align = align == 8 ? 8 : 4;
	if (off > p->src->size || size > p->src->size - off) {
		elf_problem_set(p, ELF_TRUNCATED);
		size = off > p->src->size ? 0 : p->src->size - off;
	}
	while (!elf_has(p->info->build_id) && size - at >= sizeof(n)) {
		uint64_t desc, next;

		if (!elf_fetch(p, off + at, ELF_T_WORD, &n, sizeof(n)))
			return;
		desc = align_up(at + sizeof(n) + n.name_len, align);
		next = align_up(desc + n.desc_len, align);
		if (desc + n.desc_len > size) {
			elf_problem_set(p, ELF_BAD_NOTES);
			return;
		}
		take_note(p, &n, off + at + sizeof(n), off + desc);
		if (next > size)
			return;
		at = next;
		if (++count == ELF_RECORDS_MAX) {
			elf_problem_set(p, ELF_CUT);
			return;
		}
	}
}

static void take_interp(struct elf_parse *p, const GElf_Phdr *h)
{
	if (!elf_has(p->info->interp))
		elf_add_string(p, h->p_offset, h->p_filesz, &p->info->interp);
}

static void take_segment(struct elf_parse *p, const GElf_Phdr *h)
{
	struct elf_info *info = p->info;

	switch (h->p_type) {
	case PT_LOAD:
		if (h->p_filesz &&
		    (h->p_offset > info->size || h->p_filesz > info->size - h->p_offset))
			elf_problem_set(p, ELF_TRUNCATED);
		if (p->n_load < ELF_LOADS_MAX)
			p->load[p->n_load++] = *h;
		else if (p->eh.e_type != ET_CORE)
			elf_problem_set(p, ELF_CUT);
		break;
	case PT_DYNAMIC:
		if (!p->has_dynamic)
			p->dynamic = *h;
		p->has_dynamic = true;
		break;
	case PT_INTERP:
		take_interp(p, h);
		break;
	case PT_NOTE:
		/* A core's notes are those of the process; its images have their own. */
		if (p->eh.e_type != ET_CORE)
			walk_notes(p, h->p_offset, h->p_filesz, h->p_align);
		break;
	case PT_GNU_STACK:
		info->stack = h->p_flags & PF_X ? ELF_STACK_EXEC : ELF_STACK_DATA;
		break;
	case PT_GNU_RELRO:
		p->has_relro = true;
		break;
	}
}

static void walk_segments(struct elf_parse *p)
{
	size_t size = p->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	GElf_Phdr h;

	if (p->phnum && p->eh.e_phentsize != size) {
		elf_problem_set(p, ELF_BAD_SEGMENTS);
		return;
	}
	for (uint64_t i = 0; i < p->phnum; i++) {
		if (i == ELF_RECORDS_MAX) {
			elf_problem_set(p, ELF_CUT);
			return;
		}
		if (!elf_get_segment(p, i, &h)) {
			elf_problem_set(p, ELF_BAD_SEGMENTS);
			return;
		}
		take_segment(p, &h);
	}
}

static void take_debuglink(struct elf_parse *p, const GElf_Shdr *s)
{
	struct elf_info *info = p->info;
	uint64_t crc_at;
	Elf32_Word crc;

	if (elf_has(info->debuglink))
		return;
	elf_add_string(p, s->sh_offset, s->sh_size, &info->debuglink);
	if (!elf_has(info->debuglink))
		return;
	crc_at = align_up((uint64_t)info->debuglink.len + 1, 4);
	if (s->sh_size < crc_at + sizeof(crc) ||
	    !elf_fetch(p, s->sh_offset + crc_at, ELF_T_WORD, &crc, sizeof(crc)))
		elf_problem_set(p, ELF_BAD_SECTIONS);
	else
		info->debuglink_crc = crc;
}

static void take_section(struct elf_parse *p, const GElf_Shdr *s, const GElf_Shdr *names)
{
	char name[20] = "";

	if (s->sh_type == SHT_SYMTAB)
		p->info->traits |= ELF_HAS_SYMTAB;
	if (s->sh_type == SHT_NOTE && !elf_has(p->info->build_id) && p->eh.e_type != ET_CORE)
		walk_notes(p, s->sh_offset, s->sh_size, s->sh_addralign);
	/* Only what is never loaded can be one of those told by their names. */
	if (s->sh_type != SHT_PROGBITS || (s->sh_flags & SHF_ALLOC) || s->sh_name >= names->sh_size)
		return;
	if (names->sh_offset > UINT64_MAX - s->sh_name)
		return;
	elf_source_read(p->src, names->sh_offset + s->sh_name, name, sizeof(name) - 1);
	if (strcmp(name, ".debug_info") == 0 || strcmp(name, ".zdebug_info") == 0)
		p->info->traits |= ELF_HAS_DEBUG_INFO;
	else if (strcmp(name, ".gnu_debugdata") == 0)
		p->info->traits |= ELF_HAS_MINI_DEBUG;
	else if (strcmp(name, ".gnu_debuglink") == 0)
		take_debuglink(p, s);
}

static void walk_sections(struct elf_parse *p)
{
	GElf_Shdr names = { 0 }, s;

	if (p->shnum == 0)
		return;
	if (p->shstrndx < p->shnum && !elf_get_section(p, p->shstrndx, &names))
		names = (GElf_Shdr){ 0 };
	for (uint64_t i = 0; i < p->shnum; i++) {
		if (i == ELF_RECORDS_MAX) {
			elf_problem_set(p, ELF_CUT);
			return;
		}
		if (!elf_get_section(p, i, &s)) {
			elf_problem_set(p, ELF_BAD_SECTIONS);
			return;
		}
		p->info->traits |= ELF_HAS_SECTIONS;
		take_section(p, &s, &names);
	}
}

/* Numbers that do not fit into the header are in the first section header. */
static void count_tables(struct elf_parse *p)
{
	size_t size = p->is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	bool has_first, escape;
	GElf_Shdr first = { 0 };

	p->phnum = p->eh.e_phoff ? p->eh.e_phnum : 0;
	p->shnum = p->eh.e_shoff ? p->eh.e_shnum : 0;
	p->shstrndx = p->eh.e_shstrndx;
	has_first = p->eh.e_shoff && p->eh.e_shentsize == size && elf_get_section(p, 0, &first);
	escape = p->phnum == PN_XNUM || p->shstrndx == SHN_XINDEX ||
		 (p->eh.e_shoff && p->eh.e_shnum == 0);
	if (has_first && escape) {
		if (p->phnum == PN_XNUM && first.sh_info)
			p->phnum = first.sh_info;
		if (p->eh.e_shnum == 0)
			p->shnum = first.sh_size;
		if (p->shstrndx == SHN_XINDEX)
			p->shstrndx = first.sh_link;
	}
	p->info->segments = (uint32_t)p->phnum;
	p->info->sections = p->shnum < UINT32_MAX ? (uint32_t)p->shnum : UINT32_MAX;
	if (p->eh.e_shoff && !has_first) {
		elf_problem_set(p, ELF_BAD_SECTIONS);
		p->shnum = 0;
	}
}

static void take_header(struct elf_parse *p)
{
	const GElf_Ehdr *eh = &p->eh;
	struct elf_info *info = p->info;

	info->bits = p->is64 ? 64 : 32;
	info->big_endian = p->encoding == ELFDATA2MSB;
	info->osabi = eh->e_ident[EI_OSABI];
	info->abiversion = eh->e_ident[EI_ABIVERSION];
	info->type = eh->e_type;
	info->machine = eh->e_machine;
	info->entry = eh->e_entry;
	info->e_flags = eh->e_flags;
	if (eh->e_ident[EI_VERSION] != EV_CURRENT || eh->e_version != EV_CURRENT ||
	    eh->e_ehsize != (p->is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
		elf_problem_set(p, ELF_BAD_HEADER);
}

int elf_parse(struct elf_source *src, struct elf_info *info)
{
	struct elf_parse p = { .src = src, .info = info };
	unsigned char ident[EI_NIDENT];

	elf_version(EV_CURRENT);
	info->size = src->size;
	info->text_len = 1; /* so that no string lies at 0 */
	if (elf_source_read(src, 0, ident, sizeof(ident)) != sizeof(ident))
		return src->err ? -src->err : -ENOEXEC;
	p.encoding = ident[EI_DATA];
	p.is64 = ident[EI_CLASS] == ELFCLASS64;
	if (memcmp(ident, ELFMAG, SELFMAG) != 0 || (!p.is64 && ident[EI_CLASS] != ELFCLASS32) ||
	    (p.encoding != ELFDATA2LSB && p.encoding != ELFDATA2MSB))
		return -ENOEXEC;
	if (!elf_get_header(&p))
		return src->err ? -src->err : -ENOEXEC;
	take_header(&p);
	count_tables(&p);
	walk_segments(&p);
	elf_walk_dynamic(&p);
	walk_sections(&p);
	if (src->err)
		elf_problem_set(&p, ELF_READ_ERROR);
	if (src->left == 0)
		elf_problem_set(&p, ELF_CUT);
	return 0;
}
