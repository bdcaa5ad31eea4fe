/* SPDX-License-Identifier: MIT */
/* The cells of one descriptor's row. Made for visible rows only. */
#ifndef TUI_FDROW_H
#define TUI_FDROW_H

#include "ui/tui/app.h"

struct fdcells {
	char fd[16];  /* number, or "cwd", "exe", "mem" */
	char mode[8]; /* "rw", "wa" */
	char share[24];
	struct buf pos;    /* "4.1M/4.1M", "rq 0 sq 812", "4096 queued", "?", "-" */
	struct buf detail; /* display text */
	enum role role;    /* of the whole row */
	enum role detail_role;
	bool is_path; /* detail is one: its end says more than its beginning */
};

/* What a row shows may depend on more than its record. */
struct fdrow_ctx {
	struct app *a;
	const struct picture *pic;        /* that e is of */
	const struct picture *wide;       /* of the whole system; may be NULL */
	uint32_t letter;                  /* of its group: 1 for A; 0: it is alone */
	const struct facts_flat *grabbed; /* facts of a grab for this row, or NULL */
	struct facts_flat *facts;         /* room to work in */
};

void fdrow_format(struct fdcells *c, const struct fdrow_ctx *ctx, const struct fdent *e);
void fdcells_release(struct fdcells *c);

/* "r", "wa", "path". */
void fdrow_mode(char *p, size_t size, const struct fdent *e);
/* "A" for 1, "Z" for 26, "AA" for 27. */
void fdrow_letter(char *p, size_t size, uint32_t n);
/* What tells that something moved: offset, size, queues, name. */
uint64_t fdrow_hash(const struct fdent *e);

#endif
