/* SPDX-License-Identifier: MIT */
/* filch hold DESC...: keep descriptors on the shelf, whatever becomes of their owners. */
#include <errno.h>
#include <sys/socket.h>

#include "src/keep/onto.h"
#include "ui/cli/cmds.h"
#include "ui/cli/descs.h"
#include "ui/cli/onshelf.h"

#define KINDS_SAID 32

struct hold {
	struct shelf shelf;
	bool open, broken;
	const struct kind *said[KINDS_SAID]; /* the words of each are said once */
	size_t n_said;
};

/* The kernel goes on giving connections to a queue that nobody empties. */
static void warn_of_reuseport(struct cli *cli, const struct desc_ref *d, int fd)
{
	int listens = 0, reuse = 0;
	socklen_t len = sizeof(listens);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) < 0 || !listens)
		return;
	len = sizeof(reuse);
	if (getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &reuse, &len) < 0 || !reuse)
		return;
	cli_message(
		cli,
		"%s: it listens with SO_REUSEPORT: once its owner is gone, the connections that "
		"the kernel gives to it wait until somebody accepts from it",
		d->label);
}

static void say_delays(struct cli *cli, struct hold *h, const struct kind *k)
{
	for (size_t i = 0; i < h->n_said; i++)
		if (h->said[i] == k)
			return;
	if (h->n_said < KINDS_SAID)
		h->said[h->n_said++] = k;
	cli_message(cli, "%s: %s, until it is dropped", k->name, kind_cell(k, OP_HOLD)->words);
}

static int need_shelf(struct cli *cli, struct hold *h)
{
	int r = h->open ? 0 : onshelf_open(cli, &h->shelf, true);

	h->open = r == 0;
	h->broken = r < 0;
	return r;
}

static int take_and_put(struct cli *cli, struct hold *h, const struct desc_ref *d,
			const struct shelf_item *item, struct fail *f)
{
	autograb g = { .fd = -1 };
	int r = grab_take(&g, d->target, d->ent, cli->procfs, f);

	if (r < 0)
		return r;
	warn_of_reuseport(cli, d, g.fd);
	r = shelf_add(&h->shelf, item, g.fd, f);
	h->broken = r == -EPIPE || r == -ECONNRESET;
	return r;
}

/* Returns the N of hN. One that is held already keeps saying where it came from. */
static int take_or_ask(struct cli *cli, struct hold *h, const struct desc_ref *d, struct fail *f)
{
	struct kind_ctx ctx = survey_ctx(d->survey);
	struct shelf_item own;
	const struct shelf_item *item = d->held;
	int r;

	if (!item) {
		shelf_item_of(&own, d->ent);
		item = &own;
	}
	if (grab_may_hang(d->ent, &ctx))
		r = onto_shelf(d->target, d->ent, item, cli->procfs, f);
	else
		r = take_and_put(cli, h, d, item, f);
	if (!d->held)
		shelf_item_release(&own);
	return r;
}

static int hold_one(struct cli *cli, const struct desc_ref *d, void *arg)
{
	struct hold *h = arg;
	struct fail f = { 0 };
	int r;

	if (h->broken || !cli_gate_kind(cli, d->ent->kind, OP_HOLD, d->label))
		return -ECANCELED;
	r = need_shelf(cli, h);
	if (r < 0)
		return r;
	r = take_or_ask(cli, h, d, &f);
	if (r < 0) {
		cli_failed(cli, &f);
		return r;
	}
	descs_audit(cli, d, OP_HOLD, NULL);
	say_delays(cli, h, d->ent->kind);
	buf_addf(&cli->out, "h%d\n", r);
	cli_done(cli);
	return 0;
}

static int hold_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct descs_opts opts = { .want = SURVEY_NET };
	struct hold h = { .shelf.sock = -1 };
	int status;

	(void)values;
	status = descs_each(cli, n, argv, &opts, hold_one, &h);
	shelf_close(&h.shelf);
	return status;
}

const struct cmd cmd_hold = {
	.name = "hold",
	.args = "DESC...",
	.summary = "keep descriptors after their owner closes them or dies",
	.effect = EFFECT_HOLD,
	.about =
		"Prints the name of each held one, hN, which goes wherever a descriptor does. They\n"
		"are kept by the shelf, a process of the effective user that is started on demand,\n"
		"survives the terminal, and ends when it is empty. Its folder is $FILCH_SHELF, else\n"
		"/run/filch-UID, /tmp/filch-UID or $XDG_RUNTIME_DIR/filch, whichever is, or can be\n"
		"made, ours alone. Where the service manager ends all processes of a session at\n"
		"logout (KillUserProcesses=yes in logind.conf(5)), see loginctl enable-linger.\n"
		"\n"
		"While a descriptor is held, what waits for its last close waits for us: end of\n"
		"file, a FIN, the release of a lock, the freeing of space.",
	.run = hold_run,
};
