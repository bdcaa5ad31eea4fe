/* SPDX-License-Identifier: MIT */
/* Numbers of bpf(2), as bpftool names them. NULL for one that is newer. */
#ifndef KIND_BPF_NAMES_H
#define KIND_BPF_NAMES_H

#include <stdint.h>

const char *bpf_map_type_name(uint64_t type);
const char *bpf_prog_type_name(uint64_t type);

#endif
