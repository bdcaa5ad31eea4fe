/* SPDX-License-Identifier: MIT */
/*
 * What the files of the interface share. One file per view, each a const
 * struct view; each keeps its own state behind a pointer here.
 */
#ifndef TUI_APP_H
#define TUI_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/text.h"
#include "src/proc/hung.h"
#include "ui/tui/actions.h"
#include "ui/tui/draw.h"
#include "ui/tui/edit.h"
#include "ui/tui/list.h"
#include "ui/tui/picture.h"
#include "ui/tui/proclist.h"
#include "ui/tui/task.h"
#include "ui/tui/term.h"
#include "ui/tui/theme.h"
#include "ui/tui/tui.h"

struct app;
struct dialog;

struct view {
	const char *name;
	enum context context;
	/* Paint into r, title line first. */
	void (*draw)(struct app *a, struct rect r, bool focused);
	/* False: not mine. */
	bool (*act)(struct app *a, enum action action);
	/* The list that is moved and searched; NULL: none. */
	struct list *(*list)(struct app *a);
	/* The text of row i, for searching. */
	void (*row_text)(struct app *a, size_t i, struct buf *out);
	/* The command line that shows or does the same; may be NULL. */
	void (*command)(struct app *a, struct buf *out);
	/* A line of the pane was clicked; y from its top, x from its left. May be NULL. */
	void (*click)(struct app *a, int y, int x);
};

extern const struct view view_procs, view_fds, view_detail, view_content, view_shelf, view_jobs,
	view_log, view_help;

#define MAX_PANES 6
struct pane {
	const struct view *view;
	struct rect r;
};

/* One line that is typed at the bottom. */
struct prompt {
	bool active;
	char label[48];
	struct edit edit;
	long fault; /* where the text is wrong; -1: nowhere */
	char error[128];
	void (*changed)(struct app *a, const char *text); /* may be NULL */
	void (*done)(struct app *a, const char *text);    /* NULL: cancelled */
};

/* A search that is not over yet. */
struct list_search {
	bool active;
	const struct view *view;
	size_t from, step, first, rows;
	int direction;
	size_t origin; /* where the cursor was when the prompt opened */
};

/* The process that is looked at. */
struct focus_target {
	pid_t pid; /* 0: none yet */
	uint64_t start;
	bool gone;
	uint64_t gone_ms;
	struct fail fail; /* why it could not be surveyed */
};

struct app {
	const struct tui_opts *opts;
	struct terminal term;
	struct theme theme;
	struct canvas canvas;
	struct keymap keys; /* of opts->settings */
	struct tasks tasks;
	struct hung hung; /* of its tasks, one of which may outlive the rest */
	enum text_mode mode;
	int procfs, sigfd, timer;
	bool running, dirty;
	int rows, cols;
	int status;
	int died_of; /* signal to leave with, 0: none */

	uint64_t now, last_key; /* ms */
	unsigned refresh_ms;
	bool paused, armed;
	unsigned space_serial;
	int busy; /* things the user asked for and that are not done */

	/* model.c */
	struct proclist *procs;
	struct picture *target_pic, *wide;
	struct focus_target target;
	struct model *model;

	/* screen.c */
	const struct view *screen; /* the main view */
	const struct view *focus;  /* where the keys go: the screen, or a pane beside it */
	const struct view *trail[8];
	size_t n_trail;
	bool maximised;
	struct pane panes[MAX_PANES];
	size_t n_panes;
	struct buf message;
	enum role message_role;
	uint64_t message_ms;

	struct prompt prompt;
	struct dialog *dialog; /* the one on top */
	struct buf search;     /* what n and N look for */
	struct list_search find;

	/* each view's own */
	struct procs_state *procs_state;
	struct fds_state *fds;
	struct detail_state *detail;
	struct content_state *content;
	struct shelf_state *shelf;
	struct jobs_state *jobs;
	struct log_state *log;
	struct help_state *help;
};

/* global.c */
/* The focus may want it, or else its list; what both leave is the same everywhere. */
void app_do(struct app *a, enum action action);
void app_act_global(struct app *a, enum action action);

/* app.c */
void app_quit(struct app *a); /* asks if something would be lost */
void app_leave(struct app *a, int status);
/* Another program has had the terminal. */
void app_resume(struct app *a);

/* model.c: surveys in the background */
void model_init(struct app *a);
void model_release(struct app *a);
void model_tick(struct app *a);
void model_refresh(struct app *a, bool wide); /* now */
void model_set_target(struct app *a, pid_t pid, uint64_t start);
bool model_loading(const struct app *a);
/* Do something once a picture of the whole system is there (perhaps at once). */
void model_with_wide(struct app *a, void (*then)(struct app *a));

/* screen.c */
void screen_layout(struct app *a);
void screen_draw(struct app *a);
void screen_go(struct app *a, const struct view *v);   /* remember where we were */
void screen_show(struct app *a, const struct view *v); /* do not */
bool screen_back(struct app *a);                       /* false: there is nothing */
void screen_pane(struct app *a, int by);
bool screen_is_wide(const struct app *a);
struct pane *screen_pane_at(struct app *a, int y, int x);

/* The message line. */
void say(struct app *a, enum role role, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* "pidfd_getfd on 4121:11 (nginx): EPERM: ...; try ..." */
void say_fail(struct app *a, const struct fail *f);
void fail_sentence(struct buf *out, const struct fail *f, enum text_mode mode);

/* prompt.c */
void prompt_open(struct app *a, const char *label, const char *text,
		 void (*changed)(struct app *, const char *),
		 void (*done)(struct app *, const char *));
void prompt_event(struct app *a, const struct event *ev);
void prompt_close(struct app *a);

/* search.c */
void search_begin(struct app *a);
void search_again(struct app *a, int direction);
/* Go on for a few milliseconds, if there is something to search. */
void search_slice(struct app *a);
/* A key is about to act on what is found: to the end, unless it is still being typed. */
void search_settle(struct app *a);
void search_clear(struct app *a);

/* Display text of bytes from a target. */
void add_text(struct app *a, struct buf *out, const char *s, size_t len);

/* As one word of a shell's command. */
void add_quoted(struct buf *out, const char *s);

/* Rows in the message, header: "12.3K", "4m 10s". */
void add_duration(struct buf *out, uint64_t ms);

/* effects: --read-only and badges */
bool allowed(struct app *a, enum effect e); /* false: said why */
void arm(struct app *a);

#endif
