/* SPDX-License-Identifier: MIT */
/*
 * Socket tables of the running kernel: against what we made, against ss(8), by
 * netlink against by /proc, in namespaces of our own making, unprivileged.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/fd.h"
#include "src/net/tables.h"

static uint64_t inode_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

/* One of most things, with its ends. */
struct zoo {
	int listener, client, server, waiting; /* TCP; waiting is not accepted */
	int pair[2];
	int log, sender;          /* unix datagrams */
	int un_listener, un_wait; /* abstract, with bytes that hurt */
	int udp_server, udp_client;
	int six;
	int netlink;
};

static void bind_any_port(int fd, struct sockaddr_in *a)
{
	socklen_t len = sizeof(*a);

	*a = (struct sockaddr_in){ .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_int_equal(bind(fd, (struct sockaddr *)a, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)a, &len), 0);
}

static int open_socket(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	assert_true(fd >= 0);
	return fd;
}

static void zoo_inet(struct zoo *z)
{
	struct sockaddr_in a;

	z->listener = open_socket(AF_INET, SOCK_STREAM, 0);
	bind_any_port(z->listener, &a);
	assert_int_equal(listen(z->listener, 17), 0);
	z->client = open_socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(z->client, (struct sockaddr *)&a, sizeof(a)), 0);
	z->server = accept4(z->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(z->server >= 0);
	assert_int_equal(send(z->client, "seven b", 7, 0), 7);
	z->waiting = open_socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(z->waiting, (struct sockaddr *)&a, sizeof(a)), 0);
	z->udp_server = open_socket(AF_INET, SOCK_DGRAM, 0);
	bind_any_port(z->udp_server, &a);
	z->udp_client = open_socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(connect(z->udp_client, (struct sockaddr *)&a, sizeof(a)), 0);
}

static socklen_t abstract(struct sockaddr_un *a, const char *tail)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			   (size_t)snprintf(a->sun_path + 1, sizeof(a->sun_path) - 1,
					    "filch\x1b[1m-%d-%s", (int)getpid(), tail));
}

static void zoo_unix(struct zoo *z)
{
	struct sockaddr_un a;
	socklen_t len;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, z->pair), 0);
	len = abstract(&a, "log");
	z->log = open_socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(z->log, (struct sockaddr *)&a, len), 0);
	z->sender = open_socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(connect(z->sender, (struct sockaddr *)&a, len), 0);
	len = abstract(&a, "listen");
	z->un_listener = open_socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(z->un_listener, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(z->un_listener, 9), 0);
	z->un_wait = open_socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(z->un_wait, (struct sockaddr *)&a, len), 0);
}

static void zoo_make(struct zoo *z)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = in6addr_any };
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK };
	int on = 1;

	zoo_inet(z);
	zoo_unix(z);
	z->six = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (z->six >= 0) {
		setsockopt(z->six, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
		assert_int_equal(bind(z->six, (struct sockaddr *)&six, sizeof(six)), 0);
		assert_int_equal(listen(z->six, 3), 0);
	}
	/* One without an address is in no table, like a TCP socket that never had one. */
	z->netlink = open_socket(AF_NETLINK, SOCK_RAW, 0);
	assert_int_equal(bind(z->netlink, (struct sockaddr *)&nl, sizeof(nl)), 0);
}

static void zoo_close(struct zoo *z)
{
	int *fd = (int *)z;
	size_t i;

	for (i = 0; i < sizeof(*z) / sizeof(*fd); i++)
		fd_close(&fd[i]);
}

static struct sock_tables *load_own(unsigned what)
{
	struct sock_tables *t = sock_tables_new();
	autoclose int dir = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct fail f = { 0 };

	assert_true(dir >= 0);
	assert_int_equal(sock_tables_add_netns(t, dir, sock_own_netns(), what, &f), 0);
	return t;
}

static const struct sock_info *info(const struct sock_tables *t, int fd)
{
	const struct sock_info *s = sock_tables_find(t, inode_of(fd));

	assert_non_null(s);
	return s;
}

static void assert_peer(const struct sock_tables *t, int fd, int peer)
{
	const struct sock_info *out[4];

	assert_int_equal(sock_tables_peers(t, info(t, fd), out, 4), 1);
	assert_int_equal(out[0]->inode, inode_of(peer));
}

static void test_own(void **state)
{
	const struct sock_info *s, *out[2];
	struct sock_tables *t;
	struct zoo z;

	(void)state;
	zoo_make(&z);
	t = load_own(SOCK_WANT_COMMON | SOCK_WANT_INFO | SOCK_WANT_MEM);
	s = info(t, z.listener);
	assert_string_equal(sock_state_name(s), "LISTEN");
	assert_int_equal(s->rqueue, 1);
	assert_int_equal(s->wqueue, 17);
	assert_true(s->has & SOCK_HAS_LIMIT);
	s = info(t, z.server);
	assert_string_equal(sock_state_name(s), "ESTABLISHED");
	assert_int_equal(s->rqueue, 7);
	assert_int_equal(s->uid, getuid());
	assert_non_null(s->more);
	assert_int_equal(s->more->tcp.bytes_received, 7);
	assert_true(s->more->congestion[0]);
	assert_true(s->more->rcvbuf > 0);
	assert_peer(t, z.client, z.server);
	assert_peer(t, z.server, z.client);
	assert_int_equal(sock_tables_peers(t, info(t, z.waiting), out, 2), 1);
	assert_int_equal(out[0]->inode, 0);
	assert_ptr_equal(sock_tables_listener(t, out[0]), info(t, z.listener));
	assert_peer(t, z.pair[0], z.pair[1]);
	assert_peer(t, z.log, z.sender);
	assert_peer(t, z.sender, z.log);
	assert_peer(t, z.un_listener, z.un_wait);
	assert_peer(t, z.un_wait, z.un_listener);
	s = info(t, z.un_listener);
	assert_int_equal(s->rqueue, 1);
	assert_int_equal(s->wqueue, 9);
	assert_true(sock_unix_is_abstract(s));
	assert_peer(t, z.udp_client, z.udp_server);
	assert_peer(t, z.udp_server, z.udp_client);
	if (z.six >= 0)
		assert_true(info(t, z.six)->has & SOCK_V6ONLY);
	assert_int_equal(info(t, z.netlink)->family, AF_NETLINK);
	sock_tables_free(t);
	zoo_close(&z);
}

/* The two sources agree on every socket of ours and every field that both have. */
static void test_sources_agree(void **state)
{
	struct sock_tables *a, *b;
	struct zoo z;
	size_t i;

	(void)state;
	zoo_make(&z);
	a = load_own(SOCK_WANT_COMMON);
	b = load_own(SOCK_WANT_COMMON | SOCK_WANT_PROC);
	for (i = 0; i < sizeof(z) / sizeof(int); i++) {
		int fd = ((int *)&z)[i];
		const struct sock_info *n, *p;

		if (fd < 0)
			continue;
		n = info(a, fd);
		p = info(b, fd);
		assert_true(p->has & SOCK_FROM_PROC);
		assert_false(n->has & SOCK_FROM_PROC);
		assert_int_equal(n->table, p->table);
		assert_int_equal(n->family, p->family);
		if (n->family != AF_NETLINK) {
			assert_int_equal(n->type, p->type);
			assert_string_equal(sock_state_name(n), sock_state_name(p));
		}
		if (n->has & p->has & SOCK_HAS_UID)
			assert_int_equal(n->uid, p->uid);
		if (n->has & p->has & (SOCK_HAS_QUEUES | SOCK_HAS_BACKLOG))
			assert_int_equal(n->rqueue, p->rqueue);
		if (sock_is_inet(n))
			assert_memory_equal(&n->in, &p->in, sizeof(n->in));
		if (n->family == AF_UNIX) {
			assert_int_equal(n->un.name_len, p->un.name_len);
			if (n->un.name_len)
				assert_memory_equal(n->un.name, p->un.name, n->un.name_len);
		}
	}
	sock_tables_free(a);
	sock_tables_free(b);
	zoo_close(&z);
}

/* A line of ss output that has all the words, with blanks around them. */
static bool ss_has(const char *options, const char *const *words, size_t n)
{
	char command[64], line[4096];
	bool found = false;
	FILE *f;

	snprintf(command, sizeof(command), "ss %s 2>/dev/null", options);
	f = popen(command, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		size_t i;

		line[strcspn(line, "\n")] = ' ';
		for (i = 0; i < n && strstr(line, words[i]); i++)
			;
		found |= i == n;
	}
	pclose(f);
	return found;
}

static void check_ss_inet(const struct sock_info *s, const char *options)
{
	autobuf local = BUF_INIT;
	autobuf remote = BUF_INIT;
	char inode[32], cookie[32];
	const char *words[4] = { NULL, NULL, inode, cookie };

	snprintf(inode, sizeof(inode), " ino:%llu ", (unsigned long long)s->inode);
	snprintf(cookie, sizeof(cookie), " sk:%llx ", (unsigned long long)s->cookie);
	sock_local_text(&local, s);
	sock_remote_text(&remote, s);
	buf_addc(&local, ' ');
	words[0] = buf_str(&local);
	words[1] = buf_str(&remote);
	assert_true(ss_has(options, words, 4));
}

static void test_ss(void **state)
{
	struct sock_tables *t;
	char ends[64], back[64];
	const char *words[] = { ends, back };
	struct zoo z;

	(void)state;
	if (system("ss -V >/dev/null 2>&1") != 0)
		skip();
	zoo_make(&z);
	t = load_own(SOCK_WANT_COMMON);
	check_ss_inet(info(t, z.listener), "-tanHeO");
	check_ss_inet(info(t, z.client), "-tanHeO");
	check_ss_inet(info(t, z.server), "-tanHeO");
	check_ss_inet(info(t, z.udp_server), "-uanHeO");
	check_ss_inet(info(t, z.udp_client), "-uanHeO");
	snprintf(ends, sizeof(ends), " * %llu ", (unsigned long long)inode_of(z.pair[0]));
	snprintf(back, sizeof(back), " * %u ", info(t, z.pair[0])->un.peer);
	assert_true(ss_has("-xanHO", words, 2));
	sock_tables_free(t);
	zoo_close(&z);
}

/* What is not asked for is not loaded; what is asked for later comes in then. */
static void test_in_parts(void **state)
{
	struct sock_tables *t;
	autoclose int dir = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct sock_netns *ns;
	struct zoo z;
	size_t n;

	(void)state;
	zoo_make(&z);
	t = load_own(SOCK_WANT(SOCK_TABLE_UNIX));
	assert_null(sock_tables_find(t, inode_of(z.client)));
	info(t, z.pair[0]);
	n = sock_tables_count(t);
	assert_int_equal(
		sock_tables_add_netns(t, dir, sock_own_netns(), SOCK_WANT(SOCK_TABLE_UNIX), NULL),
		0);
	assert_int_equal(sock_tables_count(t), n);
	assert_int_equal(sock_tables_add_netns(t, dir, sock_own_netns(), SOCK_WANT_ALL, NULL), 0);
	assert_peer(t, z.client, z.server);
	assert_int_equal(sock_tables_n_netns(t), 1);
	ns = sock_tables_find_netns(t, sock_own_netns());
	assert_true(ns->own);
	assert_int_equal(ns->table[SOCK_TABLE_TCP].source, SOCK_SOURCE_NETLINK);
	/* Each table is there or says why not. */
	for (n = 0; n < SOCK_TABLES; n++)
		assert_true(ns->table[n].source != SOCK_SOURCE_NONE || ns->table[n].err);
	sock_tables_free(t);
	zoo_close(&z);
}

/* A child in namespaces of its own, which runs script and then holds fd open. */
struct child {
	pid_t pid;
	int dir; /* its /proc directory */
	uint64_t netns;
	uint64_t fds[8]; /* inodes it told us */
	int from, to;
};

typedef void child_fn(int in, int out);

static void child_start(struct child *c, child_fn *fn)
{
	int from[2], to[2];
	char path[64];
	struct stat st;

	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	c->pid = fork();
	assert_true(c->pid >= 0);
	if (c->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) < 0)
			_exit(77);
		close(to[1]);
		fn(to[0], from[1]);
		_exit(0);
	}
	close(from[1]);
	close(to[0]);
	c->from = from[0];
	c->to = to[1];
	snprintf(path, sizeof(path), "/proc/%d", c->pid);
	c->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Its first word comes from the other side of unshare. */
	if (read(c->from, c->fds, sizeof(c->fds)) <= 0)
		c->netns = 0;
	else
		c->netns = fstatat(c->dir, "ns/net", &st, 0) == 0 ? st.st_ino : 0;
}

static void child_end(struct child *c)
{
	close(c->from);
	close(c->to);
	close(c->dir);
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
}

static void tell(int out, const uint64_t *inodes)
{
	if (write(out, inodes, 8 * sizeof(*inodes)) != 8 * sizeof(*inodes))
		_exit(1);
}

static void interface_up(const char *name)
{
	struct ifreq r = { .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &r) < 0)
		_exit(1);
	close(fd);
}

static void child_zoo(int in, int out)
{
	uint64_t inodes[8] = { 0 };
	struct zoo z;
	char c;

	interface_up("lo");
	zoo_make(&z);
	inodes[0] = inode_of(z.client);
	inodes[1] = inode_of(z.server);
	inodes[2] = inode_of(z.log);
	inodes[3] = inode_of(z.pair[0]);
	tell(out, inodes);
	if (read(in, &c, 1) < 0)
		_exit(1);
}

static void test_other_namespace(void **state)
{
	uint64_t before = sock_own_netns();
	const struct sock_netns *ns;
	const struct sock_info *out[2];
	struct sock_tables *t;
	struct child c;

	(void)state;
	child_start(&c, child_zoo);
	if (!c.netns) {
		child_end(&c);
		skip();
	}
	t = load_own(SOCK_WANT_COMMON);
	assert_null(sock_tables_find(t, c.fds[0]));
	assert_int_equal(sock_tables_add_netns(t, c.dir, c.netns, SOCK_WANT_COMMON, NULL), 0);
	assert_int_equal(sock_own_netns(), before);
	ns = sock_tables_find_netns(t, c.netns);
	assert_false(ns->own);
	assert_int_equal(ns->setns_err, 0);
	assert_int_equal(ns->table[SOCK_TABLE_TCP].source, SOCK_SOURCE_NETLINK);
	assert_int_equal(sock_tables_peers(t, sock_tables_find(t, c.fds[0]), out, 2), 1);
	assert_int_equal(out[0]->inode, c.fds[1]);
	assert_int_equal(out[0]->netns, c.netns);
	assert_non_null(sock_tables_find(t, c.fds[2]));
	/* Not the namespace that was meant. */
	assert_int_equal(sock_tables_add_netns(t, c.dir, before + 1, SOCK_WANT_COMMON, NULL),
			 -ESTALE);
	sock_tables_free(t);
	child_end(&c);
}

/* Without privileges: the failure is stated, and /proc stands in. */
static int unprivileged_load(const struct child *c)
{
	struct sock_tables *t = sock_tables_new();
	const struct sock_netns *ns;
	int r;

	if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
		return 77;
	r = sock_tables_add_netns(t, c->dir, 0, SOCK_WANT_COMMON, NULL);
	ns = sock_tables_netns(t, 0);
	if (r < 0 || ns->setns_err != EACCES || ns->table[SOCK_TABLE_TCP].err != EACCES)
		return 2;
	if (ns->table[SOCK_TABLE_TCP].source != SOCK_SOURCE_PROC)
		return 3;
	if (!sock_tables_find(t, c->fds[0]) || !sock_tables_find(t, c->fds[3]))
		return 4;
	sock_tables_free(t);
	t = sock_tables_new();
	r = sock_tables_add_netns(t, c->dir, c->netns, SOCK_WANT_COMMON, NULL);
	ns = sock_tables_netns(t, 0);
	if (r < 0 || ns->setns_err != EACCES || !sock_tables_find(t, c->fds[1]))
		return 5;
	sock_tables_free(t);
	return 0;
}

static void test_unprivileged(void **state)
{
	struct child c;
	pid_t pid;
	int status;

	(void)state;
	child_start(&c, child_zoo);
	if (!c.netns || getuid() != 0) {
		child_end(&c);
		skip();
	}
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(unprivileged_load(&c));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	child_end(&c);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int run(const char *command)
{
	return system(command) == 0 ? 0 : -1;
}

/* The server's side of a pair of interfaces: TCP and a wildcard UDP socket. */
static void child_server(int in, int out)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(7777) };
	int listener, udp, one;
	uint64_t inodes[8] = { 0 };
	char c;

	tell(out, inodes);
	if (read(in, &c, 1) != 1 || run("ip addr add 10.77.0.1/24 dev fl0 && ip link set fl0 up"))
		_exit(1);
	listener = open_socket(AF_INET, SOCK_STREAM, 0);
	udp = open_socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(listener, (struct sockaddr *)&a, sizeof(a)) || listen(listener, 3) ||
	    bind(udp, (struct sockaddr *)&a, sizeof(a)))
		_exit(1);
	inodes[1] = inode_of(udp);
	tell(out, inodes);
	one = accept(listener, NULL, NULL);
	inodes[0] = inode_of(one);
	tell(out, inodes);
	if (read(in, &c, 1) < 0)
		_exit(1);
}

static void child_client(int in, int out)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(7777) };
	int tcp, udp;
	uint64_t inodes[8] = { 0 };
	char c;

	inet_pton(AF_INET, "10.77.0.1", &a.sin_addr);
	tell(out, inodes);
	if (read(in, &c, 1) != 1 || run("ip addr add 10.77.0.2/24 dev fl1 && ip link set fl1 up"))
		_exit(1);
	tcp = open_socket(AF_INET, SOCK_STREAM, 0);
	udp = open_socket(AF_INET, SOCK_DGRAM, 0);
	if (connect(udp, (struct sockaddr *)&a, sizeof(a)) ||
	    connect(tcp, (struct sockaddr *)&a, sizeof(a)))
		_exit(1);
	inodes[0] = inode_of(tcp);
	inodes[1] = inode_of(udp);
	tell(out, inodes);
	if (read(in, &c, 1) < 0)
		_exit(1);
}

/* Its next word, or nothing within ten seconds. */
static bool hear(struct child *c)
{
	struct pollfd p = { .fd = c->from, .events = POLLIN };

	return poll(&p, 1, 10000) == 1 && read(c->from, c->fds, sizeof(c->fds)) > 0;
}

static bool connect_them(struct child *server, struct child *client)
{
	char command[128];

	if (!server->netns || !client->netns)
		return false;
	snprintf(command, sizeof(command),
		 "ip link add fl0 netns %d type veth peer name fl1 netns %d 2>/dev/null",
		 server->pid, client->pid);
	if (run(command) < 0)
		return false;
	return write(server->to, "g", 1) == 1 && hear(server) && write(client->to, "g", 1) == 1 &&
	       hear(client) && hear(server);
}

static void assert_across(const struct sock_tables *t, uint64_t a, uint64_t b)
{
	const struct sock_info *out[4], *s = sock_tables_find(t, a);

	assert_non_null(s);
	assert_int_equal(sock_tables_peers(t, s, out, 4), 1);
	assert_int_equal(out[0]->inode, b);
}

static void test_across_namespaces(void **state)
{
	struct child server, client;
	struct sock_tables *t;

	(void)state;
	child_start(&server, child_server);
	child_start(&client, child_client);
	if (!connect_them(&server, &client)) {
		child_end(&server);
		child_end(&client);
		skip();
	}
	t = load_own(SOCK_WANT_COMMON | SOCK_WANT_ADDRS);
	assert_int_equal(sock_tables_add_netns(t, server.dir, server.netns,
					       SOCK_WANT_COMMON | SOCK_WANT_ADDRS, NULL),
			 0);
	assert_int_equal(sock_tables_add_netns(t, client.dir, client.netns,
					       SOCK_WANT_COMMON | SOCK_WANT_ADDRS, NULL),
			 0);
	assert_across(t, server.fds[0], client.fds[0]);
	assert_across(t, client.fds[0], server.fds[0]);
	assert_across(t, client.fds[1], server.fds[1]);
	assert_across(t, server.fds[1], client.fds[1]);
	sock_tables_free(t);
	/* The same by /proc alone. */
	t = sock_tables_new();
	sock_tables_add_netns(t, server.dir, server.netns,
			      SOCK_WANT_COMMON | SOCK_WANT_ADDRS | SOCK_WANT_PROC, NULL);
	sock_tables_add_netns(t, client.dir, client.netns,
			      SOCK_WANT_COMMON | SOCK_WANT_ADDRS | SOCK_WANT_PROC, NULL);
	assert_across(t, client.fds[0], server.fds[0]);
	assert_across(t, server.fds[1], client.fds[1]);
	sock_tables_free(t);
	child_end(&server);
	child_end(&client);
}

static void test_gone(void **state)
{
	struct sock_tables *t = sock_tables_new();
	struct fail f = { 0 };
	struct child c;

	(void)state;
	child_start(&c, child_zoo);
	kill(c.pid, SIGKILL);
	waitpid(c.pid, NULL, 0);
	if (c.netns) {
		assert_true(sock_tables_add_netns(t, c.dir, c.netns, SOCK_WANT_COMMON, &f) < 0);
		assert_true(f.err > 0);
	}
	assert_int_equal(sock_tables_count(t), 0);
	close(c.from);
	close(c.to);
	close(c.dir);
	sock_tables_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_sources_agree),
		cmocka_unit_test(test_ss),
		cmocka_unit_test(test_in_parts),
		cmocka_unit_test(test_other_namespace),
		cmocka_unit_test(test_unprivileged),
		cmocka_unit_test(test_across_namespaces),
		cmocka_unit_test(test_gone),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
