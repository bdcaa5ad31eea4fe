/* SPDX-License-Identifier: MIT */
/* What an inotify or fanotify line of fdinfo watches: inode, device, path. */
#ifndef KIND_MARKS_H
#define KIND_MARKS_H

#include "src/kind/emit.h"

/*
 * Emit ino and dev of the line, and path where it can be told without walking
 * anything: an open descriptor, mapped file or directory of the same process,
 * or the root of a mount, with that inode. Rows of the process are searched
 * only if ctx->deep.
 */
void emit_marked(const struct fdent *e, const struct kind_ctx *ctx, const struct fdinfo_line *line,
		 struct facts *out);

#endif
