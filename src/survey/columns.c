/* SPDX-License-Identifier: MIT */
#include "src/survey/columns.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "src/base/alloc.h"
#include "src/kind/origin.h"
#include "src/share/peers.h"

/* ---- by name ---- */

static bool is_word(const char *s, size_t len)
{
	if (!len || !(isalpha((unsigned char)s[0]) || s[0] == '_'))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("_.-", s[i]))
			return false;
	return true;
}

static const struct column *in_table(const char *name)
{
	for (const struct column *c = column_table; c->name; c++)
		if (strcasecmp(name, c->name) == 0 || strcasecmp(name, c->alias) == 0)
			return c;
	return NULL;
}

int column_find(struct column_ref *ref, const char *name, size_t len)
{
	static const char detail[] = "detail.";

	memset(ref, 0, sizeof(*ref));
	if (!len || len >= sizeof(ref->fact))
		return -EINVAL;
	memcpy(ref->fact, name, len);
	ref->column = in_table(ref->fact);
	if (ref->column) {
		snprintf(ref->fact, sizeof(ref->fact), "%s", ref->column->name);
		return 0;
	}
	if (strncasecmp(ref->fact, detail, sizeof(detail) - 1) == 0)
		memmove(ref->fact, ref->fact + sizeof(detail) - 1, len - (sizeof(detail) - 1) + 1);
	if (!is_word(ref->fact, strlen(ref->fact)))
		return -EINVAL;
	for (char *p = ref->fact; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return 0;
}

const char *column_heading(const struct column_ref *ref)
{
	return ref->column ? ref->column->alias : ref->fact;
}

static int list_add(struct column_list *list, const char *text, struct fail *f)
{
	while (*text) {
		size_t len = strcspn(text, ",");

		list->at = xreallocarray(list->at, list->n + 1, sizeof(*list->at));
		if (column_find(&list->at[list->n], text, len) < 0) {
			fail_set(f, EINVAL, "columns", "%.*s", (int)(len < 200 ? len : 200), text);
			fail_why(f, "this is no name of a column or a fact");
			fail_class(f, FAIL_USAGE);
			return -EINVAL;
		}
		list->n++;
		text += len;
		text += *text == ',';
	}
	return 0;
}

int column_list_parse(struct column_list *list, const char *text, const char *base, struct fail *f)
{
	int r = 0;

	*list = (struct column_list){ 0 };
	if (*text == '+') {
		r = list_add(list, base, f);
		text++;
	}
	if (r == 0)
		r = list_add(list, text, f);
	if (r == 0 && !list->n) {
		r = fail_set(f, EINVAL, "", "columns");
		fail_why(f, "none is named");
		fail_class(f, FAIL_USAGE);
	}
	if (r < 0)
		column_list_release(list);
	return r;
}

void column_list_release(struct column_list *list)
{
	free(list->at);
	*list = (struct column_list){ 0 };
}

/* ---- the facts of one row ---- */

static struct columns *columns_of(const struct facts *sink)
{
	return (struct columns *)(uintptr_t)((const char *)sink - offsetof(struct columns, facts));
}

/* Does the template mention {name}, in whatever form? */
static bool brief_has(const char *brief, const char *name)
{
	size_t len = strlen(name);

	for (; brief && (brief = strchr(brief, '{')); brief++)
		if (strncmp(brief + 1, name, len) == 0 && brief[1 + len] &&
		    strchr("}.!?~#-", brief[1 + len]))
			return true;
	return false;
}

static bool wants(const struct facts *sink, const char *name)
{
	const struct columns *c = columns_of(sink);
	size_t len = strcspn(name, ".");

	if (c->wants_all || c->facts.depth)
		return true;
	for (size_t i = 0; i < c->n_wanted; i++)
		if (strncmp(c->wanted[i], name, len) == 0 && !c->wanted[i][len])
			return true;
	return c->wants_brief && brief_has(c->facts_of->kind->brief, name);
}

static const struct facts_flat *facts_of(struct columns *c, const struct fdent *e)
{
	if (c->facts_of == e)
		return &c->facts;
	facts_flat_reset(&c->facts);
	c->facts_of = e;
	if (c->grab.take)
		c->grab.take(c->grab.arg, e, &c->ctx);
	/* No template of DETAIL has facts that all kinds share, such as locks. */
	if (c->n_wanted || c->wants_all)
		kind_facts(e, &c->ctx, &c->facts.sink);
	else
		e->kind->facts(e, &c->ctx, &c->facts.sink);
	if (c->grab.take)
		c->grab.give(c->grab.arg, &c->ctx);
	return &c->facts;
}

void columns_init(struct columns *c, const struct survey *s, enum text_mode text)
{
	memset(c, 0, sizeof(*c));
	c->text = text;
	facts_flat_init(&c->facts, NULL);
	c->ops = *c->facts.sink.ops;
	c->ops.wants = wants;
	c->facts.sink.ops = &c->ops;
	columns_move(c, s);
}

void columns_move(struct columns *c, const struct survey *s)
{
	c->s = s;
	c->ctx = survey_ctx(s);
	c->ctx.deep = c->wants_deep;
	if (c->has_marks)
		marks_release(&c->marks);
	c->has_marks = false;
	columns_forget(c);
}

void columns_forget(struct columns *c)
{
	c->facts_of = NULL;
}

void columns_release(struct columns *c)
{
	if (c->has_marks)
		marks_release(&c->marks);
	facts_flat_release(&c->facts);
	buf_release(&c->scratch);
	for (size_t i = 0; i < c->n_users; i++)
		free(c->users[i].name);
	free(c->users);
	memset(c, 0, sizeof(*c));
}

/* Facts of `show` that cost a system call each: got for a table only if it asks. */
static bool is_deep(const char *fact, size_t len)
{
	static const char *const names[] = { "mode",         "gid",         "atime",
					     "mtime",        "ctime",       "btime",
					     "blksize",      "attributes",  "driver",
					     "mount_source", "path_for_us", "path_in_target" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == len && memcmp(names[i], fact, len) == 0)
			return true;
	return false;
}

static void want_fact(struct columns *c, const char *fact)
{
	size_t len = strcspn(fact, ".");

	if (is_deep(fact, len))
		c->wants_deep = c->ctx.deep = true;
	for (size_t i = 0; i < c->n_wanted; i++)
		if (strncmp(c->wanted[i], fact, len) == 0 && !c->wanted[i][len])
			return;
	if (c->n_wanted == COLUMNS_FACTS_MAX)
		c->wants_all = true;
	else
		snprintf(c->wanted[c->n_wanted++], sizeof(c->wanted[0]), "%.*s", (int)len, fact);
	columns_forget(c);
}

void columns_want(struct columns *c, const struct column_ref *ref)
{
	if (ref->column && ref->column->show == column_show_detail)
		c->wants_brief = true;
	if (!ref->column || !ref->column->get)
		want_fact(c, ref->fact);
}

/* ---- values ---- */

/* Is "watches.12.tfd" asked for by "watches.tfd"? Numbers in it may be left out. */
static bool name_matches(const char *fact, const char *asked)
{
	for (;;) {
		size_t a = strcspn(fact, "."), b = strcspn(asked, ".");

		if (a == b && memcmp(fact, asked, a) == 0) {
			asked += b + (asked[b] == '.');
		} else if (!isdigit((unsigned char)*fact)) {
			return false;
		}
		if (!fact[a])
			return !*asked;
		fact += a + 1;
		if (!*asked && !isdigit((unsigned char)*fact))
			return false;
	}
}

/* Is "so_peercred.uid" inside of "so_peercred"? And not one of a list. */
static bool is_member(const char *fact, const char *asked)
{
	size_t len = strlen(asked);

	return strncmp(fact, asked, len) == 0 && fact[len] == '.' &&
	       !isdigit((unsigned char)fact[len + 1]);
}

/* Of "watches", whose elements are objects: how many. */
static size_t elements(const struct facts_flat *facts, const char *asked)
{
	size_t len = strlen(asked), n = 0;
	unsigned long last = 0, number;

	for (size_t i = 0; i < facts->n; i++) {
		const char *name = facts->at[i].name;

		if (strncmp(name, asked, len) != 0 || name[len] != '.' ||
		    !isdigit((unsigned char)name[len + 1]))
			continue;
		number = strtoul(name + len + 1, NULL, 10);
		n += !n || number != last;
		last = number;
	}
	return n;
}

bool column_next(struct columns *c, const struct column_ref *ref, const struct fdent *e, size_t *at,
		 struct fact *value)
{
	const struct facts_flat *facts;
	bool first = !*at;
	size_t n;

	if (ref->column && ref->column->get)
		return !(*at)++ && ref->column->get(c, e, value);
	want_fact(c, ref->fact);
	facts = facts_of(c, e);
	while (*at < facts->n) {
		const struct fact *fact = &facts->at[(*at)++];

		if (fact->type == FACT_FAIL || fact->type == FACT_NULL ||
		    (!name_matches(fact->name, ref->fact) && !is_member(fact->name, ref->fact)))
			continue;
		*value = *fact;
		return true;
	}
	n = first ? elements(facts, ref->fact) : 0;
	*value = (struct fact){ .type = FACT_U64, .u64 = n };
	return n > 0;
}

bool column_value(struct columns *c, const struct column_ref *ref, const struct fdent *e,
		  struct fact *value)
{
	size_t at = 0;

	return column_next(c, ref, e, &at, value);
}

static bool failed_fact(struct columns *c, const struct column_ref *ref, const struct fdent *e,
			struct buf *out)
{
	const struct fact *fact;

	if (ref->column && ref->column->get)
		return false;
	fact = facts_flat_find(facts_of(c, e), ref->fact);
	if (!fact || fact->type != FACT_FAIL)
		return false;
	fact_display(out, fact, c->text);
	return true;
}

void column_format(struct buf *out, struct columns *c, const struct column_ref *ref,
		   const struct fdent *e)
{
	struct fact value;
	size_t at = 0, before = out->len;

	if (ref->column && ref->column->show) {
		ref->column->show(out, c, e);
	} else {
		while (column_next(c, ref, e, &at, &value)) {
			if (out->len > before)
				buf_addc(out, ' ');
			fact_display(out, &value, c->text);
		}
	}
	if (out->len == before && !failed_fact(c, ref, e, out))
		buf_addc(out, '-');
}

static char *user_name(uid_t uid)
{
	struct passwd pw, *found = NULL;
	char room[4096];

	if (getpwuid_r(uid, &pw, room, sizeof(room), &found) == 0 && found)
		return xstrdup(pw.pw_name);
	return xasprintf("%u", uid);
}

const char *columns_user(struct columns *c, uid_t uid)
{
	for (size_t i = 0; i < c->n_users; i++)
		if (c->users[i].uid == uid)
			return c->users[i].name;
	c->users = xreallocarray(c->users, c->n_users + 1, sizeof(*c->users));
	c->users[c->n_users] = (struct columns_user){ uid, user_name(uid) };
	return c->users[c->n_users++].name;
}

static const char *pipe_word(const struct fdent *peer)
{
	switch (peer->flags & O_ACCMODE) {
	case O_RDONLY:
		return "reader";
	case O_WRONLY:
		return "writer";
	default:
		return "peer";
	}
}

static void show_peer(struct buf *out, struct columns *c, const struct fdent *e)
{
	size_t at = 0, n = peers_count(c->s->peers, e);
	const struct fdent *peer = peers_next(c->s->peers, e, &at);

	if (!peer)
		return;
	buf_addf(out, ", %s %d", S_ISFIFO(e->mode) ? pipe_word(peer) : "peer", peer->proc->pid);
	if (peer->proc->tid)
		buf_addf(out, "/%d", peer->proc->tid);
	buf_addf(out, ":%d ", peer->fd);
	text_display(out, peer->proc->comm, peer->proc->comm_len, c->text);
	if (n > 1)
		buf_addf(out, " +%zu", n - 1);
}

void column_show_detail(struct buf *out, struct columns *c, const struct fdent *e)
{
	size_t before = out->len;

	if (e->err && !(e->have & HAVE_LINK)) {
		buf_addf(out, "%s from %s", fail_errno_name(e->err), e->err_call);
		return;
	}
	if (!c->wants_brief) {
		c->wants_brief = true;
		columns_forget(c);
	}
	if (e->kind->brief)
		facts_brief(out, e->kind->brief, facts_of(c, e), c->text);
	if (out->len == before)
		text_display(out, e->name ? e->name : "", e->name_len, c->text);
	if (e->deleted == DELETED_NAME)
		buf_adds(out, "  [name deleted]");
	/* What never had a name lost none: memfds and the like. */
	if (e->deleted == DELETED_INODE && e->origin != ORIGIN_KERNEL)
		buf_adds(out, "  [deleted]");
	show_peer(out, c, e);
}
