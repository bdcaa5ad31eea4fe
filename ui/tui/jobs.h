/* SPDX-License-Identifier: MIT */
/* Work that takes a while, with progress, pause, cancel and retry. */
#ifndef TUI_JOBS_H
#define TUI_JOBS_H

#include "ui/tui/app.h"

enum job_state { JOB_RUNNING, JOB_PAUSED, JOB_DONE, JOB_FAILED, JOB_CANCELLED };

struct job;

struct job_ops {
	/* On a thread. Returns 0, or -errno with fail set; looks at task.cancel. */
	int (*run)(struct job *j);
	/* On the interface's thread, once; may be NULL. */
	void (*finished)(struct app *a, struct job *j);
	/* The same job anew; NULL: cannot be repeated. */
	struct job *(*again)(struct app *a, const struct job *j);
	void (*release)(struct job *j); /* of arg */
};

struct job {
	struct task task;
	struct app *a;
	const struct job_ops *ops;
	unsigned id;
	char *title; /* display text: "4121:14 file -> /var/tmp/x" */
	char *what;  /* short: "4121:14" */
	enum job_state state;
	bool seen; /* its failure was read */
	int err;
	struct fail fail;
	struct buf result;            /* display text: what came of it */
	char *path;                   /* of the result, NULL: none */
	uint64_t begin, end;          /* ms */
	_Atomic uint64_t done, total; /* bytes; total UINT64_MAX: unknown */
	_Atomic uint64_t holes;       /* bytes of done that were holes */
	atomic_bool pause;
	void *arg;
};

struct job *job_new(struct app *a, const struct job_ops *ops, void *arg);
/* Takes j over. */
void job_start(struct app *a, struct job *j);
/* For run(): wait while paused; true: cancelled. */
bool job_checkpoint(struct job *j);
/* For run(): how far it is; wakes the interface now and then. */
void job_progress(struct job *j, uint64_t done, uint64_t total, uint64_t holes);

/* Running jobs, in words, for the one who wants to quit. */
void jobs_describe_running(struct app *a, struct buf *out);

#endif
