/* SPDX-License-Identifier: MIT */
/*
 * What a descriptor is. One kind, one file, exporting one const struct kind;
 * adding a kind touches its file, one line of registry.c and its test.
 */
#ifndef KIND_KIND_H
#define KIND_KIND_H

#include "src/base/effect.h"
#include "src/base/fail.h"
#include "src/kind/facts.h"
#include "src/kind/fdent.h"

struct sock_tables;
struct mounts;
struct peek;

/* What can be done with a descriptor. Each has a cell in every kind's table. */
enum op {
	OP_LOOK,      /* ls, show, who, why: /proc, netlink, kcmp */
	OP_GRAB,      /* --grab: facts that need a duplicate for a moment */
	OP_PEEK,      /* what a read would return, without taking it */
	OP_PEEK_SEND, /* peek --queue send */
	OP_DUMP,      /* whole contents */
	OP_FREEZE,    /* dump --freeze, recover --freeze */
	OP_READ,      /* a real read(2) */
	OP_WRITE,
	OP_SEEK,
	OP_HOLD, /* keep a duplicate: hold, exec, give */
	OP_TALK,
	OP_SHUTDOWN,
	OP_ABORT,
	OP_COUNT,
};

/* Operations on a whole target, whatever its descriptors are. */
enum target_op {
	TARGET_OP_SIGNAL,
	TARGET_OP_FREEZE,
	TARGET_OP_GUARD,
	TARGET_OP_COUNT,
};

struct cell {
	enum effect effect;
	const char *words; /* what is left behind or delayed; EFFECT_REFUSED: why */
};

/* What facts may be drawn from. All borrowed; a NULL is not at hand. */
struct kind_ctx {
	const struct sock_tables *net;
	const struct mounts *mounts;
	int procfs; /* root of /proc */
	int grab;   /* our duplicate of the descriptor, or -1: then no fact needs one */
	bool deep;  /* show: also facts that cost system calls of their own */
	bool trace; /* peek: also facts whose reading leaves what the cell of OP_PEEK says */
};

struct kind {
	const char *name;  /* of DESIGN section 4 */
	const char *means; /* a few words for help and README */
	/*
	 * Is it this kind? From link text, st_mode, rdev, fdinfo and, for
	 * sockets, e->sock. Kinds are asked in the order of the registry.
	 */
	bool (*match)(const struct fdent *e);
	/*
	 * Emit what the kernel offers. With ctx->grab >= 0 also what needs it.
	 * Call kind_facts() instead.
	 */
	void (*facts)(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out);
	/* The DETAIL column: a template of facts_brief(). NULL: the name. */
	const char *brief;
	/* See peek.h. NULL where OP_PEEK is refused. */
	int (*peek)(struct peek *p);
	struct cell op[OP_COUNT];
};

/* The kind of a record; never NULL: the last one takes everything. */
const struct kind *kind_of(const struct fdent *e);

/*
 * All facts of a record whose kind is known: those of the kind, then those that
 * every kind has (filesystem, locks; deep: times and owner of the inode; with a
 * grab: owner and signal of asynchronous I/O). Never blocks.
 */
void kind_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out);
const struct kind *kind_by_name(const char *name);

/* All kinds, in order; NULL-terminated. */
extern const struct kind *const kinds[];

const char *op_name(enum op op); /* "peek" */
const struct cell *kind_cell(const struct kind *k, enum op op);
const struct cell *target_cell(enum target_op op);
const char *target_op_name(enum target_op op);

/*
 * Cells that are the same for most kinds. Put them first and override after:
 * gcc and clang warn of overridden initialisers only with -Winitializer-overrides.
 */
#define CELLS_LOOK                                                                                 \
	[OP_LOOK] = { EFFECT_NONE, "reads /proc, netlink and kcmp only" }, [OP_GRAB] = {           \
		EFFECT_HOLD, "holds a duplicate for a moment"                                      \
	}
#define CELL_NO_STREAM(why)                                                                        \
	[OP_TALK] = { EFFECT_REFUSED, why }, [OP_SHUTDOWN] = { EFFECT_REFUSED, why },              \
	[OP_ABORT] = { EFFECT_REFUSED, why }
#define CELL_NO_SEND [OP_PEEK_SEND] = { EFFECT_REFUSED, "only TCP has a send queue to look at" }
#define CELL_FREEZE                                                                                \
	[OP_FREEZE] = { EFFECT_STOP, "stops the target for the time of the copy; a blocked "       \
				     "epoll_wait or timed recv returns EINTR" }
#define CELL_HOLD(words)  [OP_HOLD] = { EFFECT_HOLD, words }
#define CELL_NO(op, why)  [op] = { EFFECT_REFUSED, why }
#define CELL_NO_DUMP(why) CELL_NO(OP_DUMP, why), CELL_NO(OP_FREEZE, why)
#define CELL_PEEK_STATE                                                                            \
	[OP_PEEK] = { EFFECT_HOLD, "prints its state; holds a duplicate for a moment, takes "      \
				   "nothing" }

#endif
