/* SPDX-License-Identifier: MIT */
/* What a running victim does on demand: one line in, one JSON line out. */
#include "tests/victims/victim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct call {
	FILE *out;
	int fd;
	char *rest; /* what follows the first argument */
};

static void refuse(FILE *out, const char *what)
{
	const char *name = strerrorname_np(errno);

	fprintf(out, "{\"ok\":false,\"call\":\"%s\",\"errno\":\"%s\"}\n", what, name ? name : "?");
}

/* {"ok":true,KEY:VALUE}, or the refusal when VALUE is negative. */
static void answer(struct call *c, const char *key, long long value, const char *what)
{
	if (value < 0)
		refuse(c->out, what);
	else
		fprintf(c->out, "{\"ok\":true,\"%s\":%lld}\n", key, value);
}

static long long argument(struct call *c, long long otherwise)
{
	return *c->rest ? strtoll(c->rest, NULL, 0) : otherwise;
}

static void do_pos(struct call *c)
{
	answer(c, "pos", lseek(c->fd, 0, SEEK_CUR), "lseek");
}

static void do_lseek(struct call *c)
{
	answer(c, "pos", lseek(c->fd, argument(c, 0), SEEK_SET), "lseek");
}

static void do_flags(struct call *c)
{
	int flags = fcntl(c->fd, F_GETFL), fdflags = fcntl(c->fd, F_GETFD);

	if (flags < 0)
		refuse(c->out, "F_GETFL");
	else
		fprintf(c->out, "{\"ok\":true,\"flags\":\"0%o\",\"cloexec\":%s}\n", flags,
			fdflags ? "true" : "false");
}

static void int_ioctl(struct call *c, const char *key, unsigned long request)
{
	int n = 0;

	answer(c, key, ioctl(c->fd, request, &n) < 0 ? -1 : n, "ioctl");
}

static void do_fionread(struct call *c)
{
	int_ioctl(c, "fionread", FIONREAD);
}

static void do_outq(struct call *c)
{
	int_ioctl(c, "outq", SIOCOUTQ);
}

/* -1 is a value here: peeking has no offset. */
static void int_option(struct call *c, const char *key, int option)
{
	int n = 0;
	socklen_t len = sizeof(n);

	if (getsockopt(c->fd, SOL_SOCKET, option, &n, &len) < 0)
		refuse(c->out, "getsockopt");
	else
		fprintf(c->out, "{\"ok\":true,\"%s\":%d}\n", key, n);
}

static void do_peekoff(struct call *c)
{
	int_option(c, "peekoff", SO_PEEK_OFF);
}

static void do_setpeekoff(struct call *c)
{
	int n = (int)argument(c, 0);

	answer(c, "rc", setsockopt(c->fd, SOL_SOCKET, SO_PEEK_OFF, &n, sizeof(n)), "setsockopt");
}

static void do_soerror(struct call *c)
{
	int_option(c, "soerror", SO_ERROR);
}

static void do_poll(struct call *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP };
	int rc = poll(&p, 1, 0);

	if (rc < 0)
		refuse(c->out, "poll");
	else
		fprintf(c->out, "{\"ok\":true,\"in\":%d,\"out\":%d,\"err\":%d,\"hup\":%d}\n",
			!!(p.revents & POLLIN), !!(p.revents & POLLOUT), !!(p.revents & POLLERR),
			!!(p.revents & POLLHUP));
}

static void do_read(struct call *c)
{
	size_t want = (size_t)argument(c, 4096);
	char *buf = malloc(want + 1);
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	ssize_t n;

	/* An empty queue must not hang the one who asks. */
	n = poll(&p, 1, 0) == 1 ? read(c->fd, buf, want) : (errno = EAGAIN, -1);
	if (n < 0) {
		refuse(c->out, "read");
	} else {
		fprintf(c->out, "{\"ok\":true,\"bytes\":%zd,\"data\":\"", n);
		base64_print(c->out, buf, (size_t)n);
		fputs("\"}\n", c->out);
	}
	free(buf);
}

/* Everything until the end, or until nothing more is there. */
static void do_readall(struct call *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	char *buf = malloc(65536), *head = malloc(4096);
	uint64_t hash = FNV_START, total = 0;
	bool end = false;

	while (poll(&p, 1, 100) == 1) {
		ssize_t n = read(c->fd, buf, 65536);

		end = n == 0;
		if (n <= 0)
			break;
		hash = fnv1a(hash, buf, (size_t)n);
		if (total < 4096)
			memcpy(head + total, buf,
			       (size_t)n < 4096 - total ? (size_t)n : (size_t)(4096 - total));
		total += (uint64_t)n;
	}
	fprintf(c->out, "{\"ok\":true,\"bytes\":%" PRIu64 ",\"fnv\":\"%016" PRIx64 "\",\"eof\":%s",
		total, hash, end ? "true" : "false");
	if (total < 4096) {
		fputs(",\"data\":\"", c->out);
		base64_print(c->out, head, (size_t)total);
		fputc('"', c->out);
	}
	fputs("}\n", c->out);
	free(head);
	free(buf);
}

static void do_write(struct call *c)
{
	answer(c, "bytes", write(c->fd, c->rest, strlen(c->rest)), "write");
}

static void do_write64(struct call *c)
{
	size_t len = 0;
	char *bytes = base64_decode(c->rest, &len);

	errno = EINVAL;
	answer(c, "bytes", bytes ? write(c->fd, bytes, len) : -1, "write");
	free(bytes);
}

/* Goes on with the pattern where it ended. */
static void do_append(struct call *c)
{
	struct held *h = held_find(c->fd);
	uint64_t n = (uint64_t)argument(c, 0), did;
	struct stat st;

	errno = EBADF;
	if (!h || fstat(c->fd, &st) < 0) {
		refuse(c->out, "append");
		return;
	}
	if (S_ISREG(st.st_mode))
		h->sent = (uint64_t)st.st_size;
	if (S_ISREG(st.st_mode) && !(fcntl(c->fd, F_GETFL) & O_APPEND))
		lseek(c->fd, st.st_size, SEEK_SET);
	did = pattern_queue(c->fd, h->seed ? h->seed : 1, h->sent, n);
	h->sent += did;
	answer(c, "bytes", (long long)did, "write");
}

static void do_truncate(struct call *c)
{
	answer(c, "rc", ftruncate(c->fd, argument(c, 0)), "ftruncate");
}

static void do_close(struct call *c)
{
	answer(c, "rc", close(c->fd), "close");
}

static void do_dup(struct call *c)
{
	long long at = argument(c, -1);
	int fd = at < 0 ? fcntl(c->fd, F_DUPFD_CLOEXEC, FIRST_FD) : dup3(c->fd, (int)at, O_CLOEXEC);

	answer(c, "fd", fd, "dup");
}

static void do_accept(struct call *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	int fd = poll(&p, 1, 0) == 1 ? accept4(c->fd, NULL, NULL, SOCK_CLOEXEC)
				     : (errno = EAGAIN, -1);

	answer(c, "fd", fd, "accept4");
}

static void do_shutdown(struct call *c)
{
	answer(c, "rc", shutdown(c->fd, (int)argument(c, SHUT_RDWR)), "shutdown");
}

/* Nanoseconds since the epoch, of the inode that FD is open on. */
static void do_atime(struct call *c)
{
	struct statx x;

	if (statx(c->fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &x) < 0) {
		refuse(c->out, "statx");
		return;
	}
	fprintf(c->out, "{\"ok\":true,\"atime\":%lld,\"mtime\":%lld,\"ctime\":%lld}\n",
		x.stx_atime.tv_sec * 1000000000LL + x.stx_atime.tv_nsec,
		x.stx_mtime.tv_sec * 1000000000LL + x.stx_mtime.tv_nsec,
		x.stx_ctime.tv_sec * 1000000000LL + x.stx_ctime.tv_nsec);
}

static void do_blocks(struct call *c)
{
	struct stat st;

	if (fstat(c->fd, &st) < 0)
		refuse(c->out, "fstat");
	else
		fprintf(c->out, "{\"ok\":true,\"blocks\":%lld,\"size\":%lld,\"nlink\":%lld}\n",
			(long long)st.st_blocks, (long long)st.st_size, (long long)st.st_nlink);
}

static void do_seals(struct call *c)
{
	answer(c, "seals", fcntl(c->fd, F_GET_SEALS), "F_GET_SEALS");
}

static void do_seal(struct call *c)
{
	answer(c, "rc", fcntl(c->fd, F_ADD_SEALS, (int)argument(c, 0)), "F_ADD_SEALS");
}

static void do_eventfd_read(struct call *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	uint64_t value = 0;

	errno = EAGAIN;
	if (poll(&p, 1, 0) != 1 || read(c->fd, &value, sizeof(value)) != sizeof(value))
		refuse(c->out, "read");
	else
		fprintf(c->out, "{\"ok\":true,\"value\":%" PRIu64 "}\n", value);
}

/* Our lines of /proc/locks; locks of a description carry no process number. */
static void do_locks(struct call *c)
{
	FILE *f = proc_open("locks");
	char line[256], mine[24];
	bool first = true;

	snprintf(mine, sizeof(mine), " %d ", (int)outer_pid());
	fputs("{\"ok\":true,\"locks\":[", c->out);
	while (f && fgets(line, sizeof(line), f)) {
		if (!strstr(line, mine) && !strstr(line, "OFDLCK"))
			continue;
		line[strcspn(line, "\n")] = '\0';
		fputs(first ? "" : ",", c->out);
		json_string(c->out, line, strlen(line));
		first = false;
	}
	fputs("]}\n", c->out);
	if (f)
		fclose(f);
}

static void do_eintr(struct call *c)
{
	blocker_report(c->out);
}

static void do_gap(struct call *c)
{
	answer(c, "gap", spin_gap(), "gap");
}

static void do_exit(struct call *c)
{
	fputs("{\"ok\":true}\n", c->out);
	fflush(c->out);
	temp_cleanup();
	_exit(c->fd);
}

static void do_abort(struct call *c)
{
	(void)c;
	temp_cleanup();
	abort();
}

static void do_segv(struct call *c)
{
	(void)c;
	temp_cleanup();
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

static void do_churn(struct call *c)
{
	double seconds = *c->rest ? strtod(c->rest, NULL) : 1;

	churn_start(c->fd, seconds);
	fputs("{\"ok\":true}\n", c->out);
}

static void do_churned(struct call *c)
{
	answer(c, "churned", (long long)churn_count(), "churned");
}

static void do_sigcount(struct call *c)
{
	signals_report(c->out);
}

static void do_fork(struct call *c)
{
	answer(c, "pid", child_new(false, NULL), "fork");
}

static void do_zombie(struct call *c)
{
	pid_t inner, outer = child_new(true, &inner);
	siginfo_t info;

	kill(inner, SIGKILL);
	waitid(P_PID, (id_t)inner, &info, WEXITED | WNOWAIT);
	answer(c, "pid", outer, "zombie");
}

/* Opens another spec; its truth is not printed again. */
static void do_open(struct call *c)
{
	spec_run(c->rest);
	fputs("{\"ok\":true}\n", c->out);
}

static void do_truth(struct call *c)
{
	struct held *h = held_find(c->fd);

	errno = EBADF;
	if (!h)
		refuse(c->out, "truth");
	else
		truth_one(c->out, h);
}

static const struct {
	const char *name;
	void (*run)(struct call *c);
	bool fd; /* the first argument is a number */
} commands[] = {
	{ "pos", do_pos, true },
	{ "lseek", do_lseek, true },
	{ "flags", do_flags, true },
	{ "fionread", do_fionread, true },
	{ "outq", do_outq, true },
	{ "peekoff", do_peekoff, true },
	{ "setpeekoff", do_setpeekoff, true },
	{ "soerror", do_soerror, true },
	{ "poll", do_poll, true },
	{ "read", do_read, true },
	{ "readall", do_readall, true },
	{ "write", do_write, true },
	{ "write64", do_write64, true },
	{ "append", do_append, true },
	{ "truncate", do_truncate, true },
	{ "close", do_close, true },
	{ "dup", do_dup, true },
	{ "accept", do_accept, true },
	{ "shutdown", do_shutdown, true },
	{ "atime", do_atime, true },
	{ "blocks", do_blocks, true },
	{ "seals", do_seals, true },
	{ "seal", do_seal, true },
	{ "eventfd-read", do_eventfd_read, true },
	{ "locks", do_locks, false },
	{ "eintr", do_eintr, false },
	{ "gap", do_gap, false },
	{ "exit", do_exit, true },
	{ "abort", do_abort, false },
	{ "segv", do_segv, false },
	{ "churn", do_churn, true },
	{ "churned", do_churned, false },
	{ "sigcount", do_sigcount, false },
	{ "fork", do_fork, false },
	{ "zombie", do_zombie, false },
	{ "open", do_open, false },
	{ "truth", do_truth, true },
};

void command(char *line, FILE *out)
{
	char *rest = line + strcspn(line, " "), *end;
	struct call c = { .out = out, .fd = -1 };
	size_t i = 0;

	if (*rest)
		*rest++ = '\0';
	if (strcmp(line, "thread") == 0) {
		table_command(rest, out);
		return;
	}
	while (i < sizeof(commands) / sizeof(*commands) && strcmp(commands[i].name, line) != 0)
		i++;
	if (i == sizeof(commands) / sizeof(*commands)) {
		fputs("{\"ok\":false,\"error\":\"unknown command\"}\n", out);
		return;
	}
	c.rest = rest;
	if (commands[i].fd) {
		c.fd = (int)strtol(rest, &end, 0);
		c.rest = *end == ' ' ? end + 1 : end;
	}
	commands[i].run(&c);
}
