/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/keep/label.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* What a stranger says is read or refused; what was read can be said and read again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct shelf_item item = { .fd = -1, .kind = "file" }, again = { .fd = -1 };
	struct buf line = BUF_INIT;

	if (label_read(&item, (const char *)data, size) == 0) {
		check(item.pid >= 0 && item.tid >= 0 && item.fd >= -1);
		check(item.comm_len < sizeof(item.comm));
		label_write(&line, &item);
		check(label_read(&again, line.data, line.len) == 0);
		check(again.pid == item.pid && again.start == item.start && again.fd == item.fd);
		if (item.name)
			check(again.name_len == item.name_len &&
			      memcmp(again.name, item.name, item.name_len) == 0);
	}
	free(item.name);
	free(again.name);
	buf_release(&line);
	return 0;
}
