/* SPDX-License-Identifier: MIT */
/*
 * Input: a byte that says which parser (below 32: sock_diag replies of table
 * N % 16, from 16 on with extensions; from 32 on: a file of /proc/PID/net;
 * 62, 63: the address files), then the message or text. What comes out is
 * stored, indexed, and asked for its peers and names.
 */
#include <stdlib.h>
#include <string.h>

#include "src/net/procnet.h"
#include "src/net/sockdiag.h"
#include "src/net/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse_reply(struct sock_tables *t, uint8_t which, const uint8_t *data, size_t size)
{
	struct sockdiag_query q = {
		.table = which % SOCK_TABLES, .netns = 1, .seq = 1, .more = which >= SOCK_TABLES
	};
	bool changed = false;
	void *msg = malloc(size ? size : 1); /* aligned, and not a byte longer */

	memcpy(msg, data, size);
	sockdiag_parse(&q, msg, size, store_put, t, &changed);
	free(msg);
}

static void take_addr(void *t, const struct sock_addr *a)
{
	store_add_addr(t, 1, a);
}

static void parse_text(struct sock_tables *t, uint8_t which, const char *text, size_t size)
{
	const struct procnet_file *f;
	size_t table, i;

	if (which == 30) {
		procnet_parse_fib_trie(text, size, take_addr, t);
		return;
	}
	if (which == 31) {
		procnet_parse_if_inet6(text, size, take_addr, t);
		return;
	}
	for (table = 0; table < SOCK_TABLES; table++) {
		for (i = 0; (f = procnet_file(table, i)); i++) {
			if (which-- == 0) {
				procnet_parse(f, 1, text, size, store_put, t);
				return;
			}
		}
	}
}

static void ask(struct sock_tables *t)
{
	const struct sock_info *peers[4];
	size_t i;

	peers_index(t);
	for (i = 0; i < sock_tables_count(t) && i < 1000; i++) {
		const struct sock_info *s = sock_tables_at(t, i);
		struct buf text = BUF_INIT;

		if (s->inode && !sock_tables_find(t, s->inode))
			abort();
		sock_tables_peers(t, s, peers, 4);
		sock_tables_listener(t, s);
		sock_state_name(s);
		sock_type_name(s->type);
		sock_timer_name(s->timer);
		sock_netlink_name(s->protocol);
		sock_local_text(&text, s);
		sock_remote_text(&text, s);
		sock_unix_name(&text, s);
		buf_release(&text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sock_tables *t;
	uint8_t which;

	if (size < 1)
		return 0;
	which = data[0] % 64;
	t = sock_tables_new();
	if (which < 32)
		parse_reply(t, which, data + 1, size - 1);
	else
		parse_text(t, which - 32, (const char *)data + 1, size - 1);
	ask(t);
	sock_tables_free(t);
	return 0;
}
