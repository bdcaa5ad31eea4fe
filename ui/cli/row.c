/* SPDX-License-Identifier: MIT */
#include "ui/cli/row.h"

#include <fcntl.h>

#include "src/base/text.h"
#include "src/kind/emit.h"
#include "src/kind/openflags.h"
#include "src/share/peers.h"
#include "src/survey/survey.h"

static void flags_facts(struct facts *out, const struct fdent *e)
{
	const char *name;
	size_t at = 0;

	if (!(e->have & HAVE_INFO)) {
		fact_null(out, "flags");
		fact_null(out, "cloexec");
		return;
	}
	fact_list(out, "flags");
	while ((name = open_flag_next(e->flags, &at)))
		fact_text(out, NULL, name);
	fact_end_list(out);
	fact_bool(out, "cloexec", e->flags & O_CLOEXEC);
}

static void number_or_null(struct facts *out, const char *key, bool known, uint64_t v)
{
	if (known)
		fact_u64(out, key, v);
	else
		fact_null(out, key);
}

/* Hostile bytes whose KEY_b64 is always there: null while the plain text is exact. */
static void bytes_always(struct facts *out, const char *key, const char *key_b64, const char *s,
			 size_t len)
{
	fact_bytes(out, key, s, len);
	if (text_is_utf8(s, len))
		fact_null(out, key_b64);
}

static void file_facts(struct facts *out, const struct fdent *e)
{
	bool file = (e->have & HAVE_SIZE) != 0, info = (e->have & HAVE_INFO) != 0;

	number_or_null(out, "pos", info, e->pos);
	if (file)
		fact_size(out, "size", e->size);
	else
		fact_null(out, "size");
	if (e->dev)
		emit_dev(out, "dev", e->dev);
	else
		fact_null(out, "dev");
	number_or_null(out, "ino", (e->have & HAVE_INO) != 0, e->ino);
	number_or_null(out, "nlink", file && (e->have & HAVE_NLINK), e->nlink);
	if (e->deleted == DELETED_UNKNOWN)
		fact_null(out, "deleted");
	else
		fact_text(out, "deleted", deleted_name(e->deleted));
	number_or_null(out, "mnt_id", info, e->mnt_id);
	if (e->have & HAVE_LINK) {
		bytes_always(out, "name", "name_b64", e->name, e->name_len);
	} else {
		fact_null(out, "name");
		fact_null(out, "name_b64");
	}
}

static void process_facts(struct facts *out, const struct procent *p)
{
	fact_i64(out, "pid", p->pid);
	fact_u64(out, "start", p->start);
	number_or_null(out, "tid", p->tid != 0, (uint64_t)p->tid);
	bytes_always(out, "comm", "comm_b64", p->comm, p->comm_len);
	fact_u64(out, "uid", p->uid);
}

static void peers_facts(struct facts *out, const struct survey *s, const struct fdent *e)
{
	const struct fdent *peer;
	size_t at = 0;

	fact_list(out, "peers");
	while ((peer = peers_next(s->peers, e, &at))) {
		fact_object(out, NULL);
		fact_i64(out, "pid", peer->proc->pid);
		if (peer->proc->tid)
			fact_i64(out, "tid", peer->proc->tid);
		fact_u64(out, "start", peer->proc->start);
		fact_i64(out, "fd", peer->fd);
		fact_bytes(out, "comm", peer->proc->comm, peer->proc->comm_len);
		fact_end_object(out);
	}
	fact_end_list(out);
}

static void error_facts(struct facts *out, const struct fdent *e)
{
	if (!e->err) {
		fact_null(out, "error");
		return;
	}
	fact_object(out, "error");
	fact_text(out, "call", e->err_call);
	fact_text(out, "errno", fail_errno_name(e->err));
	fact_end_object(out);
}

static void head_facts(struct facts *out, const struct fdent *e)
{
	number_or_null(out, "fd", e->fd >= 0, (uint64_t)e->fd);
	fact_text(out, "assoc", assoc_name(e->assoc));
	fact_text(out, "kind", e->kind->name);
}

static void access_facts(struct facts *out, const struct fdent *e)
{
	const char *access = fdent_access(e);

	if (*access)
		fact_text(out, "access", access);
	else
		fact_null(out, "access");
	flags_facts(out, e);
}

static void body_facts(struct facts *out, const struct survey *s, const struct fdent *e,
		       const struct kind_ctx *ctx)
{
	file_facts(out, e);
	number_or_null(out, "ofd", e->ofd != 0, e->ofd);
	number_or_null(out, "shares", e->ofd != 0, e->shares);
	peers_facts(out, s, e);
	fact_object(out, "detail");
	kind_facts(e, ctx, out);
	fact_end_object(out);
	error_facts(out, e);
}

void row_facts(struct facts *out, const struct survey *s, const struct fdent *e,
	       const struct kind_ctx *ctx)
{
	process_facts(out, e->proc);
	head_facts(out, e);
	access_facts(out, e);
	body_facts(out, s, e, ctx);
}

static void say_process(struct json *j, struct facts *out, const struct fdent *e,
			struct row_said *said)
{
	size_t at = j->out->len;

	if (said->of == e->proc) {
		json_again(j, said->process.at, said->process.len);
		return;
	}
	process_facts(out, e->proc);
	said->of = e->proc;
	said->process = (struct row_span){ at, j->out->len - at };
}

static void say_access(struct json *j, struct facts *out, const struct fdent *e,
		       struct row_said *said)
{
	size_t n = sizeof(said->flags) / sizeof(said->flags[0]), at = j->out->len;
	struct row_flags *known = &said->flags[(e->flags * 0x9e3779b1u >> 28) % n];

	if ((e->have & HAVE_INFO) && known->span.len && known->flags == e->flags) {
		json_again(j, known->span.at, known->span.len);
		return;
	}
	access_facts(out, e);
	if (e->have & HAVE_INFO)
		*known = (struct row_flags){ e->flags, { at, j->out->len - at } };
}

void row_json(struct json *j, const struct survey *s, const struct fdent *e,
	      const struct kind_ctx *ctx, struct row_said *said)
{
	struct facts_json sink;

	facts_json_init(&sink, j);
	json_object(j, NULL);
	say_process(j, &sink.sink, e, said);
	head_facts(&sink.sink, e);
	say_access(j, &sink.sink, e, said);
	body_facts(&sink.sink, s, e, ctx);
	json_end_object(j);
	json_line(j);
}
