/* SPDX-License-Identifier: MIT */
/* A progress line on standard error, and the signals that stop a copy. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what; /* safe to print */
	uint64_t began_ns;
	bool shown;
};

/* For dump_opts: arg is a struct progress. Draws only on a terminal. */
void progress_draw(void *arg, uint64_t done, uint64_t total);

/* Remove the line. */
void progress_clear(struct progress *p);

/*
 * Set *cancel at SIGINT, SIGTERM and SIGHUP instead of ending; a second one
 * ends the program as usual. Undone by progress_signals(NULL).
 */
void progress_signals(atomic_bool *cancel);

#endif
