/* SPDX-License-Identifier: MIT */
#include "tests/victims/victim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static bool has_input(void *arg)
{
	int n = 0;

	return ioctl(*(int *)arg, FIONREAD, &n) == 0 && n > 0;
}

/* text= waits in the terminal's input, out= in what its master would read. */
static void tty_queue(struct spec *s, struct held *slave, struct held *master)
{
	size_t in_len = 0, out_len = 0;
	char *in = spec_bytes(s, "text", &in_len), *out = spec_bytes(s, "out", &out_len);

	if (in) {
		must(write(master->fd, in, in_len), "write to the master");
		if (!spec_flag(s, "raw"))
			must(write(master->fd, "\n", 1), "write to the master");
		if (!poll_until(has_input, &slave->fd, 2000))
			die("text did not reach the terminal");
		held_num(slave, "queued", (long long)in_len + !spec_flag(s, "raw"));
	}
	if (out) {
		must(write(slave->fd, out, out_len), "write to the terminal");
		if (!poll_until(has_input, &master->fd, 2000))
			die("text did not reach the master");
		held_num(master, "queued", (long long)out_len);
	}
	free(in);
	free(out);
}

/* fd= is the terminal, peer= its master. */
void open_tty(struct spec *s)
{
	struct held *slave, *master;
	struct termios t;
	const char *name;
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (!usable(s, fd, "posix_openpt"))
		return;
	must(grantpt(fd), "grantpt");
	must(unlockpt(fd), "unlockpt");
	name = ptsname(fd);
	slave = held_new(-1, "tty");
	slave->fd = place(s, (int)must(open(name, O_RDWR | O_NOCTTY | O_CLOEXEC), name));
	held_str(slave, "path", name);
	master = held_new(place_at(s, "peer", fd), "tty");
	must(tcgetattr(slave->fd, &t), "tcgetattr");
	if (spec_flag(s, "raw"))
		cfmakeraw(&t);
	t.c_lflag &= ~(tcflag_t)ECHO; /* what we type must not come back */
	t.c_oflag &= ~(tcflag_t)OPOST;
	must(tcsetattr(slave->fd, TCSANOW, &t), "tcsetattr");
	tty_queue(s, slave, master);
	held_str(slave, "role", "slave");
	held_str(master, "role", "master");
	held_num(slave, "peer_fd", master->fd);
	held_num(master, "peer_fd", slave->fd);
}

static void pipe_capacity(struct spec *s, struct held *h)
{
	long long want = spec_num(s, "capacity", 0);

	if (want)
		must(fcntl(h->fd, F_SETPIPE_SZ, (int)want), "F_SETPIPE_SZ");
	held_num(h, "capacity", fcntl(h->fd, F_GETPIPE_SZ));
}

/* size= bytes of pattern, or sizes= packets, or text=, through W. */
static void pipe_queue(struct spec *s, struct held *r, struct held *w, int wfd)
{
	long long list[SIZES_MAX], sum = 0;
	uint64_t want = (uint64_t)spec_num(s, "size", 0), did;
	int n = spec_list(s, "sizes", list);
	size_t len = 0;
	char *text = spec_bytes(s, "text", &len);

	r->seed = w->seed = (uint64_t)spec_num(s, "data", 1);
	for (int i = 0; i < n; i++) {
		pattern_pwrite(wfd, r->seed, (uint64_t)sum, (uint64_t)list[i]);
		sum += list[i];
	}
	if (n)
		held_list(r, "packets", list, n);
	if (text)
		must(write(wfd, text, len), "write");
	did = pattern_queue(wfd, r->seed, (uint64_t)sum, want);
	if (did < want)
		die("%s: only %llu bytes fit", s->kind, (unsigned long long)did);
	w->sent = (uint64_t)sum + did;
	held_num(r, "queued", (long long)(w->sent + len));
	free(text);
}

/* Ends pair up; close=r or close=w leaves one of them alone. */
static void pipe_ends(struct spec *s, struct held *r, struct held *w)
{
	const char *gone = spec_str(s, "close", "");
	struct held *lost = *gone == 'r' ? r : *gone == 'w' ? w : NULL;

	held_str(r, "role", "read");
	held_str(w, "role", "write");
	if (!lost) {
		held_num(r, "peer_fd", w->fd);
		held_num(w, "peer_fd", r->fd);
		return;
	}
	close(lost->fd);
	lost->fd = -1;
	held_bool(lost, "closed", true);
}

/* fd= is the read end, peer= the write end. */
void open_pipe(struct spec *s)
{
	struct held *r, *w;
	int p[2], flags = O_CLOEXEC;

	flags |= spec_flag(s, "packet") ? O_DIRECT : 0;
	flags |= spec_flag(s, "nonblock") ? O_NONBLOCK : 0;
	must(pipe2(p, flags), "pipe2");
	r = held_new(place(s, p[0]), "pipe");
	w = held_new(place_at(s, "peer", p[1]), "pipe");
	pipe_capacity(s, r);
	pipe_queue(s, r, w, w->fd);
	pipe_ends(s, r, w);
}

static void fifo_name(struct spec *s, struct held *h, const char *path)
{
	held_str(h, "path", path);
	held_str(h, "deleted", spec_flag(s, "deleted") ? "inode" : "no");
}

static void fifo_both(struct spec *s, const char *path)
{
	struct held *r, *w;
	int rfd = (int)must(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), path);
	int wfd = (int)must(open(path, O_WRONLY | O_CLOEXEC), path);

	must(fcntl(rfd, F_SETFL, spec_flag(s, "nonblock") ? O_NONBLOCK : 0), "F_SETFL");
	r = held_new(place(s, rfd), "fifo");
	w = held_new(place_at(s, "peer", wfd), "fifo");
	fifo_name(s, r, path);
	fifo_name(s, w, path);
	pipe_capacity(s, r);
	pipe_queue(s, r, w, w->fd);
	pipe_ends(s, r, w);
}

/* One descriptor with mode= rw (both directions), r or path. */
static void fifo_single(struct spec *s, const char *path)
{
	int flags = open_mode(s, "rw");
	struct held *h;

	if ((flags & O_ACCMODE) == O_RDONLY && !(flags & O_PATH))
		flags |= O_NONBLOCK; /* nobody writes: open would wait */
	h = held_new(place(s, (int)must(open(path, flags), path)), "fifo");
	fifo_name(s, h, path);
	if ((flags & O_ACCMODE) == O_RDWR) {
		pipe_capacity(s, h);
		pipe_queue(s, h, h, h->fd);
	}
}

void open_fifo(struct spec *s)
{
	static int serial;
	const char *given = spec_str(s, "path", NULL);
	char name[32], *path;

	snprintf(name, sizeof(name), "fifo-%d", serial++);
	path = given ? strdup(given) : temp_path(name, strlen(name));
	if (mkfifo(path, 0600) < 0 && errno != EEXIST)
		die("mkfifo %s: %s", path, strerror(errno));
	if (spec_str(s, "mode", NULL))
		fifo_single(s, path);
	else
		fifo_both(s, path);
	if (spec_flag(s, "deleted"))
		must(unlink(path), path);
	free(path);
}
