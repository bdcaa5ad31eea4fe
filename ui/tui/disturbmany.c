/* SPDX-License-Identifier: MIT */
/*
 * The same to several marked descriptors: one dialog with a list of them, and
 * the token is how many they are. Each is checked again by the grab that acts;
 * one that is another thing by then is left alone, the others are not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/alter/connection.h"
#include "src/base/alloc.h"
#include "ui/tui/deed.h"
#include "ui/tui/dialog.h"
#include "ui/tui/log.h"
#include "ui/tui/verbs.h"
#include "ui/tui/views.h"

#define LISTED 12 /* that the dialog names */

struct many_item {
	struct subject s;
	int err;
	struct fail fail;
};

struct many {
	struct task t;
	struct app *a;
	enum op op;
	int how; /* of shutdown(2) */
	int procfs;
	struct many_item *at;
	size_t n;
};

static void many_free(struct many *m)
{
	for (size_t i = 0; i < m->n; i++)
		subject_release(&m->at[i].s);
	free(m->at);
	free(m);
}

static int act_on(struct many *m, struct many_item *x)
{
	autotarget t = { .pidfd = -1, .table_pidfd = -1, .dir = -1, .table_dir = -1 };
	int err = subject_target(&x->s, m->procfs, &t, &x->fail);

	return err < 0 ? err : deed_connection(&x->s, m->op, m->how, m->procfs, &t, &x->fail);
}

static void many_run(struct task *task)
{
	struct many *m = (struct many *)task;

	for (size_t i = 0; i < m->n; i++)
		m->at[i].err = act_on(m, &m->at[i]);
}

static void many_done(struct task *task)
{
	struct many *m = (struct many *)task;
	struct app *a = m->a;
	const struct fail *first = NULL;
	size_t done = 0;

	a->busy--;
	for (size_t i = 0; i < m->n; i++) {
		struct many_item *x = &m->at[i];
		bool failed = x->err < 0;

		log_subject(a, op_name(m->op), kind_cell(x->s.e->kind, m->op)->effect, &x->s,
			    failed ? &x->fail : NULL);
		done += !failed;
		if (failed && !first)
			first = &x->fail;
	}
	if (first) {
		autobuf why = BUF_INIT;

		fail_sentence(&why, first, a->mode);
		say(a, ROLE_ERROR, "%s: %zu of %zu done; %s", op_name(m->op), done, m->n,
		    buf_str(&why));
	} else {
		say(a, ROLE_ALTER, "%s: all %zu done", op_name(m->op), done);
	}
	fds_unmark_all(a);
	model_refresh(a, false);
	many_free(m);
}

/* ---- asking ---- */

static void many_release(struct dialog *d)
{
	if (d->arg)
		many_free(d->arg);
}

static bool confirmed(struct app *a, struct dialog *d, const struct dialog_item *item)
{
	struct many *m = d->arg;
	struct fail f = { 0 };

	(void)item;
	if (m->op == OP_SHUTDOWN) {
		m->how = connection_parse_how(dialog_value(d, 0), &f);
		if (m->how < 0) {
			dialog_error(d, "say rd, wr or both");
			return false;
		}
	}
	if (task_start(&a->tasks, &m->t) < 0) {
		dialog_error(d, "no thread could be started");
		return false;
	}
	d->arg = NULL;
	a->busy++;
	arm(a);
	return true;
}

static void describe(struct app *a, struct dialog *d, const struct many *m)
{
	const struct cell *c = kind_cell(m->at[0].s.e->kind, m->op);

	for (size_t i = 0; i < m->n && i < LISTED; i++) {
		autobuf b = BUF_INIT;

		subject_describe(a, &m->at[i].s, &b);
		dialog_text(d, ROLE_NORMAL, "%s", buf_str(&b));
	}
	if (m->n > LISTED)
		dialog_text(d, ROLE_NORMAL, "... %zu in all", m->n);
	dialog_text(d, role_of_effect(c->effect), "%s: %s", effect_tag(c->effect), c->words);
	dialog_text(d, ROLE_DIM, "Equivalent: filch %s %s ...%s", op_name(m->op), m->at[0].s.desc,
		    m->op == OP_SHUTDOWN ? " rd|wr|both" : "");
}

/* Only those whose kind has it; of the others it is said. */
static struct many *collect(struct app *a, enum op op)
{
	struct many *m = xcalloc(1, sizeof(*m));
	const struct fdent **rows;
	size_t n = fds_selection(a, &rows);

	m->a = a;
	m->op = op;
	m->procfs = a->procfs;
	m->t.run = many_run;
	m->t.done = many_done;
	m->at = xcalloc(n + 1, sizeof(*m->at));
	for (size_t i = 0; i < n; i++)
		if (kind_cell(rows[i]->kind, op)->effect != EFFECT_REFUSED)
			m->at[m->n++].s = subject_of(a, rows[i]);
	free(rows);
	return m;
}

static void ask(struct app *a, enum op op)
{
	struct many *m = collect(a, op);
	char token[24];
	struct dialog *d;

	if (!m->n) {
		many_free(m);
		return;
	}
	d = dialog_new(ROLE_ALTER, "%s %zu OF %zu MARKED", op == OP_ABORT ? "ABORT" : "SHUT DOWN",
		       m->n, fds_marked(a));
	describe(a, d, m);
	if (op == OP_SHUTDOWN)
		dialog_field(d, "Direction", "wr", "rd, wr, both");
	snprintf(token, sizeof(token), "%zu", m->n);
	dialog_token(d, token);
	d->arg = m;
	d->release = many_release;
	d->accept = confirmed;
	dialog_open(a, d);
}

static bool chosen(struct app *a, struct dialog *d, const struct dialog_item *item)
{
	(void)d;
	if (item && allowed(a, item->effect))
		ask(a, (enum op)item->id);
	return true;
}

/* How many of the marked ones can do it, and what that means for the first. */
static void add_item(struct app *a, struct dialog *d, int key, enum op op, const char *label)
{
	struct many *m = collect(a, op);
	autobuf words = BUF_INIT;

	if (m->n) {
		buf_addf(&words, "%zu of %zu; %s", m->n, fds_marked(a),
			 kind_cell(m->at[0].s.e->kind, op)->words);
		dialog_item(d, key, (int)op, kind_cell(m->at[0].s.e->kind, op)->effect, label,
			    buf_str(&words));
	} else {
		dialog_item(d, key, (int)op, EFFECT_REFUSED, label, "none of them is a connection");
	}
	many_free(m);
}

void disturb_many(struct app *a)
{
	struct dialog *d = dialog_new(ROLE_STOP, "DISTURB %zu MARKED DESCRIPTORS", fds_marked(a));

	add_item(a, d, 's', OP_SHUTDOWN, "Shut down a direction");
	add_item(a, d, 'b', OP_ABORT, "Abort the connections");
	dialog_item(d, 0, 0, EFFECT_REFUSED, "Seek, read, write",
		    "one at a time: unmark the others");
	dialog_item(d, 0, 0, EFFECT_REFUSED, "Signal", "is about the process: unmark them");
	d->accept = chosen;
	dialog_open(a, d);
}
