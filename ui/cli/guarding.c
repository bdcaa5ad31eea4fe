/* SPDX-License-Identifier: MIT */
#include "ui/cli/guarding.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/base/json.h"
#include "src/stop/signal.h"
#include "src/take/dump.h"
#include "src/take/grab.h"
#include "ui/cli/filters.h"
#include "ui/cli/onshelf.h"

#define CAP_SYS_PTRACE_BIT 19

const struct opt guarding_opts[] = {
	{ "hold", 0, OPT_FLAG, offsetof(struct guarding_values, hold), NULL,
	  "put them onto the shelf; so without -o too" },
	{ "output", 'o', OPT_TEXT, offsetof(struct guarding_values, out), "DIR",
	  "dump their contents there, with a guard.jsonl" },
	{ "only", 0, OPT_TEXT, offsetof(struct guarding_values, only), "FILTER",
	  "only those that the filter lets pass, see filch help ls" },
	{ "children", 0, OPT_FLAG, offsetof(struct guarding_values, children), NULL,
	  "also of the processes that it forks from now on" },
	{ "json", 0, OPT_FLAG, offsetof(struct guarding_values, json), NULL,
	  "one JSON object a descriptor on standard output" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

/* ---- before ---- */

static int open_output(struct guarding *x)
{
	const char *out = x->v->out;
	const char *call = "mkdir";
	struct fail f;

	if (!out || x->cli->globals.dry_run || x->cli->globals.read_only)
		return 0;
	if (mkdir(out, 0700) == 0 || errno == EEXIST) {
		call = "open";
		x->dir = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (x->dir >= 0)
		x->jsonl = openat(x->dir, "guard.jsonl",
				  O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (x->jsonl >= 0)
		return 0;
	fail_set(&f, errno, call, "%s", out);
	fail_class(&f, FAIL_OUTPUT);
	cli_failed(x->cli, &f);
	return -f.err;
}

/* It ends when it is empty and idle: so this only tells whether there can be one. */
static int try_shelf(struct guarding *x)
{
	int r;

	if (!x->hold || x->cli->globals.dry_run || x->cli->globals.read_only)
		return 0;
	r = onshelf_open(x->cli, &x->shelf, true);
	shelf_close(&x->shelf);
	return r;
}

/* A signal that was ignored, as by nohup(1), stays so. */
static void block_signals(struct guarding *x)
{
	static const int quit[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

	sigemptyset(&x->quit);
	for (size_t i = 0; i < sizeof(quit) / sizeof(quit[0]); i++) {
		struct sigaction sa;

		if (sigaction(quit[i], NULL, &sa) == 0 && sa.sa_handler != SIG_IGN)
			sigaddset(&x->quit, quit[i]);
	}
	sigprocmask(SIG_BLOCK, &x->quit, NULL);
	x->signals = signalfd(-1, &x->quit, SFD_CLOEXEC | SFD_NONBLOCK);
}

int guarding_init(struct guarding *x, struct cli *cli, const struct guarding_values *v)
{
	int r = 0;

	memset(x, 0, sizeof(*x));
	x->cli = cli;
	/* Before the guard's thread begins: see text.h. */
	cli->text = text_mode_of_locale();
	x->v = v;
	x->op = cli->cmd->name;
	x->hold = v->hold || !v->out;
	x->dir = x->jsonl = x->signals = x->shelf.sock = -1;
	x->hashes = HASH_SET(HASH_SHA256);
	if (v->only)
		r = filters_compile(cli, v->only, &x->only);
	if (r < 0) {
		cli->failed++;
		cli->status = STATUS_USAGE;
		return r;
	}
	r = open_output(x);
	if (r == 0)
		r = try_shelf(x);
	if (r == 0)
		block_signals(x);
	return r;
}

void guarding_release(struct guarding *x)
{
	filter_free(x->only);
	shelf_close(&x->shelf);
	fd_close(&x->dir);
	fd_close(&x->jsonl);
	fd_close(&x->signals);
}

static bool may_trace_all(struct cli *cli)
{
	autoclose int dir = proc_open_process(cli->procfs, getpid(), 0);
	struct proc_status st;

	return dir >= 0 && proc_status_read(dir, &st) == 0 &&
	       (st.cap_effective >> CAP_SYS_PTRACE_BIT & 1);
}

void guarding_notes(struct guarding *x)
{
	cli_message(x->cli, "while it is guarded, a call that waits may return EINTR even for a "
			    "signal that it ignores, and no debugger can attach");
	if (!may_trace_all(x->cli))
		cli_message(x->cli, "a set-user-ID program that it executes does not get its "
				    "privilege, for we have no CAP_SYS_PTRACE");
	if (!guard_may_keep_processor())
		cli_message(x->cli, "a SIGKILL in the very moment when a signal is passed on may "
				    "hardly ever, but may get past the guard, and then that is "
				    "said: we may not use SCHED_FIFO, for we have no CAP_SYS_NICE");
	cli_message(x->cli, "not caught: what it closes itself, and what is close-on-exec when it "
			    "executes another program");
}

/* ---- what may hang: in the helper ---- */

static int hold_in_helper(void *arg, const struct fdent *e, int fd, struct fail *f)
{
	struct shelf s = { .sock = -1 };
	struct shelf_item item;
	int id = shelf_open(&s, true, f);

	(void)arg;
	if (id < 0)
		return id;
	shelf_item_of(&item, e);
	id = shelf_add(&s, &item, fd, f);
	shelf_item_release(&item);
	shelf_close(&s);
	return id;
}

void guarding_opts_fill(struct guarding *x, struct guard_opts *o)
{
	o->children = x->v->children;
	o->haul = (struct haul_opts){
		.procfs = x->cli->procfs,
		.only = x->only,
		.in_helper = x->hold ? hold_in_helper : NULL,
	};
}

/* ---- after ---- */

/* One descriptor: what was done with it. */
struct stored {
	const struct guard_event *ev;
	const struct haul_item *item;
	char label[80];
	int held; /* N of hN; 0: not */
	struct dump_result dump;
	bool dumped;
	struct fail fail; /* the first */
};

void guarding_cause(struct buf *out, int status)
{
	char name[32];

	if (WIFEXITED(status))
		buf_addf(out, "exited with status %d", WEXITSTATUS(status));
	else
		buf_addf(out, "was ended by %s%s", signal_name(status & 0x7f, name, sizeof(name)),
			 WCOREDUMP(status) ? ", core dumped" : "");
}

static void json_cause(struct json *j, int status)
{
	char name[32];

	json_object(j, "cause");
	if (WIFEXITED(status))
		json_i64(j, "exit", WEXITSTATUS(status));
	else
		json_str(j, "signal", signal_name(status & 0x7f, name, sizeof(name)));
	json_end_object(j);
}

static void json_when(struct json *j, const struct timespec *when)
{
	char text[32];

	onshelf_time(text, sizeof(text), when->tv_sec);
	json_str(j, "time", text);
}

static void json_held(struct json *j, int held)
{
	char text[16];

	snprintf(text, sizeof(text), "h%d", held);
	json_str(j, "held", held ? text : NULL);
}

static void record(struct buf *out, const struct stored *s)
{
	const struct fdent *e = s->item->e;
	const struct dump_result *d = &s->dump;
	const char *sum = d->hash.hex[HASH_SHA256];
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	if (d->path)
		json_bytes(&j, "file", d->path, strlen(d->path));
	else
		json_null(&j, "file");
	json_i64(&j, "pid", s->ev->pid);
	json_u64(&j, "start", s->ev->haul->start);
	json_bytes(&j, "comm", s->ev->haul->comm, s->ev->haul->comm_len);
	json_i64(&j, "fd", e->fd);
	json_str(&j, "kind", e->kind->name);
	json_bytes(&j, "name", e->name, e->name_len);
	json_u64(&j, "size", d->size);
	json_str(&j, "sha256", sum[0] ? sum : NULL);
	json_str(&j, "method", s->dumped ? d->method : "pidfd_getfd");
	json_bool(&j, "complete", s->dumped ? d->complete : s->held != 0);
	json_held(&j, s->held);
	json_cause(&j, s->ev->status);
	json_when(&j, &s->ev->haul->when);
	if (s->fail.err) {
		json_object(&j, "error");
		json_str(&j, "call", s->fail.call);
		json_str(&j, "errno", fail_errno_name(s->fail.err));
		json_end_object(&j);
	} else {
		json_null(&j, "error");
	}
	json_end_object(&j);
	json_line(&j);
}

static void say(struct guarding *x, const struct stored *s, struct buf *out)
{
	const struct fdent *e = s->item->e;
	char held[16] = "-";

	if (s->held)
		snprintf(held, sizeof(held), "h%d", s->held);
	buf_addf(out, "%-5s %-12s %-9s ", held, s->label, e->kind->name);
	text_display(out, e->name, e->name_len, x->cli->text);
	if (s->dump.path) {
		buf_adds(out, " -> ");
		text_display(out, s->dump.path, strlen(s->dump.path), x->cli->text);
	}
	buf_addc(out, '\n');
}

static void write_record(struct guarding *x, const struct stored *s)
{
	autobuf line = BUF_INIT, text = BUF_INIT;
	const struct buf *shown;
	struct fail f;
	int r = 0;

	record(&line, s);
	if (x->jsonl >= 0)
		r = fd_write_all(x->jsonl, line.data, line.len);
	if (r < 0) {
		fail_set(&f, -r, "write", "guard.jsonl");
		fail_class(&f, FAIL_OUTPUT);
		cli_failed(x->cli, &f);
	}
	say(x, s, &text);
	shown = x->v->json ? &line : &text;
	if (x->to_stderr)
		cli_result_stderr(x->cli, shown);
	else
		buf_add(&x->cli->out, shown->data, shown->len);
	cli_flush(x->cli, true);
}

static void hold(struct guarding *x, struct stored *s)
{
	struct shelf_item item;
	int id;

	if (x->shelf.sock < 0 && onshelf_open(x->cli, &x->shelf, true) < 0) {
		fail_set(&s->fail, ECONNREFUSED, "connect", "the shelf");
		return;
	}
	shelf_item_of(&item, s->item->e);
	id = shelf_add(&x->shelf, &item, s->item->fd, &s->fail);
	shelf_item_release(&item);
	if (id > 0)
		s->held = id;
	else if (id == -EPIPE || id == -ECONNRESET)
		shelf_close(&x->shelf);
}

static void draw(void *arg, uint64_t done, uint64_t total)
{
	struct guarding *x = arg;

	progress_draw(&x->progress, done, total);
}

/* What has no contents is held at most: its kind says why, and that is no failure. */
static void dump_it(struct guarding *x, struct stored *s)
{
	struct kind_ctx ctx = survey_ctx(s->ev->haul->survey);
	autobuf name = BUF_INIT;
	struct dump_opts o = {
		.ent = s->item->e,
		.ctx = &ctx,
		.fd = s->item->fd,
		.out = { .dir = x->dir, .fd = -1 },
		.hashes = x->hashes,
		.max_bytes = UINT64_MAX,
		.cancel = &x->cancel,
		.progress = draw,
		.arg = x,
	};

	if (dump_effect(&o).effect == EFFECT_REFUSED)
		return;
	dump_file_name(&name, s->item->e);
	o.out.name = buf_str(&name);
	x->progress.what = s->label;
	s->dumped = true;
	if (dump_held(&o, &s->dump) < 0 && !s->fail.err)
		s->fail = s->dump.fail;
	progress_clear(&x->progress);
}

static void audit(struct guarding *x, const struct stored *s)
{
	const struct haul *h = s->ev->haul;
	struct target who = { .pid = h->pid, .start = h->start, .comm_len = h->comm_len };

	memcpy(who.comm, h->comm, sizeof(who.comm));
	cli_audit(x->cli, x->op, EFFECT_HOLD, &who, s->item->e->fd, s->fail.err ? &s->fail : NULL);
}

static void store_one(struct guarding *x, const struct guard_event *ev,
		      const struct haul_item *item)
{
	struct stored s = { .ev = ev, .item = item };

	snprintf(s.label, sizeof(s.label), "%d:%d", ev->pid, item->e->fd);
	if (item->fail)
		s.fail = *item->fail;
	else
		s.held = item->result;
	if (item->fd >= 0 && x->hold)
		hold(x, &s);
	if (item->fd >= 0 && x->dir >= 0)
		dump_it(x, &s);
	if (s.fail.err)
		cli_failed(x->cli, &s.fail);
	else
		cli_done(x->cli);
	write_record(x, &s);
	audit(x, &s);
	dump_result_release(&s.dump);
}

static void say_haul(struct guarding *x, const struct guard_event *ev)
{
	const struct haul *h = ev->haul;
	autobuf text = BUF_INIT;
	size_t taken = 0;

	for (size_t i = 0; i < h->n; i++)
		taken += !h->at[i].fail;
	buf_addf(&text, "process %d (", h->pid);
	text_display(&text, h->comm, h->comm_len, x->cli->text);
	buf_adds(&text, ") ");
	guarding_cause(&text, ev->status);
	cli_message(x->cli, "%s: %zu of its descriptors taken", buf_str(&text), taken);
}

void guarding_store(struct guarding *x, const struct guard_event *ev)
{
	const struct haul *h = ev->haul;

	if (h->fail.err)
		cli_failed(x->cli, &h->fail);
	say_haul(x, ev);
	progress_signals(&x->cancel);
	sigprocmask(SIG_UNBLOCK, &x->quit, NULL);
	for (size_t i = 0; i < h->n && !atomic_load(&x->cancel); i++)
		store_one(x, ev, &h->at[i]);
	sigprocmask(SIG_BLOCK, &x->quit, NULL);
	progress_signals(NULL);
	shelf_close(&x->shelf); /* it cuts off who is silent for long */
	x->stored = true;
}

void guarding_lost(struct guarding *x, const struct guard_event *ev)
{
	autobuf cause = BUF_INIT;
	struct fail f;

	guarding_cause(&cause, ev->status);
	fail_set(&f, ESRCH, "", "process %d: descriptors lost", ev->pid);
	fail_class(&f, FAIL_OTHER);
	fail_why(&f,
		 "it %s in the very moment when it was let go on from another stop, and "
		 "they closed before they could be taken",
		 buf_str(&cause));
	cli_failed(x->cli, &f);
}

/* Has its memory gone, as before its descriptors close? */
static bool is_late(const struct target *t)
{
	char exe[8];

	return proc_readlink(t->dir, "exe", exe, sizeof(exe)) == -ENOENT;
}

int guarding_wait(struct guarding *x, struct pollfd *fds, nfds_t n, const struct target *t)
{
	int r = poll(fds, n, x->stored ? GRAB_HANG_MS : -1);
	char who[128];

	if (r != 0)
		return r;
	x->stored = false;
	if (!is_late(t))
		return r;
	autofree char *safe = text_display_new(target_describe(t, who, sizeof(who)), x->cli->text);

	cli_message(x->cli,
		    "%s has not ended yet: its descriptors do not close, as on a filesystem "
		    "that does not answer",
		    safe);
	return r;
}
