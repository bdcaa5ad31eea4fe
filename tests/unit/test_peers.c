/* SPDX-License-Identifier: MIT */
/* The other ends, by real objects of this process and rows for the rest. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/proc/procfs.h"
#include "src/share/peers.h"
#include "tests/unit/rows.h"

/* Two processes with the same descriptors: as after a fork. */
struct scene {
	struct procent p[2], *list[2];
	struct sock_tables *net;
	struct mounts mounts;
	struct peers *peers;
	int fds[32];
	uint32_t n;
};

static void scene_look(struct scene *s)
{
	int dir = open("/proc/self", O_PATH | O_CLOEXEC);

	s->net = sock_tables_new();
	sock_tables_add_netns(s->net, dir, sock_own_netns(), SOCK_WANT_COMMON | SOCK_WANT_ADDRS,
			      NULL);
	mounts_add(&s->mounts, dir, 1);
	mounts_finish(&s->mounts);
	close(dir);
	for (int i = 0; i < 2; i++) {
		rows_fill(&s->p[i], 100 + i, s->fds, s->n, s->net);
		s->list[i] = &s->p[i];
	}
	s->peers = peers_find(s->list, 2, s->net, &s->mounts);
}

static void scene_close(struct scene *s)
{
	peers_free(s->peers);
	sock_tables_free(s->net);
	mounts_release(&s->mounts);
	for (uint32_t i = 0; i < s->n; i++)
		close(s->fds[i]);
	rows_release(&s->p[0]);
	rows_release(&s->p[1]);
}

/* Row a of either process has the rows of b, ended by -1, in both processes. */
static void assert_peers(const struct scene *s, int a, const int *b)
{
	for (int proc = 0; proc < 2; proc++) {
		const struct fdent *e = &s->p[proc].rows[a], *got;
		size_t at = 0, n = 0;

		for (int q = 0; q < 2; q++)
			for (const int *want = b; *want >= 0; want++) {
				if (&s->p[q].rows[*want] == e)
					continue;
				got = peers_next(s->peers, e, &at);
				assert_ptr_equal(got, &s->p[q].rows[*want]);
				n++;
			}
		assert_null(peers_next(s->peers, e, &at));
		assert_int_equal(peers_count(s->peers, e), n);
	}
}

#define PEERS(s, a, ...) assert_peers(s, a, (const int[]){ __VA_ARGS__, -1 })
#define NO_PEERS(s, a)   assert_peers(s, a, (const int[]){ -1 })

static void test_pipes(void **state)
{
	struct scene s = { .n = 6 };
	char dir[] = "/tmp/filch-peers-XXXXXX", path[64];

	(void)state;
	assert_int_equal(pipe(s.fds), 0);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	s.fds[2] = open(path, O_RDWR);
	s.fds[3] = open(path, O_RDONLY | O_NONBLOCK);
	s.fds[4] = open(path, O_WRONLY);
	s.fds[5] = open(path, O_PATH);
	scene_look(&s);
	PEERS(&s, 0, 1);
	PEERS(&s, 1, 0);
	PEERS(&s, 2, 2, 3, 4);
	PEERS(&s, 3, 2, 4);
	PEERS(&s, 4, 2, 3);
	NO_PEERS(&s, 5);
	scene_close(&s);
	unlink(path);
	rmdir(dir);
}

static void test_same_inode_elsewhere(void **state)
{
	struct scene s = { .n = 2 };
	struct peers *p;

	(void)state;
	assert_int_equal(pipe(s.fds), 0);
	scene_look(&s);
	s.p[0].rows[0].dev ^= 1; /* another filesystem, the same number */
	s.p[1].rows[0].dev ^= 1;
	p = peers_find(s.list, 2, s.net, &s.mounts);
	assert_int_equal(peers_count(p, &s.p[0].rows[0]), 0);
	assert_int_equal(peers_count(p, &s.p[0].rows[1]), 0);
	peers_free(p);
	scene_close(&s);
}

static void test_unix(void **state)
{
	struct scene s = { .n = 5 };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int client;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, s.fds), 0);
	snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1, "filch-test-%d", getpid());
	s.fds[2] = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(s.fds[2], (void *)&un, sizeof(un)), 0);
	assert_int_equal(listen(s.fds[2], 5), 0);
	client = s.fds[3] = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(client, (void *)&un, sizeof(un)), 0);
	s.fds[4] = accept(s.fds[2], NULL, NULL);
	scene_look(&s);
	if (!s.p[0].rows[0].sock)
		skip();
	PEERS(&s, 0, 1);
	PEERS(&s, 1, 0);
	NO_PEERS(&s, 2);
	PEERS(&s, 3, 4);
	PEERS(&s, 4, 3);
	scene_close(&s);
}

/* Clients of one datagram socket: it has them all, each has it. */
static void test_unix_many(void **state)
{
	struct scene s = { .n = 4 };
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	(void)state;
	snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1, "filch-many-%d", getpid());
	for (int i = 0; i < 4; i++)
		s.fds[i] = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(s.fds[0], (void *)&un, sizeof(un)), 0);
	for (int i = 1; i < 4; i++)
		assert_int_equal(connect(s.fds[i], (void *)&un, sizeof(un)), 0);
	scene_look(&s);
	if (!s.p[0].rows[0].sock)
		skip();
	PEERS(&s, 0, 1, 2, 3);
	for (int i = 1; i < 4; i++)
		PEERS(&s, i, 0);
	scene_close(&s);
}

static int bound(int type, struct sockaddr_in *in)
{
	socklen_t len = sizeof(*in);
	int fd = socket(AF_INET, type, 0);

	memset(in, 0, sizeof(*in));
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (void *)in, sizeof(*in)), 0);
	assert_int_equal(getsockname(fd, (void *)in, &len), 0);
	return fd;
}

static void test_inet(void **state)
{
	struct scene s = { .n = 5 };
	struct sockaddr_in in;

	(void)state;
	s.fds[0] = bound(SOCK_STREAM, &in);
	assert_int_equal(listen(s.fds[0], 5), 0);
	s.fds[1] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(s.fds[1], (void *)&in, sizeof(in)), 0);
	s.fds[2] = accept(s.fds[0], NULL, NULL);
	s.fds[3] = bound(SOCK_DGRAM, &in);
	s.fds[4] = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(connect(s.fds[4], (void *)&in, sizeof(in)), 0);
	scene_look(&s);
	if (!s.p[0].rows[0].sock)
		skip();
	NO_PEERS(&s, 0);
	PEERS(&s, 1, 2);
	PEERS(&s, 2, 1);
	PEERS(&s, 3, 4);
	PEERS(&s, 4, 3);
	scene_close(&s);
}

static void test_pty(void **state)
{
	struct scene s = { .n = 4 };

	(void)state;
	if (openpty(&s.fds[0], &s.fds[1], NULL, NULL, NULL) < 0 ||
	    openpty(&s.fds[2], &s.fds[3], NULL, NULL, NULL) < 0)
		skip();
	scene_look(&s);
	PEERS(&s, 0, 1);
	PEERS(&s, 1, 0);
	PEERS(&s, 2, 3);
	PEERS(&s, 3, 2);
	scene_close(&s);
}

/* The same index in two instances of devpts; /dev/ptmx beside one of them. */
static void test_pty_instances(void **state)
{
	static const char text[] = "20 1 0:5 / /dev rw - devtmpfs udev rw\n"
				   "21 20 0:22 / /dev/pts rw - devpts devpts rw\n"
				   "30 1 0:6 / /c/dev rw - tmpfs tmpfs rw\n"
				   "31 30 0:44 / /c/dev/pts rw - devpts devpts rw\n";
	struct fdent rows[5];
	struct procent p = { .pid = 1, .rows = rows, .n_rows = 5 }, *list = &p;
	struct mounts mounts = { 0 };
	struct peers *peers;
	size_t at;

	(void)state;
	mounts_parse(&mounts, text, sizeof(text) - 1, 1);
	mounts_finish(&mounts);
	for (int i = 0; i < 5; i++)
		rows[i] = (struct fdent){ .proc = &p,
					  .fd = i,
					  .mode = S_IFCHR,
					  .rdev = makedev(5, 2),
					  .extra = "tty-index:\t3\n",
					  .extra_len = 13,
					  .name = "/dev/ptmx",
					  .name_len = 9,
					  .have = HAVE_STAT | HAVE_INFO | HAVE_LINK };
	rows[0].mnt_id = 20; /* by the mount beside it */
	rows[1].mnt_id = 31; /* a ptmx inside of a devpts */
	rows[2].mnt_id = 999;
	for (int i = 3; i < 5; i++) {
		rows[i].rdev = makedev(136, 3);
		rows[i].extra_len = 0;
	}
	rows[3].dev = makedev(0, 22);
	rows[4].dev = makedev(0, 44);
	peers = peers_find(&list, 1, NULL, &mounts);
	at = 0;
	assert_ptr_equal(peers_next(peers, &rows[0], &at), &rows[3]);
	assert_int_equal(peers_count(peers, &rows[0]), 1);
	at = 0;
	assert_ptr_equal(peers_next(peers, &rows[1], &at), &rows[4]);
	assert_int_equal(peers_count(peers, &rows[2]), 0);
	at = 0;
	assert_ptr_equal(peers_next(peers, &rows[4], &at), &rows[1]);
	peers_free(peers);
	mounts_release(&mounts);
}

static void test_eventfd(void **state)
{
	struct scene s = { .n = 3 };

	(void)state;
	s.fds[0] = eventfd(0, 0);
	s.fds[1] = dup(s.fds[0]);
	s.fds[2] = eventfd(0, 0);
	scene_look(&s);
	PEERS(&s, 0, 0, 1);
	PEERS(&s, 2, 2);
	scene_close(&s);
}

static void test_mqueue(void **state)
{
	/* Small: RLIMIT_MSGQUEUE counts bytes. */
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 8 };
	struct scene s = { .n = 2 };
	char name[32];

	(void)state;
	snprintf(name, sizeof(name), "/filch-peers-%d", getpid());
	s.fds[0] = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
	if (s.fds[0] < 0 || !kind_by_name("mqueue"))
		skip();
	s.fds[1] = mq_open(name, O_RDONLY);
	mq_unlink(name);
	scene_look(&s);
	PEERS(&s, 0, 0, 1);
	PEERS(&s, 1, 0, 1);
	scene_close(&s);
}

/* A pipe that a thousand workers have, on both ends: one list an end. */
static void test_memory(void **state)
{
	enum { N = 1000 };
	struct fdent *rows = calloc(2 * N, sizeof(*rows));
	struct procent *p = calloc(N, sizeof(*p)), **list = calloc(N, sizeof(*list));
	struct peers *peers;

	(void)state;
	for (int i = 0; i < N; i++) {
		p[i] = (struct procent){ .pid = i + 1, .rows = rows + 2 * i, .n_rows = 2 };
		list[i] = &p[i];
		for (int fd = 0; fd < 2; fd++)
			p[i].rows[fd] = (struct fdent){ .proc = &p[i],
							.fd = fd,
							.mode = S_IFIFO,
							.flags = (uint32_t)fd,
							.ino = 5,
							.name = "pipe:[5]",
							.name_len = 8,
							.have = HAVE_STAT | HAVE_INFO };
	}
	peers = peers_find(list, N, NULL, NULL);
	for (int i = 0; i < 2 * N; i++)
		assert_int_equal(peers_count(peers, &rows[i]), N);
	assert_true(peers_memory(peers) < 2 * N * 64 + 8192);
	peers_free(peers);
	free(rows);
	free(list);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipes),         cmocka_unit_test(test_same_inode_elsewhere),
		cmocka_unit_test(test_unix),          cmocka_unit_test(test_unix_many),
		cmocka_unit_test(test_inet),          cmocka_unit_test(test_pty),
		cmocka_unit_test(test_pty_instances), cmocka_unit_test(test_eventfd),
		cmocka_unit_test(test_mqueue),        cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests_name("peers", tests, NULL, NULL);
}
