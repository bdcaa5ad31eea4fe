/* SPDX-License-Identifier: MIT */
/*
 * Looking at contents without taking them. A kind names one of the ways
 * below; take/ grabs the descriptor, checks that it still is what was listed,
 * and calls it. A way never changes offset, flags, queues or SO_PEEK_OFF, and
 * never waits for data that is not there.
 */
#ifndef KIND_PEEK_H
#define KIND_PEEK_H

#include <stdbool.h>
#include <stdint.h>

#include "src/kind/kind.h"

#define PEEK_DEFAULT_LIMIT (64 * 1024)
#define PEEK_ALL           UINT64_MAX

enum peek_unit {
	PEEK_BYTES,   /* a stream or a file: pieces follow each other */
	PEEK_MESSAGE, /* one datagram, packet or pending connection */
	PEEK_STATE,   /* lines of text about the state: "count: 3" */
};

struct peek_piece {
	enum peek_unit unit;
	const void *data;
	size_t len;
	uint64_t offset;    /* PEEK_BYTES: of a file, or from the head of the queue */
	uint64_t full_len;  /* PEEK_MESSAGE: its real length if data was cut, else len */
	const char *sender; /* PEEK_MESSAGE: address, may be NULL; hostile bytes */
	size_t sender_len;
	unsigned n_fds; /* descriptors in flight with it */
};

struct peek {
	int fd;                  /* our duplicate */
	const struct fdent *ent; /* as listed */
	const struct kind_ctx *ctx;
	uint64_t limit;  /* bytes at most, PEEK_ALL for all there is */
	bool has_offset; /* files: from here instead of the current position */
	uint64_t offset;
	bool send_queue; /* TCP: the send queue, see OP_PEEK_SEND */
	/* Called for every piece; non-zero ends the peek and is returned. */
	int (*piece)(struct peek *p, const struct peek_piece *piece);
	void *arg; /* for piece() */
	/* Set by the way: */
	const char *method; /* "pread", "tee", "MSG_PEEK", ...: a static string */
	bool incomplete;    /* more was there than could be seen */
	char missing[160];  /* what, in words */
	struct fail *fail;
};

/* 0, or -errno with p->fail set. */
int peek_file(struct peek *p);     /* regular files, memfds, block devices: pread */
int peek_dir(struct peek *p);      /* entries, as the target's descriptor sees them */
int peek_char(struct peek *p);     /* what is safe: /dev/null, zero, full; else refused */
int peek_pipe(struct peek *p);     /* pipes and fifos, from either end: tee */
int peek_stream(struct peek *p);   /* TCP, unix stream: MSG_PEEK */
int peek_datagram(struct peek *p); /* UDP, unix datagram and seqpacket, netlink, packet, raw */
int peek_listen(struct peek *p);   /* listening sockets: pending connections as messages */
int peek_socket(struct peek *p);   /* chooses among the three above by SO_TYPE, SO_ACCEPTCONN */
int peek_tty(struct peek *p);      /* queue lengths only: bytes of a tty cannot be peeked */
int peek_map(struct peek *p);      /* secretmem, dmabuf: a private mapping of our duplicate */
int peek_state(struct peek *p);    /* the kind's own facts as lines of text */

#endif
