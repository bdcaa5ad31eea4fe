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
#include "ui/tui/jobs.h"
#include "ui/tui/log.h"
#include "ui/tui/verbs.h"
#include "ui/tui/views.h"

enum { FIELD_FOLDER, FIELD_RANGE, FIELD_HASH, FIELD_REPLACE };

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

static int open_folder(const char *path, struct fail *f)
{
	int dir;

	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		int err = fail_set(f, errno, "mkdir", "%s", path);

		fail_class(f, FAIL_OUTPUT);
		return err;
	}
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		dir = fail_set(f, errno, "open", "%s", path);
		fail_class(f, FAIL_OUTPUT);
	}
	return dir;
}

static int run_dump(struct job *j)
{
	struct dump_job *d = j->arg;
	struct kind_ctx ctx = survey_ctx(d->s.pic->s);
	autotarget t = { .pidfd = -1, .table_pidfd = -1, .dir = -1, .table_dir = -1 };
	autoclose int dir = open_folder(d->folder, &j->fail);
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
	if (!d->s.held) {
		err = subject_target(&d->s, d->procfs, &t, &j->fail);
		if (err < 0)
			return err;
		o.target = &t;
	}
	err = !d->s.held ? dump(&o, &d->r) : dump_held(&o, &d->r);
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
	char space[64];
	unsigned serial; /* of the folder that was asked about */
};

static void ask_release(struct dialog *d)
{
	struct dump_ask *ask = d->arg;

	for (size_t i = 0; i < ask->n; i++)
		subject_release(&ask->at[i]);
	free(ask->at);
	free(ask);
}

/* Free space, on a thread: the folder may be on a filesystem that hangs. */
struct space_task {
	struct task t;
	struct app *a;
	struct dialog *d;
	char *path;
	uint64_t free;
	bool known;
	unsigned serial;
};

static void space_run(struct task *task)
{
	struct space_task *s = (struct space_task *)task;
	autofree char *path = xstrdup(s->path);
	struct statvfs v;
	char *slash;

	/* A folder that is not there yet will be on its parent's filesystem. */
	while (statvfs(path, &v) < 0) {
		slash = strrchr(path, '/');
		if (errno != ENOENT || !slash || slash == path)
			return;
		*slash = '\0';
	}
	s->known = true;
	s->free = (uint64_t)v.f_bavail * v.f_frsize;
}

static void space_done(struct task *task)
{
	struct space_task *s = (struct space_task *)task;

	for (struct dialog *d = s->a->dialog; d; d = d->below) {
		struct dump_ask *ask = d->arg;
		autobuf b = BUF_INIT;

		if (d != s->d || d->release != ask_release || ask->serial != s->serial)
			continue;
		text_size(&b, s->free);
		snprintf(ask->space, sizeof(ask->space), s->known ? "free %s" : "free ?",
			 buf_str(&b));
		d->fields[FIELD_FOLDER].hint = ask->space;
		s->a->dirty = true;
	}
	free(s->path);
	free(s);
}

static void ask_space(struct app *a, struct dialog *d)
{
	struct dump_ask *ask = d->arg;
	struct space_task *s = xcalloc(1, sizeof(*s));

	s->t.run = space_run;
	s->t.done = space_done;
	s->a = a;
	s->d = d;
	s->serial = ++ask->serial;
	s->path = xstrdup(dialog_value(d, FIELD_FOLDER));
	if (task_start(&a->tasks, &s->t) < 0) {
		free(s->path);
		free(s);
	}
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

static char *expand_home(const char *path)
{
	const char *home = getenv("HOME");

	if (path[0] == '~' && (path[1] == '/' || !path[1]) && home)
		return xasprintf("%s%s", home, path + 1);
	return xstrdup(path);
}

static bool start_dumps(struct app *a, struct dialog *d, const struct dialog_item *item)
{
	struct dump_ask *ask = d->arg;
	struct dump_range range = { 0, 0 };
	bool has_range;
	unsigned hashes;
	struct fail f = { 0 };

	(void)item;
	if (!*dialog_value(d, FIELD_FOLDER)) {
		dialog_error(d, "which folder?");
		return false;
	}
	if (!parse_range(dialog_value(d, FIELD_RANGE), &has_range, &range)) {
		dialog_error(d, "a range is: whole, FROM-TO or FROM+LENGTH");
		return false;
	}
	if (hash_parse(dialog_value(d, FIELD_HASH), &hashes, &f) < 0) {
		dialog_error(d, "%s",
			     *f.why ? f.why : "a hash is: sha256, sha512, sha1, md5, none");
		return false;
	}
	for (size_t i = 0; i < ask->n; i++) {
		struct dump_job *x = xcalloc(1, sizeof(*x));

		x->s = subject_copy(&ask->at[i]);
		x->folder = expand_home(dialog_value(d, FIELD_FOLDER));
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
	d->changed = ask_space;
	describe_selection(a, d, ask);
	dialog_text(d, ROLE_DIM, "Equivalent: %s", twin);
	dialog_text(d, ROLE_DIM, "Holes stay holes; a file appears under its name when complete.");
	dialog_field(d, "Folder", getcwd(cwd, sizeof(cwd)) ? cwd : "/tmp", NULL);
	dialog_field(d, "Range", range, "whole, FROM-TO, FROM+LEN");
	dialog_field(d, "Hash", "sha256", "sha256 sha512 md5 none");
	dialog_field(d, "Replace", "no", "yes replaces a file");
	ask_space(a, d);
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

/* ---- what would be lost ---- */

static bool is_lost(const struct fdent *e)
{
	bool deleted = e->deleted == DELETED_INODE || e->deleted == DELETED_NAME;

	if (strcmp(e->kind->name, "memfd") == 0)
		return e->assoc != ASSOC_MEM;
	return deleted && strcmp(e->kind->name, "file") == 0;
}

static bool listed_already(const struct dump_ask *ask, const struct fdent *e)
{
	for (size_t i = 0; i < ask->n; i++)
		if (ask->at[i].e->ino == e->ino && ask->at[i].e->dev == e->dev)
			return true;
	return false;
}

static void recover_now(struct app *a)
{
	struct dump_ask *ask = xcalloc(1, sizeof(*ask));
	struct survey_iter it = { 0 };
	const struct fdent *e;
	char twin[160];

	while (a->target_pic && (e = survey_next(a->target_pic->s, &it))) {
		if (!is_lost(e) || listed_already(ask, e))
			continue;
		ask->at = xreallocarray(ask->at, ask->n + 1, sizeof(*ask->at));
		ask->at[ask->n++] = subject_of(a, e);
	}
	snprintf(twin, sizeof(twin), "filch recover %d@%" PRIu64 " -o FOLDER", a->target.pid,
		 a->target.start);
	if (!ask->n)
		say(a, ROLE_NORMAL, "process %d holds no deleted file and no memfd", a->target.pid);
	open_for(a, ask, "RECOVER", "whole", twin);
}

void recover_open(struct app *a)
{
	const struct procrow *r = a->focus == &view_procs ? procs_current(a) : NULL;

	if (r && (r->pid != a->target.pid || r->start != a->target.start)) {
		model_set_target(a, r->pid, r->start);
		screen_go(a, &view_fds);
		say(a, ROLE_NORMAL, "looking at %d: press r again to recover", r->pid);
		return;
	}
	recover_now(a);
}
