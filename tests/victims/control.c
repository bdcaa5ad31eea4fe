/* SPDX-License-Identifier: MIT */
#include "tests/victims/victim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1048576

static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(a.sun_path))
		die("--control: the path is too long");
	memcpy(a.sun_path, path, strlen(path) + 1);
	return a;
}

int control_listen(const char *path)
{
	struct sockaddr_un a = address(path);
	int fd = (int)must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");

	must(bind(fd, (struct sockaddr *)&a, sizeof(a)), path);
	must(listen(fd, 16), "listen");
	return fd;
}

/* One byte at a time would be simpler, and slow for long lines. */
struct lines {
	int fd;
	char *buf;
	size_t len, used;
};

static ssize_t fill(struct lines *l)
{
	struct pollfd p = { .fd = l->fd, .events = POLLIN };

	while (poll(&p, 1, -1) < 0)
		if (errno == EINTR)
			note_eintr();
	return read(l->fd, l->buf + l->len, LINE_MAX_BYTES - l->len);
}

/* The next line without its newline; NULL at the end. Good until the next call. */
static char *next_line(struct lines *l)
{
	char *end;

	memmove(l->buf, l->buf + l->used, l->len -= l->used);
	l->used = 0;
	while (!(end = memchr(l->buf, '\n', l->len))) {
		ssize_t n = l->len < LINE_MAX_BYTES ? fill(l) : 0;

		if (n <= 0)
			return NULL;
		l->len += (size_t)n;
	}
	*end = '\0';
	l->used = (size_t)(end - l->buf) + 1;
	return l->buf;
}

static void serve(int in, FILE *out)
{
	struct lines l = { .fd = in, .buf = malloc(LINE_MAX_BYTES) };
	char *line;

	while ((line = next_line(&l))) {
		command(line, out);
		fflush(out);
	}
	free(l.buf);
}

static void serve_socket(int listener)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };
	FILE *out;
	int fd;

	for (;;) {
		while (poll(&p, 1, -1) < 0)
			if (errno == EINTR)
				note_eintr();
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		/* One descriptor for both ways, so that one close ends it. */
		out = fdopen(fd, "we");
		serve(fd, out);
		fclose(out);
	}
}

void control_serve(int listener, bool stay)
{
	if (listener >= 0)
		serve_socket(listener);
	serve(STDIN_FILENO, stdout);
	if (stay)
		child_rest();
}

int control_ask(const char *path, const char *line)
{
	struct sockaddr_un a = address(path);
	int fd = (int)must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
	char buf[4096];
	ssize_t n;
	bool any = false;

	must(connect(fd, (struct sockaddr *)&a, sizeof(a)), path);
	must(send(fd, line, strlen(line), MSG_NOSIGNAL), "send");
	must(send(fd, "\n", 1, MSG_NOSIGNAL), "send");
	shutdown(fd, SHUT_WR);
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		any = true;
		must(write(STDOUT_FILENO, buf, (size_t)n), "write");
	}
	close(fd);
	return any ? 0 : 1;
}
