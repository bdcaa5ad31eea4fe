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
	PEEK_MESSAGE, /* one datagram or packet */
	PEEK_ENTRY,   /* one name of a directory, without a newline; hostile bytes */
	PEEK_STATE,   /* one line of text about the state, without a newline: "count: 3" */
};

struct peek_piece {
	enum peek_unit unit;
	const void *data;
	size_t len;
	uint64_t offset;    /* PEEK_BYTES: of a file, or from the head of the queue */
	uint64_t full_len;  /* PEEK_MESSAGE: its real length if data was cut, else len */
	const char *sender; /* PEEK_MESSAGE: address, may be NULL; hostile bytes */
	size_t sender_len;
	unsigned n_fds; /* descriptors in flight with it; 0 while only counted by scm_fds */
	int *fds;       /* n_fds copies if want_fds; closed after piece(), which keeps one by -1 */
};

struct peek {
	int fd;                  /* our duplicate */
	const struct fdent *ent; /* as listed */
	const struct kind_ctx *ctx;
	/*
	 * Bytes at most, PEEK_ALL for all there is. Of messages only the first is
	 * shown, as a read would, unless PEEK_ALL.
	 */
	uint64_t limit;
	bool has_offset; /* files: from here instead of the current position */
	uint64_t offset;
	bool send_queue; /* TCP: the send queue, see OP_PEEK_SEND; done by take/ */
	/*
	 * Sockets: what is behind the first datagram, or behind descriptors in
	 * flight, is seen only by moving SO_PEEK_OFF, which all holders share, and
	 * putting it back: EFFECT_SHARED for a moment, seen only by a target that
	 * itself uses MSG_PEEK in that moment. Without this it is reported missing.
	 */
	bool may_move_peek_off;
	bool whole;    /* files: say by `changed` if it was written to meanwhile */
	bool want_fds; /* unix sockets: also duplicates of the descriptors in flight */
	/* Called for every piece; non-zero ends the peek and is returned. */
	int (*piece)(struct peek *p, const struct peek_piece *piece);
	void *arg; /* for piece() */
	/* Set by the way: */
	const char *method;        /* "pread", "tee", "MSG_PEEK", ...: a static string */
	bool incomplete;           /* more was there than could be seen */
	char missing[160];         /* what, in words */
	bool changed;              /* whole: what was shown is not of one moment */
	uint64_t pause_ns;         /* send_queue: for how long the target stood still */
	const char *pause_warning; /* what others see of how it was stopped; NULL: nothing */
	struct fail *fail;
};

/*
 * 0, or -errno with p->fail set, or what piece() returned.
 *
 * What a way leaves behind, if anything, is said here and in the kind's cell:
 *
 * peek_file: regular files, memfds, block devices. pread(2), which never moves
 * the offset. On the grab itself where atime cannot move (O_NOATIME or a
 * noatime mount): no trace. Else on a re-open with O_NOATIME (owner or
 * CAP_FOWNER), which shows as IN_OPEN; a write lease held by the target forbids
 * that, for it would be broken. Else on the grab: atime moves as the mount says.
 * Any of them shows as IN_ACCESS, and waits for a fanotify permission watcher.
 * Files whose read takes data (trace_pipe, /proc/kmsg) are refused.
 */
int peek_file(struct peek *p);
/* A re-open and getdents(2): the entries as the target's descriptor sees them. */
int peek_dir(struct peek *p);
/* What is safe: /dev/null, zero, full, and kmsg on a re-open; else refused. */
int peek_char(struct peek *p);
/*
 * Pipes and fifos, from either end, by tee(2). A write end and an O_PATH
 * descriptor are re-opened for reading: in that moment a writer gets no EPIPE,
 * and somebody waiting in open(2) of a fifo for a reader finds one.
 */
int peek_pipe(struct peek *p);
/*
 * TCP, unix stream: MSG_PEEK of what FIONREAD says is there, so that neither an
 * end of file nor a pending error is ever reached.
 */
int peek_stream(struct peek *p);
/*
 * UDP, unix datagram and seqpacket, netlink, packet, raw: MSG_PEEK. Refused
 * while an error is pending, which would be taken.
 */
int peek_datagram(struct peek *p);
/* Listening sockets: pending connections as lines of text, none accepted. */
int peek_listen(struct peek *p);
/* Chooses among the three above by SO_TYPE and SO_ACCEPTCONN. */
int peek_socket(struct peek *p);
/* Queue lengths only: bytes of a tty cannot be peeked. */
int peek_tty(struct peek *p);
/* secretmem, dmabuf: a shared read-only mapping of our duplicate, piece by piece. */
int peek_map(struct peek *p);
/* The kind's own facts as lines of text. */
int peek_state(struct peek *p);

/* For the ways. */

/* fail_set() on "descriptor N of process M", or words of why; returns -err. */
int peek_fail(struct peek *p, int err, const char *call);
int peek_refuse(struct peek *p, int err, const char *call, const char *why, const char *advice);

/*
 * The descriptor to pread a file from, as peek_file() chooses it: p->fd itself,
 * or a re-open in *own, to be closed (else -1). Sets p->method. -errno with fail.
 */
int peek_source(struct peek *p, int *own);

/* What could not be seen, in words; sets incomplete. */
void peek_miss(struct peek *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * A new description of the same file by /proc/self/fd: a descriptor to close, or
 * -errno. O_RDONLY, O_NONBLOCK, O_NOCTTY and O_CLOEXEC are added to flags.
 * Breaks a lease: ask peek_has_write_lease() first.
 */
int peek_reopen(int fd, int flags);
bool peek_has_write_lease(int fd);

#endif
