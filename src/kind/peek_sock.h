/* SPDX-License-Identifier: MIT */
/* For the ways of peeking at sockets only. */
#ifndef KIND_PEEK_SOCK_H
#define KIND_PEEK_SOCK_H

#include <sys/socket.h>

#include "src/base/buf.h"

/*
 * An address as text: "10.0.0.5:443", "[::1]:80", a path, "@" and the bytes of
 * an abstract name, "port 12 groups 0x1" of netlink, "if 2 type 0x800
 * 00:11:22:33:44:55" of packet sockets. Hostile bytes. Nothing if there is none.
 */
void peek_sock_address(struct buf *out, const struct sockaddr_storage *from, socklen_t len);

#endif
