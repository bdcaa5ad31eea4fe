/* SPDX-License-Identifier: MIT */
/* What an inotify or fanotify line of fdinfo watches: inode, device, path. */
#ifndef KIND_MARKS_H
#define KIND_MARKS_H

#include "src/kind/emit.h"

#define MARKS_BY_HANDLE 32

/*
 * Emit ino and dev of the line; and path, if ctx->deep: of an open descriptor,
 * mapped file or directory of the same process with that inode, or else, as root,
 * by its file handle in a helper: then where the target has other mounts than we
 * have it is path_for_us. *handles, MARKS_BY_HANDLE at first, is how many more may
 * be asked so: each costs a process.
 */
void emit_marked(const struct fdent *e, const struct kind_ctx *ctx, const struct fdinfo_line *line,
		 struct facts *out, int *handles);

#endif
