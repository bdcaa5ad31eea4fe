/* SPDX-License-Identifier: MIT */
/*
 * The whole picture: the descriptors of one, several or all processes, as
 * compact records. Effect: none. Nothing in here walks a path into a target's
 * filesystem but for names that the kernel marks as deleted, and those only
 * where the filesystem cannot hang (else in a helper that may be abandoned).
 */
#ifndef SURVEY_SURVEY_H
#define SURVEY_SURVEY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include <stdint.h>

#include "src/base/alloc.h"
#include "src/base/fail.h"
#include "src/kind/kind.h"
#include "src/proc/mountinfo.h"
#include "src/proc/target.h"

struct sock_tables;
struct peers;

enum survey_want {
	SURVEY_ASSOC = 1,      /* cwd, root, exe and mapped files too */
	SURVEY_NET = 2,        /* socket tables: without them sockets have no addresses */
	SURVEY_SHARE = 4,      /* group open file descriptions by kcmp */
	SURVEY_PEERS = 8,      /* the other ends; implies SURVEY_NET */
	SURVEY_THREADS = 16,   /* threads with a table of their own */
	SURVEY_SOCK_INFO = 32, /* tcp_info and the like */
	SURVEY_ALL = 63,
};

struct survey_opts {
	int procfs;                        /* root of /proc, borrowed */
	const struct target_name *targets; /* resolved; NULL: every visible process */
	size_t n_targets;
	unsigned want;
	unsigned workers;          /* threads; 0: one a core, at most 8 */
	const atomic_bool *cancel; /* may be NULL; seen between two processes */
	struct hung *hung;         /* of one who looks again and again; may be NULL */
	/*
	 * Read only this descriptor of the one target (with ASSOC_FD), or only
	 * what it is associated with: for peek and friends. only_fd -1: all.
	 */
	bool only;
	int only_fd;
	enum assoc only_assoc;
};

/*
 * Where the time went, for bench and --stats; nanoseconds of wall time. The
 * rest (net, kind, peers) is done while descriptors are compared (share).
 */
struct survey_stats {
	uint64_t collect_ns, net_ns, kind_ns, share_ns, peers_ns;
	uint64_t kcmp_calls, largest_bucket;
	size_t rows, tables;
	uint64_t bytes; /* memory of records and texts */
};

struct survey {
	struct procent **procs; /* sorted by pid, then tid (0 first) */
	size_t n_procs;
	struct mounts mounts;
	struct sock_tables *net; /* NULL unless wanted */
	struct peers *peers;     /* NULL unless wanted; see share/peers.h */
	struct survey_stats stats;
	struct timespec taken; /* CLOCK_REALTIME */
	int procfs;
	/* private: */
	struct survey_worker *workers;
	unsigned n_workers;
};

/*
 * Take one. Named targets that are gone are a failure when none is left: then
 * -ESRCH with f; else each such has a procent with its error. Returns 0 (then
 * survey_free), -ECANCELED, or -errno.
 */
int survey_take(struct survey **s, const struct survey_opts *opts, struct fail *f);
void survey_free(struct survey *s);

/* What facts() of a row of this survey may draw from, without a grab. */
struct kind_ctx survey_ctx(const struct survey *s);

/* The table of (pid, tid), and a descriptor in it; NULL: not there. */
const struct procent *survey_find_proc(const struct survey *s, pid_t pid, pid_t tid);
const struct fdent *survey_find(const struct survey *s, pid_t pid, pid_t tid, int fd);

/* Every row in order: struct survey_iter it = { 0 }; while ((e = survey_next(s, &it))) */
struct survey_iter {
	size_t proc;
	uint32_t row;
};
const struct fdent *survey_next(const struct survey *s, struct survey_iter *it);
size_t survey_count(const struct survey *s);

#endif
