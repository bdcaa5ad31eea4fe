/* SPDX-License-Identifier: MIT */
/*
 * End a direction of a connection, or all of it at once, through a grab.
 * Effect: alter, for every holder of the socket and for its peer.
 */
#ifndef ALTER_CONNECTION_H
#define ALTER_CONNECTION_H

#include <stdbool.h>

#include "src/base/fail.h"

/* "rd", "wr", "both": SHUT_*, or -EINVAL with a usage failure. */
int connection_parse_how(const char *text, struct fail *f);

/*
 * What follows from shutdown(2) with that how, in words: for the owner and for
 * the peer. listens: of a listener rd ends the listening itself.
 */
const char *connection_shutdown_words(int how, bool listens);

/* Returns 0, or -errno with f: -ENOTCONN, -ENOTSOCK. Never blocks. */
int connection_shutdown(int fd, int how, struct fail *f);

enum connection_abort {
	CONNECTION_DESTROY,    /* SOCK_DESTROY, see sock_diag(7): the owner gets ECONNABORTED */
	CONNECTION_DISCONNECT, /* connect(2) with AF_UNSPEC: the owner finds it unconnected */
};

/*
 * End a TCP, UDP or raw connection at once, without handshake: the peer of a TCP
 * one gets a RST, and what was queued is lost. SOCK_DESTROY (since Linux 4.5,
 * CONFIG_INET_DIAG_DESTROY, CAP_NET_ADMIN in its network namespace) where it can
 * be had, else connect(AF_UNSPEC), which needs nothing. Returns which it was, or
 * -errno with f: -ENOTCONN when there is nothing to end.
 */
int connection_abort(int fd, struct fail *f);

/* What the owner and the peer see. */
const char *connection_abort_words(enum connection_abort way, bool tcp);

#endif
