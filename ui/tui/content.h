/* SPDX-License-Identifier: MIT */
/* What the files of the viewer share. */
#ifndef TUI_CONTENT_H
#define TUI_CONTENT_H

#include <time.h>

#include "src/kind/peek.h"
#include "ui/tui/app.h"
#include "ui/tui/subject.h"

#define CHUNK_SIZE  65536u
#define CHUNK_COUNT 64

/* A part of a file as it was read last. */
struct chunk {
	uint64_t off;
	size_t len;
	char *data; /* NULL: free */
	uint64_t read_ms, used_ms;
};

/* A datagram, or the whole of what is no sequence of datagrams. */
struct piece {
	size_t at, len;
	uint64_t full_len;
	char *sender; /* display text; NULL: none */
	unsigned n_fds;
	bool message;
};

struct content_state {
	struct subject s;
	bool open;
	bool live; /* read piece by piece as it is looked at; else one snapshot */
	uint64_t size;
	struct chunk chunks[CHUNK_COUNT];
	struct buf data; /* the snapshot */
	struct piece *pieces;
	size_t n_pieces;
	time_t taken;
	char method[48];
	char missing[160];
	struct fail fail;
	bool loading, searching, wanted, loaded;
	uint64_t want; /* offset of a chunk that is missing */
	uint64_t refreshed_ms;
	struct task *search_task;
	unsigned generation; /* answers to older questions are dropped */

	uint64_t cur, top, mark;
	bool text, wrap, follow, big_endian;
	unsigned hex_width; /* 0: what fits */
	int hscroll, rows, cols;
	struct buf needle;
	uint64_t match;
	size_t match_len;
};

/* contentdata.c */
void content_forget(struct content_state *c);
/* Bytes from off on that are at hand: 0 and a wish if there are none. */
size_t content_get(struct app *a, uint64_t off, const char **p);
const struct piece *content_piece(const struct content_state *c, uint64_t off);
/* Take the snapshot, or the chunk that is wished for. */
void content_fetch(struct app *a);
void content_find(struct app *a, int direction);
void content_cancel_search(struct app *a);

/* contentdraw.c */
void content_draw(struct app *a, struct rect r, bool focused);
/* Where the row with that offset begins; how many bytes the row there has. */
uint64_t content_row_start(struct app *a, uint64_t off);
uint64_t content_row_len(struct app *a, uint64_t off);
uint64_t content_row_before(struct app *a, uint64_t off);
unsigned content_hex_width(const struct content_state *c);

#endif
