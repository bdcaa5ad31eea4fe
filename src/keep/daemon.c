/* SPDX-License-Identifier: MIT */
#include "src/keep/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/base/sys.h"
#include "src/keep/journal.h"
#include "src/keep/wire.h"

#define READY_MS    5000
#define WELCOME_MAX 64 /* connections accepted between two looks at those we have */

struct held {
	uint32_t id;
	int fd;
	struct wire_packet *packet; /* as short as it can be */
};

/* One request at a time: what is not answered yet waits for room in the socket. */
struct client {
	int fd;
	uint16_t op;    /* 0: nothing to answer */
	uint32_t at;    /* LIST: the next id; GET: the id */
	int32_t status; /* of the reply */
	uint64_t heard; /* ms */
};

struct server {
	const struct place *place;
	int listener;
	size_t max_held, max_clients;
	int64_t since;
	uint32_t next;
	struct journal journal;
	struct held *held; /* by id */
	size_t n_held, cap_held;
	struct client *clients;
	struct pollfd *poll; /* [0] the listener, then one a client */
	size_t n_clients;
	struct wire_packet in;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- closing: it may block for ever (FUSE), or for SO_LINGER ---- */

static void *close_it(void *arg)
{
	close((int)(intptr_t)arg);
	return NULL;
}

static void close_aside(int fd)
{
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN + 65536);
	r = pthread_create(&thread, &attr, close_it, (void *)(intptr_t)fd);
	pthread_attr_destroy(&attr);
	if (r != 0)
		close(fd);
}

/* ---- what is held ---- */

/* The first that is not before id. */
static size_t held_from(const struct server *s, uint32_t id)
{
	size_t low = 0, high = s->n_held;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (s->held[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct held *held_find(const struct server *s, uint32_t id)
{
	size_t i = held_from(s, id);

	return i < s->n_held && s->held[i].id == id ? &s->held[i] : NULL;
}

static void compact_journal(struct server *s)
{
	struct journal fresh;

	if ((s->journal.lines < 2 * s->n_held + 1000 && !s->journal.broken) ||
	    journal_begin(&fresh, s->place, s->since, s->next) < 0)
		return;
	for (size_t i = 0; i < s->n_held && !fresh.broken; i++)
		journal_add(&fresh, s->held[i].id, s->held[i].packet);
	if (journal_commit(&fresh, s->place) < 0) {
		fd_close(&fresh.fd);
		return;
	}
	fd_close(&s->journal.fd);
	s->journal = fresh;
}

static int held_add(struct server *s, const struct wire_packet *p, int fd, uint32_t *id)
{
	size_t size = wire_size(p);
	struct held h = { .id = s->next, .fd = fd };

	if (s->n_held >= s->max_held)
		return -EMFILE;
	if (s->next == INT32_MAX)
		return -EOVERFLOW;
	if (s->n_held == s->cap_held) {
		s->cap_held = s->cap_held ? 2 * s->cap_held : 64;
		s->held = xreallocarray(s->held, s->cap_held, sizeof(*s->held));
	}
	h.packet = xmalloc(size);
	memcpy(h.packet, p, size);
	h.packet->head = (struct wire_head){ WIRE_MAGIC, WIRE_VERSION, WIRE_ITEM, 0, h.id };
	h.packet->item.shelf_fd = fd;
	s->held[s->n_held++] = h;
	*id = s->next++;
	journal_add(&s->journal, h.id, p);
	compact_journal(s);
	return 0;
}

static int held_drop(struct server *s, uint32_t id)
{
	struct held *h = held_find(s, id);
	size_t i;

	if (!h)
		return -ENOENT;
	i = (size_t)(h - s->held);
	close_aside(h->fd);
	free(h->packet);
	memmove(h, h + 1, (s->n_held - i - 1) * sizeof(*h));
	s->n_held--;
	journal_drop(&s->journal, id);
	compact_journal(s);
	return 0;
}

/* ---- answering ---- */

static int reply(struct client *c)
{
	const struct wire_packet p = {
		.head = { WIRE_MAGIC, WIRE_VERSION, WIRE_REPLY, c->status, c->at },
	};

	return wire_send(c->fd, &p, -1, MSG_DONTWAIT);
}

static int answer_list(struct server *s, struct client *c)
{
	int r = 0;

	for (size_t i = held_from(s, c->at); i < s->n_held && r == 0; i++) {
		r = wire_send(c->fd, s->held[i].packet, -1, MSG_DONTWAIT);
		if (r == 0)
			c->at = s->held[i].id + 1;
	}
	return r < 0 ? r : reply(c);
}

static int answer_get(struct server *s, struct client *c)
{
	const struct held *h = held_find(s, c->at);

	if (h)
		return wire_send(c->fd, h->packet, h->fd, MSG_DONTWAIT);
	c->status = -ENOENT;
	return reply(c);
}

/* 0: done, or to be gone on with when there is room; negative: cut it off. */
static int answer(struct server *s, struct client *c)
{
	int r;

	switch (c->op) {
	case WIRE_LIST:
		r = answer_list(s, c);
		break;
	case WIRE_GET:
		r = answer_get(s, c);
		break;
	default:
		r = reply(c);
	}
	/* ETOOMANYREFS: too many descriptors are in flight; they will be taken. */
	if (r == -EAGAIN || r == -ENOBUFS || r == -ETOOMANYREFS)
		return 0;
	c->op = 0;
	return r;
}

static int request(struct server *s, struct client *c, int *fd)
{
	const struct wire_head *h = &s->in.head;

	c->op = h->op;
	c->at = h->id;
	c->status = 0;
	switch (h->op) {
	case WIRE_ADD:
		c->status = *fd < 0 ? -EBADF : held_add(s, &s->in, *fd, &c->at);
		if (c->status == 0)
			*fd = -1;
		break;
	case WIRE_DROP:
		c->status = held_drop(s, h->id);
		break;
	case WIRE_LIST:
	case WIRE_GET:
		break;
	default:
		return -EBADMSG;
	}
	return answer(s, c);
}

static int listen_to(struct server *s, struct client *c)
{
	int fd, r;
	ssize_t n = wire_receive(c->fd, &s->in, &fd, MSG_DONTWAIT);

	if (n == -EAGAIN)
		return 0;
	if (n == 0)
		return -EPIPE;
	c->heard = now_ms();
	r = n < 0 ? (int)n : wire_check(&s->in, (size_t)n);
	if (r == 0) {
		r = request(s, c, &fd);
	} else if (r == -EPROTO) {
		*c = (struct client){ .fd = c->fd, .status = -EPROTO, .heard = c->heard };
		reply(c);
	}
	if (fd >= 0)
		close_aside(fd);
	return r;
}

/* ---- clients ---- */

static void cut_off(struct server *s, size_t i)
{
	close(s->clients[i].fd);
	s->clients[i] = s->clients[--s->n_clients];
	s->poll[1 + i] = s->poll[1 + s->n_clients];
}

static void cut_off_silent(struct server *s, bool make_room)
{
	uint64_t now = now_ms();
	size_t oldest = 0;

	for (size_t i = s->n_clients; i > 0; i--)
		if (now - s->clients[i - 1].heard > DAEMON_SILENT_MS)
			cut_off(s, i - 1);
	if (!make_room || s->n_clients < s->max_clients)
		return;
	for (size_t i = 1; i < s->n_clients; i++)
		if (s->clients[i].heard < s->clients[oldest].heard)
			oldest = i;
	cut_off(s, oldest);
}

/* A few at a time: one who connects all the time must not keep us from serving others. */
static void welcome(struct server *s)
{
	for (int i = 0; i < WELCOME_MAX; i++) {
		int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (fd < 0 && errno != EAGAIN)
			poll(NULL, 0, 20); /* ENFILE, ENOMEM: do not spin on it */
		if (fd < 0)
			return;
		if (wire_peer_uid(fd, NULL) != geteuid()) {
			close(fd);
			continue;
		}
		cut_off_silent(s, true);
		s->clients[s->n_clients] = (struct client){ .fd = fd, .heard = now_ms() };
		s->poll[1 + s->n_clients++] = (struct pollfd){ .fd = fd };
	}
}

/* Somebody removed the folder: nobody will ever find us again, so let go of everything. */
static bool is_lost(const struct server *s)
{
	struct stat st;

	return fstat(s->place->dir, &st) == 0 && st.st_nlink == 0;
}

/* Nobody can come in between: starters wait for the lock, and others try again. */
static bool may_end(struct server *s)
{
	struct pollfd p = { .fd = s->listener, .events = POLLIN };
	struct fail f;
	int lock;

	if (s->n_held || s->n_clients)
		return false;
	lock = place_lock(s->place, 0, &f);
	if (lock < 0)
		return false;
	if (poll(&p, 1, 0) != 0) {
		close(lock);
		return false;
	}
	unlinkat(s->place->dir, PLACE_SOCKET, 0);
	journal_end(&s->journal, s->place);
	return true; /* the lock goes with us */
}

static void serve_clients(struct server *s)
{
	for (size_t i = s->n_clients; i > 0; i--) {
		struct client *c = &s->clients[i - 1];
		short got = s->poll[i].revents;
		int r = 0;

		if (!got)
			continue;
		if (c->op)
			r = got & (POLLERR | POLLHUP) ? -EPIPE : answer(s, c);
		else
			r = listen_to(s, c);
		if (r < 0)
			cut_off(s, i - 1);
	}
}

static void serve(struct server *s)
{
	uint64_t busy = now_ms();

	for (;;) {
		int r;

		s->poll[0] = (struct pollfd){ .fd = s->listener, .events = POLLIN };
		for (size_t i = 0; i < s->n_clients; i++) {
			s->poll[1 + i].events = s->clients[i].op ? POLLOUT : POLLIN;
			s->poll[1 + i].revents = 0;
		}
		r = poll(s->poll, 1 + s->n_clients, 1000);
		if (s->n_held || s->n_clients || r > 0)
			busy = now_ms();
		serve_clients(s);
		if (s->poll[0].revents)
			welcome(s);
		cut_off_silent(s, false);
		if (r == 0 && is_lost(s))
			return;
		if (now_ms() - busy >= DAEMON_IDLE_MS && may_end(s))
			return;
	}
}

/* ---- starting ---- */

/* A socket in a folder of ours: nobody else gets at it, before SO_PEERCRED is asked. */
static int bind_socket(const struct place *p, struct fail *f)
{
	struct sockaddr_un addr;
	autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return fail_set(f, errno, "socket", "the shelf");
	unlinkat(p->dir, PLACE_SOCKET, 0);
	place_address(p, &addr);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return fail_set(f, errno, "bind", "%s/" PLACE_SOCKET, p->path);
	if (listen(fd, SOMAXCONN) < 0)
		return fail_set(f, errno, "listen", "%s/" PLACE_SOCKET, p->path);
	return fd_steal(&fd);
}

static void close_all_but(int a, int b)
{
	int low = a < b ? a : b, high = a < b ? b : a;

	if (low > 3)
		sys_close_range(3, (unsigned)low - 1, false);
	if (high > low + 1)
		sys_close_range((unsigned)low + 1, (unsigned)high - 1, false);
	sys_close_range((unsigned)high + 1, ~0U, false);
}

static void forget_the_world(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	for (int fd = 0; fd <= 2 && null >= 0; fd++)
		dup2(null, fd);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (chdir("/") < 0)
		return;
	prctl(PR_SET_NAME, "filch-shelf");
}

static size_t limit_of_files(void)
{
	struct rlimit rl = { .rlim_cur = 1024 };

	getrlimit(RLIMIT_NOFILE, &rl);
	return rl.rlim_cur;
}

static void set_limits(struct server *s)
{
	size_t all = limit_of_files();

	s->max_clients = all / 4 < DAEMON_CLIENTS ? all / 4 + 1 : DAEMON_CLIENTS;
	all -= all > DAEMON_RESERVED_FDS ? DAEMON_RESERVED_FDS : all;
	s->max_held = all > s->max_clients ? all - s->max_clients : 0;
}

static void daemon_main(const struct place *place, int listening, uint32_t next)
{
	struct server *s = xcalloc(1, sizeof(*s));
	struct place *p = (void *)xmemdup0(place, sizeof(*place));
	/* Whoever started us may have had no 0, 1 or 2. */
	int listener = fcntl(listening, F_DUPFD_CLOEXEC, 3);

	p->dir = fcntl(place->dir, F_DUPFD_CLOEXEC, 3);
	forget_the_world();
	/* Once more, for SO_PEERCRED: from here on it names this process. */
	listen(listener, SOMAXCONN);
	close_all_but(listener, p->dir);
	set_limits(s);
	s->place = p;
	s->listener = listener;
	s->next = next ? next : 1;
	s->since = time(NULL);
	s->clients = xcalloc(DAEMON_CLIENTS, sizeof(*s->clients));
	s->poll = xcalloc(DAEMON_CLIENTS + 1, sizeof(*s->poll));
	if (journal_begin(&s->journal, p, s->since, s->next) < 0 ||
	    journal_commit(&s->journal, p) < 0)
		s->journal.broken = true;
	serve(s);
	_exit(0);
}

/* The middle process ends at once, so that init adopts the shelf. */
static pid_t start_middle(const struct place *p, int listener, uint32_t next)
{
	pid_t middle = fork();

	if (middle == 0) {
		pid_t pid;

		setsid();
		pid = fork();
		if (pid == 0)
			daemon_main(p, listener, next);
		_exit(pid < 0);
	}
	return middle;
}

static int check_limit(struct fail *f)
{
	size_t all = limit_of_files();

	if (all > 2 * DAEMON_RESERVED_FDS)
		return 0;
	fail_set(f, EMFILE, "", "the shelf");
	fail_class(f, FAIL_OTHER);
	fail_why(f, "it would have our limit of %zu open files, and needs %d for itself", all,
		 DAEMON_RESERVED_FDS);
	fail_advice(f, "raise the hard limit (ulimit -Hn), or start it from elsewhere: filch hold");
	return -EMFILE;
}

int daemon_start(const struct place *p, uint32_t next, struct fail *f)
{
	autoclose int listener = check_limit(f) < 0 ? -EMFILE : bind_socket(p, f);
	struct pollfd ready = { .fd = -1 };
	int ends[2], status = 0;
	pid_t middle;

	if (listener < 0)
		return listener;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_set(f, errno, "pipe2", "the shelf");
	middle = start_middle(p, listener, next);
	close(ends[1]);
	while (middle > 0 && waitpid(middle, &status, 0) < 0 && errno == EINTR)
		;
	/* Ready when it has closed its end, as all that is ours. */
	ready.fd = ends[0];
	if (middle > 0 && status == 0)
		poll(&ready, 1, READY_MS);
	close(ends[0]);
	if (middle > 0 && status == 0)
		return 0;
	unlinkat(p->dir, PLACE_SOCKET, 0);
	return fail_set(f, EAGAIN, "fork", "the shelf");
}
