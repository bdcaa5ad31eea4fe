/* SPDX-License-Identifier: MIT */
#include "src/kind/marks.h"

#include "src/proc/mountinfo.h"

static const struct fdent *row_with(const struct procent *proc, uint64_t ino, uint64_t dev)
{
	const uint8_t need = HAVE_LINK | HAVE_STAT;

	for (uint32_t i = 0; i < proc->n_rows; i++) {
		const struct fdent *row = &proc->rows[i];

		if ((row->have & need) == need && row->ino == ino && row->dev == dev &&
		    row->deleted == DELETED_NO && row->name_len && row->name[0] == '/')
			return row;
	}
	return NULL;
}

void emit_marked(const struct fdent *e, const struct kind_ctx *ctx, const struct fdinfo_line *line,
		 struct facts *out)
{
	const struct fdent *row = NULL;
	uint64_t ino, dev;

	if (!fdinfo_field_u64(line, "sdev", 16, &dev))
		return;
	dev = dev_of_kernel(dev);
	emit_dev(out, "dev", dev);
	if (!fdinfo_field_u64(line, "ino", 16, &ino))
		return;
	fact_u64(out, "ino", ino);
	if (ctx->deep && e->proc)
		row = row_with(e->proc, ino, dev);
	if (row)
		fact_bytes(out, "path", row->name, row->name_len);
}
