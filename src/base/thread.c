/* SPDX-License-Identifier: MIT */
#include "src/base/thread.h"

#include <sched.h>
#include <signal.h>

int thread_start(pthread_t *thread, void *(*main)(void *), void *arg)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	sigset_t sent, before;
	int r;

	sigfillset(&sent);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&sent, faults[i]);
	pthread_sigmask(SIG_SETMASK, &sent, &before);
	r = pthread_create(thread, NULL, main, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

unsigned thread_processors(void)
{
	cpu_set_t set;
	int n;

	/* Refused where the kernel knows of more processors than the set holds. */
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return THREADS_MAX;
	n = CPU_COUNT(&set);
	return n > THREADS_MAX ? THREADS_MAX : n > 0 ? (unsigned)n : 1;
}

struct member {
	void (*work)(void *arg, unsigned i);
	void *arg;
	unsigned i;
	pthread_t id;
};

static void *member_main(void *arg)
{
	const struct member *m = arg;

	m->work(m->arg, m->i);
	return NULL;
}

void thread_team(unsigned n, void (*work)(void *arg, unsigned i), void *arg)
{
	struct member others[THREADS_MAX];
	unsigned started = 1;

	for (; started < n && started < THREADS_MAX; started++) {
		struct member *m = &others[started];

		*m = (struct member){ .work = work, .arg = arg, .i = started };
		if (thread_start(&m->id, member_main, m) < 0)
			break;
	}
	work(arg, 0);
	while (started > 1)
		pthread_join(others[--started].id, NULL);
}
