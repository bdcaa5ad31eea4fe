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

/* One grab on a thread; what is done with it is decided by `keep`. */
struct grab_task {
	struct task t;
	struct app *a;
	struct subject s;
	bool keep;
	struct facts_flat facts;
	int err; /* with keep: the id on the shelf */
	struct fail fail;
	int procfs;
};

/* Of a program, library or memfd that holds one, what its ELF image says. */
static void read_image(struct grab_task *g, int fd)
{
	autofree struct elf_info *info = NULL;

	if (!S_ISREG(g->s.e->mode) || elf_describe(fd, &info, NULL) < 0)
		return;
	fact_object(&g->facts.sink, "elf");
	elf_facts(info, &g->facts.sink);
	fact_end_object(&g->facts.sink);
}

static void read_facts(struct grab_task *g, int fd)
{
	struct kind_ctx ctx = survey_ctx(g->s.pic->s);

	ctx.grab = fd;
	ctx.deep = true;
	kind_facts(g->s.e, &ctx, &g->facts.sink);
	read_image(g, fd);
}

/* The shelf keeps a duplicate of its own. */
static void put_on_shelf(struct grab_task *g, int fd)
{
	struct shelf_item item;
	struct shelf shelf;

	g->err = shelf_open(&shelf, true, &g->fail);
	if (g->err < 0)
		return;
	shelf_item_of(&item, g->s.e);
	g->err = shelf_add(&shelf, &item, fd, &g->fail);
	shelf_item_release(&item);
	shelf_close(&shelf);
}

static void grab_run(struct task *task)
{
	struct grab_task *g = (struct grab_task *)task;
	struct kind_ctx ctx = survey_ctx(g->s.pic->s);
	autotarget t = { .pidfd = -1, .table_pidfd = -1, .dir = -1, .table_dir = -1 };
	struct grab grab = { .fd = -1 };

	if (grab_may_hang(g->s.e, &ctx)) {
		g->err = fail_set(&g->fail, EBUSY, "mount", "%s", g->s.token);
		fail_why(&g->fail, "its filesystem can stop answering, and a duplicate that "
				   "cannot be closed would hang this program");
		fail_advice(&g->fail, "view and dump work: they use a helper");
		return;
	}
	g->err = subject_target(&g->s, g->procfs, &t, &g->fail);
	if (g->err == 0)
		g->err = grab_take(&grab, &t, g->s.e, g->procfs, &g->fail);
	if (g->err < 0)
		return;
	if (g->keep) {
		put_on_shelf(g, grab.fd);
		grab_release(&grab);
		return;
	}
	read_facts(g, grab.fd);
	grab_release(&grab);
}

static void show_facts(struct app *a, struct grab_task *g)
{
	struct detail_state *d = a->detail;
	const struct fdent *e = g->s.e;

	facts_flat_release(&d->grabbed);
	d->grabbed = g->facts;
	facts_flat_init(&g->facts, NULL);
	d->has_grabbed = true;
	d->grabbed_pid = e->proc->pid;
	d->grabbed_fd = e->fd;
	d->grabbed_ino = e->ino;
	say(a, ROLE_HOLD, "%s: brief hold, %zu facts", g->s.token, d->grabbed.n);
}

static void grab_done(struct task *task)
{
	struct grab_task *g = (struct grab_task *)task;
	struct app *a = g->a;

	a->busy--;
	log_subject(a, g->keep ? "hold" : "facts", EFFECT_HOLD, &g->s,
		    g->err < 0 ? &g->fail : NULL);
	if (g->err < 0)
		say_fail(a, &g->fail);
	else if (g->keep)
		shelf_added(a, (unsigned)g->err, g->s.e);
	else
		show_facts(a, g);
	facts_flat_release(&g->facts);
	subject_release(&g->s);
	free(g);
}

static void start_grab(struct app *a, struct subject s, bool keep)
{
	struct grab_task *g = xcalloc(1, sizeof(*g));

	g->t.run = grab_run;
	g->t.done = grab_done;
	g->a = a;
	g->s = s;
	g->keep = keep;
	g->procfs = a->procfs;
	facts_flat_init(&g->facts, NULL);
	if (task_start(&a->tasks, &g->t) < 0) {
		say(a, ROLE_ERROR, "no thread could be started");
		subject_release(&g->s);
		free(g);
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
	size_t n = fds_selection(a, &rows);

	if (!n)
		say(a, ROLE_WARNING, "there is no descriptor under the cursor");
	for (size_t i = 0; i < n; i++) {
		struct subject s = subject_of(a, rows[i]);

		if (possible(a, &s, OP_HOLD))
			start_grab(a, s, true);
		else
			subject_release(&s);
	}
	free(rows);
}

static void facts(struct app *a)
{
	struct subject s;

	if (!subject_current(a, &s))
		return;
	if (possible(a, &s, OP_GRAB))
		start_grab(a, s, false);
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
