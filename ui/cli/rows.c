/* SPDX-License-Identifier: MIT */
/*
 * Many rows as JSON: each thread formats a piece at a time and waits until the
 * pieces before it are out. A survey is only read from here on.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "src/base/thread.h"
#include "src/survey/survey.h"
#include "ui/cli/cli.h"
#include "ui/cli/row.h"

#define PIECE 512
#define WORTH 1024 /* rows, for one more thread */

struct rows_out {
	struct cli *cli;
	const struct survey *survey;
	const struct fdent *const *rows;
	size_t n;
	atomic_size_t next; /* piece that nobody formats yet */
	pthread_mutex_t lock;
	pthread_cond_t moved;
	size_t turn; /* piece that goes out next; cli is its thread's */
};

static void format_piece(const struct rows_out *o, size_t piece, struct buf *text)
{
	struct kind_ctx ctx = survey_ctx(o->survey);
	size_t end = (piece + 1) * PIECE < o->n ? (piece + 1) * PIECE : o->n;
	struct json j;

	buf_reset(text);
	json_init(&j, text);
	for (size_t i = piece * PIECE; i < end; i++)
		row_json(&j, o->survey, o->rows[i], &ctx);
}

/* *text is another buffer afterwards, as good as this one: nothing is copied. */
static void put_out(struct rows_out *o, size_t piece, struct buf *text)
{
	struct buf formatted = *text;

	pthread_mutex_lock(&o->lock);
	while (o->turn != piece)
		pthread_cond_wait(&o->moved, &o->lock);
	cli_flush(o->cli, true);
	*text = o->cli->out;
	o->cli->out = formatted;
	o->turn++;
	pthread_cond_broadcast(&o->moved);
	pthread_mutex_unlock(&o->lock);
}

static void *format_pieces(void *arg)
{
	struct rows_out *o = arg;
	autobuf text = BUF_INIT;
	size_t piece;

	while ((piece = atomic_fetch_add(&o->next, 1)) * PIECE < o->n) {
		format_piece(o, piece, &text);
		put_out(o, piece, &text);
	}
	return NULL;
}

static size_t worth(size_t n)
{
	size_t threads = n / WORTH, most = thread_processors();

	return threads < most ? threads : most;
}

void rows_json(struct cli *cli, const struct survey *s, const struct fdent *const *rows, size_t n)
{
	struct rows_out o = { .cli = cli, .survey = s, .rows = rows, .n = n };
	pthread_t id[THREADS_MAX];
	size_t threads = worth(n), started = 0;

	pthread_mutex_init(&o.lock, NULL);
	pthread_cond_init(&o.moved, NULL);
	while (started + 1 < threads && thread_start(&id[started], format_pieces, &o) == 0)
		started++;
	format_pieces(&o);
	while (started)
		pthread_join(id[--started], NULL);
	pthread_cond_destroy(&o.moved);
	pthread_mutex_destroy(&o.lock);
}
