/* SPDX-License-Identifier: MIT */
#include "src/take/refusal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "src/take/why.h"

static int start(int err, const char *call, const struct target *t, int fd, struct fail *f)
{
	char who[128];

	target_describe(t, who, sizeof(who));
	return fail_set(f, err, call, "descriptor %d of %s", fd, who);
}

int refusal_not_open(const struct target *t, int fd, struct fail *f)
{
	start(EBADF, "pidfd_getfd", t, fd, f);
	fail_why(f, "it has no open descriptor with this number");
	fail_advice(f, "filch ls %d lists what it has", t->pid);
	return -EBADF;
}

static bool is_open(const struct target *t, int fd)
{
	char name[32];
	struct stat st;

	snprintf(name, sizeof(name), "fd/%d", fd);
	return fstatat(t->table_dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int bad_descriptor(const struct target *t, int fd, struct fail *f)
{
	start(EBADF, "pidfd_getfd", t, fd, f);
	if (t->kthread) {
		fail_class(f, FAIL_OTHER);
		fail_why(f, "it is a kernel thread, and has no descriptors");
		return -EBADF;
	}
	if (t->signals_only) {
		fail_class(f, FAIL_OTHER);
		fail_why(f,
			 "our pidfd was made by opening /proc/%d, for this kernel gave us no "
			 "pidfd_open(2) (%s); it serves signals only",
			 t->pid, strerror(t->table_err));
		fail_advice(f, "Linux 5.6 or later, outside of a filter of system calls");
		return -EBADF;
	}
	if (is_open(t, fd)) {
		fail_why(f, "it is open, but its number was out of reach: it was closed and "
			    "opened again meanwhile");
		fail_advice(f, "try again");
		return -EBADF;
	}
	return refusal_not_open(t, fd, f);
}

static int gone(const struct target *t, int fd, struct fail *f)
{
	struct proc_stat st;

	start(ESRCH, "pidfd_getfd", t, fd, f);
	if (proc_stat_read(t->dir, &st) < 0) {
		fail_why(f, "the process has ended and its descriptors are closed");
		return -ESRCH;
	}
	if ((st.state == 'Z' || st.state == 'X') && st.threads > 1 && !t->tid) {
		fail_why(f,
			 "its first thread has exited, while %d other threads live on and "
			 "hold the table",
			 st.threads - 1);
		fail_advice(f, "name one that lives, as %d/TID: see /proc/%d/task", t->pid, t->pid);
		return -ESRCH;
	}
	fail_why(f, "the process has exited and closed its descriptors%s",
		 st.state == 'Z' ? "; what is left is a zombie that its parent did not wait for"
				 : "");
	return -ESRCH;
}

static int refused(int err, const struct target *t, int fd, int procfs, struct fail *f)
{
	struct why w;

	start(err, "pidfd_getfd", t, fd, f);
	if (why_walk(&w, t, procfs, NULL) == 0 && why_explain(&w, f))
		return -err;
	fail_why(f, "PTRACE_MODE_ATTACH_REALCREDS was refused (ptrace(2)), by a rule that does "
		    "not show");
	fail_advice(f, "filch why %d says what can be found out", t->pid);
	return -err;
}

static void own_table_full(struct fail *f)
{
	struct rlimit rl = { 0 };

	getrlimit(RLIMIT_NOFILE, &rl);
	fail_why(f, "our own table of descriptors is full, at %llu",
		 (unsigned long long)rl.rlim_cur);
	fail_advice(f, "raise the limit (ulimit -n), or take fewer at once");
}

static int no_thread_pidfd(const struct target *t, int fd, struct fail *f)
{
	start(t->table_err, "pidfd_open", t, fd, f);
	fail_class(f, FAIL_OTHER);
	fail_why(f, "the thread has a table of its own, and a pidfd of a thread needs "
		    "PIDFD_THREAD of Linux 6.9");
	return -t->table_err;
}

int refusal_getfd(int err, const struct target *t, int fd, int procfs, struct fail *f)
{
	if (t->table_pidfd < 0 && !t->signals_only)
		return no_thread_pidfd(t, fd, f);
	switch (err) {
	case EBADF:
		return bad_descriptor(t, fd, f);
	case ESRCH:
		return gone(t, fd, f);
	case EPERM:
	case EACCES:
		return refused(err, t, fd, procfs, f);
	}
	start(err, "pidfd_getfd", t, fd, f);
	switch (err) {
	case EMFILE:
		own_table_full(f);
		break;
	case ENFILE:
		fail_why(f, "the system's table of open files is full (fs.file-max)");
		fail_advice(f, "somebody leaks: filch ls --summary shows who holds most");
		break;
	case EINVAL:
		fail_why(f, "the kernel refuses the flags, which are 0: no kernel that we know");
		break;
	case ENOSYS:
		fail_why(f, "this kernel has no pidfd_getfd(2), which came with Linux 5.6");
		fail_advice(f, "filch ls, show and signal work all the same");
		break;
	}
	return -err;
}

static int kcmp_gone(const struct target *a, const struct target *b, struct fail *f)
{
	const struct target *dead = b && target_has_exited(b) ? b : a;
	char who[128];

	target_describe(dead, who, sizeof(who));
	fail_set(f, ESRCH, "kcmp", "%s", who);
	fail_why(f, "the process has ended");
	return -ESRCH;
}

int refusal_kcmp(int err, const struct target *a, const struct target *b, int procfs,
		 struct fail *f)
{
	char one[128], two[128] = "filch itself";
	struct why w;

	if (err == ESRCH)
		return kcmp_gone(a, b, f);
	target_describe(a, one, sizeof(one));
	if (b)
		target_describe(b, two, sizeof(two));
	fail_set(f, err, "kcmp", "%s and %s", one, two);
	switch (err) {
	case EBADF:
		fail_why(f, "one of the two descriptors is not open (any more)");
		break;
	case EPERM:
	case EACCES:
		fail_why(f, "PTRACE_MODE_READ_REALCREDS was refused (ptrace(2))");
		if ((why_walk(&w, a, procfs, NULL) == 0 && why_explain(&w, f)) ||
		    (b && why_walk(&w, b, procfs, NULL) == 0 && why_explain(&w, f)))
			break;
		fail_advice(f, "filch why %d", a->pid);
		break;
	case ENOSYS:
		fail_why(f, "this kernel was built without kcmp(2) (CONFIG_KCMP)");
		fail_advice(f, "sharing stays unknown; device and inode can still be compared");
		break;
	}
	return -err;
}
