/* SPDX-License-Identifier: MIT */
/* Processes as descriptors. See pidfd_open(2). */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/fd.h"
#include "src/base/sys.h"
#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/peek.h"
#include "src/proc/procfs.h"

/* The link is "anon_inode:[pidfd]", or "pidfd:[N]" where pidfs names it so. */
static bool pidfd_match(const struct fdent *e)
{
	return fdent_is_anon_or_has(e, "pidfd", "NSpid") || fdent_name_has(e, "pidfd:[");
}

static uint64_t pidfd_inode(pid_t pid, unsigned flags)
{
	autoclose int fd = sys_pidfd_open(pid, flags);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/*
 * Does the number still mean the process that the pidfd holds? On pidfs, since
 * Linux 6.9, every process has an inode of its own; before, all pidfds have the
 * same one, ours too, and nobody can tell.
 */
static bool same_process(const struct fdent *e, pid_t pid, bool thread)
{
	if (!(e->have & HAVE_INO) || pidfd_inode(pid, thread ? SYS_PIDFD_THREAD : 0) != e->ino)
		return false;
	return pid == getpid() || pidfd_inode(getpid(), 0) != e->ino;
}

/* Opened before same_process() asks: what dir shows then is that process or nothing. */
static void emit_process(const struct fdent *e, const struct kind_ctx *ctx, pid_t pid, bool thread,
			 struct facts *out)
{
	autoclose int dir = proc_open_process(ctx->procfs, pid, 0);
	struct proc_stat st;

	if (dir < 0 || !same_process(e, pid, thread) || proc_stat_read(dir, &st) < 0)
		return;
	fact_bytes(out, "comm", st.comm, st.comm_len);
	fact_u64(out, "start", st.start);
	fact_bytes(out, "process_state", &st.state, 1);
	if (st.state == 'Z')
		fact_bool(out, "zombie", true);
}

/* Any fact of emit_process() costs all of them. */
static bool wants_process(const struct facts *out)
{
	return facts_wants(out, "comm") || facts_wants(out, "start") ||
	       facts_wants(out, "process_state") || facts_wants(out, "zombie");
}

static void pidfd_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	bool thread = (e->have & HAVE_INFO) && (e->flags & O_EXCL);
	struct fdinfo_line line;
	uint64_t pid = 0;

	if (!e->extra || !fdinfo_find(e->extra, e->extra_len, "Pid", &line))
		return;
	/* -1: reaped; 0: it lives in a pid namespace that is no child of ours. */
	if (line.value_len && line.value[0] == '-') {
		fact_i64(out, "pid", -1);
	} else if (info_u64(e, "Pid", 10, &pid)) {
		fact_i64(out, "pid", (int64_t)pid);
	}
	emit_info_text(e, "NSpid", "nspid", out);
	fact_bool(out, "alive", line.value_len && line.value[0] != '-');
	if (thread)
		fact_bool(out, "thread", true);
	if (pid && pid <= 1 << 22 && ctx->procfs >= 0 && wants_process(out))
		emit_process(e, ctx, (pid_t)pid, thread, out);
}

const struct kind kind_pidfd = {
	.name = "pidfd",
	.means = "process",
	.match = pidfd_match,
	.facts = pidfd_facts,
	.brief = "[process {pid}{alive?}][ended{alive~}][ {comm}][, a zombie{zombie?}]"
		 "[, a thread{thread?}]",
	.peek = peek_state,
	.op = {
		CELLS_LOOK,
		CELL_PEEK_STATE,
		CELL_NO_SEND,
		CELL_NO_DUMP("a pidfd has no contents: show prints its process"),
		CELL_NO(OP_READ, "read(2) on a pidfd is EINVAL; show prints its process"),
		CELL_NO(OP_WRITE, "write(2) on a pidfd is EINVAL; signal sends to the process"),
		CELL_NO(OP_SEEK, "a pidfd has no position"),
		CELL_HOLD("keeps the kernel's record of the process, not the process; one made "
			  "with PIDFD_AUTOKILL kills it only at our close"),
		CELL_NO_STREAM("a pidfd is no stream"),
	},
};
