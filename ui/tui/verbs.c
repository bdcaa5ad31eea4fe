/* SPDX-License-Identifier: MIT */
/* Holding, facts by a grab; the way to the other verbs. */
#include "ui/tui/verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "src/base/alloc.h"
#include "src/evidence/elf.h"
#include "src/take/grab.h"
#include "ui/tui/detail.h"
#include "ui/tui/dialog.h"
#include "ui/tui/jobs.h"
#include "ui/tui/log.h"
#include "ui/tui/shelf.h"
#include "ui/tui/views.h"

struct grab_one {
	struct subject s;
	int err; /* with keep: the id on the shelf */
	struct fail fail;
};

/* Grabs on a thread, one after the other; what is done with them is decided by `keep`. */
struct grab_task {
	struct task t;
	struct app *a;
	struct grab_one *at;
	size_t n;
	bool keep;
	struct facts_flat facts; /* of the only one, without keep */
	int procfs;
};

/* Of a program, library or memfd that holds one, what its ELF image says. */
static void read_image(struct grab_task *g, const struct grab_one *x, int fd)
{
	autofree struct elf_info *info = NULL;

	if (!S_ISREG(x->s.e->mode) || elf_describe(fd, &info, NULL) < 0)
		return;
	fact_object(&g->facts.sink, "elf");
	elf_facts(info, &g->facts.sink);
	fact_end_object(&g->facts.sink);
}

static void read_facts(struct grab_task *g, const struct grab_one *x, int fd)
{
	struct kind_ctx ctx = survey_ctx(x->s.pic->s);

	ctx.grab = fd;
	ctx.deep = true;
	kind_facts(x->s.e, &ctx, &g->facts.sink);
	read_image(g, x, fd);
}

/* The shelf keeps a duplicate of its own. */
static void put_on_shelf(struct grab_one *x, int fd)
{
	struct shelf_item item;
	struct shelf shelf;

	x->err = shelf_open(&shelf, true, &x->fail);
	if (x->err < 0)
		return;
	shelf_item_of(&item, x->s.e);
	x->err = shelf_add(&shelf, &item, fd, &x->fail);
	shelf_item_release(&item);
	shelf_close(&shelf);
}

static void grab_one(struct grab_task *g, struct grab_one *x)
{
	struct kind_ctx ctx = survey_ctx(x->s.pic->s);
	autotarget t = { .pidfd = -1, .table_pidfd = -1, .dir = -1, .table_dir = -1 };
	struct grab grab = { .fd = -1 };

	if (grab_may_hang(x->s.e, &ctx)) {
		x->err = fail_set(&x->fail, EBUSY, "mount", "%s", x->s.token);
		fail_why(&x->fail, "its filesystem can stop answering, and a duplicate that "
				   "cannot be closed would hang this program");
		fail_advice(&x->fail, "view and dump work: they use a helper");
		return;
	}
	x->err = subject_target(&x->s, g->procfs, &t, &x->fail);
	if (x->err == 0)
		x->err = grab_take(&grab, &t, x->s.e, g->procfs, &x->fail);
	if (x->err < 0)
		return;
	if (g->keep)
		put_on_shelf(x, grab.fd);
	else
		read_facts(g, x, grab.fd);
	grab_release(&grab);
}

static void grab_run(struct task *task)
{
	struct grab_task *g = (struct grab_task *)task;

	for (size_t i = 0; i < g->n; i++)
		grab_one(g, &g->at[i]);
}

static void show_facts(struct app *a, struct grab_task *g)
{
	struct detail_state *d = a->detail;
	const struct fdent *e = g->at[0].s.e;

	facts_flat_release(&d->grabbed);
	d->grabbed = g->facts;
	facts_flat_init(&g->facts, NULL);
	d->has_grabbed = true;
	d->grabbed_pid = e->proc->pid;
	d->grabbed_fd = e->fd;
	d->grabbed_ino = e->ino;
	say(a, ROLE_HOLD, "%s: brief hold, %zu facts", g->at[0].s.token, d->grabbed.n);
}

static void say_held(struct app *a, const struct grab_task *g, size_t held)
{
	const struct grab_one *x = &g->at[0];

	if (g->n == 1)
		say(a, ROLE_HOLD, "held as h%u: %s", (unsigned)x->err,
		    kind_cell(x->s.e->kind, OP_HOLD)->words);
	else
		say(a, ROLE_HOLD, "%zu held: what waits for their last close waits for us", held);
}

static void grab_task_free(struct grab_task *g)
{
	facts_flat_release(&g->facts);
	for (size_t i = 0; i < g->n; i++)
		subject_release(&g->at[i].s);
	free(g->at);
	free(g);
}

static void grab_done(struct task *task)
{
	struct grab_task *g = (struct grab_task *)task;
	struct app *a = g->a;
	const struct fail *first = NULL;
	size_t good = 0;

	a->busy--;
	for (size_t i = 0; i < g->n; i++) {
		const struct fail *f = g->at[i].err < 0 ? &g->at[i].fail : NULL;

		log_subject(a, g->keep ? "hold" : "facts", EFFECT_HOLD, &g->at[i].s, f);
		good += !f;
		first = first ? first : f;
	}
	if (g->keep && good)
		shelf_changed(a);
	if (first)
		say_fail(a, first);
	else if (g->keep)
		say_held(a, g, good);
	else
		show_facts(a, g);
	grab_task_free(g);
}

/* Takes the subjects over. */
static void start_grab(struct app *a, const struct subject *at, size_t n, bool keep)
{
	struct grab_task *g = xcalloc(1, sizeof(*g));

	g->t.run = grab_run;
	g->t.done = grab_done;
	g->a = a;
	g->at = xcalloc(n, sizeof(*g->at));
	for (; g->n < n; g->n++)
		g->at[g->n].s = at[g->n];
	g->keep = keep;
	g->procfs = a->procfs;
	facts_flat_init(&g->facts, NULL);
	if (task_start(&a->tasks, &g->t) < 0) {
		say(a, ROLE_ERROR, "no thread could be started");
		grab_task_free(g);
		return;
	}
	a->busy++;
}

static bool possible(struct app *a, const struct subject *s, enum op op)
{
	const struct cell *c = kind_cell(s->e->kind, op);

	if (c->effect != EFFECT_REFUSED)
		return allowed(a, c->effect);
	say(a, ROLE_WARNING, "%s: %s is not possible: %s", s->token, op_name(op), c->words);
	return false;
}

static void hold(struct app *a)
{
	const struct fdent **rows;
	size_t n = fds_selection(a, &rows), possible_ones = 0;
	autofree struct subject *at = xcalloc(n + 1, sizeof(*at));

	if (!n)
		say(a, ROLE_WARNING, "there is no descriptor under the cursor");
	for (size_t i = 0; i < n; i++) {
		struct subject s = subject_of(a, rows[i]);

		if (possible(a, &s, OP_HOLD))
			at[possible_ones++] = s;
		else
			subject_release(&s);
	}
	if (possible_ones)
		start_grab(a, at, possible_ones, true);
	free(rows);
}

static void facts(struct app *a)
{
	struct subject s;

	if (!subject_current(a, &s))
		return;
	if (possible(a, &s, OP_GRAB))
		start_grab(a, &s, 1, false);
	else
		subject_release(&s);
}

void verbs_act(struct app *a, enum action action)
{
	switch (action) {
	case ACTION_HOLD:
		hold(a);
		break;
	case ACTION_FACTS:
		facts(a);
		break;
	case ACTION_VIEW:
		content_view(a);
		break;
	case ACTION_WHO:
		lookup_who(a);
		break;
	case ACTION_PEER:
		lookup_peer(a);
		break;
	case ACTION_SHARER:
		lookup_sharer(a);
		break;
	case ACTION_WHY:
		lookup_why(a);
		break;
	case ACTION_DISTURB:
		disturb_open(a);
		break;
	case ACTION_DUMP:
		dumping_open(a);
		break;
	case ACTION_HAND:
		handing_open(a);
		break;
	case ACTION_RECOVER:
		recover_open(a);
		break;
	default:
		break;
	}
}

/* ---- leaving ---- */

static bool quit_confirmed(struct app *a, struct dialog *d, const struct dialog_item *item)
{
	(void)d;
	(void)item;
	app_leave(a, 0);
	return true;
}

/* What is held stays on the shelf; only what runs would be lost. */
void app_quit(struct app *a)
{
	autobuf jobs = BUF_INIT;
	struct dialog *d;

	if (!jobs_running(a)) {
		app_leave(a, 0);
		return;
	}
	d = dialog_new(ROLE_WARNING, "LEAVE?");
	jobs_describe_running(a, &jobs);
	dialog_text(d, ROLE_WARNING, "Jobs that would be cancelled (.partial files stay):");
	dialog_text(d, ROLE_NORMAL, "%s", buf_str(&jobs));
	if (shelf_count(a))
		dialog_text(d, ROLE_NORMAL, "The %zu held descriptors stay on the shelf.",
			    shelf_count(a));
	d->accept = quit_confirmed;
	d->ask_yes = true;
	dialog_open(a, d);
}
