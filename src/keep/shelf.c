/* SPDX-License-Identifier: MIT */
#include "src/keep/shelf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/keep/daemon.h"
#include "src/keep/journal.h"
#include "src/keep/place.h"
#include "src/keep/wire.h"
#include "src/kind/kind.h"

#define ANSWER_SECONDS 10
#define LOCK_MS        5000

/* ---- items ---- */

void shelf_item_of(struct shelf_item *item, const struct fdent *e)
{
	const struct procent *p = e->proc;

	*item = (struct shelf_item){
		.pid = p->pid,
		.tid = p->tid,
		.start = p->start,
		.fd = e->fd,
		.assoc = e->assoc,
		.name = e->name ? xmemdup0(e->name, e->name_len) : NULL,
		.name_len = e->name_len,
		.dev = e->dev,
		.ino = e->ino,
		.flags = e->flags,
		.since = time(NULL),
		.shelf_fd = -1,
	};
	item->comm_len = p->comm_len < sizeof(item->comm) ? p->comm_len : sizeof(item->comm) - 1;
	if (item->comm_len)
		memcpy(item->comm, p->comm, item->comm_len);
	strncat(item->kind, e->kind->name, sizeof(item->kind) - 1);
}

void shelf_item_release(struct shelf_item *item)
{
	free(item->name);
	item->name = NULL;
}

void shelf_list_release(struct shelf_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		shelf_item_release(&list->at[i]);
	free(list->at);
	*list = (struct shelf_list){ 0 };
}

static void pack(struct wire_packet *p, const struct shelf_item *item)
{
	size_t name_len = item->name_len < WIRE_NAME_MAX ? item->name_len : WIRE_NAME_MAX;

	p->item = (struct wire_item){
		.start = item->start,
		.dev = item->dev,
		.ino = item->ino,
		.since = item->since,
		.pid = item->pid,
		.tid = item->tid,
		.fd = item->fd,
		.shelf_fd = -1,
		.flags = item->flags,
		.assoc = (uint16_t)item->assoc,
		.comm_len = (uint16_t)item->comm_len,
		.name_len = (uint16_t)name_len,
	};
	memcpy(p->item.kind, item->kind, sizeof(p->item.kind));
	memcpy(p->text, item->comm, item->comm_len);
	if (name_len)
		memcpy(p->text + item->comm_len, item->name, name_len);
}

static void unpack(struct shelf_item *item, const struct wire_packet *p)
{
	const struct wire_item *w = &p->item;

	*item = (struct shelf_item){
		.id = p->head.id,
		.pid = w->pid,
		.tid = w->tid,
		.start = w->start,
		.fd = w->fd,
		.assoc = w->assoc <= ASSOC_MEM ? (enum assoc)w->assoc : ASSOC_FD,
		.name = xmemdup0(p->text + w->comm_len, w->name_len),
		.name_len = w->name_len,
		.dev = w->dev,
		.ino = w->ino,
		.flags = w->flags,
		.since = w->since,
		.shelf_fd = w->shelf_fd,
	};
	item->comm_len = w->comm_len < sizeof(item->comm) ? w->comm_len : sizeof(item->comm) - 1;
	memcpy(item->comm, p->text, item->comm_len);
	memcpy(item->kind, w->kind, sizeof(item->kind));
}

/* The next packet of the shelf; -EPIPE at the end. fd may be NULL: none is wanted. */
static int get_packet(struct shelf *s, struct wire_packet *p, int *fd)
{
	ssize_t n = wire_receive(s->sock, p, fd, 0);
	int r = n < 0 ? (int)n : n == 0 ? -EPIPE : wire_check(p, (size_t)n);

	if (r < 0 && fd)
		fd_close(fd);
	return r;
}

static int ask(struct shelf *s, enum wire_op op, uint32_t id, struct wire_packet *p, int send_fd)
{
	if (s->sock < 0)
		return -ENOENT;
	p->head = (struct wire_head){ WIRE_MAGIC, WIRE_VERSION, (uint16_t)op, 0, id };
	return wire_send(s->sock, p, send_fd, 0);
}

/* ---- connecting ---- */

static int shelf_fail(int r, const char *call, uint32_t id, struct fail *f)
{
	if (id)
		fail_set(f, -r, call, "h%u", id);
	else
		fail_set(f, -r, call, "the shelf");
	switch (r) {
	case -ENOENT:
		fail_set(f, ENOENT, "", "h%u", id);
		fail_class(f, FAIL_GONE);
		fail_why(f, "nothing is held by that name");
		fail_advice(f, "filch held");
		break;
	case -EAGAIN:
		fail_why(f, "the shelf does not answer");
		break;
	case -EMFILE:
		fail_class(f, FAIL_OTHER);
		fail_why(f, "the shelf is full: the hard limit of open files is reached");
		break;
	case -EPROTO:
		fail_why(f, "the shelf that runs is of another version of filch");
		fail_advice(f, "use the version that started it, or end it");
		break;
	case -EPIPE:
	case -ECONNRESET:
		fail_why(f, "the shelf has just ended");
		break;
	}
	return r;
}

/* One that was about to end takes our connection with it: only an answer counts. */
static int is_alive(struct shelf *s)
{
	autofree struct wire_packet *p = xcalloc(1, sizeof(*p));
	int r = ask(s, WIRE_DROP, 0, p, -1);

	if (r == 0)
		r = get_packet(s, p, NULL);
	if (r == 0)
		return 0;
	fd_close(&s->sock);
	return r == -EPIPE || r == -ECONNRESET ? -ECONNREFUSED : r;
}

static int say_hello(struct shelf *s, const struct place *p, struct fail *f)
{
	const struct timeval wait = { .tv_sec = ANSWER_SECONDS };
	struct sockaddr_un addr;
	autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return fail_set(f, errno, "socket", "the shelf");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	place_address(p, &addr);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return fail_set(f, errno, "connect", "%s/" PLACE_SOCKET, p->path);
	if (wire_peer_uid(fd, &s->pid) != geteuid()) {
		fail_set(f, EPERM, "connect", "%s/" PLACE_SOCKET, p->path);
		fail_why(f, "the process there belongs to another user");
		return -EPERM;
	}
	s->sock = fd_steal(&fd);
	r = is_alive(s);
	return r < 0 ? shelf_fail(r, "connect", 0, f) : 0;
}

static void note_loss(struct shelf *s, const struct place *p, uint32_t *next)
{
	struct journal_loss loss;

	journal_recover(p, &loss);
	*next = loss.next;
	s->lost_unknown = loss.unknown;
	if (loss.n) {
		s->lost = loss.n;
		s->lost_since = loss.since;
		free(s->lost_text);
		s->lost_text = buf_steal(&loss.text);
	}
	journal_loss_release(&loss);
}

static bool is_nobody_there(int r)
{
	return r == -ECONNREFUSED || r == -ENOENT;
}

/* With the lock nobody starts one or ends: what we see then is so. */
static int start_or_note(struct shelf *s, const struct place *p, bool start, struct fail *f)
{
	autoclose int lock = place_lock(p, LOCK_MS, f);
	uint32_t next = 0;
	int r;

	if (lock < 0)
		return lock;
	r = say_hello(s, p, f);
	if (!is_nobody_there(r))
		return r;
	note_loss(s, p, &next);
	if (!start)
		return 0;
	r = daemon_start(p, next, f);
	return r < 0 ? r : say_hello(s, p, f);
}

int shelf_open(struct shelf *s, bool start, struct fail *f)
{
	struct place p;
	int r;

	*s = (struct shelf){ .sock = -1 };
	r = place_open(&p, start, f);
	if (r == -ENOENT && !start)
		return 0;
	if (r < 0)
		return r;
	r = say_hello(s, &p, f);
	if (is_nobody_there(r))
		r = start_or_note(s, &p, start, f);
	place_close(&p);
	if (r == 0)
		fail_clear(f);
	return r;
}

void shelf_close(struct shelf *s)
{
	fd_close(&s->sock);
	free(s->lost_text);
	s->lost_text = NULL;
	s->lost = 0;
}

/* ---- asking ---- */

int shelf_add(struct shelf *s, const struct shelf_item *item, int fd, struct fail *f)
{
	autofree struct wire_packet *p = xcalloc(1, sizeof(*p));
	int r;

	pack(p, item);
	r = ask(s, WIRE_ADD, 0, p, fd);
	if (r == 0)
		r = get_packet(s, p, NULL);
	if (r == 0)
		r = p->head.op == WIRE_REPLY ? p->head.status : -EBADMSG;
	return r < 0 ? shelf_fail(r, "hold", 0, f) : (int)p->head.id;
}

int shelf_get_list(struct shelf *s, struct shelf_list *list, struct fail *f)
{
	autofree struct wire_packet *p = xcalloc(1, sizeof(*p));
	size_t cap = 0;
	int r;

	*list = (struct shelf_list){ 0 };
	if (s->sock < 0)
		return 0;
	r = ask(s, WIRE_LIST, 0, p, -1);
	while (r == 0 && (r = get_packet(s, p, NULL)) == 0 && p->head.op == WIRE_ITEM) {
		if (list->n == cap) {
			cap = cap ? 2 * cap : 16;
			list->at = xreallocarray(list->at, cap, sizeof(*list->at));
		}
		unpack(&list->at[list->n++], p);
	}
	if (r == 0)
		return 0;
	shelf_list_release(list);
	return shelf_fail(r, "list", 0, f);
}

/* fd NULL: only what it is. */
static int get(struct shelf *s, uint32_t id, struct wire_packet *p, int *fd)
{
	int r = ask(s, WIRE_GET, id, p, -1);

	if (r == 0)
		r = get_packet(s, p, fd);
	if (r == 0 && p->head.op == WIRE_REPLY)
		r = p->head.status < 0 ? p->head.status : -EBADMSG;
	return r;
}

int shelf_look(struct shelf *s, uint32_t id, struct shelf_item *item, struct fail *f)
{
	autofree struct wire_packet *p = xcalloc(1, sizeof(*p));
	int r = get(s, id, p, NULL);

	if (r < 0)
		return shelf_fail(r, "get", id, f);
	unpack(item, p);
	return 0;
}

int shelf_get(struct shelf *s, uint32_t id, struct shelf_item *item, struct fail *f)
{
	autofree struct wire_packet *p = xcalloc(1, sizeof(*p));
	int fd = -1, r = get(s, id, p, &fd);

	if (r == 0 && fd < 0)
		r = -EMFILE;
	if (r < 0) {
		fd_close(&fd);
		shelf_fail(r, "get", id, f);
		if (r == -EMFILE)
			fail_why(f, "our own limit of open files is reached");
		return r;
	}
	if (item)
		unpack(item, p);
	return fd;
}

int shelf_drop(struct shelf *s, uint32_t id, struct fail *f)
{
	autofree struct wire_packet *p = xcalloc(1, sizeof(*p));
	int r = ask(s, WIRE_DROP, id, p, -1);

	if (r == 0)
		r = get_packet(s, p, NULL);
	if (r == 0)
		r = p->head.status;
	return r < 0 ? shelf_fail(r, "drop", id, f) : 0;
}
