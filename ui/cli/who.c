/* SPDX-License-Identifier: MIT */
/* filch who DESC|PATH: everyone who has it, and how. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/base/helper.h"
#include "src/kind/emit.h"
#include "src/net/sock.h"
#include "src/share/holders.h"
#include "ui/cli/cmds.h"
#include "ui/cli/descs.h"
#include "ui/cli/row.h"

#define LOOKUP_MS 5000

struct who_values {
	bool json;
};

static const struct opt who_opts[] = {
	{ "json", 0, OPT_FLAG, offsetof(struct who_values, json), NULL,
	  "the objects of ls --json, each with \"how\"" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

static void holder_json(struct cli *cli, const struct survey *s, const struct holder *h)
{
	struct kind_ctx ctx = survey_ctx(s);
	struct facts_json sink;
	struct json j;

	json_init(&j, &cli->out);
	facts_json_init(&sink, &j);
	json_object(&j, NULL);
	json_str(&j, "how", holder_how_name(h->how));
	json_bool(&j, "unsure", h->unsure);
	if (h->how == HOLDER_WATCHED) {
		json_i64(&j, "tfd", h->tfd);
		json_bool(&j, "ghost", h->ghost);
	}
	row_facts(&sink.sink, s, h->e, &ctx);
	json_end_object(&j);
	json_line(&j);
}

static void holder_line(struct cli *cli, const struct holder *h)
{
	char label[80];

	descs_label(label, sizeof(label), h->e);
	buf_addf(&cli->out, "%-17s %-16s %-4s ", holder_how_name(h->how), label,
		 fdent_access(h->e));
	text_display(&cli->out, h->e->proc->comm, h->e->proc->comm_len, cli->text);
	if (h->how == HOLDER_WATCHED)
		buf_addf(&cli->out, " (as fd %d%s)", h->tfd, h->ghost ? ", closed there" : "");
	if (h->unsure)
		buf_adds(&cli->out, " (kcmp could not tell)");
	buf_addc(&cli->out, '\n');
}

/* Nobody can say what is in flight, so it makes no holder of anybody. */
static void say_what_is_missing(struct cli *cli, const struct holders *h, bool of_row)
{
	size_t in_flight = h->of[HOLDER_IN_FLIGHT];

	if (in_flight)
		cli_message(cli,
			    "descriptors are in flight in the queues of sockets (%zu): it may be "
			    "there too, which cannot be known",
			    in_flight);
	if (h->unreadable)
		cli_message(cli, "tables that could not be read: %zu; holders there are not seen",
			    h->unreadable);
	if (of_row && h->n - in_flight == 1)
		cli_message(cli,
			    "no other visible process has it: this is the last visible holder");
}

/* What the shelf lent us for this look is no holder of its own. */
static bool is_loan(const struct holder *h, const struct desc_ref *d)
{
	return d && d->held && h->e == d->ent;
}

static void print_holders(struct cli *cli, const struct who_values *v, const struct survey *s,
			  const struct holders *h, const struct desc_ref *d)
{
	for (size_t i = 0; i < h->n; i++) {
		if (h->at[i].how == HOLDER_IN_FLIGHT || is_loan(&h->at[i], d))
			continue;
		if (v->json)
			holder_json(cli, s, &h->at[i]);
		else
			holder_line(cli, &h->at[i]);
		cli_flush(cli, false);
	}
}

static int who_desc(struct cli *cli, const struct desc_ref *d, void *arg)
{
	const struct holders_subject subject = { .e = d->ent };
	const struct ofd_opts opts = { 0 };
	struct holders h = { 0 };

	holders_find(&h, &subject, d->survey->procs, d->survey->n_procs, d->survey->peers, &opts);
	print_holders(cli, arg, d->survey, &h, d);
	say_what_is_missing(cli, &h, !d->held);
	holders_release(&h);
	cli_done(cli);
	return 0;
}

/* Is it a socket of that name: bound there, or accepted from one that is? */
static bool is_bound(const struct fdent *e, const struct holders_subject *path)
{
	return fdent_is_fd(e) && e->sock && (e->sock->has & SOCK_HAS_VFS) &&
	       e->sock->un.vfs_ino == (uint32_t)path->ino &&
	       dev_of_kernel(e->sock->un.vfs_dev) == path->dev;
}

/* The name of a socket is a file; who has the socket does not have that file. */
static void who_bound(struct cli *cli, const struct who_values *v, const struct survey *s,
		      const struct holders_subject *path)
{
	autofree uint64_t *seen = xcalloc(survey_count(s), sizeof(*seen));
	const struct ofd_opts opts = { 0 };
	struct survey_iter it = { 0 };
	const struct fdent *e;
	size_t n = 0;

	while ((e = survey_next(s, &it))) {
		const struct holders_subject subject = { .e = e };
		struct holders h = { 0 };
		size_t i = 0;

		if (!is_bound(e, path))
			continue;
		while (i < n && seen[i] != e->ino)
			i++;
		if (i < n)
			continue;
		seen[n++] = e->ino;
		holders_find(&h, &subject, s->procs, s->n_procs, s->peers, &opts);
		print_holders(cli, v, s, &h, NULL);
		holders_release(&h);
	}
}

struct lookup {
	const char *path;
	int err;
	uint64_t dev, ino;
};

/* In a helper: the path may lead to a filesystem that does not answer. */
static int look_up(void *arg, int out)
{
	struct lookup *l = arg;
	struct statx sx;

	if (statx(AT_FDCWD, l->path, AT_NO_AUTOMOUNT, STATX_INO, &sx) < 0) {
		l->err = errno;
	} else {
		l->dev = makedev(sx.stx_dev_major, sx.stx_dev_minor);
		l->ino = sx.stx_ino;
	}
	return fd_write_all(out, l, sizeof(*l));
}

static int find_path(struct cli *cli, const char *path, struct holders_subject *subject)
{
	struct lookup l = { .path = path };
	autobuf answer = BUF_INIT;
	struct fail f = { 0 };
	int r = helper_ask(look_up, &l, NULL, 0, LOOKUP_MS, sizeof(l), &answer, &f);

	if (r < 0 && r != -ETIMEDOUT && f.err) {
		cli_failed(cli, &f);
		return r;
	}
	if (r == 0 && answer.len == sizeof(l))
		memcpy(&l, answer.data, sizeof(l));
	else
		l.err = r ? -r : EIO;
	if (l.err) {
		fail_set(&f, l.err, "statx", "%s", path);
		if (l.err == ETIMEDOUT)
			fail_why(&f, "its filesystem does not answer");
		if (l.err == ENOENT)
			fail_class(&f, FAIL_GONE);
		if (l.err == ENOENT && path[strspn(path, "0123456789")] == '\0')
			fail_advice(&f,
				    "%s:FD for a descriptor of process %s; filch ls %s lists them",
				    path, path, path);
		cli_failed(cli, &f);
		return -1;
	}
	subject->dev = l.dev;
	subject->ino = l.ino;
	return 0;
}

static int who_path(struct cli *cli, const struct who_values *v, const char *path)
{
	struct survey_opts opts = { .procfs = cli->procfs, .want = SURVEY_ALL };
	struct holders_subject subject = { 0 };
	const struct ofd_opts ofd = { 0 };
	struct holders h = { 0 };
	struct survey *s;
	struct fail f = { 0 };

	if (find_path(cli, path, &subject) < 0)
		return cli_status(cli);
	if (survey_take(&s, &opts, &f) < 0) {
		cli_failed(cli, &f);
		return cli_status(cli);
	}
	holders_find(&h, &subject, s->procs, s->n_procs, s->peers, &ofd);
	print_holders(cli, v, s, &h, NULL);
	who_bound(cli, v, s, &subject);
	say_what_is_missing(cli, &h, false);
	holders_release(&h);
	survey_free(s);
	cli_done(cli);
	return cli_status(cli);
}

/* TARGET:FD, unless it can only be a path or a file of that name is there. */
static bool is_desc(const char *text)
{
	struct desc_list list = { 0 };
	bool is = text[0] != '/' && text[0] != '.' && desc_parse(&list, text, NULL) == 0;

	desc_list_release(&list);
	return is;
}

static int who_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct descs_opts opts = { .want = SURVEY_ALL, .wide_scan = true };
	struct who_values v = *(const struct who_values *)values;

	if (n != 1)
		return cli_usage(cli, "one descriptor or one path is wanted");
	if (!is_desc(argv[0]))
		return who_path(cli, &v, argv[0]);
	return descs_each(cli, n, argv, &opts, who_desc, &v);
}

const struct cmd cmd_who = {
	.name = "who",
	.args = "DESC|PATH",
	.summary = "every holder: same description, same inode, other end",
	.effect = EFFECT_NONE,
	.about =
		"Looks through every visible process. For each holder: same-description (kcmp(2)),\n"
		"same-inode (opened separately), other-end, mapped, cwd, root, exe, watched (an\n"
		"epoll that has it registered). Of a path that is the name of a socket: who listens\n"
		"there, its connections, and their other ends. A path is looked up in a helper\n"
		"process, so that a filesystem that does not answer cannot hang filch.",
	.opts = who_opts,
	.values_size = sizeof(struct who_values),
	.run = who_run,
};
