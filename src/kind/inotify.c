/* SPDX-License-Identifier: MIT */
/* Watches on files. See inotify(7). */
#include <sys/inotify.h>

#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/marks.h"
#include "src/kind/peek.h"

static const struct word masks[] = {
	{ IN_ACCESS, "IN_ACCESS" },
	{ IN_MODIFY, "IN_MODIFY" },
	{ IN_ATTRIB, "IN_ATTRIB" },
	{ IN_CLOSE_WRITE, "IN_CLOSE_WRITE" },
	{ IN_CLOSE_NOWRITE, "IN_CLOSE_NOWRITE" },
	{ IN_OPEN, "IN_OPEN" },
	{ IN_MOVED_FROM, "IN_MOVED_FROM" },
	{ IN_MOVED_TO, "IN_MOVED_TO" },
	{ IN_CREATE, "IN_CREATE" },
	{ IN_DELETE, "IN_DELETE" },
	{ IN_DELETE_SELF, "IN_DELETE_SELF" },
	{ IN_MOVE_SELF, "IN_MOVE_SELF" },
	{ IN_UNMOUNT, "IN_UNMOUNT" },
	{ IN_Q_OVERFLOW, "IN_Q_OVERFLOW" },
	{ IN_IGNORED, "IN_IGNORED" },
	{ IN_EXCL_UNLINK, "IN_EXCL_UNLINK" },
	{ IN_ONESHOT, "IN_ONESHOT" },
	{ IN_ISDIR, "IN_ISDIR" },
};

static bool inotify_match(const struct fdent *e)
{
	return fdent_is_anon_or_has(e, "inotify", "inotify");
}

static void emit_watch(const struct fdent *e, const struct kind_ctx *ctx,
		       const struct fdinfo_line *line, struct facts *out, int *handles)
{
	uint64_t v;

	fact_object(out, NULL);
	if (fdinfo_field_u64(line, "wd", 10, &v))
		fact_u64(out, "wd", v);
	emit_marked(e, ctx, line, out, handles);
	if (fdinfo_field_u64(line, "mask", 16, &v))
		emit_flags(out, "mask", masks, sizeof(masks) / sizeof(masks[0]), v);
	fact_end_object(out);
}

static void inotify_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	const char *at = info_text(e), *end = at + e->extra_len;
	struct fdinfo_line line;
	int handles = MARKS_BY_HANDLE;

	if (!e->extra || !facts_wants(out, "watches"))
		return;
	fact_list(out, "watches");
	while (fdinfo_next(&at, end, &line))
		if (fdinfo_key_is(&line, "inotify"))
			emit_watch(e, ctx, &line, out, &handles);
	fact_end_list(out);
}

const struct kind kind_inotify = {
	.name = "inotify",
	.means = "watches on files",
	.match = inotify_match,
	.facts = inotify_facts,
	.brief = "[{watches#} watched][: {watches.*.path}]",
	.peek = peek_state,
	.op = {
		CELLS_LOOK,
		CELL_PEEK_STATE,
		CELL_NO_SEND,
		CELL_NO_DUMP("an inotify has events, which a read would take: show prints its "
			     "watches"),
		[OP_READ] = { EFFECT_CONSUME, "takes events that the target would have read" },
		CELL_NO(OP_WRITE, "write(2) on an inotify is EINVAL"),
		CELL_NO(OP_SEEK, "an inotify has no position"),
		CELL_HOLD("keeps its watches, and the events queued, in kernel memory"),
		CELL_NO_STREAM("an inotify is no stream"),
	},
};
