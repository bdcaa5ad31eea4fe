/* SPDX-License-Identifier: MIT */
/* Facts that have nothing to do with the kind: filesystem, inode, locks, async I/O. */
#ifndef KIND_COMMON_H
#define KIND_COMMON_H

#include "src/kind/kind.h"

/* Emit them; part of kind_facts(). */
void common_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out);

#endif
