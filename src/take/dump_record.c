/* SPDX-License-Identifier: MIT */
/* What a dump says of itself. */
#include <string.h>

#include "src/take/dump.h"

const char *dump_caused(const struct dump_result *r)
{
	return effect_name(r->effect.effect == EFFECT_UNSTATED ? EFFECT_NONE : r->effect.effect);
}

static void ranges(struct facts *out, const char *name, const struct dump_ranges *r)
{
	fact_list(out, name);
	for (size_t i = 0; i < r->n; i++) {
		fact_object(out, NULL);
		fact_u64(out, "offset", r->at[i].from);
		fact_size(out, "length", r->at[i].len);
		fact_end_object(out);
	}
	fact_end_list(out);
}

static void messages(struct facts *out, const struct dump_result *r)
{
	fact_list(out, "messages");
	for (size_t i = 0; i < r->n_messages; i++) {
		const struct dump_message *m = &r->messages[i];

		fact_object(out, NULL);
		fact_u64(out, "offset", m->at);
		fact_size(out, "length", m->len);
		if (m->full_len != m->len)
			fact_size(out, "full_length", m->full_len);
		if (m->sender)
			fact_bytes(out, "sender", m->sender, m->sender_len);
		fact_end_object(out);
	}
	fact_end_list(out);
}

static void error(struct facts *out, const struct fail *f)
{
	if (!f->err)
		return;
	fact_object(out, "error");
	fact_text(out, "call", f->call);
	fact_text(out, "errno", fail_errno_name(f->err));
	if (f->why[0])
		fact_bytes(out, "why", f->why, strlen(f->why));
	fact_end_object(out);
}

void dump_facts(const struct dump_result *r, struct facts *out)
{
	static const char *const ends[] = {
		[DUMP_END_CLOSED] = "last writer closed",
		[DUMP_END_EXITED] = "target exited",
		[DUMP_END_STOPPED] = "stopped",
	};

	if (r->path)
		fact_bytes(out, "file", r->path, strlen(r->path));
	fact_bool(out, "complete", r->complete);
	fact_size(out, "size", r->size);
	fact_size(out, "copied", r->copied);
	if (r->resumed)
		fact_size(out, "resumed", r->resumed);
	for (int i = 0; i < HASH_COUNT; i++)
		if (r->hash.hex[i][0])
			fact_text(out, hash_name(i), r->hash.hex[i]);
	fact_text(out, "method", r->method);
	fact_text(out, "effect", dump_caused(r));
	ranges(out, "extents", &r->extents);
	ranges(out, "unreadable", &r->bad);
	ranges(out, "unstable", &r->unstable);
	if (r->n_messages)
		messages(out, r);
	if (r->missing[0])
		fact_text(out, "missing", r->missing);
	if (r->end != DUMP_END_DATA)
		fact_text(out, "followed_until", ends[r->end]);
	if (r->frozen) {
		fact_text(out, "frozen_by", r->frozen);
		fact_ns(out, "pause", r->pause_ns);
	}
	fact_ns(out, "copy_time", r->copy_ns);
	fact_ns(out, "sync_time", r->sync_ns);
	error(out, &r->fail);
}

/* The last component; of "socket:[1]" and the like all of it. */
static void base_name(const struct fdent *e, const char **name, size_t *len)
{
	*name = e->name ? e->name : "";
	*len = e->name_len;
	for (size_t i = *len; e->name && i > 0 && e->name[0] == '/'; i--)
		if (e->name[i - 1] == '/') {
			*name = e->name + i;
			*len = e->name_len - i;
			return;
		}
}

void dump_file_name(struct buf *out, const struct fdent *e)
{
	const struct kind *k = e->kind ? e->kind : kind_of(e);
	const char *name;
	size_t len;

	if (e->proc && e->proc->tid)
		buf_addf(out, "%d.%d-", e->proc->pid, e->proc->tid);
	else if (e->proc)
		buf_addf(out, "%d-", e->proc->pid);
	if (e->fd >= 0)
		buf_addf(out, "%d-", e->fd);
	else
		buf_addf(out, "%s-", assoc_name(e->assoc));
	buf_addf(out, "%s-", k->name);
	base_name(e, &name, &len);
	text_file_name(out, name, len, 160);
}
