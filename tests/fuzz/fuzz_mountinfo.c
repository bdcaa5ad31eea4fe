/* SPDX-License-Identifier: MIT */
/* Input: a mountinfo file. What was found is looked up again, and by origin. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "src/kind/origin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fdent e = { .have = HAVE_LINK | HAVE_STAT | HAVE_INFO, .mode = S_IFREG };
	struct mounts m = { 0 };
	char *text = malloc(size ? size : 1);

	memcpy(text, data, size);
	mounts_parse(&m, text, size, 1);
	free(text);
	mounts_finish(&m);
	e.name = "/memfd:x";
	e.name_len = 8;
	for (size_t i = 0; i < m.n; i++) {
		const struct mount *found = mounts_find(&m, m.at[i].id);

		if (!found || found->id != m.at[i].id)
			abort();
		mount_may_hang(found);
		e.mnt_id = m.at[i].id;
		if (origin_of(&m, &e) == ORIGIN_UNKNOWN)
			abort();
		if (strlen(found->root) + strlen(found->point) + strlen(found->source) > size)
			abort();
	}
	mounts_find(&m, 0);
	mounts_release(&m);
	return 0;
}
