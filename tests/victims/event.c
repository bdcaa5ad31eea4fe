/* SPDX-License-Identifier: MIT */
#include "tests/victims/victim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

void open_eventfd(struct spec *s)
{
	uint64_t value = (uint64_t)spec_num(s, "value", 0);
	bool semaphore = spec_flag(s, "semaphore");
	int flags = EFD_CLOEXEC | (semaphore ? EFD_SEMAPHORE : 0) |
		    (spec_flag(s, "nonblock") ? EFD_NONBLOCK : 0);
	struct held *h;

	h = held_new(place(s, (int)must(eventfd(0, flags), "eventfd")), "eventfd");
	if (value)
		must(write(h->fd, &value, sizeof(value)), "write");
	held_num(h, "count", (long long)value);
	held_bool(h, "semaphore", semaphore);
}

static const struct {
	const char *name;
	int id;
} clocks[] = {
	{ "realtime", CLOCK_REALTIME },
	{ "monotonic", CLOCK_MONOTONIC },
	{ "boottime", CLOCK_BOOTTIME },
	{ "realtime_alarm", CLOCK_REALTIME_ALARM },
	{ "boottime_alarm", CLOCK_BOOTTIME_ALARM },
};

static struct timespec of_ms(long long ms)
{
	return (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
}

static bool is_readable(void *arg)
{
	struct pollfd p = { .fd = *(int *)arg, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* value= and interval= in milliseconds; expired waits for the first tick. */
void open_timerfd(struct spec *s)
{
	const char *name = spec_str(s, "clock", "monotonic");
	struct itimerspec spec = { .it_value = of_ms(spec_num(s, "value", 0)),
				   .it_interval = of_ms(spec_num(s, "interval", 0)) };
	bool absolute = spec_flag(s, "abs"), expired = spec_flag(s, "expired");
	struct held *h;
	size_t i = 0;
	int fd;

	while (i < sizeof(clocks) / sizeof(*clocks) && strcmp(clocks[i].name, name) != 0)
		i++;
	if (i == sizeof(clocks) / sizeof(*clocks))
		die("timerfd: unknown clock: %s", name);
	fd = timerfd_create(clocks[i].id, TFD_CLOEXEC);
	if (!usable(s, fd, "timerfd_create"))
		return;
	h = held_new(place(s, fd), "timerfd");
	must(timerfd_settime(h->fd, absolute ? TFD_TIMER_ABSTIME : 0, &spec, NULL),
	     "timerfd_settime");
	held_num(h, "clockid", clocks[i].id);
	held_num(h, "value_ms", spec_num(s, "value", 0));
	held_num(h, "interval_ms", spec_num(s, "interval", 0));
	if (expired && !poll_until(is_readable, &h->fd, 2000))
		die("timerfd: it did not expire");
	held_bool(h, "expired", expired);
}

void open_signalfd(struct spec *s)
{
	long long list[SIZES_MAX];
	int n = spec_list(s, "mask", list);
	struct held *h;
	uint64_t mask = 0;
	sigset_t set;

	sigemptyset(&set);
	for (int i = 0; i < n; i++) {
		sigaddset(&set, (int)list[i]);
		mask |= 1ULL << (list[i] - 1);
	}
	must(sigprocmask(SIG_BLOCK, &set, NULL), "sigprocmask");
	h = held_new(place(s, (int)must(signalfd(-1, &set, SFD_CLOEXEC), "signalfd")), "signalfd");
	held_list(h, "signals", list, n);
	held_raw(h, "sigmask", "\"%016" PRIx64 "\"", mask);
}

static void watch(int epfd, int fd, unsigned events)
{
	struct epoll_event e = { .events = events, .data.u64 = (uint64_t)fd };

	must(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &e), "EPOLL_CTL_ADD");
}

/* watch=10+11 are descriptors of earlier specs; ghost=12 registers a copy of
 * 12 and closes that copy, so that the registration outlives its number. */
void open_epoll(struct spec *s)
{
	struct held *h = held_new(
		place(s, (int)must(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")), "epoll");
	unsigned events = (unsigned)spec_num(s, "events", EPOLLIN);
	int ghost = (int)spec_num(s, "ghost", -1), at = (int)spec_num(s, "ghostfd", -1);
	long long list[SIZES_MAX];
	int n = spec_list(s, "watch", list);

	for (int i = 0; i < n; i++)
		watch(h->fd, (int)list[i], events);
	held_list(h, "watches", list, n);
	held_num(h, "events", events);
	if (ghost < 0)
		return;
	if (at < 0)
		at = (int)must(fcntl(ghost, F_DUPFD_CLOEXEC, FIRST_FD), "dup of the ghost");
	else
		must(dup3(ghost, at, O_CLOEXEC), "dup3 of the ghost");
	watch(h->fd, at, events);
	close(at);
	held_num(h, "ghost_fd", at);
	held_num(h, "ghost_of", ghost);
}

static void held_mark(FILE *out, bool first, int wd, const char *path, uint64_t mask)
{
	struct stat st;

	must(stat(path, &st), path);
	fprintf(out, "%s{\"wd\":%d,\"ino\":%ju,\"mask\":%" PRIu64 "", first ? "" : ",", wd,
		(uintmax_t)st.st_ino, mask);
	json_bytes(out, "path", path, strlen(path));
	fputc('}', out);
}

/* Makes N events in the first watched folder. */
static void make_events(const char *dir, long long n)
{
	for (long long i = 0; i < n; i++) {
		char *path;

		if (asprintf(&path, "%s/event-%lld", dir, i) < 0)
			die("out of memory");
		close((int)must(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600), path));
		unlink(path);
		free(path);
	}
}

/* watch=PATH+PATH; one folder of our own unless told; made=N files come and go in it. */
void open_inotify(struct spec *s)
{
	struct held *h;
	uint32_t mask = (uint32_t)spec_num(s, "mask", IN_CREATE | IN_DELETE);
	long long events = spec_num(s, "made", 0);
	char *list = strdup(spec_str(s, "watch", "")), *save = NULL, *p;
	bool first = true;

	if (!*list) {
		free(list);
		list = temp_path("watched", 7);
		mkdir(list, 0755);
	}
	h = held_new(place(s, (int)must(inotify_init1(IN_CLOEXEC), "inotify_init1")), "inotify");
	fputs(",\"marks\":[", h->more);
	for (p = strtok_r(list, "+", &save); p; p = strtok_r(NULL, "+", &save)) {
		int wd = (int)must(inotify_add_watch(h->fd, p, mask), p);

		held_mark(h->more, first, wd, p, mask);
		first = false;
	}
	fputc(']', h->more);
	make_events(list, events);
	held_num(h, "made", events);
	free(list);
}

void open_fanotify(struct spec *s)
{
	const char *path = spec_str(s, "path", "/tmp");
	uint64_t mask = (uint64_t)spec_num(s, "mask", FAN_CLOSE_WRITE);
	unsigned flags = spec_flag(s, "fid") ? FAN_REPORT_FID : 0;
	unsigned mark = spec_flag(s, "mount") ? FAN_MARK_MOUNT : 0;
	int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | flags, O_RDONLY | O_CLOEXEC);
	struct held *h;

	if (!usable(s, fd, "fanotify_init"))
		return;
	h = held_new(place(s, fd), "fanotify");
	must(fanotify_mark(h->fd, FAN_MARK_ADD | mark, mask, AT_FDCWD, path), "fanotify_mark");
	fputs(",\"marks\":[", h->more);
	held_mark(h->more, true, 0, path, mask);
	fputc(']', h->more);
	held_num(h, "init_flags", flags);
}

/* of=self, child (lives), dead (reaped), zombie (not reaped) or a number. */
void open_pidfd(struct spec *s)
{
	const char *of = spec_str(s, "of", "self");
	pid_t inner = getpid(), outer = outer_pid();
	bool dead = strcmp(of, "dead") == 0, zombie = strcmp(of, "zombie") == 0;
	struct held *h;
	int fd;

	if (strcmp(of, "child") == 0 || dead || zombie)
		outer = child_new(true, &inner);
	else if (strcmp(of, "self") != 0)
		inner = outer = (pid_t)spec_num(s, "of", 0);
	fd = (int)syscall(SYS_pidfd_open, inner, 0);
	if (!usable(s, fd, "pidfd_open"))
		return;
	if (dead || zombie) {
		siginfo_t info;

		kill(inner, SIGKILL);
		waitid(P_PID, (id_t)inner, &info, WEXITED | (zombie ? WNOWAIT : 0));
	}
	h = held_new(place(s, fd), "pidfd");
	held_num(h, "pid", dead ? -1 : outer);
	held_num(h, "was_pid", outer);
	held_str(h, "of", of);
}
