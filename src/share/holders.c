/* SPDX-License-Identifier: MIT */
#include "src/share/holders.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "src/base/alloc.h"
#include "src/proc/fdinfo.h"

const char *holder_how_name(enum holder_how how)
{
	static const char *const names[] = {
		[HOLDER_SAME_DESCRIPTION] = "same-description",
		[HOLDER_SAME_INODE] = "same-inode",
		[HOLDER_OTHER_END] = "other-end",
		[HOLDER_MAPPED] = "mapped",
		[HOLDER_CWD] = "cwd",
		[HOLDER_ROOT] = "root",
		[HOLDER_EXE] = "exe",
		[HOLDER_WATCHED] = "watched",
		[HOLDER_IN_FLIGHT] = "in-flight",
	};

	return names[how];
}

struct search {
	struct holders *h;
	const struct holders_subject *subject;
	struct procent *const *procs;
	size_t n_procs;
	const struct peers *peers;
	struct ofd_opts opts;
};

static struct holder *add(struct search *s, const struct fdent *e, enum holder_how how)
{
	struct holders *h = s->h;

	if ((h->n & (h->n - 1)) == 0)
		h->at = xreallocarray(h->at, h->n ? h->n * 2 : 1, sizeof(*h->at));
	h->at[h->n] = (struct holder){ .e = e, .how = how, .tfd = -1 };
	h->of[how]++;
	return &h->at[h->n++];
}

/* ---- the same object ---- */

/* Which of several objects behind one anonymous inode; 0: cannot be told. */
static uint64_t object_id(const struct fdent *e, const char **key)
{
	static const char *const keys[] = { "eventfd-id", "map_id", "link_id", "prog_id", "Pid" };
	uint64_t id;

	for (size_t i = 0; e->extra_len && i < sizeof(keys) / sizeof(keys[0]); i++)
		if (fdinfo_u64(e->extra, e->extra_len, keys[i], 10, &id)) {
			*key = keys[i];
			/* A process that we cannot see is pid 0. */
			return id || keys[i][0] != 'P' ? id + 1 : 0;
		}
	*key = "";
	return 0;
}

bool holders_same_object(const struct fdent *a, const struct fdent *b)
{
	const char *key_a, *key_b;
	uint64_t id_a = 0, id_b = 0;
	bool tty_a, tty_b;

	if (!(a->have & HAVE_STAT) || !(b->have & HAVE_STAT) || a->dev != b->dev ||
	    a->ino != b->ino)
		return false;
	/* Each open of /dev/ptmx is the master of another terminal, one with O_PATH of none. */
	tty_a = fdinfo_u64(a->extra, a->extra_len, "tty-index", 10, &id_a);
	tty_b = fdinfo_u64(b->extra, b->extra_len, "tty-index", 10, &id_b);
	if (tty_a || tty_b)
		return tty_a && tty_b && id_a == id_b;
	/* Many of these are one inode: the id must agree too. */
	if (!fdent_name_has(a, "anon_inode:"))
		return true;
	id_a = object_id(a, &key_a);
	id_b = object_id(b, &key_b);
	return id_a && id_a == id_b && strcmp(key_a, key_b) == 0;
}

static bool is_subject(const struct search *s, const struct fdent *e)
{
	const struct holders_subject *u = s->subject;

	if (u->e)
		return e == u->e || holders_same_object(u->e, e);
	return (e->have & HAVE_STAT) && e->dev == u->dev && e->ino == u->ino;
}

/* Of a pipe or FIFO open one way only, is e open the other way? */
static bool is_other_way(const struct fdent *subject, const struct fdent *e)
{
	unsigned mine, other;

	if (!subject || !S_ISFIFO(subject->mode) || ((subject->flags | e->flags) & O_PATH))
		return false;
	mine = subject->flags & O_ACCMODE;
	other = e->flags & O_ACCMODE;
	return mine != O_RDWR && other != mine;
}

static void judge(struct search *s, const struct fdent *e)
{
	static const enum holder_how by_assoc[] = {
		[ASSOC_CWD] = HOLDER_CWD,
		[ASSOC_ROOT] = HOLDER_ROOT,
		[ASSOC_EXE] = HOLDER_EXE,
		[ASSOC_MEM] = HOLDER_MAPPED,
	};
	const struct fdent *subject = s->subject->e;

	if (e->assoc != ASSOC_FD) {
		if (is_subject(s, e))
			add(s, e, by_assoc[e->assoc]);
	} else if (subject && (e == subject || (e->ofd && e->ofd == subject->ofd))) {
		add(s, e, HOLDER_SAME_DESCRIPTION);
	} else if (is_subject(s, e)) {
		bool other = is_other_way(subject, e);
		struct holder *h = add(s, e, other ? HOLDER_OTHER_END : HOLDER_SAME_INODE);

		h->unsure = !other && subject && subject->assoc == ASSOC_FD &&
			    (!subject->ofd || !e->ofd);
	}
}

static void add_peers(struct search *s)
{
	const struct fdent *subject = s->subject->e, *e;
	size_t at = 0;

	/* Those of the same object were judged with the rows. */
	while (subject && (e = peers_next(s->peers, subject, &at)))
		if (!is_subject(s, e))
			add(s, e, HOLDER_OTHER_END);
}

/* ---- epoll ---- */

static pid_t task_of(const struct fdent *e)
{
	return e->proc->tid ? e->proc->tid : e->proc->pid;
}

static const struct fdent *find_fd(const struct procent *p, int fd)
{
	uint32_t low = 0, high = p->n_rows;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		const struct fdent *e = &p->rows[mid];

		if (fdent_is_fd(e) && e->fd == fd)
			return e;
		/* What is not a descriptor comes first. */
		if (!fdent_is_fd(e) || e->fd < fd)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* One "tfd:" line, and how many lines with that number came before it. */
struct watch {
	uint64_t tfd, ino, sdev;
	uint32_t nth;
};

/* Is the registration the subject's description? 1 yes, 0 no, or -errno. */
static int compare_watch(struct search *s, const struct fdent *epoll, const struct watch *w)
{
	struct sys_kcmp_epoll_slot slot = { (uint32_t)epoll->fd, (uint32_t)w->tfd, w->nth };
	const struct fdent *e = s->subject->e;
	int r;

	if (!e || e->assoc != ASSOC_FD)
		return -ENOTSUP;
	r = s->opts.kcmp(s->opts.kcmp_ctx, task_of(e), task_of(epoll), SYS_KCMP_EPOLL_TFD,
			 (unsigned long)e->fd, (unsigned long)(uintptr_t)&slot);
	return r < 0 ? r : r == 0;
}

/* The kernel prints its own encoding of a device: 12 bits major, 20 minor. */
static uint64_t dev_of_kernel(uint64_t sdev)
{
	return makedev((unsigned)(sdev >> 20), (unsigned)(sdev & 0xfffff));
}

static void judge_watch(struct search *s, const struct fdent *epoll, const struct watch *w)
{
	const struct holders_subject *u = s->subject;
	uint64_t dev = u->e ? u->e->dev : u->dev, ino = u->e ? u->e->ino : u->ino;
	const struct fdent *own;
	struct holder *h;
	int same;

	if (w->ino != ino)
		return;
	same = compare_watch(s, epoll, w);
	if (same == 0 || (same < 0 && dev_of_kernel(w->sdev) != dev))
		return;
	/* All anonymous inodes are one: without kcmp the number says nothing. */
	if (same < 0 && u->e && fdent_name_has(u->e, "anon_inode:"))
		return;
	h = add(s, epoll, HOLDER_WATCHED);
	h->unsure = same < 0 && u->e;
	h->tfd = (int)w->tfd;
	own = find_fd(epoll->proc, h->tfd);
	h->ghost = same == 1 && (!own || (own->ofd && u->e->ofd && own->ofd != u->e->ofd));
}

static uint32_t nth_of(const char *at, const char *end, uint64_t tfd)
{
	struct fdinfo_line line;
	uint32_t n = 0;
	uint64_t v;

	while (at < end && fdinfo_next(&at, end, &line))
		if (fdinfo_key_is(&line, "tfd") && fdinfo_field_u64(&line, "tfd", 10, &v))
			n += v == tfd;
	return n;
}

static void judge_epoll(struct search *s, const struct fdent *e)
{
	uint64_t ino = s->subject->e ? s->subject->e->ino : s->subject->ino;
	const char *at = e->extra, *end = e->extra + e->extra_len;
	struct fdinfo_line line;

	if (!e->extra_len || !fdent_is_anon(e, "eventpoll"))
		return;
	while (fdinfo_next(&at, end, &line)) {
		struct watch w = { 0 };

		if (!fdinfo_key_is(&line, "tfd") || !fdinfo_field_u64(&line, "ino", 16, &w.ino) ||
		    w.ino != ino || !fdinfo_field_u64(&line, "tfd", 10, &w.tfd) ||
		    !fdinfo_field_u64(&line, "sdev", 16, &w.sdev))
			continue;
		w.nth = nth_of(e->extra, line.key, w.tfd);
		judge_watch(s, e, &w);
	}
}

/* ---- in flight ---- */

static void judge_queue(struct search *s, const struct fdent *e)
{
	uint64_t n;

	if (!fdent_is_fd(e) || !S_ISSOCK(e->mode) || !e->extra_len ||
	    !fdinfo_u64(e->extra, e->extra_len, "scm_fds", 10, &n) || !n)
		return;
	/* One line a socket, not one a descriptor of it. */
	for (size_t i = s->h->n; i && s->h->at[i - 1].how == HOLDER_IN_FLIGHT; i--)
		if (holders_same_object(s->h->at[i - 1].e, e))
			return;
	add(s, e, HOLDER_IN_FLIGHT)->count = (uint32_t)n;
}

static void each(struct search *s, void (*visit)(struct search *, const struct fdent *))
{
	for (size_t p = 0; p < s->n_procs; p++)
		for (uint32_t r = 0; r < s->procs[p]->n_rows; r++)
			visit(s, &s->procs[p]->rows[r]);
}

/* ---- all together ---- */

static int by_row(const struct fdent *a, const struct fdent *b)
{
	const struct procent *p = a->proc, *q = b->proc;

	if (p != q)
		return p->pid != q->pid ? (p->pid < q->pid ? -1 : 1) : (p->tid < q->tid ? -1 : 1);
	return (a > b) - (a < b);
}

static int by_how(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;

	if (x->how != y->how)
		return x->how < y->how ? -1 : 1;
	if (x->e == y->e)
		return (x->tfd > y->tfd) - (x->tfd < y->tfd);
	return by_row(x->e, y->e);
}

/* The subject itself leads. */
static void lead(struct holders *h, const struct fdent *subject)
{
	for (size_t i = 0; subject && i < h->of[HOLDER_SAME_DESCRIPTION]; i++)
		if (h->at[i].e == subject) {
			struct holder self = h->at[i];

			memmove(h->at + 1, h->at, i * sizeof(self));
			h->at[0] = self;
		}
}

void holders_find(struct holders *h, const struct holders_subject *subject,
		  struct procent *const *procs, size_t n_procs, const struct peers *peers,
		  const struct ofd_opts *opts)
{
	struct search s = {
		h, subject, procs, n_procs, peers, opts ? *opts : (struct ofd_opts){ 0 }
	};

	memset(h, 0, sizeof(*h));
	if (!s.opts.kcmp)
		s.opts.kcmp = kcmp_system;
	for (size_t p = 0; p < n_procs; p++)
		h->unreadable += procs[p]->err != 0;
	each(&s, judge);
	add_peers(&s);
	each(&s, judge_epoll);
	each(&s, judge_queue);
	if (h->n)
		qsort(h->at, h->n, sizeof(*h->at), by_how);
	lead(h, subject->e);
}

void holders_release(struct holders *h)
{
	free(h->at);
	memset(h, 0, sizeof(*h));
}
