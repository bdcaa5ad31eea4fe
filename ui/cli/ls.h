/* SPDX-License-Identifier: MIT */
/* What ls lists: shared with its other ways of showing it. */
#ifndef CLI_LS_H
#define CLI_LS_H

#include "src/proc/hung.h"
#include "src/survey/columns.h"
#include "src/survey/filter.h"
#include "ui/cli/cli.h"

struct ls_values {
	bool json, group, no_headings, grab, wide_scan, stats, watch, summary;
	const char *columns, *filter, *sort, *interval;
	int64_t times;
};

struct listing {
	const struct ls_values *v;
	struct target_name *names; /* of the targets; owned */
	size_t n_targets;          /* 0: every process */
	struct column_list columns;
	struct column_ref sort;
	bool sort_down;
	struct filter *filter;
	const struct fdent **not_grabbed;
	size_t n_not_grabbed;
	int interval_ms;  /* between two surveys of --watch */
	struct hung hung; /* of all of them */
};

/* Survey what is to be listed: 0, or -errno after cli_failed(). */
int listing_survey(struct cli *cli, struct listing *l, struct survey **s);

/* Is that table to be listed? With --wide-scan more than that was surveyed. */
bool listing_has(const struct listing *l, const struct procent *p);

/* The rows that pass the filter, sorted; *rows is the caller's to free. */
size_t listing_rows(const struct listing *l, struct columns *c, const struct survey *s,
		    const struct fdent ***rows);
void listing_print(struct cli *cli, struct listing *l, const struct survey *s);
void listing_release(struct listing *l);

/* --watch: the list, then what changes, until ^C or until the targets are gone. */
void listing_watch(struct cli *cli, struct listing *l, struct survey *first);
/* --summary: counts, limits and, with --watch, what grows. */
void listing_summary(struct cli *cli, struct listing *l, struct survey *first);

/*
 * The next survey, an interval later. False: the user stopped us, the targets
 * are gone, or that was the last one asked for; *round counts.
 */
bool listing_next(struct cli *cli, struct listing *l, unsigned *round, struct survey **s);

#endif
