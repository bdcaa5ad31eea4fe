/* SPDX-License-Identifier: MIT */
/* Who has it, and how: real objects of this process, shown as two processes. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/share/holders.h"
#include "tests/unit/rows.h"

struct scene {
	struct procent p[2], *list[2];
	struct peers *peers;
	pid_t child;
	bool kcmp;
};

/* A child that has what we have now, and two tables of it. */
static void scene_open(struct scene *s, const int *fds, uint32_t n)
{
	struct ofd_opts opts = { .workers = 1 };

	s->child = fork();
	if (s->child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	rows_fill(&s->p[0], getpid(), fds, n, NULL);
	rows_fill(&s->p[1], s->child, fds, n, NULL);
	for (int i = 0; i < 2; i++)
		s->list[i] = &s->p[i];
	assert_int_equal(ofd_group(s->list, 2, &opts, NULL), 0);
	s->peers = peers_find(s->list, 2, NULL, NULL);
	s->kcmp = s->p[0].rows[0].ofd != 0;
}

static void scene_close(struct scene *s)
{
	kill(s->child, SIGKILL);
	waitpid(s->child, NULL, 0);
	peers_free(s->peers);
	rows_release(&s->p[0]);
	rows_release(&s->p[1]);
}

static void look(struct scene *s, const struct fdent *e, struct holders *h)
{
	struct holders_subject subject = { .e = e };

	holders_find(h, &subject, s->list, 2, s->peers, NULL);
}

static void test_file(void **state)
{
	char path[] = "/tmp/filch-holders-XXXXXX";
	struct holders_subject by_path = { 0 };
	struct holders h;
	struct scene s = { 0 };
	struct fdent saved;
	struct stat st;
	int fds[4];

	(void)state;
	fds[0] = mkstemp(path);
	fds[1] = open(path, O_RDWR);
	fds[2] = dup(fds[0]);
	fds[3] = open("/dev/null", O_RDWR);
	scene_open(&s, fds, 4);
	saved = s.p[1].rows[3];
	s.p[1].rows[3] = s.p[1].rows[0]; /* the file as a mapping and as a working folder */
	s.p[1].rows[3].assoc = ASSOC_MEM;
	s.p[1].rows[3].ofd = 0;
	if (!s.kcmp)
		skip();
	look(&s, &s.p[0].rows[2], &h);
	assert_int_equal(h.of[HOLDER_SAME_DESCRIPTION], 4);
	assert_int_equal(h.of[HOLDER_SAME_INODE], 2);
	assert_int_equal(h.of[HOLDER_MAPPED], 1);
	assert_int_equal(h.n, 7);
	assert_ptr_equal(h.at[0].e, &s.p[0].rows[2]);
	assert_ptr_equal(h.at[4].e, &s.p[0].rows[1]);
	assert_false(h.at[4].unsure);
	holders_release(&h);

	/* Where kcmp could not tell, the same inode may be the same description. */
	s.p[1].rows[0].ofd = 0;
	look(&s, &s.p[0].rows[2], &h);
	assert_int_equal(h.of[HOLDER_SAME_DESCRIPTION], 3);
	assert_int_equal(h.of[HOLDER_SAME_INODE], 3);
	assert_true(h.at[4].unsure);
	assert_false(h.at[3].unsure);
	holders_release(&h);

	stat(path, &st);
	by_path.dev = st.st_dev;
	by_path.ino = st.st_ino;
	holders_find(&h, &by_path, s.list, 2, s.peers, NULL);
	assert_int_equal(h.of[HOLDER_SAME_INODE], 6);
	assert_int_equal(h.of[HOLDER_SAME_DESCRIPTION], 0);
	assert_false(h.at[0].unsure);
	holders_release(&h);
	by_path.dev ^= 1;
	s.p[1].err = EACCES;
	holders_find(&h, &by_path, s.list, 2, s.peers, NULL);
	assert_int_equal(h.n, 0);
	assert_int_equal(h.unreadable, 1);
	holders_release(&h);
	s.p[1].rows[3] = saved;
	scene_close(&s);
	unlink(path);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

static void test_pipe(void **state)
{
	struct holders h;
	struct scene s = { 0 };
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	scene_open(&s, fds, 2);
	if (!s.kcmp)
		skip();
	look(&s, &s.p[0].rows[0], &h);
	assert_int_equal(h.of[HOLDER_SAME_DESCRIPTION], 2);
	assert_int_equal(h.of[HOLDER_SAME_INODE], 0);
	assert_int_equal(h.of[HOLDER_OTHER_END], 2);
	holders_release(&h);
	scene_close(&s);
	close(fds[0]);
	close(fds[1]);
}

/* Anonymous inodes are all one inode; that does not make them one thing. */
static void test_anonymous(void **state)
{
	struct holders h;
	struct scene s = { 0 };
	int fds[3] = { eventfd(0, 0), eventfd(0, 0), epoll_create1(0) };

	(void)state;
	scene_open(&s, fds, 3);
	if (!s.kcmp)
		skip();
	look(&s, &s.p[0].rows[0], &h);
	assert_int_equal(h.of[HOLDER_SAME_DESCRIPTION], 2);
	assert_int_equal(h.n, 2);
	holders_release(&h);
	look(&s, &s.p[0].rows[2], &h);
	assert_int_equal(h.n, 2);
	holders_release(&h);
	scene_close(&s);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}

static void test_epoll(void **state)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct holders h;
	struct scene s = { 0 };
	int fds[4], ghost;

	(void)state;
	fds[0] = eventfd(0, 0);
	fds[1] = eventfd(0, 0);
	fds[2] = epoll_create1(0);
	fds[3] = dup(fds[0]);
	assert_int_equal(epoll_ctl(fds[2], EPOLL_CTL_ADD, fds[0], &ev), 0);
	assert_int_equal(epoll_ctl(fds[2], EPOLL_CTL_ADD, fds[1], &ev), 0);
	ghost = dup(fds[0]);
	assert_int_equal(epoll_ctl(fds[2], EPOLL_CTL_ADD, ghost, &ev), 0);
	close(ghost);
	scene_open(&s, fds, 4);
	if (!s.kcmp)
		skip();
	look(&s, &s.p[0].rows[3], &h);
	assert_int_equal(h.of[HOLDER_SAME_DESCRIPTION], 4);
	/* By the number and by the ghost, of the one epoll that two processes have. */
	assert_int_equal(h.of[HOLDER_WATCHED], 4);
	assert_int_equal(h.n, 8);
	assert_int_equal(h.at[4].tfd, fds[0]);
	assert_false(h.at[4].ghost);
	assert_false(h.at[4].unsure);
	assert_int_equal(h.at[5].tfd, ghost);
	assert_true(h.at[5].ghost);
	holders_release(&h);
	scene_close(&s);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

static void test_in_flight(void **state)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct holders h;
	struct scene s = { 0 };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int fds[3];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	fds[2] = open("/dev/null", O_RDONLY);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fds[2], sizeof(int));
	assert_int_equal(sendmsg(fds[0], &msg, 0), 1);
	scene_open(&s, fds, 3);
	look(&s, &s.p[0].rows[2], &h);
	if (!s.kcmp || !strstr(s.p[0].rows[1].extra, "scm_fds"))
		skip();
	assert_int_equal(h.of[HOLDER_IN_FLIGHT], 1);
	assert_int_equal(h.at[h.n - 1].count, 1);
	assert_ptr_equal(h.at[h.n - 1].e, &s.p[0].rows[1]);
	holders_release(&h);
	scene_close(&s);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}

static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < HOLDER_HOWS; i++)
		assert_non_null(holder_how_name((enum holder_how)i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),      cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_anonymous), cmocka_unit_test(test_epoll),
		cmocka_unit_test(test_in_flight), cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("holders", tests, NULL, NULL);
}
