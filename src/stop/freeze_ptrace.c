/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "src/base/alloc.h"
#include "src/base/sys.h"
#include "src/base/thread.h"
#include "src/proc/procfs.h"
#include "src/stop/freeze_ways.h"
#include "src/stop/trace.h"

#define REFUSED_MAX 8

struct tracee {
	pid_t tid;
	bool seized, stopped, busy;
	unsigned refused; /* times in a row */
	int sig;          /* it was about to take this one: to be given back */
};

/*
 * All ptrace(2) is done by a thread of its own, for two reasons: calls must
 * come from the thread that attached, and when that thread ends the kernel
 * lets go of everything at once, also of a thread that has not come to its
 * stop yet and thus cannot be detached.
 */
struct freeze_tracer {
	struct freeze *z;
	pthread_t thread;
	pid_t tid; /* of the thread */
	sem_t ready, release;
	int err;
	struct fail fail;
	struct proc_number_list tids;
	struct tracee *at;
	size_t n, cap, next; /* next: where the one after the last found is, as a rule */
};

static struct tracee *tracee_of(struct freeze_tracer *tr, pid_t tid)
{
	if (tr->next < tr->n && tr->at[tr->next].tid == tid)
		return &tr->at[tr->next++];
	for (size_t i = 0; i < tr->n; i++) {
		if (tr->at[i].tid == tid) {
			tr->next = i + 1;
			return &tr->at[i];
		}
	}
	if (tr->n == tr->cap) {
		tr->cap = tr->cap ? tr->cap * 2 : 16;
		tr->at = xreallocarray(tr->at, tr->cap, sizeof(*tr->at));
	}
	tr->at[tr->n] = (struct tracee){ .tid = tid };
	tr->next = tr->n + 1;
	return &tr->at[tr->n++];
}

static bool has_ended(char state)
{
	return state == 0 || state == 'Z' || state == 'X';
}

/*
 * Ask one thread to stop; 1 if that was news, 0 if it stands, is about to, or
 * has ended. Numbers are not to be trusted: a thread that executes a program
 * takes over the leader's, with our trace of it but perhaps without our request.
 */
static int ask(struct freeze_tracer *tr, pid_t tid)
{
	char state = freeze_thread_state(tr->z->target, tid);
	struct tracee *e = tracee_of(tr, tid);
	bool news = e->seized;
	int r;

	if (has_ended(state)) {
		*e = (struct tracee){ .tid = tid };
		return news || state == 0; /* listed, but not there: somebody else may be it now */
	}
	if (e->seized && (!e->stopped || state == 't'))
		return 0;
	e->stopped = e->busy = false;
	e->sig = 0;
	e->seized = ptrace(PTRACE_INTERRUPT, tid, 0, 0) == 0;
	if (e->seized)
		return 1;
	r = trace_seize(tr->z->target, tid, 0, &tr->fail);
	if (r == 0) {
		e->seized = ptrace(PTRACE_INTERRUPT, tid, 0, 0) == 0;
		e->refused = 0;
		return 1;
	}
	/* Gone, or refused while it dies or changes its number: look again before believing it. */
	return r == -ESRCH || r == -EALREADY || ++e->refused < REFUSED_MAX ? 1 : r;
}

/*
 * Without WEXITED: the end of a child of ours is for somebody else to hear. And
 * WNOWAIT, for what is heard is forgotten: if we were killed then, the kernel
 * would let the thread go on without the signal that it was about to take.
 */
static void look(struct tracee *e)
{
	siginfo_t info = { 0 };

	if (!e->seized ||
	    waitid(P_PID, (id_t)e->tid, &info, WSTOPPED | WNOHANG | WNOWAIT | __WALL) < 0 ||
	    !info.si_pid)
		return;
	e->stopped = true;
	e->busy = false;
	/* Not at an event: it is about to take a signal, which is still its own. */
	e->sig = info.si_status >> 8 == 0 ? info.si_status & 0xff : 0;
}

/* One that takes long: is it still there, and did our request reach it? 1 if that was news. */
static int look_closer(struct freeze_tracer *tr, struct tracee *e, bool patient)
{
	char state = freeze_thread_state(tr->z->target, e->tid);

	if (has_ended(state) || ptrace(PTRACE_INTERRUPT, e->tid, 0, 0) < 0) {
		*e = (struct tracee){ .tid = e->tid };
		return 1;
	}
	e->busy = state == 'D' && !patient;
	return 0;
}

/*
 * Wait until each stands, or sits in the kernel for too long. Returns 0, 1 if
 * one of them ended, or -ETIMEDOUT.
 */
static int wait_for_all(struct freeze_tracer *tr, uint64_t deadline)
{
	uint64_t patience = freeze_now_ns() + FREEZE_PATIENCE_MS * UINT64_C(1000000);
	unsigned us = 0;
	int news = 0;

	for (;;) {
		size_t waiting = 0;
		uint64_t now = freeze_now_ns();

		for (size_t i = 0; i < tr->n; i++) {
			struct tracee *e = &tr->at[i];

			if (!e->stopped)
				look(e);
			if (e->stopped || e->busy || !e->seized)
				continue;
			waiting++;
			if (us >= 2000)
				news |= look_closer(tr, e, now < patience);
		}
		if (!waiting || news)
			return news;
		if (now > deadline)
			return -ETIMEDOUT;
		freeze_nap(&us);
	}
}

/* Does everything that was listed stand? Counts it; 1 if not, 0, or -ESRCH. */
static int count_threads(struct freeze_tracer *tr)
{
	struct freeze *z = tr->z;

	z->threads = z->busy = 0;
	tr->next = 0;
	for (size_t i = 0; i < tr->tids.n; i++) {
		char state = freeze_thread_state(z->target, tr->tids.at[i]);
		const struct tracee *e = tracee_of(tr, tr->tids.at[i]);

		if (state == 'Z' || state == 'X')
			continue;
		if (state != 't' && !e->busy)
			return 1;
		z->threads++;
		if (e->busy)
			z->busy++;
	}
	return z->threads ? 0 : freeze_gone(z->target, &tr->fail);
}

/* One look at all threads, and waiting for them. 1 if that brought news. */
static int pass(struct freeze_tracer *tr, uint64_t deadline)
{
	const struct target *t = tr->z->target;
	int news = 0, r = proc_numbers_into(t->dir, "task", &tr->tids);

	if (r < 0 || tr->tids.n == 0)
		return freeze_gone(t, &tr->fail);
	tr->next = 0;
	for (size_t i = 0; i < tr->tids.n; i++) {
		r = ask(tr, tr->tids.at[i]);
		if (r < 0)
			return r;
		news |= r;
	}
	r = wait_for_all(tr, deadline);
	if (r < 0)
		return r;
	return news | r ? 1 : count_threads(tr);
}

/* Until a look at all threads brings nothing new while all that we know stand. */
static int freeze_all(struct freeze_tracer *tr)
{
	uint64_t deadline = freeze_now_ns() + FREEZE_TIMEOUT_MS * UINT64_C(1000000);
	unsigned us = 0;
	char who[128];
	int r;

	while ((r = pass(tr, deadline)) > 0 && freeze_now_ns() < deadline)
		freeze_nap(&us);
	if (r <= 0 && r != -ETIMEDOUT)
		return r;
	fail_set(&tr->fail, ETIMEDOUT, "ptrace", "%s",
		 target_describe(tr->z->target, who, sizeof(who)));
	fail_why(&tr->fail, "not all of its threads came to a stop in %d ms", FREEZE_TIMEOUT_MS);
	return -ETIMEDOUT;
}

static void let_go(struct freeze_tracer *tr)
{
	for (size_t i = 0; i < tr->n; i++) {
		struct tracee *e = &tr->at[i];

		look(e); /* it may stand by now, or at another stop */
		/* One that cannot be detached is let go by the end of this thread. */
		if (e->seized)
			ptrace(PTRACE_DETACH, e->tid, 0, e->sig);
	}
}

static void *tracer_main(void *arg)
{
	struct freeze_tracer *tr = arg;

	tr->tid = sys_gettid();
	tr->err = freeze_all(tr);
	if (tr->err == 0) {
		sem_post(&tr->ready);
		while (sem_wait(&tr->release) < 0)
			;
	}
	let_go(tr);
	/* So that a failure is not told before everything runs again. */
	if (tr->err)
		sem_post(&tr->ready);
	return NULL;
}

static void tracer_free(struct freeze *z)
{
	struct freeze_tracer *tr = z->tracer;

	trace_join(tr->thread, tr->tid);
	sem_destroy(&tr->ready);
	sem_destroy(&tr->release);
	free(tr->tids.at);
	free(tr->at);
	free(tr);
	z->tracer = NULL;
}

int freeze_ptrace_begin(struct freeze *z, struct fail *f)
{
	struct freeze_tracer *tr = xcalloc(1, sizeof(*tr));
	int r;

	tr->z = z;
	z->was_stopped = freeze_thread_state(z->target, z->target->pid) == 'T';
	sem_init(&tr->ready, 0, 0);
	sem_init(&tr->release, 0, 0);
	r = thread_start(&tr->thread, tracer_main, tr);
	if (r < 0) {
		sem_destroy(&tr->ready);
		sem_destroy(&tr->release);
		free(tr);
		return fail_set(f, -r, "pthread_create", "a thread that traces");
	}
	z->tracer = tr;
	while (sem_wait(&tr->ready) < 0)
		;
	r = tr->err;
	if (r < 0) {
		*f = tr->fail;
		tracer_free(z);
	}
	return r;
}

void freeze_ptrace_end(struct freeze *z)
{
	sem_post(&z->tracer->release);
	tracer_free(z);
}
