/* SPDX-License-Identifier: MIT */
/* filch same A B: are two descriptors one open file description? See kcmp(2). */
#include <errno.h>
#include <stdio.h>

#include "src/base/sys.h"
#include "ui/cli/cmds.h"
#include "ui/cli/descs.h"

struct side {
	pid_t task; /* what kcmp(2) wants: a thread that uses the table */
	struct fdent ent;
	char who[128];
	bool set;
};

struct same {
	struct side side[2];
	int n;
};

static int remember(struct cli *cli, const struct desc_ref *d, void *arg)
{
	struct same *same = arg;
	struct side *s = &same->side[same->n++];

	(void)cli;
	s->task = d->target->tid ? d->target->tid : d->target->pid;
	s->ent = *d->ent;
	target_describe(d->target, s->who, sizeof(s->who));
	s->set = true;
	return 0;
}

static bool same_inode(const struct fdent *a, const struct fdent *b)
{
	const unsigned need = HAVE_INO;

	return (a->have & need) && (b->have & need) && a->dev && a->dev == b->dev &&
	       a->ino == b->ino;
}

static void explain(struct cli *cli, const struct same *same, int err)
{
	const struct side *a = &same->side[0], *b = &same->side[1];
	struct fail f;

	fail_set(&f, err, "kcmp", "descriptor %d of %s and descriptor %d of %s", a->ent.fd, a->who,
		 b->ent.fd, b->who);
	fail_class(&f, FAIL_PERMISSION);
	switch (err) {
	case EPERM:
		fail_why(&f, "we may not read one of the two processes");
		fail_advice(&f, "run as root or with CAP_SYS_PTRACE; filch why PID says more");
		break;
	case ENOSYS:
		fail_why(&f, "this kernel has no kcmp(2) (CONFIG_KCMP), or a filter hides it");
		fail_advice(&f, "filch ls shows which have the same device and inode");
		break;
	case EBADF:
		fail_class(&f, FAIL_GONE);
		fail_why(&f, "one of them was closed meanwhile");
		break;
	case ESRCH:
		fail_class(&f, FAIL_GONE);
		fail_why(&f, "one of the processes ended meanwhile");
		break;
	}
	cli_failed(cli, &f);
}

static int answer(struct cli *cli, const struct same *same)
{
	const struct side *a = &same->side[0], *b = &same->side[1];
	bool inode = same_inode(&a->ent, &b->ent);
	int r = -EINVAL;

	if (a->ent.fd >= 0 && b->ent.fd >= 0)
		r = sys_kcmp(a->task, b->task, SYS_KCMP_FILE, (unsigned long)a->ent.fd,
			     (unsigned long)b->ent.fd);
	else
		r = 1; /* cwd, root and exe are paths, not open file descriptions */
	if (r < 0) {
		buf_adds(&cli->out, "unknown\n");
		explain(cli, same, -r);
		return r == -EBADF || r == -ESRCH ? STATUS_GONE : STATUS_PERMISSION;
	}
	buf_adds(&cli->out, r == 0 ? "same-description\n" : inode ? "same-inode\n" : "different\n");
	return r == 0 ? STATUS_OK : STATUS_PART;
}

static int same_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct descs_opts opts = { 0 };
	struct same same = { 0 };

	(void)values;
	if (n != 2)
		return cli_usage(cli, "two descriptors are wanted");
	for (int i = 0; i < 2; i++) {
		if (!descs_is_single(cli, 1, &argv[i]))
			return cli_status(cli);
		descs_each(cli, 1, &argv[i], &opts, remember, &same);
	}
	if (!same.side[0].set || !same.side[1].set || same.n != 2)
		return cli_status(cli);
	return answer(cli, &same);
}

const struct cmd cmd_same = {
	.name = "same",
	.args = "DESC DESC",
	.summary = "are two descriptors one open file description?",
	.effect = EFFECT_NONE,
	.about = "Prints same-description, same-inode, different or unknown; exits 0, 1, 1 or 3.\n"
		 "Two descriptors are the same open file description, with one offset and one set\n"
		 "of flags, only if kcmp(2) says so. The same inode without that is the same file\n"
		 "opened twice.",
	.run = same_run,
};
