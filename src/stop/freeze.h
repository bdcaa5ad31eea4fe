/* SPDX-License-Identifier: MIT */
/*
 * Make a target stand still for a copy, and let it go on as if nothing had
 * happened. Three ways, tried in this order: ptrace(2), which its parent does
 * not see and which the kernel ends if we die; the freezer of its control
 * group, see cgroups(7); SIGSTOP. A target that was stopped before stays
 * stopped, and signals sent meanwhile are delivered when it goes on.
 */
#ifndef STOP_FREEZE_H
#define STOP_FREEZE_H

#include <stdbool.h>
#include <stdint.h>

#include "src/base/effect.h"
#include "src/base/fail.h"
#include "src/proc/target.h"
#include "src/stop/guardian.h"

enum freeze_way { FREEZE_NONE, FREEZE_PTRACE, FREEZE_CGROUP, FREEZE_SIGSTOP, FREEZE_WAY_COUNT };

#define FREEZE_ALLOW(way) (1u << (way))
#define FREEZE_ALLOW_ALL                                                                           \
	(FREEZE_ALLOW(FREEZE_PTRACE) | FREEZE_ALLOW(FREEZE_CGROUP) | FREEZE_ALLOW(FREEZE_SIGSTOP))

/* What each way does to the target, as data for help, --dry-run and the audit log. */
struct freeze_way_info {
	const char *name; /* "ptrace" */
	enum effect effect;
	const char *notices; /* what the target and its parent can notice */
	const char *warning; /* NULL, or what to tell before */
};
const struct freeze_way_info *freeze_way_info(enum freeze_way way);

struct freeze {
	enum freeze_way way;
	bool was_stopped;  /* it stood still before: by SIGSTOP, or in a frozen group */
	unsigned threads;  /* that stand still */
	unsigned busy;     /* of these: inside a system call that cannot be interrupted, vfork(2)
			      included: they stop where they leave it, but it may still act */
	uint64_t began_ns; /* CLOCK_MONOTONIC, just before the first thread was asked */
	uint64_t pause_ns; /* set by freeze_end() */
	struct fail why_not[FREEZE_WAY_COUNT]; /* err 0: not tried */

	/* Of the ways themselves. */
	const struct target *target;
	struct freeze_tracer *tracer;
	struct guardian guardian;
	int file; /* cgroup.freeze */
	bool undo;
};

/*
 * Freeze the whole process, all threads and those made meanwhile; not its
 * children, with which it may share memory or files. t is borrowed until
 * freeze_end(). May be called from one thread and ended from another. Returns
 * 0 or -errno with f saying why the first way that was allowed did not work
 * (the others: why_not): -ESRCH it has exited, -EPERM, -EBUSY, -ETIMEDOUT,
 * -EINVAL for ourselves, -EOPNOTSUPP for a kernel thread. Then nothing is left
 * behind. Blocks for at most 3 s a way, a few milliseconds as a rule. Effect:
 * stop. SIGCHLD may reach us once a thread, and if the target is a child of
 * ours, waitpid(2) says that it is stopped.
 */
int freeze_begin(struct freeze *z, const struct target *t, unsigned allowed, struct fail *f);

enum freeze_way freeze_way(const struct freeze *z);

/* How long it has stood still so far, or did in all. */
uint64_t freeze_pause_ns(const struct freeze *z);

/* Let it go on; returns for how long it stood still. Safe to repeat. */
uint64_t freeze_end(struct freeze *z);

#endif
