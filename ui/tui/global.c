/* SPDX-License-Identifier: MIT */
/* Actions that are the same in every view, and the way to the others. */
#include <ncurses.h>

#include "ui/tui/app.h"
#include "ui/tui/command.h"
#include "ui/tui/palette.h"
#include "ui/tui/setup.h"
#include "ui/tui/verbs.h"
#include "ui/tui/views.h"

static void go(struct app *a, const struct view *v)
{
	if (v == &view_fds && !a->target.pid) {
		say(a, ROLE_WARNING, "no process chosen yet: Enter on one shows its descriptors");
		return;
	}
	screen_go(a, v);
}

static void cancel_what_is_there(struct app *a)
{
	search_clear(a);
	if (a->maximised)
		a->maximised = false;
	buf_reset(&a->message);
	if (a->focus == &view_fds)
		fds_clear_filter(a);
	procs_clear_filter(a);
}

static void toggle_mouse(struct app *a)
{
	term_set_mouse(&a->term, !a->term.mouse);
	say(a, ROLE_NORMAL, "mouse %s", a->term.mouse ? "on" : "off: the terminal selects text");
}

static void toggle_pause(struct app *a, enum action action)
{
	a->paused = !a->paused;
	if (a->paused)
		say(a, ROLE_NORMAL, "updates paused: %s goes on",
		    keymap_word(&a->keys, action, CTX_LISTS).text);
	else
		say(a, ROLE_NORMAL, "updates go on");
}

void app_act_global(struct app *a, enum action action)
{
	switch (action) {
	case ACTION_BACK:
		if (!screen_back(a))
			app_quit(a);
		break;
	case ACTION_QUIT:
		app_quit(a);
		break;
	case ACTION_CANCEL:
		cancel_what_is_there(a);
		break;
	case ACTION_PANE_NEXT:
	case ACTION_PANE_PREV:
		screen_pane(a, action == ACTION_PANE_NEXT ? 1 : -1);
		break;
	case ACTION_GO_PROCS:
		go(a, &view_procs);
		break;
	case ACTION_GO_FDS:
		go(a, &view_fds);
		break;
	case ACTION_GO_SHELF:
		go(a, &view_shelf);
		break;
	case ACTION_GO_JOBS:
		go(a, &view_jobs);
		break;
	case ACTION_GO_LOG:
		go(a, &view_log);
		break;
	case ACTION_HELP:
		go(a, &view_help);
		break;
	case ACTION_SEARCH:
		search_begin(a);
		break;
	case ACTION_SEARCH_NEXT:
	case ACTION_SEARCH_PREV:
		search_again(a, action == ACTION_SEARCH_NEXT ? 1 : -1);
		break;
	case ACTION_PAUSE:
		toggle_pause(a, action);
		break;
	case ACTION_REFRESH:
		model_refresh(a, true);
		break;
	case ACTION_MAXIMISE:
		a->maximised = !a->maximised;
		break;
	case ACTION_DISARM:
		a->armed = false;
		say(a, ROLE_NORMAL, "SAFE: nothing disturbs without being confirmed");
		break;
	case ACTION_COMMAND:
		command_show(a);
		break;
	case ACTION_PALETTE:
		palette_open(a);
		break;
	case ACTION_COLUMNS:
		setup_open(a);
		break;
	case ACTION_MOUSE:
		toggle_mouse(a);
		break;
	case ACTION_REDRAW:
		clearok(curscr, TRUE);
		break;
	case ACTION_SUSPEND:
		term_suspend(&a->term);
		break;
	default:
		verbs_act(a, action);
		break;
	}
}

void app_do(struct app *a, enum action action)
{
	struct list *l = a->focus->list ? a->focus->list(a) : NULL;

	a->dirty = true;
	search_settle(a);
	if (actions[action].effect > EFFECT_NONE)
		fds_settle(a);
	if (a->focus->act && a->focus->act(a, action))
		return;
	if (l && list_act(l, action))
		return;
	app_act_global(a, action);
}
