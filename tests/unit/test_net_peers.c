/* SPDX-License-Identifier: MIT */
/* Who is at the other end, over tables made up for the purpose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <sys/socket.h>

#include "src/net/store.h"

static struct sock_addr addr(const char *text)
{
	struct sock_addr a;

	if (inet_pton(AF_INET6, text, a.ip) == 1)
		return a;
	assert_int_equal(inet_pton(AF_INET, text, a.ip), 1);
	return sock_addr_v4(a.ip);
}

static void put(struct sock_tables *t, enum sock_table table, uint32_t netns, uint64_t inode,
		const char *local, uint16_t lport, const char *remote, uint16_t rport)
{
	struct sock_draft d;
	struct sock_info *s = &d.info;

	memset(&d, 0, sizeof(d));
	s->table = (uint8_t)table;
	s->family = strchr(local, ':') ? AF_INET6 : AF_INET;
	s->netns = netns;
	s->inode = inode;
	s->in.local = addr(local);
	s->in.lport = lport;
	s->in.remote = addr(remote);
	s->in.rport = rport;
	s->state = rport ? 1 : table == SOCK_TABLE_TCP ? 10 : 7;
	store_put(t, &d);
	peers_index(t);
}

static void put_unix(struct sock_tables *t, uint32_t inode, uint32_t peer, const uint32_t *icons,
		     uint32_t n_icons)
{
	struct sock_draft d;

	memset(&d, 0, sizeof(d));
	d.info.table = SOCK_TABLE_UNIX;
	d.info.family = AF_UNIX;
	d.info.inode = inode;
	d.info.un.peer = peer;
	d.info.un.icons = icons;
	d.info.un.n_icons = n_icons;
	store_put(t, &d);
	peers_index(t);
}

/* The inodes of the peers, in no order, are just these. */
static void assert_peers(const struct sock_tables *t, uint64_t inode, size_t n, ...)
{
	const struct sock_info *out[16];
	va_list ap;
	size_t i, k;

	assert_int_equal(sock_tables_peers(t, sock_tables_find(t, inode), out, 16), n);
	va_start(ap, n);
	for (i = 0; i < n; i++) {
		uint64_t want = (uint64_t)va_arg(ap, int);

		for (k = 0; k < n && out[k]->inode != want; k++)
			;
		assert_true(k < n);
	}
	va_end(ap);
}

static void test_tcp(void **state)
{
	struct sock_tables *t = sock_tables_new();

	(void)state;
	put(t, SOCK_TABLE_TCP, 1, 10, "127.0.0.1", 80, "127.0.0.1", 4000);
	put(t, SOCK_TABLE_TCP, 1, 11, "::ffff:127.0.0.1", 4000, "::ffff:127.0.0.1", 80);
	/* The same addresses in another namespace are another connection. */
	put(t, SOCK_TABLE_TCP, 2, 12, "127.0.0.1", 80, "127.0.0.1", 4000);
	put(t, SOCK_TABLE_TCP, 1, 13, "0.0.0.0", 80, "0.0.0.0", 0);
	/* Over a pair of interfaces from one namespace to another. */
	put(t, SOCK_TABLE_TCP, 1, 14, "10.0.0.1", 80, "10.0.0.2", 5000);
	put(t, SOCK_TABLE_TCP, 2, 15, "10.0.0.2", 5000, "10.0.0.1", 80);
	/* Nearest first: a third namespace with the same addresses does not count. */
	put(t, SOCK_TABLE_TCP, 3, 16, "10.9.0.1", 80, "10.9.0.2", 5000);
	put(t, SOCK_TABLE_TCP, 3, 17, "10.9.0.2", 5000, "10.9.0.1", 80);
	put(t, SOCK_TABLE_TCP, 4, 18, "10.9.0.2", 5000, "10.9.0.1", 80);
	/* UDP and TCP are different worlds. */
	put(t, SOCK_TABLE_UDP, 1, 19, "127.0.0.1", 4000, "127.0.0.1", 80);
	/* Connected to itself. */
	put(t, SOCK_TABLE_TCP, 1, 20, "127.0.0.1", 99, "127.0.0.1", 99);
	assert_peers(t, 10, 1, 11);
	assert_peers(t, 11, 1, 10);
	assert_peers(t, 12, 0);
	assert_peers(t, 13, 0);
	assert_peers(t, 14, 1, 15);
	assert_peers(t, 15, 1, 14);
	assert_peers(t, 16, 1, 17);
	assert_peers(t, 18, 1, 16);
	assert_peers(t, 20, 1, 20);
	sock_tables_free(t);
}

static void test_not_accepted(void **state)
{
	struct sock_tables *t = sock_tables_new();
	const struct sock_info *out[2];

	(void)state;
	put(t, SOCK_TABLE_TCP, 1, 10, "::", 80, "::", 0);
	put(t, SOCK_TABLE_TCP, 2, 9, "::", 80, "::", 0);
	put(t, SOCK_TABLE_TCP, 1, 11, "127.0.0.1", 4000, "127.0.0.1", 80);
	put(t, SOCK_TABLE_TCP, 1, 0, "127.0.0.1", 80, "127.0.0.1", 4000);
	assert_int_equal(sock_tables_peers(t, sock_tables_find(t, 11), out, 2), 1);
	assert_int_equal(out[0]->inode, 0);
	assert_ptr_equal(sock_tables_listener(t, out[0]), sock_tables_find(t, 10));
	assert_null(sock_tables_listener(t, sock_tables_find(t, 11)));
	sock_tables_free(t);
}

static void test_udp(void **state)
{
	struct sock_tables *t = sock_tables_new();
	struct sock_addr own = addr("10.0.0.1");

	(void)state;
	store_add_addr(t, 1, &own);
	put(t, SOCK_TABLE_UDP, 1, 10, "127.0.0.1", 53, "0.0.0.0", 0);
	put(t, SOCK_TABLE_UDP, 1, 11, "127.0.0.1", 4000, "127.0.0.1", 53);
	put(t, SOCK_TABLE_UDP, 1, 12, "127.0.0.1", 4001, "127.0.0.1", 53);
	/* This client has a socket of its own at the server: both are connected. */
	put(t, SOCK_TABLE_UDP, 1, 13, "127.0.0.1", 53, "127.0.0.1", 4001);
	/* A wildcard, reached by loopback from here and by an address from elsewhere. */
	put(t, SOCK_TABLE_UDP, 1, 14, "::", 99, "::", 0);
	put(t, SOCK_TABLE_UDP, 1, 15, "127.0.0.1", 4002, "127.0.0.1", 99);
	put(t, SOCK_TABLE_UDP, 2, 16, "10.0.0.2", 4003, "10.0.0.1", 99);
	put(t, SOCK_TABLE_UDP, 2, 17, "127.0.0.1", 4004, "127.0.0.1", 99);
	put(t, SOCK_TABLE_UDP, 2, 18, "10.0.0.2", 4005, "10.0.0.77", 99);
	put(t, SOCK_TABLE_UDPLITE, 1, 19, "127.0.0.1", 4006, "127.0.0.1", 53);
	assert_peers(t, 10, 1, 11);
	assert_peers(t, 11, 1, 10);
	assert_peers(t, 12, 1, 13);
	assert_peers(t, 13, 1, 12);
	assert_peers(t, 14, 2, 15, 16);
	assert_peers(t, 15, 1, 14);
	assert_peers(t, 16, 1, 14);
	assert_peers(t, 17, 0);
	assert_peers(t, 18, 0);
	assert_peers(t, 19, 0);
	sock_tables_free(t);
}

static void test_unix(void **state)
{
	struct sock_tables *t = sock_tables_new();
	const uint32_t waiting[] = { 40 };

	(void)state;
	put_unix(t, 10, 11, NULL, 0); /* a pair */
	put_unix(t, 11, 10, NULL, 0);
	put_unix(t, 20, 0, NULL, 0); /* a log socket and two that send to it */
	put_unix(t, 21, 20, NULL, 0);
	put_unix(t, 22, 20, NULL, 0);
	put_unix(t, 30, 0, waiting, 1); /* a listener, and a client it did not accept yet */
	put_unix(t, 40, 0, NULL, 0);
	put_unix(t, 50, 51, NULL, 0); /* its peer is in a namespace not loaded */
	put_unix(t, 60, 60, NULL, 0); /* connected to itself */
	assert_peers(t, 10, 1, 11);
	assert_peers(t, 11, 1, 10);
	assert_peers(t, 20, 2, 21, 22);
	assert_peers(t, 21, 1, 20);
	assert_peers(t, 30, 1, 40);
	assert_peers(t, 40, 1, 30);
	assert_peers(t, 50, 0);
	assert_peers(t, 60, 1, 60);
	sock_tables_free(t);
}

/* Many: found again after every growth, and after a dump was taken back. */
static void test_many(void **state)
{
	struct sock_tables *t = sock_tables_new();
	uint32_t i;

	(void)state;
	for (i = 1; i <= 5000; i++)
		put_unix(t, i, 0, NULL, 0);
	for (i = 5001; i <= 6000; i++) {
		struct sock_draft d;

		memset(&d, 0, sizeof(d));
		d.info.inode = i;
		store_put(t, &d);
	}
	store_rewind(t, 5000);
	assert_int_equal(sock_tables_count(t), 5000);
	for (i = 1; i <= 5000; i++)
		assert_int_equal(sock_tables_find(t, i)->inode, i);
	assert_null(sock_tables_find(t, 5500));
	assert_null(sock_tables_find(t, 0));
	put_unix(t, 17, 0, NULL, 0); /* a dump may give one twice */
	assert_int_equal(sock_tables_count(t), 5000);
	sock_tables_free(t);
}

/* 20,000 clients of one log socket: no chain is walked for each of them. */
static void test_one_server(void **state)
{
	struct sock_tables *t = sock_tables_new();
	const struct sock_info *out[1];
	uint32_t i;

	(void)state;
	put_unix(t, 1, 0, NULL, 0);
	for (i = 2; i <= 20001; i++)
		put_unix(t, i, 1, NULL, 0);
	assert_int_equal(sock_tables_peers(t, sock_tables_find(t, 1), out, 1), 20000);
	assert_peers(t, 77, 1, 1);
	sock_tables_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp),  cmocka_unit_test(test_not_accepted),
		cmocka_unit_test(test_udp),  cmocka_unit_test(test_unix),
		cmocka_unit_test(test_many), cmocka_unit_test(test_one_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
