/* SPDX-License-Identifier: MIT */
#include "src/survey/nets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "src/base/fd.h"
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
 * The protocol of a socket that no loaded table has: unbound, or of a rare
 * family. Asked of the magic link, so it walks nothing and blocks on nobody.
 */
static void ask_protocol(const struct survey *s, struct fdent *e)
{
	char path[96], name[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%d/task/%d/fd/%d", s->procfs, e->proc->pid,
		 e->proc->tid ? e->proc->tid : e->proc->pid, e->fd);
	n = getxattr(path, "system.sockprotoname", name, sizeof(name));
	if (n > 0)
		e->proto = socket_proto_parse(name, (size_t)n);
}

/* A rare table is loaded once a namespace, however many of its sockets are unknown. */
static void settle(struct survey *s, struct fdent *e, unsigned extensions)
{
	enum sock_table table;

	if (!is_socket(e))
		return;
	e->sock = sock_tables_find(s->net, e->ino);
	if (e->sock)
		return;
	ask_protocol(s, e);
	table = socket_proto_table(e->proto);
	if (table == SOCK_TABLES || (SOCK_WANT(table) & SOCK_WANT_COMMON))
		return;
	load_of(s, e->proc, SOCK_WANT(table) | extensions);
	e->sock = sock_tables_find(s->net, e->ino);
}

void nets_load(struct survey *s, unsigned want)
{
	unsigned tables = SOCK_WANT_COMMON | SOCK_WANT_MEM;

	if (want & SURVEY_SOCK_INFO)
		tables |= SOCK_WANT_INFO;
	if (want & SURVEY_PEERS)
		tables |= SOCK_WANT_ADDRS;
	s->net = sock_tables_new();
	load_common(s, tables);
	for (size_t i = 0; i < s->n_procs; i++)
		for (uint32_t k = 0; k < s->procs[i]->n_rows; k++)
			settle(s, &s->procs[i]->rows[k], tables & ~SOCK_WANT_COMMON);
}
