/* SPDX-License-Identifier: MIT */
#include "src/evidence/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "src/base/fd.h"

#define NOBODY     65534
#define CPU_TIME   2
#define MORE_SPACE (64u << 20)

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
	__has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define HAS_RUNTIME true /* it maps memory and asks the system at any time */
#else
#define HAS_RUNTIME false
#endif

/* Bytes of address space in use; 0 if /proc cannot tell. */
static rlim_t space_in_use(void)
{
	autoclose int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	char text[128];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return strtoul(text, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE);
}

static bool limit(__rlimit_resource_t what, rlim_t max)
{
	struct rlimit rl = { .rlim_cur = max, .rlim_max = max };

	return setrlimit(what, &rl) == 0;
}

static bool limit_resources(void)
{
	rlim_t used = space_in_use();
	bool ok = true;

	if (!HAS_RUNTIME)
		ok = used && limit(RLIMIT_AS, used + MORE_SPACE);
	ok = limit(RLIMIT_CPU, CPU_TIME) && ok;
	ok = limit(RLIMIT_FSIZE, 0) && ok;
	ok = limit(RLIMIT_CORE, 0) && ok;
	ok = limit(RLIMIT_NPROC, 0) && ok;
	return limit(RLIMIT_NOFILE, 0) && ok;
}

static bool become_nobody(void)
{
	if (geteuid() != 0)
		return true;
	return setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	       setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

static bool drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];

	memset(none, 0, sizeof(none));
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); /* since Linux 4.3 */
	return syscall(SYS_capset, &header, none) == 0;
}

static int allow_on(scmp_filter_ctx ctx, int call, int fd)
{
	struct scmp_arg_cmp is_fd = { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)fd };

	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 1, is_fd);
}

/* What the run-time of a sanitizer does on its own. */
static int allow_runtime(scmp_filter_ctx ctx)
{
	static const int calls[] = {
		SCMP_SYS(mmap),           SCMP_SYS(munmap), SCMP_SYS(madvise),
		SCMP_SYS(futex),          SCMP_SYS(gettid), SCMP_SYS(getpid),
		SCMP_SYS(sched_yield),    SCMP_SYS(brk),    SCMP_SYS(clock_gettime),
		SCMP_SYS(rt_sigprocmask), SCMP_SYS(mremap), SCMP_SYS(sigaltstack),
	};
	int r = 0;

	for (size_t i = 0; HAS_RUNTIME && r == 0 && i < sizeof(calls) / sizeof(calls[0]); i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
	return r;
}

static bool filter_calls(int in, int out)
{
	scmp_filter_ctx ctx = seccomp_init(HAS_RUNTIME ? SCMP_ACT_ERRNO(EPERM)
						       : SCMP_ACT_KILL_PROCESS);
	bool ok;

	if (!ctx)
		return false;
	ok = allow_on(ctx, SCMP_SYS(pread64), in) == 0 &&
	     allow_on(ctx, SCMP_SYS(write), out) == 0 &&
	     seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(exit_group), 0) == 0 &&
	     seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(rt_sigreturn), 0) == 0 &&
	     allow_runtime(ctx) == 0 && seccomp_load(ctx) == 0;
	/* No seccomp_release(): under the filter nothing may be given back any more. */
	return ok;
}

unsigned sandbox_enter(int in, int out)
{
	unsigned gaps = 0;

	if (!limit_resources())
		gaps |= SANDBOX_NO_LIMITS;
	if (!become_nobody())
		gaps |= SANDBOX_NO_UID;
	if (!drop_capabilities())
		gaps |= SANDBOX_NO_CAPS;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		gaps |= SANDBOX_NO_NEW_PRIVS;
	if (!filter_calls(in, out))
		gaps |= SANDBOX_NO_SECCOMP;
	return gaps;
}

const char *sandbox_gap_words(enum sandbox_gap gap)
{
	switch (gap) {
	case SANDBOX_NO_UID:
		return "the reader could not become nobody";
	case SANDBOX_NO_CAPS:
		return "the reader could not drop its capabilities";
	case SANDBOX_NO_NEW_PRIVS:
		return "the reader could not give up new privileges";
	case SANDBOX_NO_LIMITS:
		return "the reader's resources could not be limited";
	case SANDBOX_NO_SECCOMP:
		return "the reader's system calls could not be filtered";
	default:
		return NULL;
	}
}
