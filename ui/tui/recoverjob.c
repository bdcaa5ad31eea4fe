/* SPDX-License-Identifier: MIT */
/* The job that saves what recover has found. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "ui/tui/folder.h"
#include "ui/tui/jobs.h"
#include "ui/tui/log.h"
#include "ui/tui/recovering.h"

struct recovery *recovery_ref(struct recovery *r)
{
	r->refs++;
	return r;
}

void recovery_unref(struct recovery *r)
{
	if (--r->refs)
		return;
	recover_list_release(&r->list);
	picture_unref(r->pic);
	free(r);
}

struct saved {
	bool wanted, tried, ok;
	struct fail *fail; /* why not */
	char *path;
};

struct recover_job {
	struct recovery *r;
	char *folder;
	unsigned hashes;
	struct saved *at; /* beside r->list.at */
	uint64_t before;  /* bytes of the files that are done */
	uint64_t total;
};

static void recover_job_free(struct job *j)
{
	struct recover_job *x = j->arg;

	for (size_t i = 0; i < x->r->list.n; i++) {
		free(x->at[i].fail);
		free(x->at[i].path);
	}
	recovery_unref(x->r);
	free(x->at);
	free(x->folder);
	free(x);
}

static void on_progress(void *arg, uint64_t done, uint64_t total)
{
	struct job *j = arg;
	struct recover_job *x = j->arg;

	(void)total;
	job_progress(j, x->before + done, x->total ? x->total : UINT64_MAX, 0);
	tasks_wake(j->task.tasks);
	job_checkpoint(j);
}

static int note_record(int jsonl, const struct recover_item *item, const struct dump_result *result)
{
	autobuf line = BUF_INIT;

	recover_record(&line, item, result);
	return fd_write_all(jsonl, buf_str(&line), line.len);
}

static int save_one(struct job *j, size_t i, const struct recover_save *save, int jsonl)
{
	struct recover_job *x = j->arg;
	struct saved *s = &x->at[i];
	struct dump_result result;
	int err = recover_save(&x->r->list.at[i], &x->r->find, save, &result), noted;

	s->tried = true;
	s->ok = err >= 0;
	if (result.path)
		s->path = xstrdup(result.path);
	if (err < 0) {
		s->fail = xmalloc(sizeof(*s->fail));
		*s->fail = result.fail;
	}
	noted = note_record(jsonl, &x->r->list.at[i], &result);
	dump_result_release(&result);
	x->before += x->r->list.at[i].size;
	if (noted >= 0)
		return err;
	fail_set(&j->fail, -noted, "write", "recovered.jsonl");
	fail_class(&j->fail, FAIL_OUTPUT);
	return noted;
}

/* What is wanted must fit before anything is written. */
static int check_space(struct job *j, int dir)
{
	struct recover_job *x = j->arg;
	struct recover_list sum = { 0 };
	uint64_t avail;

	for (size_t i = 0; i < x->r->list.n; i++) {
		if (!x->at[i].wanted)
			continue;
		x->total += x->r->list.at[i].size;
		sum.blocks += x->r->list.at[i].blocks;
	}
	return recover_space(&sum, dir, &avail, &j->fail);
}

static int save_all(struct job *j, const struct recover_save *save, int jsonl)
{
	struct recover_job *x = j->arg;
	int err = 0;

	for (size_t i = 0; i < x->r->list.n; i++) {
		int one;

		if (!x->at[i].wanted)
			continue;
		if (job_checkpoint(j))
			return -ECANCELED;
		one = save_one(j, i, save, jsonl);
		if (one == -ECANCELED || (one < 0 && j->fail.err))
			return one;
		if (one < 0 && !err)
			err = one;
	}
	for (size_t i = 0; err && !j->fail.err && i < x->r->list.n; i++)
		if (x->at[i].fail)
			j->fail = *x->at[i].fail;
	return err;
}

static int run_recover(struct job *j)
{
	struct recover_job *x = j->arg;
	autoclose int dir = folder_open(x->folder, &j->fail);
	autoclose int jsonl = -1;
	struct recover_save save = {
		.dir = dir,
		.hashes = x->hashes,
		.cancel = &j->task.cancel,
		.progress = on_progress,
		.arg = j,
	};
	int err;

	if (dir < 0)
		return dir;
	err = check_space(j, dir);
	if (err < 0)
		return err;
	jsonl = openat(dir, "recovered.jsonl",
		       O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (jsonl < 0) {
		err = fail_set(&j->fail, errno, "open", "recovered.jsonl");
		fail_class(&j->fail, FAIL_OUTPUT);
		return err;
	}
	return save_all(j, &save, jsonl);
}

static void recover_finished(struct app *a, struct job *j)
{
	struct recover_job *x = j->arg;
	const struct recovery *r = x->r;
	size_t saved = 0, wanted = 0;
	const char *path = NULL;

	for (size_t i = 0; i < r->list.n; i++) {
		const struct saved *s = &x->at[i];

		wanted += s->wanted;
		saved += s->ok;
		path = s->ok ? s->path : path;
		if (s->tried)
			log_add(a, "recover", EFFECT_HOLD, r->name.pid, r->name.start, r->comm,
				r->comm_len, r->list.at[i].ent->fd, s->fail);
	}
	if (j->err == 0)
		job_progress(j, x->total, x->total ? x->total : UINT64_MAX, 0);
	if (wanted == 1 && saved && path)
		add_text(a, &j->result, path, strlen(path));
	else
		buf_addf(&j->result, "%zu of %zu files", saved, wanted);
	buf_adds(&j->result, " in ");
	add_text(a, &j->result, x->folder, strlen(x->folder));
}

static struct job *recover_again(struct app *a, const struct job *j);

static const struct job_ops recover_ops = {
	.run = run_recover,
	.finished = recover_finished,
	.again = recover_again,
	.release = recover_job_free,
};

static struct job *new_job(struct app *a, struct recover_job *x)
{
	struct job *j = job_new(a, &recover_ops, x);
	autobuf title = BUF_INIT;

	buf_addf(&title, "%d recover -> ", x->r->name.pid);
	add_text(a, &title, x->folder, strlen(x->folder));
	j->title = buf_steal(&title);
	j->what = xasprintf("%d recover", x->r->name.pid);
	return j;
}

/* What was not saved. */
static struct job *recover_again(struct app *a, const struct job *j)
{
	const struct recover_job *old = j->arg;
	struct recover_job *x = xcalloc(1, sizeof(*x));

	x->r = recovery_ref(old->r);
	x->folder = xstrdup(old->folder);
	x->hashes = old->hashes;
	x->at = xcalloc(x->r->list.n + 1, sizeof(*x->at));
	for (size_t i = 0; i < x->r->list.n; i++)
		x->at[i].wanted = old->at[i].wanted && !old->at[i].ok;
	return new_job(a, x);
}

void recovery_start(struct app *a, struct recovery *r, char *folder, unsigned hashes,
		    const bool *wanted)
{
	struct recover_job *x = xcalloc(1, sizeof(*x));

	x->r = recovery_ref(r);
	x->folder = folder;
	x->hashes = hashes;
	x->at = xcalloc(r->list.n + 1, sizeof(*x->at));
	for (size_t i = 0; i < r->list.n; i++)
		x->at[i].wanted = wanted[i];
	job_start(a, new_job(a, x));
}
