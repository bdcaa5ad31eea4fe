/* SPDX-License-Identifier: MIT */
/* Handing over: descriptors are taken, then given to a socket or to a command. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/keep/label.h"
#include "src/keep/launch.h"
#include "src/keep/pass.h"
#include "src/stop/signal.h"
#include "src/take/grab.h"
#include "ui/tui/foreground.h"
#include "ui/tui/handing.h"
#include "ui/tui/log.h"

#define LISTEN_FIRST 3
#define GIVE_MS      10000 /* that a receiver may take for one */

void handing_free(struct handing *h)
{
	for (size_t i = 0; i < h->n; i++) {
		fd_close(&h->at[i].fd);
		subject_release(&h->at[i].s);
		shelf_item_release(&h->at[i].held);
	}
	free(h->at);
	free(h->what);
	free(h->output);
	free(h);
}

/* ---- the command ---- */

struct words {
	char **argv;
	char *text; /* that they are in */
};

static void words_release(struct words *w)
{
	free(w->argv);
	free(w->text);
}

/* What a shell would make more of than words. */
bool handing_needs_shell(const char *text)
{
	size_t first = strcspn(text, " ");

	return strpbrk(text, "|&;<>()$`\"'\\*?[]{}~!#\n") || memchr(text, '=', first);
}

/* As make does it: a shell only where one is needed. False: there is no word. */
static bool words_of(struct words *w, const char *text)
{
	static char shell[] = "sh", option[] = "-c";
	char *rest, *word;
	size_t n = 0;

	w->text = xstrdup(text);
	w->argv = xcalloc(strlen(text) / 2 + 5, sizeof(*w->argv));
	if (handing_needs_shell(text)) {
		w->argv[n++] = shell;
		w->argv[n++] = option;
		w->argv[n++] = w->text;
		return true;
	}
	for (word = strtok_r(w->text, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest))
		w->argv[n++] = word;
	return n > 0;
}

static void names_of(const struct handing *h, struct buf *out)
{
	for (size_t i = 0; i < h->n; i++) {
		const struct hand_item *x = &h->at[i];

		buf_addf(out, "%s%s-", i ? ":" : "", x->kind->name);
		if (x->held.id)
			buf_addf(out, "h%u", x->held.id);
		else
			buf_addf(out, "%d", x->s.fd);
	}
}

struct exec_fd *handing_numbers(const struct handing *h)
{
	struct exec_fd *list = xcalloc(h->n, sizeof(*list));

	for (size_t i = 0; i < h->n; i++) {
		list[i].fd = h->at[i].fd;
		list[i].at = h->listen ? LISTEN_FIRST + (int)i : h->at[i].s.fd;
	}
	return list;
}

static struct launch launch_of(const struct handing *h, const struct words *w,
			       const struct buf *names)
{
	return (struct launch){
		.list = handing_numbers(h),
		.n = h->n,
		.names = h->listen ? buf_str(names) : NULL,
		.argv = w->argv,
		.world = h->a->opts->world,
	};
}

/* ---- on a thread ---- */

static int take_one(struct handing *h, struct hand_item *x)
{
	autotarget t = { .pidfd = -1, .table_pidfd = -1, .dir = -1, .table_dir = -1 };
	struct grab grab = { .fd = -1 };
	struct kind_ctx ctx;
	int r;

	if (x->held.id) {
		x->fd = subject_take_held(&x->held, h->procfs, &h->fail);
		return x->fd;
	}
	ctx = survey_ctx(x->s.pic->s);
	if (grab_may_hang(x->s.e, &ctx)) {
		r = fail_set(&h->fail, EBUSY, "", "%s", x->s.token);
		fail_why(&h->fail, "its filesystem can stop answering, and a duplicate that "
				   "cannot be closed would hang this program");
		fail_advice(&h->fail, "filch exec %s, or give", x->s.desc);
		return r;
	}
	r = subject_target(&x->s, h->procfs, &t, &h->fail);
	if (r == 0)
		r = grab_take(&grab, &t, x->s.e, h->procfs, &h->fail);
	if (r < 0)
		return r;
	x->fd = grab.fd;
	return 0;
}

static int give_one(struct handing *h, const struct hand_item *x, int sock)
{
	struct shelf_item item;
	autobuf line = BUF_INIT;
	int r;

	if (x->held.id) {
		label_write(&line, &x->held);
	} else {
		shelf_item_of(&item, x->s.e);
		label_write(&line, &item);
		shelf_item_release(&item);
	}
	r = pass_send(sock, line.data, line.len, x->fd);
	if (r == 0)
		return 0;
	r = fail_set(&h->fail, -r, "sendmsg", "%s to %s", x->s.token, h->what);
	if (r == -EAGAIN)
		fail_why(&h->fail, "the receiver does not read");
	return r;
}

static int give_all(struct handing *h)
{
	const struct timeval most = { .tv_sec = GIVE_MS / 1000 };
	autoclose int sock = pass_connect(h->what, SOCK_STREAM, &h->fail);
	int r = 0;

	if (sock < 0)
		return sock;
	setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
	for (size_t i = 0; i < h->n && r == 0; i++) {
		r = give_one(h, &h->at[i], sock);
		h->given += r == 0;
	}
	return r;
}

static int run_apart(struct handing *h)
{
	autoclose int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	autoclose int out = open(h->output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY,
				 0600);
	autobuf names = BUF_INIT;
	struct words w;
	struct launch l;
	int r;

	if (in < 0 || out < 0)
		return fail_set(&h->fail, errno, "open", "%s", in < 0 ? "/dev/null" : h->output);
	words_of(&w, h->what);
	names_of(h, &names);
	l = launch_of(h, &w, &names);
	l.apart = true;
	l.stdio[0] = in;
	l.stdio[1] = l.stdio[2] = out;
	r = launch(&l, &h->pid, &h->fail);
	free(l.list);
	words_release(&w);
	return r;
}

static void handing_run(struct task *task)
{
	struct handing *h = (struct handing *)task;

	h->err = 0;
	for (size_t i = 0; i < h->n && h->err >= 0; i++)
		h->err = take_one(h, &h->at[i]);
	if (h->err >= 0 && h->way == WAY_SOCKET)
		h->err = give_all(h);
	if (h->err >= 0 && h->way == WAY_APART)
		h->err = run_apart(h);
}

/* ---- and back ---- */

/* "h1", "3 descriptors". */
void handing_who(const struct handing *h, struct buf *out)
{
	if (h->n == 1)
		buf_adds(out, h->at[0].s.token);
	else
		buf_addf(out, "%zu descriptors", h->n);
}

static void say_end(struct app *a, const struct handing *h, int status)
{
	autobuf b = BUF_INIT;
	char name[32];

	handing_who(h, &b);
	buf_adds(&b, WIFSIGNALED(status) ? ": the command was ended by "
					 : ": the command ended with status ");
	if (WIFSIGNALED(status))
		buf_adds(&b, signal_name(WTERMSIG(status), name, sizeof(name)));
	else
		buf_addf(&b, "%d", WEXITSTATUS(status));
	say(a, status ? ROLE_WARNING : ROLE_OK, "%s", buf_str(&b));
}

static void run_here(struct app *a, struct handing *h)
{
	autobuf names = BUF_INIT;
	struct words w;
	struct launch l;
	int status = 0;

	words_of(&w, h->what);
	names_of(h, &names);
	l = launch_of(h, &w, &names);
	for (size_t i = 0; i < h->n; i++)
		h->at[i].fd = -1; /* they are the list's */
	h->err = foreground_run(a, &l, &status, &h->fail);
	if (h->err == 0)
		say_end(a, h, status);
	free(l.list);
	words_release(&w);
}

static void say_done(struct app *a, const struct handing *h)
{
	autobuf who = BUF_INIT, what = BUF_INIT;

	handing_who(h, &who);
	add_text(a, &what, h->what, strlen(h->what));
	if (h->way == WAY_SOCKET)
		say(a, ROLE_HOLD, "%s given to %s", buf_str(&who), buf_str(&what));
	else
		say(a, ROLE_HOLD, "%s handed over: process %d runs %s", buf_str(&who), h->pid,
		    buf_str(&what));
}

static void handing_done(struct task *task)
{
	struct handing *h = (struct handing *)task;
	struct app *a = h->a;

	a->busy--;
	if (h->err >= 0 && h->way == WAY_RUN)
		run_here(a, h);
	else if (h->err >= 0)
		say_done(a, h);
	for (size_t i = 0; i < h->n; i++)
		if (h->err >= 0 || i < h->given)
			log_subject(a, h->way == WAY_SOCKET ? "give" : "exec", EFFECT_HOLD,
				    &h->at[i].s, NULL);
	if (h->err < 0 && h->fail.err) {
		log_subject(a, h->way == WAY_SOCKET ? "give" : "exec", EFFECT_HOLD, &h->at[0].s,
			    &h->fail);
		say_fail(a, &h->fail);
	}
	model_refresh(a, true);
	handing_free(h);
}

struct handing *handing_new(struct app *a)
{
	struct handing *h = xcalloc(1, sizeof(*h));

	h->a = a;
	h->procfs = a->procfs;
	h->t.run = handing_run;
	h->t.done = handing_done;
	return h;
}

bool handing_start(struct app *a, struct handing *h)
{
	if (task_start(&a->tasks, &h->t) < 0)
		return false;
	a->busy++;
	return true;
}
