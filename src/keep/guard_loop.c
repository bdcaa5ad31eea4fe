/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/base/sys.h"
#include "src/keep/guard_state.h"
#include "src/stop/go_on.h"
#include "src/stop/trace.h"

#define REFUSED_MAX 50 /* looks at a thread that may be dying, 1 ms apart */

static struct tracee *find(struct guard *g, pid_t tid)
{
	for (size_t i = 0; i < g->n_tracees; i++)
		if (g->tracees[i].tid == tid)
			return &g->tracees[i];
	return NULL;
}

static struct guarded *guarded_of(struct guard *g, pid_t pid)
{
	for (size_t i = 0; i < g->n_procs; i++)
		if (g->procs[i].pid == pid)
			return &g->procs[i];
	g->procs = xreallocarray(g->procs, g->n_procs + 1, sizeof(*g->procs));
	g->procs[g->n_procs] = (struct guarded){ .pid = pid };
	return &g->procs[g->n_procs++];
}

static struct tracee *add(struct guard *g, pid_t tid, pid_t pid)
{
	guarded_of(g, pid);
	if (g->n_tracees == g->cap_tracees) {
		g->cap_tracees = g->cap_tracees ? g->cap_tracees * 2 : 64;
		g->tracees = xreallocarray(g->tracees, g->cap_tracees, sizeof(*g->tracees));
	}
	g->tracees[g->n_tracees] = (struct tracee){ .tid = tid, .pid = pid };
	return &g->tracees[g->n_tracees++];
}

static void forget(struct guard *g, struct tracee *e)
{
	*e = g->tracees[--g->n_tracees];
}

static bool same_table(const struct tracee *a, const struct tracee *b)
{
	int r = sys_kcmp(a->tid, b->tid, SYS_KCMP_FILES, 0, 0);

	/* No kcmp here, or it is not allowed any more: threads share, as a rule. */
	return r == 0 || (r < 0 && r != -ESRCH && a->pid == b->pid);
}

/* Another one that uses e's table: of its process, or of another. NULL: none. */
static struct tracee *other_user(const struct guard *g, const struct tracee *e, bool own)
{
	for (size_t i = 0; i < g->n_tracees; i++) {
		struct tracee *o = &g->tracees[i];

		if (o->tid != e->tid && (o->pid == e->pid) == own && !o->released && !o->unwanted &&
		    same_table(e, o))
			return o;
	}
	return NULL;
}

static pid_t tgid_of(const struct guard *g, pid_t tid)
{
	autoclose int dir = proc_open_process(g->o.haul.procfs, tid, 0);
	struct proc_status st;

	if (dir < 0 || proc_status_read(dir, &st) < 0)
		return 0;
	return st.tgid;
}

/* One that the kernel attached for us. A new process is ours if it has a table of ours. */
static struct tracee *adopt(struct guard *g, pid_t tid)
{
	struct tracee *e = find(g, tid);
	pid_t pid;

	if (e)
		return e;
	pid = tgid_of(g, tid);
	e = add(g, tid, pid ? pid : tid);
	for (size_t i = 0; i + 1 < g->n_tracees; i++)
		if (g->tracees[i].pid == e->pid && !g->tracees[i].unwanted)
			return e;
	e->unwanted = !g->o.children && !other_user(g, e, false);
	guarded_of(g, e->pid)->accounted = e->unwanted;
	return e;
}

/* The number of the thread that a SIGKILL kept its maker from telling us. */
static void adopt_all(struct guard *g, pid_t pid)
{
	autoclose int dir = proc_open_process(g->o.haul.procfs, pid, 0);
	struct target t = { .pid = pid, .dir = dir };
	int *tids;
	size_t n;

	if (dir < 0 || proc_numbers(dir, "task", &tids, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		if (!find(g, tids[i]) && trace_tracer_of(&t, tids[i]) == sys_gettid())
			add(g, tids[i], pid);
	free(tids);
}

/* Events are let go with sig 0. One that a SIGKILL has moved on is heard of again. */
static void go_on(const struct tracee *e, int sig)
{
	trace_go_on(e->tid, sig);
}

/* ---- the end of a table ---- */

static void take_table(struct guard *g, const struct tracee *e)
{
	struct target_name name = { .pid = e->pid, .tid = e->tid == e->pid ? 0 : e->tid };
	struct guard_event ev = { .what = GUARD_TABLE, .pid = e->pid, .status = e->status };
	bool more = true;

	guarded_of(g, e->pid)->accounted = true;
	for (int from = 0; more && !guard_is_ending(g);) {
		ev.haul = haul_take(&name, from, &g->o.haul);
		ev.haul->status = e->status;
		more = ev.haul->more;
		from = ev.haul->next;
		guard_tell(g, &ev);
		if (more)
			while (sem_wait(&g->consumed) < 0)
				;
	}
}

/* The number of the system call that it is in; -1: in none, or not known. */
static long syscall_of(const struct guard *g, const struct tracee *e)
{
	autoclose int dir = proc_open_process(g->o.haul.procfs, e->pid, e->tid);
	char text[256];
	long nr;

	if (dir < 0 || proc_read_into(dir, "syscall", text, sizeof(text)) <= 0 ||
	    sscanf(text, "%ld", &nr) != 1)
		return -1;
	return nr;
}

/* Does it use system calls of another architecture, such as 32-bit ones? */
static bool is_foreign(const struct tracee *e)
{
	char regs[1024];
	struct iovec iov = { regs, sizeof(regs) };

	return ptrace(PTRACE_GETREGSET, e->tid, NT_PRSTATUS, &iov) < 0 ||
	       iov.iov_len != sizeof(struct user_regs_struct);
}

/*
 * Do all threads of its process end now, by exit_group(2) or a signal? No when it
 * leaves by itself, and when another one's execve(2) ends it, with status 0:
 * that waits until it has gone. In doubt no.
 */
static bool whole_process_ends(const struct guard *g, const struct tracee *e, int status)
{
	long nr = syscall_of(g, e);

	if (is_foreign(e))
		return WIFSIGNALED(status);
	return nr == SYS_exit_group || (status && nr != SYS_exit);
}

static void release(struct tracee *e)
{
	e->held = false;
	e->released = true;
	ptrace(PTRACE_CONT, e->tid, 0, 0);
}

static bool is_held_for(const struct guard *g, const struct tracee *e)
{
	const struct tracee *o = other_user(g, e, true);

	for (size_t i = 0; o && i < g->n_tracees; i++)
		if (g->tracees[i].held && g->tracees[i].pid == e->pid &&
		    same_table(e, &g->tracees[i]))
			return true;
	return false;
}

/*
 * A thread that stands in an exit stop of its own is woken by the end of the
 * whole process and passes without another stop: it cannot be relied on to be
 * the last. So the first one that ends with all of them stays where it is, and
 * nothing wakes it any more, until all others have gone: see take_what_is_left().
 */
static void exiting(struct guard *g, struct tracee *e)
{
	unsigned long msg = 0;
	pid_t tid = e->tid;
	bool whole;

	ptrace(PTRACE_GETEVENTMSG, tid, 0, &msg);
	e->status = (int)msg;
	whole = !e->unwanted && whole_process_ends(g, e, e->status);
	if (whole || !other_user(g, e, true)) {
		adopt_all(g, e->pid);
		e = find(g, tid); /* it may have moved with the list */
		if (!e)
			return;
	}
	if (e->unwanted || e->released) {
		release(e);
	} else if (other_user(g, e, false)) {
		guarded_of(g, e->pid)->accounted = true;
		release(e);
	} else if (!other_user(g, e, true)) {
		/* One that was woken has no table by now, so that nobody shares it. */
		if (trace_is_exiting(tid))
			take_table(g, e);
		release(e);
	} else if (whole && !is_held_for(g, e)) {
		e->held = true;
	} else {
		release(e);
	}
}

/* Is one that is held the last user of its table by now? */
static void take_what_is_left(struct guard *g)
{
	for (size_t i = 0; i < g->n_tracees; i++) {
		struct tracee *e = &g->tracees[i];

		if (!e->held || other_user(g, e, true))
			continue;
		take_table(g, e);
		release(e);
	}
}

/* ---- other stops ---- */

/* The thread that executes takes the leader's number; all others are gone. */
static void executed(struct guard *g, struct tracee *e)
{
	struct guard_event ev = { .what = GUARD_EXEC, .pid = e->pid };
	unsigned long before = 0;
	struct tracee *old;

	ptrace(PTRACE_GETEVENTMSG, e->tid, 0, &before);
	e->released = e->held = false;
	go_on(e, 0);
	guard_tell(g, &ev);
	old = (pid_t)before != e->tid ? find(g, (pid_t)before) : NULL;
	if (old)
		forget(g, old);
}

static void cloned(struct guard *g, struct tracee *e)
{
	unsigned long tid = 0;
	pid_t parent = e->tid;

	/* Asked in this order: a SIGKILL may have put the message of its end there. */
	if (ptrace(PTRACE_GETEVENTMSG, parent, 0, &tid) == 0 && tid && !trace_is_exiting(parent))
		adopt(g, (pid_t)tid); /* e may be stale from here on */
	e = find(g, parent);
	if (e)
		go_on(e, 0);
	e = find(g, (pid_t)tid);
	if (e && e->early) {
		e->early = false;
		go_on(e, 0);
	}
}

/* Is it a thread of a process that has others? */
static bool has_company(const struct guard *g, const struct tracee *e)
{
	for (size_t i = 0; i < g->n_tracees; i++)
		if (g->tracees[i].pid == e->pid && g->tracees[i].tid != e->tid)
			return true;
	return false;
}

/*
 * A thread that is new, or that a group stop has come to its end for. A new one
 * stays until its maker has gone on: so whichever of them a SIGKILL takes from us
 * in go_on(), the other has their table still. They are killed together only.
 */
static void trapped(struct guard *g, struct tracee *e, bool is_new)
{
	if (is_new && has_company(g, e))
		e->early = true;
	else
		go_on(e, 0);
}

static void event(struct guard *g, struct tracee *e, int what)
{
	switch (what) {
	case PTRACE_EVENT_EXIT:
		exiting(g, e);
		break;
	case PTRACE_EVENT_EXEC:
		executed(g, e);
		break;
	case PTRACE_EVENT_CLONE:
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
		cloned(g, e);
		break;
	default:
		go_on(e, 0);
	}
}

static void group_stopped(struct guard *g, const struct tracee *e, int sig)
{
	struct guard_event ev = { .what = GUARD_STOPPED, .pid = e->pid, .status = sig };

	if (ptrace(PTRACE_LISTEN, e->tid, 0, 0) == 0 && e->tid == e->pid)
		guard_tell(g, &ev);
}

static void stopped(struct guard *g, pid_t tid, int status)
{
	bool is_new = !find(g, tid);
	struct tracee *e = adopt(g, tid);
	struct trace_stop stop = trace_stop_of(status);

	if (e->unwanted &&
	    ptrace(PTRACE_DETACH, tid, 0, stop.kind == TRACE_SIGNAL ? stop.sig : 0) == 0) {
		forget(g, e);
		return;
	}
	switch (stop.kind) {
	case TRACE_SIGNAL:
		go_on(e, stop.sig);
		break;
	case TRACE_GROUP:
		group_stopped(g, e, stop.sig);
		break;
	case TRACE_TRAP:
		trapped(g, e, is_new);
		break;
	case TRACE_EVENT:
		event(g, e, stop.event);
		break;
	}
}

/* Its last thread has gone. */
static void left_unseen(struct guard *g, pid_t pid, int status)
{
	const struct guard_event ev = { .what = GUARD_LOST, .pid = pid, .status = status };
	struct guarded *p = guarded_of(g, pid);

	for (size_t i = 0; i < g->n_tracees; i++)
		if (g->tracees[i].pid == pid)
			return;
	if (!p->accounted)
		guard_tell(g, &ev);
	*p = g->procs[--g->n_procs];
}

static void ended(struct guard *g, const siginfo_t *si)
{
	struct tracee *e = find(g, si->si_pid);
	struct guard_event ev = { .what = GUARD_LEFT, .pid = si->si_pid };
	pid_t pid;

	if (!e)
		return;
	if (si->si_code == CLD_EXITED)
		ev.status = W_EXITCODE(si->si_status, 0);
	else
		ev.status = W_EXITCODE(0, si->si_status) |
			    (si->si_code == CLD_DUMPED ? WCOREFLAG : 0);
	pid = e->pid;
	if (e->tid == pid)
		guard_tell(g, &ev);
	forget(g, e);
	left_unseen(g, pid, ev.status);
}

/* ---- the loop ---- */

/* All that is to be heard now. False: nothing is traced any more. */
static bool serve(struct guard *g)
{
	for (;;) {
		siginfo_t si = { 0 };
		int r = waitid(P_ALL, 0, &si, WEXITED | WSTOPPED | WNOHANG | __WALL | __WNOTHREAD);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return false;
		if (!si.si_pid)
			return true;
		if (si.si_code == CLD_TRAPPED)
			stopped(g, si.si_pid, si.si_status);
		else
			ended(g, &si);
		take_what_is_left(g);
		if (guard_is_ending(g))
			return true;
	}
}

static void drain(int fd)
{
	struct signalfd_siginfo si[16];

	while (read(fd, si, sizeof(si)) > 0)
		;
}

static void serve_until_told(struct guard *g, int children)
{
	struct pollfd fds[] = { { .fd = children, .events = POLLIN },
				{ .fd = g->control, .events = POLLIN } };

	/* Before each sleep the pipe of news is emptied first, then the news heard. */
	for (;;) {
		drain(children);
		if (!serve(g) || guard_is_ending(g))
			return;
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return;
	}
}

static unsigned long options(const struct guard *g)
{
	unsigned long o = PTRACE_O_TRACEEXIT | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;

	return g->o.children ? o | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK : o;
}

static int attach_gone(struct guard *g)
{
	char who[128];

	fail_set(&g->fail, ESRCH, "ptrace", "%s", target_describe(g->o.target, who, sizeof(who)));
	fail_why(&g->fail, "it has exited");
	return -ESRCH;
}

/* One look at all threads: how many were new, or -errno. */
static int attach_new(struct guard *g, struct proc_number_list *tids, unsigned *refused)
{
	const struct target *t = g->o.target;
	int news = 0;

	if (proc_numbers_into(t->dir, "task", tids) < 0 || !tids->n)
		return attach_gone(g);
	for (size_t i = 0; i < tids->n; i++) {
		int r = find(g, tids->at[i]) ? -ESRCH
					     : trace_seize(t, tids->at[i], options(g), &g->fail);

		if (r == -ESRCH)
			continue;
		news++;
		if (r == 0 || r == -EALREADY)
			add(g, tids->at[i], t->pid);
		else if (r != -EPERM || ++*refused > REFUSED_MAX)
			return r;
	}
	return news;
}

/* Until a look at all threads brings nothing new. */
static int attach(struct guard *g)
{
	struct proc_number_list tids = { 0 };
	struct timespec ms = { .tv_nsec = 1000000 };
	unsigned refused = 0, before;
	int r;

	do {
		before = refused;
		r = attach_new(g, &tids, &refused);
		if (refused != before)
			nanosleep(&ms, NULL);
	} while (r > 0);
	free(tids.at);
	if (r == 0 && !g->n_tracees)
		r = attach_gone(g);
	g->threads = (unsigned)g->n_tracees;
	return r;
}

/* See guard.h: go_on() asks and then acts, and nobody must come in between. */
static bool keep_processor(void)
{
	struct sched_param param = { .sched_priority = 1 };

	return sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) == 0;
}

static void *try_to_keep(void *arg)
{
	*(bool *)arg = keep_processor();
	return NULL;
}

bool guard_may_keep_processor(void)
{
	pthread_t thread;
	bool may = false;

	if (pthread_create(&thread, NULL, try_to_keep, &may) == 0)
		pthread_join(thread, NULL);
	return may;
}

void *guard_loop(void *arg)
{
	struct guard *g = arg;
	sigset_t set;

	g->tid = sys_gettid();
	keep_processor();
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	autoclose int children = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);

	g->err = children < 0 ? fail_set(&g->fail, errno, "signalfd", "the guard") : attach(g);
	if (g->err == 0) {
		sem_post(&g->ready);
		serve_until_told(g, children);
	}
	guard_close(g);
	if (g->err)
		sem_post(&g->ready);
	return NULL;
}
