/* SPDX-License-Identifier: MIT */
#include "src/evidence/elf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/evidence/elf_parse.h"
#include "src/evidence/sandbox.h"

/* In the reader: the descriptor that can be read, or -errno with the call. */
static int open_image(int fd, struct elf_answer *a, uint64_t *size)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st;
	char path[32];

	strcpy(a->call, "fcntl");
	if (flags < 0)
		return -errno;
	strcpy(a->call, "fstat");
	if (fstat(fd, &st) < 0)
		return -errno;
	strcpy(a->call, "elf");
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*size = (uint64_t)st.st_size;
	if ((flags & O_ACCMODE) != O_WRONLY && !(flags & O_PATH))
		return fd;
	strcpy(a->call, "open");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

/* Nothing is allocated after sandbox_enter(), nor on the stack of a small thread. */
static int read_image(void *arg, int out)
{
	size_t max = sizeof(struct elf_answer) + sizeof(struct elf_info),
	       n = sizeof(struct elf_answer);
	char *memory = xcalloc(1, max);
	struct elf_answer *a = (void *)memory;
	struct elf_info *info = (void *)(memory + sizeof(*a));
	struct elf_source src = { .left = ELF_READ_MAX };
	uint64_t size = 0;
	int r;

	_Static_assert(sizeof(struct elf_answer) % _Alignof(struct elf_info) == 0, "alignment");
	a->magic = ELF_ANSWER_MAGIC;
	r = src.fd = open_image(*(int *)arg, a, &size);
	if (r >= 0) {
		unsigned gaps = sandbox_enter(src.fd, out);

		strcpy(a->call, "pread");
		/* Some filesystems make files as they are read and say 0. */
		src.size = size ? size : INT64_MAX;
		r = elf_parse(&src, info);
		info->size = size;
		info->gaps = gaps;
	}
	if (r == -ENOEXEC)
		strcpy(a->call, "elf");
	if (r < 0)
		a->err = -r;
	else
		n += offsetof(struct elf_info, text) + info->text_len;
	return fd_write_all(out, memory, n);
}

static bool bytes_are_valid(const struct elf_info *info, struct elf_bytes b, size_t max)
{
	if (b.at == 0)
		return b.len == 0;
	/* In this order: no sum can overflow, and the NUL behind is there. */
	return b.len <= max && b.at < info->text_len && b.len < info->text_len - b.at &&
	       info->text[b.at + b.len] == '\0';
}

static bool info_is_valid(const struct elf_info *info)
{
	bool ok = (info->bits == 32 || info->bits == 64) && info->big_endian <= 1 &&
		  info->kind < ELF_KIND_COUNT && info->stack < ELF_STACK_COUNT &&
		  info->relro < ELF_RELRO_COUNT && !(info->traits & ~(unsigned)ELF_TRAIT_ALL) &&
		  !(info->problems & ~(unsigned)ELF_PROBLEM_ALL) &&
		  !(info->gaps & ~(unsigned)SANDBOX_GAP_ALL) && info->n_needed <= ELF_NEEDED_MAX &&
		  bytes_are_valid(info, info->interp, ELF_STRING_MAX) &&
		  bytes_are_valid(info, info->soname, ELF_STRING_MAX) &&
		  bytes_are_valid(info, info->rpath, ELF_STRING_MAX) &&
		  bytes_are_valid(info, info->runpath, ELF_STRING_MAX) &&
		  bytes_are_valid(info, info->debuglink, ELF_STRING_MAX) &&
		  bytes_are_valid(info, info->build_id, ELF_BUILD_ID_MAX);

	for (uint32_t i = 0; ok && i < info->n_needed; i++)
		ok = bytes_are_valid(info, info->needed[i], ELF_STRING_MAX);
	return ok;
}

static int reader_broke(struct fail *f, const char *why)
{
	fail_set(f, EBADMSG, "elf", "the image");
	fail_why(f, "%s", why);
	fail_advice(f, "the file is harmful or shows an error of filch: keep a copy (filch dump)");
	return -EBADMSG;
}

static int reader_refused(const struct elf_answer *a, struct fail *f)
{
	char call[sizeof(a->call) + 1];

	snprintf(call, sizeof(call), "%.*s", (int)sizeof(a->call), a->call);
	fail_set(f, a->err, call, "the image");
	if (a->err == ENOEXEC)
		fail_why(
			f,
			"it is no ELF image: the header is missing, or of unknown class or byte order");
	else if (a->err == EINVAL && strcmp(call, "elf") == 0)
		fail_why(f, "only regular files and memfds hold images");
	return -a->err;
}

int elf_answer_take(const void *p, size_t n, struct elf_info *info, struct fail *f)
{
	const size_t fixed = offsetof(struct elf_info, text);
	struct elf_answer a;

	if (n < sizeof(a))
		return reader_broke(f, "the process that read it crashed, or was killed for what "
				       "it did");
	memcpy(&a, p, sizeof(a));
	n -= sizeof(a);
	if (a.magic != ELF_ANSWER_MAGIC || a.err < 0 || a.err > 4095 || (a.err && n))
		return reader_broke(f,
				    "the process that read it gave an answer that makes no sense");
	if (a.err)
		return reader_refused(&a, f);
	memset(info, 0, sizeof(*info));
	if (n > fixed && n <= sizeof(*info))
		memcpy(info, (const char *)p + sizeof(a), n);
	if (info->text_len != n - fixed || n > sizeof(*info) || n <= fixed || info->text[0] ||
	    !info_is_valid(info))
		return reader_broke(f,
				    "the process that read it gave an answer that makes no sense");
	return 0;
}

static int no_answer(int err, struct fail *f)
{
	if (err == -EMSGSIZE)
		return reader_broke(f, "the process that read it gave an answer that is too long");
	if (err == -ETIMEDOUT) {
		fail_set(f, ETIMEDOUT, "pread", "the image");
		fail_why(f, "it was not read in time: the filesystem or the file hangs");
	}
	return err;
}

int elf_describe_by(helper_fn *reader, int fd, int timeout_ms, struct elf_info **info,
		    struct fail *f)
{
	const size_t max = sizeof(struct elf_answer) + sizeof(struct elf_info);
	autobuf answer = BUF_INIT;
	autoclose int moved = -1;
	int r;

	*info = NULL;
	/* Else the reader would take what gets that number there for the image. */
	if (fcntl(fd, F_GETFD) < 0)
		return fail_set(f, errno, "fcntl", "the image");
	/* The helper puts /dev/null over the first three. */
	if (fd <= STDERR_FILENO) {
		fd = moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		if (fd < 0)
			return fail_set(f, errno, "fcntl", "the image");
	}
	r = helper_ask(reader, &fd, &fd, 1, timeout_ms, max, &answer, f);
	if (r < 0)
		return no_answer(r, f);
	*info = xcalloc(1, sizeof(**info));
	r = elf_answer_take(buf_str(&answer), answer.len, *info, f);
	if (r < 0) {
		free(*info);
		*info = NULL;
	}
	return r;
}

int elf_describe(int fd, struct elf_info **info, struct fail *f)
{
	return elf_describe_by(read_image, fd, ELF_TIMEOUT_MS, info, f);
}
