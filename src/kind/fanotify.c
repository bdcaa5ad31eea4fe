/* SPDX-License-Identifier: MIT */
/* Marks on files, mounts and filesystems. See fanotify(7). */
#include <sys/fanotify.h>
#include <string.h>

#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/marks.h"
#include "src/kind/peek.h"
#include "src/proc/mountinfo.h"

static const struct word masks[] = {
	{ FAN_ACCESS, "FAN_ACCESS" },
	{ FAN_MODIFY, "FAN_MODIFY" },
	{ FAN_ATTRIB, "FAN_ATTRIB" },
	{ FAN_CLOSE_WRITE, "FAN_CLOSE_WRITE" },
	{ FAN_CLOSE_NOWRITE, "FAN_CLOSE_NOWRITE" },
	{ FAN_OPEN, "FAN_OPEN" },
	{ FAN_MOVED_FROM, "FAN_MOVED_FROM" },
	{ FAN_MOVED_TO, "FAN_MOVED_TO" },
	{ FAN_CREATE, "FAN_CREATE" },
	{ FAN_DELETE, "FAN_DELETE" },
	{ FAN_DELETE_SELF, "FAN_DELETE_SELF" },
	{ FAN_MOVE_SELF, "FAN_MOVE_SELF" },
	{ FAN_OPEN_EXEC, "FAN_OPEN_EXEC" },
	{ FAN_FS_ERROR, "FAN_FS_ERROR" },
	{ FAN_OPEN_PERM, "FAN_OPEN_PERM" },
	{ FAN_ACCESS_PERM, "FAN_ACCESS_PERM" },
	{ FAN_OPEN_EXEC_PERM, "FAN_OPEN_EXEC_PERM" },
	{ FAN_RENAME, "FAN_RENAME" },
	{ FAN_EVENT_ON_CHILD, "FAN_EVENT_ON_CHILD" },
	{ FAN_ONDIR, "FAN_ONDIR" },
};

/* fanotify_init(2); the class is a number in two bits, 0 is FAN_CLASS_NOTIF. */
static const struct word init_flags[] = {
	{ 0x1, "FAN_CLOEXEC" },
	{ 0x2, "FAN_NONBLOCK" },
	{ 0x4, "FAN_CLASS_CONTENT" },
	{ 0x8, "FAN_CLASS_PRE_CONTENT" },
	{ 0x10, "FAN_UNLIMITED_QUEUE" },
	{ 0x20, "FAN_UNLIMITED_MARKS" },
	{ 0x40, "FAN_ENABLE_AUDIT" },
	{ 0x80, "FAN_REPORT_PIDFD" },
	{ 0x100, "FAN_REPORT_TID" },
	{ 0x200, "FAN_REPORT_FID" },
	{ 0x400, "FAN_REPORT_DIR_FID" },
	{ 0x800, "FAN_REPORT_NAME" },
	{ 0x1000, "FAN_REPORT_TARGET_FID" },
};

static bool fanotify_match(const struct fdent *e)
{
	return fdent_is_anon_or_has(e, "fanotify", "fanotify");
}

static void emit_mount(const struct kind_ctx *ctx, uint32_t id, struct facts *out)
{
	const struct mount *mount = ctx->mounts ? mounts_find(ctx->mounts, id) : NULL;

	fact_text(out, "type", "mount");
	fact_u64(out, "mnt_id", id);
	if (mount)
		fact_bytes(out, "path", mount->point, strlen(mount->point));
}

/* A mark of a whole filesystem has a device and no inode. */
static void emit_filesystem(const struct kind_ctx *ctx, uint64_t sdev, struct facts *out)
{
	const struct mounts *m = ctx->mounts;

	fact_text(out, "type", "filesystem");
	for (size_t i = 0; m && i < m->n; i++) {
		if (m->at[i].dev != dev_of_kernel(sdev))
			continue;
		fact_bytes(out, "path", m->at[i].point, strlen(m->at[i].point));
		break;
	}
}

static void emit_mark(const struct fdent *e, const struct kind_ctx *ctx,
		      const struct fdinfo_line *line, struct facts *out, int *handles)
{
	static const struct word flags[] = {
		{ FAN_MARK_IGNORED_SURV_MODIFY, "FAN_MARK_IGNORED_SURV_MODIFY" },
		{ 0x200, "FAN_MARK_EVICTABLE" },
		{ 0x400, "FAN_MARK_IGNORE" },
	};
	uint64_t v;

	fact_object(out, NULL);
	if (fdinfo_field_u64(line, "mnt_id", 16, &v))
		emit_mount(ctx, (uint32_t)v, out);
	else if (fdinfo_field_u64(line, "ino", 16, &v))
		fact_text(out, "type", "inode");
	else if (fdinfo_field_u64(line, "sdev", 16, &v))
		emit_filesystem(ctx, v, out);
	emit_marked(e, ctx, line, out, handles);
	if (fdinfo_field_u64(line, "mflags", 16, &v) && v)
		emit_flags(out, "mflags", flags, 3, v);
	if (fdinfo_field_u64(line, "mask", 16, &v))
		emit_flags(out, "mask", masks, sizeof(masks) / sizeof(masks[0]), v);
	if (fdinfo_field_u64(line, "ignored_mask", 16, &v) && v)
		emit_flags(out, "ignored_mask", masks, sizeof(masks) / sizeof(masks[0]), v);
	fact_end_object(out);
}

/* "fanotify flags:0 event-flags:8000" comes first, then a line a mark. */
static void fanotify_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	const char *at = info_text(e), *end = at + e->extra_len;
	struct fdinfo_line line;
	int handles = MARKS_BY_HANDLE;
	uint64_t v;

	if (!e->extra)
		return;
	if (fdinfo_find(e->extra, e->extra_len, "fanotify", &line) &&
	    fdinfo_field_u64(&line, "flags", 16, &v)) {
		emit_mask(out, "flags", init_flags, sizeof(init_flags) / sizeof(init_flags[0]), v);
		if (fdinfo_field_u64(&line, "event-flags", 16, &v))
			fact_hex(out, "event_flags", v);
	}
	if (!facts_wants(out, "marks"))
		return;
	fact_list(out, "marks");
	while (fdinfo_next(&at, end, &line))
		if (fdinfo_key_is(&line, "fanotify") && !fdinfo_field_u64(&line, "flags", 16, &v))
			emit_mark(e, ctx, &line, out, &handles);
	fact_end_list(out);
}

const struct kind kind_fanotify = {
	.name = "fanotify",
	.means = "marks on files, mounts and filesystems",
	.match = fanotify_match,
	.facts = fanotify_facts,
	.brief = "[{marks#} marks][: {marks.*.path}]",
	.peek = peek_state,
	.op = {
		CELLS_LOOK,
		CELL_PEEK_STATE,
		CELL_NO_SEND,
		CELL_NO_DUMP("a fanotify group has events, which a read would take: show prints "
			     "its marks"),
		[OP_READ] = { EFFECT_CONSUME, "takes events of the target; of a permission event "
					      "nobody else can then answer, and who opened the "
					      "file waits for ever" },
		[OP_WRITE] = { EFFECT_ALTER, "answers permission events in the target's place" },
		CELL_NO(OP_SEEK, "a fanotify group has no position"),
		CELL_HOLD("keeps its marks: permission events that nobody answers block their "
			  "callers until we release it"),
		CELL_NO_STREAM("a fanotify group is no stream"),
	},
};
