/* SPDX-License-Identifier: MIT */
/* What views offer to each other and to the model, each in the file of its name. */
#ifndef TUI_VIEWS_H
#define TUI_VIEWS_H

#include "ui/tui/app.h"
#include "ui/tui/sorting.h"

/* procs.c */
void procs_init(struct app *a);
void procs_release(struct app *a);
/* a->procs is new; rows may still point into before, freed afterwards. */
void procs_updated(struct app *a, const struct proclist *before);
void procs_clear_filter(struct app *a);
void procs_rest(struct app *a);
/* The process under the cursor; NULL: none. */
const struct procrow *procs_current(struct app *a);
void procs_select(struct app *a, pid_t pid);
const char *procs_filter(const struct app *a);
void procs_set_order(struct app *a, const struct procs_order *order, bool tree);

/* fds.c */
void fds_init(struct app *a);
void fds_release(struct app *a);
/* A picture of the target; its reference is taken over. Shown once its rows are in order. */
void fds_arrived(struct app *a, struct picture *pic);
/* a->wide is another: so are the groups. */
void fds_refresh(struct app *a);
void fds_target_changed(struct app *a);
/* What the user asked for is not shown yet. */
bool fds_pending(const struct app *a);
/* Wait for it: a key is about to act on what it finds. */
void fds_settle(struct app *a);
/* No more threads: we leave. */
void fds_stop(struct app *a);
/* The row under the cursor, of a->target_pic; NULL: none. */
const struct fdent *fds_current(struct app *a);
/* Marked rows, or the current one. Returns how many; *at is the caller's to free. */
size_t fds_selection(struct app *a, const struct fdent ***at);
size_t fds_marked(const struct app *a);
void fds_unmark_all(struct app *a);
void fds_clear_filter(struct app *a);
/* Put the cursor on that descriptor once it is there. */
void fds_select(struct app *a, int fd);
/* True while something on the screen is still fading. */
bool fds_fading(const struct app *a);
/* The table of the target; NULL: not known yet. */
const struct procent *fds_proc(const struct app *a);

/* detail.c */
void detail_init(struct app *a);
void detail_release(struct app *a);
/* Facts from a grab, asked for by `i`: kept until the descriptor changes. */
void detail_facts(struct app *a);
/* It shows a row that the cursor has left: paint again once it rests. */
bool detail_waits(const struct app *a);
#define DETAIL_REST_MS 120

/* content.c */
void content_init(struct app *a);
void content_release(struct app *a);
/* Read again what is on the screen, if it is time. */
void content_tick(struct app *a);
void content_draw_preview(struct app *a, struct rect r);

/* shelf.c */
void shelf_init(struct app *a);
void shelf_view_release(struct app *a);
void shelf_tick(struct app *a);
size_t shelf_count(const struct app *a);
size_t shelf_marked(const struct app *a);
void shelf_unmark_all(struct app *a);

/* jobs.c */
void jobs_init(struct app *a);
void jobs_release(struct app *a);
size_t jobs_running(const struct app *a);
void jobs_cancel_all(struct app *a);
/* The progress line: false if there is nothing to show. */
bool jobs_has_line(const struct app *a);
void jobs_draw_line(struct app *a, int y);

/* log.c */
void log_init(struct app *a);
void log_release(struct app *a);

/* help.c */
void help_init(struct app *a);
void help_release(struct app *a);

#endif
