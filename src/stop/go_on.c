/* SPDX-License-Identifier: MIT */
#include "src/stop/go_on.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <ucontext.h>

#include "src/stop/trace.h"

#if defined(__x86_64__) && defined(__LP64__)
#include "src/stop/arch/x86_64.h"
#elif defined(__aarch64__) && defined(__LP64__)
#include "src/stop/arch/aarch64.h"
#endif

#define TRIES 100 /* where a question always takes too long */

enum { GONE_ON, IN_EXIT_STOP, AGAIN };

struct room {
	siginfo_t info;
	uint32_t begun, limit; /* when it was asked, and for how long the answer is good */
};

#ifdef GO_ON_CODE

/* GONE_ON, IN_EXIT_STOP, AGAIN, or the -errno of one of the two calls. */
long trace_go_on_once(pid_t tid, int sig, struct room *room);

/* The act has happened from _end on: a thread that stands at _act has yet to do it. */
extern const char trace_go_on_begin[], trace_go_on_act[], trace_go_on_end[], trace_go_on_again[];

__asm__(".pushsection .text, \"ax\", %progbits\n"
	"	.balign	16\n"
	"	.globl	trace_go_on_once, trace_go_on_act\n"
	"	.type	trace_go_on_once, %function\n"
	"trace_go_on_once:\n" GO_ON_CODE "	.size	trace_go_on_once, . - trace_go_on_once\n"
	".popsection\n");

_Static_assert((SIGTRAP | PTRACE_EVENT_EXIT << 8) == 0x605, "as arch/ has it");
_Static_assert(PTRACE_GETSIGINFO == 0x4202 && PTRACE_CONT == 7, "as arch/ has them");
_Static_assert(offsetof(struct room, info.si_code) == 8, "as arch/ has it");
_Static_assert(offsetof(struct room, begun) == 128 && offsetof(struct room, limit) == 132,
	       "as arch/ has them");

bool trace_go_on_is_whole(void)
{
	return true;
}

void trace_go_on_handler(int sig, siginfo_t *info, void *context)
{
	ucontext_t *c = context;
	uintptr_t pc = (uintptr_t)GO_ON_PC(c);

	(void)sig;
	(void)info;
	if (pc >= (uintptr_t)trace_go_on_begin && pc < (uintptr_t)trace_go_on_end)
		GO_ON_PC(c) = (uintptr_t)trace_go_on_again;
}

#else

#define GO_ON_LIMIT() 0

static long trace_go_on_once(pid_t tid, int sig, struct room *room)
{
	(void)room;
	if (!trace_may_continue(tid))
		return IN_EXIT_STOP;
	ptrace(PTRACE_CONT, tid, 0, sig);
	return GONE_ON;
}

bool trace_go_on_is_whole(void)
{
	return false;
}

void trace_go_on_handler(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
}

#endif

void trace_go_on(pid_t tid, int sig)
{
	sigset_t set, before;
	struct room room = { .limit = GO_ON_LIMIT() };
	int tries = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	pthread_sigmask(SIG_UNBLOCK, &set, &before);
	while (trace_go_on_once(tid, sig, &room) == AGAIN)
		if (++tries == TRIES)
			room.limit = UINT32_MAX;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
