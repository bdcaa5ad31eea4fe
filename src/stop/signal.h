/* SPDX-License-Identifier: MIT */
/*
 * Signals by pidfd, so that they reach the process that was meant and never
 * another that has its pid now. See pidfd_send_signal(2), signal(7).
 */
#ifndef STOP_SIGNAL_H
#define STOP_SIGNAL_H

#include <signal.h>
#include <stddef.h>

#include "src/base/effect.h"
#include "src/base/fail.h"
#include "src/proc/target.h"

#define SIGNAL_EFFECT EFFECT_STOP

/*
 * A signal as a person writes it: SIGTERM, term, 15, RTMIN+3, SIGRTMAX-1, or 0,
 * which checks and sends nothing. Returns it, or -EINVAL with a usage failure.
 */
int signal_parse(const char *text, struct fail *f);

/* "SIGTERM", "SIGRTMIN+3"; "signal 33" where the C library keeps it; in p. */
const char *signal_name(int sig, char *p, size_t size);

/* A sentence's end of what it says, "Terminated"; NULL if nothing is known. */
const char *signal_words(int sig);

/*
 * Send sig to the process, or to the thread if t names one (since Linux 6.9).
 * Without a value as kill(2) would; with one as sigqueue(3): SI_QUEUE with our
 * pid and real uid. A value can be lost without an error where a signal below
 * SIGRTMIN is pending already. sig 0 only asks whether it could be sent.
 *
 * Returns 0, or -errno with f: -ESRCH it has exited (a zombie takes no
 * signals), -EPERM, -EINVAL, -EAGAIN its queue is full, -ENOSYS before Linux
 * 5.1, -EOPNOTSUPP a kernel thread, which ignores them. Never blocks.
 * Effect: stop, whatever the signal does.
 */
int signal_send(const struct target *t, int sig, const union sigval *value, struct fail *f);

#endif
