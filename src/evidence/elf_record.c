/* SPDX-License-Identifier: MIT */
#include "src/evidence/elf_record.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

size_t elf_source_read(struct elf_source *src, uint64_t off, void *p, size_t len)
{
	size_t got = 0;

	if (off >= src->size)
		return 0;
	if (len > src->size - off)
		len = (size_t)(src->size - off);
	if (len > src->left)
		len = (size_t)src->left;
	src->left -= len;
	if (src->fd < 0) {
		memcpy(p, (const char *)src->bytes + off, len);
		return len;
	}
	while (got < len) {
		ssize_t n = pread(src->fd, (char *)p + got, len - got, (off_t)(off + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && !src->err)
			src->err = errno;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	return got;
}

void elf_problem_set(struct elf_parse *p, enum elf_problem what)
{
	p->info->problems |= what;
}

bool elf_fetch(struct elf_parse *p, uint64_t off, Elf_Type type, void *out, size_t size)
{
	unsigned char raw[sizeof(Elf64_Ehdr)];
	Elf_Data from = { .d_buf = raw, .d_type = type, .d_version = EV_CURRENT, .d_size = size };
	Elf_Data to = { .d_buf = out, .d_type = type, .d_version = EV_CURRENT, .d_size = size };

	if (size > sizeof(raw) || elf_source_read(p->src, off, raw, size) != size)
		return false;
	return (p->is64 ? elf64_xlatetom(&to, &from, p->encoding)
			: elf32_xlatetom(&to, &from, p->encoding)) != NULL;
}

bool elf_get_header(struct elf_parse *p)
{
	Elf32_Ehdr h;

	if (p->is64)
		return elf_fetch(p, 0, ELF_T_EHDR, &p->eh, sizeof(p->eh));
	if (!elf_fetch(p, 0, ELF_T_EHDR, &h, sizeof(h)))
		return false;
	memcpy(p->eh.e_ident, h.e_ident, EI_NIDENT);
	p->eh.e_type = h.e_type;
	p->eh.e_machine = h.e_machine;
	p->eh.e_version = h.e_version;
	p->eh.e_entry = h.e_entry;
	p->eh.e_phoff = h.e_phoff;
	p->eh.e_shoff = h.e_shoff;
	p->eh.e_flags = h.e_flags;
	p->eh.e_ehsize = h.e_ehsize;
	p->eh.e_phentsize = h.e_phentsize;
	p->eh.e_phnum = h.e_phnum;
	p->eh.e_shentsize = h.e_shentsize;
	p->eh.e_shnum = h.e_shnum;
	p->eh.e_shstrndx = h.e_shstrndx;
	return true;
}

/* Where record i of a table lies; false if no file reaches that far. */
static bool record_at(uint64_t table, uint64_t i, size_t size, uint64_t *off)
{
	return !__builtin_mul_overflow(i, size, off) && !__builtin_add_overflow(*off, table, off);
}

bool elf_get_segment(struct elf_parse *p, uint64_t i, GElf_Phdr *out)
{
	Elf32_Phdr h;
	uint64_t off;

	if (!record_at(p->eh.e_phoff, i, p->is64 ? sizeof(*out) : sizeof(h), &off))
		return false;
	if (p->is64)
		return elf_fetch(p, off, ELF_T_PHDR, out, sizeof(*out));
	if (!elf_fetch(p, off, ELF_T_PHDR, &h, sizeof(h)))
		return false;
	*out = (GElf_Phdr){
		.p_type = h.p_type,
		.p_flags = h.p_flags,
		.p_offset = h.p_offset,
		.p_vaddr = h.p_vaddr,
		.p_filesz = h.p_filesz,
		.p_memsz = h.p_memsz,
		.p_align = h.p_align,
	};
	return true;
}

bool elf_get_section(struct elf_parse *p, uint64_t i, GElf_Shdr *out)
{
	Elf32_Shdr h;
	uint64_t off;

	if (!record_at(p->eh.e_shoff, i, p->is64 ? sizeof(*out) : sizeof(h), &off))
		return false;
	if (p->is64)
		return elf_fetch(p, off, ELF_T_SHDR, out, sizeof(*out));
	if (!elf_fetch(p, off, ELF_T_SHDR, &h, sizeof(h)))
		return false;
	*out = (GElf_Shdr){
		.sh_name = h.sh_name,
		.sh_type = h.sh_type,
		.sh_flags = h.sh_flags,
		.sh_addr = h.sh_addr,
		.sh_offset = h.sh_offset,
		.sh_size = h.sh_size,
		.sh_link = h.sh_link,
		.sh_info = h.sh_info,
		.sh_addralign = h.sh_addralign,
	};
	return true;
}

bool elf_get_dynamic(struct elf_parse *p, uint64_t off, uint64_t i, GElf_Dyn *out)
{
	Elf32_Dyn d;
	uint64_t at;

	if (!record_at(off, i, p->is64 ? sizeof(*out) : sizeof(d), &at))
		return false;
	if (p->is64)
		return elf_fetch(p, at, ELF_T_DYN, out, sizeof(*out));
	if (!elf_fetch(p, at, ELF_T_DYN, &d, sizeof(d)))
		return false;
	out->d_tag = d.d_tag;
	out->d_un.d_val = d.d_un.d_val;
	return true;
}

bool elf_add_bytes(struct elf_parse *p, uint64_t off, size_t len, struct elf_bytes *out)
{
	struct elf_info *info = p->info;

	if (len > ELF_TEXT_MAX - info->text_len - 1) {
		elf_problem_set(p, ELF_CUT);
		return false;
	}
	if (elf_source_read(p->src, off, info->text + info->text_len, len) != len)
		return false;
	*out = (struct elf_bytes){ .at = info->text_len, .len = (uint32_t)len };
	info->text_len += (uint32_t)len;
	info->text[info->text_len++] = '\0';
	return true;
}

void elf_add_string(struct elf_parse *p, uint64_t off, uint64_t max, struct elf_bytes *out)
{
	struct elf_info *info = p->info;
	size_t room = ELF_TEXT_MAX - info->text_len - 1;
	size_t want = max < ELF_STRING_MAX ? (size_t)max : ELF_STRING_MAX;
	char *text = info->text + info->text_len;
	size_t got = elf_source_read(p->src, off, text, want < room ? want : room);
	size_t len = strnlen(text, got);

	if (len == got && len == room && room < want) {
		elf_problem_set(p, ELF_CUT);
		text[0] = '\0';
		return;
	}
	/* Without its end it is shown as far as it goes. */
	if (len == got)
		elf_problem_set(p, ELF_BAD_STRING);
	if (got == 0)
		return;
	*out = (struct elf_bytes){ .at = info->text_len, .len = (uint32_t)len };
	text[len] = '\0';
	info->text_len += (uint32_t)len + 1;
}
