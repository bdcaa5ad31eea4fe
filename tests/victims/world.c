/* SPDX-License-Identifier: MIT */
#include "tests/victims/victim.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int proc_fd = -1; /* only after a chroot: /proc of the outside */

FILE *proc_open(const char *path)
{
	char full[128];
	int fd;

	if (proc_fd < 0) {
		snprintf(full, sizeof(full), "/proc/%s", path);
		return fopen(full, "re");
	}
	fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? NULL : fdopen(fd, "r");
}

pid_t outer_pid(void)
{
	char text[16] = "";
	ssize_t n = proc_fd < 0 ? readlink("/proc/self", text, sizeof(text) - 1)
				: readlinkat(proc_fd, "self", text, sizeof(text) - 1);

	return n > 0 ? (pid_t)atoi(text) : getpid();
}

pid_t outer_tid(void)
{
	char text[40] = "";
	ssize_t n = proc_fd < 0 ? readlink("/proc/thread-self", text, sizeof(text) - 1)
				: readlinkat(proc_fd, "thread-self", text, sizeof(text) - 1);
	char *slash = n > 0 ? strrchr(text, '/') : NULL;

	return slash ? (pid_t)atoi(slash + 1) : thread_id();
}

unsigned long long start_of(pid_t pid)
{
	unsigned long long start = 0;
	char path[32], *line = NULL, *p = NULL;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%d/stat", (int)pid);
	f = proc_open(path);
	/* The name may hold blanks, parentheses and newlines: go by the last one. */
	if (f && getdelim(&line, &size, '\0', f) > 0)
		p = strrchr(line, ')');
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (p)
		start = strtoull(p, NULL, 10);
	if (f)
		fclose(f);
	free(line);
	return start;
}

pid_t thread_id(void)
{
	return (pid_t)syscall(SYS_gettid);
}

void die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

void child_rest(void)
{
	for (;;)
		ppoll(NULL, 0, NULL, NULL);
}

pid_t child_new(bool bare, pid_t *inner)
{
	pid_t parent = getpid(), pid, outer = -1;
	int p[2];

	must(pipe2(p, O_CLOEXEC), "pipe2");
	pid = (pid_t)must(fork(), "fork");
	if (pid == 0) {
		die_with_parent();
		if (getppid() != parent)
			_exit(1);
		outer = outer_pid();
		if (write(p[1], &outer, sizeof(outer)) != sizeof(outer))
			_exit(1);
		close(p[0]);
		close(p[1]);
		if (bare)
			syscall(SYS_close_range, 3U, ~0U, 0U);
		child_rest();
	}
	close(p[1]);
	if (read(p[0], &outer, sizeof(outer)) != sizeof(outer))
		die("a child did not come up");
	close(p[0]);
	if (inner)
		*inner = pid;
	return outer;
}

void pause_ms(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	ppoll(NULL, 0, &t, NULL);
}

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

bool poll_until(bool (*ready)(void *), void *arg, long ms)
{
	long long end = now_ms() + ms;

	while (!ready(arg)) {
		if (now_ms() > end)
			return false;
		pause_ms(1);
	}
	return true;
}

static void write_map(const char *path, const char *text)
{
	int fd = (int)must(open(path, O_WRONLY | O_CLOEXEC), path);

	must(write(fd, text, strlen(text)), path);
	close(fd);
}

static void enter_user(unsigned uid, unsigned gid)
{
	char map[48];

	write_map("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_map("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	write_map("/proc/self/gid_map", map);
}

static void loopback_up(void)
{
	struct ifreq req = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = (int)must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");

	must(ioctl(fd, SIOCSIFFLAGS, &req), "bring up lo");
	close(fd);
}

/* The first process of a new pid namespace has to be a child. */
static void enter_pid(void)
{
	pid_t pid = (pid_t)must(fork(), "fork");
	int status;

	if (pid == 0) {
		die_with_parent();
		return;
	}
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	syscall(SYS_close_range, 3U, ~0U, 0U);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

void world_enter(const struct world *w)
{
	struct rlimit limit;
	unsigned uid = getuid(), gid = getgid();

	must(getrlimit(RLIMIT_NOFILE, &limit), "RLIMIT_NOFILE");
	limit.rlim_cur = w->nofile ? (rlim_t)w->nofile : limit.rlim_max;
	must(setrlimit(RLIMIT_NOFILE, &limit), "RLIMIT_NOFILE");
	if (w->unshare)
		must(unshare(w->unshare), "unshare");
	if (w->unshare & CLONE_NEWUSER)
		enter_user(uid, gid);
	if (w->unshare & CLONE_NEWPID)
		enter_pid();
	if (w->unshare & CLONE_NEWNET)
		loopback_up();
	if (w->root) {
		proc_fd = (int)must(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), "/proc");
		must(chroot(w->root), "chroot");
		must(chdir("/"), "chdir");
	}
	if (w->comm) {
		char name[16] = "";

		memcpy(name, w->comm, w->comm_len < 15 ? w->comm_len : 15);
		prctl(PR_SET_NAME, name, 0, 0, 0);
	}
	if (!w->stay && !(w->unshare & CLONE_NEWPID))
		die_with_parent();
}

void world_drop(const struct world *w)
{
	if (w->gid >= 0) {
		must(setgroups(0, NULL), "setgroups");
		must(setresgid((gid_t)w->gid, (gid_t)w->gid, (gid_t)w->gid), "setresgid");
	}
	if (w->uid >= 0)
		must(setresuid((uid_t)w->uid, (uid_t)w->uid, (uid_t)w->uid), "setresuid");
	/* Changing who we are cleared both. */
	if (!w->stay)
		die_with_parent();
	must(prctl(PR_SET_DUMPABLE, w->dumpable, 0, 0, 0), "PR_SET_DUMPABLE");
	if (w->landlock) {
		int fd = (int)must(landlock_ruleset(LANDLOCK_ACCESS_FS_MAKE_BLOCK),
				   "landlock_create_ruleset");

		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		must(syscall(SYS_landlock_restrict_self, fd, 0), "landlock_restrict_self");
		close(fd);
	}
}
