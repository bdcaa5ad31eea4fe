/* SPDX-License-Identifier: MIT */
/* Freezers that are killed, targets that others trace, signals while frozen. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>

#include "src/base/buf.h"
#include "src/proc/mountinfo.h"
#include "src/stop/freeze.h"
#include "tests/unit/counter.h"

/* A process that freezes and lets go for ever, or until it is killed. */
static pid_t freezer_start(const struct target *t, enum freeze_way way, atomic_ulong *rounds)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		struct freeze z;
		struct fail f = { 0 };

		if (freeze_begin(&z, t, FREEZE_ALLOW(way), &f) < 0) {
			fprintf(stderr, "# freezer: %s: %s %s\n", fail_errno_name(f.err), f.call,
				f.why);
			_exit(1);
		}
		if (way != z.way)
			_exit(2);
		usleep(500);
		freeze_end(&z);
		atomic_fetch_add(rounds, 1);
		usleep(300);
	}
}

/*
 * We adopt what a killed freezer leaves behind: its guardian must have done its
 * work before the next one begins, or it lets go of what that one holds.
 */
static bool is_only_child(pid_t pid)
{
	autobuf children = BUF_INIT, wanted = BUF_INIT;
	autoclose int self = open("/proc/thread-self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	siginfo_t info;

	do
		info.si_pid = 0;
	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == 0 && info.si_pid);
	if (proc_read(self, "children", &children) < 0)
		return true; /* a kernel without CONFIG_PROC_CHILDREN */
	buf_addf(&wanted, "%d ", pid);
	return strcmp(buf_str(&children), buf_str(&wanted)) == 0;
}

static void kill_freezers(struct counter *c, enum freeze_way way, int times)
{
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	for (int i = 0; i < times; i++) {
		unsigned long before = atomic_load(&c->page->signals);
		pid_t pid = freezer_start(&c->t, way, &c->page->signals);
		int status;

		/* At least one round, and then anywhere in one. */
		assert_soon(atomic_load(&c->page->signals) > before ||
			    waitpid(pid, &status, WNOHANG) == pid);
		usleep((unsigned)(i * 7919 % 4000));
		if (kill(pid, SIGKILL) < 0)
			fail_msg("the freezer ended by itself, status %#x", status);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_soon(is_only_child(c->pid));
		assert_runs(c);
		assert_soon(counter_tracer(c) == 0);
		assert_soon(counter_state(c) == 'S' || counter_state(c) == 'R');
	}
}

static void test_killed_ptrace(void **state)
{
	struct counter c;

	(void)state;
	counter_start(&c, 8);
	kill_freezers(&c, FREEZE_PTRACE, 40);
	counter_end(&c);
}

static void test_killed_sigstop(void **state)
{
	struct counter c;

	(void)state;
	counter_start(&c, 8);
	kill_freezers(&c, FREEZE_SIGSTOP, 20);
	counter_end(&c);
}

/* A control group of our own, or NULL where there can be none. */
static char *make_group(void)
{
	autoclose int self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct mounts mounts = { 0 };
	autobuf path = BUF_INIT;

	mounts_add(&mounts, self, 0);
	for (size_t i = 0; i < mounts.n; i++)
		if (strcmp(mounts.at[i].fstype, "cgroup2") == 0 && path.len == 0)
			buf_addf(&path, "%s/filch-test-%d", mounts.at[i].point, getpid());
	mounts_release(&mounts);
	return path.len && mkdir(buf_str(&path), 0755) == 0 ? buf_steal(&path) : NULL;
}

static bool put_into(const char *group, pid_t pid)
{
	autobuf path = BUF_INIT, text = BUF_INIT;

	buf_addf(&path, "%s/cgroup.procs", group);
	buf_addf(&text, "%d", pid);
	autoclose int fd = open(buf_str(&path), O_WRONLY | O_CLOEXEC);
	return fd >= 0 && fd_write_all(fd, text.data, text.len) == 0;
}

static void remove_group(char *group)
{
	assert_soon(rmdir(group) == 0);
	free(group);
}

static void test_cgroup(void **state)
{
	struct counter c, other;
	struct freeze z;
	struct fail f = { 0 };
	char *group = make_group();

	(void)state;
	if (!group)
		skip(); /* no control groups of version 2, or not allowed to make one */
	counter_start(&c, 8);
	counter_start(&other, 1);
	assert_true(put_into(group, c.pid) && put_into(group, other.pid));
	assert_int_equal(freeze_begin(&z, &c.t, FREEZE_ALLOW(FREEZE_CGROUP), &f), -EBUSY);
	assert_non_null(strstr(f.why, "others"));
	counter_end(&other);
	assert_int_equal(freeze_begin(&z, &c.t, FREEZE_ALLOW(FREEZE_CGROUP), &f), 0);
	assert_int_equal(z.way, FREEZE_CGROUP);
	assert_int_equal(z.threads, 8);
	assert_still(&c);
	freeze_end(&z);
	assert_runs(&c);
	kill_freezers(&c, FREEZE_CGROUP, 20);
	counter_end(&c);
	remove_group(group);
}

/* Frozen by somebody else before: stays so. */
static void test_cgroup_frozen_before(void **state)
{
	struct counter c;
	struct freeze z, again;
	char *group = make_group();

	(void)state;
	if (!group)
		skip(); /* no control groups of version 2, or not allowed to make one */
	counter_start(&c, 2);
	assert_true(put_into(group, c.pid));
	assert_int_equal(freeze_begin(&z, &c.t, FREEZE_ALLOW(FREEZE_CGROUP), NULL), 0);
	assert_int_equal(freeze_begin(&again, &c.t, FREEZE_ALLOW(FREEZE_CGROUP), NULL), 0);
	assert_true(again.was_stopped);
	freeze_end(&again);
	assert_still(&c);
	freeze_end(&z);
	assert_runs(&c);
	counter_end(&c);
	remove_group(group);
}

/* A tracer that passes on whatever stops its tracee, as strace(1) does. */
static pid_t tracer_start(struct counter *c)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (ptrace(PTRACE_SEIZE, c->pid, 0, 0) < 0)
			_exit(1);
		while (waitpid(c->pid, &status, __WALL) > 0) {
			if (!WIFSTOPPED(status))
				continue;
			if (status >> 16 == 128 && WSTOPSIG(status) != SIGTRAP)
				ptrace(PTRACE_LISTEN, c->pid, 0, 0);
			else
				ptrace(PTRACE_CONT, c->pid, 0, status >> 16 ? 0 : WSTOPSIG(status));
		}
		_exit(0);
	}
	assert_soon(counter_tracer(c) == pid);
	return pid;
}

static void test_traced_by_another(void **state)
{
	struct counter c;
	struct freeze z;
	struct fail f = { 0 };
	char *group;
	pid_t tracer;

	(void)state;
	counter_start(&c, 1);
	tracer = tracer_start(&c);
	assert_int_equal(freeze_begin(&z, &c.t, FREEZE_ALLOW(FREEZE_PTRACE), &f), -EBUSY);
	assert_non_null(strstr(f.why, "traces it already"));
	assert_int_equal(freeze_begin(&z, &c.t, FREEZE_ALLOW_ALL, &f), 0);
	assert_int_equal(freeze_way(&z), FREEZE_SIGSTOP);
	assert_int_equal(z.why_not[FREEZE_PTRACE].err, EBUSY);
	assert_true(z.why_not[FREEZE_CGROUP].err != 0);
	assert_still(&c);
	freeze_end(&z);
	assert_runs(&c);
	group = make_group();
	if (group) {
		assert_true(put_into(group, c.pid));
		assert_int_equal(freeze_begin(&z, &c.t, FREEZE_ALLOW_ALL, &f), 0);
		assert_int_equal(freeze_way(&z), FREEZE_CGROUP);
		assert_still(&c);
		freeze_end(&z);
		assert_runs(&c);
	}
	assert_int_equal(counter_tracer(&c), tracer);
	kill(tracer, SIGKILL);
	waitpid(tracer, NULL, 0);
	counter_end(&c);
	if (group)
		remove_group(group);
}

static bool all_traced_by(const struct counter *c, pid_t tracer)
{
	struct proc_number_list tids = { 0 };
	bool all = proc_numbers_into(c->t.dir, "task", &tids) == 0;

	for (size_t i = 0; all && i < tids.n; i++) {
		autobuf path = BUF_INIT;
		struct proc_status st;

		buf_addf(&path, "task/%d", tids.at[i]);
		autoclose int dir = openat(c->t.dir, buf_str(&path), O_PATH | O_CLOEXEC);
		all = proc_status_read(dir, &st) == 0 && st.tracer == tracer;
	}
	free(tids.at);
	return all;
}

static void test_under_strace(void **state)
{
	char pid_text[16];
	struct counter c;
	struct freeze z;
	pid_t pid;

	(void)state;
	if (access("/usr/bin/strace", X_OK) != 0)
		skip(); /* no strace */
	counter_start(&c, 4);
	snprintf(pid_text, sizeof(pid_text), "%d", c.pid);
	pid = fork();
	if (pid == 0) {
		execl("/usr/bin/strace", "strace", "-f", "-qq", "-o", "/dev/null", "-p", pid_text,
		      (char *)NULL);
		_exit(1);
	}
	assert_soon(all_traced_by(&c, pid));
	assert_int_equal(freeze_begin(&z, &c.t, FREEZE_ALLOW_ALL, NULL), 0);
	assert_int_equal(freeze_way(&z), FREEZE_SIGSTOP);
	assert_still(&c);
	freeze_end(&z);
	assert_runs(&c);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	assert_runs(&c);
	counter_end(&c);
}

/* --- signals --- */

static struct counter_page *taken;

static void take(int sig)
{
	(void)sig;
	atomic_fetch_add(&taken->signals, 1);
}

static void count_signals(struct counter_page *page, unsigned n)
{
	struct sigaction sa = { .sa_handler = take, .sa_flags = SA_RESTART };

	taken = page;
	sigaction(SIGRTMIN, &sa, NULL);
	count_in_threads(page, n);
}

/* Queued signals at 1 kHz: each arrives, though some hit a thread just as it is stopped. */
static pid_t sender_start(pid_t to, int n)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int i = 0; i < n; i++) {
			union sigval value = { .sival_int = i };

			while (sigqueue(to, SIGRTMIN, value) < 0)
				usleep(1000);
			usleep(900);
		}
		_exit(0);
	}
	return pid;
}

static void test_signals(void **state)
{
	const int n = 2000;
	struct counter c;
	unsigned freezes = 0;
	pid_t sender;
	int status;

	(void)state;
	counter_start_as(&c, count_signals, 4);
	sender = sender_start(c.pid, n);
	while (waitpid(sender, &status, WNOHANG) == 0) {
		struct freeze z;

		assert_int_equal(freeze_begin(&z, &c.t, FREEZE_ALLOW(FREEZE_PTRACE), NULL), 0);
		usleep(2000);
		freeze_end(&z);
		freezes++;
	}
	assert_int_equal(status, 0);
	assert_true(freezes > 50);
	assert_soon(atomic_load(&c.page->signals) == (unsigned long)n);
	counter_end(&c);
}

/* Nor is one lost where the kernel lets go because the freezer was killed. */
static void test_signals_and_kills(void **state)
{
	const int n = 1500;
	struct counter c;
	atomic_ulong *rounds;
	pid_t sender;
	int status;

	(void)state;
	counter_start_as(&c, count_signals, 4);
	rounds = &c.page->at[THREADS_MAX - 1];
	sender = sender_start(c.pid, n);
	for (int i = 0; waitpid(sender, &status, WNOHANG) == 0; i++) {
		unsigned long before = atomic_load(rounds);
		pid_t pid = freezer_start(&c.t, FREEZE_PTRACE, rounds);

		assert_soon(atomic_load(rounds) > before);
		usleep((unsigned)(i * 7919 % 3000));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	assert_soon(atomic_load(&c.page->signals) == (unsigned long)n);
	counter_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_ptrace),
		cmocka_unit_test(test_killed_sigstop),
		cmocka_unit_test(test_cgroup),
		cmocka_unit_test(test_cgroup_frozen_before),
		cmocka_unit_test(test_traced_by_another),
		cmocka_unit_test(test_under_strace),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_signals_and_kills),
	};

	alarm(110);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
