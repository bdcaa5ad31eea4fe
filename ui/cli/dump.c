/* SPDX-License-Identifier: MIT */
/* filch dump DESC... -o OUT: whole contents. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/take/dump.h"
#include "src/take/flight.h"
#include "src/take/grab.h"
#include "ui/cli/aside.h"
#include "ui/cli/cmds.h"
#include "ui/cli/descs.h"
#include "ui/cli/progress.h"
#include "ui/cli/sums.h"

struct dump_values {
	const char *out, *hash, *range;
	uint64_t max_bytes;
	bool follow, resume, force, zero_fill, json, messages, in_flight, freeze;
};

static const struct opt dump_opts_table[] = {
	{ "output", 'o', OPT_TEXT, offsetof(struct dump_values, out), "OUT",
	  "a file, a folder for several, or - for standard output" },
	{ "hash", 0, OPT_TEXT, offsetof(struct dump_values, hash), "none|LIST",
	  "sha256 (unless told), sha512, sha1, md5" },
	{ "range", 0, OPT_TEXT, offsetof(struct dump_values, range), "FROM-TO,...",
	  "files: only these bytes, TO not included, one range after the other" },
	{ "max-bytes", 0, OPT_SIZE, offsetof(struct dump_values, max_bytes), "BYTES",
	  "stop after so much" },
	{ "follow", 0, OPT_FLAG, offsetof(struct dump_values, follow), NULL,
	  "files: go on as it grows, until the last writer closes it, the target exits, or ^C" },
	{ "resume", 0, OPT_FLAG, offsetof(struct dump_values, resume), NULL,
	  "go on with OUT.partial; what it has is compared with the source" },
	{ "force", 0, OPT_FLAG, offsetof(struct dump_values, force), NULL,
	  "replace OUT, at once and only when complete" },
	{ "freeze", 0, OPT_FLAG, offsetof(struct dump_values, freeze), NULL,
	  "stop the target while its contents are read (effect: stop)" },
	{ "zero-fill", 0, OPT_FLAG, offsetof(struct dump_values, zero_fill), NULL,
	  "zeros where the source cannot be read" },
	{ "all-messages", 0, OPT_FLAG, offsetof(struct dump_values, messages), NULL,
	  "sockets: also what is behind the first datagram, by moving SO_PEEK_OFF for moments" },
	{ "in-flight", 0, OPT_FLAG, offsetof(struct dump_values, in_flight), NULL,
	  "unix sockets: also the contents of descriptors in flight, as OUT.fd1 and so on" },
	{ "json", 0, OPT_FLAG, offsetof(struct dump_values, json), NULL,
	  "a record of each instead of the hash" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

#define FLIGHT_DEPTH 8 /* sockets in flight in sockets in flight */

/* One run of the verb. */
struct dumper {
	struct cli *cli;
	const struct dump_values *v;
	unsigned hashes;
	struct dump_ranges ranges;
	bool many; /* OUT is a folder */
	int dir;   /* it, or AT_FDCWD */
	unsigned flights;
	uint64_t inside[FLIGHT_DEPTH]; /* the sockets whose queue we are in */
	unsigned depth;
	unsigned skipped; /* no contents, and not asked for by name */
	const char *name; /* of the dump on its way */
	struct progress progress;
	atomic_bool cancel;
};

static int parse_range(struct dumper *d, const char *text)
{
	const char *dash = strchr(text, '-');
	autofree char *from = xmemdup0(text, dash ? (size_t)(dash - text) : strlen(text));
	autofree char *to = dash ? xmemdup0(dash + 1, strcspn(dash + 1, ",")) : NULL;
	uint64_t a = 0, b = UINT64_MAX;

	if (!dash || (*from && text_parse_size(from, &a) < 0) ||
	    (*to && text_parse_size(to, &b) < 0) || b <= a)
		return -EINVAL;
	dump_ranges_add(&d->ranges, a, b - a);
	return 0;
}

static int parse_ranges(struct dumper *d)
{
	for (const char *at = d->v->range; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (parse_range(d, at) < 0)
			return cli_usage(d->cli, "--range wants FROM-TO, such as 0-4K or 1M-");
	return 0;
}

static void say_incomplete(struct dumper *d, const char *label, const struct dump_result *r)
{
	struct fail f;

	fail_set(&f, 0, "", "%s", label);
	if (r->missing[0]) {
		fail_why(&f, "not copied: %s", r->missing);
		cli_failed(d->cli, &f);
	}
	if (r->unstable.n) {
		fail_why(&f,
			 "%llu bytes in %zu ranges changed while they were copied, the first "
			 "at %llu",
			 (unsigned long long)dump_ranges_total(&r->unstable), r->unstable.n,
			 (unsigned long long)r->unstable.at[0].from);
		if (!d->v->follow)
			fail_advice(&f, "--freeze stops the target for the copy");
		cli_failed(d->cli, &f);
	}
}

static void report(struct dumper *d, const struct dump_result *r, const char *label)
{
	bool to_stdout = strcmp(d->v->out, "-") == 0;
	autobuf text = BUF_INIT;

	if (d->v->json)
		sums_record(&text, label, r);
	else if (r->hash.set)
		sums_lines(&text, &r->hash, d->many ? d->v->out : NULL,
			   to_stdout ? "-"
			   : r->path ? r->path
				     : d->name);
	if (to_stdout)
		cli_result_stderr(d->cli, &text);
	else
		buf_add(&d->cli->out, buf_str(&text), text.len);
	cli_flush(d->cli, false);
}

static void settle(struct dumper *d, const char *label, struct dump_result *r, int err)
{
	progress_clear(&d->progress);
	if (r->frozen)
		cli_message(d->cli, "%s: the target stood still for %.1f ms (%s)", label,
			    (double)r->pause_ns / 1e6, r->frozen);
	if (r->frozen_warning)
		cli_message(d->cli, "%s: %s", label, r->frozen_warning);
	if (err == 0 || d->v->json)
		report(d, r, label);
	if (err == 0) {
		cli_done(d->cli);
		say_incomplete(d, label, r);
		return;
	}
	cli_failed(d->cli, &r->fail);
	if (r->path) {
		autofree char *safe = text_display_new(r->path, d->cli->text);

		cli_message(d->cli, "%s: kept, with %llu bytes; --resume goes on with it", safe,
			    (unsigned long long)r->size);
	}
}

/* Not again into one that is, by way of others, in its own queue. */
static bool enter(struct dumper *d, const struct fdent *e)
{
	for (unsigned i = 0; i < d->depth; i++)
		if (d->inside[i] == e->ino)
			return false;
	if (d->depth == FLIGHT_DEPTH)
		return false;
	d->inside[d->depth++] = e->ino;
	return true;
}

static int dump_flight(void *arg, unsigned index, int *copy);

static int dump_inside(struct dumper *d, const char *name, struct dump_opts *o,
		       struct dump_result *result)
{
	const char *outer = d->name;
	unsigned flights = d->flights;
	int r;

	if (!enter(d, o->ent))
		return dump_held(o, result);
	d->name = name;
	d->flights = 0;
	o->may_move_peek_off = true;
	o->in_flight = dump_flight;
	o->arg = d;
	r = dump_held(o, result);
	d->depth--;
	d->name = outer;
	d->flights = flights;
	return r;
}

/* A descriptor in flight: described as our own, dumped beside its socket. */
static int dump_flight(void *arg, unsigned index, int *copy)
{
	struct dumper *d = arg;
	autofree char *name = xasprintf("%s.fd%u", d->name, ++d->flights);
	const struct fdent *ent;
	struct dump_result result;
	struct survey *s;
	struct fail f = { 0 };
	int fd = *copy, r;

	(void)index;
	if (flight_describe(d->cli->procfs, fd, SURVEY_NET, &s, &ent, &f) < 0) {
		cli_failed(d->cli, &f);
		return 0;
	}
	struct kind_ctx ctx = survey_ctx(s);
	struct dump_opts o = {
		.ent = ent,
		.ctx = &ctx,
		.fd = fd,
		.out = { .dir = d->dir, .name = name, .fd = -1, .force = d->v->force },
		.hashes = d->hashes,
		.max_bytes = UINT64_MAX,
		.cancel = &d->cancel,
	};

	r = dump_inside(d, name, &o, &result);
	settle(d, name, &result, r);
	dump_result_release(&result);
	/* Its close may wait for ever: our exit does that, see aside.h. */
	if (grab_may_hang(ent, &ctx))
		*copy = -1;
	survey_free(s);
	return 0;
}

static void progress(void *arg, uint64_t done, uint64_t total)
{
	struct dumper *d = arg;

	aside_beat();
	progress_draw(&d->progress, done, total);
}

/* Of all descriptors, or a range, those of kinds that a dump refuses are no failure. */
static bool skip(struct dumper *d, const struct desc_ref *ref, const struct cell *c)
{
	const char *kind = ref->ent->kind->name;

	if (!ref->swept || c->effect != EFFECT_REFUSED)
		return false;
	d->skipped++;
	if (d->v->json)
		sums_skipped(&d->cli->out, ref->label, kind, c->words);
	else
		cli_message(d->cli, "%s: no contents: %s (%s)", ref->label, kind, c->words);
	return true;
}

/* After ^C: what was asked for too, and not looked at. */
static int not_begun(struct dumper *d, const struct desc_ref *ref)
{
	struct fail f;

	fail_set(&f, ECANCELED, "dump", "%s", ref->label);
	fail_why(&f, "stopped before it was begun");
	cli_failed(d->cli, &f);
	return -ECANCELED;
}

static int dump_one(struct cli *cli, const struct desc_ref *ref, void *arg)
{
	struct dumper *d = arg;
	struct kind_ctx ctx = survey_ctx(ref->survey);
	autobuf name = BUF_INIT;
	bool to_stdout = strcmp(d->v->out, "-") == 0;
	struct dump_result result;
	struct dump_opts o = {
		.target = ref->target,
		.ent = ref->ent,
		.ctx = &ctx,
		.fd = -1,
		.out = { .dir = d->dir,
			 .fd = STDOUT_FILENO,
			 .force = d->v->force,
			 .resume = d->v->resume },
		.hashes = d->hashes,
		.ranges = d->ranges,
		.max_bytes = d->v->max_bytes,
		.zero_fill = d->v->zero_fill,
		.follow = d->v->follow,
		.freeze = d->v->freeze,
		.may_move_peek_off = d->v->messages || d->v->in_flight,
		.cancel = &d->cancel,
		.progress = progress,
		.arg = d,
		.in_flight = d->v->in_flight ? dump_flight : NULL,
	};
	struct cell c = dump_effect(&o);
	int r;

	if (atomic_load(&d->cancel))
		return not_begun(d, ref);
	if (skip(d, ref, &c) || !cli_gate(cli, "dump", c.effect, c.words, ref->label))
		return 0;
	dump_file_name(&name, ref->ent);
	d->name = d->many ? buf_str(&name) : d->v->out;
	d->flights = 0;
	d->depth = 1;
	d->inside[0] = ref->ent->ino;
	d->progress.what = ref->label;
	o.out.name = to_stdout ? NULL : d->name;
	r = dump(&o, &result);
	cli_audit(cli, "dump", c.effect, ref->target, ref->ent->fd, r < 0 ? &result.fail : NULL);
	if (to_stdout && r == -EPIPE)
		cli_end_of_reader();
	settle(d, ref->label, &result, r);
	dump_result_release(&result);
	return r;
}

/* Several go into a folder, which is made if need be. */
static int open_folder(struct dumper *d, int n, char **argv)
{
	size_t len = strlen(d->v->out);
	struct stat st;
	struct fail f;

	d->dir = AT_FDCWD;
	d->many = descs_are_several(n, argv) || (len && d->v->out[len - 1] == '/') ||
		  (stat(d->v->out, &st) == 0 && S_ISDIR(st.st_mode));
	if (!d->many)
		return 0;
	if (strcmp(d->v->out, "-") == 0)
		return cli_usage(d->cli, "several descriptors do not go to standard output");
	if (d->cli->globals.dry_run || d->cli->globals.read_only)
		return 0;
	if (mkdir(d->v->out, 0700) < 0 && errno != EEXIST)
		fail_set(&f, errno, "mkdir", "%s", d->v->out);
	else
		d->dir = open(d->v->out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->dir >= 0)
		return 0;
	if (d->dir == -1)
		fail_set(&f, errno, "open", "%s", d->v->out);
	fail_class(&f, FAIL_OUTPUT);
	cli_failed(d->cli, &f);
	return cli_status(d->cli);
}

struct sweep {
	struct dumper *d;
	int n;
	char **argv;
};

static int dump_all(struct cli *cli, void *arg)
{
	const struct descs_opts opts = { .want = SURVEY_NET };
	struct sweep *s = arg;
	int r = open_folder(s->d, s->n, s->argv);

	if (r == 0) {
		progress_signals(&s->d->cancel);
		r = descs_each(cli, s->n, s->argv, &opts, dump_one, s->d);
		progress_signals(NULL);
	}
	if (s->d->skipped)
		cli_message(cli, "%u left out: kinds without contents", s->d->skipped);
	if (s->d->dir >= 0)
		close(s->d->dir);
	return r;
}

/* For a filesystem that does not answer: where we write, or where a descriptor of ours is. */
static bool may_wait(const struct dump_values *v, int n, char **argv)
{
	if (v->in_flight || descs_has_held(n, argv))
		return true;
	return strcmp(v->out, "-") != 0 && aside_is_wise();
}

/* A reader that takes its time, and a writer who is followed, are no trouble. */
static int dump_aside(struct cli *cli, struct sweep *s)
{
	const struct dump_values *v = s->d->v;
	autofree char *safe = text_display_new(v->out, cli->text);

	return aside_run(cli, v->follow || strcmp(v->out, "-") == 0 ? NULL : safe, dump_all, s);
}

static int dump_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct dump_values *v = values;
	struct dumper d = { .cli = cli, .v = v, .dir = AT_FDCWD };
	struct sweep s = { .d = &d, .n = n, .argv = argv };
	struct fail f = { 0 };
	int r;

	if (!v->out || !*v->out)
		return cli_usage(cli, "where to? -o OUT, or -o - for standard output");
	if (n < 1)
		return cli_usage(cli, "which descriptor? %s", cli->cmd->args);
	if (v->resume && strcmp(v->out, "-") == 0)
		return cli_usage(cli, "--resume goes on with a file; standard output is none");
	if (hash_parse(v->hash ? v->hash : "sha256", &d.hashes, &f) < 0) {
		cli_failed(cli, &f);
		return cli_status(cli);
	}
	r = parse_ranges(&d);
	if (r == 0)
		r = may_wait(v, n, argv) ? dump_aside(cli, &s) : dump_all(cli, &s);
	free(d.ranges.at);
	return r;
}

const struct cmd cmd_dump = {
	.name = "dump",
	.args = "DESC... -o OUT",
	.summary = "copy whole contents to a file",
	.effect = EFFECT_HOLD,
	.about =
		"The target is not stopped; its offset, flags and queues stay as they are. Holes\n"
		"stay holes. OUT gets its name when it is complete and on the disk; until then,\n"
		"and after a failure, it is OUT.partial. In a folder the names are\n"
		"PID-FD-KIND-NAME. The SHA-256 is printed in the format of sha256sum(1), on\n"
		"standard error with -o -.\n\n"
		"Status 1 with a message: something changed while it was copied, or could not be\n"
		"seen; the record (--json) has the ranges. Of PID:* and of ranges, kinds without\n"
		"contents (an eventfd, an epoll) are named, left out, and no failure; one that is\n"
		"asked for by its own number is.",
	.opts = dump_opts_table,
	.values_size = sizeof(struct dump_values),
	.run = dump_run,
};
