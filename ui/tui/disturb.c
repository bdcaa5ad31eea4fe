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
#include <unistd.h>

#include "src/alter/connection.h"
#include "src/base/alloc.h"
#include "src/stop/signal.h"
#include "src/take/rw.h"
#include "ui/tui/dialog.h"
#include "ui/tui/log.h"
#include "ui/tui/verbs.h"
#include "ui/tui/views.h"

#define READ_MAX (64 * 1024)

enum deed { DEED_SEEK, DEED_READ, DEED_WRITE, DEED_SHUTDOWN, DEED_ABORT, DEED_SIGNAL };

static const struct {
	char key;
	const char *label, *verb;
	enum op op;
} deeds[] = {
	[DEED_SEEK] = { 'k', "Seek", "seek", OP_SEEK },
	[DEED_READ] = { 'x', "Read and show", "read", OP_READ },
	[DEED_WRITE] = { 'w', "Write", "write", OP_WRITE },
	[DEED_SHUTDOWN] = { 's', "Shut down a direction", "shutdown", OP_SHUTDOWN },
	[DEED_ABORT] = { 'b', "Abort the connection", "abort", OP_ABORT },
	[DEED_SIGNAL] = { 'g', "Signal the process", "signal", OP_COUNT },
};

/* What is asked, and, on its thread, what is done. */
struct act {
	struct task t;
	struct app *a;
	struct subject s;
	enum deed deed;
	enum effect effect;
	int procfs;
	int64_t offset;
	int whence;
	size_t len;
	struct buf data;
	int sig, how;
	bool has_value;
	union sigval value;
	int err;
	struct fail fail;
	struct buf outcome;
};

static const struct cell *cell_of(const struct subject *s, enum deed deed)
{
	return deed == DEED_SIGNAL ? target_cell(TARGET_OP_SIGNAL)
				   : kind_cell(s->e->kind, deeds[deed].op);
}

/* The process alone for a signal, the descriptor for the rest. */
static void token_of(const struct subject *s, enum deed deed, char *p, size_t size)
{
	if (deed == DEED_SIGNAL)
		snprintf(p, size, "%d", s->pid);
	else
		snprintf(p, size, "%s", s->token);
}

static void act_free(struct act *x)
{
	subject_release(&x->s);
	buf_release(&x->data);
	buf_release(&x->outcome);
	free(x);
}

/* ---- on a thread ---- */

static int do_seek(struct act *x, struct rw *rw)
{
	uint64_t before, after;
	int err = rw_seek(rw, x->offset, x->whence, &before, &after, &x->fail);

	if (err == 0)
		buf_addf(&x->outcome, "offset %llu, was %llu", (unsigned long long)after,
			 (unsigned long long)before);
	return err;
}

static int do_read(struct act *x, struct rw *rw)
{
	autofree char *p = xmalloc(x->len);
	ssize_t n = rw_read(rw, p, x->len, &x->fail);

	if (n < 0)
		return (int)n;
	buf_add(&x->data, p, (size_t)n);
	buf_addf(&x->outcome, "%zd bytes read", n);
	return 0;
}

static int do_write(struct act *x, struct rw *rw)
{
	size_t written = 0;
	int err = rw_write(rw, buf_str(&x->data), x->data.len, &x->t.cancel, &written, &x->fail);

	buf_addf(&x->outcome, "%zu of %zu bytes written", written, x->data.len);
	return err;
}

static int do_shutdown(struct act *x, const struct target *t)
{
	autograb g = { .fd = -1 };
	int err = grab_take(&g, t, x->s.e, x->procfs, &x->fail);

	if (err < 0)
		return err;
	err = x->deed == DEED_ABORT ? connection_abort(g.fd, &x->fail)
				    : connection_shutdown(g.fd, x->how, &x->fail);
	if (err < 0) { /* the library knows only our duplicate */
		snprintf(x->fail.on, sizeof(x->fail.on), "%s", x->s.token);
		return err;
	}
	buf_adds(&x->outcome, x->deed == DEED_ABORT ? "connection aborted" : "direction shut down");
	return 0;
}

static int do_signal(struct act *x, const struct target *t)
{
	char name[32];
	int err = signal_send(t, x->sig, x->has_value ? &x->value : NULL, &x->fail);

	if (err == 0)
		buf_addf(&x->outcome, "%s sent", signal_name(x->sig, name, sizeof(name)));
	return err;
}

static int do_rw(struct act *x, const struct target *t)
{
	struct kind_ctx ctx = survey_ctx(x->s.pic->s);
	struct rw rw;
	int err = rw_open(&rw, t, x->s.e, &ctx, deeds[x->deed].op, &x->fail);

	if (err < 0)
		return err;
	err = x->deed == DEED_SEEK   ? do_seek(x, &rw)
	      : x->deed == DEED_READ ? do_read(x, &rw)
				     : do_write(x, &rw);
	rw_close(&rw);
	return err;
}

static void act_run(struct task *task)
{
	struct act *x = (struct act *)task;
	autotarget t = { .pidfd = -1, .table_pidfd = -1, .dir = -1, .table_dir = -1 };

	x->err = subject_target(&x->s, x->procfs, &t, &x->fail);
	if (x->err < 0)
		return;
	if (x->deed == DEED_SIGNAL)
		x->err = do_signal(x, &t);
	else if (x->deed == DEED_SHUTDOWN || x->deed == DEED_ABORT)
		x->err = do_shutdown(x, &t);
	else
		x->err = do_rw(x, &t);
}

/* What was read from it is shown, for it is in nobody else's hands now. */
static void show_data(struct app *a, struct act *x)
{
	struct dialog *d = dialog_new(role_of_effect(x->effect), "READ FROM %s: %s", x->s.token,
				      buf_str(&x->outcome));
	const char *at = buf_str(&x->data);
	size_t left = x->data.len;

	while (left) {
		size_t n = left < 64 ? left : 64;
		autobuf b = BUF_INIT;

		add_text(a, &b, at, n);
		dialog_text(d, ROLE_NORMAL, "%s", buf_str(&b));
		at += n;
		left -= n;
	}
	dialog_open(a, d);
}

static void act_done(struct task *task)
{
	struct act *x = (struct act *)task;
	struct app *a = x->a;
	int fd = x->deed == DEED_SIGNAL ? -1 : x->s.fd;

	a->busy--;
	log_add(a, deeds[x->deed].verb, x->effect, x->s.pid, x->s.start, x->s.comm, x->s.comm_len,
		fd, x->err < 0 ? &x->fail : NULL);
	if (x->err < 0) {
		say_fail(a, &x->fail);
	} else {
		say(a, role_of_effect(x->effect), "%s: %s", x->s.token, buf_str(&x->outcome));
		if (x->deed == DEED_READ && x->data.len)
			show_data(a, x);
	}
	model_refresh(a, false);
	act_free(x);
}

/* ---- asking ---- */

static bool parse_offset(struct act *x, const char *text, struct dialog *d)
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

static bool parse_signal(struct act *x, struct dialog *d)
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

static bool parse_length(struct act *x, const char *text, struct dialog *d)
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

static bool parse_how(struct act *x, const char *text, struct dialog *d)
{
	static const char *const words[] = { "rd", "wr", "both" };

	for (int i = 0; i < 3; i++) {
		if (strcmp(text, words[i]) == 0) {
			x->how = i; /* SHUT_RD, SHUT_WR, SHUT_RDWR */
			return true;
		}
	}
	dialog_error(d, "say rd, wr or both");
	return false;
}

static bool parse_fields(struct act *x, struct dialog *d)
{
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
		return parse_how(x, dialog_value(d, 0), d);
	case DEED_ABORT:
		return true;
	case DEED_SIGNAL:
		return parse_signal(x, d);
	}
	return false;
}

static bool confirmed(struct app *a, struct dialog *d, const struct dialog_item *item)
{
	struct act *x = d->arg;

	(void)item;
	if (!parse_fields(x, d))
		return false;
	if (!subject_still_there(a, &x->s) && x->deed != DEED_SIGNAL) {
		dialog_error(d, "%s is not what it was any more: nothing was done", x->s.token);
		return false;
	}
	if (task_start(&a->tasks, &x->t) < 0) {
		dialog_error(d, "no thread could be started");
		return false;
	}
	d->arg = NULL;
	a->busy++;
	arm(a);
	return true;
}

static void ask_release(struct dialog *d)
{
	if (d->arg)
		act_free(d->arg);
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
	const struct cell *cell = cell_of(s, deed);
	struct act *x = xcalloc(1, sizeof(*x));
	autobuf what = BUF_INIT;
	char token[48], twin[160];
	struct dialog *d;

	x->a = a;
	x->t.run = act_run;
	x->t.done = act_done;
	x->procfs = a->procfs;
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
		c = cell_of(s, (enum deed)i);
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
