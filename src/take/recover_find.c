/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/kind/origin.h"
#include "src/proc/fdinfo.h"
#include "src/take/flight.h"
#include "src/take/look.h"
#include "src/take/recover.h"

#define CAN_READ(e) (((e)->flags & (O_ACCMODE | O_PATH)) != O_WRONLY)

const char *recover_how_name(enum recover_how how)
{
	static const char *const names[] = { "open", "mapped", "in flight" };

	return names[how];
}

/*
 * overlayfs counts the links that the inode has in the layer below: one that a
 * container deleted keeps its link there, where the container cannot see it.
 */
static bool is_whited_out(const struct fdent *e, const struct mounts *mounts)
{
	const struct mount *m = (e->have & HAVE_INFO) ? mounts_find(mounts, e->mnt_id) : NULL;

	for (size_t i = 0; !(e->have & HAVE_INFO) && !m && i < mounts->n; i++)
		if (mounts->at[i].dev == e->dev)
			m = &mounts->at[i];
	return e->deleted == DELETED_NAME && e->nlink == 1 && m &&
	       strcmp(m->fstype, "overlay") == 0;
}

static bool is_lost(const struct fdent *e, const struct mounts *mounts)
{
	if (!S_ISREG(e->mode) || fdent_is_shared_anon(e) || !(e->have & HAVE_INO))
		return false;
	/* A secret memory is nobody's file. */
	if (strcmp(e->kind->name, "file") != 0 && strcmp(e->kind->name, "memfd") != 0)
		return false;
	return e->deleted == DELETED_INODE || strcmp(e->kind->name, "memfd") == 0 ||
	       is_whited_out(e, mounts);
}

/* The easier one to read of two rows of one inode: smaller is better. */
static int effort(const struct fdent *e)
{
	switch (e->assoc) {
	case ASSOC_FD:
		return CAN_READ(e) ? 0 : 1;
	case ASSOC_EXE:
		return 2;
	default:
		return 3;
	}
}

static struct recover_item *find(struct recover_list *list, uint64_t dev, uint64_t ino)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->at[i].ino == ino && list->at[i].dev == dev)
			return &list->at[i];
	return NULL;
}

static struct recover_item *add(struct recover_list *list)
{
	if (list->n == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 16;
		list->at = xreallocarray(list->at, list->cap, sizeof(*list->at));
	}
	memset(&list->at[list->n], 0, sizeof(*list->at));
	list->at[list->n].fd = -1;
	return &list->at[list->n++];
}

/* What a copy will take: not what was allocated behind the end of the file. */
static uint64_t space_of(uint64_t size, uint64_t blocks)
{
	uint64_t most = size > UINT64_MAX - 4095 ? size : (size + 4095) / 4096 * 4096;

	return blocks * 512 < most ? blocks * 512 : most;
}

static void take_row(struct recover_item *item, const struct fdent *e)
{
	item->ent = e;
	item->how = e->assoc == ASSOC_FD ? RECOVER_OPEN : RECOVER_MAPPED;
	item->dev = e->dev;
	item->ino = e->ino;
	item->name = e->name;
	item->name_len = e->name_len;
	if (!(e->have & HAVE_STAT))
		return;
	item->size = e->size;
	item->blocks = space_of(e->size, e->blocks);
}

static int by_inode(const void *a, const void *b)
{
	const struct fdent *x = *(const struct fdent *const *)a;
	const struct fdent *y = *(const struct fdent *const *)b;

	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	if (effort(x) != effort(y))
		return effort(x) - effort(y);
	/* Rows of one survey: keep their order. */
	if (x->proc->pid != y->proc->pid)
		return x->proc->pid < y->proc->pid ? -1 : 1;
	return x->fd < y->fd ? -1 : x->fd > y->fd;
}

static int by_holder(const void *a, const void *b)
{
	const struct fdent *x = ((const struct recover_item *)a)->ent;
	const struct fdent *y = ((const struct recover_item *)b)->ent;

	if (x->proc->pid != y->proc->pid)
		return x->proc->pid < y->proc->pid ? -1 : 1;
	if (x->fd != y->fd)
		return x->fd < y->fd ? -1 : 1;
	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

/* All rows of lost files, the best of each inode first: once an inode by sorting. */
static void find_rows(struct recover_list *list, const struct survey *s)
{
	autofree const struct fdent **rows = xcalloc(survey_count(s) + 1, sizeof(*rows));
	struct survey_iter it = { 0 };
	struct recover_item *last = NULL;
	const struct fdent *e;
	size_t n = 0;

	while ((e = survey_next(s, &it)))
		if (is_lost(e, &s->mounts))
			rows[n++] = e;
	qsort(rows, n, sizeof(*rows), by_inode);
	for (size_t i = 0; i < n; i++) {
		if (!last || last->ino != rows[i]->ino || last->dev != rows[i]->dev) {
			last = add(list);
			take_row(last, rows[i]);
		}
		last->rows++;
	}
	if (list->n)
		qsort(list->at, list->n, sizeof(*list->at), by_holder);
}

/* ---- in flight ---- */

#define FLIGHT_DEPTH 8 /* the kernel itself allows 4: see unix(7) ETOOMANYREFS */

struct flight {
	struct recover_list *list;
	const struct recover_opts *o;
	const struct fdent *socket;
	uint64_t inside[FLIGHT_DEPTH]; /* sockets in flight that we are in */
	unsigned depth, seen;
	uint64_t expected;
};

static void set_own_name(struct recover_item *item)
{
	static const char suffix[] = " (deleted)";
	char path[32], link[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", item->fd);
	n = readlink(path, link, sizeof(link));
	n = n < 0 ? 0 : n;
	if ((size_t)n >= sizeof(suffix) - 1 &&
	    memcmp(link + n - (sizeof(suffix) - 1), suffix, sizeof(suffix) - 1) == 0)
		n -= (ssize_t)sizeof(suffix) - 1;
	item->own_name = xmemdup0(link, (size_t)n);
	item->name = item->own_name;
	item->name_len = (size_t)n;
}

static void take_flight(struct flight *fl, int fd)
{
	struct recover_item *item;
	struct statx sx;
	uint64_t dev;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &sx) < 0 ||
	    !S_ISREG(sx.stx_mode) || sx.stx_nlink > 0)
		return;
	dev = makedev(sx.stx_dev_major, sx.stx_dev_minor);
	item = find(fl->list, dev, sx.stx_ino);
	if (item) {
		item->rows++;
		return;
	}
	item = add(fl->list);
	item->how = RECOVER_IN_FLIGHT;
	item->ent = fl->socket;
	item->dev = dev;
	item->ino = sx.stx_ino;
	item->size = sx.stx_size;
	item->blocks = space_of(sx.stx_size, sx.stx_blocks);
	item->rows = 1;
	item->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	set_own_name(item);
}

static uint64_t fds_in_flight(const struct fdent *e)
{
	uint64_t n = 0;

	if (strcmp(e->kind->name, "unix") != 0 || !e->extra ||
	    !fdinfo_u64(e->extra, e->extra_len, "scm_fds", 10, &n))
		return 0;
	return n;
}

static int flight_piece(struct peek *p, const struct peek_piece *piece);

/* A socket in flight may have descriptors in flight, even itself. */
static void look_inside(struct flight *fl, int fd)
{
	struct kind_ctx ctx;
	struct peek p = {
		.fd = fd,
		.ctx = &ctx,
		.limit = PEEK_ALL,
		.may_move_peek_off = fl->o->all_messages,
		.want_fds = true,
		.piece = flight_piece,
		.arg = fl,
	};
	struct survey *s;
	uint64_t n;

	if (flight_describe(fl->o->survey->procfs, fd, 0, &s, &p.ent, NULL) < 0)
		return;
	ctx = survey_ctx(s);
	n = fds_in_flight(p.ent);
	for (unsigned i = 0; i < fl->depth; i++)
		n = fl->inside[i] == p.ent->ino ? 0 : n;
	fl->expected += n;
	if (n && fl->depth < FLIGHT_DEPTH) {
		fl->inside[fl->depth++] = p.ent->ino;
		if (look_held(&p) < 0)
			fl->list->unreadable++;
		fl->depth--;
	}
	survey_free(s);
}

static int flight_piece(struct peek *p, const struct peek_piece *piece)
{
	struct flight *fl = p->arg;
	struct stat st;

	for (unsigned i = 0; i < piece->n_fds && piece->fds; i++) {
		if (fstat(piece->fds[i], &st) == 0 && S_ISSOCK(st.st_mode))
			look_inside(fl, piece->fds[i]);
		else
			take_flight(fl, piece->fds[i]);
	}
	fl->seen += piece->n_fds;
	return 0;
}

static int open_holder(struct target *t, const struct fdent *e, int procfs, struct fail *f)
{
	struct target_name name = {
		.pid = e->proc->pid,
		.tid = e->proc->tid,
		.start = e->proc->start,
		.has_start = true,
	};

	return target_open(t, procfs, &name, f);
}

static void ask_socket(struct recover_list *list, const struct recover_opts *o,
		       const struct fdent *e, uint64_t expected)
{
	struct flight fl = { .list = list,
			     .o = o,
			     .socket = e,
			     .inside = { e->ino },
			     .depth = 1,
			     .expected = expected };
	struct fail f = { 0 };
	struct kind_ctx ctx = survey_ctx(o->survey);
	struct peek p = {
		.ent = e,
		.ctx = &ctx,
		.limit = PEEK_ALL,
		.may_move_peek_off = o->all_messages,
		.want_fds = true,
		.piece = flight_piece,
		.arg = &fl,
		.fail = &f,
	};
	struct target t;
	int r;

	if (open_holder(&t, e, o->survey->procfs, NULL) < 0) {
		list->unreadable++;
		return;
	}
	r = look(&p, &t);
	if (o->looked)
		o->looked(o->arg, &t, e, r < 0 ? &f : NULL);
	if (r < 0)
		list->unreadable++;
	else if (fl.seen < fl.expected)
		list->hidden += (unsigned)(fl.expected - fl.seen);
	target_close(&t);
}

static void find_flights(struct recover_list *list, const struct recover_opts *o)
{
	struct survey_iter it = { 0 };
	const struct fdent *e;
	autofree uint64_t *asked = xcalloc(survey_count(o->survey) + 1, sizeof(*asked));
	size_t n = 0;

	while ((e = survey_next(o->survey, &it))) {
		uint64_t expected = fds_in_flight(e);
		bool again = false;

		for (size_t i = 0; i < n && expected; i++)
			again |= asked[i] == e->ino;
		if (!expected || again)
			continue;
		asked[n++] = e->ino;
		ask_socket(list, o, e, expected);
	}
}

static void release_item(struct recover_item *item)
{
	if (item->fd >= 0)
		close(item->fd);
	free(item->own_name);
}

static void drop_empty(struct recover_list *list)
{
	size_t to = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct recover_item *item = &list->at[i];

		/* Size 0 of what could not be looked at means nothing. */
		if (item->size == 0 && (item->fd >= 0 || (item->ent->have & HAVE_STAT)))
			release_item(item);
		else
			list->at[to++] = *item;
	}
	list->n = to;
}

int recover_find(struct recover_list *list, const struct recover_opts *o, struct fail *f)
{
	(void)f;
	memset(list, 0, sizeof(*list));
	find_rows(list, o->survey);
	if (o->in_flight)
		find_flights(list, o);
	if (!o->empty)
		drop_empty(list);
	for (size_t i = 0; i < list->n; i++) {
		list->size += list->at[i].size;
		list->blocks += list->at[i].blocks;
	}
	return 0;
}

void recover_list_release(struct recover_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		release_item(&list->at[i]);
	free(list->at);
	memset(list, 0, sizeof(*list));
}

int recover_space(const struct recover_list *list, int dir, uint64_t *avail, struct fail *f)
{
	struct statvfs fs;

	if (fstatvfs(dir, &fs) < 0)
		return fail_set(f, errno, "fstatvfs", "the folder");
	*avail = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (*avail >= list->blocks)
		return 0;
	fail_set(f, ENOSPC, "", "the folder");
	fail_why(f, "%llu bytes are wanted, and %llu are free there",
		 (unsigned long long)list->blocks, (unsigned long long)*avail);
	fail_advice(f, "another folder with -o, or fewer targets");
	return -ENOSPC;
}
