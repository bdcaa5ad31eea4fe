/* SPDX-License-Identifier: MIT */
/*
 * Names of devices whose numbers are fixed, from the kernel's
 * Documentation/admin-guide/devices.txt. NULL: not fixed, or not known here.
 */
#ifndef KIND_DEVICE_NAMES_H
#define KIND_DEVICE_NAMES_H

#include <stdint.h>

/* "null" for 1:3; dev as in makedev(3). */
const char *char_device_name(uint64_t dev);

/* "loop" for 7:0: block devices are told by their major number. */
const char *block_device_name(uint64_t dev);

#endif
