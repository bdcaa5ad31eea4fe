/* SPDX-License-Identifier: MIT */
/* filch give DESC... --to SOCKET, or --fdstore: hand descriptors to another process. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/fd.h"
#include "src/keep/apart.h"
#include "src/keep/label.h"
#include "src/keep/pass.h"
#include "ui/cli/cmds.h"
#include "ui/cli/descs.h"

#define BARRIER_MS 5000
#define NAME_MAX_  255

struct give_values {
	const char *to, *name;
	bool fdstore;
};

static const struct opt give_opts[] = {
	{ "to", 0, OPT_TEXT, offsetof(struct give_values, to), "SOCKET",
	  "who listens at this unix stream socket: a path or @NAME" },
	{ "fdstore", 0, OPT_FLAG, offsetof(struct give_values, fdstore), NULL,
	  "the service manager, at $NOTIFY_SOCKET" },
	{ "name", 0, OPT_TEXT, offsetof(struct give_values, name), "NAME",
	  "with --fdstore: FDNAME, instead of KIND-FD" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

struct give {
	const struct give_values *v;
	int sock;
	bool broken;
};

static int connect_to(struct cli *cli, struct give *g)
{
	const char *manager = getenv("NOTIFY_SOCKET");
	struct fail f = { 0 };

	if (g->v->fdstore && (!manager || !*manager)) {
		fail_set(&f, ENOENT, "", "the service manager");
		fail_class(&f, FAIL_USAGE);
		fail_why(&f, "NOTIFY_SOCKET is not set: this is no service of it");
		fail_advice(&f, "in its unit: NotifyAccess=all and FileDescriptorStoreMax=N");
		g->sock = -ENOENT;
	} else if (g->v->fdstore) {
		g->sock = pass_connect(manager, SOCK_DGRAM, &f);
	} else {
		g->sock = pass_connect(g->v->to, SOCK_STREAM, &f);
	}
	if (g->sock < 0)
		cli_failed(cli, &f);
	g->broken = g->sock < 0;
	return g->broken ? -EPIPE : 0;
}

static int send_line(struct give *g, const struct desc_ref *d, int fd, struct fail *f)
{
	struct shelf_item item;
	autobuf line = BUF_INIT;
	int r;

	if (d->held) {
		label_write(&line, d->held);
	} else {
		shelf_item_of(&item, d->ent);
		label_write(&line, &item);
		shelf_item_release(&item);
	}
	r = pass_send(g->sock, line.data, line.len, fd);
	return r < 0 ? fail_set(f, -r, "sendmsg", "%s to %s", d->label, g->v->to) : 0;
}

static int store(struct give *g, const struct desc_ref *d, int fd, struct fail *f)
{
	const char *what = strrchr(d->label, ':');
	char name[128];

	snprintf(name, sizeof(name), "%s-%s", d->ent->kind->name, what ? what + 1 : d->label);
	return pass_fdstore(g->sock, g->v->name ? g->v->name : name, fd, f);
}

static int hand_over(struct give *g, const struct desc_ref *d, int fd, struct fail *f)
{
	return g->v->fdstore ? store(g, d, fd, f) : send_line(g, d, fd, f);
}

struct apart_give {
	struct give *g;
	const struct desc_ref *d;
};

/* The manager knows the helper only while it lives. */
static int give_in_helper(void *arg, const struct fdent *e, int fd, struct fail *f)
{
	struct apart_give *x = arg;
	int r = hand_over(x->g, x->d, fd, f);

	(void)e;
	if (r == 0 && x->g->v->fdstore)
		pass_barrier(x->g->sock, BARRIER_MS);
	close(x->g->sock); /* the helper's end may not come to it, and the receiver waits */
	return r;
}

/* How long the receiver takes is its own affair; the grab does not wait for anybody. */
static int take_and_give(struct cli *cli, struct give *g, const struct desc_ref *d, struct fail *f)
{
	struct kind_ctx ctx = survey_ctx(d->survey);
	struct apart_give x = { g, d };
	const struct apart a = {
		.target = d->target,
		.procfs = cli->procfs,
		.timeout_ms = -1,
		.keep = &g->sock,
		.n_keep = 1,
	};
	autograb grab = { .fd = -1 };
	int r;

	if (grab_may_hang(d->ent, &ctx))
		return apart_run(&a, d->ent, give_in_helper, &x, f);
	r = grab_take(&grab, d->target, d->ent, cli->procfs, f);
	return r < 0 ? r : hand_over(g, d, grab.fd, f);
}

static int give_one(struct cli *cli, const struct desc_ref *d, void *arg)
{
	struct give *g = arg;
	struct fail f = { 0 };
	int r = 0;

	if (g->broken || !cli_gate_kind(cli, d->ent->kind, OP_HOLD, d->label))
		return -ECANCELED;
	if (g->sock < 0)
		r = connect_to(cli, g);
	if (r < 0)
		return r;
	r = take_and_give(cli, g, d, &f);
	if (r < 0 && strcmp(f.call, "sendmsg") == 0)
		g->broken = true;
	descs_audit(cli, d, OP_HOLD, r < 0 ? &f : NULL);
	if (r < 0)
		cli_failed(cli, &f);
	else
		cli_done(cli);
	return r;
}

static bool is_name(const char *name)
{
	if (!*name || strlen(name) > NAME_MAX_)
		return false;
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f || *c == ':')
			return false;
	return true;
}

static int give_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct give_values *v = values;
	const struct descs_opts opts = { .want = SURVEY_NET };
	struct give g = { .v = v, .sock = -1 };

	if (!v->to == !v->fdstore)
		return cli_usage(cli, "to whom? --to SOCKET or --fdstore");
	if (v->name && (!v->fdstore || !is_name(v->name)))
		return cli_usage(cli, "--name goes with --fdstore: printable ASCII without ':', at "
				      "most 255 characters");
	descs_each(cli, n, argv, &opts, give_one, &g);
	if (g.sock >= 0 && v->fdstore && pass_barrier(g.sock, BARRIER_MS) < 0)
		cli_message(cli, "the service manager did not say that it took them");
	fd_close(&g.sock);
	return n ? cli_status(cli) : STATUS_USAGE;
}

const struct cmd cmd_give = {
	.name = "give",
	.args = "DESC... --to SOCKET|--fdstore",
	.summary = "hand descriptors to another process",
	.effect = EFFECT_HOLD,
	.about =
		"Over a unix stream socket at which the receiver listens, by SCM_RIGHTS: one line of\n"
		"JSON a descriptor, which comes with the line's first byte. Its keys are those of ls\n"
		"--json: pid, start, tid, comm, fd, assoc, kind, ino, name. filch take SOCKET is such\n"
		"a receiver; examples/receiver.py is one in 20 lines.\n"
		"\n"
		"With --fdstore the service manager keeps them for the unit that filch runs in, see\n"
		"FileDescriptorStoreMax= in systemd.service(5); its next start finds them as\n"
		"sd_listen_fds(3) says. The unit needs NotifyAccess=all, or exec.",
	.opts = give_opts,
	.values_size = sizeof(struct give_values),
	.run = give_run,
};
