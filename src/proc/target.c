/* SPDX-License-Identifier: MIT */
#include "src/proc/target.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/buf.h"
#include "src/base/fd.h"
#include "src/base/sys.h"
#include "src/base/text.h"

static int bad_target(struct fail *f, const char *text, size_t len)
{
	fail_set(f, EINVAL, "", "target \"%.*s\"", (int)len, text);
	fail_class(f, FAIL_USAGE);
	fail_why(f, "a target is PID, PID/TID, PID@START or =NAME");
	return -EINVAL;
}

/* Digits at *s, before end: moves *s behind them. */
static bool take_number(const char **s, const char *end, uint64_t max, uint64_t *v)
{
	const char *from = *s;
	uint64_t value = 0;

	for (; *s < end && **s >= '0' && **s <= '9'; (*s)++) {
		value = value * 10 + (uint64_t)(**s - '0');
		if (value > max || *s - from > 19)
			return false;
	}
	*v = value;
	return *s > from;
}

int target_name_parse(struct target_name *name, const char *text, size_t len, struct fail *f)
{
	const char *s = text, *end = text + len;
	uint64_t v;

	memset(name, 0, sizeof(*name));
	if (len > 1 && *s == '=') {
		if (len - 1 >= sizeof(name->comm))
			return bad_target(f, text, len);
		memcpy(name->comm, s + 1, len - 1);
		return 0;
	}
	if (!take_number(&s, end, PID_LAST, &v) || v == 0)
		return bad_target(f, text, len);
	name->pid = (pid_t)v;
	if (s < end && *s == '/') {
		s++;
		if (!take_number(&s, end, PID_LAST, &v) || v == 0)
			return bad_target(f, text, len);
		name->tid = (pid_t)v == name->pid ? 0 : (pid_t)v;
	}
	if (s < end && *s == '@') {
		s++;
		if (!take_number(&s, end, UINT64_MAX / 10 - 1, &name->start))
			return bad_target(f, text, len);
		name->has_start = true;
	}
	return s == end ? 0 : bad_target(f, text, len);
}

/* Does the process have that name? Its stat is kept for the list of candidates. */
static bool has_comm(int procfs, pid_t pid, const char *comm)
{
	autoclose int dir = proc_open_process(procfs, pid, 0);
	struct proc_stat st;

	return dir >= 0 && proc_stat_read(dir, &st) == 0 && strcmp(st.comm, comm) == 0;
}

static int resolve_failed(const struct target_name *name, size_t found, const char *list,
			  struct fail *f)
{
	if (!found) {
		fail_set(f, ESRCH, "", "target =%s", name->comm);
		fail_why(f, "no visible process has this command name");
		fail_advice(f, "a name is what /proc/PID/comm says, at most 15 bytes");
		return -ESRCH;
	}
	fail_set(f, ENOTUNIQ, "", "target =%s", name->comm);
	fail_class(f, FAIL_USAGE);
	fail_why(f, "%zu processes have this name: %s", found, list);
	fail_advice(f, "name one of them by its pid");
	return -ENOTUNIQ;
}

int target_name_resolve(struct target_name *name, int procfs, struct fail *f)
{
	autofree int *pids = NULL;
	autobuf list = BUF_INIT;
	size_t n = 0, found = 0;
	pid_t last = 0;
	int r;

	if (name->pid)
		return 0;
	r = proc_numbers(procfs, ".", &pids, &n);
	if (r < 0)
		return fail_set(f, -r, "getdents", "/proc");
	for (size_t i = 0; i < n; i++) {
		if (!has_comm(procfs, pids[i], name->comm))
			continue;
		last = pids[i];
		if (found++ < 32)
			buf_addf(&list, "%s%d", found > 1 ? ", " : "", last);
		else if (found == 33)
			buf_adds(&list, ", ...");
	}
	if (found != 1)
		return resolve_failed(name, found, buf_str(&list), f);
	name->pid = last;
	return 0;
}

static int no_such(struct fail *f, const struct target_name *name, const char *call, int err)
{
	fail_set(f, err, call, "process %d", name->pid);
	if (err == ENOENT || err == ESRCH) {
		fail_class(f, FAIL_GONE);
		fail_why(f, "there is no process with this pid that we can see");
		fail_advice(f, "filch ls lists the processes of this pid namespace");
	}
	if (err == EMFILE) {
		fail_why(f, "our own table of descriptors is full");
		fail_advice(f, "raise the limit (ulimit -n)");
	}
	if (err == ENFILE)
		fail_why(f, "the system's table of open files is full (/proc/sys/fs/file-max)");
	return -err;
}

/* A mount with hidepid=2 does not show it, yet it can be asked for by number. */
static bool is_hidden(int procfs, pid_t pid)
{
	autoclose int pidfd = sys_pidfd_open(pid, 0);
	char self[16];
	ssize_t n = readlinkat(procfs, "self", self, sizeof(self) - 1);

	if (pidfd < 0 || n <= 0)
		return false;
	self[n] = '\0';
	return strtol(self, NULL, 10) == getpid(); /* else it numbers another namespace */
}

static int not_shown(int procfs, const struct target_name *name, int err, struct fail *f)
{
	if (err != EPERM && (err != ENOENT || !is_hidden(procfs, name->pid)))
		return no_such(f, name, "open", err);
	fail_set(f, err, "open", "process %d", name->pid);
	fail_class(f, FAIL_PERMISSION);
	/* EPERM: with hidepid=1 it is there, and closed. */
	fail_why(f, "it runs, but /proc is mounted with hidepid and does not show it to us");
	fail_advice(f, "run filch as the same user, or as root (sudo filch ...)");
	return -err;
}

static int read_identity(struct target *t, const struct target_name *name, struct fail *f)
{
	struct proc_stat st;
	int r = proc_stat_read(t->dir, &st);

	if (r < 0)
		return no_such(f, name, "read", -r);
	memcpy(t->comm, st.comm, sizeof(t->comm));
	t->comm_len = st.comm_len;
	t->start = st.start;
	t->zombie = st.state == 'Z' || st.state == 'X';
	t->kthread = (st.flags & PROC_PF_KTHREAD) != 0;
	t->self = name->pid == getpid();
	r = proc_status_read(t->dir, &t->status);
	return r < 0 ? no_such(f, name, "read", -r) : 0;
}

static int check_start(const struct target *t, const struct target_name *name, struct fail *f)
{
	if (!name->has_start || name->start == t->start)
		return 0;
	fail_set(f, ESRCH, "", "process %d@%" PRIu64, name->pid, name->start);
	fail_why(f, "another process has this pid now: it started at %" PRIu64 " (%s)", t->start,
		 t->comm);
	fail_advice(f, "the process you mean has ended");
	return -ESRCH;
}

/* /proc/TID is there, though no listing shows it; and tools such as top tell TIDs. */
static int is_thread(const struct target *t, struct fail *f)
{
	fail_set(f, ESRCH, "", "process %d", t->pid);
	fail_class(f, FAIL_GONE);
	fail_why(f, "this is the number of a thread of process %d", t->status.tgid);
	fail_advice(f, "%d, or %d/%d if the thread may have a table of its own", t->status.tgid,
		    t->status.tgid, t->pid);
	return -ESRCH;
}

static int open_pidfd(struct target *t, const struct target_name *name, struct fail *f)
{
	if (t->status.tgid != t->pid)
		return is_thread(t, f);
	t->pidfd = sys_pidfd_open(t->pid, 0);
	if (t->pidfd >= 0)
		return 0;
	/* ENOSYS: older than 5.3. EPERM: a seccomp filter that knows no pidfds. */
	if (t->pidfd == -ENOSYS || t->pidfd == -EPERM) {
		t->table_err = -t->pidfd;
		t->signals_only = true;
		t->pidfd = fcntl(t->dir, F_DUPFD_CLOEXEC, 3);
		return t->pidfd < 0 ? fail_set(f, errno, "fcntl", "process %d", t->pid) : 0;
	}
	if (t->pidfd == -ESRCH || t->pidfd == -EINVAL)
		return no_such(f, name, "pidfd_open", ESRCH);
	return no_such(f, name, "pidfd_open", -t->pidfd);
}

/* A thread with a table of its own needs a pidfd of its own: PIDFD_THREAD. */
static int open_table(struct target *t, int procfs, const struct target_name *name, struct fail *f)
{
	t->table_dir = t->dir;
	t->table_pidfd = t->signals_only ? -1 : t->pidfd;
	if (!name->tid)
		return 0;
	t->tid = name->tid;
	t->table_dir = proc_open_process(procfs, t->pid, t->tid);
	if (t->table_dir < 0) {
		fail_set(f, ESRCH, "open", "thread %d of process %d", t->tid, t->pid);
		fail_why(f, "the process has no such thread");
		return -ESRCH;
	}
	t->table_pidfd = t->signals_only ? -ENOSYS : sys_pidfd_open(t->tid, SYS_PIDFD_THREAD);
	if (t->table_pidfd < 0) {
		/* Listing still works; a grab says what is missing. */
		t->table_err = t->signals_only ? t->table_err : -t->table_pidfd;
		t->table_pidfd = -1;
	}
	return 0;
}

int target_open(struct target *t, int procfs, const struct target_name *name, struct fail *f)
{
	struct target_name n = *name;
	struct proc_stat st;
	int r = target_name_resolve(&n, procfs, f), still;

	memset(t, 0, sizeof(*t));
	t->pidfd = t->table_pidfd = t->dir = t->table_dir = -1;
	if (r < 0)
		return r;
	t->pid = n.pid;
	t->dir = proc_open_process(procfs, n.pid, 0);
	if (t->dir < 0)
		r = not_shown(procfs, &n, -t->dir, f);
	if (r == 0)
		r = read_identity(t, &n, f);
	if (r == 0)
		r = check_start(t, &n, f);
	if (r == 0)
		r = open_pidfd(t, &n, f);
	if (r == 0)
		r = open_table(t, procfs, &n, f);
	/*
	 * The directory is bound to one process. That it can still be read after
	 * pidfd_open means that the pid was not free in between: it is the same.
	 */
	still = r == 0 ? proc_stat_read(t->dir, &st) : 0;
	if (still < 0)
		r = no_such(f, &n, "read", -still);
	if (r < 0)
		target_close(t);
	return r;
}

void target_close(struct target *t)
{
	if (t->table_pidfd != t->pidfd)
		fd_close(&t->table_pidfd);
	if (t->table_dir != t->dir)
		fd_close(&t->table_dir);
	fd_close(&t->pidfd);
	fd_close(&t->dir);
	t->table_pidfd = t->table_dir = -1;
}

void target_close_scoped(struct target *t)
{
	target_close(t);
}

int target_exists(const struct target *t)
{
	struct proc_stat st;
	int r = proc_stat_read(t->dir, &st);

	return r == -ENOENT ? -ESRCH : r;
}

bool target_has_exited(const struct target *t)
{
	struct pollfd pfd = { .fd = t->pidfd, .events = POLLIN };
	struct proc_stat st;

	if (t->signals_only)
		return proc_stat_read(t->dir, &st) < 0 || st.state == 'Z' || st.state == 'X';
	return poll(&pfd, 1, 0) == 1;
}

const char *target_describe(const struct target *t, char *p, size_t size)
{
	if (t->tid)
		snprintf(p, size, "thread %d of process %d (%s)", t->tid, t->pid, t->comm);
	else
		snprintf(p, size, "process %d (%s)", t->pid, t->comm);
	return p;
}
