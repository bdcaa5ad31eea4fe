/* SPDX-License-Identifier: MIT */
/* The line at the bottom that is typed: letters there are text. */
#include <stdio.h>

#include "ui/tui/app.h"

void prompt_open(struct app *a, const char *label, const char *text,
		 void (*changed)(struct app *, const char *),
		 void (*done)(struct app *, const char *))
{
	struct prompt *p = &a->prompt;

	p->active = true;
	snprintf(p->label, sizeof(p->label), "%s", label);
	edit_set(&p->edit, text);
	p->fault = -1;
	p->error[0] = '\0';
	p->changed = changed;
	p->done = done;
	a->dirty = true;
}

void prompt_close(struct app *a)
{
	a->prompt.active = false;
	a->dirty = true;
}

static void finish(struct app *a, bool cancelled)
{
	struct prompt *p = &a->prompt;
	autobuf text = BUF_INIT;

	buf_adds(&text, buf_str(&p->edit.text));
	prompt_close(a);
	p->done(a, cancelled ? NULL : buf_str(&text));
}

void prompt_event(struct app *a, const struct event *ev)
{
	struct prompt *p = &a->prompt;

	a->dirty = true;
	if (ev->type == EVENT_KEY && (ev->key == KEY_ESC || ev->key == CTRL('C'))) {
		finish(a, true);
	} else if (ev->type == EVENT_KEY && ev->key == '\r') {
		if (p->fault < 0)
			finish(a, false);
	} else if (edit_event(&p->edit, ev)) {
		p->fault = -1;
		p->error[0] = '\0';
		if (p->changed)
			p->changed(a, buf_str(&p->edit.text));
	}
}
