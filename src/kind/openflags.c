/* SPDX-License-Identifier: MIT */
#include "src/kind/openflags.h"

#include <fcntl.h>

/* O_LARGEFILE as the kernel shows it: glibc's constant is 0 on 64 bits. */
#define KERNEL_O_LARGEFILE 0100000

static const struct {
	uint32_t bits, mask;
	const char *name;
} flags_known[] = {
	{ O_WRONLY, O_ACCMODE, "O_WRONLY" },
	{ O_RDWR, O_ACCMODE, "O_RDWR" },
	{ O_RDONLY, O_ACCMODE, "O_RDONLY" },
	{ O_APPEND, O_APPEND, "O_APPEND" },
	{ O_NONBLOCK, O_NONBLOCK, "O_NONBLOCK" },
	{ O_SYNC, O_SYNC, "O_SYNC" },
	{ O_DSYNC, O_SYNC, "O_DSYNC" },
	{ O_ASYNC, O_ASYNC, "O_ASYNC" },
	{ O_DIRECT, O_DIRECT, "O_DIRECT" },
	{ KERNEL_O_LARGEFILE, KERNEL_O_LARGEFILE, "O_LARGEFILE" },
	{ O_TMPFILE, O_TMPFILE, "O_TMPFILE" },
	{ O_DIRECTORY, O_TMPFILE, "O_DIRECTORY" },
	{ O_NOFOLLOW, O_NOFOLLOW, "O_NOFOLLOW" },
	{ O_NOATIME, O_NOATIME, "O_NOATIME" },
	{ O_PATH, O_PATH, "O_PATH" },
	{ O_CLOEXEC, O_CLOEXEC, "O_CLOEXEC" },
};

const char *open_flag_next(uint32_t flags, size_t *at)
{
	while (*at < sizeof(flags_known) / sizeof(flags_known[0])) {
		size_t i = (*at)++;

		if ((flags & flags_known[i].mask) == flags_known[i].bits)
			return flags_known[i].name;
	}
	return NULL;
}
