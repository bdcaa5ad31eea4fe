/* SPDX-License-Identifier: MIT */
/*
 * What the shelf and its clients say to each other: packets of a
 * SOCK_SEQPACKET unix socket, a descriptor beside them where one is passed.
 * Both ends are this program on one machine: plain structs. Whatever comes in
 * is checked all the same.
 */
#ifndef KEEP_WIRE_H
#define KEEP_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WIRE_MAGIC   0x5346494cu
#define WIRE_VERSION 1

enum wire_op {
	WIRE_ADD = 1, /* item and a descriptor -> REPLY with its id */
	WIRE_LIST,    /* -> ITEM..., REPLY */
	WIRE_GET,     /* id -> ITEM with the descriptor, or REPLY */
	WIRE_DROP,    /* id -> REPLY */
	WIRE_ITEM,
	WIRE_REPLY,
};

struct wire_head {
	uint32_t magic;
	uint16_t version, op;
	int32_t status; /* 0 or -errno */
	uint32_t id;
};

struct wire_item {
	uint64_t start, dev, ino;
	int64_t since; /* seconds since the epoch */
	int32_t pid, tid, fd;
	int32_t shelf_fd; /* its number in the shelf's own table */
	uint32_t flags;
	uint16_t assoc, comm_len, name_len, pad;
	char kind[16];
	/* comm and name follow */
};

#define WIRE_COMM_MAX 64
#define WIRE_NAME_MAX 4096

struct wire_packet {
	struct wire_head head;
	struct wire_item item;
	char text[WIRE_COMM_MAX + WIRE_NAME_MAX];
};

/* How much of *p goes over the wire; items have comm and name in text. */
size_t wire_size(const struct wire_packet *p);

/* Is what came in, len bytes, a whole packet of ours? 0, -EBADMSG, or -EPROTO: another version. */
int wire_check(const struct wire_packet *p, size_t len);

/*
 * Send it, with fd unless negative. flags: of send(2); MSG_NOSIGNAL is added.
 * Returns 0 or -errno.
 */
int wire_send(int sock, const struct wire_packet *p, int fd, int flags);

/*
 * Receive one: its length, 0 at the end, or -errno. *fd is the descriptor that
 * came with it (close-on-exec), or -1, whatever the result; of several the kernel
 * drops the rest, and then -EBADMSG. fd NULL: one that comes never gets into our
 * table, so that nothing of ours has to close it.
 */
ssize_t wire_receive(int sock, struct wire_packet *p, int *fd, int flags);

/* The uid of the other end, or -1. See SO_PEERCRED in unix(7). */
uid_t wire_peer_uid(int sock, pid_t *pid);

#endif
