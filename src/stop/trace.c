/* SPDX-License-Identifier: MIT */
#include "src/stop/trace.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "src/base/sys.h"
#include "src/proc/procfs.h"

#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP 128
#endif

static int thread_status(const struct target *t, pid_t tid, char *state, pid_t *tracer)
{
	autobuf text = BUF_INIT;
	struct proc_status status;
	struct proc_stat stat;
	char path[64];
	ssize_t n;
	char line[1024];

	snprintf(path, sizeof(path), "task/%d/stat", tid);
	n = proc_read_into(t->dir, path, line, sizeof(line));
	if (n <= 0 || proc_stat_parse(&stat, line, (size_t)n) < 0)
		return -ESRCH;
	snprintf(path, sizeof(path), "task/%d/status", tid);
	if (proc_read(t->dir, path, &text) < 0 ||
	    proc_status_parse(&status, buf_str(&text), text.len) < 0)
		return -ESRCH;
	*state = stat.state;
	*tracer = status.tracer;
	return 0;
}

pid_t trace_tracer_of(const struct target *t, pid_t tid)
{
	pid_t tracer;
	char state;

	return thread_status(t, tid, &state, &tracer) < 0 ? 0 : tracer;
}

void trace_join(pthread_t thread, pid_t tid)
{
	pthread_join(thread, NULL);
	/* Its number is given back last; a moment later at most. */
	for (int i = 0; i < 2000 && syscall(SYS_tgkill, getpid(), tid, 0) == 0; i++)
		poll(NULL, 0, 1);
}

/* EPERM is for three: it ends, somebody traces it already, or we may not. */
int trace_seize(const struct target *t, pid_t tid, unsigned long options, struct fail *f)
{
	char state, who[128];
	pid_t tracer;
	int err;

	if (ptrace(PTRACE_SEIZE, tid, 0, options) == 0)
		return 0;
	err = errno;
	if (err == ESRCH || thread_status(t, tid, &state, &tracer) < 0 || state == 'Z' ||
	    state == 'X')
		return -ESRCH;
	if (tracer == sys_gettid())
		return -EALREADY;
	target_describe(t, who, sizeof(who));
	if (tracer) {
		fail_set(f, EBUSY, "ptrace", "%s", who);
		fail_why(f, "process %d traces it already", tracer);
		fail_advice(f, "end the debugger or strace that is attached");
		return -EBUSY;
	}
	fail_set(f, err, "ptrace", "%s", who);
	if (err == EPERM)
		fail_advice(f, "filch why %d names the rule that refuses", t->pid);
	return -err;
}

struct trace_stop trace_stop_of(int status)
{
	struct trace_stop stop = { TRACE_SIGNAL, status & 0xff, status >> 8 };

	if (stop.event == PTRACE_EVENT_STOP)
		stop.kind = stop.sig == SIGTRAP ? TRACE_TRAP : TRACE_GROUP;
	else if (stop.event)
		stop.kind = TRACE_EVENT;
	return stop;
}

/* 1: it stands in its exit stop, 0: in another, -1: in none, or it is being killed. */
static int stands_at_exit(pid_t tid)
{
	siginfo_t si;

	/* EINVAL: in a group stop, which has none. */
	if (ptrace(PTRACE_GETSIGINFO, tid, 0, &si) < 0)
		return errno == EINVAL ? 0 : -1;
	return si.si_code == (SIGTRAP | PTRACE_EVENT_EXIT << 8);
}

bool trace_is_exiting(pid_t tid)
{
	return stands_at_exit(tid) == 1;
}

bool trace_may_continue(pid_t tid)
{
	return stands_at_exit(tid) == 0;
}
