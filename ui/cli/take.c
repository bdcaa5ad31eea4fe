/* SPDX-License-Identifier: MIT */
/* filch take SOCKET: receive what filch give sends, onto the shelf or for a command. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/base/json.h"
#include "src/base/sys.h"
#include "src/keep/apart.h"
#include "src/keep/exec.h"
#include "src/keep/label.h"
#include "src/keep/pass.h"
#include "src/keep/wire.h"
#include "src/proc/target.h"
#include "src/survey/survey.h"
#include "src/take/grab.h"
#include "ui/cli/cmds.h"
#include "ui/cli/onshelf.h"
#include "ui/cli/passon.h"

#define TAKE_FIRST 3
#define TAKE_ROOM  4096

struct take_values {
	bool listen;
};

static const struct opt take_opts[] = {
	{ "listen", 0, OPT_FLAG, offsetof(struct take_values, listen), NULL,
	  "for CMD: set LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

struct take {
	bool run;    /* for a command: not onto the shelf */
	bool leaves; /* some that came are not ours to close: see apart_leave() */
	struct shelf shelf;
	struct exec_fd *list;
	size_t n;
	struct buf names;
};

/* Wait for one who may: ourselves or root. */
static int wait_for_giver(struct cli *cli, int listener, struct fail *f)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		uid_t uid;

		if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (fd < 0)
			return fail_set(f, errno, "accept4", "the socket");
		uid = wire_peer_uid(fd, NULL);
		if (uid == geteuid() || uid == 0)
			return fd;
		cli_message(cli, "user %u was refused", (unsigned)uid);
		close(fd);
	}
}

/* What it is, we see ourselves; where it came from, only the giver can say. */
static int describe(struct cli *cli, struct shelf_item *item, int fd, const struct buf *line,
		    bool *may_hang, struct fail *f)
{
	const struct target_name self = { .pid = getpid() };
	const struct survey_opts opts = {
		.procfs = cli->procfs,
		.targets = &self,
		.n_targets = 1,
		.want = SURVEY_NET,
		.only = true,
		.only_fd = fd,
		.only_assoc = ASSOC_FD,
	};
	const struct fdent *e;
	struct survey *s;
	int r = survey_take(&s, &opts, f);

	if (r < 0)
		return r;
	e = survey_find(s, getpid(), 0, fd);
	if (e) {
		struct kind_ctx ctx = survey_ctx(s);

		*may_hang = grab_may_hang(e, &ctx);
		shelf_item_of(item, e);
		item->pid = 0;
		item->start = 0;
		item->fd = -1;
		item->comm_len = 0;
		if (label_read(item, buf_str(line), line->len) < 0)
			cli_message(cli, "what came with a descriptor is not a line of JSON");
	} else {
		r = fail_set(f, EBADF, "", "what was received");
	}
	survey_free(s);
	return r;
}

static void say(struct cli *cli, const struct shelf_item *item, int id)
{
	char held[16];
	struct json j;

	snprintf(held, sizeof(held), "h%d", id);
	json_init(&j, &cli->out);
	json_object(&j, NULL);
	json_str(&j, "id", held);
	json_i64(&j, "pid", item->pid);
	json_u64(&j, "start", item->start);
	json_bytes(&j, "comm", item->comm, item->comm_len);
	if (item->fd >= 0)
		json_i64(&j, "fd", item->fd);
	else
		json_null(&j, "fd");
	json_str(&j, "kind", item->kind);
	json_bytes(&j, "name", item->name ? item->name : "", item->name_len);
	json_end_object(&j);
	json_line(&j);
	cli_flush(cli, true);
}

static int put(struct cli *cli, struct take *t, const struct shelf_item *item, int fd,
	       struct fail *f)
{
	int id;

	if (t->shelf.sock < 0 && onshelf_open(cli, &t->shelf, true) < 0)
		return -EPIPE;
	id = shelf_add(&t->shelf, item, fd, f);
	if (id == -EPIPE || id == -ECONNRESET)
		shelf_close(&t->shelf);
	if (id < 0)
		return id;
	onshelf_audit(cli, item, NULL);
	say(cli, item, id);
	return 0;
}

static void keep_for_command(struct cli *cli, struct take *t, const struct shelf_item *item, int fd)
{
	t->list = xreallocarray(t->list, t->n + 1, sizeof(*t->list));
	t->list[t->n] = (struct exec_fd){ fd, TAKE_FIRST + (int)t->n };
	buf_addf(&t->names, "%s%s-%d", t->n ? ":" : "", item->kind, (int)t->n);
	t->n++;
	onshelf_audit(cli, item, NULL);
}

static void receive(struct cli *cli, struct take *t, int fd, const struct buf *line)
{
	struct shelf_item item = { 0 };
	struct fail f = { 0 };
	bool may_hang = false;
	int r;

	if (fd < 0) {
		fail_set(&f, EBADMSG, "recvmsg", "the giver");
		fail_why(&f, "a line came without a descriptor");
		cli_failed(cli, &f);
		return;
	}
	r = describe(cli, &item, fd, line, &may_hang, &f);
	if (r == 0 && t->run)
		keep_for_command(cli, t, &item, fd_steal(&fd));
	else if (r == 0)
		r = put(cli, t, &item, fd, &f);
	if (r == 0)
		cli_done(cli);
	else if (f.err)
		cli_failed(cli, &f);
	shelf_item_release(&item);
	t->leaves |= may_hang;
	if (!may_hang)
		fd_close(&fd);
}

/*
 * Before one comes that could not be closed: a process that starts a shelf, and
 * ends, would have to close it too.
 */
static void prepare_shelf(struct cli *cli, struct take *t, int sock)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };

	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
	if (!t->run)
		onshelf_open(cli, &t->shelf, true);
}

static void move_up(int *fd, int above)
{
	int to = fcntl(*fd, F_DUPFD_CLOEXEC, above);

	if (to < 0)
		return;
	close(*fd);
	*fd = to;
}

/*
 * For a command each one comes to the very number that it is to have: to move it
 * would mean to close it where it was, and that may wait for its filesystem. What
 * we were started with is not for the command either.
 */
static void make_room(struct cli *cli, int *sock)
{
	struct rlimit rl = { .rlim_cur = 2 * TAKE_ROOM };
	int above = TAKE_ROOM;

	getrlimit(RLIMIT_NOFILE, &rl);
	if (rl.rlim_cur / 2 < TAKE_ROOM)
		above = (int)(rl.rlim_cur / 2);
	move_up(&cli->procfs, above);
	move_up(sock, above);
	if (*sock >= above && cli->procfs >= above && above > TAKE_FIRST)
		sys_close_range(TAKE_FIRST, (unsigned)above - 1, false);
}

static void receive_all(struct cli *cli, struct take *t, int sock)
{
	struct pass_in in = { .sock = sock };
	autobuf line = BUF_INIT;
	struct fail f;
	int fd, r;

	prepare_shelf(cli, t, sock);
	while ((r = pass_next(&in, &line, &fd)) > 0)
		receive(cli, t, fd, &line);
	pass_in_release(&in);
	if (r == 0)
		return;
	fail_set(&f, -r, "recvmsg", "the giver");
	fail_why(&f, "what came is not a line of text with one descriptor");
	cli_failed(cli, &f);
}

static int listen_and_receive(struct cli *cli, struct take *t, const char *where)
{
	struct fail f = { 0 };
	autoclose int listener = pass_listen(where, &f);
	autoclose int sock = listener < 0 ? -1 : wait_for_giver(cli, listener, &f);

	if (listener >= 0 && where[0] != '@')
		unlink(where);
	fd_close(&listener);
	if (sock < 0) {
		cli_failed(cli, &f);
		return -1;
	}
	if (t->run)
		make_room(cli, &sock);
	receive_all(cli, t, sock);
	return 0;
}

static int take_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct take_values *v = values;
	struct take t = { .run = cli->rest >= 0, .shelf.sock = -1 };
	int status = STATUS_EXEC;

	if (n != 1 || (t.run && cli->rest >= cli->argc) || (v->listen && !t.run))
		return cli_usage(cli, "from where? %s", cli->cmd->args);
	if (!cli_gate(cli, "take", EFFECT_HOLD, "we hold what is given to us", argv[0]))
		return cli_status(cli);
	if (listen_and_receive(cli, &t, argv[0]) == 0 && t.run && !cli->failed && t.n)
		status = passon(cli, t.list, t.n, v->listen ? buf_str(&t.names) : NULL,
				&argv[cli->rest]);
	else if (!t.run)
		status = cli_status(cli);
	for (size_t i = 0; i < t.n && !t.leaves; i++)
		fd_close(&t.list[i].fd);
	free(t.list);
	buf_release(&t.names);
	shelf_close(&t.shelf);
	if (t.leaves)
		apart_leave();
	return status;
}

const struct cmd cmd_take = {
	.name = "take",
	.args = "SOCKET [-- CMD [ARG...]]",
	.summary = "receive descriptors that another process gives",
	.effect = EFFECT_HOLD,
	.about =
		"Listens at a unix stream socket, a path or @NAME, for one giver, which must be us or\n"
		"root, and receives until it closes. What came goes onto the shelf, and one line of\n"
		"JSON each says its name there: id, pid, start, comm, fd, kind, name. With CMD filch\n"
		"becomes CMD, which sees them from 3 on in the order in which they came.\n"
		"\n"
		"kind is what we see; pid, start, comm, fd and name are what the giver says.",
	.opts = take_opts,
	.values_size = sizeof(struct take_values),
	.rest = true,
	.run = take_run,
};
