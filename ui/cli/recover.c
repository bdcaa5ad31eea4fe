/* SPDX-License-Identifier: MIT */
/* filch recover: deleted files that some process still has. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/base/json.h"
#include "src/take/recover.h"
#include "ui/cli/aside.h"
#include "ui/cli/cmds.h"
#include "ui/cli/descs.h"
#include "ui/cli/progress.h"

struct recover_values {
	const char *out, *hash;
	bool list, empty, preserve, force, original, messages, zero_fill, json, freeze;
};

static const struct opt recover_opts_table[] = {
	{ "output", 'o', OPT_TEXT, offsetof(struct recover_values, out), "DIR",
	  "where to: made if need be, with a recovered.jsonl" },
	{ "list", 0, OPT_FLAG, offsetof(struct recover_values, list), NULL,
	  "only show what there is, with sizes" },
	{ "json", 0, OPT_FLAG, offsetof(struct recover_values, json), NULL,
	  "one JSON object a file on standard output" },
	{ "empty", 0, OPT_FLAG, offsetof(struct recover_values, empty), NULL, "empty ones too" },
	{ "preserve", 0, OPT_FLAG, offsetof(struct recover_values, preserve), NULL,
	  "owner and mode too, but never set-user-ID or set-group-ID" },
	{ "to-original-path", 0, OPT_FLAG, offsetof(struct recover_values, original), NULL,
	  "back to where it was; never over a file that is there" },
	{ "hash", 0, OPT_TEXT, offsetof(struct recover_values, hash), "none|LIST",
	  "sha256 (unless told), sha512, sha1, md5" },
	{ "zero-fill", 0, OPT_FLAG, offsetof(struct recover_values, zero_fill), NULL,
	  "zeros where a file cannot be read" },
	{ "all-messages", 0, OPT_FLAG, offsetof(struct recover_values, messages), NULL,
	  "sockets: what is in flight behind the first message, by moving SO_PEEK_OFF for "
	  "moments" },
	{ "freeze", 0, OPT_FLAG, offsetof(struct recover_values, freeze), NULL,
	  "stop each holder while its file is copied (effect: stop)" },
	{ "force", 0, OPT_FLAG, offsetof(struct recover_values, force), NULL,
	  "even if there is no room for all of it" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

struct recovery {
	struct cli *cli;
	const struct recover_values *v;
	struct recover_list list;
	struct recover_opts find;
	struct recover_save save;
	struct progress progress;
	atomic_bool cancel;
	int jsonl;
};

static void draw(void *arg, uint64_t done, uint64_t total)
{
	struct recovery *r = arg;

	aside_beat();
	progress_draw(&r->progress, done, total);
}

static void holder(struct buf *out, const struct recover_item *item)
{
	char label[80];

	descs_label(label, sizeof(label), item->ent);
	buf_adds(out, label);
}

/* Of what is only mapped, and may not be looked at, only the mapping is known. */
static bool has_size(const struct recover_item *item)
{
	return item->how != RECOVER_MAPPED || (item->ent->have & HAVE_STAT);
}

static void list_text(struct recovery *r, const struct recover_item *item)
{
	struct buf *out = &r->cli->out;
	autobuf size = BUF_INIT, who = BUF_INIT;

	if (has_size(item))
		text_size(&size, item->size);
	else
		buf_adds(&size, "?");
	holder(&who, item);
	buf_addf(out, "%8s  %-14s %-9s ", buf_str(&size), buf_str(&who),
		 recover_how_name(item->how));
	text_display(out, item->name, item->name_len, r->cli->text);
	buf_addc(out, '\n');
}

static void list_json(struct recovery *r, const struct recover_item *item)
{
	const struct fdent *e = item->ent;
	struct json j;

	json_init(&j, &r->cli->out);
	json_object(&j, NULL);
	json_i64(&j, "pid", e->proc->pid);
	json_u64(&j, "start", e->proc->start);
	if (e->proc->tid)
		json_i64(&j, "tid", e->proc->tid);
	else
		json_null(&j, "tid");
	if (e->fd >= 0)
		json_i64(&j, "fd", e->fd);
	else
		json_null(&j, "fd");
	json_str(&j, "found", recover_how_name(item->how));
	json_bytes(&j, "name", item->name, item->name_len);
	if (has_size(item)) {
		json_u64(&j, "size", item->size);
		json_u64(&j, "allocated", item->blocks);
	} else {
		json_null(&j, "size");
		json_null(&j, "allocated");
	}
	json_u64(&j, "ino", item->ino);
	json_u64(&j, "holders", item->rows);
	json_end_object(&j);
	json_line(&j);
}

static void say_hidden(struct recovery *r)
{
	struct fail f;

	fail_set(&f, 0, "", "unix sockets");
	if (r->list.hidden) {
		fail_why(&f, "%u descriptors are in flight behind the first message",
			 r->list.hidden);
		fail_advice(&f, "--all-messages");
		cli_failed(r->cli, &f);
	}
	if (r->list.unreadable) {
		fail_clear(&f);
		fail_set(&f, EPERM, "", "%u unix sockets with descriptors in flight",
			 r->list.unreadable);
		fail_why(&f, "could not be looked into");
		cli_failed(r->cli, &f);
	}
}

static int show_list(struct recovery *r)
{
	for (size_t i = 0; i < r->list.n; i++) {
		if (r->v->json)
			list_json(r, &r->list.at[i]);
		else
			list_text(r, &r->list.at[i]);
		cli_flush(r->cli, false);
	}
	cli_done(r->cli);
	return 0;
}

static void log_record(struct recovery *r, const struct recover_item *item,
		       const struct dump_result *result)
{
	autobuf line = BUF_INIT;
	struct fail f;
	int err = 0;

	recover_record(&line, item, result);
	if (r->jsonl >= 0)
		err = fd_write_all(r->jsonl, buf_str(&line), line.len);
	if (err < 0) {
		fail_set(&f, -err, "write", "recovered.jsonl");
		fail_class(&f, FAIL_OUTPUT);
		cli_failed(r->cli, &f);
	}
	if (r->v->json)
		buf_add(&r->cli->out, line.data, line.len);
}

static void say_saved(struct recovery *r, const struct recover_item *item,
		      const struct dump_result *result)
{
	autobuf size = BUF_INIT, who = BUF_INIT;
	struct buf *out = &r->cli->out;

	if (result->frozen)
		cli_message(r->cli, "process %d stood still for %.1f ms (%s)", item->ent->proc->pid,
			    (double)result->pause_ns / 1e6, result->frozen);
	if (result->frozen_warning)
		cli_message(r->cli, "process %d: %s", item->ent->proc->pid, result->frozen_warning);
	if (r->v->json)
		return;
	text_size(&size, result->size);
	holder(&who, item);
	buf_addf(out, "%8s  %-14s ", buf_str(&size), buf_str(&who));
	text_display(out, item->name, item->name_len, r->cli->text);
	buf_adds(out, " -> ");
	if (result->path)
		text_display(out, result->path, strlen(result->path), r->cli->text);
	buf_addc(out, '\n');
}

static void say_partial(struct recovery *r, const char *label, const struct dump_result *result)
{
	struct fail f;

	fail_set(&f, 0, "", "%s", label);
	if (result->missing[0]) {
		fail_why(&f, "%s", result->missing);
		cli_failed(r->cli, &f);
	}
	if (result->unstable.n) {
		fail_why(&f, "%llu bytes changed while they were copied, the first at %llu",
			 (unsigned long long)dump_ranges_total(&result->unstable),
			 (unsigned long long)result->unstable.at[0].from);
		cli_failed(r->cli, &f);
	}
}

static void save_one(struct recovery *r, const struct recover_item *item)
{
	autobuf label = BUF_INIT;
	struct dump_result result;
	struct target who = { .pid = item->ent->proc->pid, .start = item->ent->proc->start };
	int err;

	holder(&label, item);
	r->progress.what = buf_str(&label);
	err = recover_save(item, &r->find, &r->save, &result);
	progress_clear(&r->progress);
	log_record(r, item, &result);
	snprintf(who.comm, sizeof(who.comm), "%.*s", (int)item->ent->proc->comm_len,
		 item->ent->proc->comm);
	who.comm_len = strlen(who.comm);
	cli_audit(r->cli, "recover", result.frozen ? EFFECT_STOP : EFFECT_HOLD, &who, item->ent->fd,
		  err < 0 ? &result.fail : NULL);
	if (err < 0) {
		cli_failed(r->cli, &result.fail);
	} else {
		say_saved(r, item, &result);
		cli_done(r->cli);
		say_partial(r, buf_str(&label), &result);
	}
	dump_result_release(&result);
	cli_flush(r->cli, false);
}

/* A queue was looked into: that is an effect of its own, of --list too. */
static void looked(void *arg, const struct target *t, const struct fdent *e, const struct fail *f)
{
	struct recovery *r = arg;

	cli_audit(r->cli, "recover", r->v->messages ? EFFECT_SHARED : EFFECT_HOLD, t, e->fd, f);
}

static int open_output(struct recovery *r, struct fail *f)
{
	const char *out = r->v->out ? r->v->out : ".";

	if (r->v->out && mkdir(out, 0700) < 0 && errno != EEXIST) {
		fail_set(f, errno, "mkdir", "%s", out);
		fail_class(f, FAIL_OUTPUT);
		return -f->err;
	}
	r->save.dir = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->save.dir >= 0 && r->v->out)
		r->jsonl = openat(r->save.dir, "recovered.jsonl",
				  O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (r->save.dir >= 0 && (r->jsonl >= 0 || !r->v->out))
		return 0;
	fail_set(f, errno, "open", "%s", out);
	fail_class(f, FAIL_OUTPUT);
	return -f->err;
}

static int save_all(struct recovery *r)
{
	uint64_t avail;
	struct fail f = { 0 };
	int err = open_output(r, &f);
	size_t i;

	if (err == 0 && !r->v->original && !r->v->force)
		err = recover_space(&r->list, r->save.dir, &avail, &f);
	if (err < 0) {
		cli_failed(r->cli, &f);
		return err;
	}
	progress_signals(&r->cancel);
	for (i = 0; i < r->list.n && !atomic_load(&r->cancel); i++)
		save_one(r, &r->list.at[i]);
	progress_signals(NULL);
	if (i == r->list.n)
		return 0;
	fail_set(&f, ECANCELED, "recover", "%zu of %zu files", r->list.n - i, r->list.n);
	fail_why(&f, "stopped before they were looked at");
	cli_failed(r->cli, &f);
	return -ECANCELED;
}

static bool allowed(struct recovery *r)
{
	bool freeze = r->v->freeze && !r->v->list;
	enum effect e = freeze ? EFFECT_STOP : r->v->messages ? EFFECT_SHARED : EFFECT_HOLD;
	autobuf words = BUF_INIT;

	if (!r->v->list)
		buf_adds(&words, "holds duplicates while copying; ");
	buf_adds(&words, "looks into the queues of unix sockets that have descriptors in flight");
	if (r->v->messages)
		buf_adds(&words,
			 ", and moves their SO_PEEK_OFF for moments: seen only by a program "
			 "that itself uses MSG_PEEK right then");
	if (freeze)
		buf_adds(&words,
			 "; stops each holder while its file is copied: it notices a gap in "
			 "time, and some of its calls return EINTR");
	return cli_gate(r->cli, "recover", e, buf_str(&words), "deleted files");
}

/*
 * What is not seen cannot be saved, and must not look as if nothing were there: of a
 * named target that is a failure. Returns whether any table could be read.
 */
static bool say_unread(struct recovery *r, const struct survey *s, bool named)
{
	const char *call;
	size_t unread = 0;

	for (size_t i = 0; i < s->n_procs; i++) {
		if (!descs_table_error(s->procs[i], &call))
			continue;
		if (named)
			descs_unreadable_table(r->cli, s->procs[i]);
		unread++;
	}
	if (unread && !named)
		cli_message(r->cli,
			    "tables that could not be read: %zu; deleted files there are not seen",
			    unread);
	return unread < s->n_procs;
}

static int recover_from(struct recovery *r, const struct survey_opts *opts)
{
	bool any;
	struct survey *s;
	struct fail f = { 0 };

	if (survey_take(&s, opts, &f) < 0) {
		cli_failed(r->cli, &f);
		return cli_status(r->cli);
	}
	r->find.survey = s;
	/* A list alone may be had without a grab: then without what is in flight. */
	r->find.in_flight = !(r->v->list && r->cli->globals.read_only);
	any = say_unread(r, s, opts->n_targets > 0);
	if (any && recover_find(&r->list, &r->find, &f) < 0)
		cli_failed(r->cli, &f);
	else if (any && r->v->list)
		show_list(r);
	else if (any)
		save_all(r);
	say_hidden(r);
	recover_list_release(&r->list);
	survey_free(s);
	return cli_status(r->cli);
}

/* Targets by name, to be surveyed: opened once, so that a wrong one is told. */
static struct target_name *name_targets(struct cli *cli, int n, char **argv, size_t *found)
{
	struct target_name *names = xcalloc((size_t)n + 1, sizeof(*names));

	*found = 0;
	for (int i = 0; i < n; i++) {
		struct target t;

		if (cli_target(cli, argv[i], &t) < 0)
			continue;
		if (descs_target_has_any(cli, &t))
			names[(*found)++] = (struct target_name){
				.pid = t.pid, .tid = t.tid, .start = t.start, .has_start = true
			};
		target_close(&t);
	}
	return names;
}

struct aside {
	struct recovery *r;
	struct survey_opts *opts;
};

static int recover_aside(struct cli *cli, void *arg)
{
	struct aside *a = arg;

	(void)cli;
	return recover_from(a->r, a->opts);
}

static int recover_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct recover_values *v = values;
	struct recovery r = {
		.cli = cli,
		.v = v,
		.jsonl = -1,
		.find = { .empty = v->empty, .all_messages = v->messages },
		.save = { .dir = -1,
			  .original_path = v->original,
			  .preserve = v->preserve,
			  .freeze = v->freeze,
			  .zero_fill = v->zero_fill,
			  .progress = draw },
	};
	struct survey_opts opts = { .procfs = cli->procfs, .want = SURVEY_ASSOC | SURVEY_THREADS };
	autofree struct target_name *names = NULL;
	struct fail f = { 0 };
	int status;

	if (!v->list && !v->out && !v->original)
		return cli_usage(cli, "where to? -o DIR, or --list to see what there is");
	if (hash_parse(v->hash ? v->hash : "sha256", &r.save.hashes, &f) < 0) {
		cli_failed(cli, &f);
		return cli_status(cli);
	}
	if (!(v->list && cli->globals.read_only) && !allowed(&r))
		return cli_status(cli);
	names = name_targets(cli, n, argv, &opts.n_targets);
	if (n && !opts.n_targets)
		return cli_status(cli);
	opts.targets = n ? names : NULL;
	r.save.cancel = &r.cancel;
	r.save.arg = &r;
	r.find.looked = looked;
	r.find.arg = &r;
	/* For an output that does not answer; files in flight are of any filesystem. */
	status = !v->list && (v->messages || aside_is_wise())
			 ? aside_run(cli, "the output", recover_aside, &(struct aside){ &r, &opts })
			 : recover_from(&r, &opts);
	fd_close(&r.jsonl);
	fd_close(&r.save.dir);
	return status;
}

const struct cmd cmd_recover = {
	.name = "recover",
	.args = "[TARGET...] -o DIR",
	.summary = "save deleted files that a process still has",
	.effect = EFFECT_HOLD,
	.about = "Finds every deleted file and memfd, once each: open, only mapped, or only in\n"
		 "flight in the queue of a unix socket; of all visible processes without TARGET.\n"
		 "Not fooled by shared memory that only looks deleted. Saves them under their old\n"
		 "names, sanitised, with their times, mode 0600; DIR/recovered.jsonl says of each\n"
		 "where it came from and whether it is complete. The targets are not stopped.",
	.opts = recover_opts_table,
	.values_size = sizeof(struct recover_values),
	.run = recover_run,
};
