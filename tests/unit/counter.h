/* SPDX-License-Identifier: MIT */
/* A child that counts in shared memory, so that a test sees whether it runs. */
#ifndef TESTS_UNIT_COUNTER_H
#define TESTS_UNIT_COUNTER_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/base/fd.h"
#include "src/proc/target.h"

#define THREADS_MAX 128

struct counter {
	pid_t pid;
	struct target t;
	struct counter_page {
		atomic_ulong at[THREADS_MAX];
		atomic_ulong signals, ready;
	} * page;
};

static inline void nap_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* Poll until what holds: for at most half a minute, a busy machine is no failure. */
#define assert_soon(what)                                                                          \
	do {                                                                                       \
		for (int tries = 0; !(what); tries++) {                                            \
			if (tries == 30000)                                                        \
				fail_msg("never: %s", #what);                                      \
			nap_ms(1);                                                                 \
		}                                                                                  \
	} while (0)

static inline void *count_up(void *at)
{
	for (;;) {
		atomic_fetch_add((atomic_ulong *)at, 1);
		usleep(100);
	}
	return NULL;
}

static inline void counter_open(struct counter *c)
{
	autoclose int procfs = procfs_open("/proc", NULL);
	struct target_name name = { .pid = c->pid };

	assert_int_equal(target_open(&c->t, procfs, &name, NULL), 0);
}

/* fn runs in the child, which dies with the test. */
static inline void counter_start_as(struct counter *c, void (*fn)(struct counter_page *, unsigned),
				    unsigned n)
{
	c->page = mmap(NULL, sizeof(*c->page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	assert_true(c->page != MAP_FAILED);
	c->pid = fork();
	assert_true(c->pid >= 0);
	if (c->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(120);
		fn(c->page, n);
		_exit(0);
	}
	assert_soon(atomic_load(&c->page->ready));
	counter_open(c);
}

static inline void count_in_threads(struct counter_page *page, unsigned n)
{
	pthread_t thread;

	for (unsigned i = 1; i < n; i++)
		if (pthread_create(&thread, NULL, count_up, &page->at[i]) != 0)
			_exit(1);
	atomic_store(&page->ready, 1);
	count_up(&page->at[0]);
}

static inline void counter_start(struct counter *c, unsigned threads)
{
	counter_start_as(c, count_in_threads, threads);
}

static inline unsigned long counter_sum(const struct counter *c)
{
	unsigned long sum = 0;

	for (unsigned i = 0; i < THREADS_MAX; i++)
		sum += atomic_load(&c->page->at[i]);
	return sum;
}

static inline void assert_still(const struct counter *c)
{
	unsigned long before = counter_sum(c);

	nap_ms(5);
	assert_int_equal(counter_sum(c), before);
}

static inline void assert_runs(const struct counter *c)
{
	unsigned long before = counter_sum(c);

	assert_soon(counter_sum(c) > before);
}

static inline char counter_state(const struct counter *c)
{
	struct proc_stat st;

	return proc_stat_read(c->t.dir, &st) < 0 ? 0 : st.state;
}

static inline pid_t counter_tracer(const struct counter *c)
{
	struct proc_status st;

	return proc_status_read(c->t.dir, &st) < 0 ? 0 : st.tracer;
}

static inline void counter_end(struct counter *c)
{
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	target_close(&c->t);
	munmap(c->page, sizeof(*c->page));
}

#endif
