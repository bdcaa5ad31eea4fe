/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "src/base/buf.h"
#include "src/base/sys.h"
#include "src/proc/procfs.h"
#include "src/stop/freeze_ways.h"
#include "src/stop/signal.h"

/*
 * Threads that do not stand yet, those deep in the kernel apart. A traced one
 * shows t also while its tracer is about to let it go on, from a system call
 * as a rule. It stands if the tracer sleeps, which such a stop would have
 * ended, and if none of them ran since the look before.
 */
struct count {
	unsigned all, running, busy, traced;
	uint64_t switches; /* of the traced ones */
};

/* The directory of a process leads back to /proc. */
static bool is_asleep(const struct target *t, pid_t pid)
{
	char path[32], text[1024];
	struct proc_stat st;
	ssize_t n;

	snprintf(path, sizeof(path), "../%d/stat", pid);
	n = proc_read_into(t->dir, path, text, sizeof(text));
	return n > 0 && proc_stat_parse(&st, text, (size_t)n) == 0 &&
	       (st.state == 'S' || st.state == 'T' || st.state == 't');
}

static void count_traced(const struct target *t, pid_t tid, struct count *c)
{
	autobuf text = BUF_INIT;
	struct proc_status st;
	char path[64];

	snprintf(path, sizeof(path), "task/%d/status", tid);
	if (proc_read(t->dir, path, &text) < 0 ||
	    proc_status_parse(&st, buf_str(&text), text.len) < 0 || !is_asleep(t, st.tracer)) {
		c->running++;
		return;
	}
	c->traced++;
	c->switches += st.switches;
}

static int count_running(const struct target *t, struct count *c)
{
	struct proc_number_list tids = { 0 };
	int r = proc_numbers_into(t->dir, "task", &tids);

	*c = (struct count){ 0 };
	for (size_t i = 0; r == 0 && i < tids.n; i++) {
		char state = freeze_thread_state(t, tids.at[i]);

		if (!state || state == 'Z' || state == 'X')
			continue;
		c->all++;
		if (state == 't')
			count_traced(t, tids.at[i], c);
		else if (state == 'D')
			c->busy++;
		else if (state != 'T')
			c->running++;
	}
	free(tids.at);
	return r == 0 && c->all ? 0 : -ESRCH;
}

static bool all_stand(const struct count *c, const struct count *before, uint64_t ms)
{
	if (c->running || (c->busy && ms <= FREEZE_PATIENCE_MS))
		return false;
	return !c->traced || (c->traced == before->traced && c->switches == before->switches);
}

static int wait_stopped(struct freeze *z, struct fail *f)
{
	uint64_t from = freeze_now_ns();
	struct count c = { 0 }, before;
	unsigned us = 0;

	for (;;) {
		uint64_t ms = (freeze_now_ns() - from) / 1000000;

		before = c;
		if (count_running(z->target, &c) < 0)
			return freeze_gone(z->target, f);
		if (all_stand(&c, &before, ms))
			break;
		if (ms > FREEZE_TIMEOUT_MS) {
			char who[128];

			fail_set(f, ETIMEDOUT, "SIGSTOP", "%s",
				 target_describe(z->target, who, sizeof(who)));
			fail_why(f, "it goes on: its tracer keeps the signal back, or it is the "
				    "first process of a pid namespace");
			return -ETIMEDOUT;
		}
		if (c.traced)
			us = 1000; /* time for the tracer to act */
		freeze_nap(&us);
	}
	z->threads = c.all;
	z->busy = c.busy;
	return 0;
}

static void go_on(void *arg)
{
	struct freeze *z = arg;

	sys_pidfd_send_signal(z->target->pidfd, SIGCONT, NULL, 0);
}

int freeze_sigstop_begin(struct freeze *z, struct fail *f)
{
	struct target process = *z->target;
	struct count c;
	int r;

	if (count_running(z->target, &c) < 0)
		return freeze_gone(z->target, f);
	z->was_stopped = freeze_thread_state(z->target, z->target->pid) == 'T' && !c.running;
	z->undo = !z->was_stopped;
	if (z->was_stopped)
		return wait_stopped(z, f);
	r = guardian_start(&z->guardian, go_on, z, &z->target->pidfd, 1, f);
	if (r < 0)
		return r;
	process.tid = 0; /* SIGSTOP is for the whole process whatever thread it went to */
	z->began_ns = freeze_now_ns();
	r = signal_send(&process, SIGSTOP, NULL, f);
	if (r == 0) {
		r = wait_stopped(z, f);
		if (r < 0)
			go_on(z);
	}
	if (r < 0)
		guardian_disarm(&z->guardian);
	return r;
}

void freeze_sigstop_end(struct freeze *z)
{
	if (!z->undo)
		return;
	/* In this order: if we die between the two, it goes on twice, not never. */
	go_on(z);
	guardian_disarm(&z->guardian);
}
