/* SPDX-License-Identifier: MIT */
#include "src/take/why.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "src/base/fd.h"
#include "src/base/sys.h"
#include "src/take/userns.h"

/* What the rules are judged by. */
struct sides {
	const struct target *t;
	struct proc_status self, theirs;
	enum userns_cap ptrace_cap; /* ours in their user namespace */
	bool settled;               /* same thread group: nothing else is asked */
	int getfd_probe;            /* pidfd_getfd of no pidfd: is the call there? */
	int attach_probe;           /* 0 or -errno */
	int kcmp_probe;
};

static struct why_rule *rule(struct why *w, const char *name, enum why_result result,
			     const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static struct why_rule *rule(struct why *w, const char *name, enum why_result result,
			     const char *fmt, ...)
{
	struct why_rule *r = &w->at[w->n < WHY_RULES_MAX - 1 ? w->n++ : WHY_RULES_MAX - 1];
	va_list ap;

	r->name = name;
	r->result = result;
	va_start(ap, fmt);
	vsnprintf(r->facts, sizeof(r->facts), fmt, ap);
	va_end(ap);
	if (result == WHY_REFUSED && w->refusing < 0)
		w->refusing = (int)(r - w->at);
	return r;
}

static void help(struct why_rule *r, const char *words)
{
	if (r->result == WHY_REFUSED || r->result == WHY_UNKNOWN)
		snprintf(r->help, sizeof(r->help), "%s", words);
}

static void rule_kernel(struct why *w, const struct sides *s)
{
	bool missing = s->getfd_probe == -ENOSYS;
	struct why_rule *r;

	r = rule(w, "kernel", missing ? WHY_REFUSED : WHY_PASSED,
		 missing ? "this kernel has no pidfd_getfd(2), which came with Linux 5.6"
			 : "it has pidfd_getfd(2)");
	help(r, "filch ls, show and signal work all the same");
	if (s->t->signals_only) {
		r = rule(w, "pidfd", WHY_REFUSED,
			 "pidfd_open(2) failed (%s); a pidfd made by opening /proc/PID serves "
			 "signals only",
			 strerror(s->t->table_err));
		help(r, "Linux 5.3 or later, without a filter of system calls");
	} else if (s->t->table_pidfd < 0) {
		r = rule(w, "thread", WHY_REFUSED,
			 "thread %d has a table of its own, and a pidfd of a thread could not be "
			 "had (%s)",
			 s->t->tid, strerror(s->t->table_err));
		help(r, "PIDFD_THREAD came with Linux 6.9");
	}
}

/* A filter answers EPERM where the kernel says EBADF to pidfd -1. */
static void rule_seccomp(struct why *w, const struct sides *s)
{
	static const char *const modes[] = { "no filter", "strict mode", "a filter" };
	bool filtered = s->getfd_probe == -EPERM || s->getfd_probe == -EACCES;
	int mode = s->self.seccomp;
	const char *has = mode >= 0 && mode <= 2 ? modes[mode] : "seccomp not in the kernel";
	struct why_rule *r;

	r = rule(w, "seccomp", filtered ? WHY_REFUSED : WHY_PASSED,
		 filtered ? "we have %s, which forbids pidfd_getfd(2) to us"
			  : "we have %s; pidfd_getfd(2) is let through",
		 has);
	help(r, "run filch outside of this container or sandbox");
}

static void rule_alive(struct why *w, const struct sides *s)
{
	const struct target *t = s->t;
	struct proc_stat st;
	struct why_rule *r;
	int live = 0;

	if (proc_stat_read(t->dir, &st) < 0) {
		r = rule(w, "exists", WHY_REFUSED, "process %d has ended", t->pid);
		help(r, "its descriptors were closed");
		return;
	}
	live = st.threads;
	if (st.state != 'Z' && st.state != 'X') {
		rule(w, "exists", WHY_PASSED, "process %d lives, in state %c", t->pid, st.state);
		return;
	}
	if (t->tid) {
		rule(w, "exists", WHY_PASSED, "the leader has exited; thread %d is asked", t->tid);
		return;
	}
	r = rule(w, "exists", WHY_REFUSED,
		 live > 1 ? "the leader of process %d has exited, while %d of its threads live"
			  : "process %d is a zombie: it has exited and its descriptors are closed",
		 t->pid, live - 1);
	help(r, live > 1 ? "name a thread that lives, as PID/TID: see /proc/PID/task" : "");
}

static void rule_kthread(struct why *w, const struct sides *s)
{
	rule(w, "kernel-thread", s->t->kthread ? WHY_REFUSED : WHY_PASSED, "it is %s",
	     s->t->kthread ? "a kernel thread, and has no descriptors" : "no kernel thread");
}

static void rule_self(struct why *w, struct sides *s)
{
	s->settled = s->t->pid == getpid();
	rule(w, "thread-group", s->settled ? WHY_PASSED : WHY_SKIPPED,
	     s->settled ? "it is filch itself: always allowed" : "it is another process");
}

static bool all_three(const unsigned *ids, unsigned ours)
{
	return ids[0] == ours && ids[1] == ours && ids[2] == ours;
}

/* Real, effective and saved of theirs must be our real one. */
static void rule_id(struct why *w, const struct sides *s, const char *name, const unsigned *theirs,
		    unsigned ours)
{
	enum why_result result = WHY_PASSED;
	struct why_rule *r;

	if (!all_three(theirs, ours))
		result = s->ptrace_cap == USERNS_CAP_YES  ? WHY_OVERRULED
			 : s->ptrace_cap == USERNS_CAP_NO ? WHY_REFUSED
							  : WHY_UNKNOWN;
	r = rule(w, name, result, "ours (real) %u; theirs real %u, effective %u, saved %u", ours,
		 theirs[0], theirs[1], theirs[2]);
	if (theirs[0] != ours)
		help(r, "run filch as the same user, or with CAP_SYS_PTRACE (sudo filch ...)");
	else
		help(r, "it runs a set-user-ID or set-group-ID program: CAP_SYS_PTRACE is needed");
}

static void rule_cap(struct why *w, const struct sides *s)
{
	bool have = (s->self.cap_effective >> CAP_SYS_PTRACE) & 1;
	enum userns_cap same = userns_is_ours(s->t->dir);
	const char *where = same == USERNS_CAP_YES  ? "our own"
			    : same == USERNS_CAP_NO ? "another"
						    : "an unknown";

	rule(w, "capability", s->ptrace_cap == USERNS_CAP_YES ? WHY_PASSED : WHY_SKIPPED,
	     "CAP_SYS_PTRACE %s our effective set; its user namespace is %s one: it %s there",
	     have ? "is in" : "is not in", where,
	     s->ptrace_cap == USERNS_CAP_YES  ? "counts"
	     : s->ptrace_cap == USERNS_CAP_NO ? "does not count"
					      : "may or may not count");
}

/*
 * A process that is not dumpable has its /proc/PID/fd owned by root of its user
 * namespace (proc(5)). Of one whose effective uid is that root it cannot be told.
 */
static void rule_dumpable(struct why *w, const struct sides *s)
{
	enum why_result bad = s->ptrace_cap == USERNS_CAP_YES ? WHY_OVERRULED : WHY_REFUSED;
	struct why_rule *r;
	struct stat st;

	if (fstatat(s->t->table_dir, "fd", &st, AT_SYMLINK_NOFOLLOW) < 0) {
		rule(w, "dumpable", WHY_UNKNOWN, "/proc/PID/fd cannot be looked at: %s",
		     strerror(errno));
		return;
	}
	if (st.st_uid != s->theirs.uid[1]) {
		r = rule(w, "dumpable", bad,
			 "it is not dumpable: /proc/PID/fd belongs to %u, the process runs as %u",
			 st.st_uid, s->theirs.uid[1]);
		help(r, "CAP_SYS_PTRACE in its user namespace; it ran a file that it may not "
			"read, changed its ids, or asked for it by prctl(2) PR_SET_DUMPABLE");
	} else if (st.st_uid == 0) {
		rule(w, "dumpable", s->ptrace_cap == USERNS_CAP_YES ? WHY_OVERRULED : WHY_UNKNOWN,
		     "of a process that runs as root it does not show");
	} else {
		rule(w, "dumpable", WHY_PASSED, "it is: /proc/PID/fd belongs to %u, as it should",
		     st.st_uid);
	}
}

static void rule_caps_subset(struct why *w, const struct sides *s)
{
	uint64_t more = s->theirs.cap_permitted & ~s->self.cap_permitted;
	bool foreign = userns_is_ours(s->t->dir) == USERNS_CAP_NO;
	struct why_rule *r;

	if (!foreign && !more) {
		rule(w, "capabilities", WHY_PASSED, "ours contain theirs (%#llx)",
		     (unsigned long long)s->theirs.cap_permitted);
		return;
	}
	r = rule(w, "capabilities",
		 s->ptrace_cap == USERNS_CAP_YES  ? WHY_OVERRULED
		 : s->ptrace_cap == USERNS_CAP_NO ? WHY_REFUSED
						  : WHY_UNKNOWN,
		 foreign ? "it is in another user namespace, and its capabilities (%#llx) are of "
			   "that one"
			 : "it has permitted capabilities that we lack: %#llx",
		 (unsigned long long)(foreign ? s->theirs.cap_permitted : more));
	help(r, "CAP_SYS_PTRACE in its user namespace, or those capabilities for filch");
}

static void rule_yama(struct why *w, const struct sides *s)
{
	autoclose int fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);
	bool cap = s->ptrace_cap == USERNS_CAP_YES;
	enum why_result result = cap ? WHY_OVERRULED : WHY_REFUSED;
	struct why_rule *r;
	char scope = 0;

	if (fd < 0) {
		rule(w, "yama", WHY_PASSED, "this kernel has no Yama");
		return;
	}
	if (read(fd, &scope, 1) != 1 || scope == '0') {
		rule(w, "yama", WHY_PASSED, "kernel.yama.ptrace_scope is 0");
		return;
	}
	/* Under 1 an ancestor may, and whom the target named: only the kernel knows. */
	if (scope == '1' && s->attach_probe == 0)
		result = WHY_PASSED;
	if (scope == '3')
		result = WHY_REFUSED;
	r = rule(w, "yama", result, "kernel.yama.ptrace_scope is %c: %s", scope,
		 scope == '1'   ? "only an ancestor, or whom it named by PR_SET_PTRACER"
		 : scope == '2' ? "only with CAP_SYS_PTRACE"
				: "nobody may, until the next boot");
	help(r, "sudo filch ..., or sysctl kernel.yama.ptrace_scope=0");
}

static bool landlock_here(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

static void lsm_list(char *p, size_t size)
{
	autoclose int fd = open("/sys/kernel/security/lsm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, p, size - 1);

	if (n <= 0)
		snprintf(p, size, "not listed (securityfs is not mounted)");
	else
		p[n] = '\0';
}

/*
 * A rule that refuses unless a capability of ours counts in a user namespace that
 * we cannot see: the kernel refuses, so none does.
 */
static bool settle_unknown(struct why *w)
{
	for (size_t i = 0; i < w->n; i++) {
		struct why_rule *r = &w->at[i];

		if (r->result != WHY_UNKNOWN ||
		    (strcmp(r->name, "uid") != 0 && strcmp(r->name, "gid") != 0 &&
		     strcmp(r->name, "capabilities") != 0))
			continue;
		r->result = WHY_REFUSED;
		w->refusing = (int)i;
		return true;
	}
	return false;
}

/*
 * Nothing shows whether we are in a Landlock domain: it is what is left when
 * every rule that can be read has passed and the kernel refuses all the same.
 */
static void rule_lsm(struct why *w, const struct sides *s)
{
	bool refuses = w->refusing < 0 && s->attach_probe == -EPERM;
	char list[96];
	struct why_rule *r;

	lsm_list(list, sizeof(list));
	if (refuses && settle_unknown(w)) {
		rule(w, "lsm", WHY_UNKNOWN,
		     "it does not show, since another rule refuses; modules: %s", list);
		return;
	}
	if (!refuses) {
		rule(w, "lsm", WHY_PASSED, "no security module refuses; modules: %s", list);
		return;
	}
	r = rule(w, "lsm", WHY_REFUSED,
		 "all rules above would allow it, and the kernel refuses: %s; modules: %s",
		 landlock_here() ? "a Landlock domain around filch, or another security module"
				 : "a security module, such as SELinux or AppArmor",
		 list);
	help(r, "run filch outside of the sandbox, or look into the log of the security module");
}

static void rule_room(struct why *w)
{
	int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	int err = errno;
	struct rlimit rl = { 0 };
	struct why_rule *r;

	if (fd < 0 && err == EBADF) {
		fd = open("/", O_PATH | O_CLOEXEC);
		err = errno;
	}
	getrlimit(RLIMIT_NOFILE, &rl);
	r = rule(w, "room", fd < 0 ? WHY_REFUSED : WHY_PASSED,
		 fd < 0 ? "our own table is full at %llu descriptors"
			: "our own table has room (limit %llu)",
		 (unsigned long long)rl.rlim_cur);
	help(r, "raise RLIMIT_NOFILE (ulimit -n), or take fewer at once");
	if (fd >= 0)
		close(fd);
}

/*
 * What the kernel really says: it judges before it looks for the descriptor, and no
 * table reaches so far. EBADF is the answer to who may, EPERM to who may not.
 */
static int probe_attach(const struct target *t)
{
	int r = t->table_pidfd < 0 ? -ENOSYS : sys_pidfd_getfd(t->table_pidfd, INT_MAX, 0);

	if (r >= 0)
		close(r);
	return r == -EBADF ? 0 : r;
}

static void probe(struct sides *s)
{
	pid_t id = s->t->tid ? s->t->tid : s->t->pid;
	int r;

	s->getfd_probe = sys_pidfd_getfd(-1, 0, 0);
	s->attach_probe = probe_attach(s->t);
	r = sys_kcmp(getpid(), id, SYS_KCMP_FILES, 0, 0);
	s->kcmp_probe = r < 0 ? r : 0;
}

/* A refusal by the ids or by what follows them: the kernel was asked the same. */
static bool is_access_rule(const struct why *w, int i)
{
	static const char *const before[] = { "kernel", "pidfd",         "thread", "seccomp",
					      "exists", "kernel-thread", "room" };

	for (size_t k = 0; k < sizeof(before) / sizeof(before[0]); k++)
		if (strcmp(w->at[i].name, before[k]) == 0)
			return false;
	return true;
}

static void verdict(struct why *w, const struct sides *s)
{
	bool attach = s->attach_probe == 0;
	bool told = (attach || s->attach_probe == -EPERM) && s->getfd_probe == -EBADF;

	/* A kernel thread has nothing to take, whoever asks. */
	w->verified = told && !s->t->kthread;
	if (w->verified && attach && w->refusing >= 0 && is_access_rule(w, w->refusing)) {
		w->at[w->refusing].result = WHY_UNKNOWN;
		w->refusing = -1;
	}
	rule(w, "attach",
	     !w->verified ? WHY_UNKNOWN
	     : attach     ? WHY_PASSED
			  : WHY_REFUSED,
	     "pidfd_getfd(2) of a number that nobody has: %s; kcmp(2), which asks for less: %s",
	     attach ? "allowed" : strerror(-s->attach_probe),
	     s->kcmp_probe == 0 ? "allowed" : strerror(-s->kcmp_probe));
	w->allowed = w->refusing < 0;
}

int why_walk(struct why *w, const struct target *t, int procfs, struct fail *f)
{
	autoclose int self = proc_open_process(procfs, getpid(), 0);
	struct sides s = { .t = t, .theirs = t->status };
	int r = self < 0 ? self : proc_status_read(self, &s.self);

	memset(w, 0, sizeof(*w));
	w->refusing = -1;
	if (r < 0)
		return fail_set(f, -r, "open", "/proc/self/status");
	proc_status_read(t->table_dir, &s.theirs);
	s.ptrace_cap = userns_capable(t->dir, &s.self, CAP_SYS_PTRACE);
	probe(&s);
	rule_kernel(w, &s);
	rule_seccomp(w, &s);
	rule_alive(w, &s);
	rule_kthread(w, &s);
	rule_self(w, &s);
	if (!s.settled && !t->kthread && w->refusing < 0) {
		rule_id(w, &s, "uid", s.theirs.uid, s.self.uid[0]);
		rule_id(w, &s, "gid", s.theirs.gid, s.self.gid[0]);
		rule_cap(w, &s);
		rule_dumpable(w, &s);
		rule_caps_subset(w, &s);
		rule_yama(w, &s);
		rule_lsm(w, &s);
	}
	rule_room(w);
	verdict(w, &s);
	return 0;
}

const char *why_result_name(enum why_result r)
{
	static const char *const names[] = {
		[WHY_PASSED] = "passed",
		[WHY_REFUSED] = "refused",
		[WHY_UNKNOWN] = "unknown",
		[WHY_SKIPPED] = "not asked",
		[WHY_OVERRULED] = "overruled by CAP_SYS_PTRACE",
	};

	return names[r];
}

void why_facts(const struct why *w, struct facts *out)
{
	fact_bool(out, "allowed", w->allowed);
	fact_bool(out, "verified", w->verified);
	if (w->refusing >= 0)
		fact_text(out, "refused_by", w->at[w->refusing].name);
	fact_list(out, "rules");
	for (size_t i = 0; i < w->n; i++) {
		const struct why_rule *r = &w->at[i];

		fact_object(out, NULL);
		fact_text(out, "rule", r->name);
		fact_text(out, "result", why_result_name(r->result));
		fact_text(out, "facts", r->facts);
		if (r->help[0])
			fact_text(out, "help", r->help);
		fact_end_object(out);
	}
	fact_end_list(out);
}

bool why_explain(const struct why *w, struct fail *f)
{
	const struct why_rule *r;

	if (w->refusing < 0)
		return false;
	r = &w->at[w->refusing];
	fail_why(f, "%s: %s", r->name, r->facts);
	fail_advice(f, "%s", r->help);
	return true;
}
