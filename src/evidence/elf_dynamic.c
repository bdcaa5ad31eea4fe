/* SPDX-License-Identifier: MIT */
#include "src/evidence/elf_record.h"

/* Where the loader would find the byte at this address, and how many follow it. */
static bool file_offset(const struct elf_parse *p, uint64_t addr, uint64_t *off, uint64_t *avail)
{
	for (size_t i = 0; i < p->n_load; i++) {
		const GElf_Phdr *h = &p->load[i];

		if (addr < h->p_vaddr || addr - h->p_vaddr >= h->p_filesz)
			continue;
		*avail = h->p_filesz - (addr - h->p_vaddr);
		return !__builtin_add_overflow(h->p_offset, addr - h->p_vaddr, off);
	}
	return false;
}

/* What of the dynamic section matters; strings are offsets into its table. */
struct dynamic {
	uint64_t strtab, strsz, soname, rpath, runpath, flags, flags_1;
	bool has_strtab, has_soname, has_rpath, has_runpath, bind_now, debug;
	uint64_t needed[ELF_NEEDED_MAX];
};

static void take_dynamic(struct elf_parse *p, struct dynamic *d, const GElf_Dyn *e)
{
	uint64_t v = e->d_un.d_val;

	switch (e->d_tag) {
	case DT_NEEDED:
		if (p->info->n_needed < ELF_NEEDED_MAX)
			d->needed[p->info->n_needed++] = v;
		else
			elf_problem_set(p, ELF_CUT);
		break;
	case DT_STRTAB:
		d->strtab = v;
		d->has_strtab = true;
		break;
	case DT_STRSZ:
		d->strsz = v;
		break;
	case DT_SONAME:
		d->soname = v;
		d->has_soname = true;
		break;
	case DT_RPATH:
		d->rpath = v;
		d->has_rpath = true;
		break;
	case DT_RUNPATH:
		d->runpath = v;
		d->has_runpath = true;
		break;
	case DT_FLAGS:
		d->flags = v;
		break;
	case DT_FLAGS_1:
		d->flags_1 = v;
		break;
	case DT_BIND_NOW:
		d->bind_now = true;
		break;
	case DT_DEBUG:
		d->debug = true;
		break;
	}
}

static void add_names(struct elf_parse *p, const struct dynamic *d)
{
	struct elf_info *info = p->info;
	uint64_t off = 0, avail = 0;

	if (!d->has_strtab || !file_offset(p, d->strtab, &off, &avail)) {
		if (info->n_needed || d->has_soname)
			elf_problem_set(p, ELF_BAD_DYNAMIC);
		info->n_needed = 0;
		return;
	}
	if (d->strsz && d->strsz < avail)
		avail = d->strsz;

	struct {
		bool wanted;
		uint64_t at;
		struct elf_bytes *out;
	} names[] = {
		{ d->has_soname, d->soname, &info->soname },
		{ d->has_rpath, d->rpath, &info->rpath },
		{ d->has_runpath, d->runpath, &info->runpath },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!names[i].wanted)
			continue;
		if (names[i].at >= avail)
			elf_problem_set(p, ELF_BAD_STRING);
		else
			elf_add_string(p, off + names[i].at, avail - names[i].at, names[i].out);
	}
	for (uint32_t i = 0; i < info->n_needed; i++) {
		if (d->needed[i] >= avail)
			elf_problem_set(p, ELF_BAD_STRING);
		else
			elf_add_string(p, off + d->needed[i], avail - d->needed[i],
				       &info->needed[i]);
	}
}

/*
 * The loader goes by the address, so we do too: an offset that points
 * elsewhere is there to mislead. A file that only has the offset is told by it.
 */
static bool find_dynamic(struct elf_parse *p, uint64_t *off, uint64_t *size)
{
	uint64_t avail = 0;

	*size = p->dynamic.p_filesz;
	if (!file_offset(p, p->dynamic.p_vaddr, off, &avail)) {
		*off = p->dynamic.p_offset;
		return *off < p->src->size;
	}
	if (*off != p->dynamic.p_offset)
		elf_problem_set(p, ELF_ODD_DYNAMIC);
	if (*size > avail || *size == 0)
		*size = avail;
	return true;
}

static void set_kind(struct elf_parse *p, const struct dynamic *d)
{
	static const uint8_t kinds[] = {
		[ET_REL] = ELF_KIND_RELOCATABLE,
		[ET_EXEC] = ELF_KIND_EXECUTABLE,
		[ET_DYN] = ELF_KIND_SHARED,
		[ET_CORE] = ELF_KIND_CORE,
	};
	struct elf_info *info = p->info;

	if (info->type < sizeof(kinds))
		info->kind = kinds[info->type];
	/* Linkers give DT_DEBUG to programs only; the flag is from 2014 on. */
	if (info->kind == ELF_KIND_SHARED && ((d->flags_1 & DF_1_PIE) || d->debug))
		info->kind = ELF_KIND_PIE;
	if ((info->kind == ELF_KIND_EXECUTABLE || info->kind == ELF_KIND_PIE) &&
	    !elf_has(info->interp) && info->n_needed == 0)
		info->traits |= ELF_IS_STATIC;
	if (d->bind_now || (d->flags & DF_BIND_NOW) || (d->flags_1 & DF_1_NOW))
		info->traits |= ELF_BIND_NOW;
	/* Where nothing is bound late, nothing has to stay writable for it. */
	if (p->has_relro)
		info->relro = info->traits & (ELF_BIND_NOW | ELF_IS_STATIC) ? ELF_RELRO_FULL
									    : ELF_RELRO_PARTIAL;
}

void elf_walk_dynamic(struct elf_parse *p)
{
	struct dynamic d = { 0 };
	size_t entry = p->is64 ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
	uint64_t off = 0, size = 0, n = 0;
	GElf_Dyn e = { .d_tag = DT_NULL };

	if (p->has_dynamic && find_dynamic(p, &off, &size)) {
		p->info->traits |= ELF_HAS_DYNAMIC;
		for (; n < size / entry && n < ELF_RECORDS_MAX; n++) {
			if (!elf_get_dynamic(p, off, n, &e))
				elf_problem_set(p, ELF_BAD_DYNAMIC);
			if (p->info->problems & ELF_BAD_DYNAMIC || e.d_tag == DT_NULL)
				break;
			take_dynamic(p, &d, &e);
		}
		if (e.d_tag != DT_NULL || n == 0)
			elf_problem_set(p, n == ELF_RECORDS_MAX ? ELF_CUT : ELF_BAD_DYNAMIC);
		add_names(p, &d);
	} else if (p->has_dynamic) {
		elf_problem_set(p, ELF_BAD_DYNAMIC);
	}
	set_kind(p, &d);
}
