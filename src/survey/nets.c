/* SPDX-License-Identifier: MIT */
#include "src/survey/nets.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "src/base/fd.h"
#include "src/base/sys.h"
#include "src/kind/socket.h"
#include "src/net/tables.h"
#include "src/proc/procfs.h"

static bool is_socket(const struct fdent *e)
{
	return e->assoc == ASSOC_FD && S_ISSOCK(e->mode) && (e->have & HAVE_LINK) &&
	       e->name[0] != '/';
}

static bool has_sockets(const struct procent *p)
{
	for (uint32_t i = 0; i < p->n_rows; i++)
		if (is_socket(&p->rows[i]))
			return true;
	return false;
}

static void load_of(struct survey *s, const struct procent *p, unsigned want)
{
	autoclose int dir = proc_open_process(s->procfs, p->pid, 0);

	if (dir >= 0)
		sock_tables_add_netns(s->net, dir, p->netns, want, NULL);
}

/* Who is asked for protocols: one process after the other. */
struct asked {
	const struct survey *s;
	const struct procent *proc;
	int dir; /* of the process, or -errno */
};

static void asked_release(struct asked *a)
{
	fd_close(&a->dir);
}
#define autoasked __attribute__((cleanup(asked_release))) struct asked

/*
 * The protocol of a socket: asked of the magic link, so it walks nothing and
 * blocks on nobody. Costs as much as a readlink.
 */
static void ask_protocol(struct asked *a, struct fdent *e)
{
	char path[24], name[32];
	ssize_t n;

	if (a->proc != e->proc) {
		fd_close(&a->dir);
		a->proc = e->proc;
		a->dir = proc_open_process(a->s->procfs, e->proc->pid, e->proc->tid);
	}
	if (a->dir < 0)
		return;
	snprintf(path, sizeof(path), "fd/%d", e->fd);
	n = sys_getxattrat(a->dir, path, "system.sockprotoname", name, sizeof(name));
	if (n > 0)
		e->proto = socket_proto_parse(name, (size_t)n);
}

static size_t count_sockets(const struct survey *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_procs; i++)
		for (uint32_t k = 0; k < s->procs[i]->n_rows; k++)
			n += is_socket(&s->procs[i]->rows[k]);
	return n;
}

/*
 * A table costs as much for one socket as for all: the kernel walks every hash
 * bucket of TCP. So with few sockets ask each for its protocol first.
 */
#define FEW_SOCKETS 256

static unsigned tables_of(struct asked *a, const struct procent *p)
{
	unsigned want = 0;

	for (uint32_t i = 0; i < p->n_rows; i++) {
		struct fdent *e = &p->rows[i];
		enum sock_table table;

		if (!is_socket(e))
			continue;
		ask_protocol(a, e);
		table = socket_proto_table(e->proto);
		want |= table == SOCK_TABLES ? SOCK_WANT_COMMON : SOCK_WANT(table);
	}
	return want;
}

static void load_few(struct survey *s, unsigned extensions)
{
	autoasked asked = { .s = s, .dir = -1 };

	for (size_t i = 0; i < s->n_procs; i++) {
		unsigned want = tables_of(&asked, s->procs[i]);

		bool udp = want & (SOCK_WANT(SOCK_TABLE_UDP) | SOCK_WANT(SOCK_TABLE_UDPLITE));

		if (want)
			load_of(s, s->procs[i],
				want | (udp ? extensions : extensions & ~SOCK_WANT_ADDRS));
	}
}

/* The first process of each namespace lends us its directory. */
static void load_common(struct survey *s, unsigned want)
{
	for (size_t i = 0; i < s->n_procs; i++) {
		const struct procent *p = s->procs[i];

		if (p->netns && sock_tables_find_netns(s->net, p->netns))
			continue;
		if (has_sockets(p))
			load_of(s, p, want);
	}
}

/*
 * A socket stays in the namespace that it was made in, wherever its process goes: one
 * that a container got from outside is mostly of ours.
 */
static void load_own(struct survey *s, const struct fdent *e, uint64_t ours, unsigned want)
{
	autoclose int dir = -1;

	if (!ours || !e->proc->netns || ours == e->proc->netns)
		return;
	dir = openat(s->procfs, "self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0)
		sock_tables_add_netns(s->net, dir, ours, want, NULL);
}

/* A rare table is loaded once a namespace, however many of its sockets are unknown. */
static void settle(struct survey *s, struct asked *asked, struct fdent *e, uint64_t ours,
		   unsigned extensions)
{
	enum sock_table table;

	if (!is_socket(e))
		return;
	e->sock = sock_tables_find(s->net, e->ino);
	if (e->sock)
		return;
	if (!e->proto)
		ask_protocol(asked, e);
	table = socket_proto_table(e->proto);
	if (table == SOCK_TABLES)
		return;
	if (!(SOCK_WANT(table) & SOCK_WANT_COMMON)) {
		load_of(s, e->proc, SOCK_WANT(table) | extensions);
		e->sock = sock_tables_find(s->net, e->ino);
	}
	if (e->sock)
		return;
	load_own(s, e, ours, SOCK_WANT(table) | extensions);
	e->sock = sock_tables_find(s->net, e->ino);
}

void nets_load(struct survey *s, unsigned want)
{
	unsigned tables = SOCK_WANT_COMMON | SOCK_WANT_MEM;
	uint64_t ours = sock_own_netns();
	autoasked asked = { .s = s, .dir = -1 };

	if (want & SURVEY_SOCK_INFO)
		tables |= SOCK_WANT_INFO;
	if (want & SURVEY_PEERS)
		tables |= SOCK_WANT_ADDRS;
	s->net = sock_tables_new();
	if (count_sockets(s) <= FEW_SOCKETS)
		load_few(s, tables & ~SOCK_WANT_COMMON);
	else
		load_common(s, tables);
	for (size_t i = 0; i < s->n_procs; i++)
		for (uint32_t k = 0; k < s->procs[i]->n_rows; k++)
			settle(s, &asked, &s->procs[i]->rows[k], ours, tables & ~SOCK_WANT_COMMON);
}
