/* SPDX-License-Identifier: MIT */
/* What every verb of the command line has in common. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/buf.h"
#include "src/base/effect.h"
#include "src/base/fail.h"
#include "src/base/text.h"
#include "src/keep/exec.h"
#include "src/kind/kind.h"
#include "src/proc/target.h"
#include "ui/cli/opts.h"

/* Exit statuses; see "Exit status" in the manual. */
enum {
	STATUS_OK = 0,
	STATUS_PART = 1,
	STATUS_USAGE = 2,
	STATUS_PERMISSION = 3,
	STATUS_GONE = 4,
	STATUS_OUTPUT = 5,
	STATUS_EXEC = 125, /* exec and run: filch itself failed */
};

struct cmd;

struct cli {
	const struct cmd *cmd;
	int procfs;
	enum text_mode text;
	struct exec_world world; /* as filch found it; its mask is the next */
	sigset_t mask_before;
	struct cli_globals {
		bool read_only, dry_run, help;
		const char *audit; /* file, or NULL */
		const char *proc;  /* another root than /proc: for tests */
	} globals;
	struct buf out; /* stdout, flushed by cli_flush() */
	bool out_failed;
	unsigned done, failed;   /* parts */
	int status;              /* of what failed; STATUS_PART once they differ */
	bool status_is_commands; /* what the verb returns is the status of a command it ran */
	int rest, argc;          /* what followed "--": argv[rest..argc), rest -1: nothing */
};

struct cmd {
	const char *name;
	const char *args;    /* "DESC... -o OUT" */
	const char *summary; /* one line, no full stop */
	enum effect effect;  /* at most, without options that raise it */
	const char *about;   /* paragraphs for help and manual */
	const struct opt *opts;
	size_t values_size; /* of the struct that opts fill */
	bool rest;          /* takes "-- CMD" */
	bool no_proc;       /* it has nothing to do with processes: runs without /proc */
	bool becomes;       /* its status is that of CMD: failures of ours are STATUS_EXEC */
	/* argv: n arguments. Returns an exit status; see cli_status(). */
	int (*run)(struct cli *cli, const void *values, int n, char **argv);
};

extern const struct cmd *const cmds[]; /* NULL-terminated, in the order of help */
extern const struct opt cli_global_opts[];
const struct cmd *cmd_find(const char *name);

/* A part succeeded; a part failed: prints the sentence and remembers the status. */
void cli_done(struct cli *cli);
void cli_failed(struct cli *cli, const struct fail *f);
/* The status that follows from all parts. */
int cli_status(const struct cli *cli);

/* "filch VERB: ..." on stderr; the text must be safe already. Returns STATUS_USAGE. */
int cli_usage(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void cli_message(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The sentence of a failure, safe to print: what, on what, why, what to try. */
void cli_sentence(struct buf *out, const struct fail *f, enum text_mode mode);

/*
 * The gate before an operation of effect e on `on` ("4121:7"). True: go on.
 * False: --dry-run said what it would do (a part done), or --read-only, or the
 * kind refuses (a part failed, with its words).
 */
bool cli_gate(struct cli *cli, const char *op, enum effect e, const char *words, const char *on);
/* The same for one operation of a kind: effect and words are of its cell. */
bool cli_gate_kind(struct cli *cli, const struct kind *k, enum op op, const char *on);

/* One line in the file of --audit for an effect that was caused. f: NULL if it went well. */
void cli_audit(struct cli *cli, const char *op, enum effect e, const struct target *t, int fd,
	       const struct fail *f);

/* Whoever reads our stdout has seen enough: end as other filters do. */
void cli_end_of_reader(void) __attribute__((noreturn));

/* Write out what is in cli->out when it is much, or, with all, whatever is there. */
void cli_flush(struct cli *cli, bool all);

/* A result that goes to standard error, since standard output has contents: at once. */
void cli_result_stderr(struct cli *cli, const struct buf *text);

/* Parse one TARGET and open it: 0, or -errno after a cli_failed(). */
int cli_target(struct cli *cli, const char *text, struct target *t);

#endif
