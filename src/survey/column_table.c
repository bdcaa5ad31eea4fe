/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "src/kind/openflags.h"
#include "src/net/sock.h"
#include "src/share/peers.h"
#include "src/survey/columns.h"

/* ---- values ---- */

#define GET(name)                                                                                  \
	static bool get_##name(struct columns *c __attribute__((unused)), const struct fdent *e,   \
			       struct fact *v)

static bool number(struct fact *v, bool known, uint64_t n)
{
	*v = (struct fact){ .type = FACT_U64, .u64 = n };
	return known;
}

static bool size(struct fact *v, bool known, uint64_t n)
{
	*v = (struct fact){ .type = FACT_SIZE, .u64 = n };
	return known;
}

static bool word(struct fact *v, const char *text)
{
	*v = (struct fact){ .type = FACT_TEXT, .text = text, .len = text ? strlen(text) : 0 };
	return v->len > 0;
}

static bool bytes(struct fact *v, const char *text, size_t len)
{
	*v = (struct fact){ .type = FACT_BYTES, .text = text, .len = len };
	return text != NULL;
}

static bool scratch(struct columns *c, struct fact *v)
{
	return word(v, buf_str(&c->scratch));
}

static bool has(const struct fdent *e, unsigned what)
{
	return (e->have & what) == what;
}

GET(fd)
{
	return number(v, fdent_is_fd(e), (uint64_t)e->fd);
}

GET(kind)
{
	return word(v, e->kind->name);
}

GET(access)
{
	return word(v, fdent_access(e));
}

GET(mode)
{
	buf_reset(&c->scratch);
	buf_adds(&c->scratch, fdent_access(e));
	if (has(e, HAVE_INFO) && (e->flags & O_APPEND))
		buf_addc(&c->scratch, 'a');
	return scratch(c, v);
}

static const struct sock_info *queues(const struct fdent *e)
{
	return e->sock && (e->sock->has & SOCK_HAS_QUEUES) ? e->sock : NULL;
}

GET(pos_size)
{
	if (queues(e))
		return size(v, true, (uint64_t)e->sock->rqueue + e->sock->wqueue);
	return size(v, has(e, HAVE_SIZE), e->size);
}

/* Of a tty, and of a socket that no table has, a fact that needs a grab. */
static bool queue_fact(struct columns *c, const struct fdent *e, const char *name, struct fact *v)
{
	struct column_ref ref = { 0 };

	snprintf(ref.fact, sizeof(ref.fact), "%s", name);
	return c->grab.take && (S_ISCHR(e->mode) || S_ISSOCK(e->mode)) &&
	       column_value(c, &ref, e, v);
}

GET(recv_queue)
{
	return queues(e) ? size(v, true, e->sock->rqueue) : queue_fact(c, e, "recv_queue", v);
}

GET(send_queue)
{
	return queues(e) ? size(v, true, e->sock->wqueue) : queue_fact(c, e, "send_queue", v);
}

GET(shares)
{
	return number(v, e->shares != 0, e->shares);
}

GET(ofd)
{
	return number(v, e->ofd != 0, e->ofd);
}

GET(peers)
{
	return number(v, c->s->peers != NULL, peers_count(c->s->peers, e));
}

GET(detail)
{
	buf_reset(&c->scratch);
	column_show_detail(&c->scratch, c, e);
	return scratch(c, v);
}

GET(pid)
{
	return number(v, true, (uint64_t)e->proc->pid);
}

GET(tid)
{
	return number(v, e->proc->tid != 0, (uint64_t)e->proc->tid);
}

GET(start)
{
	return number(v, true, e->proc->start);
}

GET(uid)
{
	return number(v, true, e->proc->uid);
}

GET(user)
{
	return word(v, columns_user(c, e->proc->uid));
}

GET(comm)
{
	return bytes(v, e->proc->comm, e->proc->comm_len);
}

GET(ppid)
{
	return number(v, true, (uint64_t)e->proc->ppid);
}

GET(process_state)
{
	buf_reset(&c->scratch);
	buf_addc(&c->scratch, e->proc->state);
	return scratch(c, v);
}

GET(fds)
{
	return number(v, e->proc->n_fds >= 0, (uint64_t)e->proc->n_fds);
}

GET(limit)
{
	return number(v, e->proc->limit != 0, e->proc->limit);
}

GET(limit_used)
{
	const struct procent *p = e->proc;
	bool known = p->n_fds >= 0 && p->limit && p->limit != UINT64_MAX;

	return number(v, known, known ? (uint64_t)p->n_fds * 100 / p->limit : 0);
}

GET(netns)
{
	return number(v, e->proc->netns != 0, e->proc->netns);
}

GET(mntns)
{
	return number(v, e->proc->mntns != 0, e->proc->mntns);
}

GET(ino)
{
	return number(v, has(e, HAVE_INO), e->ino);
}

static bool device(struct columns *c, struct fact *v, bool known, uint64_t dev)
{
	buf_reset(&c->scratch);
	if (known)
		buf_addf(&c->scratch, "%u:%u", major(dev), minor(dev));
	return scratch(c, v);
}

GET(dev)
{
	return device(c, v, has(e, HAVE_STAT), e->dev);
}

GET(rdev)
{
	bool is_device = S_ISCHR(e->mode) || S_ISBLK(e->mode);

	return device(c, v, has(e, HAVE_STAT) && is_device, e->rdev);
}

GET(flags)
{
	const char *name;

	buf_reset(&c->scratch);
	for (size_t at = 0; has(e, HAVE_INFO) && (name = open_flag_next(e->flags, &at));) {
		if (c->scratch.len)
			buf_addc(&c->scratch, '|');
		buf_adds(&c->scratch, name);
	}
	return scratch(c, v);
}

GET(cloexec)
{
	*v = (struct fact){ .type = FACT_BOOL, .yes = (e->flags & O_CLOEXEC) != 0 };
	return has(e, HAVE_INFO);
}

GET(name)
{
	return bytes(v, has(e, HAVE_LINK) ? e->name : NULL, e->name_len);
}

GET(pos)
{
	return size(v, has(e, HAVE_INFO), e->pos);
}

GET(size)
{
	return size(v, has(e, HAVE_SIZE), e->size);
}

GET(blocks)
{
	return number(v, has(e, HAVE_SIZE | HAVE_STAT), e->blocks);
}

GET(nlink)
{
	return number(v, has(e, HAVE_NLINK), e->nlink);
}

GET(deleted)
{
	return word(v, e->deleted == DELETED_UNKNOWN ? NULL : deleted_name(e->deleted));
}

GET(mnt_id)
{
	return number(v, has(e, HAVE_INFO), e->mnt_id);
}

GET(assoc)
{
	return word(v, assoc_name(e->assoc));
}

GET(error)
{
	return word(v, e->err ? fail_errno_name(e->err) : NULL);
}

/* ---- what a person sees ---- */

static void show_fd(struct buf *out, struct columns *c, const struct fdent *e)
{
	(void)c;
	if (fdent_is_fd(e))
		buf_addu(out, (uint64_t)e->fd);
	else
		buf_adds(out, assoc_name(e->assoc));
}

static void show_pos_size(struct buf *out, struct columns *c, const struct fdent *e)
{
	static const struct column_ref queued = { .fact = "queued" };
	struct fact v;

	if (queues(e)) {
		buf_adds(out, "rq ");
		text_size(out, e->sock->rqueue);
		buf_adds(out, " sq ");
		text_size(out, e->sock->wqueue);
	} else if (has(e, HAVE_SIZE) && (S_ISREG(e->mode) || S_ISBLK(e->mode))) {
		if (has(e, HAVE_INFO)) {
			text_size(out, e->pos);
			buf_addc(out, '/');
		}
		text_size(out, e->size);
	} else if (S_ISFIFO(e->mode) && fdent_is_fd(e) && !(e->flags & O_PATH)) {
		if (!column_value(c, &queued, e, &v)) {
			buf_addc(out, '?');
			return;
		}
		fact_display(out, &v, c->text);
		buf_adds(out, " queued");
	}
}

static void show_share(struct buf *out, struct columns *c, const struct fdent *e)
{
	struct mark mark;

	if (!c->has_marks)
		marks_make(&c->marks, c->s);
	c->has_marks = true;
	mark = mark_of(&c->marks, c->s, e);
	mark_text(out, &mark);
}

#define PEERS_SHOWN 3

static void show_peers(struct buf *out, struct columns *c, const struct fdent *e)
{
	size_t at = 0, shown = 0, n = peers_count(c->s->peers, e);
	const struct fdent *peer;

	while (shown < PEERS_SHOWN && (peer = peers_next(c->s->peers, e, &at))) {
		buf_addf(out, "%s%d", shown++ ? ", " : "", peer->proc->pid);
		if (peer->proc->tid)
			buf_addf(out, "/%d", peer->proc->tid);
		buf_addf(out, ":%d", peer->fd);
	}
	if (n > shown)
		buf_addf(out, " +%zu", n - shown);
}

static void show_limit(struct buf *out, struct columns *c, const struct fdent *e)
{
	(void)c;
	if (e->proc->limit == UINT64_MAX)
		buf_adds(out, "unlimited");
	else if (e->proc->limit)
		buf_addu(out, e->proc->limit);
}

static void show_limit_used(struct buf *out, struct columns *c, const struct fdent *e)
{
	struct fact v;

	if (!get_limit_used(c, e, &v))
		return;
	buf_addu(out, v.u64);
	buf_addc(out, '%');
}

static void show_error(struct buf *out, struct columns *c, const struct fdent *e)
{
	(void)c;
	if (e->err)
		buf_addf(out, "%s from %s", fail_errno_name(e->err), e->err_call);
}

/* ---- the table ---- */

#define R COLUMN_RIGHT
#define N (COLUMN_RIGHT | COLUMN_NUMBER)
#define P COLUMN_PROCESS

const struct column column_table[] = {
	{ "fd", "FD", get_fd, show_fd, 4, N, "descriptor number, or cwd, root, exe, mem" },
	{ "kind", "KIND", get_kind, NULL, 8, 0, "what it is: file, pipe, tcp, eventfd, ..." },
	{ "mode", "MODE", get_mode, NULL, 4, 0, "access, with a where it appends" },
	{ "pos_size", "POS/SIZE", get_pos_size, show_pos_size, 11, COLUMN_NUMBER,
	  "offset and size, or bytes in the queues" },
	{ "share", "SHARE", get_shares, show_share, 6, COLUMN_NUMBER,
	  "=A 9 same description, ~C 2 same file, <> a peer" },
	{ "detail", "DETAIL", get_detail, column_show_detail, 40, COLUMN_REST,
	  "what matters of this kind, in a line" },
	{ "pid", "PID", get_pid, NULL, 7, N | P, "process" },
	{ "tid", "TID", get_tid, NULL, 7, N | P, "thread, if the table is its own" },
	{ "user", "USER", get_user, NULL, 8, P, "real user of the process" },
	{ "uid", "UID", get_uid, NULL, 5, N | P, "real uid of the process" },
	{ "comm", "COMMAND", get_comm, NULL, 15, P, "command name" },
	{ "start", "START", get_start, NULL, 10, N | P, "start time in clock ticks since boot" },
	{ "ppid", "PPID", get_ppid, NULL, 7, N | P, "parent process" },
	{ "process_state", "S", get_process_state, NULL, 1, P, "R S D Z T t X I, as in proc(5)" },
	{ "fds", "FDS", get_fds, NULL, 6, N | P, "descriptors that the process has" },
	{ "limit", "LIMIT", get_limit, show_limit, 9, N | P, "its soft limit of open files" },
	{ "limit_used", "LIM", get_limit_used, show_limit_used, 4, N | P,
	  "percent of that in use" },
	{ "netns", "NETNS", get_netns, NULL, 10, N | P, "its network namespace" },
	{ "mntns", "MNTNS", get_mntns, NULL, 10, N | P, "its mount namespace" },
	{ "assoc", "ASSOC", get_assoc, NULL, 5, 0, "fd, cwd, root, exe or mem" },
	{ "access", "ACCESS", get_access, NULL, 4, 0, "r, w, rw or path" },
	{ "flags", "FLAGS", get_flags, NULL, 20, 0, "flags of open(2)" },
	{ "cloexec", "CLOEXEC", get_cloexec, NULL, 3, 0, "closed at exec" },
	{ "pos", "POS", get_pos, NULL, 8, N, "offset" },
	{ "size", "SIZE", get_size, NULL, 8, N, "size of the file" },
	{ "blocks", "BLOCKS", get_blocks, NULL, 8, N, "blocks of 512 bytes it takes" },
	{ "dev", "DEV", get_dev, NULL, 6, R, "device of its filesystem" },
	{ "rdev", "RDEV", get_rdev, NULL, 6, R, "device that it is" },
	{ "ino", "INO", get_ino, NULL, 9, N, "inode" },
	{ "nlink", "NLINK", get_nlink, NULL, 5, N, "names left" },
	{ "deleted", "DELETED", get_deleted, NULL, 7, 0, "no, name (others are left) or inode" },
	{ "mnt_id", "MNT", get_mnt_id, NULL, 5, N, "mount" },
	{ "name", "NAME", get_name, NULL, 30, COLUMN_REST, "text of its link" },
	{ "ofd", "OFD", get_ofd, NULL, 6, N, "open file description: equal is the same" },
	{ "shares", "SHARES", get_shares, NULL, 6, N, "descriptors that have it" },
	{ "peers", "PEERS", get_peers, show_peers, 16, COLUMN_NUMBER, "who is at the other end" },
	{ "recv_queue", "RQ", get_recv_queue, NULL, 6, N, "bytes in a socket's receive queue" },
	{ "send_queue", "SQ", get_send_queue, NULL, 6, N, "bytes in a socket's send queue" },
	{ "error", "ERROR", get_error, show_error, 20, 0, "what could not be read" },
	{ "local", "LOCAL", NULL, NULL, 21, 0, "local address" },
	{ "remote", "REMOTE", NULL, NULL, 21, 0, "remote address" },
	{ "state", "STATE", NULL, NULL, 11, 0, "state of a connection" },
	{ "queued", "QUEUED", NULL, NULL, 8, N, "bytes in a pipe (by a grab)" },
	{ "capacity", "CAPACITY", NULL, NULL, 8, N, "of a pipe (by a grab)" },
	{ "count", "COUNT", NULL, NULL, 8, N, "of an eventfd" },
	{ "fstype", "FSTYPE", NULL, NULL, 8, 0, "type of its filesystem" },
	{ NULL, NULL, NULL, NULL, 0, 0, NULL },
};
