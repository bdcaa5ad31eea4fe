/* SPDX-License-Identifier: MIT */
/* For stop/go_on.c: ask, and only then let go on, at once or not at all. */
#ifndef STOP_ARCH_AARCH64_H
#define STOP_ARCH_AARCH64_H

#include <stdint.h>

#define GO_ON_PC(context) ((context)->uc_mcontext.pc)
#define GO_ON_LIMIT()     go_on_limit()

/* 4 us of the counter. */
static inline uint32_t go_on_limit(void)
{
	uint64_t hz;

	__asm__("mrs %0, cntfrq_el0" : "=r"(hz));
	return (uint32_t)(hz / 250000) + 1;
}

/* long trace_go_on_once(tid, sig, room): a system call keeps all registers but x0. */
#define GO_ON_CODE                                                                                 \
	"	mov	w5, w1\n"                                                                            \
	"	mov	x6, x2\n"                                                                            \
	"	mov	w1, w0\n"                                                                            \
	"	ldr	w10, [x6, #132]\n" /* limit */                                             \
	"trace_go_on_begin:\n"                                                                     \
	"	isb\n"                                                                                   \
	"	mrs	x9, cntvct_el0\n"                                                                    \
	"	mov	x8, #117\n"    /* SYS_ptrace */                                            \
	"	mov	x0, #0x4202\n" /* PTRACE_GETSIGINFO */                                     \
	"	mov	x2, #0\n"                                                                            \
	"	mov	x3, x6\n"                                                                            \
	"	svc	#0\n"                                                                                \
	"	cmn	x0, #22\n" /* EINVAL: a group stop, which has none */                      \
	"	b.eq	1f\n"                                                                               \
	"	tbnz	x0, #63, 2f\n"                                                                      \
	"	ldr	w4, [x6, #8]\n" /* si_code: SIGTRAP, PTRACE_EVENT_EXIT */                  \
	"	mov	w7, #0x605\n"                                                                        \
	"	cmp	w4, w7\n"                                                                            \
	"	b.eq	3f\n"                                                                               \
	"1:	isb\n"                                                                                 \
	"	mrs	x11, cntvct_el0\n"                                                                   \
	"	sub	w11, w11, w9\n"                                                                      \
	"	cmp	w11, w10\n"                                                                          \
	"	b.hi	trace_go_on_again\n"                                                                \
	"	mov	x8, #117\n"                                                                          \
	"	mov	x0, #7\n" /* PTRACE_CONT */                                                \
	"	mov	x2, #0\n"                                                                            \
	"	mov	x3, x5\n"                                                                            \
	"trace_go_on_act:\n"                                                                       \
	"	svc	#0\n"                                                                                \
	"trace_go_on_end:\n"                                                                       \
	"2:	ret\n"                                                                                 \
	"3:	mov	x0, #1\n"                                                                          \
	"	ret\n"                                                                                   \
	"trace_go_on_again:\n"                                                                     \
	"	mov	x0, #2\n"                                                                            \
	"	ret\n"

#endif
