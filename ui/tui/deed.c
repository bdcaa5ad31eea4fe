/* SPDX-License-Identifier: MIT */
#include "ui/tui/deed.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "src/alter/connection.h"
#include "src/base/alloc.h"
#include "src/stop/signal.h"
#include "src/take/rw.h"
#include "ui/tui/dialog.h"
#include "ui/tui/log.h"

const struct deed_info deeds[] = {
	[DEED_SEEK] = { 'k', "Seek", "seek", OP_SEEK },
	[DEED_READ] = { 'x', "Read and show", "read", OP_READ },
	[DEED_WRITE] = { 'w', "Write", "write", OP_WRITE },
	[DEED_SHUTDOWN] = { 's', "Shut down a direction", "shutdown", OP_SHUTDOWN },
	[DEED_ABORT] = { 'b', "Abort the connection", "abort", OP_ABORT },
	[DEED_SIGNAL] = { 'g', "Signal the process", "signal", OP_COUNT },
};

const struct cell *deed_cell(const struct subject *s, enum deed deed)
{
	return deed == DEED_SIGNAL ? target_cell(TARGET_OP_SIGNAL)
				   : kind_cell(s->e->kind, deeds[deed].op);
}

void deed_free(struct deed_act *x)
{
	subject_release(&x->s);
	buf_release(&x->data);
	buf_release(&x->outcome);
	free(x);
}

/* ---- on a thread ---- */

static int do_seek(struct deed_act *x, struct rw *rw)
{
	uint64_t before, after;
	int err = rw_seek(rw, x->offset, x->whence, &before, &after, &x->fail);

	if (err == 0)
		buf_addf(&x->outcome, "offset %llu, was %llu", (unsigned long long)after,
			 (unsigned long long)before);
	return err;
}

static int do_read(struct deed_act *x, struct rw *rw)
{
	autofree char *p = xmalloc(x->len);
	ssize_t n = rw_read(rw, p, x->len, &x->fail);

	if (n < 0)
		return (int)n;
	buf_add(&x->data, p, (size_t)n);
	buf_addf(&x->outcome, "%zd bytes read", n);
	return 0;
}

static int do_write(struct deed_act *x, struct rw *rw)
{
	size_t written = 0;
	int err = rw_write(rw, buf_str(&x->data), x->data.len, &x->t.cancel, &written, &x->fail);

	buf_addf(&x->outcome, "%zu of %zu bytes written", written, x->data.len);
	return err;
}

int deed_connection(const struct subject *s, enum op op, int how, int procfs,
		    const struct target *t, struct fail *f)
{
	autograb g = { .fd = -1 };
	int err = grab_take(&g, t, s->e, procfs, f);

	if (err < 0)
		return err;
	err = op == OP_ABORT ? connection_abort(g.fd, f) : connection_shutdown(g.fd, how, f);
	if (err < 0) /* the library knows only our duplicate */
		snprintf(f->on, sizeof(f->on), "%s", s->token);
	return err;
}

static int do_connection(struct deed_act *x, const struct target *t)
{
	int err = deed_connection(&x->s, deeds[x->deed].op, x->how, x->procfs, t, &x->fail);

	if (err == 0)
		buf_adds(&x->outcome,
			 x->deed == DEED_ABORT ? "connection aborted" : "direction shut down");
	return err;
}

static int do_signal(struct deed_act *x, const struct target *t)
{
	char name[32];
	int err = signal_send(t, x->sig, x->has_value ? &x->value : NULL, &x->fail);

	if (err == 0)
		buf_addf(&x->outcome, "%s sent", signal_name(x->sig, name, sizeof(name)));
	return err;
}

static int do_rw(struct deed_act *x, const struct target *t)
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
	struct deed_act *x = (struct deed_act *)task;
	autotarget t = { .pidfd = -1, .table_pidfd = -1, .dir = -1, .table_dir = -1 };

	x->err = subject_target(&x->s, x->procfs, &t, &x->fail);
	if (x->err < 0)
		return;
	if (x->deed == DEED_SIGNAL)
		x->err = do_signal(x, &t);
	else if (x->deed == DEED_SHUTDOWN || x->deed == DEED_ABORT)
		x->err = do_connection(x, &t);
	else
		x->err = do_rw(x, &t);
}

/* What was read from it is shown, for it is in nobody else's hands now. */
static void show_data(struct app *a, struct deed_act *x)
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
	struct deed_act *x = (struct deed_act *)task;
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
	deed_free(x);
}

bool deed_start(struct app *a, struct deed_act *x)
{
	x->a = a;
	x->procfs = a->procfs;
	x->t.run = act_run;
	x->t.done = act_done;
	if (task_start(&a->tasks, &x->t) < 0)
		return false;
	a->busy++;
	arm(a);
	return true;
}
