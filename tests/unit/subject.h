/* SPDX-License-Identifier: MIT */
/* A process to be guarded, what it shares with the test, and what is expected of its end. */
#ifndef TESTS_UNIT_SUBJECT_H
#define TESTS_UNIT_SUBJECT_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/base/fd.h"
#include "src/base/sys.h"
#include "src/keep/guard.h"

#define WAIT_MS 10000
#define MARK_FD 77 /* a pipe with "mark" in it, known to nobody but the target */

/* What a target shares with the test, to say and to be told things. */
struct shared {
	_Atomic int ready, go, caught;
};

struct subject {
	pid_t pid;
	struct shared *shared;
	struct target target;
	struct guard *g;
	int procfs;
};

typedef void subject_main(struct shared *s);

static inline void nap(void)
{
	struct timespec ts = { .tv_nsec = 2000000 };

	nanosleep(&ts, NULL);
}

static inline void wait_until(const _Atomic int *what, int value)
{
	for (int i = 0; *what < value && i < WAIT_MS / 2; i++)
		nap();
}

static inline void mark(void)
{
	int ends[2];

	if (pipe(ends) < 0 || write(ends[1], "mark", 4) != 4 || dup2(ends[0], MARK_FD) < 0)
		_exit(99);
	close(ends[0]);
	close(ends[1]);
}

static inline int subject_open(struct subject *s)
{
	struct target_name name = { .pid = s->pid };

	return target_open(&s->target, s->procfs, &name, NULL);
}

static inline void subject_start(struct subject *s, subject_main *fn)
{
	s->shared = mmap(NULL, sizeof(*s->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(s->shared, MAP_FAILED);
	s->g = NULL;
	s->procfs = procfs_open("/proc", NULL);
	s->pid = fork();
	if (s->pid == 0) {
		struct rlimit none = { 0, 0 };

		prctl(PR_SET_PDEATHSIG, SIGKILL); /* also of a test that fails */
		setrlimit(RLIMIT_CORE, &none);
		signal(SIGSEGV, SIG_DFL); /* the test's own framework catches it */
		signal(SIGABRT, SIG_DFL);
		mark();
		fn(s->shared);
		_exit(98);
	}
	wait_until(&s->shared->ready, 1);
	assert_true(s->shared->ready >= 1);
	assert_int_equal(subject_open(s), 0);
}

static inline int subject_guard(struct subject *s, bool children, struct fail *f)
{
	struct guard_opts o = {
		.target = &s->target,
		.children = children,
		.haul = { .procfs = s->procfs },
	};

	return guard_start(&s->g, &o, f);
}

static inline void subject_end(struct subject *s)
{
	guard_end(s->g);
	target_close(&s->target);
	fd_close(&s->procfs);
	munmap(s->shared, sizeof(*s->shared));
}

/* The next event, or fail after WAIT_MS. False: no more. */
static inline bool next(struct subject *s, struct guard_event *ev)
{
	struct pollfd pfd = { .fd = guard_fd(s->g), .events = POLLIN };

	for (;;) {
		int r = guard_next(s->g, ev);

		if (r)
			return r == 1;
		assert_int_equal(poll(&pfd, 1, WAIT_MS), 1);
	}
}

static inline const struct haul_item *marked(const struct haul *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->at[i].e->fd == MARK_FD)
			return &h->at[i];
	return NULL;
}

static inline void check_haul(const struct guard_event *ev)
{
	const struct haul_item *item = marked(ev->haul);
	char text[8];

	assert_int_equal(ev->haul->fail.err, 0);
	assert_non_null(item);
	assert_true(item->fd >= 0);
	assert_int_equal(read(item->fd, text, sizeof(text)), 4);
	assert_memory_equal(text, "mark", 4);
}

/* Everything until it has ended: exactly `hauls` of them, and these statuses. */
static inline void expect_end(struct subject *s, int hauls, int cause, int status)
{
	struct guard_event ev;
	int n = 0, left = 0;

	while (next(s, &ev)) {
		if (ev.what == GUARD_TABLE) {
			if (n++ == 0)
				check_haul(&ev);
			assert_int_equal(ev.status & ~WCOREFLAG, cause);
		} else if (ev.what == GUARD_LEFT) {
			left++;
			assert_int_equal(ev.status & ~WCOREFLAG, status);
		}
		guard_done(s->g, &ev);
	}
	assert_int_equal(n, hauls);
	assert_int_equal(left, 1);
}

static inline void wait_to_go(struct shared *s)
{
	s->ready = 1;
	wait_until(&s->go, 1);
}

static inline void will_wait(struct shared *s)
{
	s->ready = 1;
	for (;;)
		pause();
}

static inline void *thread_waits(void *arg)
{
	struct shared *s = arg;

	s->ready++;
	for (;;)
		pause();
	return NULL;
}

#endif
