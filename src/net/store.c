/* SPDX-License-Identifier: MIT */
#include "src/net/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

uint64_t store_hash(uint64_t h, const void *p, size_t len)
{
	const uint8_t *b = p;
	uint64_t w;

	while (len) {
		size_t n = len < sizeof(w) ? len : sizeof(w);

		w = 0;
		memcpy(&w, b, n);
		h = (h ^ w) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
		b += n;
		len -= n;
	}
	return h;
}

struct sock_tables *sock_tables_new(void)
{
	struct sock_tables *t = xcalloc(1, sizeof(*t));

	if (getrandom(&t->seed, sizeof(t->seed), GRND_NONBLOCK) != (ssize_t)sizeof(t->seed))
		t->seed = (uintptr_t)t;
	return t;
}

void sock_tables_free(struct sock_tables *t)
{
	size_t i;

	if (!t)
		return;
	for (i = 0; i < t->n_chunks; i++)
		free(t->chunk[i]);
	for (i = 0; i < t->n_netns; i++)
		free(t->netns[i]);
	free(t->chunk);
	free(t->netns);
	free(t->by_inode);
	free(t->link);
	free(t->bucket);
	free(t->addr);
	arena_release(&t->arena);
	free(t);
}

struct sock_info *store_at(const struct sock_tables *t, size_t i)
{
	return &t->chunk[i / STORE_CHUNK][i % STORE_CHUNK];
}

static struct sock_info *new_record(struct sock_tables *t)
{
	if (t->n == t->n_chunks * STORE_CHUNK) {
		t->chunk = xreallocarray(t->chunk, t->n_chunks + 1, sizeof(*t->chunk));
		t->chunk[t->n_chunks++] = xmalloc(STORE_CHUNK * sizeof(**t->chunk));
	}
	return store_at(t, t->n++);
}

/* Slot of inode, or the empty one where it belongs. */
static size_t inode_slot(const struct sock_tables *t, uint64_t inode)
{
	uint64_t h = store_hash(t->seed, &inode, sizeof(inode));
	size_t i = h & (t->inode_cap - 1);

	while (t->by_inode[i] && store_at(t, t->by_inode[i] - 1)->inode != inode)
		i = (i + 1) & (t->inode_cap - 1);
	return i;
}

static void inode_rebuild(struct sock_tables *t, size_t cap)
{
	size_t i;

	free(t->by_inode);
	t->by_inode = xcalloc(cap, sizeof(*t->by_inode));
	t->inode_cap = cap;
	t->n_inodes = 0;
	for (i = 0; i < t->n; i++) {
		uint64_t inode = store_at(t, i)->inode;
		size_t slot;

		if (!inode)
			continue;
		slot = inode_slot(t, inode);
		if (!t->by_inode[slot]) {
			t->by_inode[slot] = (uint32_t)i + 1;
			t->n_inodes++;
		}
	}
}

/* Where the inode's record is to be noted; its load stays below two thirds. */
static uint32_t *inode_place(struct sock_tables *t, uint64_t inode)
{
	if ((t->n_inodes + 1) * 3 > t->inode_cap * 2)
		inode_rebuild(t, t->inode_cap ? t->inode_cap * 2 : 64);
	return &t->by_inode[inode_slot(t, inode)];
}

static void keep_unix(struct sock_tables *t, struct sock_info *s)
{
	if (s->un.name_len) {
		char *name = arena_copy(&t->arena, s->un.name, s->un.name_len);

		/* /proc shows the NUL that opens an abstract name as @. */
		if ((s->has & SOCK_NAME_LOSSY) && name[0] == '@')
			name[0] = '\0';
		s->un.name = name;
	} else {
		s->un.name = NULL;
	}
	if (s->un.n_icons) {
		size_t size = s->un.n_icons * sizeof(uint32_t);

		s->un.icons = memcpy(arena_alloc(&t->arena, size), s->un.icons, size);
	} else {
		s->un.icons = NULL;
	}
}

/* What the draft points to belongs to the message: copy it. */
static void keep(struct sock_tables *t, struct sock_info *s, const struct sock_draft *d)
{
	const struct sock_more *m = &d->more;

	*s = d->info;
	s->more = NULL;
	if (s->family == AF_UNIX)
		keep_unix(t, s);
	if (s->family == AF_NETLINK && s->nl.groups_len)
		s->nl.groups = (uint8_t *)arena_copy(&t->arena, s->nl.groups, s->nl.groups_len);
	if (m->has)
		s->more = memcpy(arena_alloc(&t->arena, sizeof(*m)), m, sizeof(*m));
}

/*
 * The same inode again. A dump of a changing table gives a socket twice, and
 * an SCTP socket has many associations; but of two lines of /proc/net/unix one
 * may be forged by the other's name.
 */
static void same_again(struct sock_info *s, const struct sock_draft *d)
{
	if (s->table != SOCK_TABLE_UNIX || !(s->has & SOCK_FROM_PROC))
		return;
	if (s->type == d->info.type && s->un.name_len == d->info.un.name_len && !s->un.name_len)
		return;
	s->has |= SOCK_DOUBTFUL;
	s->un.name_len = 0;
	s->un.name = NULL;
}

int store_put(void *tables, const struct sock_draft *draft)
{
	struct sock_tables *t = tables;
	uint64_t inode = draft->info.inode;
	uint32_t *place = inode ? inode_place(t, inode) : NULL;

	if (t->n >= UINT32_MAX - 1)
		return -EOVERFLOW;
	if (place && *place && draft->info.table != SOCK_TABLE_SCTP) {
		same_again(store_at(t, *place - 1), draft);
		return 0;
	}
	keep(t, new_record(t), draft);
	if (place && !*place) {
		*place = (uint32_t)t->n;
		t->n_inodes++;
	}
	return 0;
}

void store_rewind(struct sock_tables *t, size_t mark)
{
	if (t->n == mark)
		return;
	t->n = mark;
	inode_rebuild(t, t->inode_cap);
}

void store_add_addr(struct sock_tables *t, uint32_t netns, const struct sock_addr *a)
{
	if (t->n_addrs == t->addr_cap) {
		t->addr_cap = t->addr_cap ? t->addr_cap * 2 : 16;
		t->addr = xreallocarray(t->addr, t->addr_cap, sizeof(*t->addr));
	}
	t->addr[t->n_addrs++] = (struct store_addr){ *a, netns };
}

static int compare_addr(const void *a, const void *b)
{
	const struct store_addr *x = a, *y = b;

	if (x->netns != y->netns)
		return x->netns < y->netns ? -1 : 1;
	return memcmp(x->addr.ip, y->addr.ip, sizeof(x->addr.ip));
}

void store_sort_addrs(struct sock_tables *t)
{
	size_t i, n = 0;

	if (!t->n_addrs)
		return;
	qsort(t->addr, t->n_addrs, sizeof(*t->addr), compare_addr);
	/* Two interfaces may have the same address, and fib_trie tells each twice. */
	for (i = 1; i < t->n_addrs; i++) {
		if (compare_addr(&t->addr[n], &t->addr[i]) != 0)
			t->addr[++n] = t->addr[i];
	}
	t->n_addrs = n + 1;
}

bool store_has_addr(const struct sock_tables *t, uint32_t netns, const struct sock_addr *a)
{
	struct store_addr key = { *a, netns };

	return t->n_addrs && bsearch(&key, t->addr, t->n_addrs, sizeof(key), compare_addr) != NULL;
}

static void link_rehash(struct sock_tables *t)
{
	size_t i;

	t->n_buckets = t->n_buckets ? t->n_buckets * 2 : 64;
	free(t->bucket);
	t->bucket = xcalloc(t->n_buckets, sizeof(*t->bucket));
	for (i = 0; i < t->n_links; i++) {
		uint32_t *b = &t->bucket[t->link[i].hash & (t->n_buckets - 1)];

		t->link[i].next = *b;
		*b = (uint32_t)i + 1;
	}
}

void store_link(struct sock_tables *t, uint32_t hash, size_t sock)
{
	uint32_t *b;

	if (t->n_links == t->link_cap) {
		t->link_cap = t->link_cap ? t->link_cap + t->link_cap / 2 : 64;
		t->link = xreallocarray(t->link, t->link_cap, sizeof(*t->link));
	}
	if (t->n_links >= t->n_buckets)
		link_rehash(t);
	b = &t->bucket[hash & (t->n_buckets - 1)];
	t->link[t->n_links] = (struct store_link){ hash, (uint32_t)sock, *b };
	*b = (uint32_t)++t->n_links;
}

static uint32_t link_with(const struct sock_tables *t, uint32_t i, uint32_t hash)
{
	while (i && t->link[i - 1].hash != hash)
		i = t->link[i - 1].next;
	return i;
}

uint32_t store_first(const struct sock_tables *t, uint32_t hash)
{
	return t->n_buckets ? link_with(t, t->bucket[hash & (t->n_buckets - 1)], hash) : 0;
}

uint32_t store_next(const struct sock_tables *t, uint32_t i)
{
	return link_with(t, t->link[i - 1].next, t->link[i - 1].hash);
}

const struct sock_info *sock_tables_find(const struct sock_tables *t, uint64_t inode)
{
	uint32_t i;

	if (!inode || !t->inode_cap)
		return NULL;
	i = t->by_inode[inode_slot(t, inode)];
	return i ? store_at(t, i - 1) : NULL;
}

size_t sock_tables_count(const struct sock_tables *t)
{
	return t->n;
}

const struct sock_info *sock_tables_at(const struct sock_tables *t, size_t i)
{
	return i < t->n ? store_at(t, i) : NULL;
}

size_t sock_tables_n_netns(const struct sock_tables *t)
{
	return t->n_netns;
}

const struct sock_netns *sock_tables_netns(const struct sock_tables *t, size_t i)
{
	return i < t->n_netns ? t->netns[i] : NULL;
}

const struct sock_netns *sock_tables_find_netns(const struct sock_tables *t, uint64_t ino)
{
	size_t i;

	for (i = 0; i < t->n_netns; i++) {
		if (t->netns[i]->ino == ino)
			return t->netns[i];
	}
	return NULL;
}

size_t sock_tables_memory(const struct sock_tables *t)
{
	return sizeof(*t) +
	       t->n_chunks * (STORE_CHUNK * sizeof(struct sock_info) + sizeof(void *)) +
	       t->arena.total + t->inode_cap * sizeof(*t->by_inode) +
	       t->link_cap * sizeof(*t->link) + t->n_buckets * sizeof(*t->bucket) +
	       t->addr_cap * sizeof(*t->addr) + t->n_netns * sizeof(struct sock_netns);
}
