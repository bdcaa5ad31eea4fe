/* SPDX-License-Identifier: MIT */
#include "src/survey/nets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "src/base/fd.h"
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

/* Sockets that are in none of the common tables. */
static bool settle(struct survey *s, struct procent *p, struct fdent *e)
{
	if (!is_socket(e) || e->sock)
		return true;
	e->sock = sock_tables_find(s->net, e->ino);
	(void)p;
	return e->sock != NULL;
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
			settle(s, s->procs[i], &s->procs[i]->rows[k]);
}
