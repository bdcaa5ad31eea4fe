/* SPDX-License-Identifier: MIT */
/*
 * A thread for system calls that may never come back although they touch no
 * file: what waits for the memory map of a process whose thread is stuck in
 * somebody's dead filesystem. One that does not come back is abandoned: such
 * a wait ends at SIGKILL, so it delays neither us nor our exit. Where a call
 * cannot even be killed, see base/helper.h.
 */
#ifndef BASE_PATIENT_H
#define BASE_PATIENT_H

struct patient;

/* May touch nothing but what it was given. */
typedef void patient_fn(void *work);

/*
 * Have a thread, made if *p is NULL, call fn(work), and wait for it. Returns 0;
 * or -ETIMEDOUT after timeout_ms: then work belongs to the thread, which calls
 * drop(work) if fn ever returns, and *p is NULL; or -errno: there is no thread,
 * nothing was called and work is the caller's.
 */
int patient_do(struct patient **p, patient_fn *fn, void *work, patient_fn *drop, int timeout_ms);

/* End it; *p may be NULL. Never blocks: it has nothing to do. */
void patient_end(struct patient **p);

#endif
