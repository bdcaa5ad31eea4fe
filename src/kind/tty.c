/* SPDX-License-Identifier: MIT */
/* Terminals, both sides of a pty included. See tty_ioctl(4), pty(7). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>

#include "src/base/fd.h"
#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/peek.h"
#include "src/proc/procfs.h"

/* Major numbers of terminals: Documentation/admin-guide/devices.txt */
static const struct {
	unsigned first, last;
	const char *driver; /* as in /proc/tty/drivers */
} majors[] = {
	{ 2, 2, "pty_master" }, { 3, 3, "pty_slave" },      { 4, 4, "tty" },
	{ 5, 5, "tty" },        { 128, 135, "pty_master" }, { 136, 143, "pty_slave" },
	{ 166, 166, "acm" },    { 188, 188, "usbserial" },  { 204, 204, "serial" },
	{ 229, 229, "hvc" },
};

static const char *driver_of(uint64_t rdev)
{
	unsigned m = major(rdev);

	if (m == 4)
		return minor(rdev) < 64 ? "console" : "serial";
	for (size_t i = 0; i < sizeof(majors) / sizeof(majors[0]); i++)
		if (m >= majors[i].first && m <= majors[i].last)
			return majors[i].driver;
	return NULL;
}

static bool is_ptmx(const struct fdent *e)
{
	return S_ISCHR(e->mode) && e->rdev == makedev(5, 2);
}

static bool is_slave(const struct fdent *e)
{
	return S_ISCHR(e->mode) && major(e->rdev) >= 136 && major(e->rdev) <= 143;
}

/* Terminals with a dynamic major number keep to the name. */
static bool tty_match(const struct fdent *e)
{
	struct fdinfo_line line;

	if (S_ISCHR(e->mode))
		return driver_of(e->rdev) || fdent_name_has(e, "/dev/tty");
	return !(e->have & HAVE_STAT) && e->extra &&
	       fdinfo_find(e->extra, e->extra_len, "tty-index", &line);
}

/*
 * The slave's name: /dev/ptmx goes with /dev/pts, and a devpts instance has its
 * own ptmx beside its slaves.
 */
static void emit_slave(const struct fdent *e, uint64_t index, struct facts *out)
{
	static const char tail[] = "/ptmx", in_pts[] = "/pts/ptmx";
	size_t n = sizeof(tail) - 1, m = sizeof(in_pts) - 1;
	autobuf path = BUF_INIT;

	if (e->name_len < n || memcmp(e->name + e->name_len - n, tail, n) != 0)
		return;
	buf_add(&path, e->name, e->name_len - n);
	if (e->name_len < m || memcmp(e->name + e->name_len - m, in_pts, m) != 0)
		buf_adds(&path, "/pts");
	buf_addf(&path, "/%llu", (unsigned long long)index);
	fact_bytes(out, "slave", path.data, path.len);
}

/* Bytes waiting, in canonical mode only whole lines; none is taken. */
static void emit_queues(int fd, struct facts *out)
{
	int n;

	if (ioctl(fd, FIONREAD, &n) == 0)
		fact_size(out, "recv_queue", (unsigned)n);
	if (ioctl(fd, TIOCOUTQ, &n) == 0)
		fact_size(out, "send_queue", (unsigned)n);
}

static void emit_termios(int fd, struct facts *out)
{
	struct termios t;

	if (ioctl(fd, TCGETS, &t) < 0)
		return;
	fact_bool(out, "icanon", (t.c_lflag & ICANON) != 0);
	fact_bool(out, "echo", (t.c_lflag & ECHO) != 0);
	fact_bool(out, "isig", (t.c_lflag & ISIG) != 0);
}

/* Of a slave that is not our terminal the kernel says ENOTTY: see emit_job(). */
static void emit_grabbed(const struct fdent *e, int fd, struct facts *out)
{
	struct winsize w;
	pid_t pid;
	int n;

	if (ioctl(fd, TIOCGWINSZ, &w) == 0) {
		fact_u64(out, "rows", w.ws_row);
		fact_u64(out, "cols", w.ws_col);
	} else {
		fact_fail(out, "rows", "ioctl(TIOCGWINSZ)", errno);
	}
	if (is_ptmx(e) && ioctl(fd, TIOCGPTN, &n) == 0)
		fact_u64(out, "ptn", (unsigned)n);
	if (is_ptmx(e) && ioctl(fd, TIOCGPTLCK, &n) == 0)
		fact_bool(out, "locked", n != 0);
	if (is_ptmx(e) && ioctl(fd, TIOCGPGRP, &pid) == 0 && pid > 0)
		fact_i64(out, "foreground_pgrp", pid);
	if (is_ptmx(e) && ioctl(fd, TIOCGSID, &pid) == 0 && pid > 0)
		fact_i64(out, "session", pid);
	emit_termios(fd, out);
	emit_queues(fd, out);
}

/* Where it is the owner's own terminal, /proc/PID/stat tells who is in front. */
static void emit_job(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	autoclose int dir = -1;
	struct proc_stat st;

	if (!e->proc || ctx->procfs < 0)
		return;
	dir = proc_open_process(ctx->procfs, e->proc->pid, 0);
	if (dir < 0 || proc_stat_read(dir, &st) < 0 || st.start != e->proc->start)
		return;
	/* The kernel's new_encode_dev(): minor in bits 0-7 and 20-31. */
	if (makedev((unsigned)st.tty_nr >> 8 & 0xfff,
		    ((unsigned)st.tty_nr & 0xff) | ((unsigned)st.tty_nr >> 12 & 0xfff00)) !=
	    e->rdev)
		return;
	fact_bool(out, "controlling", true);
	if (st.tpgid > 0)
		fact_i64(out, "foreground_pgrp", st.tpgid);
	fact_i64(out, "session", st.session);
}

static void tty_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	uint64_t index;

	if (e->have & HAVE_LINK)
		fact_bytes(out, "tty", e->name, e->name_len);
	if (e->have & HAVE_STAT) {
		emit_dev(out, "rdev", e->rdev);
		if (is_ptmx(e))
			fact_text(out, "driver", "pty_master");
		else if (driver_of(e->rdev))
			fact_text(out, "driver", driver_of(e->rdev));
	}
	/* Since Linux 4.15. */
	if (info_u64(e, "tty-index", 10, &index)) {
		fact_u64(out, "tty_index", index);
		emit_slave(e, index, out);
	} else if (is_slave(e)) {
		fact_u64(out, "tty_index", (major(e->rdev) - 136) * 256 + minor(e->rdev));
	}
	if (ctx->deep && (e->have & HAVE_STAT) && !is_ptmx(e))
		emit_job(e, ctx, out);
	if (ctx->grab >= 0)
		emit_grabbed(e, ctx->grab, out);
}

const struct kind kind_tty = {
	.name = "tty",
	.means = "terminal",
	.match = tty_match,
	.facts = tty_facts,
	.brief = "{tty}[, slave {slave}]",
	.peek = peek_tty,
	.op = {
		CELLS_LOOK,
		[OP_PEEK] = { EFFECT_HOLD, "prints the lengths of its queues: bytes of a terminal "
					   "cannot be looked at" },
		CELL_NO_SEND,
		CELL_NO_DUMP("bytes of a terminal can only be taken; read does that"),
		[OP_READ] = { EFFECT_CONSUME, "takes what was typed, or on a master what was "
					      "printed" },
		[OP_WRITE] = { EFFECT_ALTER, "prints on the terminal; on a master it types into "
					     "it" },
		CELL_NO(OP_SEEK, "a terminal has no position"),
		CELL_HOLD("keeps the terminal open: of a master the hangup (SIGHUP) is delayed, "
			  "of a slave the end of file at its master"),
		[OP_TALK] = { EFFECT_ALTER, "takes what was typed or printed, and types or "
					    "prints" },
		CELL_NO(OP_SHUTDOWN, "a terminal ends when its last descriptor is closed"),
		CELL_NO(OP_ABORT, "a terminal is no connection"),
	},
};
