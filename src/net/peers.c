/* SPDX-License-Identifier: MIT */
#include "src/net/tables.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "src/net/store.h"

/* What a link of the store stands for; part of its hash. */
enum key_kind {
	KEY_CONNECTED,    /* own addresses: looked up with those reversed */
	KEY_BOUND,        /* a listener, or a datagram socket without a remote end */
	KEY_AIMED,        /* the remote address of a connected datagram socket */
	KEY_AIMED_INSIDE, /* the same where that is a loopback address: port only */
	KEY_UNIX_PEER,    /* inode of the peer */
	KEY_UNIX_WAITING, /* inode of a client in a listener's backlog */
};

struct key {
	struct sock_addr a, b;
	uint32_t a_port, b_port;
	uint32_t kind, table;
};

static uint32_t key_hash(const struct sock_tables *t, const struct key *k)
{
	uint64_t h = store_hash(t->seed, k, sizeof(*k));

	return (uint32_t)(h ^ h >> 32);
}

static uint32_t address_hash(const struct sock_tables *t, enum key_kind kind, unsigned table,
			     const struct sock_addr *a, uint32_t port)
{
	struct key k;

	memset(&k, 0, sizeof(k));
	k.kind = kind;
	k.table = table;
	k.a = *a;
	k.a_port = port;
	return key_hash(t, &k);
}

static uint32_t number_hash(const struct sock_tables *t, enum key_kind kind, uint32_t number,
			    uint32_t port)
{
	struct key k;

	memset(&k, 0, sizeof(k));
	k.kind = kind;
	k.a_port = number;
	k.b_port = port;
	return key_hash(t, &k);
}

static bool is_datagram(const struct sock_info *s)
{
	return s->table == SOCK_TABLE_UDP || s->table == SOCK_TABLE_UDPLITE;
}

/* Has two addresses that name a connection. Those of raw and ping sockets do not. */
static bool is_connected(const struct sock_info *s)
{
	if (s->table == SOCK_TABLE_RAW || s->table == SOCK_TABLE_PING)
		return false;
	if (s->family == AF_VSOCK)
		return sock_has_remote(s);
	return sock_is_inet(s) && s->in.rport;
}

static uint32_t connection_hash(const struct sock_tables *t, const struct sock_info *s,
				bool reversed)
{
	struct key k;

	memset(&k, 0, sizeof(k));
	k.kind = KEY_CONNECTED;
	k.table = s->table;
	if (s->family == AF_VSOCK) {
		k.a_port = reversed ? s->vm.remote_port : s->vm.local_port;
		k.b_port = reversed ? s->vm.local_port : s->vm.remote_port;
	} else {
		k.a = reversed ? s->in.remote : s->in.local;
		k.b = reversed ? s->in.local : s->in.remote;
		k.a_port = reversed ? s->in.rport : s->in.lport;
		k.b_port = reversed ? s->in.lport : s->in.rport;
	}
	return key_hash(t, &k);
}

static void index_unix(struct sock_tables *t, size_t i, const struct sock_info *s)
{
	uint32_t k;

	if (s->un.peer)
		store_link(t, number_hash(t, KEY_UNIX_PEER, s->un.peer, 0), i);
	for (k = 0; k < s->un.n_icons; k++)
		store_link(t, number_hash(t, KEY_UNIX_WAITING, s->un.icons[k], 0), i);
}

static void index_one(struct sock_tables *t, size_t i)
{
	const struct sock_info *s = store_at(t, i);

	if (s->family == AF_UNIX) {
		index_unix(t, i, s);
	} else if (is_connected(s)) {
		store_link(t, connection_hash(t, s, false), i);
		if (!is_datagram(s))
			return;
		store_link(t, address_hash(t, KEY_AIMED, s->table, &s->in.remote, s->in.rport), i);
		if (sock_addr_is_loopback(&s->in.remote))
			store_link(t, number_hash(t, KEY_AIMED_INSIDE, s->netns, s->in.rport), i);
	} else if (sock_is_inet(s) && s->in.lport) {
		store_link(t, address_hash(t, KEY_BOUND, s->table, &s->in.local, s->in.lport), i);
	}
}

void peers_index(struct sock_tables *t)
{
	for (; t->linked < t->n; t->linked++)
		index_one(t, t->linked);
	store_sort_addrs(t);
}

struct found {
	const struct sock_info **out;
	size_t max, n;
};

static void add(struct found *f, const struct sock_info *s)
{
	if (f->n < f->max)
		f->out[f->n] = s;
	f->n++;
}

static const struct sock_info *linked(const struct sock_tables *t, uint32_t link)
{
	return store_at(t, t->link[link - 1].sock);
}

static bool is_reversed(const struct sock_info *s, const struct sock_info *c)
{
	if (c->table != s->table || c->family == AF_UNIX)
		return false;
	if (s->family == AF_VSOCK)
		return c->vm.local_port == s->vm.remote_port &&
		       c->vm.remote_port == s->vm.local_port &&
		       c->vm.local_cid == s->vm.remote_cid && c->vm.remote_cid == s->vm.local_cid;
	return c->in.lport == s->in.rport && c->in.rport == s->in.lport &&
	       sock_addr_equal(&c->in.local, &s->in.remote) &&
	       sock_addr_equal(&c->in.remote, &s->in.local);
}

/* Loopback addresses mean another machine, so to speak, in each namespace. */
static bool can_leave(const struct sock_info *s)
{
	return s->family == AF_VSOCK ||
	       !(sock_addr_is_loopback(&s->in.remote) || sock_addr_is_loopback(&s->in.local));
}

/* Connected sockets with our addresses the other way round, nearest ones first. */
static void find_reversed(const struct sock_tables *t, const struct sock_info *s, struct found *f)
{
	uint32_t hash = connection_hash(t, s, true), i;
	int other;

	for (other = 0; other < 2 && !f->n; other++) {
		if (other && !can_leave(s))
			return;
		for (i = store_first(t, hash); i; i = store_next(t, i)) {
			const struct sock_info *c = linked(t, i);

			if ((c->netns != s->netns) == other && is_reversed(s, c))
				add(f, c);
		}
	}
}

/* Would c, bound to its own address or to any, get what s sends? */
static bool takes_from(const struct sock_tables *t, const struct sock_info *s,
		       const struct sock_info *c)
{
	const struct sock_addr *to = &s->in.remote;

	if (c->table != s->table || c->in.lport != s->in.rport || is_connected(c))
		return false;
	if (c->netns != s->netns && !can_leave(s))
		return false;
	if (!sock_addr_is_any(&c->in.local))
		return sock_addr_equal(&c->in.local, to);
	if (sock_addr_is_v4(to) ? c->family == AF_INET6 && (c->has & SOCK_V6ONLY)
				: c->family == AF_INET)
		return false;
	if (c->netns == s->netns &&
	    (sock_addr_is_loopback(to) || sock_addr_equal(to, &s->in.local)))
		return true;
	return store_has_addr(t, c->netns, to);
}

static void find_bound_to(const struct sock_tables *t, const struct sock_info *s,
			  const struct sock_addr *a, bool other, struct found *f)
{
	uint32_t i = store_first(t, address_hash(t, KEY_BOUND, s->table, a, s->in.rport));

	for (; i; i = store_next(t, i)) {
		const struct sock_info *c = linked(t, i);

		if ((c->netns != s->netns) == other && sock_addr_equal(&c->in.local, a) &&
		    takes_from(t, s, c))
			add(f, c);
	}
}

/* As the kernel looks up: the exact address before any, here before elsewhere. */
static void find_bound(const struct sock_tables *t, const struct sock_info *s, struct found *f)
{
	const struct sock_addr any4 = sock_addr_v4("\0\0\0"), any6 = { { 0 } };
	int other;

	for (other = 0; other < 2; other++) {
		find_bound_to(t, s, &s->in.remote, other, f);
		if (!f->n)
			find_bound_to(t, s, &any4, other, f);
		if (!f->n)
			find_bound_to(t, s, &any6, other, f);
		if (f->n)
			return;
	}
}

static void find_connection(const struct sock_tables *t, const struct sock_info *s, struct found *f)
{
	find_reversed(t, s, f);
	if (!f->n && is_datagram(s))
		find_bound(t, s, f);
}

/* The relation the other way round: c has s among its peers. */
static bool is_peer_of(const struct sock_tables *t, const struct sock_info *s,
		       const struct sock_info *c)
{
	const struct sock_info *some[8];
	struct found f = { some, 8, 0 };
	size_t i;

	if (!takes_from(t, c, s))
		return false;
	find_connection(t, c, &f);
	for (i = 0; i < f.n && i < f.max; i++) {
		if (some[i] == s)
			return true;
	}
	/* More than eight share that port: all of them are as good as we are. */
	return f.n > f.max;
}

static void find_aimed(const struct sock_tables *t, const struct sock_info *s, uint32_t hash,
		       const struct sock_addr *at, struct found *f)
{
	uint32_t i;

	for (i = store_first(t, hash); i; i = store_next(t, i)) {
		const struct sock_info *c = linked(t, i);

		if (c->table != s->table || !is_connected(c))
			continue;
		if (at ? !sock_addr_equal(&c->in.remote, at)
		       : !sock_addr_is_loopback(&c->in.remote))
			continue;
		if (is_peer_of(t, s, c))
			add(f, c);
	}
}

/* Who sends to a datagram socket that is not connected itself. */
static void find_senders(const struct sock_tables *t, const struct sock_info *s, struct found *f)
{
	size_t i;

	if (!sock_addr_is_any(&s->in.local)) {
		find_aimed(t, s, address_hash(t, KEY_AIMED, s->table, &s->in.local, s->in.lport),
			   &s->in.local, f);
		return;
	}
	find_aimed(t, s, number_hash(t, KEY_AIMED_INSIDE, s->netns, s->in.lport), NULL, f);
	for (i = 0; i < t->n_addrs; i++) {
		const struct sock_addr *a = &t->addr[i].addr;

		if (t->addr[i].netns != s->netns || sock_addr_is_loopback(a))
			continue;
		find_aimed(t, s, address_hash(t, KEY_AIMED, s->table, a, s->in.lport), a, f);
	}
}

static bool is_waiting_at(const struct sock_info *listener, uint32_t inode)
{
	uint32_t i;

	for (i = 0; listener->family == AF_UNIX && i < listener->un.n_icons; i++) {
		if (listener->un.icons[i] == inode)
			return true;
	}
	return false;
}

static void find_unix(const struct sock_tables *t, const struct sock_info *s, struct found *f)
{
	const struct sock_info *c = sock_tables_find(t, s->un.peer);
	uint32_t inode = (uint32_t)s->inode, i, k;

	if (c && c->family == AF_UNIX)
		add(f, c);
	for (i = store_first(t, number_hash(t, KEY_UNIX_PEER, inode, 0)); i; i = store_next(t, i)) {
		c = linked(t, i);
		if (c->family == AF_UNIX && c->un.peer == inode && c->inode != s->un.peer)
			add(f, c);
	}
	/* A client that waits, and a listener: the end between them has no descriptor yet. */
	for (i = store_first(t, number_hash(t, KEY_UNIX_WAITING, inode, 0)); i;
	     i = store_next(t, i)) {
		c = linked(t, i);
		if (is_waiting_at(c, inode))
			add(f, c);
	}
	for (k = 0; k < s->un.n_icons; k++) {
		c = sock_tables_find(t, s->un.icons[k]);
		if (c && c->family == AF_UNIX)
			add(f, c);
	}
}

size_t sock_tables_peers(const struct sock_tables *t, const struct sock_info *s,
			 const struct sock_info **out, size_t max)
{
	struct found f = { out, max, 0 };

	if (s->family == AF_UNIX)
		find_unix(t, s, &f);
	else if (is_connected(s))
		find_connection(t, s, &f);
	else if (is_datagram(s) && s->in.lport)
		find_senders(t, s, &f);
	return f.n;
}

const struct sock_info *sock_tables_listener(const struct sock_tables *t, const struct sock_info *s)
{
	const struct sock_addr any4 = sock_addr_v4("\0\0\0"), any6 = { { 0 } };
	const struct sock_addr *try[3];
	uint32_t i;
	int k;

	if (s->table != SOCK_TABLE_TCP || s->inode)
		return NULL;
	try[0] = &s->in.local;
	try[1] = &any4;
	try[2] = &any6;
	for (k = 0; k < 3; k++) {
		i = store_first(t, address_hash(t, KEY_BOUND, s->table, try[k], s->in.lport));
		for (; i; i = store_next(t, i)) {
			const struct sock_info *c = linked(t, i);

			if (c->table == s->table && c->state == TCP_LISTEN &&
			    c->netns == s->netns && c->in.lport == s->in.lport &&
			    sock_addr_equal(&c->in.local, try[k]))
				return c;
		}
	}
	return NULL;
}
