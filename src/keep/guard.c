/* SPDX-License-Identifier: MIT */
#include "src/keep/guard.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/base/thread.h"
#include "src/keep/guard_state.h"
#include "src/proc/procfs.h"
#include "src/stop/go_on.h"
#include "src/stop/trace.h"

static void wake(int eventfd)
{
	uint64_t one = 1;

	while (write(eventfd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void guard_tell(struct guard *g, const struct guard_event *ev)
{
	pthread_mutex_lock(&g->lock);
	if (g->n == g->cap) {
		g->cap = g->cap ? g->cap * 2 : 16;
		g->at = xreallocarray(g->at, g->cap, sizeof(*g->at));
	}
	g->at[g->n++] = *ev;
	wake(g->news);
	pthread_mutex_unlock(&g->lock);
}

void guard_close(struct guard *g)
{
	pthread_mutex_lock(&g->lock);
	g->closed = true;
	wake(g->news);
	pthread_mutex_unlock(&g->lock);
}

bool guard_is_ending(struct guard *g)
{
	bool ending;

	pthread_mutex_lock(&g->lock);
	ending = g->ending;
	pthread_mutex_unlock(&g->lock);
	return ending;
}

int guard_fd(const struct guard *g)
{
	return g->news;
}

unsigned guard_threads(const struct guard *g)
{
	return g->threads;
}

int guard_next(struct guard *g, struct guard_event *ev)
{
	uint64_t count;
	int r = 0;

	pthread_mutex_lock(&g->lock);
	if (g->next < g->n) {
		*ev = g->at[g->next++];
		r = 1;
	} else if (g->closed) {
		r = -ECHILD;
	}
	if (g->next == g->n) {
		g->n = g->next = 0;
		/* Once closed it stays readable, for the last word is still to be read. */
		if (!g->closed && read(g->news, &count, sizeof(count)) < 0 && errno != EAGAIN)
			r = r ? r : -errno;
	}
	pthread_mutex_unlock(&g->lock);
	return r;
}

void guard_done(struct guard *g, struct guard_event *ev)
{
	bool part = ev->haul && ev->haul->more;

	haul_free(ev->haul);
	ev->haul = NULL;
	if (part)
		sem_post(&g->consumed);
}

/* Tracing goes by the pids of our own namespace: those of another /proc mean others. */
static int check_procfs(int procfs, struct fail *f)
{
	char self[32], want[32];

	snprintf(want, sizeof(want), "%d", (int)getpid());
	if (proc_readlink(procfs, "self", self, sizeof(self)) >= 0 && strcmp(self, want) == 0)
		return 0;
	fail_set(f, EXDEV, "", "the proc filesystem");
	fail_why(f, "it is not that of our own pid namespace, and tracing goes by its pids");
	return -EXDEV;
}

static int check_target(const struct target *t, struct fail *f)
{
	char who[128];

	target_describe(t, who, sizeof(who));
	if (t->self) {
		fail_set(f, EINVAL, "", "%s", who);
		fail_class(f, FAIL_USAGE);
		fail_why(f, "filch cannot guard itself");
	} else if (t->kthread) {
		fail_set(f, EOPNOTSUPP, "", "%s", who);
		fail_why(f, "it is a kernel thread: it has no descriptors and never exits so");
	} else if (target_has_exited(t)) {
		fail_set(f, ESRCH, "", "%s", who);
		fail_why(f, "it has exited");
	} else {
		return 0;
	}
	return -f->err;
}

static void release(struct guard *g)
{
	struct guard_event ev = { 0 };

	while (guard_next(g, &ev) == 1)
		haul_free(ev.haul);
	sigaction(SIGCHLD, &g->chld_before, NULL);
	pthread_sigmask(SIG_SETMASK, &g->mask_before, NULL);
	fd_close(&g->control);
	fd_close(&g->news);
	sem_destroy(&g->ready);
	sem_destroy(&g->consumed);
	pthread_mutex_destroy(&g->lock);
	free(g->at);
	free(g->tracees);
	free(g->procs);
	free(g);
}

/*
 * SIGCHLD must be sent at all, wait for the signalfd, not end what others wait for,
 * and tell trace_go_on() of what it must not miss.
 */
static void take_sigchld(struct guard *g)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO | SA_RESTART,
				.sa_sigaction = trace_go_on_handler };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &set, &g->mask_before);
	sigaction(SIGCHLD, &sa, &g->chld_before);
}

static struct guard *guard_new(const struct guard_opts *o)
{
	struct guard *g = xcalloc(1, sizeof(*g));

	g->o = *o;
	g->control = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	g->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	sem_init(&g->ready, 0, 0);
	sem_init(&g->consumed, 0, 0);
	pthread_mutex_init(&g->lock, NULL);
	take_sigchld(g);
	return g;
}

int guard_start(struct guard **out, const struct guard_opts *o, struct fail *f)
{
	struct guard *g;
	int r = check_procfs(o->haul.procfs, f);

	*out = NULL;
	if (r == 0)
		r = check_target(o->target, f);
	if (r < 0)
		return r;
	g = guard_new(o);
	if (g->control < 0 || g->news < 0) {
		release(g);
		return fail_set(f, EMFILE, "eventfd", "the guard");
	}
	r = thread_start(&g->thread, guard_loop, g);
	if (r < 0) {
		release(g);
		return fail_set(f, -r, "pthread_create", "the guard");
	}
	while (sem_wait(&g->ready) < 0)
		;
	if (g->err < 0) {
		r = g->err;
		*f = g->fail;
		trace_join(g->thread, g->tid);
		release(g);
		return r;
	}
	*out = g;
	return 0;
}

void guard_end(struct guard *g)
{
	if (!g)
		return;
	pthread_mutex_lock(&g->lock);
	g->ending = true;
	pthread_mutex_unlock(&g->lock);
	wake(g->control);
	sem_post(&g->consumed); /* nobody will free a part any more */
	trace_join(g->thread, g->tid);
	release(g);
}
