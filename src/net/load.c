/* SPDX-License-Identifier: MIT */
#include "src/net/tables.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/buf.h"
#include "src/base/fd.h"
#include "src/net/diag.h"
#include "src/net/procnet.h"
#include "src/net/store.h"
#include "src/proc/procfs.h"

enum { TRIES = 4 }; /* of a dump that the kernel says is inconsistent */

uint64_t sock_own_netns(void)
{
	struct stat st;

	return stat("/proc/thread-self/ns/net", &st) == 0 ? st.st_ino : 0;
}

/* One load: the namespace, and the ways into it, opened when first needed. */
struct load {
	struct sock_tables *t;
	struct sock_netns *ns;
	int dir;
	unsigned what;
	struct diag diag;
	bool diag_tried;
	int diag_err; /* negative: netlink is out of reach */
	bool any;
};

static struct sock_netns *get_netns(struct sock_tables *t, uint64_t ino)
{
	struct sock_netns *ns = (struct sock_netns *)sock_tables_find_netns(t, ino);

	/* Those without a number may all be different ones. */
	if (ns && ino)
		return ns;
	t->netns = xreallocarray(t->netns, t->n_netns + 1, sizeof(struct sock_netns *));
	ns = xcalloc(1, sizeof(*ns));
	ns->ino = ino;
	ns->own = ino && ino == sock_own_netns();
	t->netns[t->n_netns++] = ns;
	return ns;
}

static int in_namespace(int ns_fd, uint64_t ino)
{
	struct stat st;

	if (fstat(ns_fd, &st) < 0)
		return -errno;
	return st.st_ino == ino ? 0 : -ESTALE;
}

/* -ESTALE ends the load; other failures leave /proc. */
static int enter(struct load *l)
{
	bool route = l->what & SOCK_WANT_ADDRS;
	autoclose int ns = -1;
	int r;

	if (l->ns->own)
		return diag_open(&l->diag, -1, route);
	l->diag.call = "open";
	if (!l->ns->ino)
		return -EACCES;
	ns = openat(l->dir, "ns/net", O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return -errno;
	l->diag.call = "fstat";
	r = in_namespace(ns, l->ns->ino);
	return r < 0 ? r : diag_open(&l->diag, ns, route);
}

static int need_diag(struct load *l)
{
	if (l->what & SOCK_WANT_PROC)
		return -EOPNOTSUPP;
	if (l->diag_tried)
		return l->diag_err;
	l->diag_tried = true;
	l->diag_err = enter(l);
	l->ns->setns_err = -l->diag_err;
	l->ns->setns_call = l->diag_err ? l->diag.call : NULL;
	return l->diag_err;
}

/* All families of a table, again while it changes under our eyes. */
static int load_diag(struct load *l, enum sock_table table)
{
	struct sock_table_state *state = &l->ns->table[table];
	size_t mark = l->t->n;
	int r = need_diag(l), try;

	if (r < 0) {
		state->call = l->diag.call;
		return r;
	}
	for (try = 0; try < TRIES; try++) {
		state->changed = false;
		r = diag_dump(&l->diag, table, l->what, (uint32_t)l->ns->ino, store_put, l->t,
			      &state->changed);
		state->call = l->diag.call;
		if (r == 0 && (!state->changed || try + 1 == TRIES))
			return 0;
		store_rewind(l->t, mark);
		if (r == -ENOBUFS)
			r = 0;
		if (r < 0)
			return r;
	}
	return -ENOBUFS;
}

/* One file of several may be missing: IPv6 may be off. */
static int load_proc(struct load *l, enum sock_table table)
{
	const struct procnet_file *file;
	int result = -ENOTSUP, r;
	size_t i;

	for (i = 0; (file = procnet_file(table, i)); i++) {
		autobuf text = BUF_INIT;

		r = proc_read(l->dir, file->path, &text);
		if (r == 0)
			r = procnet_parse(file, (uint32_t)l->ns->ino, buf_str(&text), text.len,
					  store_put, l->t);
		if (r == 0)
			result = 0;
		else if (result < 0)
			result = r;
	}
	return result;
}

static void load_table(struct load *l, enum sock_table table)
{
	struct sock_table_state *state = &l->ns->table[table];
	size_t before = l->t->n;
	int r = -ENOTSUP;

	if (diag_has_table(table)) {
		r = load_diag(l, table);
		state->err = -r;
	}
	if (r == 0) {
		state->source = SOCK_SOURCE_NETLINK;
	} else if (procnet_file(table, 0)) {
		r = load_proc(l, table);
		if (r == 0)
			state->source = SOCK_SOURCE_PROC;
		else if (!diag_has_table(table) || (l->what & SOCK_WANT_PROC))
			state->err = -r;
	} else if (!diag_has_table(table)) {
		state->err = -r;
	}
	if (!state->err)
		state->call = NULL;
	state->n = (uint32_t)(l->t->n - before);
	l->any |= state->source != SOCK_SOURCE_NONE;
}

static void take_addr(void *arg, const struct sock_addr *a)
{
	struct load *l = arg;

	store_add_addr(l->t, (uint32_t)l->ns->ino, a);
}

static void load_addrs(struct load *l)
{
	autobuf v4 = BUF_INIT;
	autobuf v6 = BUF_INIT;

	if (need_diag(l) == 0 && diag_addresses(&l->diag, take_addr, l) == 0)
		return;
	if (proc_read(l->dir, "net/fib_trie", &v4) == 0)
		procnet_parse_fib_trie(buf_str(&v4), v4.len, take_addr, l);
	if (proc_read(l->dir, "net/if_inet6", &v6) == 0)
		procnet_parse_if_inet6(buf_str(&v6), v6.len, take_addr, l);
}

static int report(const struct load *l, struct fail *f)
{
	enum sock_table table;

	if (l->any)
		return 0;
	for (table = 0; table < SOCK_TABLES; table++) {
		const struct sock_table_state *s = &l->ns->table[table];

		if ((l->what & SOCK_WANT(table)) && s->err)
			return fail_set(f, s->err, s->call ? s->call : "read",
					"%s sockets of network namespace %llu",
					sock_table_name(table), (unsigned long long)l->ns->ino);
	}
	return 0;
}

/* The /proc files are those of where the process is now. */
static int check_still_there(const struct load *l, struct fail *f)
{
	struct stat st;

	if (!l->ns->ino || fstatat(l->dir, "ns/net", &st, 0) < 0 || st.st_ino == l->ns->ino)
		return 0;
	return fail_set(f, ESTALE, "fstat", "network namespace %llu",
			(unsigned long long)l->ns->ino);
}

int sock_tables_add_netns(struct sock_tables *t, int proc_pid_dir, uint64_t netns_ino,
			  unsigned what, struct fail *f)
{
	struct load l = { .t = t, .dir = proc_pid_dir, .what = what };
	enum sock_table table;
	size_t mark = t->n;
	unsigned missing;
	int r;

	l.ns = get_netns(t, netns_ino);
	r = check_still_there(&l, f);
	if (r < 0)
		return r;
	missing = what & ~l.ns->asked;
	l.ns->asked |= what;
	if (!(missing & (SOCK_WANT_ALL | SOCK_WANT_ADDRS)))
		return 0;
	l.what = what & ~(SOCK_WANT_ALL | SOCK_WANT_ADDRS);
	l.what |= missing & (SOCK_WANT_ALL | SOCK_WANT_ADDRS);
	for (table = 0; table < SOCK_TABLES; table++) {
		if (missing & SOCK_WANT(table))
			load_table(&l, table);
	}
	if (missing & SOCK_WANT_ADDRS)
		load_addrs(&l);
	diag_close(&l.diag);
	r = check_still_there(&l, f);
	if (r < 0) {
		store_rewind(t, mark);
		l.ns->asked &= ~missing;
	}
	peers_index(t);
	return r < 0 ? r : report(&l, f);
}
