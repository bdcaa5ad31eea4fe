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
