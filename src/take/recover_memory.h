/* SPDX-License-Identifier: MIT */
/* Private to take/: a mapped file by way of the memory it is mapped into. */
#ifndef TAKE_RECOVER_MEMORY_H
#define TAKE_RECOVER_MEMORY_H

#include "src/take/dump.h"

/*
 * Where /proc/PID/map_files is out of reach: read what is mapped of e's inode
 * through /proc/PID/mem, at the offsets that maps(5) gives. What is not mapped is
 * missing, and private writable parts may hold what the process wrote there:
 * r->missing says so, and complete stays false. Uses out, hashes, cancel of o.
 */
int recover_memory(const struct fdent *e, const struct dump_opts *o, struct dump_result *r);

#endif
