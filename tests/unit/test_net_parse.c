/* SPDX-License-Identifier: MIT */
/* Parsers of sock_diag replies and of /proc/PID/net, and the texts made of them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/tipc_netlink.h>
#include <linux/unix_diag.h>
#include <linux/vm_sockets_diag.h>
#include <sys/socket.h>

#include "src/net/procnet.h"
#include "src/net/sockdiag.h"
#include "src/net/store.h"

struct seen {
	struct sock_draft d[8];
	size_t n;
};

static int collect(void *arg, const struct sock_draft *d)
{
	struct seen *s = arg;

	if (s->n < 8)
		s->d[s->n] = *d;
	s->n++;
	return 0;
}

static const struct procnet_file *file_of(const char *path)
{
	const struct procnet_file *f;
	size_t t, i;

	for (t = 0; t < SOCK_TABLES; t++) {
		for (i = 0; (f = procnet_file(t, i)); i++) {
			if (strcmp(f->path, path) == 0)
				return f;
		}
	}
	fail_msg("no file %s", path);
	return NULL;
}

/* Also cut at every length: nothing may be read past the end. */
static void parse_file(const char *path, const char *text, struct seen *seen)
{
	size_t len = strlen(text), cut;

	for (cut = 0; cut < len; cut++) {
		char *copy = malloc(cut ? cut : 1);

		memcpy(copy, text, cut);
		memset(seen, 0, sizeof(*seen));
		procnet_parse(file_of(path), 7, copy, cut, collect, seen);
		free(copy);
	}
	memset(seen, 0, sizeof(*seen));
	assert_int_equal(procnet_parse(file_of(path), 7, text, len, collect, seen), 0);
}

static void assert_local(const struct sock_info *s, const char *text)
{
	autobuf b = BUF_INIT;

	sock_local_text(&b, s);
	assert_string_equal(buf_str(&b), text);
}

static void assert_remote(const struct sock_info *s, const char *text)
{
	autobuf b = BUF_INIT;

	sock_remote_text(&b, s);
	assert_string_equal(buf_str(&b), text);
}

static void test_proc_tcp(void **state)
{
	static const char text
		[] = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n"
		     "   0: 00000000:07E8 00000000:0000 0A 00000000:00000003 00:00000000 00000000"
		     "     0        0 49 1 0000000088608b2a 100 0 0 10 0\n"
		     "   1: 0100007F:1F90 0201A8C0:C000 01 00000005:00000007 02:00000010 00000004"
		     "  1000        -1 4294967295 1 0000000088608b2a 100 0 0 10 0\n"
		     "   2: 0100007F:1F90 0201A8C0:C000 06 00000000:00000000 03:00000010 00000000"
		     "     0        0 0 3 0000000088608b2a\n"
		     "   3: garbage\n"
		     "\n";
	struct seen seen;
	const struct sock_info *s;

	(void)state;
	parse_file("net/tcp", text, &seen);
	assert_int_equal(seen.n, 2); /* TIME_WAIT has no descriptor */
	s = &seen.d[0].info;
	assert_local(s, "0.0.0.0:2024");
	assert_remote(s, "");
	assert_string_equal(sock_state_name(s), "LISTEN");
	assert_int_equal(s->rqueue, 3);
	assert_true(s->has & SOCK_HAS_BACKLOG);
	assert_false(s->has & (SOCK_HAS_LIMIT | SOCK_HAS_QUEUES));
	assert_int_equal(s->inode, 49);
	assert_int_equal(s->netns, 7);
	s = &seen.d[1].info;
	assert_local(s, "127.0.0.1:8080");
	assert_remote(s, "192.168.1.2:49152");
	assert_int_equal(s->wqueue, 5);
	assert_int_equal(s->rqueue, 7);
	assert_string_equal(sock_timer_name(s->timer), "keepalive");
	assert_int_equal(s->expires, 160);
	assert_int_equal(s->retrans, 4);
	assert_int_equal(s->uid, 1000);
	assert_int_equal(s->inode, 4294967295u);
}

static void test_proc_tcp6(void **state)
{
	static const char text[] =
		"  sl\n"
		"   0: 00000000000000000000000001000000:0050 "
		"00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000"
		"     0        0 5 1 x\n"
		"   1: 0000000000000000FFFF00000100007F:0050 "
		"0000000000000000FFFF00000100007F:9C40 01 00000000:00000000 00:00000000 00000000"
		"     0        0 6 1 x\n";
	struct seen seen;

	(void)state;
	parse_file("net/tcp6", text, &seen);
	assert_int_equal(seen.n, 2);
	assert_local(&seen.d[0].info, "[::1]:80");
	assert_local(&seen.d[1].info, "[::ffff:127.0.0.1]:80");
	assert_true(sock_addr_is_v4(&seen.d[1].info.in.local));
	assert_true(sock_addr_is_loopback(&seen.d[1].info.in.remote));
}

static void test_proc_others(void **state)
{
	struct seen seen;

	(void)state;
	parse_file(
		"net/raw",
		"  sl\n  1: 00000000:0001 00000000:0000 07 00000000:00000100 00:00000000 00000000 "
		"0 0 77 2 x 0\n",
		&seen);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.d[0].info.protocol, IPPROTO_ICMP);
	assert_int_equal(seen.d[0].info.in.lport, 0);
	assert_int_equal(seen.d[0].info.rqueue, 256);

	parse_file(
		"net/netlink",
		"sk Eth\n0000 16  -5 00000003 1 2 0 2 9 4\n00001 15 4026 80000001 1 2 0 2 9 88\n",
		&seen);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.d[0].info.inode, 88);
	assert_int_equal(seen.d[0].info.nl.portid, 4026);
	assert_int_equal(seen.d[0].info.nl.drops, 9);
	assert_string_equal(sock_netlink_name(seen.d[0].info.protocol), "NETLINK_KOBJECT_UEVENT");

	parse_file("net/packet", "sk\n00002 3 3 0003 2 1 640 1000 99\n", &seen);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.d[0].info.protocol, 3);
	assert_int_equal(seen.d[0].info.link.ifindex, 2);
	assert_int_equal(seen.d[0].info.uid, 1000);

	parse_file("net/sctp/assocs",
		   " ASSOC\n 0 0 2 1 3 0 1 10 20 30 12345 5000 40000 *127.0.0.1 10.0.0.1 <-> "
		   "*127.0.0.2 7500 10\n",
		   &seen);
	assert_int_equal(seen.n, 1);
	assert_local(&seen.d[0].info, "127.0.0.1:5000");
	assert_remote(&seen.d[0].info, "127.0.0.2:40000");
	assert_string_equal(sock_state_name(&seen.d[0].info), "ESTABLISHED");

	parse_file("net/sctp/eps", " ENDPT\n 0 0 0 10 29 5000 7 54321 ::1\n", &seen);
	assert_int_equal(seen.n, 1);
	assert_local(&seen.d[0].info, "[::1]:5000");
	assert_int_equal(seen.d[0].info.type, SOCK_SEQPACKET);

	parse_file("net/rfcomm", "sk               RefCnt\n0001 2 3 4 1000 321 0\n", &seen);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.d[0].info.inode, 321);
	assert_int_equal(seen.d[0].info.protocol, 3);
}

static struct sock_tables *store_file(const char *path, const char *text)
{
	struct sock_tables *t = sock_tables_new();

	procnet_parse(file_of(path), 7, text, strlen(text), store_put, t);
	peers_index(t);
	return t;
}

static void test_proc_unix(void **state)
{
	static const char text
		[] = "Num       RefCount Protocol Flags    Type St Inode Path\n"
		     "00000000e075de23: 00000002 00000000 00010000 0001 01  100 /run/a b\x1b[1m\n"
		     "000000003c3ec94c: 00000003 00000000 00000000 0002 03  101 @x@y\n"
		     "000000003c3ec94c: 00000003 00000000 00000000 0005 03  102\n";
	struct seen seen;
	struct sock_tables *t;
	const struct sock_info *s;
	autobuf name = BUF_INIT;

	(void)state;
	parse_file("net/unix", text, &seen);
	assert_int_equal(seen.n, 3);
	t = store_file("net/unix", text);
	s = sock_tables_find(t, 100);
	assert_string_equal(sock_state_name(s), "LISTEN");
	sock_unix_name(&name, s);
	assert_string_equal(buf_str(&name), "/run/a b\x1b[1m");
	s = sock_tables_find(t, 101);
	assert_true(sock_unix_is_abstract(s));
	assert_true(s->has & SOCK_NAME_LOSSY);
	assert_string_equal(sock_type_name(s->type), "SOCK_DGRAM");
	buf_reset(&name);
	sock_unix_name(&name, s);
	assert_string_equal(buf_str(&name), "@x@y");
	s = sock_tables_find(t, 102);
	assert_null(s->un.name);
	assert_null(sock_tables_find(t, 103));
	sock_tables_free(t);
}

/* A name with a line end in it pretends to be the socket of somebody else. */
static void test_proc_unix_forged(void **state)
{
	struct sock_tables *t = store_file(
		"net/unix", "Num\n"
			    "0001: 00000002 00000000 00010000 0001 01  7 @evil\n"
			    "0001: 00000002 00000000 00010000 0001 01  8 /run/victim\n"
			    "0001: 00000002 00000000 00010000 0001 01  8 /run/true\n"
			    "0001: 00000002 00000000 00010000 0001 01  9 /run/other\n");

	(void)state;
	assert_true(sock_tables_find(t, 8)->has & SOCK_DOUBTFUL);
	assert_null(sock_tables_find(t, 8)->un.name);
	assert_false(sock_tables_find(t, 9)->has & SOCK_DOUBTFUL);
	sock_tables_free(t);
}

static void put_addr(void *arg, const struct sock_addr *a)
{
	store_add_addr(arg, 1, a);
}

static void test_proc_addresses(void **state)
{
	static const char trie[] = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 127.0.0.0\n"
				   "        /8 host LOCAL\n     |-- 192.0.2.2\n"
				   "        /32 host LOCAL\n     |-- 192.0.2.255\n"
				   "        /32 link BROADCAST\n";
	static const char six[] = "00000000000000000000000000000001 01 80 10 80       lo\n"
				  "zz\nfe80 truncated\n";
	struct sock_tables *t = sock_tables_new();
	struct sock_addr a;

	(void)state;
	procnet_parse_fib_trie(trie, strlen(trie), put_addr, t);
	assert_int_equal(t->n_addrs, 1);
	inet_pton(AF_INET, "192.0.2.2", &a);
	a = sock_addr_v4(&a);
	assert_true(store_has_addr(t, 1, &a));
	assert_false(store_has_addr(t, 2, &a));
	procnet_parse_if_inet6(six, strlen(six), put_addr, t);
	assert_int_equal(t->n_addrs, 2);
	assert_true(sock_addr_is_loopback(&t->addr[1].addr));
	sock_tables_free(t);
}

/* A datagram of our own making, and parsing it whole and cut at every length. */
struct reply {
	_Alignas(8) char bytes[2048];
	size_t len;
	struct nlmsghdr *h;
};

static struct nlmsghdr *reply_add(struct reply *r, uint16_t type, size_t payload)
{
	r->h = mnl_nlmsg_put_header(r->bytes + r->len);
	r->h->nlmsg_type = type;
	r->h->nlmsg_seq = 1;
	if (payload)
		mnl_nlmsg_put_extra_header(r->h, payload);
	return r->h;
}

static void reply_end(struct reply *r)
{
	r->len += MNL_ALIGN(r->h->nlmsg_len);
}

static int parse_reply(const struct reply *r, enum sock_table t, struct seen *seen, bool *changed)
{
	struct sockdiag_query q = { .table = t, .netns = 7, .seq = 1, .more = true };
	bool ignored = false;
	size_t cut;

	for (cut = 0; cut < r->len; cut++) {
		char *copy = malloc(cut ? cut : 1);

		memcpy(copy, r->bytes, cut);
		memset(seen, 0, sizeof(*seen));
		sockdiag_parse(&q, copy, cut, collect, seen, &ignored);
		free(copy);
	}
	memset(seen, 0, sizeof(*seen));
	return sockdiag_parse(&q, r->bytes, r->len, collect, seen, changed);
}

static void add_tcp(struct reply *r)
{
	struct inet_diag_msg *m;
	struct tcp_info info = { .tcpi_rtt = 1234, .tcpi_snd_cwnd = 10 };

	reply_add(r, SOCK_DIAG_BY_FAMILY, sizeof(*m));
	m = mnl_nlmsg_get_payload(r->h);
	m->idiag_family = AF_INET6;
	m->idiag_state = 10;
	m->idiag_inode = 4321;
	m->idiag_rqueue = 2;
	m->idiag_wqueue = 128;
	m->id.idiag_sport = htons(443);
	m->id.idiag_src[0] = htonl(0xfe800000);
	m->id.idiag_src[3] = htonl(1);
	m->id.idiag_if = 3;
	m->id.idiag_cookie[0] = 5;
	m->id.idiag_cookie[1] = 1;
	mnl_attr_put_u8(r->h, INET_DIAG_SKV6ONLY, 1);
	mnl_attr_put_u8(r->h, INET_DIAG_SHUTDOWN, 3);
	mnl_attr_put_strz(r->h, INET_DIAG_CONG, "a-name-that-is-much-too-long");
	/* As an older kernel would: the end is missing. */
	mnl_attr_put(r->h, INET_DIAG_INFO, offsetof(struct tcp_info, tcpi_advmss), &info);
	reply_end(r);
}

static void test_diag_inet(void **state)
{
	struct reply r = { .len = 0 };
	bool changed = false;
	const struct sock_info *s;
	struct seen seen;

	(void)state;
	add_tcp(&r);
	reply_add(&r, SOCK_DIAG_BY_FAMILY, sizeof(struct inet_diag_msg));
	r.h->nlmsg_seq = 2; /* of another request */
	reply_end(&r);
	assert_int_equal(parse_reply(&r, SOCK_TABLE_TCP, &seen, &changed), 1);
	assert_int_equal(seen.n, 1);
	assert_false(changed);
	s = &seen.d[0].info;
	assert_local(s, "[fe80::1%3]:443");
	assert_int_equal(s->rqueue, 2);
	assert_int_equal(s->wqueue, 128);
	assert_true(s->has & SOCK_HAS_BACKLOG && s->has & SOCK_HAS_LIMIT);
	assert_true(s->has & SOCK_V6ONLY);
	assert_int_equal(s->shutdown, 3);
	assert_true(s->cookie == 0x100000005);
	assert_int_equal(seen.d[0].more.tcp.rtt, 1234);
	assert_int_equal(seen.d[0].more.tcp.snd_cwnd, 10);
	assert_string_equal(seen.d[0].more.congestion, "a-name-that-is-");
}

static void test_diag_unix(void **state)
{
	struct reply r = { .len = 0 };
	struct unix_diag_msg *m;
	uint32_t icons[2] = { 11, 12 };
	struct unix_diag_rqlen rq = { 2, 5 };
	bool changed = false;
	const struct sock_info *s;
	struct seen seen;

	(void)state;
	reply_add(&r, SOCK_DIAG_BY_FAMILY, sizeof(*m));
	m = mnl_nlmsg_get_payload(r.h);
	m->udiag_family = AF_UNIX;
	m->udiag_type = SOCK_STREAM;
	m->udiag_state = 10;
	m->udiag_ino = 10;
	mnl_attr_put(r.h, UNIX_DIAG_NAME, 5, "\0a\nb\0");
	mnl_attr_put(r.h, UNIX_DIAG_ICONS, sizeof(icons), icons);
	mnl_attr_put(r.h, UNIX_DIAG_RQLEN, sizeof(rq), &rq);
	reply_end(&r);
	reply_add(&r, SOCK_DIAG_BY_FAMILY, sizeof(*m));
	m = mnl_nlmsg_get_payload(r.h);
	m->udiag_family = AF_UNIX;
	m->udiag_ino = 11;
	mnl_attr_put_strz(r.h, UNIX_DIAG_NAME, "/run/x");
	mnl_attr_put_u32(r.h, UNIX_DIAG_PEER, 12);
	r.h->nlmsg_flags |= NLM_F_DUMP_INTR;
	reply_end(&r);
	assert_int_equal(parse_reply(&r, SOCK_TABLE_UNIX, &seen, &changed), 1);
	assert_true(changed);
	assert_int_equal(seen.n, 2);
	s = &seen.d[0].info;
	assert_true(sock_unix_is_abstract(s));
	assert_int_equal(s->un.name_len, 5);
	assert_int_equal(s->un.n_icons, 2);
	assert_int_equal(s->un.icons[1], 12);
	assert_int_equal(s->wqueue, 5);
	assert_true(s->has & SOCK_HAS_LIMIT);
	s = &seen.d[1].info;
	assert_int_equal(s->un.name_len, 6); /* without the terminator */
	assert_int_equal(s->un.peer, 12);
}

static void add_vsock(struct reply *r)
{
	struct vsock_diag_msg *m;

	reply_add(r, SOCK_DIAG_BY_FAMILY, sizeof(*m));
	m = mnl_nlmsg_get_payload(r->h);
	m->vdiag_family = AF_VSOCK;
	m->vdiag_state = 1;
	m->vdiag_src_cid = 0xffffffff;
	m->vdiag_src_port = 1024;
	m->vdiag_dst_cid = 2;
	m->vdiag_dst_port = 80;
	reply_end(r);
}

static void test_diag_others(void **state)
{
	struct reply r = { .len = 0 };
	uint32_t mem[9] = { [0] = 100, [8] = 3 };
	struct packet_diag_info info = { .pdi_index = 4 };
	bool changed = false;
	struct nlattr *nest;
	struct seen seen;

	(void)state;
	add_vsock(&r);
	assert_int_equal(parse_reply(&r, SOCK_TABLE_VSOCK, &seen, &changed), 1);
	assert_local(&seen.d[0].info, "*:1024");
	assert_remote(&seen.d[0].info, "2:80");

	r.len = 0;
	reply_add(&r, SOCK_DIAG_BY_FAMILY, sizeof(struct netlink_diag_msg));
	((struct netlink_diag_msg *)mnl_nlmsg_get_payload(r.h))->ndiag_family = AF_NETLINK;
	mnl_attr_put(r.h, NETLINK_DIAG_MEMINFO, sizeof(mem), mem);
	mnl_attr_put(r.h, NETLINK_DIAG_GROUPS, 8, "\1\0\0\0\0\0\0\200");
	reply_end(&r);
	assert_int_equal(parse_reply(&r, SOCK_TABLE_NETLINK, &seen, &changed), 1);
	assert_int_equal(seen.d[0].info.rqueue, 100);
	assert_int_equal(seen.d[0].info.nl.drops, 3);
	assert_int_equal(seen.d[0].info.nl.groups_len, 8);

	r.len = 0;
	reply_add(&r, SOCK_DIAG_BY_FAMILY, sizeof(struct packet_diag_msg));
	((struct packet_diag_msg *)mnl_nlmsg_get_payload(r.h))->pdiag_family = AF_PACKET;
	mnl_attr_put(r.h, PACKET_DIAG_INFO, sizeof(info), &info);
	mnl_attr_put_u32(r.h, PACKET_DIAG_FANOUT, 9);
	reply_end(&r);
	assert_int_equal(parse_reply(&r, SOCK_TABLE_PACKET, &seen, &changed), 1);
	assert_int_equal(seen.d[0].info.link.ifindex, 4);
	assert_int_equal(seen.d[0].info.link.fanout, 9);

	r.len = 0;
	reply_add(&r, SOCK_DIAG_BY_FAMILY, 0);
	nest = mnl_attr_nest_start(r.h, TIPC_NLA_SOCK);
	mnl_attr_put_u32(r.h, TIPC_NLA_SOCK_INO, 55);
	mnl_attr_put_u32(r.h, TIPC_NLA_SOCK_TYPE, SOCK_RDM);
	mnl_attr_nest_end(r.h, nest);
	reply_end(&r);
	assert_int_equal(parse_reply(&r, SOCK_TABLE_TIPC, &seen, &changed), 1);
	assert_int_equal(seen.d[0].info.inode, 55);
	assert_string_equal(sock_type_name(seen.d[0].info.type), "SOCK_RDM");
}

static void test_diag_end(void **state)
{
	struct reply r = { .len = 0 };
	bool changed = false;
	struct seen seen;

	(void)state;
	add_tcp(&r);
	reply_add(&r, NLMSG_DONE, sizeof(int));
	reply_end(&r);
	assert_int_equal(parse_reply(&r, SOCK_TABLE_TCP, &seen, &changed), 0);
	assert_int_equal(seen.n, 1);
	r.len = 0;
	reply_add(&r, NLMSG_DONE, sizeof(int));
	*(int *)mnl_nlmsg_get_payload(r.h) = -ENOENT;
	reply_end(&r);
	assert_int_equal(parse_reply(&r, SOCK_TABLE_RAW, &seen, &changed), -ENOENT);
	r.len = 0;
	reply_add(&r, NLMSG_ERROR, sizeof(struct nlmsgerr));
	*(int *)mnl_nlmsg_get_payload(r.h) = -EINVAL;
	reply_end(&r);
	assert_int_equal(parse_reply(&r, SOCK_TABLE_RAW, &seen, &changed), -EINVAL);
	assert_int_equal(parse_reply(&r, SOCK_TABLE_PING, &seen, &changed), -EINVAL);
	/* A length that wraps when rounded up. */
	r.h->nlmsg_len = UINT32_MAX;
	assert_int_equal(parse_reply(&r, SOCK_TABLE_TCP, &seen, &changed), -EBADMSG);
	r.len = 3;
	assert_int_equal(parse_reply(&r, SOCK_TABLE_TCP, &seen, &changed), -EBADMSG);
	/* One that ends within its last attribute. */
	r.len = 0;
	add_tcp(&r);
	r.h->nlmsg_len--;
	r.len--;
	assert_int_equal(parse_reply(&r, SOCK_TABLE_TCP, &seen, &changed), -EBADMSG);
	assert_int_equal(seen.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proc_tcp),         cmocka_unit_test(test_proc_tcp6),
		cmocka_unit_test(test_proc_others),      cmocka_unit_test(test_proc_unix),
		cmocka_unit_test(test_proc_unix_forged), cmocka_unit_test(test_proc_addresses),
		cmocka_unit_test(test_diag_inet),        cmocka_unit_test(test_diag_unix),
		cmocka_unit_test(test_diag_others),      cmocka_unit_test(test_diag_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
