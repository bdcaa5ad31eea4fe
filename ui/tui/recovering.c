/* SPDX-License-Identifier: MIT */
/*
 * `r`: what filch recover does, for the process that is looked at or the one
 * under the cursor. Looking is a task, saving a job; between them a dialog shows
 * what there is. All three share one struct recovery.
 */
#include "ui/tui/recovering.h"

#include <inttypes.h>
#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "ui/tui/dialog.h"
#include "ui/tui/folder.h"
#include "ui/tui/verbs.h"
#include "ui/tui/views.h"

enum { FIELD_FOLDER = FOLDER_FIELD, FIELD_HASH };

/* The file's own name first: the line may be too short for its path. */
static void add_name(struct app *a, const struct recover_item *item, struct buf *out)
{
	size_t len = item->name_len < 4096 ? item->name_len : 4096;
	const char *slash = len ? memrchr(item->name, '/', len) : NULL;
	size_t at = slash ? (size_t)(slash - item->name) + 1 : 0;

	add_text(a, out, item->name + at, len - at);
	if (at < 2)
		return;
	buf_adds(out, "  in ");
	add_text(a, out, item->name, at - 1);
}

static void item_label(struct app *a, const struct recover_item *item, struct buf *out)
{
	const struct fdent *e = item->ent;
	char where[16];
	size_t before = out->len;

	text_size(out, item->size);
	while (out->len < before + 8)
		buf_addc(out, ' ');
	snprintf(where, sizeof(where), "%d", e->fd);
	if (e->fd < 0)
		snprintf(where, sizeof(where), "%s", assoc_name(e->assoc));
	buf_addf(out, "%-5s %-9s ", where, recover_how_name(item->how));
	add_name(a, item, out);
}

struct recover_ask {
	struct recovery *r;
	bool *wanted; /* beside r->list.at */
};

static void ask_release(struct dialog *d)
{
	struct recover_ask *ask = d->arg;

	recovery_unref(ask->r);
	free(ask->wanted);
	free(ask);
}

static void say_what_is_there(struct dialog *d, const struct recover_ask *ask)
{
	const struct recover_list *l = &ask->r->list;
	autobuf size = BUF_INIT;
	uint64_t sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		n += ask->wanted[i];
		sum += ask->wanted[i] ? l->at[i].size : 0;
	}
	text_size(&size, sum);
	dialog_clear_text(d);
	dialog_text(d, ROLE_NORMAL, "%zu of %zu deleted files and memfds selected, %s", n, l->n,
		    buf_str(&size));
	if (l->hidden)
		dialog_text(d, ROLE_WARNING,
			    "%u descriptors in flight behind a first message are not seen; filch "
			    "recover --all-messages sees them",
			    l->hidden);
	if (l->unreadable)
		dialog_text(d, ROLE_WARNING, "%u unix sockets could not be looked into",
			    l->unreadable);
	dialog_text(d, ROLE_HOLD, "Effect: holds duplicates while copying");
	dialog_text(d, ROLE_DIM, "Equivalent: filch recover %d@%" PRIu64 " -o FOLDER",
		    ask->r->name.pid, ask->r->name.start);
	dialog_text(d, ROLE_DIM, "Up and Down choose, Ins or ^T takes a file in or leaves it out.");
}

static void fill(struct app *a, struct dialog *d)
{
	const struct recover_ask *ask = d->arg;
	size_t at = d->list.cur;

	dialog_clear_items(d);
	for (size_t i = 0; i < ask->r->list.n; i++) {
		autobuf label = BUF_INIT;

		buf_adds(&label, ask->wanted[i] ? "[x] " : "[ ] ");
		item_label(a, &ask->r->list.at[i], &label);
		dialog_item(d, 0, (int)i, EFFECT_HOLD, buf_str(&label), "");
	}
	list_go(&d->list, at);
	say_what_is_there(d, ask);
}

static bool ask_key(struct app *a, struct dialog *d, int key)
{
	struct recover_ask *ask = d->arg;

	if (key != K(KEY_IC) && key != CTRL('T'))
		return false;
	ask->wanted[d->list.cur] = !ask->wanted[d->list.cur];
	list_act(&d->list, ACTION_DOWN);
	fill(a, d);
	return true;
}

static bool start(struct app *a, struct dialog *d, const struct dialog_item *item)
{
	struct recover_ask *ask = d->arg;
	unsigned hashes;
	size_t n = 0;

	(void)item;
	for (size_t i = 0; i < ask->r->list.n; i++)
		n += ask->wanted[i];
	if (!n)
		dialog_error(d, "no file is selected");
	if (!n || !folder_is_given(d) || !folder_hashes(d, FIELD_HASH, &hashes))
		return false;
	recovery_start(a, ask->r, folder_expand(dialog_value(d, FIELD_FOLDER)), hashes,
		       ask->wanted);
	return true;
}

/* A folder of its own, below the one that filch was started in. */
static void open_dialog(struct app *a, struct recovery *r)
{
	struct recover_ask *ask = xcalloc(1, sizeof(*ask));
	autobuf comm = BUF_INIT;
	autofree char *folder = NULL;
	char cwd[4096];
	struct dialog *d;

	add_text(a, &comm, r->comm, r->comm_len);
	d = dialog_new(ROLE_HOLD, "RECOVER FROM %d %s", r->name.pid, buf_str(&comm));
	ask->r = recovery_ref(r);
	ask->wanted = xcalloc(r->list.n + 1, sizeof(*ask->wanted));
	for (size_t i = 0; i < r->list.n; i++)
		ask->wanted[i] = true;
	d->arg = ask;
	d->release = ask_release;
	d->accept = start;
	d->changed = folder_ask_space;
	d->key = ask_key;
	d->list_typed = true;
	folder = xasprintf("%s/recovered-%d", getcwd(cwd, sizeof(cwd)) ? cwd : "/tmp", r->name.pid);
	dialog_field(d, "Folder", folder, NULL);
	dialog_field(d, "Hash", "sha256", "sha256 sha512 md5 none");
	fill(a, d);
	folder_ask_space(a, d);
	dialog_open(a, d);
}

/* ---- looking ---- */

struct find_task {
	struct task t;
	struct app *a;
	struct recovery *r;
	int procfs, err;
	struct fail fail;
};

static void find_run(struct task *task)
{
	struct find_task *t = (struct find_task *)task;
	struct recovery *r = t->r;
	struct survey_opts opts = {
		.procfs = t->procfs,
		.targets = &r->name,
		.n_targets = 1,
		.want = SURVEY_ASSOC | SURVEY_THREADS,
		.only_fd = -1,
		.cancel = &task->cancel,
	};

	t->err = picture_take(&r->pic, &opts, &t->fail);
	if (t->err < 0)
		return;
	r->find.survey = r->pic->s;
	r->find.in_flight = true;
	t->err = recover_find(&r->list, &r->find, &t->fail);
}

static void find_done(struct task *task)
{
	struct find_task *t = (struct find_task *)task;
	struct app *a = t->a;

	a->busy--;
	buf_reset(&a->message);
	if (t->err < 0)
		say_fail(a, &t->fail);
	else if (!t->r->list.n && t->r->list.hidden)
		say(a, ROLE_WARNING,
		    "%u descriptors in flight are not seen; filch recover --all-messages sees them",
		    t->r->list.hidden);
	else if (!t->r->list.n)
		say(a, ROLE_NORMAL, "process %d holds no deleted file and no memfd",
		    t->r->name.pid);
	else
		open_dialog(a, t->r);
	recovery_unref(t->r);
	free(t);
}

static void look(struct app *a, struct recovery *r)
{
	struct find_task *t = xcalloc(1, sizeof(*t));

	t->t.run = find_run;
	t->t.done = find_done;
	t->a = a;
	t->r = recovery_ref(r);
	t->procfs = a->procfs;
	if (task_start(&a->tasks, &t->t) < 0) {
		say(a, ROLE_ERROR, "no thread could be started");
		recovery_unref(t->r);
		free(t);
		return;
	}
	a->busy++;
	say(a, ROLE_HOLD, "looking for what %d would lose ...", r->name.pid);
}

static void set_comm(struct recovery *r, const char *comm, size_t len)
{
	r->comm_len = len < sizeof(r->comm) ? len : sizeof(r->comm) - 1;
	memcpy(r->comm, comm, r->comm_len);
}

void recover_open(struct app *a)
{
	const struct procrow *row = a->focus == &view_procs ? procs_current(a) : NULL;
	struct recovery *r;

	if (!allowed(a, EFFECT_HOLD))
		return;
	if (!row && (a->focus == &view_procs || !a->target.pid)) {
		say(a, ROLE_WARNING, "there is no process under the cursor");
		return;
	}
	r = xcalloc(1, sizeof(*r));
	r->refs = 1;
	r->name = (struct target_name){
		.pid = row ? row->pid : a->target.pid,
		.start = row ? row->start : a->target.start,
		.has_start = true,
	};
	if (row)
		set_comm(r, row->title, row->title_len);
	else if (fds_proc(a))
		set_comm(r, fds_proc(a)->comm, fds_proc(a)->comm_len);
	look(a, r);
	recovery_unref(r);
}
