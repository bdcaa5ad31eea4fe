/* SPDX-License-Identifier: MIT */
/* The log of effects that were really caused: one JSON object a line. */
#ifndef BASE_AUDIT_H
#define BASE_AUDIT_H

#include <stdint.h>
#include <sys/types.h>

#include "src/base/effect.h"
#include "src/base/fail.h"

struct audit_event {
	const char *op; /* "dump" */
	enum effect effect;
	pid_t pid; /* 0: no process, such as a held descriptor whose owner is gone */
	uint64_t start;
	const char *comm; /* hostile bytes */
	size_t comm_len;
	int fd;             /* -1: the whole target */
	int err;            /* 0: it went well */
	const char *call;   /* that failed */
	const char *detail; /* ours, may be NULL */
};

/*
 * Append one line to path, made with mode 0600 if it is not there; O_APPEND
 * and a single write, so that several writers do not mix. Follows no symbolic
 * link. Returns 0 or -errno with f, class FAIL_OUTPUT.
 */
int audit_append(const char *path, const struct audit_event *ev, struct fail *f);

/* The line itself, with its newline. */
struct buf;
void audit_format(struct buf *out, const struct audit_event *ev);

#endif
