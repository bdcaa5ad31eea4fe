/* SPDX-License-Identifier: MIT */
/* Every kind, for the registry; one line a kind, each in the file of its name. */
#ifndef KIND_KINDS_H
#define KIND_KINDS_H

#include "src/kind/kind.h"

extern const struct kind kind_file;
extern const struct kind kind_dir;
extern const struct kind kind_anon;
extern const struct kind kind_unknown;

#endif
