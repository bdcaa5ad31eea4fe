/* SPDX-License-Identifier: MIT */
/*
 * Processes full of descriptors, to be listed.
 *
 *	fleet PROCESSES DESCRIPTORS [mixed|timerfd|null [THREADS]]
 *
 * With THREADS, that many in each process have DESCRIPTORS each, in a table of
 * their own: a process may have more than the limit of one table. Prints "ready"
 * when all are open; ends, and they with it, when its standard input does.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct sockets {
	int listener;
	struct sockaddr_in addr;
};

static int need(int result, const char *what)
{
	if (result < 0)
		err(1, "%s", what);
	return result;
}

static int open_listener(struct sockets *s)
{
	socklen_t len = sizeof(s->addr);

	s->addr.sin_family = AF_INET;
	s->addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->listener = need(socket(AF_INET, SOCK_STREAM, 0), "socket");
	need(bind(s->listener, (struct sockaddr *)&s->addr, len), "bind");
	need(listen(s->listener, 64), "listen");
	need(getsockname(s->listener, (struct sockaddr *)&s->addr, &len), "getsockname");
	return 1;
}

static int open_tcp(struct sockets *s)
{
	int client = need(socket(AF_INET, SOCK_STREAM, 0), "socket");

	need(connect(client, (struct sockaddr *)&s->addr, sizeof(s->addr)), "connect");
	need(accept(s->listener, NULL, NULL), "accept");
	return 2;
}

static int open_epoll(void)
{
	int timer = need(timerfd_create(CLOCK_MONOTONIC, 0), "timerfd_create");
	int epoll = need(epoll_create1(0), "epoll_create1");
	struct epoll_event event = { .events = EPOLLIN, .data.fd = timer };

	need(epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event), "epoll_ctl");
	return 2;
}

static int open_pair(int i)
{
	int ends[2];

	if (i % 2)
		need(pipe(ends), "pipe");
	else
		need(socketpair(AF_UNIX, i % 4 ? SOCK_STREAM : SOCK_DGRAM, 0, ends), "socketpair");
	return 2;
}

/* One of the mix; returns how many descriptors it opened. */
static int open_mixed(struct sockets *s, int i)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	switch (i % 16) {
	case 0:
		return open_tcp(s);
	case 1:
	case 2:
	case 3:
	case 4:
		return open_pair(i);
	case 5:
		return open_epoll();
	case 6:
		return need(memfd_create("bench", 0), "memfd_create") > 0;
	case 7:
		return need(signalfd(-1, &set, 0), "signalfd") > 0;
	case 8:
		return need(dup(s->listener), "dup") > 0;
	case 9:
		return need(eventfd(0, 0), "eventfd") > 0;
	case 10:
		return need(socket(AF_INET, SOCK_DGRAM, 0), "socket") > 0;
	case 11:
		return need(open("/dev/null", O_RDWR), "/dev/null") > 0;
	case 12:
		return need(open("/", O_RDONLY | O_DIRECTORY), "/") > 0;
	default:
		return need(open(i % 2 ? "/proc/self/exe" : "/etc/passwd", O_RDONLY), "file") > 0;
	}
}

static void fill(const char *what, int count)
{
	struct sockets s = { 0 };
	int i, n = 3;

	if (!strcmp(what, "mixed"))
		n += open_listener(&s);
	for (i = 0; n < count; i++) {
		if (!strcmp(what, "timerfd"))
			n += need(timerfd_create(CLOCK_MONOTONIC, 0), "timerfd_create") > 0;
		else if (!strcmp(what, "null"))
			n += need(open("/dev/null", O_RDONLY), "/dev/null") > 0;
		else if (n + 2 > count)
			n += need(eventfd(0, 0), "eventfd") > 0;
		else
			n += open_mixed(&s, i);
	}
}

struct crowd {
	const char *what;
	int count;
	pthread_barrier_t filled;
};

static void *thread(void *arg)
{
	struct crowd *crowd = arg;

	need(unshare(CLONE_FILES), "unshare");
	close_range(3, ~0U, 0);
	fill(crowd->what, crowd->count);
	pthread_barrier_wait(&crowd->filled);
	for (;;)
		pause();
	return NULL;
}

/* Threads before our own table fills, for each begins with a copy of it. */
static void fill_all(const char *what, int count, int threads)
{
	struct crowd crowd = { what, count, { { 0 } } };
	pthread_t id;
	int i;

	pthread_barrier_init(&crowd.filled, NULL, (unsigned)threads);
	for (i = 1; i < threads; i++)
		if (pthread_create(&id, NULL, thread, &crowd))
			errx(1, "pthread_create");
	fill(what, count);
	pthread_barrier_wait(&crowd.filled);
}

static void member(const char *what, int count, int threads, int ready)
{
	int null = need(open("/dev/null", O_RDWR), "/dev/null");

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, 0);
	dup2(null, 1);
	close(null);
	fill_all(what, count, threads);
	if (write(ready, "", 1) != 1)
		_exit(1);
	close(ready);
	for (;;)
		pause();
}

static void start(const char *what, int processes, int count, int threads)
{
	int i, ready[2];
	char byte;

	need(pipe2(ready, O_CLOEXEC), "pipe2");
	for (i = 0; i < processes; i++) {
		if (!need(fork(), "fork")) {
			close(ready[0]);
			member(what, count, threads, ready[1]);
		}
	}
	close(ready[1]);
	for (i = 0; i < processes; i++)
		if (read(ready[0], &byte, 1) != 1)
			errx(1, "a process of the fleet did not get all its descriptors");
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	char byte;

	if (argc < 3)
		errx(2, "usage: fleet PROCESSES DESCRIPTORS [mixed|timerfd|null [THREADS]]");
	close_range(3, ~0U, 0);
	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	start(argc > 3 ? argv[3] : "mixed", atoi(argv[1]), atoi(argv[2]),
	      argc > 4 ? atoi(argv[4]) : 1);
	puts("ready");
	fclose(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0; /* the children go with us: PR_SET_PDEATHSIG */
}
