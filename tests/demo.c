/* SPDX-License-Identifier: MIT */
/*
 * The demonstration's target: a small shop with the usual troubles. It keeps
 * appending to a log that somebody deleted, text is stuck in its pipe, a client
 * waits for an answer, and two processes share one socket.
 *
 *	demo DIR
 *
 * Prints "PID LOG-FD" when all is in place, then works until it is killed.
 * DIR/ledger gets every line before the log does: what the log must be.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
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
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct shop {
	int log, ledger;
	int timer, wakeup, epoll, signals;
	unsigned long orders;
	pid_t cashier;
};

static int need(int result, const char *what)
{
	if (result < 0)
		err(1, "%s", what);
	return result;
}

static void put(int fd, const char *text)
{
	ssize_t n = write(fd, text, strlen(text));

	if (n != (ssize_t)strlen(text))
		err(1, "write");
}

static void add_order(struct shop *shop)
{
	static const char *const goods[] = { "coffee", "apples", "paper", "batteries", "soap" };
	char line[128];

	shop->orders++;
	snprintf(line, sizeof(line), "order %06lu: %lu x %s\n", shop->orders,
		 shop->orders * 7 % 9 + 1, goods[shop->orders % 5]);
	put(shop->ledger, line);
	put(shop->log, line);
}

static void open_deleted_log(struct shop *shop, const char *dir)
{
	char path[4096];
	int i;

	snprintf(path, sizeof(path), "%s/ledger", dir);
	shop->ledger = need(open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), path);
	snprintf(path, sizeof(path), "%s/orders.log", dir);
	shop->log = need(open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600),
			 path);
	for (i = 0; i < 1000; i++)
		add_order(shop);
	need(unlink(path), path);
}

static void open_stuck_pipe(void)
{
	int ends[2];

	need(pipe2(ends, O_CLOEXEC), "pipe2");
	put(ends[1], "parcel 17 for Ms Okafor, waiting for a courier\n"
		     "parcel 18 for Mr Lindqvist, waiting for a courier\n");
}

static void open_memory(void)
{
	int fd = need(memfd_create("price-list", MFD_CLOEXEC), "memfd_create");

	put(fd, "coffee 4.20\napples 1.10\npaper 3.00\n");
}

/* A listener, a client, and the accepted end with a request that nobody reads. */
static int open_tcp(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);
	int listener, client;

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = need(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
	need(bind(listener, (struct sockaddr *)&addr, len), "bind");
	need(listen(listener, 16), "listen");
	need(getsockname(listener, (struct sockaddr *)&addr, &len), "getsockname");
	client = need(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
	need(connect(client, (struct sockaddr *)&addr, len), "connect");
	need(accept4(listener, NULL, NULL, SOCK_CLOEXEC), "accept4");
	put(client, "GET /orders/42 HTTP/1.1\r\nHost: shop\r\n\r\n");
	return listener;
}

/* The cashier: another process with the same end of the same socket. */
static void start_cashier(struct shop *shop)
{
	pid_t self = getpid();
	int pair[2];

	need(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), "socketpair");
	put(pair[0], "till opened");
	put(pair[0], "one receipt printed");
	shop->cashier = need(fork(), "fork");
	if (shop->cashier)
		return;
	prctl(PR_SET_NAME, "demo-cashier");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != self)
		_exit(0);
	for (;;)
		pause();
}

static void watch(struct shop *shop, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	need(epoll_ctl(shop->epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

static void open_events(struct shop *shop, int listener, const char *dir)
{
	struct itimerspec every = { .it_interval.tv_nsec = 200000000,
				    .it_value.tv_nsec = 200000000 };
	sigset_t stop;
	int inotify;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	shop->signals = need(signalfd(-1, &stop, SFD_CLOEXEC), "signalfd");
	shop->wakeup = need(eventfd(3, EFD_CLOEXEC), "eventfd");
	shop->timer = need(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), "timerfd_create");
	need(timerfd_settime(shop->timer, 0, &every, NULL), "timerfd_settime");
	inotify = need(inotify_init1(IN_CLOEXEC), "inotify_init1");
	need(inotify_add_watch(inotify, dir, IN_CREATE), "inotify_add_watch");
	shop->epoll = need(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
	watch(shop, shop->timer);
	watch(shop, shop->signals);
	watch(shop, listener);
}

static void work(struct shop *shop)
{
	struct epoll_event event;
	uint64_t ticks;

	for (;;) {
		if (epoll_wait(shop->epoll, &event, 1, -1) <= 0)
			continue;
		if (event.data.fd == shop->signals)
			return;
		if (event.data.fd == shop->timer &&
		    read(shop->timer, &ticks, sizeof(ticks)) == (ssize_t)sizeof(ticks))
			add_order(shop);
	}
}

int main(int argc, char **argv)
{
	struct shop shop = { 0 };
	int listener;

	if (argc != 2)
		errx(2, "usage: demo DIR");
	prctl(PR_SET_NAME, "demo-shop");
	close_range(3, ~0U, 0); /* whatever the shell before us had open */
	/* A script that is killed must not leave us behind. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	open_deleted_log(&shop, argv[1]);
	open_stuck_pipe();
	open_memory();
	listener = open_tcp();
	start_cashier(&shop);
	open_events(&shop, listener, argv[1]);
	printf("%d %d\n", (int)getpid(), shop.log);
	fclose(stdout);
	work(&shop);
	kill(shop.cashier, SIGKILL);
	waitpid(shop.cashier, NULL, 0);
	return 0;
}
