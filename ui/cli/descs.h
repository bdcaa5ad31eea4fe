/* SPDX-License-Identifier: MIT */
/* From DESC arguments to open targets and surveyed rows: for every verb. */
#ifndef CLI_DESCS_H
#define CLI_DESCS_H

#include "src/keep/shelf.h"
#include "src/survey/survey.h"
#include "src/take/grab.h"
#include "ui/cli/cli.h"

/* One descriptor that a verb works on. All borrowed, valid during the call. */
struct desc_ref {
	struct target *target;
	const struct survey *survey; /* of the whole table, or of this row alone */
	const struct fdent *ent;
	char label[80]; /* "4121:7", "4121/4130:exe": safe to print, filch reads it again */
	/*
	 * Of hN: where it came from; else NULL. Then target is ourselves, and ent our
	 * own duplicate of it, which stays open until we end; or the shelf and its own
	 * one, where closing a duplicate might hang.
	 */
	const struct shelf_item *held;
	pid_t shelf; /* with held: its process */
	bool swept;  /* one of a range or of all: nobody named this one */
};

/*
 * Called for each; returns 0, or negative after cli_failed(). The verb calls
 * cli_done() itself.
 */
typedef int desc_fn(struct cli *cli, const struct desc_ref *d, void *arg);

struct descs_opts {
	unsigned want;  /* of enum survey_want */
	bool whole;     /* survey the whole table even for one descriptor */
	bool wide_scan; /* survey every process: sharing and peers system-wide */
};

/*
 * Parse all arguments first (a bad one is a usage error and nothing is done),
 * then open each target and call fn for each descriptor in order. A number
 * that is not open is a failure of its own; in a range, only if none is.
 * Returns the exit status of the verb.
 */
int descs_each(struct cli *cli, int n, char **argv, const struct descs_opts *opts, desc_fn *fn,
	       void *arg);

/*
 * For verbs that keep a descriptor or act on it: the gate of the kind's cell for
 * op, the grab, and the line in the audit log. Returns 0 with a grab to release;
 * negative: said already, or --dry-run.
 */
int descs_grab(struct cli *cli, const struct desc_ref *d, enum op op, struct grab *g);

/* The grab alone: 0, or negative after cli_failed(). */
int descs_take(struct cli *cli, const struct desc_ref *d, struct grab *g);

/* The line in the audit log for what was done to d. f: NULL if it went well. */
void descs_audit(struct cli *cli, const struct desc_ref *d, enum op op, const struct fail *f);

/* False after cli_failed(): a kernel thread or a zombie has no descriptors. */
bool descs_target_has_any(struct cli *cli, const struct target *t);

/* Do they name more than one, as a list, a range or all? */
bool descs_are_several(int n, char **argv);

/* Does one name a held descriptor, hN? It becomes our own, and our exit closes it. */
bool descs_has_held(int n, char **argv);

/*
 * cli_failed(): `what` of the target could not be read. A refusal names the rule that
 * refuses, as filch why does.
 */
void descs_unreadable(struct cli *cli, const struct target *t, const char *what, int err,
		      const char *call);

/*
 * Why the table of a process of a survey, or the links in it, may not be read: errno and
 * call, or 0. The second says so by cli_failed(), for a target that was named.
 */
int descs_table_error(const struct procent *p, const char **call);
void descs_unreadable_table(struct cli *cli, const struct procent *p);

/* What argv names when exactly one descriptor is wanted: usage error otherwise. */
bool descs_is_single(struct cli *cli, int n, char **argv);

/* Write "PID:FD" and the like. */
void descs_label(char *p, size_t size, const struct fdent *e);

#endif
