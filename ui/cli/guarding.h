/* SPDX-License-Identifier: MIT */
/* What guard and run have in common: their options, and what becomes of a haul. */
#ifndef CLI_GUARDING_H
#define CLI_GUARDING_H

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>

#include "src/keep/guard.h"
#include "src/keep/shelf.h"
#include "ui/cli/cli.h"
#include "ui/cli/progress.h"

struct guarding_values {
	const char *out, *only;
	bool hold, children, json;
};
extern const struct opt guarding_opts[];

struct guarding {
	struct cli *cli;
	const struct guarding_values *v;
	struct filter *only;
	bool hold; /* also when neither --hold nor -o was given */
	struct shelf shelf;
	int dir, jsonl; /* of -o; -1: none */
	unsigned hashes;
	struct progress progress;
	atomic_bool cancel; /* of a copy */
	sigset_t quit;      /* signals that end it, blocked; without those that were ignored */
	int signals;        /* a signalfd for them */
	bool stored;        /* and not waited since */
	bool to_stderr;     /* the lines too: standard output belongs to a command */
	const char *op;     /* "guard": for messages and the audit log */
};

/*
 * Look whether all can be done that will have to be done in a hurry: filter,
 * folder, shelf; and block the signals. Returns 0, or -errno after it was said.
 * guarding_release() in any case.
 */
int guarding_init(struct guarding *x, struct cli *cli, const struct guarding_values *v);
void guarding_release(struct guarding *x);

/* Fill the options of the guard; x must outlive it. */
void guarding_opts_fill(struct guarding *x, struct guard_opts *o);

/* What cannot be avoided, on stderr. */
void guarding_notes(struct guarding *x);

/* Hold and dump what was taken. Ends early on a signal: then x->cancel. */
void guarding_store(struct guarding *x, const struct guard_event *ev);

/* Say that one ended and nothing of it was taken: a part that failed. */
void guarding_lost(struct guarding *x, const struct guard_event *ev);

/*
 * poll(2) for ever; but once something was stored, and t is at its end and does not
 * come to it, says so: its descriptors wait for somebody before they close.
 */
int guarding_wait(struct guarding *x, struct pollfd *fds, nfds_t n, const struct target *t);

/* "was killed by SIGKILL", "exited with status 3" */
void guarding_cause(struct buf *out, int status);

#endif
