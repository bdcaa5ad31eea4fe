/* SPDX-License-Identifier: MIT */
/* Dumping: one dialog for one or many, a job for each. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/take/dump.h"
#include "ui/tui/dialog.h"
#include "ui/tui/folder.h"
#include "ui/tui/jobs.h"
#include "ui/tui/log.h"
#include "ui/tui/verbs.h"
#include "ui/tui/views.h"

enum { FIELD_FOLDER = FOLDER_FIELD, FIELD_RANGE, FIELD_HASH, FIELD_REPLACE };

/* What one job needs. */
struct dump_job {
	struct subject s;
	char *folder;
	struct dump_range range;
	bool has_range, force, resume;
	unsigned hashes;
	int procfs;
	struct dump_result r;
};

static void dump_job_free(struct job *j)
{
	struct dump_job *d = j->arg;

	dump_result_release(&d->r);
	subject_release(&d->s);
	free(d->folder);
	free(d);
}

static void on_progress(void *arg, uint64_t done, uint64_t total)
{
	struct job *j = arg;

	job_progress(j, done, total ? total : UINT64_MAX, 0);
	tasks_wake(j->task.tasks);
	job_checkpoint(j);
}

static int run_dump(struct job *j)
{
	struct dump_job *d = j->arg;
	struct kind_ctx ctx = survey_ctx(d->s.pic->s);
	autotarget t = { .pidfd = -1, .table_pidfd = -1, .dir = -1, .table_dir = -1 };
	autoclose int dir = folder_open(d->folder, &j->fail);
	autobuf name = BUF_INIT;
	struct dump_opts o = {
		.ent = d->s.e,
		.ctx = &ctx,
		.fd = d->s.pic->own_fd,
		.out = { .dir = dir, .fd = -1, .force = d->force, .resume = d->resume },
		.hashes = d->hashes,
		.max_bytes = UINT64_MAX,
		.cancel = &j->task.cancel,
		.progress = on_progress,
		.arg = j,
	};
	int err;

	if (dir < 0)
		return dir;
	dump_file_name(&name, d->s.e);
	o.out.name = buf_str(&name);
	if (d->has_range)
		dump_ranges_add(&o.ranges, d->range.from, d->range.len);
	if (o.fd < 0) {
		err = subject_target(&d->s, d->procfs, &t, &j->fail);
		if (err < 0)
			return err;
		o.target = &t;
	}
	err = o.fd < 0 ? dump(&o, &d->r) : dump_held(&o, &d->r);
	free(o.ranges.at);
	if (err < 0)
		j->fail = d->r.fail;
	return err;
}

static void describe_result(struct app *a, struct job *j)
{
	struct dump_job *d = j->arg;

	if (d->r.path && j->err < 0)
		buf_adds(&j->result, "what was copied is in ");
	if (d->r.path)
		add_text(a, &j->result, d->r.path, strlen(d->r.path));
	for (int i = 0; i < HASH_COUNT; i++)
		if ((d->r.hash.set & HASH_SET(i)) && d->r.hash.hex[i][0])
			buf_addf(&j->result, "  %s %s", hash_name((enum hash_kind)i),
				 d->r.hash.hex[i]);
	if (d->r.path) {
		buf_adds(&j->result, "  in ");
		add_text(a, &j->result, d->folder, strlen(d->folder));
	}
	if (d->r.missing[0])
		buf_addf(&j->result, "  NOT SEEN: %s", d->r.missing);
}

static void dump_finished(struct app *a, struct job *j)
{
	struct dump_job *d = j->arg;
	uint64_t holes = d->r.size > d->r.copied ? d->r.size - d->r.copied : 0;

	if (j->err == 0)
		job_progress(j, d->r.size, d->r.size ? d->r.size : UINT64_MAX, holes);
	describe_result(a, j);
	log_subject(a, "dump", kind_cell(d->s.e->kind, OP_DUMP)->effect, &d->s,
		    j->err < 0 ? &j->fail : NULL);
}

static struct job *dump_again(struct app *a, const struct job *j);

static const struct job_ops dump_ops = {
	.run = run_dump,
	.finished = dump_finished,
	.again = dump_again,
	.release = dump_job_free,
};

static struct job *new_job(struct app *a, struct dump_job *d)
{
	struct job *j = job_new(a, &dump_ops, d);
	autobuf title = BUF_INIT;

	subject_describe(a, &d->s, &title);
	buf_adds(&title, " -> ");
	add_text(a, &title, d->folder, strlen(d->folder));
	j->title = buf_steal(&title);
	j->what = xstrdup(d->s.token);
	return j;
}

static struct job *dump_again(struct app *a, const struct job *j)
{
	const struct dump_job *old = j->arg;
	struct dump_job *d = xcalloc(1, sizeof(*d));

	*d = *old;
	d->s = subject_copy(&old->s);
	d->folder = xstrdup(old->folder);
	memset(&d->r, 0, sizeof(d->r));
	d->resume = old->r.path != NULL && !old->r.complete;
	return new_job(a, d);
}

/* ---- the dialog ---- */

struct dump_ask {
	struct subject *at;
	size_t n;
};

static void ask_release(struct dialog *d)
{
	struct dump_ask *ask = d->arg;

	for (size_t i = 0; i < ask->n; i++)
		subject_release(&ask->at[i]);
	free(ask->at);
	free(ask);
}

/* "whole", "FROM-TO" (TO included), "FROM+LEN". */
static bool parse_range(const char *text, bool *has, struct dump_range *r)
{
	char *end;
	unsigned long long v;

	*has = strcmp(text, "whole") != 0 && *text;
	if (!*has)
		return true;
	errno = 0;
	r->from = strtoull(text, &end, 0);
	if (end == text || (*end != '-' && *end != '+') || errno)
		return false;
	text = end + 1;
	v = strtoull(text, &end, 0);
	if (end == text || *end || errno)
		return false;
	if (text[-1] == '+')
		r->len = v;
	else if (v < r->from)
		return false;
	else
		r->len = v - r->from + 1;
	return r->len > 0;
}

static bool start_dumps(struct app *a, struct dialog *d, const struct dialog_item *item)
{
	struct dump_ask *ask = d->arg;
	struct dump_range range = { 0, 0 };
	bool has_range;
	unsigned hashes;

	(void)item;
	if (!folder_is_given(d))
		return false;
	if (!parse_range(dialog_value(d, FIELD_RANGE), &has_range, &range)) {
		dialog_error(d, "a range is: whole, FROM-TO or FROM+LENGTH");
		return false;
	}
	if (!folder_hashes(d, FIELD_HASH, &hashes))
		return false;
	for (size_t i = 0; i < ask->n; i++) {
		struct dump_job *x = xcalloc(1, sizeof(*x));

		x->s = subject_copy(&ask->at[i]);
		x->folder = folder_expand(dialog_value(d, FIELD_FOLDER));
		x->range = range;
		x->has_range = has_range;
		x->hashes = hashes;
		x->force = dialog_value(d, FIELD_REPLACE)[0] == 'y';
		x->procfs = a->procfs;
		job_start(a, new_job(a, x));
	}
	fds_unmark_all(a);
	return true;
}

static void describe_selection(struct app *a, struct dialog *d, const struct dump_ask *ask)
{
	uint64_t total = 0;
	autobuf b = BUF_INIT;

	for (size_t i = 0; i < ask->n && i < 12; i++) {
		const struct fdent *e = ask->at[i].e;

		buf_reset(&b);
		subject_describe(a, &ask->at[i], &b);
		if (e->have & HAVE_SIZE) {
			buf_adds(&b, "   ");
			text_size(&b, e->size);
		}
		dialog_text(d, ROLE_NORMAL, "%s", buf_str(&b));
	}
	for (size_t i = 0; i < ask->n; i++)
		total += ask->at[i].e->have & HAVE_SIZE ? ask->at[i].e->size : 0;
	if (ask->n > 12)
		dialog_text(d, ROLE_NORMAL, "... %zu in all", ask->n);
	buf_reset(&b);
	text_size(&b, total);
	if (ask->n > 1)
		dialog_text(d, ROLE_NORMAL, "%zu selected, files %s", ask->n, buf_str(&b));
	dialog_text(d, ROLE_HOLD, "Effect: %s", kind_cell(ask->at[0].e->kind, OP_DUMP)->words);
}

static void open_dialog(struct app *a, struct dump_ask *ask, const char *title, const char *range,
			const char *twin)
{
	struct dialog *d = dialog_new(ROLE_HOLD, "%s", title);
	char cwd[4096];

	d->arg = ask;
	d->release = ask_release;
	d->accept = start_dumps;
	d->changed = folder_ask_space;
	describe_selection(a, d, ask);
	dialog_text(d, ROLE_DIM, "Equivalent: %s", twin);
	dialog_text(d, ROLE_DIM, "Holes stay holes; a file appears under its name when complete.");
	dialog_field(d, "Folder", getcwd(cwd, sizeof(cwd)) ? cwd : "/tmp", NULL);
	dialog_field(d, "Range", range, "whole, FROM-TO, FROM+LEN");
	dialog_field(d, "Hash", "sha256", "sha256 sha512 md5 none");
	dialog_field(d, "Replace", "no", "yes replaces a file");
	folder_ask_space(a, d);
	dialog_open(a, d);
}

/* Keep what can be dumped; say of the rest why not. */
static void keep_possible(struct app *a, struct dump_ask *ask)
{
	size_t n = 0;

	for (size_t i = 0; i < ask->n; i++) {
		const struct cell *c = kind_cell(ask->at[i].e->kind, OP_DUMP);

		if (c->effect != EFFECT_REFUSED) {
			ask->at[n++] = ask->at[i];
			continue;
		}
		say(a, ROLE_WARNING, "%s cannot be dumped: %s", ask->at[i].token, c->words);
		subject_release(&ask->at[i]);
	}
	ask->n = n;
}

static void open_for(struct app *a, struct dump_ask *ask, const char *title, const char *range,
		     const char *twin)
{
	keep_possible(a, ask);
	if (ask->n && allowed(a, EFFECT_HOLD)) {
		open_dialog(a, ask, title, range, twin);
		return;
	}
	for (size_t i = 0; i < ask->n; i++)
		subject_release(&ask->at[i]);
	free(ask->at);
	free(ask);
}

void dumping_subject(struct app *a, const struct subject *s, uint64_t offset)
{
	struct dump_ask *ask = xcalloc(1, sizeof(*ask));
	char twin[160], range[48] = "whole";

	ask->at = xcalloc(1, sizeof(*ask->at));
	ask->at[ask->n++] = subject_copy(s);
	if (offset && (s->e->have & HAVE_SIZE) && offset < s->e->size)
		snprintf(range, sizeof(range), "%" PRIu64 "+%" PRIu64, offset, s->e->size - offset);
	snprintf(twin, sizeof(twin), "filch dump %s -o FILE", s->desc);
	open_for(a, ask, "DUMP", range, twin);
}

void dumping_open(struct app *a)
{
	struct dump_ask *ask;
	const struct fdent **rows;
	struct subject s;
	char twin[160];

	if (a->focus == &view_shelf) {
		if (!subject_current(a, &s))
			return;
		dumping_subject(a, &s, 0);
		subject_release(&s);
		return;
	}
	ask = xcalloc(1, sizeof(*ask));
	ask->n = fds_selection(a, &rows);
	ask->at = xcalloc(ask->n + 1, sizeof(*ask->at));
	for (size_t i = 0; i < ask->n; i++)
		ask->at[i] = subject_of(a, rows[i]);
	snprintf(twin, sizeof(twin), "filch dump %s%s -o FOLDER", ask->n ? ask->at[0].desc : "DESC",
		 ask->n > 1 ? " ..." : "");
	if (!ask->n)
		say(a, ROLE_WARNING, "there is no descriptor under the cursor");
	free(rows);
	open_for(a, ask, "DUMP", "whole", twin);
}
