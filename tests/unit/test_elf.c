/* SPDX-License-Identifier: MIT */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/evidence/elf_parse.h"
#include "src/evidence/sandbox.h"
#include "src/kind/facts.h"

/* --- images made by hand, so that nothing of the parser is in them --- */

struct image {
	unsigned char at[4096];
	size_t len;
	bool big, is64;
};

static void put(struct image *m, size_t off, size_t width, uint64_t v)
{
	for (size_t i = 0; i < width; i++)
		m->at[off + (m->big ? width - 1 - i : i)] = (unsigned char)(v >> (8 * i));
	if (off + width > m->len)
		m->len = off + width;
}

static void put_bytes(struct image *m, size_t off, const void *p, size_t len)
{
	memcpy(m->at + off, p, len);
	if (off + len > m->len)
		m->len = off + len;
}

static void put_header(struct image *m, unsigned type, unsigned machine, unsigned phnum)
{
	size_t word = m->is64 ? 8 : 4, off = 24;

	put_bytes(m, 0, ELFMAG, SELFMAG);
	m->at[EI_CLASS] = m->is64 ? ELFCLASS64 : ELFCLASS32;
	m->at[EI_DATA] = m->big ? ELFDATA2MSB : ELFDATA2LSB;
	m->at[EI_VERSION] = EV_CURRENT;
	put(m, 16, 2, type);
	put(m, 18, 2, machine);
	put(m, 20, 4, EV_CURRENT);
	put(m, off, word, 0x10000 + 0x200);
	put(m, off + word, word, m->is64 ? 64 : 52);
	put(m, off + 2 * word, word, 0);
	off += 3 * word + 4;
	put(m, off, 2, m->is64 ? 64 : 52);
	put(m, off + 2, 2, m->is64 ? 56 : 32);
	put(m, off + 4, 2, phnum);
	put(m, off + 6, 6, 0);
}

static void put_segment(struct image *m, unsigned i, uint32_t type, uint32_t flags, uint64_t off,
			uint64_t size)
{
	size_t at = m->is64 ? 64 + i * 56 : 52 + i * 32, word = m->is64 ? 8 : 4;

	put(m, at, 4, type);
	at += 4;
	if (m->is64) {
		put(m, at, 4, flags);
		at += 4;
	}
	put(m, at, word, off);
	put(m, at + word, word, 0x10000 + off);
	put(m, at + 2 * word, word, 0x10000 + off);
	put(m, at + 3 * word, word, size);
	put(m, at + 4 * word, word, size);
	at += 5 * word;
	if (!m->is64) {
		put(m, at, 4, flags);
		at += 4;
	}
	put(m, at, word, 4);
}

static void put_dynamic(struct image *m, size_t *off, uint64_t tag, uint64_t v)
{
	size_t word = m->is64 ? 8 : 4;

	put(m, *off, word, tag);
	put(m, *off + word, word, v);
	*off += 2 * word;
}

#define STRINGS "\0libone.so.1\0libtwo.so.2\0/opt/r\xff\x1b[2J\0"

/* A dynamic program without one section header. */
static void make_image(struct image *m, bool is64, bool big)
{
	static const unsigned char id[] = { 0xde, 0xad, 0xbe, 0xef, 1, 2, 3 };
	size_t dyn = 0x300;

	memset(m, 0, sizeof(*m));
	m->is64 = is64;
	m->big = big;
	put_header(m, ET_DYN, is64 ? EM_AARCH64 : EM_PPC, 6);
	put_segment(m, 0, PT_LOAD, PF_R | PF_X, 0, 0x400);
	put_segment(m, 1, PT_INTERP, PF_R, 0x1c0, 14);
	put_segment(m, 2, PT_NOTE, PF_R, 0x1e0, 12 + 4 + 8);
	put_segment(m, 3, PT_DYNAMIC, PF_R, 0x300, 0x80);
	put_segment(m, 4, PT_GNU_STACK, PF_R | PF_W | PF_X, 0, 0);
	put_segment(m, 5, PT_GNU_RELRO, PF_R, 0x300, 0x80);
	put_bytes(m, 0x1c0, "/lib/ld.so.42", 14);
	put(m, 0x1e0, 4, 4);
	put(m, 0x1e4, 4, sizeof(id));
	put(m, 0x1e8, 4, NT_GNU_BUILD_ID);
	put_bytes(m, 0x1ec, "GNU", 4);
	put_bytes(m, 0x1f0, id, sizeof(id));
	put_bytes(m, 0x200, STRINGS, sizeof(STRINGS) - 1);
	put_dynamic(m, &dyn, DT_NEEDED, 1);
	put_dynamic(m, &dyn, DT_NEEDED, 13);
	put_dynamic(m, &dyn, DT_RUNPATH, 25);
	put_dynamic(m, &dyn, DT_STRTAB, 0x10200);
	put_dynamic(m, &dyn, DT_STRSZ, sizeof(STRINGS) - 1);
	put_dynamic(m, &dyn, DT_FLAGS_1, DF_1_PIE | DF_1_NOW);
	put_dynamic(m, &dyn, DT_NULL, 0);
	m->len = 0x400;
}

static int parse(const void *p, size_t len, struct elf_info *info)
{
	struct elf_source src = { .fd = -1, .bytes = p, .size = len, .left = ELF_READ_MAX };

	memset(info, 0, sizeof(*info));
	return elf_parse(&src, info);
}

static void check_image(const struct elf_info *i, bool is64, bool big)
{
	autobuf hex = BUF_INIT;

	assert_int_equal(i->problems, 0);
	assert_int_equal(i->bits, is64 ? 64 : 32);
	assert_int_equal(i->big_endian, big);
	assert_string_equal(elf_machine_name(i->machine), is64 ? "AArch64" : "PowerPC");
	assert_int_equal(i->kind, ELF_KIND_PIE);
	assert_int_equal(i->entry, 0x10200);
	assert_int_equal(i->segments, 6);
	assert_int_equal(i->sections, 0);
	assert_int_equal(i->stack, ELF_STACK_EXEC);
	assert_int_equal(i->relro, ELF_RELRO_FULL);
	assert_int_equal(i->traits, ELF_HAS_DYNAMIC | ELF_BIND_NOW);
	assert_true(elf_is_stripped(i));
	assert_string_equal(elf_text(i, i->interp), "/lib/ld.so.42");
	elf_build_id_hex(i, &hex);
	assert_string_equal(buf_str(&hex), "deadbeef010203");
	assert_int_equal(i->n_needed, 2);
	assert_string_equal(elf_text(i, i->needed[0]), "libone.so.1");
	assert_string_equal(elf_text(i, i->needed[1]), "libtwo.so.2");
	assert_string_equal(elf_text(i, i->runpath), "/opt/r\xff\x1b[2J");
	assert_false(elf_has(i->soname));
	assert_false(elf_has(i->rpath));
}

static void test_by_hand(void **state)
{
	autofree struct elf_info *info = xmalloc(sizeof(*info));
	struct image m;

	(void)state;
	for (int i = 0; i < 4; i++) {
		make_image(&m, i & 1, i & 2);
		assert_int_equal(parse(m.at, m.len, info), 0);
		check_image(info, i & 1, i & 2);
	}
}

static int memfd_with(const void *p, size_t len)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, p, len), 0);
	return fd;
}

static struct elf_info *describe(int fd)
{
	struct elf_info *info;
	struct fail f = { 0 };
	int r = elf_describe(fd, &info, &f);

	if (r < 0)
		fail_msg("%s: %s (%d): %s", f.call, f.on, r, f.why);
	return info;
}

static void test_through_the_sandbox(void **state)
{
	struct image m;

	(void)state;
	make_image(&m, true, true);
	autoclose int fd = memfd_with(m.at, m.len);
	off_t before = lseek(fd, 17, SEEK_SET);
	autofree struct elf_info *info = describe(fd);

	check_image(info, true, true);
	assert_int_equal(info->size, m.len);
	assert_int_equal(info->gaps, 0);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), before);
}

static void test_facts(void **state)
{
	autofree struct elf_info *info = xmalloc(sizeof(*info));
	autobuf out = BUF_INIT;
	struct facts_json facts;
	struct json json;
	struct image m;

	(void)state;
	make_image(&m, false, true);
	assert_int_equal(parse(m.at, m.len, info), 0);
	info->problems = ELF_TRUNCATED;
	json_init(&json, &out);
	json_object(&json, NULL);
	facts_json_init(&facts, &json);
	elf_facts(info, &facts.sink);
	json_end_object(&json);
	assert_non_null(strstr(buf_str(&out), "\"build_id\":\"deadbeef010203\""));
	assert_non_null(strstr(buf_str(&out), "\"needed\":[\"libone.so.1\",\"libtwo.so.2\"]"));
	assert_non_null(strstr(buf_str(&out), "\"runpath_b64\":\"L29wdC9y/xtbMko=\""));
	assert_non_null(strstr(buf_str(&out), "\"machine\":\"PowerPC\""));
	assert_non_null(strstr(buf_str(&out), "\"problems\":[\"the file ends before"));
	assert_null(strchr(buf_str(&out), 0x1b));
}

/* What the loader made of this very program, from its own memory. */
struct truth {
	char interp[256];
	unsigned char id[64];
	size_t id_len, segments;
};

static int learn(struct dl_phdr_info *d, size_t size, void *arg)
{
	struct truth *t = arg;

	(void)size;
	t->segments = d->dlpi_phnum;
	for (int i = 0; i < d->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &d->dlpi_phdr[i];
		const char *at = (const char *)d->dlpi_addr + h->p_vaddr;

		if (h->p_type == PT_INTERP)
			snprintf(t->interp, sizeof(t->interp), "%s", at);
		for (size_t o = 0; h->p_type == PT_NOTE && o + 12 < h->p_filesz;) {
			ElfW(Nhdr) n;
			size_t pad = h->p_align == 8 ? 7 : 3, desc;

			memcpy(&n, at + o, sizeof(n));
			desc = (o + 12 + n.n_namesz + pad) & ~pad;
			if (n.n_type == NT_GNU_BUILD_ID && memcmp(at + o + 12, "GNU", 4) == 0) {
				t->id_len = n.n_descsz;
				memcpy(t->id, at + desc, n.n_descsz);
			}
			o = (desc + n.n_descsz + pad) & ~pad;
		}
	}
	return 1; /* the first is the program */
}

static void check_against_truth(const struct elf_info *i)
{
	struct truth t = { 0 };
	bool libc = false;

	dl_iterate_phdr(learn, &t);
	assert_int_equal(i->problems, 0);
	assert_int_equal(i->segments, t.segments);
	assert_string_equal(elf_text(i, i->interp), t.interp);
	assert_int_equal(i->build_id.len, t.id_len);
	assert_memory_equal(elf_text(i, i->build_id), t.id, t.id_len);
	for (uint32_t n = 0; n < i->n_needed; n++)
		libc = libc || strncmp(elf_text(i, i->needed[n]), "libc.so.", 8) == 0;
	assert_true(libc);
	assert_false(i->traits & ELF_IS_STATIC);
}

static void test_this_program(void **state)
{
	(void)state;
	autoclose int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	autofree struct elf_info *info = describe(fd);

	check_against_truth(info);
	assert_true(info->traits & ELF_HAS_SECTIONS);
	assert_true(info->traits & ELF_HAS_SYMTAB);
	assert_true(info->sections > 10);
}

/* Scenario 11: a copy in a memfd, everything that names a section cut away. */
static void test_without_sections(void **state)
{
	(void)state;
	autoclose int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	off_t size = lseek(fd, 0, SEEK_END);
	autofree char *bytes = xmalloc((size_t)size);
	ElfW(Ehdr) eh;

	assert_int_equal(pread(fd, bytes, (size_t)size, 0), size);
	memcpy(&eh, bytes, sizeof(eh));
	size = (off_t)eh.e_shoff;
	eh.e_shoff = eh.e_shnum = eh.e_shstrndx = 0;
	memcpy(bytes, &eh, sizeof(eh));
	autoclose int copy = memfd_with(bytes, (size_t)size);
	autofree struct elf_info *info = describe(copy);

	check_against_truth(info);
	assert_int_equal(info->sections, 0);
	assert_false(info->traits & ELF_HAS_SECTIONS);
	assert_true(elf_is_stripped(info));
}

static void test_libc(void **state)
{
	Dl_info where;

	(void)state;
	assert_true(dladdr((void *)(uintptr_t)gnu_get_libc_version, &where));
	autoclose int fd = open(where.dli_fname, O_RDONLY | O_CLOEXEC);
	autofree struct elf_info *info = describe(fd);

	assert_int_equal(info->problems, 0);
	assert_int_equal(info->kind, ELF_KIND_SHARED);
	assert_int_equal(strncmp(elf_text(info, info->soname), "libc.so.", 8), 0);
	assert_true(elf_has(info->build_id));
}

/* Open for writing only, and a bare path: both are opened again. */
static void test_unreadable_descriptors(void **state)
{
	static const int flags[] = { O_WRONLY, O_PATH };
	struct image m;

	(void)state;
	make_image(&m, true, false);
	for (size_t i = 0; i < 2; i++) {
		char path[64];
		autoclose int fd = memfd_with(m.at, m.len);

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		autoclose int other = open(path, flags[i] | O_CLOEXEC);
		autofree struct elf_info *info = describe(other);

		check_image(info, true, false);
	}
}

static void test_refusals(void **state)
{
	struct elf_info *info;
	struct fail f = { 0 };
	int ends[2];

	(void)state;
	autoclose int text = memfd_with("#!/bin/sh\n# no image at all\n", 28);
	assert_int_equal(elf_describe(text, &info, &f), -ENOEXEC);
	assert_true(f.why[0]);
	assert_null(info);
	autoclose int empty = memfd_with("", 0);
	assert_int_equal(elf_describe(empty, &info, &f), -ENOEXEC);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(elf_describe(ends[0], &info, &f), -EINVAL);
	assert_non_null(strstr(f.why, "regular"));
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(elf_describe(ends[0], &info, &f), -EBADF);
	assert_int_equal(f.class, FAIL_GONE);
}

static int reader_crashes(void *arg, int out)
{
	(void)arg;
	(void)out;
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
	return 0;
}

static int reader_hangs(void *arg, int out)
{
	(void)arg;
	(void)out;
	return pause();
}

static int reader_floods(void *arg, int out)
{
	static const char junk[65536];

	(void)arg;
	while (write(out, junk, sizeof(junk)) > 0)
		;
	return 0;
}

static void test_bad_readers(void **state)
{
	struct elf_info *info;
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(elf_describe_by(reader_crashes, 0, 2000, &info, &f), -EBADMSG);
	assert_non_null(strstr(f.why, "crashed"));
	assert_int_equal(elf_describe_by(reader_hangs, 0, 50, &info, &f), -ETIMEDOUT);
	assert_non_null(strstr(f.why, "in time"));
	assert_int_equal(elf_describe_by(reader_floods, 0, 2000, &info, &f), -EBADMSG);
	assert_null(info);
}

/* --- answers that an attacker wrote --- */

struct message {
	struct elf_answer a;
	struct elf_info i;
};

static int take(const struct message *m, size_t n)
{
	autofree struct elf_info *info = xmalloc(sizeof(*info));

	return elf_answer_take(m, n, info, NULL);
}

static void test_answers(void **state)
{
	autofree struct message *m = xcalloc(1, sizeof(*m));
	size_t n = sizeof(m->a) + offsetof(struct elf_info, text) + 6;

	(void)state;
	m->a.magic = ELF_ANSWER_MAGIC;
	m->i.bits = 64;
	m->i.text_len = 6;
	memcpy(m->i.text, "\0abcd", 6);
	m->i.soname = (struct elf_bytes){ 1, 4 };
	assert_int_equal(take(m, n), 0);
	assert_int_equal(take(m, n - 1), -EBADMSG);
	assert_int_equal(take(m, sizeof(m->a)), -EBADMSG);
	assert_int_equal(take(m, 3), -EBADMSG);

	m->i.soname = (struct elf_bytes){ 1, 5 };
	assert_int_equal(take(m, n), -EBADMSG);
	m->i.soname = (struct elf_bytes){ 5, 0xfffffffe };
	assert_int_equal(take(m, n), -EBADMSG);
	m->i.soname = (struct elf_bytes){ 1, 3 };
	assert_int_equal(take(m, n), -EBADMSG);
	m->i.soname = (struct elf_bytes){ 0, 3 };
	assert_int_equal(take(m, n), -EBADMSG);
	m->i.soname = (struct elf_bytes){ 0, 0 };
	m->i.n_needed = ELF_NEEDED_MAX + 1;
	assert_int_equal(take(m, n), -EBADMSG);
	m->i.n_needed = 0;
	m->i.kind = ELF_KIND_COUNT;
	assert_int_equal(take(m, n), -EBADMSG);
	m->i.kind = 0;
	m->i.problems = 1u << 31;
	assert_int_equal(take(m, n), -EBADMSG);
	m->i.problems = 0;
	m->i.text_len = 0xffffffff;
	assert_int_equal(take(m, n), -EBADMSG);
	m->i.text_len = 6;
	m->a.err = -5;
	assert_int_equal(take(m, n), -EBADMSG);
	m->a.err = EIO;
	assert_int_equal(take(m, sizeof(m->a)), -EIO);
}

/* --- hostile images --- */

static void check_sane(const struct elf_info *i)
{
	assert_true(i->text_len <= ELF_TEXT_MAX);
	assert_true(i->n_needed <= ELF_NEEDED_MAX);
	for (uint32_t n = 0; n < i->n_needed; n++)
		assert_true(i->needed[n].at + i->needed[n].len < i->text_len || !i->needed[n].at);
}

static void test_truncated_everywhere(void **state)
{
	autofree struct elf_info *info = xmalloc(sizeof(*info));
	struct image m;

	(void)state;
	make_image(&m, true, false);
	for (size_t len = 0; len < m.len; len++) {
		/* A copy of that size, so that a sanitizer sees the first byte beyond. */
		autofree void *exact = xmemdup0(m.at, len);
		int r = parse(exact, len, info);

		assert_int_equal(r, len < 64 ? -ENOEXEC : 0);
		if (r < 0)
			continue;
		assert_true(info->problems);
		check_sane(info);
	}
}

static void test_flipped_bits(void **state)
{
	autofree struct elf_info *info = xmalloc(sizeof(*info));
	uint32_t x = 12345;
	struct image m;

	(void)state;
	for (int i = 0; i < 4000; i++) {
		make_image(&m, i & 1, i & 2);
		for (int n = 0; n < 4; n++) {
			x = x * 1664525 + 1013904223;
			m.at[(x >> 8) % m.len] = (unsigned char)(x >> 24);
		}
		if (parse(m.at, m.len, info) == 0)
			check_sane(info);
	}
}

static void test_huge_counts(void **state)
{
	autofree struct elf_info *info = xmalloc(sizeof(*info));
	struct image m;

	(void)state;
	make_image(&m, true, false);
	put(&m, 56, 2, 0xffff); /* e_phnum: PN_XNUM without a first section */
	assert_int_equal(parse(m.at, m.len, info), 0);
	assert_true(info->problems & ELF_BAD_SEGMENTS);
	make_image(&m, true, false);
	put(&m, 40, 8, 0xffffffffffffffff); /* e_shoff */
	put(&m, 58, 2, 64);
	put(&m, 60, 2, 9);
	assert_int_equal(parse(m.at, m.len, info), 0);
	assert_true(info->problems & ELF_BAD_SECTIONS);
	make_image(&m, true, false);
	put(&m, 40, 8, 0x380); /* sections: their number is in the first one */
	put(&m, 58, 2, 64);
	memset(m.at + 0x380, 0, 64);
	put(&m, 0x380 + 32, 8, 0xffffffffffffffff);
	assert_int_equal(parse(m.at, m.len, info), 0);
	assert_int_equal(info->sections, UINT32_MAX);
	assert_true(info->problems & ELF_BAD_SECTIONS);
}

/* The loader goes by the address: another offset must not hide what is loaded. */
static void test_misleading_offset(void **state)
{
	autofree struct elf_info *info = xmalloc(sizeof(*info));
	struct image m;

	(void)state;
	make_image(&m, true, false);
	put(&m, 64 + 3 * 56 + 8, 8, 0x3f0);
	assert_int_equal(parse(m.at, m.len, info), 0);
	assert_int_equal(info->problems, ELF_ODD_DYNAMIC);
	assert_int_equal(info->n_needed, 2);
	assert_string_equal(elf_text(info, info->needed[0]), "libone.so.1");
}

static void test_strings_out_of_range(void **state)
{
	autofree struct elf_info *info = xmalloc(sizeof(*info));
	struct image m;

	(void)state;
	make_image(&m, true, false);
	put(&m, 0x308, 8, 0xfffffffffffffff0);
	assert_int_equal(parse(m.at, m.len, info), 0);
	assert_int_equal(info->problems, ELF_BAD_STRING);
	assert_false(elf_has(info->needed[0]));
	assert_true(elf_has(info->needed[1]));
	make_image(&m, true, false);
	put(&m, 0x338, 8, 0xfffffffffff00000); /* DT_STRTAB */
	assert_int_equal(parse(m.at, m.len, info), 0);
	assert_int_equal(info->problems, ELF_BAD_DYNAMIC);
	assert_int_equal(info->n_needed, 0);
}

/* 1 TiB of nothing around an image: no more is read than what it names. */
static void test_huge_file(void **state)
{
	struct image m;

	(void)state;
	make_image(&m, true, false);
	autoclose int fd = memfd_with(m.at, m.len);
	assert_int_equal(ftruncate(fd, 1LL << 40), 0);
	autofree struct elf_info *info = describe(fd);

	assert_int_equal(info->size, 1ULL << 40);
	assert_int_equal(info->problems, 0);
	assert_int_equal(info->n_needed, 2);
}

/* --- the sandbox --- */

static int status_of(void (*fn)(int, int))
{
	int ends[2], status;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		int fd = memfd_create("x", 0);

		(void)!write(fd, "x", 1);
		fn(fd, ends[1]);
		_exit(99);
	}
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void child_opens(int in, int out)
{
	char c = 0;

	if (sandbox_enter(in, out) || pread(in, &c, 1, 0) != 1 || c != 'x')
		_exit(1);
	if (syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY) < 0)
		_exit(42);
	_exit(2);
}

/* An older sandbox around us: seccomp is refused, the rest must still be had. */
static void child_is_filtered(int in, int out)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	struct scmp_arg_cmp set = { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = PR_SET_SECCOMP };
	struct rlimit rl;
	char c = 0;

	seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(seccomp), 0);
	seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prctl), 1, set);
	if (seccomp_load(ctx) != 0)
		_exit(1);
	if (sandbox_enter(in, out) != SANDBOX_NO_SECCOMP || pread(in, &c, 1, 0) != 1)
		_exit(2);
	if (geteuid() == 0 || getrlimit(RLIMIT_NOFILE, &rl) != 0 || rl.rlim_max != 0)
		_exit(3);
	if (open("/dev/null", O_RDONLY) >= 0 || errno != EMFILE)
		_exit(4);
	_exit(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 5);
}

static void test_sandbox(void **state)
{
	int status = status_of(child_opens);

	(void)state;
	/* Under a sanitizer's run-time a call is refused, else it kills. */
	assert_true((WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) ||
		    (WIFEXITED(status) && WEXITSTATUS(status) == 42));
	assert_int_equal(status_of(child_is_filtered), 0);
	for (unsigned i = 0; i < SANDBOX_GAP_COUNT; i++)
		assert_non_null(sandbox_gap_words(1u << i));
	for (unsigned i = 0; i < ELF_PROBLEM_COUNT; i++)
		assert_non_null(elf_problem_words(1u << i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_through_the_sandbox),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_this_program),
		cmocka_unit_test(test_without_sections),
		cmocka_unit_test(test_libc),
		cmocka_unit_test(test_unreadable_descriptors),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_bad_readers),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_truncated_everywhere),
		cmocka_unit_test(test_flipped_bits),
		cmocka_unit_test(test_huge_counts),
		cmocka_unit_test(test_misleading_offset),
		cmocka_unit_test(test_strings_out_of_range),
		cmocka_unit_test(test_huge_file),
		cmocka_unit_test(test_sandbox),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
