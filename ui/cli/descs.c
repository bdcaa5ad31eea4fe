/* SPDX-License-Identifier: MIT */
#include "ui/cli/descs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "src/keep/apart.h"
#include "src/take/why.h"
#include "ui/cli/onshelf.h"

void descs_label(char *p, size_t size, const struct fdent *e)
{
	char table[32], what[16];

	if (e->proc->tid)
		snprintf(table, sizeof(table), "%d/%d", e->proc->pid, e->proc->tid);
	else
		snprintf(table, sizeof(table), "%d", e->proc->pid);
	if (e->fd >= 0)
		snprintf(what, sizeof(what), "%d", e->fd);
	else
		snprintf(what, sizeof(what), "%s", assoc_name(e->assoc));
	snprintf(p, size, "%s:%s", table, what);
}

static const enum assoc assoc_of[] = {
	[DESC_FD] = ASSOC_FD,   [DESC_ALL] = ASSOC_FD,    [DESC_EXE] = ASSOC_EXE,
	[DESC_CWD] = ASSOC_CWD, [DESC_ROOT] = ASSOC_ROOT,
};

struct walk {
	struct cli *cli;
	const struct descs_opts *opts;
	desc_fn *fn;
	void *arg;
	struct target *target;
	const struct survey *survey;
	const struct shelf_item *held;
	pid_t shelf;
};

void descs_unreadable(struct cli *cli, const struct target *t, const char *what, int err,
		      const char *call)
{
	char who[128];
	struct fail f;
	struct why w;

	fail_set(&f, err, call, "%s of %s", what, target_describe(t, who, sizeof(who)));
	if ((err == EACCES || err == EPERM) &&
	    !(why_walk(&w, t, cli->procfs, NULL) == 0 && why_explain(&w, &f)))
		fail_advice(&f, "filch why %d says what can be found out", t->pid);
	cli_failed(cli, &f);
}

/* As a person asked for it. */
static void desc_words(char *p, size_t size, const struct desc *d)
{
	if (d->what == DESC_ALL)
		snprintf(p, size, "descriptors");
	else if (d->what != DESC_FD)
		snprintf(p, size, "%s", assoc_name(assoc_of[d->what]));
	else if (d->first == d->last)
		snprintf(p, size, "descriptor %d", d->first);
	else
		snprintf(p, size, "descriptors %d-%d", d->first, d->last);
}

/* A row that says only that the table could not be read. */
static bool is_table_error(const struct fdent *e)
{
	return e->fd < 0 && e->assoc == ASSOC_FD;
}

static void visit(struct walk *w, const struct desc *wanted, const struct fdent *e)
{
	struct desc_ref d = {
		.target = w->target,
		.survey = w->survey,
		.ent = e,
		.held = w->held,
		.shelf = w->shelf,
		.swept = wanted->what == DESC_ALL || wanted->first != wanted->last,
	};
	/* Who looks is shown the error as a fact; who acts must know what it is. */
	bool unknown = e->err && !(e->have & HAVE_LINK) && w->cli->cmd->effect > EFFECT_NONE;

	if (is_table_error(e) || unknown) {
		desc_words(d.label, sizeof(d.label), wanted);
		if (!is_table_error(e) && e->fd >= 0)
			snprintf(d.label, sizeof(d.label), "descriptor %d", e->fd);
		descs_unreadable(w->cli, w->target, d.label, e->err, e->err_call);
		return;
	}
	descs_label(d.label, sizeof(d.label), e);
	if (w->held)
		snprintf(d.label, sizeof(d.label), "h%u", w->held->id);
	w->fn(w->cli, &d, w->arg);
}

static bool is_wanted(const struct desc *d, const struct fdent *e)
{
	switch (d->what) {
	case DESC_FD:
		return e->assoc == ASSOC_FD && e->fd >= d->first && e->fd <= d->last;
	case DESC_ALL:
		return e->assoc == ASSOC_FD;
	case DESC_EXE:
		return e->assoc == ASSOC_EXE;
	case DESC_CWD:
		return e->assoc == ASSOC_CWD;
	case DESC_ROOT:
		return e->assoc == ASSOC_ROOT;
	default:
		return false;
	}
}

static void not_there(struct walk *w, const struct desc *d)
{
	char who[128], what[80];
	struct fail f;

	desc_words(what, sizeof(what), d);
	fail_set(&f, d->what == DESC_FD ? EBADF : ENOENT, "", "%s of %s", what,
		 target_describe(w->target, who, sizeof(who)));
	fail_class(&f, FAIL_GONE);
	fail_why(&f, "it has no such descriptor open");
	fail_advice(&f, "filch ls %d", w->target->pid);
	cli_failed(w->cli, &f);
}

static void visit_wanted(struct walk *w, const struct desc *d)
{
	const struct procent *p = survey_find_proc(w->survey, w->target->pid, w->target->tid);
	size_t found = 0;

	for (uint32_t i = 0; p && i < p->n_rows; i++) {
		const struct fdent *e = &p->rows[i];

		if (!is_wanted(d, e) && !(p->err && e->fd < 0 && e->assoc == ASSOC_FD))
			continue;
		visit(w, d, e);
		found++;
	}
	if (!found && d->what != DESC_ALL)
		not_there(w, d);
}

static void walk_desc(struct walk *w, const struct desc *d)
{
	struct target_name name = {
		.pid = w->target->pid,
		.tid = w->target->tid,
		.start = w->target->start,
		.has_start = true,
	};
	struct survey_opts opts = {
		.procfs = w->cli->procfs,
		.targets = w->opts->wide_scan ? NULL : &name,
		.n_targets = 1,
		.want = w->opts->want,
		.only = !w->opts->wide_scan && !w->opts->whole &&
			!(d->what == DESC_ALL || d->first != d->last),
		.only_fd = d->first,
		.only_assoc = assoc_of[d->what],
	};
	struct survey *s;
	struct fail f = { 0 };

	if (d->what != DESC_FD && d->what != DESC_ALL)
		opts.want |= SURVEY_ASSOC;
	if (survey_take(&s, &opts, &f) < 0) {
		cli_failed(w->cli, &f);
		return;
	}
	w->survey = s;
	visit_wanted(w, d);
	survey_free(s);
}

int descs_table_error(const struct procent *p, const char **call)
{
	*call = p->err_call;
	for (uint32_t i = 0; i < p->n_rows && !p->err; i++) {
		const struct fdent *e = &p->rows[i];

		*call = e->err_call;
		if (e->assoc == ASSOC_FD && (e->err == EACCES || e->err == EPERM))
			return e->err;
	}
	return p->err;
}

void descs_unreadable_table(struct cli *cli, const struct procent *p)
{
	const char *call;
	int err = descs_table_error(p, &call);
	struct target_name name = { .pid = p->pid, .tid = p->tid };
	autotarget t = { .pidfd = -1, .table_pidfd = -1, .dir = -1, .table_dir = -1 };
	struct fail f = { 0 };

	if (target_open(&t, cli->procfs, &name, &f) < 0)
		cli_failed(cli, &f);
	else
		descs_unreadable(cli, &t, "descriptors", err, call);
}

bool descs_target_has_any(struct cli *cli, const struct target *t)
{
	char who[128];
	struct fail f;

	if (!t->kthread && (!t->zombie || t->tid))
		return true;
	fail_set(&f, t->kthread ? EBADF : ESRCH, "", "%s", target_describe(t, who, sizeof(who)));
	fail_class(&f, FAIL_GONE);
	fail_why(&f, t->kthread ? "it is a kernel thread: it has no descriptors"
				: "it is a zombie: its descriptors were closed when it ended");
	if (t->zombie && t->status.threads > 1) {
		fail_why(&f, "its first thread has ended, others live on");
		fail_advice(&f, "name a living thread: %d/TID, see /proc/%d/task", t->pid, t->pid);
	}
	cli_failed(cli, &f);
	return false;
}

/*
 * One of the shelf becomes a descriptor of our own, and we the target: so every
 * verb can do with it what it does with others. One that we might not be able
 * to close does not: then the shelf is the target, as anybody else would be.
 */
static int receive_held(struct walk *w, struct desc *d, struct shelf_item *item)
{
	uint32_t id = (uint32_t)d->first;
	struct fail f = { 0 };
	struct shelf s;
	int r = onshelf_open(w->cli, &s, false);

	if (r < 0)
		return r;
	*d = (struct desc){ .what = DESC_FD, .target.pid = s.pid };
	w->shelf = s.pid;
	r = shelf_look(&s, id, item, &f);
	if (r == 0 && apart_held_may_hang(item, s.pid, w->cli->procfs)) {
		r = item->shelf_fd;
	} else if (r == 0) {
		shelf_item_release(item);
		d->target.pid = getpid();
		r = shelf_get(&s, id, item, &f);
	}
	shelf_close(&s);
	if (r < 0)
		cli_failed(w->cli, &f);
	d->first = d->last = r;
	return r;
}

static void walk_target(struct walk *w, const struct desc *d)
{
	autotarget t;
	struct fail f = { 0 };

	if (target_open(&t, w->cli->procfs, &d->target, &f) < 0) {
		cli_failed(w->cli, &f);
		return;
	}
	w->target = &t;
	if (descs_target_has_any(w->cli, &t))
		walk_desc(w, d);
	w->target = NULL;
}

static void walk_held(struct walk *w, const struct desc *wanted)
{
	struct desc d = *wanted;
	struct shelf_item item;

	if (receive_held(w, &d, &item) < 0)
		return;
	w->held = &item;
	walk_target(w, &d);
	w->held = NULL;
	shelf_item_release(&item);
}

static void walk_one(struct walk *w, const struct desc *d)
{
	if (d->what == DESC_HELD)
		walk_held(w, d);
	else
		walk_target(w, d);
}

int descs_each(struct cli *cli, int n, char **argv, const struct descs_opts *opts, desc_fn *fn,
	       void *arg)
{
	struct walk w = { .cli = cli, .opts = opts, .fn = fn, .arg = arg };
	struct desc_list list = { 0 };
	struct fail f = { 0 };
	int r = 0;

	if (n == 0)
		return cli_usage(cli, "which descriptor? %s", cli->cmd->args);
	for (int i = 0; i < n && r == 0; i++)
		r = desc_parse(&list, argv[i], &f);
	if (r < 0)
		cli_failed(cli, &f);
	for (size_t i = 0; i < list.n && r == 0; i++)
		walk_one(&w, &list.at[i]);
	desc_list_release(&list);
	return cli_status(cli);
}

void descs_audit(struct cli *cli, const struct desc_ref *d, enum op op, const struct fail *f)
{
	enum effect e = kind_cell(d->ent->kind, op)->effect;
	struct target owner;

	if (!d->held) {
		cli_audit(cli, cli->cmd->name, e, d->target, d->ent->fd, f);
		return;
	}
	owner = (struct target){ .pid = d->held->pid, .start = d->held->start };
	owner.comm_len = d->held->comm_len;
	memcpy(owner.comm, d->held->comm, sizeof(owner.comm));
	cli_audit(cli, cli->cmd->name, e, &owner, d->held->fd, f);
}

int descs_take(struct cli *cli, const struct desc_ref *d, struct grab *g)
{
	struct fail f = { 0 };
	int r = grab_take(g, d->target, d->ent, cli->procfs, &f);

	if (r < 0)
		cli_failed(cli, &f);
	return r;
}

int descs_grab(struct cli *cli, const struct desc_ref *d, enum op op, struct grab *g)
{
	g->fd = -1;
	if (!cli_gate_kind(cli, d->ent->kind, op, d->label))
		return -ECANCELED;
	return descs_take(cli, d, g);
}

bool descs_are_several(int n, char **argv)
{
	struct desc_list list = { 0 };
	bool one = n == 1 && desc_parse(&list, argv[0], NULL) == 0 && list.n == 1 &&
		   list.at[0].what != DESC_ALL && list.at[0].first == list.at[0].last;

	desc_list_release(&list);
	return !one;
}

bool descs_has_held(int n, char **argv)
{
	struct desc_list list = { 0 };
	bool held = false;

	for (int i = 0; i < n; i++)
		if (desc_parse(&list, argv[i], NULL) < 0)
			break;
	for (size_t i = 0; i < list.n; i++)
		held |= list.at[i].what == DESC_HELD;
	desc_list_release(&list);
	return held;
}

bool descs_is_single(struct cli *cli, int n, char **argv)
{
	struct desc_list list = { 0 };
	struct fail f = { 0 };
	int r = n == 1 ? desc_parse(&list, argv[0], &f) : 0;

	desc_list_release(&list);
	if (r == 0 && !descs_are_several(n, argv))
		return true;
	if (r == 0) {
		fail_set(&f, EINVAL, "", "%s", cli->cmd->args);
		fail_class(&f, FAIL_USAGE);
		fail_why(&f, "this takes exactly one descriptor");
	}
	cli_failed(cli, &f);
	return false;
}
