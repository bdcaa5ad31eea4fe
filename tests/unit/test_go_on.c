/* SPDX-License-Identifier: MIT */
/*
 * A SIGKILL in the moment between a guard's look at a stop and its PTRACE_CONT. A debugger
 * holds the guard's thread at the very system call, so that nothing here is luck.
 */
#include <elf.h>
#include <sys/uio.h>
#include <sys/user.h>

#include "src/stop/go_on.h"
#include "tests/unit/subject.h"

#if defined(__x86_64__) && defined(__LP64__)

extern const char trace_go_on_act[];

/* A process with a guard of a process of its own, and what that guard said. */
struct scene {
	pid_t pid;
	struct told {
		_Atomic pid_t subject;
		_Atomic int tables, lost;
	} * told;
	pid_t tracer; /* the guard's thread */
	long text;    /* where the breakpoint is */
};

static void on_usr1(int sig)
{
	(void)sig;
}

static void handles_a_signal(struct shared *s)
{
	signal(SIGUSR1, on_usr1);
	will_wait(s);
}

static void guards(struct told *told)
{
	struct guard_event ev;
	struct subject s;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	subject_start(&s, handles_a_signal);
	if (subject_guard(&s, false, NULL) < 0)
		_exit(1);
	told->subject = s.pid;
	for (; next(&s, &ev); guard_done(s.g, &ev)) {
		told->tables += ev.what == GUARD_TABLE && marked(ev.haul);
		told->lost += ev.what == GUARD_LOST;
	}
	_exit(0);
}

/* A number in /proc/PID/status, hexadecimal or not. */
static unsigned long status_of(pid_t pid, const char *name, int base)
{
	char path[64], line[256];
	unsigned long n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, name, strlen(name)) == 0)
			n = strtoul(line + strlen(name), NULL, base);
	if (f)
		fclose(f);
	return n;
}

static void stops(pid_t tid, int sig)
{
	int status;

	assert_int_equal(waitpid(tid, &status, __WALL), tid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(WSTOPSIG(status), sig);
}

static void set_pc(pid_t tid, const char *pc)
{
	struct user_regs_struct regs;
	struct iovec iov = { &regs, sizeof(regs) };

	assert_int_equal(ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &iov), 0);
	regs.rip = (unsigned long)pc;
	assert_int_equal(ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &iov), 0);
}

/* From here on the guard's thread stands before its PTRACE_CONT, and has asked already. */
static void hold_the_guard(struct scene *s)
{
	assert_int_equal(ptrace(PTRACE_SEIZE, s->tracer, 0, 0), 0);
	assert_int_equal(ptrace(PTRACE_INTERRUPT, s->tracer, 0, 0), 0);
	stops(s->tracer, SIGTRAP);
	errno = 0;
	s->text = ptrace(PTRACE_PEEKTEXT, s->tracer, trace_go_on_act, 0);
	assert_int_equal(errno, 0);
	assert_int_equal(
		ptrace(PTRACE_POKETEXT, s->tracer, trace_go_on_act, (s->text & ~0xffL) | 0xcc), 0);
	assert_int_equal(ptrace(PTRACE_CONT, s->tracer, 0, 0), 0);
	kill(s->told->subject, SIGUSR1);
	/* It may be woken by the SIGCHLD first. */
	for (int status = 0; WSTOPSIG(status) != SIGTRAP;) {
		assert_int_equal(waitpid(s->tracer, &status, __WALL), s->tracer);
		assert_true(WIFSTOPPED(status));
		if (WSTOPSIG(status) != SIGTRAP)
			ptrace(PTRACE_CONT, s->tracer, 0, WSTOPSIG(status));
	}
	assert_int_equal(ptrace(PTRACE_POKETEXT, s->tracer, trace_go_on_act, s->text), 0);
	set_pc(s->tracer, trace_go_on_act);
}

/* It stands in its exit stop once its tracer has been sent the SIGCHLD of that. */
static void kill_the_subject(const struct scene *s)
{
	const unsigned long chld = 1UL << (SIGCHLD - 1);
	int i = 0;

	kill(s->told->subject, SIGKILL);
	while (!(status_of(s->pid, "ShdPnd:", 16) & chld) && i++ < WAIT_MS / 2)
		nap();
	assert_true(status_of(s->pid, "ShdPnd:", 16) & chld);
}

static void scene_start(struct scene *s)
{
	s->told = mmap(NULL, sizeof(*s->told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	assert_ptr_not_equal(s->told, MAP_FAILED);
	s->pid = fork();
	if (s->pid == 0)
		guards(s->told);
	for (int i = 0; !s->told->subject && i < WAIT_MS / 2; i++)
		nap();
	assert_true(s->told->subject > 0);
	s->tracer = (pid_t)status_of(s->told->subject, "TracerPid:", 10);
	assert_true(s->tracer > 0);
	hold_the_guard(s);
	kill_the_subject(s);
}

static void scene_end(struct scene *s, int tables, int lost)
{
	int status;

	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	assert_int_equal(status, 0);
	assert_int_equal(s->told->tables, tables);
	assert_int_equal(s->told->lost, lost);
	munmap(s->told, sizeof(*s->told));
}

/* However long it stood there: the SIGCHLD takes back what it was about to do. */
static void test_taken_back(void **state)
{
	struct scene s = { 0 };

	(void)state;
	assert_true(trace_go_on_is_whole());
	scene_start(&s);
	assert_int_equal(ptrace(PTRACE_DETACH, s.tracer, 0, 0), 0);
	scene_end(&s, 1, 0);
}

/* As if the system call had begun before: what nobody can take back any more is told. */
static void test_too_late(void **state)
{
	struct scene s = { 0 };

	(void)state;
	scene_start(&s);
	assert_int_equal(ptrace(PTRACE_CONT, s.tracer, 0, 0), 0);
	stops(s.tracer, SIGCHLD);
	assert_int_equal(ptrace(PTRACE_DETACH, s.tracer, 0, 0), 0);
	scene_end(&s, 0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken_back),
		cmocka_unit_test(test_too_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	puts("1..0 # SKIP no code for a whole stretch on this processor, or no test of it");
	return 0;
}

#endif
