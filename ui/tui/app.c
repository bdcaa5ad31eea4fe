/* SPDX-License-Identifier: MIT */
/* The program of the interface: set up, one poll loop, one paint, clean up. */
#include "ui/tui/app.h"

#include <errno.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "src/base/fd.h"
#include "src/proc/procfs.h"
#include "ui/tui/clock.h"
#include "ui/tui/dialog.h"
#include "ui/tui/setup.h"
#include "ui/tui/verbs.h"
#include "ui/tui/views.h"

#define TICK_MS    200
#define MESSAGE_MS 8000 /* that a message stays */
#define DRAIN_MS   300  /* what running tasks get at the end to stop */

static void terminal_gone(struct app *a)
{
	a->running = false;
	a->died_of = SIGHUP;
}

void app_leave(struct app *a, int status)
{
	a->running = false;
	a->status = status;
}

/* ---- events ---- */

static void unknown_key(struct app *a, int key)
{
	char name[16];

	say(a, ROLE_DIM, "%s does nothing here; %s shows the keys",
	    key_text(key, name, sizeof(name)), keymap_word(&a->keys, ACTION_HELP, CTX_LISTS).text);
}

static void key(struct app *a, const struct event *ev)
{
	enum action action;
	unsigned ctx = a->dialog          ? CTX_DIALOG
		       : a->prompt.active ? CTX_PROMPT
					  : (unsigned)a->focus->context;

	action = keymap_find(&a->keys, ev->key, ctx);
	a->last_key = a->now;
	if (action == ACTION_REDRAW || action == ACTION_SUSPEND)
		app_act_global(a, action);
	else if (a->dialog)
		dialog_event(a, ev);
	else if (a->prompt.active)
		prompt_event(a, ev);
	else if (action != ACTION_NONE)
		app_do(a, action);
	else
		unknown_key(a, ev->key);
}

static void click(struct app *a, const struct event *ev)
{
	struct pane *p = screen_pane_at(a, ev->y, ev->x);

	if (!p || a->dialog || a->prompt.active)
		return;
	a->focus = p->view;
	if (p->view != &view_detail)
		a->screen = p->view;
	if (p->view->click)
		p->view->click(a, ev->y - p->r.y, ev->x - p->r.x);
	if (ev->type == EVENT_DOUBLE_CLICK)
		app_do(a, p->view->context & (CTX_ROWS | CTX_SHELF) ? ACTION_VIEW : ACTION_OPEN);
}

static void wheel(struct app *a, const struct event *ev)
{
	struct pane *p = screen_pane_at(a, ev->y, ev->x);
	int by = ev->type == EVENT_WHEEL_UP ? -3 : 3;

	if (a->dialog)
		dialog_event(a, ev);
	else if (p && p->view->list && p->view->list(a))
		list_wheel(p->view->list(a), by);
}

static void handle(struct app *a, const struct event *ev)
{
	a->dirty = true;
	switch (ev->type) {
	case EVENT_KEY:
		key(a, ev);
		break;
	case EVENT_PASTE:
		if (a->dialog)
			dialog_event(a, ev);
		else if (a->prompt.active)
			prompt_event(a, ev);
		else
			say(a, ROLE_DIM, "pasted text is not keys: nothing was done");
		break;
	case EVENT_CLICK:
	case EVENT_DOUBLE_CLICK:
		click(a, ev);
		break;
	case EVENT_WHEEL_UP:
	case EVENT_WHEEL_DOWN:
		wheel(a, ev);
		break;
	case EVENT_RESIZE:
		break;
	}
}

static void drain_input(struct app *a)
{
	struct event ev;
	int r = 0;

	while (a->running && (r = term_next(&a->term, &ev)) > 0)
		handle(a, &ev);
	if (r < 0)
		terminal_gone(a);
}

static void take_size(struct app *a)
{
	term_resize(&a->term);
	getmaxyx(stdscr, a->rows, a->cols);
	screen_layout(a);
	a->dirty = true;
}

void app_resume(struct app *a)
{
	term_resume(&a->term);
	term_flush_input(&a->term);
	take_size(a);
}

static void drain_signals(struct app *a)
{
	struct signalfd_siginfo si;

	while (read(a->sigfd, &si, sizeof(si)) == sizeof(si)) {
		switch (si.ssi_signo) {
		case SIGWINCH:
			take_size(a);
			break;
		case SIGTSTP:
			term_suspend(&a->term);
			take_size(a);
			break;
		case SIGCONT:
			term_resume(&a->term);
			take_size(a);
			break;
		case SIGCHLD: /* heard of where it matters */
			break;
		default:
			a->running = false;
			a->died_of = (int)si.ssi_signo;
			break;
		}
	}
}

static void tick(struct app *a)
{
	uint64_t n;

	if (read(a->timer, &n, sizeof(n)) < 0 && errno != EAGAIN)
		return;
	model_tick(a);
	procs_rest(a);
	content_tick(a);
	shelf_tick(a);
	if (a->message.len && a->now - a->message_ms > MESSAGE_MS) {
		buf_reset(&a->message);
		a->dirty = true;
	}
	if (fds_fading(a) || jobs_has_line(a))
		a->dirty = true;
}

static void paint(struct app *a)
{
	struct cursor none = { .shown = false };

	getmaxyx(stdscr, a->rows, a->cols);
	*a->canvas.cursor = none;
	term_frame_begin(&a->term);
	screen_draw(a);
	term_frame_end(&a->term, a->canvas.cursor->shown ? a->canvas.cursor->y : -1,
		       a->canvas.cursor->x);
	a->dirty = false;
}

static int wait_ms(const struct app *a)
{
	return a->find.active ? 0 : detail_waits(a) ? DETAIL_REST_MS : -1;
}

static void loop(struct app *a)
{
	struct pollfd p[] = {
		{ .fd = a->term.tty_in, .events = POLLIN },
		{ .fd = a->sigfd, .events = POLLIN },
		{ .fd = a->tasks.event, .events = POLLIN },
		{ .fd = a->timer, .events = POLLIN },
	};

	while (a->running) {
		int n;

		a->now = clock_ms();
		if (a->dirty)
			paint(a);
		n = poll(p, 4, wait_ms(a));
		if (n < 0 && errno != EINTR)
			break;
		a->dirty |= n == 0 && !a->find.active;
		a->now = clock_ms();
		if (p[1].revents)
			drain_signals(a);
		if (p[0].revents & (POLLHUP | POLLERR | POLLNVAL))
			terminal_gone(a);
		else if (p[0].revents)
			drain_input(a);
		if (p[2].revents && tasks_collect(&a->tasks))
			a->dirty = true;
		if (p[3].revents)
			tick(a);
		search_slice(a);
	}
}

/* ---- beginning and end ---- */

static int open_fds(struct app *a)
{
	struct itimerspec every = {
		.it_interval = { .tv_nsec = TICK_MS * 1000000L },
		.it_value = { .tv_nsec = TICK_MS * 1000000L },
	};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	a->sigfd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	a->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (a->sigfd < 0 || a->timer < 0)
		return -errno;
	timerfd_settime(a->timer, 0, &every, NULL);
	return tasks_init(&a->tasks);
}

static void views_init(struct app *a)
{
	procs_init(a);
	fds_init(a);
	detail_init(a);
	content_init(a);
	shelf_init(a);
	jobs_init(a);
	log_init(a);
	help_init(a);
}

static void views_release(struct app *a)
{
	help_release(a);
	log_release(a);
	jobs_release(a);
	shelf_view_release(a);
	content_release(a);
	detail_release(a);
	fds_release(a);
	procs_release(a);
}

static void first_screen(struct app *a)
{
	const struct target_name *t = a->opts->target;

	a->focus = a->screen = &view_procs;
	model_init(a);
	if (!t)
		return;
	model_set_target(a, t->pid, t->start);
	screen_show(a, &view_fds);
}

static void run(struct app *a)
{
	static struct cursor cursor;

	setup_begin(a);
	a->canvas = (struct canvas){ &a->theme, a->mode == TEXT_ASCII, &cursor };
	a->now = clock_ms();
	a->running = a->dirty = true;
	getmaxyx(stdscr, a->rows, a->cols);
	views_init(a);
	first_screen(a);
	setup_say_problems(a);
	loop(a);
	model_release(a);
	jobs_cancel_all(a);
}

static int no_terminal(const struct buf *why)
{
	fprintf(stderr,
		"filch: %s, so the full-screen interface cannot run; use the verbs instead, "
		"such as: filch ls [TARGET]\n",
		buf_str(why));
	return 2;
}

/* The target's start time is what tells it from a later process of that pid. */
static int check_target(struct app *a, struct target_name *name)
{
	autotarget t = { .pidfd = -1, .table_pidfd = -1, .dir = -1, .table_dir = -1 };
	autobuf text = BUF_INIT;
	struct fail f = { 0 };

	if (target_open(&t, a->procfs, name, &f) == 0) {
		name->start = t.start;
		name->has_start = true;
		return 0;
	}
	fail_sentence(&text, &f, text_mode_of_locale());
	fprintf(stderr, "filch: %s\n", buf_str(&text));
	return fail_status(&f);
}

static void release(struct app *a)
{
	/* Before the views: what a task brings is handed to them. */
	tasks_drain(&a->tasks, DRAIN_MS);
	dialog_close_all(a);
	views_release(a);
	picture_unref(a->target_pic);
	picture_unref(a->wide);
	edit_release(&a->prompt.edit);
	buf_release(&a->message);
	buf_release(&a->search);
}

int tui_main(const struct tui_opts *opts)
{
	const struct settings *settings = opts->settings;
	struct term_opts topts = { .no_mouse = !settings->mouse, .no_sync = !settings->sync };
	struct app a = { .opts = opts, .hung = HUNG_INIT };
	struct tui_opts own = *opts;
	struct target_name name;
	autobuf why = BUF_INIT;
	struct fail f = { 0 };
	int status;

	a.procfs = procfs_open("/proc", &f);
	if (a.procfs < 0 || open_fds(&a) < 0)
		return 1;
	if (opts->target) {
		name = *opts->target;
		own.target = &name;
		a.opts = &own;
		status = check_target(&a, &name);
		if (status)
			return status;
	}
	if (term_open(&a.term, &topts, &why) < 0)
		return no_terminal(&why);
	run(&a);
	term_close(&a.term);
	release(&a);
	fd_close(&a.procfs);
	return a.died_of ? 128 + a.died_of : a.status;
}
