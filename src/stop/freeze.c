/* SPDX-License-Identifier: MIT */
#include "src/stop/freeze.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "src/stop/freeze_ways.h"

struct way {
	struct freeze_way_info info;
	int (*begin)(struct freeze *z, struct fail *f);
	void (*end)(struct freeze *z);
};

#define EINTR_WORDS "epoll_wait, sigtimedwait and receives with a time limit return EINTR"

static const struct way ways[FREEZE_WAY_COUNT] = {
	[FREEZE_PTRACE] = {
		.info = {
			.name = "ptrace",
			.effect = EFFECT_STOP,
			.notices = "a gap in time; " EINTR_WORDS
				   "; TracerPid while it lasts; its parent notices nothing",
		},
		.begin = freeze_ptrace_begin,
		.end = freeze_ptrace_end,
	},
	[FREEZE_CGROUP] = {
		.info = {
			.name = "cgroup",
			.effect = EFFECT_STOP,
			.notices = "a gap in time; " EINTR_WORDS
				   "; who watches cgroup.events sees it frozen",
		},
		.begin = freeze_cgroup_begin,
		.end = freeze_cgroup_end,
	},
	[FREEZE_SIGSTOP] = {
		.info = {
			.name = "sigstop",
			.effect = EFFECT_STOP,
			.notices = "a gap in time; " EINTR_WORDS
				   "; its parent and its tracer see it stop and go on; it gets SIGCONT",
			.warning = "it is stopped by SIGSTOP, which its parent sees: a shell "
				   "takes the terminal back, a supervisor may act",
		},
		.begin = freeze_sigstop_begin,
		.end = freeze_sigstop_end,
	},
};

const struct freeze_way_info *freeze_way_info(enum freeze_way way)
{
	return way > FREEZE_NONE && way < FREEZE_WAY_COUNT ? &ways[way].info : NULL;
}

uint64_t freeze_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void freeze_nap(unsigned *us)
{
	struct timespec ts;

	*us = *us == 0 ? 20 : *us < 2000 ? *us * 2 : 2000;
	ts = (struct timespec){ .tv_nsec = *us * 1000L };
	nanosleep(&ts, NULL);
}

char freeze_thread_state(const struct target *t, pid_t tid)
{
	char path[64], text[1024];
	struct proc_stat st;
	ssize_t n;

	snprintf(path, sizeof(path), "task/%d/stat", tid);
	n = proc_read_into(t->dir, path, text, sizeof(text));
	if (n <= 0 || proc_stat_parse(&st, text, (size_t)n) < 0)
		return 0;
	return st.state;
}

int freeze_gone(const struct target *t, struct fail *f)
{
	char who[128];

	fail_set(f, ESRCH, "freeze", "%s", target_describe(t, who, sizeof(who)));
	fail_why(f, "it has exited");
	return -ESRCH;
}

static int check_target(const struct target *t, struct fail *f)
{
	char who[128];

	target_describe(t, who, sizeof(who));
	if (t->pid == getpid()) {
		fail_set(f, EINVAL, "freeze", "%s", who);
		fail_class(f, FAIL_USAGE);
		fail_why(f, "filch cannot stop itself and go on");
		return -EINVAL;
	}
	if (t->kthread) {
		fail_set(f, EOPNOTSUPP, "freeze", "%s", who);
		fail_why(f, "it is a kernel thread: those cannot be stopped");
		return -EOPNOTSUPP;
	}
	return target_has_exited(t) ? freeze_gone(t, f) : 0;
}

int freeze_begin(struct freeze *z, const struct target *t, unsigned allowed, struct fail *f)
{
	int r, first = 0;

	memset(z, 0, sizeof(*z));
	z->target = t;
	z->file = -1;
	z->guardian = (struct guardian){ .helper = { .fd = -1, .pid = -1 }, .control = -1 };
	r = check_target(t, f);
	if (r < 0)
		return r;
	for (enum freeze_way way = FREEZE_PTRACE; way < FREEZE_WAY_COUNT; way++) {
		if (!(allowed & FREEZE_ALLOW(way)))
			continue;
		z->threads = z->busy = 0;
		z->began_ns = freeze_now_ns();
		r = ways[way].begin(z, &z->why_not[way]);
		if (r == 0) {
			z->way = way;
			return 0;
		}
		if (first == 0 && f)
			*f = z->why_not[way];
		first = first ? first : r;
		if (r == -ESRCH)
			return r;
	}
	return first ? first : fail_set(f, EINVAL, "freeze", "no way of stopping is allowed");
}

enum freeze_way freeze_way(const struct freeze *z)
{
	return z->way;
}

uint64_t freeze_pause_ns(const struct freeze *z)
{
	return z->way ? freeze_now_ns() - z->began_ns : z->pause_ns;
}

uint64_t freeze_end(struct freeze *z)
{
	if (z->way) {
		ways[z->way].end(z);
		z->pause_ns = freeze_pause_ns(z);
		z->way = FREEZE_NONE;
	}
	return z->pause_ns;
}
