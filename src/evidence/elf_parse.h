/* SPDX-License-Identifier: MIT */
/*
 * The parser behind elf.h and what its tests need. Pure: no allocation, no
 * call but pread(2), no memory beyond the caller's, bounded work for any input.
 */
#ifndef EVIDENCE_ELF_PARSE_H
#define EVIDENCE_ELF_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/fail.h"
#include "src/base/helper.h"
#include "src/evidence/elf.h"

#define ELF_READ_MAX    (64u << 20) /* bytes of one image that are read at most */
#define ELF_RECORDS_MAX 65536       /* headers of one table, dynamic entries, notes */

/* Where the bytes come from: a descriptor, or memory if fd is negative. */
struct elf_source {
	int fd;
	const void *bytes;
	uint64_t size;
	uint64_t left; /* bytes that may still be read: ELF_READ_MAX */
	int err;       /* of the first pread that failed, positive */
};

/* Up to len bytes at off; less at the end of the image, of what is left, or on errors. */
size_t elf_source_read(struct elf_source *src, uint64_t off, void *p, size_t len);

/*
 * Fill info, which must be zeroed. Returns 0, -ENOEXEC when it is no ELF image
 * or one of unknown class or byte order, or the -errno of pread(2) when not
 * even the header could be read. Everything else that is wrong is a problem.
 */
int elf_parse(struct elf_source *src, struct elf_info *info);

/* What the reader sends: this, and then the used part of an elf_info if err is 0. */
struct elf_answer {
	uint32_t magic;
	int32_t err; /* positive errno */
	char call[16];
};
#define ELF_ANSWER_MAGIC 0x46454c31u

/*
 * Check an answer of n bytes as something that an attacker wrote, and copy it.
 * Returns 0, -EBADMSG, or -err of the answer with f.
 */
int elf_answer_take(const void *p, size_t n, struct elf_info *info, struct fail *f);

/* elf_describe() with another reader, for tests: it gets the descriptor as *(int *)arg. */
int elf_describe_by(helper_fn *reader, int fd, int timeout_ms, struct elf_info **info,
		    struct fail *f);

#endif
