/* SPDX-License-Identifier: MIT */
#include "tests/victims/victim.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* ---- signals ---- */

static atomic_ulong signals;
static siginfo_t last;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	last = *info;
	atomic_fetch_add(&signals, 1);
}

/* Without SA_RESTART: whoever waits is to see the interruption. */
void signals_watch(void)
{
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	int list[] = { SIGUSR1, SIGUSR2, SIGIO, SIGRTMIN, SIGRTMIN + 1, SIGRTMIN + 2 };

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
		sigaction(list[i], &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

void signals_report(FILE *out)
{
	fprintf(out,
		"{\"ok\":true,\"count\":%lu,\"signo\":%d,\"code\":%d,\"pid\":%d,\"uid\":%d,"
		"\"value\":%d}\n",
		atomic_load(&signals), last.si_signo, last.si_code, (int)last.si_pid,
		(int)last.si_uid, last.si_value.sival_int);
}

/* ---- threads that block, and count who disturbs them ---- */

#define BLOCKERS 4

static struct blocker {
	const char *mode;
	pid_t tid;
	atomic_ulong eintr, rounds;
	int fd[2];
	sem_t ready;
} blockers[BLOCKERS];
static int nblockers;
static atomic_ulong main_eintr;

void note_eintr(void)
{
	atomic_fetch_add(&main_eintr, 1);
}

static int block_once(struct blocker *b)
{
	struct epoll_event e;
	struct timespec t = { .tv_sec = 600 };
	sigset_t none;
	char c;

	if (strcmp(b->mode, "recv") == 0)
		return (int)recv(b->fd[0], &c, 1, 0);
	if (strcmp(b->mode, "read") == 0)
		return (int)read(b->fd[0], &c, 1);
	if (strcmp(b->mode, "sigtimedwait") == 0) {
		sigemptyset(&none);
		sigaddset(&none, SIGRTMIN + 5);
		return sigtimedwait(&none, NULL, &t);
	}
	return epoll_wait(b->fd[0], &e, 1, 600000);
}

static void *blocker_thread(void *arg)
{
	struct blocker *b = arg;

	b->tid = outer_tid();
	sem_post(&b->ready);
	for (;;) {
		if (block_once(b) < 0 && errno == EINTR)
			atomic_fetch_add(&b->eintr, 1);
		atomic_fetch_add(&b->rounds, 1);
	}
	return NULL;
}

static void blocker_open(struct blocker *b)
{
	struct timeval t = { .tv_sec = 600 };

	if (strcmp(b->mode, "epoll") == 0) {
		b->fd[0] = (int)must(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
	} else if (strcmp(b->mode, "recv") == 0) {
		must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, b->fd), "socketpair");
		setsockopt(b->fd[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	} else if (strcmp(b->mode, "read") == 0) {
		must(pipe2(b->fd, O_CLOEXEC), "pipe2");
	} else if (strcmp(b->mode, "sigtimedwait") != 0) {
		die("unknown way to block: %s", b->mode);
	}
}

static pthread_t thread_new(void *(*run)(void *), void *arg)
{
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, run, arg);

	if (rc)
		die("pthread_create: %s", strerror(rc));
	return thread;
}

/* State S of a thread says that it waits in the kernel. */
static bool is_asleep(void *arg)
{
	struct blocker *b = arg;
	char path[64], *line = NULL, *p = NULL;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%d/task/%d/stat", (int)outer_pid(), (int)b->tid);
	f = proc_open(path);
	if (!f)
		return true; /* not ours to read */
	if (getdelim(&line, &size, '\0', f) > 0)
		p = strrchr(line, ')');
	fclose(f);
	p = p && p[1] == ' ' && p[2] == 'S' ? p : NULL;
	free(line);
	return p != NULL;
}

void blocker_start(const char *mode)
{
	struct blocker *b = &blockers[nblockers++];

	if (nblockers > BLOCKERS)
		die("more than %d blockers", BLOCKERS);
	b->mode = mode ? mode : "epoll";
	blocker_open(b);
	sem_init(&b->ready, 0, 0);
	thread_new(blocker_thread, b);
	while (sem_wait(&b->ready) < 0)
		;
	poll_until(is_asleep, b, 2000);
}

static void context_switches(FILE *out, pid_t tid)
{
	unsigned long long vol = 0, nonvol = 0;
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "%d/task/%d/status", (int)outer_pid(), (int)tid);
	f = proc_open(path);
	while (f && fgets(line, sizeof(line), f)) {
		sscanf(line, "voluntary_ctxt_switches: %llu", &vol);
		sscanf(line, "nonvoluntary_ctxt_switches: %llu", &nonvol);
	}
	if (f)
		fclose(f);
	fprintf(out, "\"voluntary\":%llu,\"nonvoluntary\":%llu", vol, nonvol);
}

void blocker_report(FILE *out)
{
	unsigned long sum = atomic_load(&main_eintr);

	fputs("{\"ok\":true,\"blockers\":[", out);
	for (int i = 0; i < nblockers; i++) {
		struct blocker *b = &blockers[i];

		sum += atomic_load(&b->eintr);
		fprintf(out, "%s{\"mode\":\"%s\",\"tid\":%d,\"eintr\":%lu,\"rounds\":%lu,",
			i ? "," : "", b->mode, (int)b->tid, atomic_load(&b->eintr),
			atomic_load(&b->rounds));
		context_switches(out, b->tid);
		fputc('}', out);
	}
	fprintf(out, "],\"eintr\":%lu,\"main_eintr\":%lu}\n", sum, atomic_load(&main_eintr));
}

/* ---- a thread that spins, and notices when it was kept from it ---- */

static atomic_llong largest_gap;

static void *spin_thread(void *arg)
{
	struct timespec t;
	long long now, before = 0;

	(void)arg;
	for (;;) {
		clock_gettime(CLOCK_MONOTONIC, &t);
		now = t.tv_sec * 1000000000LL + t.tv_nsec;
		if (before && now - before > atomic_load(&largest_gap))
			atomic_store(&largest_gap, now - before);
		before = now;
	}
	return NULL;
}

void spin_start(void)
{
	thread_new(spin_thread, NULL);
}

long long spin_gap(void)
{
	return atomic_exchange(&largest_gap, 0);
}

/* ---- churn: another kind in the same slot, as fast as it goes ---- */

static struct churn {
	int fd;
	double seconds;
} churn_job;
static atomic_ullong churned;

static int churn_open(unsigned kind)
{
	switch (kind % 5) {
	case 0:
		return eventfd(0, EFD_CLOEXEC);
	case 1:
		return memfd_create("churn", MFD_CLOEXEC);
	case 2:
		return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	case 3:
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	default:
		return epoll_create1(EPOLL_CLOEXEC);
	}
}

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *churn_thread(void *arg)
{
	double end = seconds_now() + churn_job.seconds;

	(void)arg;
	for (unsigned i = 0; i % 64 || seconds_now() < end; i++) {
		int fd = churn_open(i);

		if (fd < 0)
			continue;
		if (i % 2)
			close(churn_job.fd); /* a moment with nothing in the slot */
		dup3(fd, churn_job.fd, O_CLOEXEC);
		close(fd);
		atomic_fetch_add(&churned, 1);
	}
	churn_job.seconds = 0;
	return NULL;
}

void churn_start(int fd, double seconds)
{
	churn_job.fd = fd;
	churn_job.seconds = seconds;
	thread_new(churn_thread, NULL);
}

unsigned long long churn_count(void)
{
	return atomic_load(&churned);
}

/* ---- a thread with a table of its own ---- */

static struct table {
	char **specs;
	FILE *truth, *out;
	char *line;
	pid_t tid;
	sem_t go, done;
} table;

static void *table_thread(void *arg)
{
	(void)arg;
	table.tid = outer_tid();
	must(unshare(CLONE_FILES), "unshare(CLONE_FILES)");
	for (char **spec = table.specs; *spec; spec++)
		spec_run(*spec);
	truth_print(table.truth);
	sem_post(&table.done);
	for (;;) {
		while (sem_wait(&table.go) < 0)
			;
		command(table.line, table.out);
		sem_post(&table.done);
	}
	return NULL;
}

pid_t table_start(char **specs, FILE *truth)
{
	table.specs = specs;
	table.truth = truth;
	sem_init(&table.go, 0, 0);
	sem_init(&table.done, 0, 0);
	thread_new(table_thread, NULL);
	while (sem_wait(&table.done) < 0)
		;
	return table.tid;
}

void table_command(char *line, FILE *out)
{
	if (!table.tid || strncmp(line, "thread", 6) == 0) {
		fputs("{\"ok\":false,\"error\":\"no thread with a table of its own\"}\n", out);
		return;
	}
	table.line = line;
	table.out = out;
	sem_post(&table.go);
	while (sem_wait(&table.done) < 0)
		;
}
