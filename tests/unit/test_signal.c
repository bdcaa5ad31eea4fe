/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/base/fd.h"
#include "src/base/sys.h"
#include "src/stop/signal.h"

static int target_of(struct target *t, pid_t pid)
{
	autoclose int procfs = procfs_open("/proc", NULL);
	struct target_name name = { .pid = pid };

	return target_open(t, procfs, &name, NULL);
}

/* A child that blocks every signal and reports them by sigwaitinfo(2). */
struct victim {
	pid_t pid;
	int reports; /* siginfo_t after siginfo_t */
	struct target t;
};

static void victim_main(int out, uid_t uid)
{
	siginfo_t info;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (uid && setresuid(uid, uid, uid) < 0)
		_exit(1);
	(void)!write(out, "r", 1);
	while (sigwaitinfo(&all, &info) > 0)
		(void)!write(out, &info, sizeof(info));
	_exit(0);
}

static void victim_start(struct victim *v, uid_t uid)
{
	int ends[2];
	char c;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	v->pid = fork();
	if (v->pid == 0) {
		close(ends[0]);
		victim_main(ends[1], uid);
	}
	close(ends[1]);
	v->reports = ends[0];
	assert_int_equal(read(v->reports, &c, 1), 1);
	assert_int_equal(target_of(&v->t, v->pid), 0);
}

static siginfo_t victim_took(struct victim *v)
{
	struct pollfd pfd = { .fd = v->reports, .events = POLLIN };
	siginfo_t info;

	assert_int_equal(poll(&pfd, 1, 5000), 1);
	assert_int_equal(read(v->reports, &info, sizeof(info)), sizeof(info));
	return info;
}

static void victim_end(struct victim *v)
{
	kill(v->pid, SIGKILL);
	waitpid(v->pid, NULL, 0);
	close(v->reports);
	target_close(&v->t);
}

static void test_names(void **state)
{
	static const struct {
		const char *text;
		int sig;
	} rows[] = {
		{ "SIGTERM", SIGTERM }, { "TERM", SIGTERM }, { "term", SIGTERM },
		{ "15", 15 },           { "0", 0 },          { "64", 64 },
		{ "sigkill", SIGKILL }, { "IOT", SIGABRT },  { "CLD", SIGCHLD },
		{ "POLL", SIGIO },      { "33", 33 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(signal_parse(rows[i].text, NULL), rows[i].sig);
	assert_int_equal(signal_parse("RTMIN", NULL), SIGRTMIN);
	assert_int_equal(signal_parse("SIGRTMIN+3", NULL), SIGRTMIN + 3);
	assert_int_equal(signal_parse("rtmax-1", NULL), SIGRTMAX - 1);
	assert_int_equal(signal_parse("RTMAX", NULL), SIGRTMAX);
}

static void test_bad_names(void **state)
{
	static const char *const bad[] = { "",       "SIG",     "SIGSIGTERM", "65",      "-1",
					   "TERM ",  "1x",      "RTMIN-1",    "RTMAX+1", "RTMIN+31",
					   "RTMIN+", "RTMIN+x", "RTMINX",     "\x1b[2J", "0x0f" };
	struct fail f;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(signal_parse(bad[i], &f), -EINVAL);
		assert_int_equal(f.class, FAIL_USAGE);
		assert_true(f.why[0]);
	}
}

static void test_names_back(void **state)
{
	char p[32];

	(void)state;
	assert_string_equal(signal_name(SIGTERM, p, sizeof(p)), "SIGTERM");
	assert_string_equal(signal_name(SIGRTMIN, p, sizeof(p)), "SIGRTMIN");
	assert_string_equal(signal_name(SIGRTMIN + 3, p, sizeof(p)), "SIGRTMIN+3");
	assert_string_equal(signal_name(SIGRTMAX, p, sizeof(p)), "SIGRTMAX");
	assert_string_equal(signal_name(33, p, sizeof(p)), "signal 33");
	assert_string_equal(signal_name(0, p, sizeof(p)), "signal 0");
	for (int sig = 1; sig < _NSIG; sig++)
		if (sig < 32 || sig >= SIGRTMIN)
			assert_int_equal(signal_parse(signal_name(sig, p, sizeof(p)), NULL), sig);
	assert_non_null(signal_words(SIGTERM));
	assert_null(signal_words(SIGRTMIN));
}

static void test_plain(void **state)
{
	struct victim v;
	siginfo_t i;

	(void)state;
	victim_start(&v, 0);
	assert_int_equal(signal_send(&v.t, 0, NULL, NULL), 0);
	assert_int_equal(signal_send(&v.t, SIGTERM, NULL, NULL), 0);
	i = victim_took(&v);
	assert_int_equal(i.si_signo, SIGTERM);
	assert_int_equal(i.si_code, SI_USER);
	assert_int_equal(i.si_pid, getpid());
	victim_end(&v);
}

static void test_value(void **state)
{
	union sigval value = { .sival_int = -12345 };
	struct victim v;
	siginfo_t i;

	(void)state;
	victim_start(&v, 0);
	for (int sig = SIGUSR1; sig; sig = sig == SIGUSR1 ? SIGRTMIN + 5 : 0) {
		assert_int_equal(signal_send(&v.t, sig, &value, NULL), 0);
		i = victim_took(&v);
		assert_int_equal(i.si_signo, sig);
		assert_int_equal(i.si_code, SI_QUEUE);
		assert_int_equal(i.si_pid, getpid());
		assert_int_equal(i.si_uid, getuid());
		assert_int_equal(i.si_value.sival_int, -12345);
	}
	victim_end(&v);
}

static void test_gone(void **state)
{
	struct pollfd pfd = { .events = POLLIN };
	struct victim v;
	struct fail f;

	(void)state;
	victim_start(&v, 0);
	kill(v.pid, SIGKILL);
	pfd.fd = v.t.pidfd;
	assert_int_equal(poll(&pfd, 1, 5000), 1);
	assert_int_equal(signal_send(&v.t, SIGTERM, NULL, &f), -ESRCH);
	assert_int_equal(f.class, FAIL_GONE);
	assert_non_null(strstr(f.why, "zombie"));
	waitpid(v.pid, NULL, 0);
	assert_int_equal(signal_send(&v.t, SIGTERM, NULL, &f), -ESRCH);
	assert_non_null(strstr(f.why, "ended"));
	assert_non_null(strstr(f.on, "SIGTERM"));
	victim_end(&v);
}

static void test_bad_number(void **state)
{
	struct victim v;
	struct fail f;

	(void)state;
	victim_start(&v, 0);
	assert_int_equal(signal_send(&v.t, 99, NULL, &f), -EINVAL);
	assert_int_equal(f.class, FAIL_USAGE);
	assert_non_null(strstr(f.on, "signal 99"));
	assert_non_null(strstr(f.why, "number"));
	victim_end(&v);
}

static void test_bad_pidfd(void **state)
{
	struct victim v;
	struct target broken;
	struct fail f;

	(void)state;
	victim_start(&v, 0);
	broken = v.t;
	broken.signals_only = true; /* so that it is not asked first whether it has exited */
	broken.pidfd = v.reports;
	assert_int_equal(signal_send(&broken, SIGTERM, NULL, &f), -EBADF);
	assert_non_null(strstr(f.why, "pidfd"));
	victim_end(&v);
}

static void test_kernel_thread(void **state)
{
	struct target t;
	struct fail f;

	(void)state;
	if (target_of(&t, 2) < 0 || !t.kthread)
		skip(); /* inside a pid namespace */
	assert_int_equal(signal_send(&t, SIGTERM, NULL, &f), -EOPNOTSUPP);
	assert_non_null(strstr(f.why, "kernel thread"));
	target_close(&t);
}

/* In a child, whose failure is a status: the line where it went wrong. */
#define REQUIRE(what)                                                                              \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			fprintf(stderr, "# %s: %s (%s)\n", #what, f.on, f.why);                    \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static void in_child(void (*fn)(struct victim *), struct victim *v)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		fn(v);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void as_another_user(struct victim *v)
{
	struct fail f = { 0 };

	REQUIRE(setresuid(12345, 12345, 12345) == 0);
	REQUIRE(signal_send(&v->t, SIGTERM, NULL, &f) == -EPERM);
	REQUIRE(f.class == FAIL_PERMISSION && strstr(f.why, "12345") && strstr(f.why, "54321"));
	REQUIRE(strstr(f.advice, "CAP_KILL") && !strstr(f.why, "session"));
	/* SIGCONT is allowed within a session. */
	REQUIRE(signal_send(&v->t, SIGCONT, NULL, &f) == 0);
	REQUIRE(setsid() > 0);
	REQUIRE(signal_send(&v->t, SIGCONT, NULL, &f) == -EPERM && strstr(f.why, "session"));
}

static void test_another_user(void **state)
{
	struct victim v;

	(void)state;
	if (getuid() != 0)
		skip();
	victim_start(&v, 54321);
	in_child(as_another_user, &v);
	victim_end(&v);
}

static void filter(int err)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);

	if (seccomp_rule_add(ctx, SCMP_ACT_ERRNO((unsigned)err), SYS_pidfd_send_signal, 0) < 0 ||
	    seccomp_load(ctx) < 0)
		_exit(77);
}

static void under_eperm_filter(struct victim *v)
{
	struct fail f = { 0 };

	filter(EPERM);
	REQUIRE(signal_send(&v->t, SIGTERM, NULL, &f) == -EPERM);
	REQUIRE(strstr(f.why, "seccomp") && f.advice[0]);
}

static void under_enosys_filter(struct victim *v)
{
	struct fail f = { 0 };

	filter(ENOSYS);
	REQUIRE(signal_send(&v->t, SIGTERM, NULL, &f) == -ENOSYS);
	REQUIRE(strstr(f.why, "5.1") && f.advice[0]);
}

static void test_filtered(void **state)
{
	struct victim v;

	(void)state;
	victim_start(&v, 0);
	in_child(under_eperm_filter, &v);
	in_child(under_enosys_filter, &v);
	victim_end(&v);
}

/* The pidfd of a process outside, used by one inside a pid namespace. */
static void from_inside(struct victim *v)
{
	struct fail f = { 0 };
	int status;
	pid_t pid;

	REQUIRE(unshare(CLONE_NEWPID) == 0);
	pid = fork();
	if (pid == 0) {
		REQUIRE(signal_send(&v->t, SIGTERM, NULL, &f) == -EINVAL);
		REQUIRE(strstr(f.why, "namespace above") && f.advice[0]);
		_exit(0);
	}
	REQUIRE(waitpid(pid, &status, 0) == pid && status == 0);
}

static void test_ancestor_namespace(void **state)
{
	struct victim v;

	(void)state;
	if (getuid() != 0)
		skip();
	victim_start(&v, 0);
	in_child(from_inside, &v);
	victim_end(&v);
}

/* As a user that may have two signals queued. */
static void fill_queue(struct victim *v)
{
	union sigval value = { .sival_int = 1 };
	struct rlimit two = { 2, 2 };
	struct fail f = { 0 };
	struct target t;
	pid_t pid;
	int r = 0;

	(void)v;
	REQUIRE(setrlimit(RLIMIT_SIGPENDING, &two) == 0);
	REQUIRE(setresuid(23456, 23456, 23456) == 0);
	/* Stopped, so that it takes none of them. */
	pid = fork();
	if (pid == 0) {
		raise(SIGSTOP);
		_exit(0);
	}
	REQUIRE(waitpid(pid, NULL, WUNTRACED) == pid && target_of(&t, pid) == 0);
	for (int i = 0; i < 8 && r == 0; i++)
		r = signal_send(&t, SIGRTMIN, &value, &f);
	REQUIRE(r == -EAGAIN && strstr(f.why, "SIGPENDING") && strstr(f.why, "23456"));
	REQUIRE(signal_send(&t, SIGRTMIN, NULL, &f) == 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_full_queue(void **state)
{
	(void)state;
	if (getuid() != 0)
		skip();
	in_child(fill_queue, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),         cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_names_back),    cmocka_unit_test(test_plain),
		cmocka_unit_test(test_value),         cmocka_unit_test(test_gone),
		cmocka_unit_test(test_bad_number),    cmocka_unit_test(test_bad_pidfd),
		cmocka_unit_test(test_kernel_thread), cmocka_unit_test(test_another_user),
		cmocka_unit_test(test_filtered),      cmocka_unit_test(test_ancestor_namespace),
		cmocka_unit_test(test_full_queue),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
