/* SPDX-License-Identifier: MIT */
/* Namespaces. See namespaces(7). */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/origin.h"
#include "src/kind/peek.h"
#include "src/proc/mountinfo.h"

static const char *const types[] = { "cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts" };

/* "net:[4026531833]" */
static const char *type_of(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		size_t n = strlen(types[i]);

		if (len > n + 3 && memcmp(name, types[i], n) == 0 &&
		    memcmp(name + n, ":[", 2) == 0 && name[len - 1] == ']')
			return types[i];
	}
	return NULL;
}

static bool namespace_match(const struct fdent *e)
{
	if (!(e->have & HAVE_LINK))
		return false;
	return type_of(e->name, e->name_len) || (e->origin == ORIGIN_NSFS && S_ISREG(e->mode));
}

/* One bound to a name has that as its link; its mount's root has the type. */
static const char *find_type(const struct fdent *e, const struct kind_ctx *ctx)
{
	const struct mount *mount;

	if (e->origin != ORIGIN_NSFS || !e->name_len || e->name[0] != '/')
		return type_of(e->name, e->name_len);
	mount = ctx->mounts ? mounts_find(ctx->mounts, e->mnt_id) : NULL;
	return mount ? type_of(mount->root, strlen(mount->root)) : NULL;
}

static void namespace_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	const char *type = find_type(e, ctx);
	struct stat st;
	char ours[32];

	if (type)
		fact_text(out, "type", type);
	if (e->have & HAVE_INO)
		fact_u64(out, "inode", e->ino);
	if (!type || ctx->procfs < 0 || !(e->have & HAVE_STAT) || !facts_wants(out, "ours"))
		return;
	snprintf(ours, sizeof(ours), "self/ns/%s", type);
	if (fstatat(ctx->procfs, ours, &st, 0) == 0)
		fact_bool(out, "ours", st.st_ino == e->ino && st.st_dev == e->dev);
}

const struct kind kind_namespace = {
	.name = "namespace",
	.means = "namespace",
	.match = namespace_match,
	.facts = namespace_facts,
	.brief = "{type}[ {inode}][, ours{ours?}]",
	.peek = peek_state,
	.op = {
		CELLS_LOOK,
		CELL_PEEK_STATE,
		CELL_NO_SEND,
		CELL_NO_DUMP("a namespace has no contents: show prints its type and inode"),
		CELL_NO(OP_READ, "read(2) on a namespace is EINVAL; nsenter(1) enters it"),
		CELL_NO(OP_WRITE, "write(2) on a namespace is EINVAL"),
		CELL_NO(OP_SEEK, "a namespace has no position"),
		CELL_HOLD("keeps the namespace, with its interfaces or mounts, after its last "
			  "process is gone"),
		CELL_NO_STREAM("a namespace is no stream"),
	},
};
