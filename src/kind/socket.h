/* SPDX-License-Identifier: MIT */
/*
 * What socket kinds share. A socket is told by the kernel's tables (e->sock);
 * one that is in no table, by the name of its protocol, which
 * getxattr(2) of "system.sockprotoname" on the magic link gives since
 * Linux 2.6.37, for sockets of any network namespace.
 */
#ifndef KIND_SOCKET_H
#define KIND_SOCKET_H

#include "src/kind/emit.h"
#include "src/net/sock.h"

/*
 * The xattr's value, "TCPv6" with or without its NUL, as a small number for
 * e->proto; 0: a protocol that is not in our table.
 */
uint8_t socket_proto_parse(const char *xattr, size_t len);
const char *socket_proto_name(uint8_t proto);      /* as the kernel says it; NULL for 0 */
enum sock_table socket_proto_table(uint8_t proto); /* SOCK_TABLES: no table has it */

bool fdent_is_socket(const struct fdent *e);

/* The table that has, or would have, this socket; SOCK_TABLES: not known. */
enum sock_table fdent_sock_table(const struct fdent *e);

/* What every socket has: family, type, addresses, state, queues, ids, options by a grab. */
void socket_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out);

/*
 * Options of our duplicate: getsockopt(2) and queue lengths, none of which
 * changes anything. SO_ERROR is never asked: it takes the error away.
 */
void socket_option_facts(const struct fdent *e, int fd, struct facts *out);

#define SOCKET_PEEK_WORDS "looks by MSG_PEEK, takes nothing; FIN and close wait for our duplicate"
#define SOCKET_CELLS                                                                               \
	CELLS_LOOK, [OP_PEEK] = { EFFECT_HOLD, SOCKET_PEEK_WORDS },                                \
		    [OP_DUMP] = { EFFECT_HOLD,                                                     \
				  "copies what is queued by MSG_PEEK, takes nothing; "             \
				  "FIN and close wait for our duplicate" },                        \
		    CELL_FREEZE,                                                                   \
		    [OP_READ] = { EFFECT_CONSUME,                                                  \
				  "takes data that the target would have received" },              \
		    [OP_WRITE] = { EFFECT_ALTER, "sends data in the target's name" },              \
		    CELL_NO(OP_SEEK, "a socket has no position; peek shows what is queued")

#endif
