/* SPDX-License-Identifier: MIT */
/* For stop/go_on.c: ask, and only then let go on, at once or not at all. */
#ifndef STOP_ARCH_X86_64_H
#define STOP_ARCH_X86_64_H

#define GO_ON_PC(context) ((context)->uc_mcontext.gregs[REG_RIP])
#define GO_ON_LIMIT()     8192 /* of the time stamp counter: 2 to 8 us */

/* long trace_go_on_once(tid, sig, room): a system call keeps all registers but rax, rcx and r11. */
#define GO_ON_CODE                                                                                 \
	"	mov	%esi, %r8d\n"                                                                        \
	"	mov	%rdx, %r9\n"                                                                         \
	"	mov	%edi, %esi\n"                                                                        \
	"trace_go_on_begin:\n"                                                                     \
	"	rdtsc\n"                                                                                 \
	"	mov	%eax, 128(%r9)\n" /* begun */                                              \
	"	mov	$101, %eax\n"     /* SYS_ptrace */                                         \
	"	mov	$0x4202, %edi\n"  /* PTRACE_GETSIGINFO */                                  \
	"	xor	%edx, %edx\n"                                                                        \
	"	mov	%r9, %r10\n"                                                                         \
	"	syscall\n"                                                                               \
	"	cmp	$-22, %rax\n" /* EINVAL: a group stop, which has none */                   \
	"	je	1f\n"                                                                                 \
	"	test	%rax, %rax\n"                                                                       \
	"	js	2f\n"                                                                                 \
	"	cmpl	$0x605, 8(%r9)\n" /* si_code: SIGTRAP, PTRACE_EVENT_EXIT */                \
	"	je	3f\n"                                                                                 \
	"1:	rdtsc\n"                                                                               \
	"	sub	128(%r9), %eax\n"                                                                    \
	"	cmp	132(%r9), %eax\n" /* limit */                                              \
	"	ja	trace_go_on_again\n"                                                                  \
	"	mov	$101, %eax\n"                                                                        \
	"	mov	$7, %edi\n" /* PTRACE_CONT */                                              \
	"	xor	%edx, %edx\n"                                                                        \
	"	mov	%r8, %r10\n"                                                                         \
	"trace_go_on_act:\n"                                                                       \
	"	syscall\n"                                                                               \
	"trace_go_on_end:\n"                                                                       \
	"2:	ret\n"                                                                                 \
	"3:	mov	$1, %eax\n"                                                                        \
	"	ret\n"                                                                                   \
	"trace_go_on_again:\n"                                                                     \
	"	mov	$2, %eax\n"                                                                          \
	"	ret\n"

#endif
