/* SPDX-License-Identifier: MIT */
/*
 * A target is a process held by a pidfd and its start time, never a bare pid.
 * See pidfd_open(2). Opening one has no effect on the process.
 */
#ifndef PROC_TARGET_H
#define PROC_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "src/base/fail.h"
#include "src/proc/procfs.h"

/* A target as a person writes it: PID, PID/TID, PID@START or =NAME. */
struct target_name {
	pid_t pid; /* 0 while only the name is known */
	pid_t tid; /* 0: the table that the leader uses */
	uint64_t start;
	bool has_start;
	char comm[64]; /* of =NAME; hostile bytes */
};

/*
 * Parse text[0..len). Returns 0 or -EINVAL with a usage failure: pids are
 * 1 to 2^22, nothing may follow.
 */
int target_name_parse(struct target_name *name, const char *text, size_t len, struct fail *f);

/*
 * Find the one process with that command name; several are listed in f. Does
 * nothing when name->pid is known. Returns 0, -ESRCH, or -ENOTUNIQ (usage).
 */
int target_name_resolve(struct target_name *name, int procfs, struct fail *f);

struct target {
	pid_t pid, tid;
	uint64_t start;    /* of the process, in clock ticks since boot */
	int pidfd;         /* of the process; see pidfd_err */
	int table_pidfd;   /* for pidfd_getfd: pidfd, or of the thread; -1: see table_err */
	int dir;           /* /proc/PID: bound to this process, pid reuse or not */
	int table_dir;     /* /proc/PID, or /proc/PID/task/TID */
	int table_err;     /* why table_pidfd is -1: positive errno */
	bool signals_only; /* no pidfd_open here: pidfd is the /proc directory */
	bool kthread, zombie, self;
	char comm[64]; /* hostile bytes */
	size_t comm_len;
	struct proc_status status;
};

/*
 * Open what name says. Checks after pidfd_open(2) that the process read from
 * /proc is still the one that the pidfd holds, and name->start if given.
 * Returns 0 (then target_close), or -errno with f: -ESRCH when there is no
 * such process or another one has the pid now.
 */
int target_open(struct target *t, int procfs, const struct target_name *name, struct fail *f);
void target_close(struct target *t);
void target_close_scoped(struct target *t);
#define autotarget __attribute__((cleanup(target_close_scoped))) struct target

/*
 * 0 while the process exists (as a zombie too), -ESRCH once it was reaped.
 * Free of races: asks the pidfd, not the pid.
 */
int target_exists(const struct target *t);

/* True when the process has exited: it is readable in poll(2). */
bool target_has_exited(const struct target *t);

/* "process 4121 (nginx)" for messages: comm is raw, sanitise before printing. */
const char *target_describe(const struct target *t, char *p, size_t size);

/* What of a target a descriptor names. */
enum desc_what { DESC_FD, DESC_ALL, DESC_EXE, DESC_CWD, DESC_ROOT, DESC_HELD };

/* One DESC, expanded by the one who has the list: first..last of a target. */
struct desc {
	struct target_name target;
	enum desc_what what;
	int first, last; /* DESC_FD, and the N of hN in first */
};

struct desc_list {
	struct desc *at; /* heap */
	size_t n;
};

/*
 * Parse one DESC argument: TARGET:FD[,FD-FD...], TARGET:*, :exe, :cwd, :root
 * or hN, and append. Ranges stay ranges. Returns 0 or -EINVAL with f.
 */
int desc_parse(struct desc_list *list, const char *text, struct fail *f);
void desc_list_release(struct desc_list *list);

#endif
