/* SPDX-License-Identifier: MIT */
/* Inside of struct sock_tables: shared by loading and looking up, for nobody else. */
#ifndef NET_STORE_H
#define NET_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/alloc.h"
#include "src/net/tables.h"

#ifndef STORE_CHUNK
#define STORE_CHUNK 512 /* records a block; a power of two; tests make it tiny */
#endif

/* A multimap from hash to record: what a hash means is the lookup's affair. */
struct store_link {
	uint32_t hash, sock, next; /* next: index + 1 in links */
};

struct store_addr {
	struct sock_addr addr;
	uint32_t netns;
};

struct sock_tables {
	struct sock_info **chunk; /* records do not move */
	size_t n, n_chunks;
	struct arena arena; /* names, icons, groups, struct sock_more */
	uint32_t *by_inode; /* open addressing: index + 1 */
	size_t inode_cap;
	size_t n_inodes;
	struct store_link *link;
	uint32_t *bucket;
	size_t n_links, link_cap, n_buckets;
	size_t linked; /* records below this one are in links */
	struct sock_netns **netns;
	size_t n_netns;
	struct store_addr *addr;
	size_t n_addrs, addr_cap;
	uint64_t seed; /* so that nobody can choose colliding addresses */
};

struct sock_info *store_at(const struct sock_tables *t, size_t i);
int store_put(void *tables, const struct sock_draft *draft); /* a sock_sink */

/* Forget the records from `mark` on: a dump that is to be repeated. */
void store_rewind(struct sock_tables *t, size_t mark);

void store_add_addr(struct sock_tables *t, uint32_t netns, const struct sock_addr *a);
void store_sort_addrs(struct sock_tables *t); /* before anyone asks store_has_addr() */
bool store_has_addr(const struct sock_tables *t, uint32_t netns, const struct sock_addr *a);

void store_link(struct sock_tables *t, uint32_t hash, size_t sock);
/* Records with that hash: i = store_first(); i; i = store_next(). Use link[i - 1].sock. */
uint32_t store_first(const struct sock_tables *t, uint32_t hash);
uint32_t store_next(const struct sock_tables *t, uint32_t i);

uint64_t store_hash(uint64_t h, const void *p, size_t len);

/* Bring records that were loaded since into the links: at the end of a load. */
void peers_index(struct sock_tables *t);

#endif
