/* SPDX-License-Identifier: MIT */
/*
 * Many rows as JSON: each thread formats a piece at a time, and who has the next one
 * that goes out writes it, with those after it that are done. A survey is only
 * read from here on.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "src/base/thread.h"
#include "src/survey/survey.h"
#include "ui/cli/cli.h"
#include "ui/cli/row.h"

#define PIECE 128
#define AHEAD 8    /* pieces that wait for one before them */
#define WORTH 1024 /* rows, for one more thread */

struct rows_out {
	struct cli *cli;
	const struct survey *survey;
	const struct fdent *const *rows;
	size_t n;
	atomic_size_t next; /* piece that nobody formats yet */
	pthread_mutex_t lock;
	pthread_cond_t moved;
	size_t turn;            /* piece that goes out next; cli is its thread's */
	struct buf done[AHEAD]; /* pieces after it, each at its number */
	bool is_done[AHEAD];
};

static void format_piece(const struct rows_out *o, size_t piece, struct buf *text)
{
	struct kind_ctx ctx = survey_ctx(o->survey);
	size_t end = (piece + 1) * PIECE < o->n ? (piece + 1) * PIECE : o->n;
	struct row_said said = { 0 };
	struct json j;

	buf_reset(text);
	json_init(&j, text);
	for (size_t i = piece * PIECE; i < end; i++)
		row_json(&j, o->survey, o->rows[i], &ctx, &said);
}

static void swap(struct buf *a, struct buf *b)
{
	struct buf was = *a;

	*a = *b;
	*b = was;
}

/* Nothing is copied: the text is the cli's for a moment. */
static void write_out(struct cli *cli, struct buf *text)
{
	swap(&cli->out, text);
	cli_flush(cli, true);
	swap(&cli->out, text);
}

/* *text may be another buffer afterwards, as good as this one. */
static void put_out(struct rows_out *o, size_t piece, struct buf *text)
{
	pthread_mutex_lock(&o->lock);
	while (piece - o->turn >= AHEAD)
		pthread_cond_wait(&o->moved, &o->lock);
	if (piece != o->turn) {
		swap(&o->done[piece % AHEAD], text);
		o->is_done[piece % AHEAD] = true;
		pthread_mutex_unlock(&o->lock);
		return;
	}
	for (;;) {
		pthread_mutex_unlock(&o->lock);
		write_out(o->cli, text);
		pthread_mutex_lock(&o->lock);
		piece = ++o->turn % AHEAD;
		if (!o->is_done[piece])
			break;
		o->is_done[piece] = false;
		swap(&o->done[piece], text);
	}
	pthread_cond_broadcast(&o->moved);
	pthread_mutex_unlock(&o->lock);
}

static void format_pieces(void *arg, unsigned i)
{
	struct rows_out *o = arg;
	autobuf text = BUF_INIT;
	size_t piece;

	while ((piece = atomic_fetch_add(&o->next, 1)) * PIECE < o->n) {
		format_piece(o, piece, &text);
		put_out(o, piece, &text);
	}
	(void)i;
}

static unsigned worth(size_t n)
{
	size_t threads = n / WORTH;
	unsigned most = thread_processors();

	return threads < most ? (unsigned)threads : most;
}

void rows_json(struct cli *cli, const struct survey *s, const struct fdent *const *rows, size_t n)
{
	struct rows_out o = { .cli = cli, .survey = s, .rows = rows, .n = n };

	cli_flush(cli, true); /* what comes before the rows */
	pthread_mutex_init(&o.lock, NULL);
	pthread_cond_init(&o.moved, NULL);
	thread_team(worth(n), format_pieces, &o);
	for (size_t i = 0; i < AHEAD; i++)
		buf_release(&o.done[i]);
	pthread_cond_destroy(&o.moved);
	pthread_mutex_destroy(&o.lock);
}
