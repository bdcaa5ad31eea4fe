/* SPDX-License-Identifier: MIT */
#include "src/take/sendq.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/stop/freeze.h"
#include "src/survey/survey.h"
#include "src/take/grab.h"

#define SLACK     (64 * 1024) /* written between the first look and the freeze */
#define BUSY_NS   100000000
#define ANSWER_MS 30000 /* three ways to freeze, 3 s each at most, and a starved machine */

/* What the guardian needs to know, copied into it when it starts. */
struct repair {
	int fd;
	int reuse; /* SO_REUSEADDR before */
};

static int set_int(int fd, int level, int option, int v)
{
	return setsockopt(fd, level, option, &v, sizeof(v)) < 0 ? -errno : 0;
}

static void leave_repair(void *arg)
{
	const struct repair *r = arg;

	/* Twice, for it is the one call that must not be lost. */
	if (set_int(r->fd, IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP) < 0)
		set_int(r->fd, IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF);
	set_int(r->fd, SOL_SOCKET, SO_REUSEADDR, r->reuse);
}

/* In repair mode for the time of one recv: bytes, or -errno with the call. */
static ssize_t peek_repaired(const struct repair *rep, void *p, size_t len, const char **call)
{
	ssize_t n;
	int r;

	*call = "setsockopt";
	r = set_int(rep->fd, IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_ON);
	if (r < 0)
		return r;
	r = set_int(rep->fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE);
	n = r;
	if (r == 0) {
		*call = "recv";
		n = recv(rep->fd, p, len, MSG_PEEK | MSG_DONTWAIT);
		n = n < 0 ? -errno : n;
	}
	leave_repair((void *)(uintptr_t)rep);
	return n;
}

static ssize_t guarded(struct peek *p, const struct repair *rep, void *buf, size_t len)
{
	struct repair copy = *rep;
	const char *call = "recv";
	sigset_t all, before;
	struct guardian g;
	ssize_t n;
	int r = guardian_start(&g, leave_repair, &copy, &copy.fd, 1, p->fail);

	if (r < 0)
		return r;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	n = peek_repaired(rep, buf, len, &call);
	guardian_disarm(&g);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (n >= 0)
		return n;
	peek_fail(p, (int)-n, call);
	if (n == -EPERM) {
		fail_why(p->fail, "TCP_REPAIR needs CAP_NET_ADMIN in the user namespace of the "
				  "socket's network");
		fail_advice(p->fail, "sudo filch ...");
	}
	return n;
}

static int is_connected(struct peek *p)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(p->fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		return peek_refuse(p, EOPNOTSUPP, "getsockopt",
				   "only TCP has a send queue to look at", NULL);
	if (info.tcpi_state == TCP_LISTEN)
		return peek_refuse(p, EINVAL, "peek", "it is a listening socket: it sends nothing",
				   "peek shows the connections that wait");
	return 0;
}

/* Does another process have the same description? It would get EPERM in the window. */
static int check_holders(struct peek *p, const struct target *t)
{
	struct survey_opts o = { .procfs = p->ctx->procfs, .want = SURVEY_SHARE };
	struct survey_iter it = { 0 };
	const struct fdent *ours, *e;
	struct survey *s;
	pid_t other = 0;

	if (survey_take(&s, &o, NULL) < 0)
		return 0;
	ours = survey_find(s, t->pid, t->tid, p->ent->fd);
	while (ours && ours->ofd && !other && (e = survey_next(s, &it)))
		if (e->ofd == ours->ofd && e->proc->pid != t->pid && e->proc->pid != getpid())
			other = e->proc->pid;
	survey_free(s);
	if (!other)
		return 0;
	peek_fail(p, EBUSY, "peek");
	fail_why(p->fail,
		 "process %d has the same open file description, and a read or write of "
		 "its in that moment would fail or go astray",
		 other);
	return -EBUSY;
}

/*
 * All of it in a process of its own: were it ours, a SIGKILL would let the target
 * go on at once, and the guardian might leave repair mode a moment later; in
 * between a read of the target's fails. As it is, the moment just runs to its end.
 */
struct repairer {
	struct peek *p;
	const struct target *t;
	size_t room;
};

struct repaired {
	ssize_t n; /* bytes that follow, or -errno with fail */
	uint64_t pause;
	enum freeze_way way;
	struct fail fail;
};

static ssize_t freeze_and_peek(struct peek *p, const struct repairer *job, void *buf,
			       struct repaired *answer)
{
	struct repair rep = { .fd = p->fd };
	socklen_t size = sizeof(rep.reuse);
	struct freeze z;
	ssize_t n;
	int r;

	getsockopt(p->fd, SOL_SOCKET, SO_REUSEADDR, &rep.reuse, &size);
	r = freeze_begin(&z, job->t, FREEZE_ALLOW_ALL, p->fail);
	if (r < 0)
		return r;
	answer->way = freeze_way(&z);
	n = guarded(p, &rep, buf, job->room);
	answer->pause = freeze_end(&z);
	return n;
}

static ssize_t grab_and_peek(struct repairer *job, void *buf, struct repaired *answer)
{
	struct peek p = *job->p;
	struct grab g;
	ssize_t n;

	p.fail = &answer->fail;
	n = grab_take(&g, job->t, p.ent, p.ctx->procfs, p.fail);
	if (n < 0)
		return n;
	p.fd = g.fd;
	n = freeze_and_peek(&p, job, buf, answer);
	grab_release(&g);
	return n;
}

static int repair_main(void *arg, int out)
{
	struct repairer *job = arg;
	struct repaired answer = { 0 };
	autofree char *buf = malloc(job->room);
	int r;

	setsid(); /* no terminal's hang-up is for us */
	answer.n = buf ? grab_and_peek(job, buf, &answer)
		       : fail_set(&answer.fail, ENOMEM, "malloc", "the send queue");
	r = fd_write_all(out, &answer, sizeof(answer));
	return r < 0 || answer.n <= 0 ? r : fd_write_all(out, buf, (size_t)answer.n);
}

static int read_all(struct helper *h, void *to, size_t len)
{
	for (char *at = to; len;) {
		ssize_t n = helper_read(h, at, len, ANSWER_MS);

		if (n <= 0)
			return n < 0 ? (int)n : -ECHILD;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int show(struct peek *p, const char *buf, size_t len)
{
	size_t shown = p->limit < len ? (size_t)p->limit : len;

	if (!shown)
		return 0;
	return p->piece(p, &(struct peek_piece){
				   .unit = PEEK_BYTES,
				   .data = buf,
				   .len = shown,
				   .full_len = shown,
			   });
}

static int take_answer(struct peek *p, struct helper *h, size_t room)
{
	struct repaired answer;
	int r = read_all(h, &answer, sizeof(answer));

	if (r < 0)
		return peek_fail(p, -r, "read");
	p->pause_ns = answer.pause;
	if (answer.way)
		p->pause_warning = freeze_way_info(answer.way)->warning;
	if (answer.n < 0 && p->fail)
		*p->fail = answer.fail;
	if (answer.n <= 0 || (size_t)answer.n > room)
		return (int)answer.n;
	autofree char *buf = malloc((size_t)answer.n);
	if (!buf)
		return peek_fail(p, ENOMEM, "malloc");
	r = read_all(h, buf, (size_t)answer.n);
	return r < 0 ? peek_fail(p, -r, "read") : show(p, buf, (size_t)answer.n);
}

static int look_queue(struct peek *p, const struct target *t)
{
	struct repairer job = { .p = p, .t = t };
	struct helper h;
	int queued = 0;
	int r = is_connected(p);

	if (r == 0 && ioctl(p->fd, SIOCOUTQ, &queued) < 0)
		r = peek_fail(p, errno, "ioctl");
	/* Nothing there: nobody needs to stand still for that. */
	if (r < 0 || queued <= 0)
		return r;
	r = check_holders(p, t);
	if (r == -EBUSY) {
		/* One that looks too, or its guardian, is gone in a moment. */
		nanosleep(&(struct timespec){ .tv_nsec = BUSY_NS }, NULL);
		fail_clear(p->fail);
		r = check_holders(p, t);
	}
	if (r < 0)
		return r;
	job.room = (size_t)queued + SLACK;
	r = grab_start(&h, repair_main, &job, t, p->ctx->procfs, p->fail);
	if (r == 0) {
		r = take_answer(p, &h, job.room);
		/* Never killed: it ends by itself, and the target with it goes on. */
		fd_close(&h.fd);
	}
	return r;
}

int sendq_look(struct peek *p, const struct target *t)
{
	struct grab g;
	int r = grab_take(&g, t, p->ent, p->ctx->procfs, p->fail);

	if (r < 0)
		return r;
	p->method = "TCP_REPAIR";
	p->fd = g.fd;
	r = look_queue(p, t);
	p->fd = -1;
	grab_release(&g);
	return r;
}
