/* SPDX-License-Identifier: MIT */
/*
 * Runs a command and says what it cost. Small itself, because the peak memory
 * of a process starts at that of the one that forked it.
 *
 *	measure [-1] CMD ARG...		-1: on the first processor only
 *
 * The command's output goes to /dev/null. Prints one line on stdout: wall,
 * user and system seconds, peak resident KiB, exit status (128+N: signal N).
 */
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void become(char **command)
{
	int null = open("/dev/null", O_RDWR);

	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	execvp(command[0], command);
	_exit(127);
}

int main(int argc, char **argv)
{
	int only_one = argc > 1 && !strcmp(argv[1], "-1");
	struct rusage use;
	cpu_set_t cpus;
	double start;
	int status;
	pid_t pid;

	if (argc < 2 + only_one)
		errx(2, "usage: measure [-1] CMD ARG...");
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (only_one && sched_setaffinity(0, sizeof(cpus), &cpus))
		err(1, "sched_setaffinity");
	start = now();
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid)
		become(argv + 1 + only_one);
	if (wait4(pid, &status, 0, &use) < 0)
		err(1, "wait4");
	printf("%.6f %.6f %.6f %ld %d\n", now() - start, seconds(use.ru_utime),
	       seconds(use.ru_stime), use.ru_maxrss,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
