/* SPDX-License-Identifier: MIT */
/* Between freeze.c and the ways themselves. */
#ifndef STOP_FREEZE_WAYS_H
#define STOP_FREEZE_WAYS_H

#include "src/stop/freeze.h"

#define FREEZE_TIMEOUT_MS  2000
#define FREEZE_PATIENCE_MS 200 /* for what a thread does in the kernel, once the rest stands */

/* Each begins or leaves nothing behind; returns 0 or -errno with f. */
int freeze_ptrace_begin(struct freeze *z, struct fail *f);
void freeze_ptrace_end(struct freeze *z);
int freeze_cgroup_begin(struct freeze *z, struct fail *f);
void freeze_cgroup_end(struct freeze *z);
int freeze_sigstop_begin(struct freeze *z, struct fail *f);
void freeze_sigstop_end(struct freeze *z);

uint64_t freeze_now_ns(void);
void freeze_nap(unsigned *us); /* a short sleep that doubles up to 2 ms; *us starts at 0 */

/* State of one thread as in proc_pid_stat(5), 0 when it is gone. */
char freeze_thread_state(const struct target *t, pid_t tid);

/* The failure for a target that exited meanwhile. */
int freeze_gone(const struct target *t, struct fail *f);

#endif
