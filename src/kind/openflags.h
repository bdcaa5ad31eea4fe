/* SPDX-License-Identifier: MIT */
/* Flags of open(2) by name, as fdinfo shows them. */
#ifndef KIND_OPENFLAGS_H
#define KIND_OPENFLAGS_H

#include <stddef.h>
#include <stdint.h>

/*
 * One name after the other, the access mode first; NULL at the end:
 * for (size_t at = 0; (name = open_flag_next(flags, &at));)
 */
const char *open_flag_next(uint32_t flags, size_t *at);

#endif
