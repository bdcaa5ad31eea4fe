/* SPDX-License-Identifier: MIT */
/* Hashes and records of dumps as text. */
#ifndef CLI_SUMS_H
#define CLI_SUMS_H

#include "src/base/buf.h"
#include "src/take/dump.h"

/*
 * As sha256sum(1) writes them, and reads them with -c: "HASH  NAME"; the others
 * with their tag, "SHA512 (NAME) = HASH". folder, if not NULL, is put before name.
 */
void sums_lines(struct buf *out, const struct hash_result *hash, const char *folder,
		const char *name);

/* One JSON object and a newline: what was left out of a sweep, and why. */
void sums_skipped(struct buf *out, const char *label, const char *kind, const char *why);

/* One JSON object and a newline: "desc" and the facts of the record. */
void sums_record(struct buf *out, const char *label, const struct dump_result *r);

#endif
