/* SPDX-License-Identifier: MIT */
#include "src/stop/signal.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/sys.h"
#include "src/base/text.h"

#define SIG_LAST (_NSIG - 1)

/* Names that signal(7) has beside those of sigabbrev_np(3). */
static const struct {
	const char *name;
	int sig;
} aliases[] = {
	{ "IOT", SIGIOT },
	{ "CLD", SIGCHLD },
	{ "IO", SIGIO },
	{ "POLL", SIGPOLL },
};

static int by_name(const char *name)
{
	for (int sig = 1; sig < SIGRTMIN; sig++) {
		const char *known = sigabbrev_np(sig);

		if (known && strcasecmp(name, known) == 0)
			return sig;
	}
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcasecmp(name, aliases[i].name) == 0)
			return aliases[i].sig;
	return -EINVAL;
}

/* RTMIN, RTMIN+N, RTMAX, RTMAX-N: never out of the range between them. */
static int by_real_time_name(const char *name)
{
	bool min = strncasecmp(name, "RTMIN", 5) == 0;
	int64_t n;

	if (!min && strncasecmp(name, "RTMAX", 5) != 0)
		return -EINVAL;
	name += 5;
	if (!*name)
		return min ? SIGRTMIN : SIGRTMAX;
	if (*name != (min ? '+' : '-') || text_parse_int(name + 1, 0, SIGRTMAX - SIGRTMIN, &n) < 0)
		return -EINVAL;
	return min ? SIGRTMIN + (int)n : SIGRTMAX - (int)n;
}

int signal_parse(const char *text, struct fail *f)
{
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	int64_t n;
	int sig;

	if (text_parse_int(text, 0, SIG_LAST, &n) == 0)
		return (int)n;
	sig = by_name(name);
	if (sig < 0)
		sig = by_real_time_name(name);
	if (sig >= 0)
		return sig;
	fail_set(f, EINVAL, "signal", "\"%s\"", text);
	fail_class(f, FAIL_USAGE);
	fail_why(f,
		 "a signal is a name such as TERM or SIGTERM, RTMIN+N, RTMAX-N, or a number "
		 "from 0 to %d",
		 SIG_LAST);
	return -EINVAL;
}

const char *signal_name(int sig, char *p, size_t size)
{
	const char *known = sig > 0 && sig < SIGRTMIN ? sigabbrev_np(sig) : NULL;

	if (known)
		snprintf(p, size, "SIG%s", known);
	else if (sig == SIGRTMIN || sig == SIGRTMAX)
		snprintf(p, size, "%s", sig == SIGRTMIN ? "SIGRTMIN" : "SIGRTMAX");
	else if (sig > SIGRTMIN && sig < SIGRTMAX)
		snprintf(p, size, "SIGRTMIN+%d", sig - SIGRTMIN);
	else
		snprintf(p, size, "signal %d", sig);
	return p;
}

const char *signal_words(int sig)
{
	return sig > 0 && sig < SIGRTMIN ? sigdescr_np(sig) : NULL;
}

/* Why it did not work: the facts are gathered only now that somebody wants them. */
struct attempt {
	const struct target *t;
	int sig;
	char name[32];
	struct fail *f;
};

enum { NS_SAME, NS_OTHER, NS_UNKNOWN };

static int compare_namespace(const struct target *t, const char *ns)
{
	struct stat ours, theirs;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/%s", ns);
	if (stat(path, &ours) < 0 || fstatat(t->dir, ns, &theirs, 0) < 0)
		return NS_UNKNOWN;
	return ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino ? NS_SAME : NS_OTHER;
}

static bool have_cap_kill(void)
{
	struct proc_status us;
	int procfs = procfs_open("/proc", NULL);
	int dir = procfs < 0 ? -1 : proc_open_process(procfs, getpid(), 0);
	bool have = dir >= 0 && proc_status_read(dir, &us) == 0 &&
		    (us.cap_effective & (UINT64_C(1) << CAP_KILL));

	if (dir >= 0)
		close(dir);
	if (procfs >= 0)
		close(procfs);
	return have;
}

/* kill(2): the rule that the kernel's kill_ok_by_cred() applies. */
static void explain_eperm(const struct attempt *a)
{
	struct proc_status st = a->t->status;
	uid_t real = getuid(), effective = geteuid();
	bool same_user, cap = have_cap_kill();
	int ns = compare_namespace(a->t, "ns/user");

	proc_status_read(a->t->dir, &st);
	same_user = real == st.uid[0] || real == st.uid[2] || effective == st.uid[0] ||
		    effective == st.uid[2];
	if (same_user || (cap && ns == NS_SAME)) {
		fail_why(a->f, "our user may signal it, so a security module or a filter of system "
			       "calls (seccomp) refused");
		fail_advice(a->f, "run filch outside of the container or sandbox that filters it");
		return;
	}
	fail_why(a->f,
		 "our real or effective user (%u, %u) must equal its real or saved one (%u, %u)%s",
		 real, effective, st.uid[0], st.uid[2],
		 a->sig == SIGCONT ? ", or be in one session with it, for SIGCONT" : "");
	if (cap)
		fail_advice(a->f, "our CAP_KILL does not count in its user namespace: run filch "
				  "there or as root outside");
	else
		fail_advice(a->f, "run filch as that user, or with CAP_KILL (as root)");
}

static void explain_einval(const struct attempt *a)
{
	if (a->sig < 0 || a->sig > SIG_LAST) {
		fail_class(a->f, FAIL_USAGE);
		fail_why(a->f, "there is no signal with this number: they go from 1 to %d",
			 SIG_LAST);
		return;
	}
	if (compare_namespace(a->t, "ns/pid") == NS_OTHER) {
		fail_why(a->f,
			 "it is in a pid namespace above ours, and pidfds signal only our own "
			 "and those below");
		fail_advice(a->f, "run filch outside of this container");
		return;
	}
	fail_why(a->f, "the kernel does not know this way of sending");
}

static void explain(const struct attempt *a, int err)
{
	switch (err) {
	case EPERM:
		explain_eperm(a);
		break;
	case EINVAL:
		explain_einval(a);
		break;
	case ESRCH:
		fail_why(a->f, "it has ended");
		break;
	case EBADF:
		fail_why(a->f, "the descriptor that holds it is no pidfd any more");
		break;
	case EAGAIN:
		fail_why(a->f,
			 "the queue of signals of its user %u is full (RLIMIT_SIGPENDING, "
			 "SigQ in /proc/PID/status)",
			 a->t->status.uid[0]);
		fail_advice(a->f, "send it without a value, or when it has taken some");
		break;
	case ENOSYS:
		fail_why(a->f,
			 "pidfd_send_signal(2) is not there: the kernel is older than 5.1, or a "
			 "filter hides it");
		fail_advice(a->f,
			    "kill(1) works, but may hit another process that has the pid now");
		break;
	}
}

static int refuse(const struct attempt *a, int err, const char *why)
{
	char who[128];

	fail_set(a->f, err, "signal", "%s to %s", a->name, target_describe(a->t, who, sizeof(who)));
	fail_why(a->f, "%s", why);
	return -err;
}

/* What the kernel takes without an error although nothing will come of it. */
static int check_target(const struct attempt *a)
{
	if (target_has_exited(a->t))
		return refuse(
			a, ESRCH,
			target_exists(a->t) < 0
				? "it has ended"
				: "it has exited: a zombie takes no signals, its parent must wait");
	if (a->t->kthread && a->sig) {
		refuse(a, EOPNOTSUPP, "it is a kernel thread: those ignore signals");
		return -EOPNOTSUPP;
	}
	if (a->t->tid && a->t->table_pidfd < 0) {
		refuse(a, ENOSYS, "signalling one thread by pidfd needs Linux 6.9");
		fail_advice(a->f, "name the process without its thread: %d", a->t->pid);
		return -ENOSYS;
	}
	return 0;
}

int signal_send(const struct target *t, int sig, const union sigval *value, struct fail *f)
{
	struct attempt a = { .t = t, .sig = sig, .f = f };
	siginfo_t info;
	char who[128];
	int r;

	signal_name(sig, a.name, sizeof(a.name));
	r = check_target(&a);
	if (r < 0)
		return r;
	memset(&info, 0, sizeof(info));
	info.si_signo = sig;
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_uid = getuid();
	if (value)
		info.si_value = *value;
	r = sys_pidfd_send_signal(t->tid ? t->table_pidfd : t->pidfd, sig, value ? &info : NULL, 0);
	if (r == 0)
		return 0;
	fail_set(f, -r, "pidfd_send_signal", "%s to %s", a.name,
		 target_describe(t, who, sizeof(who)));
	explain(&a, -r);
	return r;
}
