/* SPDX-License-Identifier: MIT */
/*
 * The menu of what changes something for others. Each needs the consent that
 * its effect asks for: `y` for shared, the typed target for the rest. What the
 * kind refuses is listed with its reason. Who is meant was captured when the
 * menu was opened, and is checked again by the grab that acts.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/alter/connection.h"
#include "src/base/alloc.h"
#include "src/stop/signal.h"
#include "ui/tui/deed.h"
#include "ui/tui/dialog.h"
#include "ui/tui/verbs.h"
#include "ui/tui/views.h"

#define READ_MAX (64 * 1024)

/* The process alone for a signal, the descriptor for the rest. */
static void token_of(const struct subject *s, enum deed deed, char *p, size_t size)
{
	if (deed == DEED_SIGNAL)
		snprintf(p, size, "%d", s->pid);
	else
		snprintf(p, size, "%s", s->token);
}

/* ---- asking ---- */

static bool parse_offset(struct deed_act *x, const char *text, struct dialog *d)
{
	char *end;

	x->whence = *text == '+' || *text == '-' ? SEEK_CUR : SEEK_SET;
	errno = 0;
	x->offset = strtoll(text, &end, 0);
	if (!*text || *end || errno) {
		dialog_error(d, "an offset is a number, 0x number, +N or -N");
		return false;
	}
	return true;
}

static bool parse_signal(struct deed_act *x, struct dialog *d)
{
	struct fail f = { 0 };
	const char *value = dialog_value(d, 1);
	int64_t v;

	x->sig = signal_parse(dialog_value(d, 0), &f);
	if (x->sig < 0) {
		dialog_error(d, "%s", *f.why ? f.why : "no such signal");
		return false;
	}
	x->has_value = *value != '\0';
	if (x->has_value && text_parse_int(value, INT32_MIN, INT32_MAX, &v) < 0) {
		dialog_error(d, "the value is a whole number, or nothing");
		return false;
	}
	x->value.sival_int = x->has_value ? (int)v : 0;
	return true;
}

static bool parse_length(struct deed_act *x, const char *text, struct dialog *d)
{
	uint64_t n;

	if (text_parse_size(text, &n) < 0 || !n || n > READ_MAX) {
		dialog_error(d, "a length is 1 to 64K");
		return false;
	}
	x->len = n;
	return true;
}

/* Backslash escapes, because a line cannot be typed otherwise. */
static void unescape(struct buf *out, const char *s)
{
	for (; *s; s++) {
		unsigned byte;

		if (*s != '\\' || !s[1]) {
			buf_addc(out, *s);
			continue;
		}
		s++;
		if (*s == 'n')
			buf_addc(out, '\n');
		else if (*s == 't')
			buf_addc(out, '\t');
		else if (*s == 'r')
			buf_addc(out, '\r');
		else if (*s == 'x' && sscanf(s + 1, "%2x", &byte) == 1 && s[1] && s[2]) {
			buf_addc(out, (char)byte);
			s += 2;
		} else
			buf_addc(out, *s);
	}
}

static bool parse_fields(struct deed_act *x, struct dialog *d)
{
	struct fail f = { 0 };

	switch (x->deed) {
	case DEED_SEEK:
		return parse_offset(x, dialog_value(d, 0), d);
	case DEED_READ:
		return parse_length(x, dialog_value(d, 0), d);
	case DEED_WRITE:
		buf_reset(&x->data);
		unescape(&x->data, dialog_value(d, 0));
		return true;
	case DEED_SHUTDOWN:
		x->how = connection_parse_how(dialog_value(d, 0), &f);
		if (x->how < 0)
			dialog_error(d, "say rd, wr or both");
		return x->how >= 0;
	case DEED_ABORT:
		return true;
	case DEED_SIGNAL:
		return parse_signal(x, d);
	}
	return false;
}

static bool confirmed(struct app *a, struct dialog *d, const struct dialog_item *item)
{
	struct deed_act *x = d->arg;

	(void)item;
	if (!parse_fields(x, d))
		return false;
	if (!subject_still_there(a, &x->s) && x->deed != DEED_SIGNAL) {
		dialog_error(d, "%s is not what it was any more: nothing was done", x->s.token);
		return false;
	}
	if (!deed_start(a, x)) {
		dialog_error(d, "no thread could be started");
		return false;
	}
	d->arg = NULL;
	return true;
}

static void ask_release(struct dialog *d)
{
	if (d->arg)
		deed_free(d->arg);
}

static void ask_fields(struct dialog *d, enum deed deed)
{
	switch (deed) {
	case DEED_SEEK:
		dialog_field(d, "Offset", "", "N, 0xN, +N, -N");
		break;
	case DEED_READ:
		dialog_field(d, "Bytes", "4096", "at most 64K");
		break;
	case DEED_WRITE:
		dialog_field(d, "Bytes", "", "\\n \\t \\xHH");
		break;
	case DEED_SHUTDOWN:
		dialog_field(d, "Direction", "wr", "rd, wr, both");
		break;
	case DEED_ABORT:
		break;
	case DEED_SIGNAL:
		dialog_field(d, "Signal", "TERM", "name, number, RTMIN+N");
		dialog_field(d, "Value", "", "empty: none");
		break;
	}
}

static void equivalent(const struct subject *s, enum deed deed, char *p, size_t size)
{
	static const char *const args[] = {
		[DEED_SEEK] = " OFFSET",         [DEED_READ] = " -n BYTES", [DEED_WRITE] = " <FILE",
		[DEED_SHUTDOWN] = " rd|wr|both", [DEED_ABORT] = "",         [DEED_SIGNAL] = " SIG",
	};

	if (deed == DEED_SIGNAL)
		snprintf(p, size, "filch signal %d@%llu SIG [--value N]", s->pid,
			 (unsigned long long)s->start);
	else
		snprintf(p, size, "filch %s %s%s", deeds[deed].verb, s->desc, args[deed]);
}

static void say_sharers(struct app *a, struct dialog *d, const struct fdent *e)
{
	const struct fdent *wide = picture_find(a->wide, e);
	uint32_t n = wide ? wide->shares : e->shares;

	if (n > 1)
		dialog_text(d, ROLE_WARNING, "%u descriptors share this open file description.", n);
	else if (!n)
		dialog_text(d, ROLE_WARNING, "Who else shares it is unknown.");
}

/* The dialog of one deed: what will happen, what it asks for, and the consent. */
static void ask(struct app *a, const struct subject *s, enum deed deed)
{
	const struct cell *cell = deed_cell(s, deed);
	struct deed_act *x = xcalloc(1, sizeof(*x));
	autobuf what = BUF_INIT;
	char token[48], twin[160];
	struct dialog *d;

	x->s = subject_copy(s);
	x->deed = deed;
	x->effect = cell->effect;
	token_of(s, deed, token, sizeof(token));
	d = dialog_new(role_of_effect(cell->effect), "%s %s", deeds[deed].label, token);
	subject_describe(a, s, &what);
	if (what.len && deed != DEED_SIGNAL)
		dialog_text(d, ROLE_NORMAL, "%s", buf_str(&what));
	buf_reset(&what);
	add_text(a, &what, s->comm, s->comm_len);
	dialog_text(d, ROLE_NORMAL, "process %d %s", s->pid, buf_str(&what));
	dialog_text(d, role_of_effect(cell->effect), "%s: %s", effect_tag(cell->effect),
		    cell->words);
	if (s->e && deed != DEED_SIGNAL)
		say_sharers(a, d, s->e);
	equivalent(s, deed, twin, sizeof(twin));
	dialog_text(d, ROLE_DIM, "Equivalent: %s", twin);
	ask_fields(d, deed);
	if (cell->effect > EFFECT_SHARED)
		dialog_token(d, token);
	else
		d->ask_yes = true;
	d->arg = x;
	d->release = ask_release;
	d->accept = confirmed;
	dialog_open(a, d);
}

/* ---- the menu ---- */

static void menu_release(struct dialog *d)
{
	struct subject *s = d->arg;

	subject_release(s);
	free(s);
}

static bool menu_chosen(struct app *a, struct dialog *d, const struct dialog_item *item)
{
	struct subject *s = d->arg;

	if (!item)
		return true;
	if (!allowed(a, item->effect))
		return true;
	if (!subject_still_there(a, s) && item->id != DEED_SIGNAL) {
		dialog_error(d, "%s is not what it was any more", s->token);
		return false;
	}
	ask(a, s, (enum deed)item->id);
	return true;
}

static struct dialog *menu(struct app *a, const struct subject *s)
{
	autobuf comm = BUF_INIT;
	struct dialog *d;

	add_text(a, &comm, s->comm, s->comm_len);
	d = dialog_new(ROLE_STOP, "DISTURB %d %s%s%s %s", s->pid, buf_str(&comm), s->e ? " - " : "",
		       s->e ? s->token : "", s->e ? s->e->kind->name : "");
	for (int i = 0; i <= DEED_SIGNAL; i++) {
		const struct cell *c;

		if (i == DEED_SIGNAL ? s->held != 0 : !s->e)
			continue;
		c = deed_cell(s, (enum deed)i);
		if (i != DEED_SIGNAL && !fdent_is_fd(s->e))
			dialog_item(d, deeds[i].key, i, EFFECT_REFUSED, deeds[i].label,
				    "this is not a descriptor");
		else
			dialog_item(d, deeds[i].key, i, c->effect, deeds[i].label, c->words);
	}
	return d;
}

static bool find_subject(struct app *a, struct subject *s)
{
	const struct procrow *r;

	if (a->focus != &view_procs)
		return subject_current(a, s);
	r = procs_current(a);
	if (r)
		*s = subject_of_process(r);
	return r != NULL;
}

void disturb_open(struct app *a)
{
	struct subject *s;
	struct dialog *d;

	if (!allowed(a, EFFECT_STOP))
		return;
	if (a->focus == &view_fds && fds_marked(a) > 1) {
		disturb_many(a);
		return;
	}
	s = xcalloc(1, sizeof(*s));
	if (!find_subject(a, s)) {
		free(s);
		return;
	}
	d = menu(a, s);
	d->arg = s;
	d->release = menu_release;
	d->accept = menu_chosen;
	dialog_open(a, d);
}
