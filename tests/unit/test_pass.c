/* SPDX-License-Identifier: MIT */
/* Lines with descriptors over a socket, whole, in pieces, and from somebody hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/base/fd.h"
#include "src/keep/pass.h"

static int count_open(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int make(const char *text)
{
	int fd = memfd_create("passed", MFD_CLOEXEC);

	assert_int_equal(pwrite(fd, text, strlen(text), 0), (ssize_t)strlen(text));
	return fd;
}

static void send_made(int sock, const char *line, const char *text)
{
	int fd = make(text);

	assert_int_equal(pass_send(sock, line, strlen(line), fd), 0);
	close(fd);
}

/* Several descriptors beside one text, as no filch sends them. */
static void send_many(int sock, const char *line, int fd, int n)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(16 * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)line, strlen(line) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = CMSG_SPACE((size_t)n * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
	for (int i = 0; i < n; i++)
		memcpy(CMSG_DATA(c) + (size_t)i * sizeof(int), &fd, sizeof(fd));
	assert_int_equal(sendmsg(sock, &msg, MSG_NOSIGNAL), (ssize_t)strlen(line));
}

static void got(struct pass_in *in, const char *line, const char *text)
{
	struct buf b = BUF_INIT;
	char p[64] = "";
	int fd = -1;

	assert_int_equal(pass_next(in, &b, &fd), 1);
	assert_string_equal(buf_str(&b), line);
	buf_release(&b);
	if (!text) {
		assert_int_equal(fd, -1);
		return;
	}
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(pread(fd, p, sizeof(p) - 1, 0) >= 0);
	assert_string_equal(p, text);
	close(fd);
}

static void ended(struct pass_in *in, int with)
{
	struct buf b = BUF_INIT;
	int fd = -1;

	assert_int_equal(pass_next(in, &b, &fd), with);
	buf_release(&b);
}

struct pair {
	int theirs;
	struct pass_in in;
	int before;
};

static struct pair start(void)
{
	struct pair p = { .before = count_open() };
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	p.theirs = ends[0];
	p.in.sock = ends[1];
	return p;
}

/* Whatever came, nothing of it stays open. */
static void finish(struct pair *p)
{
	pass_in_release(&p->in);
	fd_close(&p->theirs);
	close(p->in.sock);
	assert_int_equal(count_open(), p->before);
}

static void test_lines(void **state)
{
	struct pair p = start();

	(void)state;
	send_made(p.theirs, "one\n", "1");
	send_made(p.theirs, "two\n", "2");
	send_made(p.theirs, "\n", "3");
	fd_close(&p.theirs);
	got(&p.in, "one", "1");
	got(&p.in, "two", "2");
	got(&p.in, "", "3");
	ended(&p.in, 0);
	finish(&p);
}

/* The descriptor comes with the first byte, the newline long after. */
static void test_pieces(void **state)
{
	struct pair p = start();
	int fd = make("x");

	(void)state;
	assert_int_equal(pass_send(p.theirs, "o", 1, fd), 0);
	assert_int_equal(pass_send(p.theirs, "ne", 2, -1), 0);
	assert_int_equal(pass_send(p.theirs, "\n", 1, -1), 0);
	send_made(p.theirs, "next\n", "n");
	close(fd);
	got(&p.in, "one", "x");
	got(&p.in, "next", "n");
	finish(&p);
}

/* Longer than what one read takes: it comes together with the next descriptor. */
static void test_long(void **state)
{
	static char line[100001];
	struct pair p = start();
	pid_t pid;

	(void)state;
	memset(line, 'y', sizeof(line) - 1);
	pid = fork();
	if (pid == 0) {
		int fd = make("long");

		line[sizeof(line) - 2] = '\n';
		pass_send(p.theirs, line, sizeof(line) - 1, fd);
		pass_send(p.theirs, "short\n", 6, fd);
		_exit(0);
	}
	line[sizeof(line) - 2] = '\0';
	got(&p.in, line, "long");
	got(&p.in, "short", "long");
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	finish(&p);
}

static void test_without(void **state)
{
	struct pair p = start();

	(void)state;
	assert_int_equal(pass_send(p.theirs, "bare\nalso\n", 10, -1), 0);
	send_made(p.theirs, "with\n", "w");
	got(&p.in, "bare", NULL);
	got(&p.in, "also", NULL);
	got(&p.in, "with", "w");
	finish(&p);
}

static void test_several(void **state)
{
	struct pair p = start();
	int fd = make("x");

	(void)state;
	send_many(p.theirs, "many\n", fd, 12);
	close(fd);
	ended(&p.in, -EBADMSG);
	finish(&p);
}

/* One for each byte of a line that does not end. */
static void test_flood(void **state)
{
	struct pair p = start();
	int fd = make("x");

	(void)state;
	for (int i = 0; i < 8; i++)
		assert_int_equal(pass_send(p.theirs, "z", 1, fd), 0);
	close(fd);
	ended(&p.in, -EBADMSG);
	finish(&p);
}

static void test_no_end(void **state)
{
	static char line[PASS_LINE_MAX + 65536];
	struct pair p = start();
	pid_t pid;

	(void)state;
	memset(line, 'y', sizeof(line));
	pid = fork();
	if (pid == 0) {
		close(p.in.sock);
		pass_send(p.theirs, line, sizeof(line), -1);
		_exit(0);
	}
	ended(&p.in, -EMSGSIZE);
	finish(&p);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_amidst(void **state)
{
	struct pair p = start();

	(void)state;
	send_made(p.theirs, "half", "h");
	fd_close(&p.theirs);
	ended(&p.in, -EBADMSG);
	finish(&p);
}

static void test_reader_gone(void **state)
{
	struct pair p = start();

	(void)state;
	close(p.in.sock);
	p.in.sock = dup(p.theirs);
	assert_int_equal(pass_send(p.theirs, "x\n", 2, -1), -EPIPE);
	finish(&p);
}

static void test_address(void **state)
{
	struct sockaddr_un a;
	char path[200];
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(pass_address(&a, "/run/x", &f),
			 offsetof(struct sockaddr_un, sun_path) + 7);
	assert_string_equal(a.sun_path, "/run/x");
	assert_int_equal(pass_address(&a, "@name", &f), offsetof(struct sockaddr_un, sun_path) + 5);
	assert_memory_equal(a.sun_path, "\0name", 5);
	assert_int_equal(pass_address(&a, "vsock:2:3", &f), -EAFNOSUPPORT);
	assert_int_equal(f.class, FAIL_USAGE);
	assert_int_equal(pass_address(&a, "", &f), -EINVAL);
	assert_int_equal(pass_address(&a, "@", &f), -EINVAL);
	memset(path, 'p', sizeof(path));
	path[107] = '\0';
	assert_true(pass_address(&a, path, &f) > 0);
	path[107] = 'p';
	path[108] = '\0';
	assert_int_equal(pass_address(&a, path, &f), -ENAMETOOLONG);
}

/* A living listener is left alone, a dead one's path replaced, a file never. */
static void test_listen(void **state)
{
	char dir[] = "/tmp/filch-pass.XXXXXX", path[64];
	struct fail f = { 0 };
	struct stat st;
	int first, fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	first = pass_listen(path, &f);
	assert_true(first >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(pass_listen(path, &f), -EADDRINUSE);
	fd = pass_connect(path, SOCK_STREAM, &f);
	assert_true(fd >= 0);
	close(fd);
	assert_true(pass_connect(path, SOCK_DGRAM, &f) < 0);
	close(first);
	assert_int_equal(pass_connect(path, SOCK_STREAM, &f), -ECONNREFUSED);
	assert_int_equal(f.class, FAIL_GONE);
	fd = pass_listen(path, &f);
	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	assert_int_equal(pass_listen(path, &f), -EADDRINUSE);
	unlink(path);
	rmdir(dir);
}

/* As the service manager would hear it. */
static void test_fdstore(void **state)
{
	int ends[2], fd = make("stored"), before;
	struct pass_in in = { 0 };
	struct fail f = { 0 };
	struct pollfd p;
	char text[256];
	ssize_t n;
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
	before = count_open();
	assert_int_equal(pass_fdstore(ends[0], "tcp-7", fd, &f), 0);
	n = recv(ends[1], text, sizeof(text) - 1, MSG_DONTWAIT | MSG_PEEK);
	assert_true(n > 0);
	text[n] = '\0';
	assert_string_equal(text, "FDSTORE=1\nFDNAME=tcp-7\n");
	in.sock = ends[1];
	got(&in, "FDSTORE=1", NULL);
	got(&in, "FDNAME=tcp-7", "stored");
	pass_in_release(&in);
	/* The barrier is over when the manager closes what came with it. */
	assert_int_equal(pass_barrier(ends[0], 50), -ETIMEDOUT);
	pid = fork();
	if (pid == 0) {
		p = (struct pollfd){ .fd = ends[1], .events = POLLIN };
		poll(&p, 1, 5000);
		recv(ends[1], text, sizeof(text), 0);
		recv(ends[1], text, sizeof(text), 0);
		_exit(0);
	}
	assert_int_equal(pass_barrier(ends[0], 5000), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(count_open(), before);
	close(ends[1]);
	assert_true(pass_fdstore(ends[0], "x", fd, &f) < 0);
	assert_string_equal(f.on, "the service manager");
	close(ends[0]);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),       cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_long),        cmocka_unit_test(test_without),
		cmocka_unit_test(test_several),     cmocka_unit_test(test_flood),
		cmocka_unit_test(test_no_end),      cmocka_unit_test(test_amidst),
		cmocka_unit_test(test_reader_gone), cmocka_unit_test(test_address),
		cmocka_unit_test(test_listen),      cmocka_unit_test(test_fdstore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
