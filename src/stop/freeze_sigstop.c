/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "src/base/sys.h"
#include "src/proc/procfs.h"
#include "src/stop/freeze_ways.h"
#include "src/stop/signal.h"

/* Threads that do not stand yet, those deep in the kernel apart. */
struct count {
	unsigned all, running, busy;
};

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
		/* t: a tracer was told and keeps it; that stands as well. */
		if (state == 'D')
			c->busy++;
		else if (state != 'T' && state != 't')
			c->running++;
	}
	free(tids.at);
	return r == 0 && c->all ? 0 : -ESRCH;
}

static int wait_stopped(struct freeze *z, struct fail *f)
{
	uint64_t from = freeze_now_ns();
	struct count c;
	unsigned us = 0;

	for (;;) {
		uint64_t ms = (freeze_now_ns() - from) / 1000000;

		if (count_running(z->target, &c) < 0)
			return freeze_gone(z->target, f);
		if (!c.running && (!c.busy || ms > FREEZE_PATIENCE_MS))
			break;
		if (ms > FREEZE_TIMEOUT_MS) {
			char who[128];

			fail_set(f, ETIMEDOUT, "SIGSTOP", "%s",
				 target_describe(z->target, who, sizeof(who)));
			fail_why(f, "it goes on: its tracer keeps the signal back, or it is the "
				    "first process of a pid namespace");
			return -ETIMEDOUT;
		}
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
