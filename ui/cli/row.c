/* SPDX-License-Identifier: MIT */
#include "ui/cli/row.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "src/base/text.h"
#include "src/share/peers.h"
#include "src/survey/survey.h"

/* O_LARGEFILE as the kernel shows it: glibc's constant is 0 on 64 bits. */
#define KERNEL_O_LARGEFILE 0100000

static const struct {
	uint32_t bits, mask;
	const char *name;
} flag_names[] = {
	{ O_WRONLY, O_ACCMODE, "O_WRONLY" },
	{ O_RDWR, O_ACCMODE, "O_RDWR" },
	{ O_RDONLY, O_ACCMODE, "O_RDONLY" },
	{ O_APPEND, O_APPEND, "O_APPEND" },
	{ O_NONBLOCK, O_NONBLOCK, "O_NONBLOCK" },
	{ O_SYNC, O_SYNC, "O_SYNC" },
	{ O_DSYNC, O_SYNC, "O_DSYNC" },
	{ O_ASYNC, O_ASYNC, "O_ASYNC" },
	{ O_DIRECT, O_DIRECT, "O_DIRECT" },
	{ KERNEL_O_LARGEFILE, KERNEL_O_LARGEFILE, "O_LARGEFILE" },
	{ O_TMPFILE, O_TMPFILE, "O_TMPFILE" },
	{ O_DIRECTORY, O_TMPFILE, "O_DIRECTORY" },
	{ O_NOFOLLOW, O_NOFOLLOW, "O_NOFOLLOW" },
	{ O_NOATIME, O_NOATIME, "O_NOATIME" },
	{ O_PATH, O_PATH, "O_PATH" },
	{ O_CLOEXEC, O_CLOEXEC, "O_CLOEXEC" },
};

static void flags_json(struct json *j, const struct fdent *e)
{
	if (!(e->have & HAVE_INFO)) {
		json_null(j, "flags");
		json_null(j, "cloexec");
		return;
	}
	json_array(j, "flags");
	for (size_t i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++)
		if ((e->flags & flag_names[i].mask) == flag_names[i].bits)
			json_str(j, NULL, flag_names[i].name);
	json_end_array(j);
	json_bool(j, "cloexec", e->flags & O_CLOEXEC);
}

static void number_or_null(struct json *j, const char *key, bool known, uint64_t v)
{
	if (known)
		json_u64(j, key, v);
	else
		json_null(j, key);
}

static void file_json(struct json *j, const struct fdent *e)
{
	bool file = (e->have & HAVE_SIZE) != 0;
	char dev[32];

	number_or_null(j, "pos", (e->have & HAVE_INFO) != 0, e->pos);
	number_or_null(j, "size", file, e->size);
	if (e->dev) {
		snprintf(dev, sizeof(dev), "%u:%u", major(e->dev), minor(e->dev));
		json_str(j, "dev", dev);
	} else {
		json_null(j, "dev");
	}
	number_or_null(j, "ino", (e->have & HAVE_INO) != 0, e->ino);
	number_or_null(j, "nlink", file && (e->have & HAVE_NLINK), e->nlink);
	if (e->deleted == DELETED_UNKNOWN)
		json_null(j, "deleted");
	else
		json_str(j, "deleted", deleted_name(e->deleted));
	number_or_null(j, "mnt_id", (e->have & HAVE_INFO) != 0, e->mnt_id);
	if (e->have & HAVE_LINK) {
		json_bytes_always(j, "name", e->name, e->name_len);
	} else {
		json_null(j, "name");
		json_null(j, "name_b64");
	}
}

static void process_json(struct json *j, const struct procent *p)
{
	json_i64(j, "pid", p->pid);
	json_u64(j, "start", p->start);
	number_or_null(j, "tid", p->tid != 0, (uint64_t)p->tid);
	json_bytes_always(j, "comm", p->comm, p->comm_len);
	json_u64(j, "uid", p->uid);
}

static void error_json(struct json *j, const struct fdent *e)
{
	if (!e->err) {
		json_null(j, "error");
		return;
	}
	json_object(j, "error");
	json_str(j, "call", e->err_call);
	json_str(j, "errno", fail_errno_name(e->err));
	json_end_object(j);
}

static void peers_json(struct json *j, const struct survey *s, const struct fdent *e)
{
	const struct fdent *peer;
	size_t at = 0;

	json_array(j, "peers");
	while ((peer = peers_next(s->peers, e, &at))) {
		json_object(j, NULL);
		json_i64(j, "pid", peer->proc->pid);
		if (peer->proc->tid)
			json_i64(j, "tid", peer->proc->tid);
		json_u64(j, "start", peer->proc->start);
		json_i64(j, "fd", peer->fd);
		json_bytes(j, "comm", peer->proc->comm, peer->proc->comm_len);
		json_end_object(j);
	}
	json_end_array(j);
}

void row_json(struct json *j, const struct survey *s, const struct fdent *e,
	      const struct kind_ctx *ctx)
{
	const char *access = fdent_access(e);
	struct facts_json facts;

	json_object(j, NULL);
	process_json(j, e->proc);
	number_or_null(j, "fd", e->fd >= 0, (uint64_t)e->fd);
	json_str(j, "assoc", assoc_name(e->assoc));
	json_str(j, "kind", e->kind->name);
	json_str(j, "access", *access ? access : NULL);
	flags_json(j, e);
	file_json(j, e);
	number_or_null(j, "ofd", e->ofd != 0, e->ofd);
	number_or_null(j, "shares", e->ofd != 0, e->shares);
	peers_json(j, s, e);
	json_object(j, "detail");
	facts_json_init(&facts, j);
	kind_facts(e, ctx, &facts.sink);
	json_end_object(j);
	error_json(j, e);
	json_end_object(j);
	json_line(j);
}
