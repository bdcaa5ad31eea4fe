/* SPDX-License-Identifier: MIT */
/* Who can change a file without a system call. Effect: none. */
#ifndef TAKE_MAPPED_H
#define TAKE_MAPPED_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Has some process a file of that inode number mapped, shared and to be written? Numbers
 * of other filesystems count too. True also where a process does not answer within a
 * second; one that we may not look into counts as none. procfs: as of procfs_open().
 */
bool mapped_by_writer(int procfs, uint64_t ino);

#endif
