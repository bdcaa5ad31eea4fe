/* SPDX-License-Identifier: MIT */
/* The send queue of a TCP connection: what its peer has not acknowledged. See tcp(7). */
#ifndef TAKE_SENDQ_H
#define TAKE_SENDQ_H

#include "src/kind/peek.h"
#include "src/proc/target.h"

/*
 * As look(), for p->send_queue. In repair mode (TCP_REPAIR, CAP_NET_ADMIN in the
 * user namespace of the socket's network) the queue can be peeked; meanwhile a
 * read of the target's would fail with EPERM, so it is frozen first, and refused
 * (-EBUSY) if another process has the same open file description. The kernel
 * goes on receiving and acknowledging. A helper does it, which ends what it
 * began if we die; a guardian leaves repair mode if the helper dies.
 * SO_REUSEADDR, which repair mode forgets, is put back; no window probe is sent.
 * The target stands still for some milliseconds: p->pause_ns.
 *
 * -EINVAL on a listening socket, -EPERM without the capability, else as
 * freeze_begin(). Effect: stop.
 */
int sendq_look(struct peek *p, const struct target *t);

#endif
