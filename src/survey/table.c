/* SPDX-License-Identifier: MIT */
#include "src/survey/table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "src/proc/fdinfo.h"

#define TRIES    24
#define AGREEING 3  /* samples of a slot that may be changing hands */
#define CLOSED   3  /* samples in a row that find nothing: it is not about to be used again */
#define ALWAYS   16 /* samples in a row with one and the same contradiction */

void table_reader_release(struct table_reader *r)
{
	buf_release(&r->info);
	maps_reader_release(&r->maps);
	wary_release(r);
}

static void note_error(struct fdent *e, const char *call, int err)
{
	if (e->err)
		return;
	e->err = (int16_t)err;
	e->err_call = call;
}

/* All of a fdinfo file. seq_file(9) gives it in one read if the buffer is large enough. */
static int read_info(struct table_reader *r, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	buf_reset(&r->info);
	for (;;) {
		size_t room;
		ssize_t n;

		buf_reserve(&r->info, LINK_SIZE);
		room = r->info.cap - r->info.len - 1;
		n = read(fd, r->info.data + r->info.len, room);
		if (n < 0) {
			err = -errno;
			break;
		}
		r->info.len += (size_t)n;
		if ((size_t)n < room)
			break;
	}
	close(fd);
	r->info.data[r->info.len] = '\0';
	return err;
}

static void set_stat(struct fdent *e, const struct statx *sx)
{
	e->mode = sx->stx_mode;
	e->dev = makedev(sx->stx_dev_major, sx->stx_dev_minor);
	e->rdev = makedev(sx->stx_rdev_major, sx->stx_rdev_minor);
	e->ino = sx->stx_ino;
	e->nlink = sx->stx_nlink;
	e->size = sx->stx_size;
	e->blocks = sx->stx_blocks;
	e->have |= HAVE_STAT | HAVE_INO | HAVE_NLINK;
	if (S_ISREG(e->mode) || S_ISDIR(e->mode) || S_ISLNK(e->mode))
		e->have |= HAVE_SIZE;
}

/*
 * Never blocks on a magic link: no sync, no automount (see statx(2)). *mnt_id, unless
 * NULL: 0 before Linux 5.8.
 */
static int read_stat(int dir, const char *name, struct fdent *e, uint64_t *mnt_id)
{
	struct statx sx;
	unsigned want = STATX_BASIC_STATS | (mnt_id ? STATX_MNT_ID : 0);

	if (statx(dir, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, want, &sx) < 0)
		return -errno;
	set_stat(e, &sx);
	if (mnt_id)
		*mnt_id = sx.stx_mask & STATX_MNT_ID ? sx.stx_mnt_id : 0;
	return 0;
}

/* "socket:[1234]": the text itself says which inode it is. */
static bool link_inode(const char *link, size_t len, uint64_t *ino)
{
	const char *open = memchr(link, '[', len);
	uint64_t v = 0;

	if (link[0] == '/' || !open || open == link || open[-1] != ':' || link[len - 1] != ']')
		return false;
	for (const char *s = open + 1; s < link + len - 1; s++) {
		if (*s < '0' || *s > '9')
			return false;
		v = v * 10 + (uint64_t)(*s - '0');
	}
	*ino = v;
	return open + 1 < link + len - 1;
}

/* The filesystems of known.h, by the text of a link. */
static int sort_of(const char *link, size_t len)
{
	static const char *const heads[] = {
		[KNOWN_SOCKET] = "socket:[", [KNOWN_PIPE] = "pipe:[", [KNOWN_ANON] = "anon_inode:"
	};

	for (int i = 0; i < (int)(sizeof(heads) / sizeof(heads[0])); i++) {
		size_t n = strlen(heads[i]);

		if (len > n && memcmp(link, heads[i], n) == 0)
			return i;
	}
	return -1;
}

struct sample {
	struct fdinfo info;
	bool has_info;
	ssize_t link_len; /* or -errno */
	int info_err, stat_err;
	uint64_t mnt_id; /* of statx(2) */
};

/* How the parts of a sample fit together. */
enum fit {
	FIT_CLOSED,  /* there is no such descriptor */
	FIT_MIXED,   /* they are of two files */
	FIT_FOREIGN, /* fdinfo and statx(2) name two inodes, and nothing else differs */
	FIT_AGREE,   /* they are of one file, as far as each tells */
	FIT_ONE,     /* one read told all: they cannot be of two */
};

static void take_info(struct table_reader *r, struct table_dirs *dirs, const char *name,
		      struct sample *s)
{
	if (dirs->fdinfo >= 0 && dirs->wary && wary_is_epoll(r, dirs, name))
		s->info_err = wary_read_info(r, dirs, name);
	else
		s->info_err = dirs->fdinfo < 0 ? dirs->fdinfo : read_info(r, dirs->fdinfo, name);
	s->has_info = s->info_err == 0 && fdinfo_parse(&s->info, r->info.data, r->info.len) == 0;
}

static bool link_is_still(struct table_reader *r, int dir, const char *name, size_t len)
{
	ssize_t n = proc_readlink(dir, name, r->again, sizeof(r->again));

	return n == (ssize_t)len && memcmp(r->link, r->again, len) == 0;
}

/* Sockets, pipes and anonymous inodes have filesystems of their own, where no path leads. */
static bool stat_fits(const struct table_reader *r, const struct fdent *e, int sort)
{
	static const mode_t types[] = { [KNOWN_SOCKET] = S_IFSOCK, [KNOWN_PIPE] = S_IFIFO };

	if (!(e->have & HAVE_STAT))
		return true;
	if (sort == KNOWN_ANON) /* nothing promises that an anonymous inode has no type */
		return (e->mode & S_IFMT) == 0 || S_ISREG(e->mode);
	if (sort >= 0)
		return (e->mode & S_IFMT) == types[sort];
	return !known_is_dev(r->known, e->dev);
}

/* What statx(2) would say, by asking it only where the answer is not known. */
static void take_stat(struct table_reader *r, struct table_dirs *dirs, const char *name,
		      struct fdent *e, struct sample *s)
{
	int sort = sort_of(r->link, (size_t)s->link_len);
	uint64_t ino = s->info.ino;
	bool has_ino = s->has_info && s->info.has_ino;

	if (sort == KNOWN_SOCKET || sort == KNOWN_PIPE)
		has_ino = link_inode(r->link, (size_t)s->link_len, &ino);
	s->mnt_id = 0;
	if (sort < 0 || !has_ino || !known_stat(r->known, (enum known_sort)sort, ino, e))
		s->stat_err = read_stat(dirs->fd, name, e, &s->mnt_id);
}

/*
 * The same inode and mount before the link was read and after: what the link said in
 * between is of that file too, if it has no other name.
 */
static bool surrounds_link(const struct table_reader *r, const struct sample *s,
			   const struct fdent *e)
{
	static const char deleted[] = " (deleted)";
	size_t len = (size_t)s->link_len, n = sizeof(deleted) - 1;

	if (!s->has_info || !s->info.has_ino || s->stat_err || !s->mnt_id ||
	    s->info.ino != e->ino || s->info.mnt_id != s->mnt_id)
		return false;
	if (S_ISDIR(e->mode) || known_sort(r->known, &s->info) == KNOWN_SHM)
		return true;
	return e->nlink == 1 && !(len > n && memcmp(r->link + len - n, deleted, n) == 0);
}

/* Of link, fdinfo and statx(2), each read once: what do they say of each other? */
static enum fit compare(const struct table_reader *r, const struct sample *s, const struct fdent *e)
{
	size_t len = (size_t)s->link_len;
	uint64_t ino = 0;
	int proof;

	if (s->info_err == -ENOENT || s->stat_err == -ENOENT)
		return FIT_MIXED;
	if (link_inode(r->link, len, &ino) && s->stat_err == 0 && e->ino != ino)
		return FIT_MIXED;
	if (!stat_fits(r, e, sort_of(r->link, len)))
		return FIT_MIXED;
	proof = s->has_info ? known_proof(r->link, len, &s->info) : 0;
	if (proof < 0)
		return FIT_MIXED;
	if (s->has_info && s->info.has_ino && s->stat_err == 0 && s->info.ino != e->ino)
		return s->info.mnt_id == r->foreign_mnt ? FIT_AGREE : FIT_FOREIGN;
	return FIT_AGREE;
}

static bool same_file(const struct fdinfo *a, const struct fdinfo *b)
{
	return a->ino == b->ino && a->mnt_id == b->mnt_id &&
	       ((a->flags ^ b->flags) & O_ACCMODE) == 0;
}

/* Its path is longer than readlink(2) tells: what it is can be told all the same. */
static enum fit take_nameless(struct table_dirs *dirs, const char *name, struct fdent *e,
			      struct sample *s)
{
	s->stat_err = read_stat(dirs->fd, name, e, NULL);
	if (s->stat_err == -ENOENT || s->info_err == -ENOENT)
		return FIT_CLOSED;
	if (s->has_info && s->info.has_ino && s->stat_err == 0 && s->info.ino != e->ino)
		return FIT_FOREIGN;
	return FIT_AGREE;
}

/*
 * Read all parts once. fdinfo comes first: it may tell all. Otherwise the link must be
 * the same after the other parts as before, unless one of them surrounds it.
 */
static enum fit take_sample(struct table_reader *r, struct table_dirs *dirs, const char *name,
			    struct fdent *e, struct sample *s)
{
	struct fdinfo first;
	enum fit fit;
	size_t len;

	take_info(r, dirs, name, s);
	if (s->has_info && (len = known_row(r->known, &s->info, e, r->link))) {
		s->link_len = (ssize_t)len;
		return FIT_ONE;
	}
	s->link_len = proc_readlink(dirs->fd, name, r->link, sizeof(r->link));
	if (s->link_len == -ENOENT)
		return FIT_CLOSED;
	if (s->link_len == -ENAMETOOLONG)
		return take_nameless(dirs, name, e, s);
	if (s->link_len < 0)
		return s->info_err == -ENOENT ? FIT_CLOSED : FIT_AGREE;
	len = (size_t)s->link_len;
	take_stat(r, dirs, name, e, s);
	fit = compare(r, s, e);
	if (fit == FIT_MIXED || (!dirs->strict && fit == FIT_AGREE && surrounds_link(r, s, e)))
		return fit;
	first = s->info;
	take_info(r, dirs, name, s);
	if (!same_file(&first, &s->info) || !link_is_still(r, dirs->fd, name, len))
		return FIT_MIXED;
	return compare(r, s, e);
}

static void keep(struct table_reader *r, struct fdent *e, const struct sample *s)
{
	if (s->link_len >= 0) {
		e->name = arena_copy(&r->arena, r->link, (size_t)s->link_len);
		e->name_len = (uint32_t)s->link_len;
		e->have |= HAVE_LINK;
	} else {
		note_error(e, "readlink", (int)-s->link_len);
	}
	if (s->has_info) {
		e->pos = s->info.pos;
		e->flags = s->info.flags;
		e->mnt_id = s->info.mnt_id;
		e->have |= HAVE_INFO;
		if (s->info.has_ino && !(e->have & HAVE_INO)) {
			e->ino = s->info.ino;
			e->have |= HAVE_INO;
		}
		if (s->info.rest_len)
			e->extra = arena_copy(&r->arena, s->info.rest, s->info.rest_len);
		e->extra_len = (uint32_t)s->info.rest_len;
	} else if (s->info_err) {
		note_error(e, "open fdinfo", -s->info_err);
	}
	if (s->link_len >= 0 && s->stat_err)
		note_error(e, "statx", -s->stat_err);
}

/* Everything but what moves by itself: position, size and the kind's own state. */
static bool same_row(const struct fdent *a, const struct fdent *b, const struct sample *sa,
		     const struct sample *sb)
{
	return a->ino == b->ino && a->dev == b->dev && a->mode == b->mode &&
	       sa->link_len == sb->link_len && same_file(&sa->info, &sb->info);
}

/* One slot on its way to a row. */
struct slot {
	struct fdent before; /* the last sample that fitted */
	struct sample last;
	int agreed, closed, foreign; /* in a row */
};

/* Take one more sample into *e. Returns 1: it is a row; 0: go on; -ENOENT: closed. */
static int look(struct table_reader *r, struct table_dirs *dirs, const char *name, struct fdent *e,
		struct slot *slot)
{
	struct sample s = { 0 };
	enum fit fit = take_sample(r, dirs, name, e, &s);
	bool again = slot->before.have && same_row(e, &slot->before, &s, &slot->last);

	slot->closed = fit == FIT_CLOSED ? slot->closed + 1 : 0;
	slot->foreign = fit == FIT_FOREIGN ? again ? slot->foreign + 1 : 1 : 0;
	slot->agreed = fit < FIT_AGREE ? 0 : again ? slot->agreed + 1 : 1;
	slot->before = *e;
	slot->before.have |= HAVE_LINK;
	slot->last = s;
	if (slot->closed == CLOSED)
		return -ENOENT;
	if (slot->foreign == ALWAYS) {
		/* Some filesystems show another number than their inodes have. */
		r->foreign_mnt = s.info.mnt_id;
		return 1;
	}
	if (fit < FIT_AGREE) {
		if (fit != FIT_FOREIGN)
			slot->before.have = 0;
		dirs->unstable = dirs->strict = true;
		return 0;
	}
	return fit == FIT_ONE || slot->agreed >= (dirs->strict ? AGREEING : 1);
}

bool table_read_fd(struct table_reader *r, struct table_dirs *dirs, struct fdent *e, int fd)
{
	const struct fdent blank = { .proc = e->proc, .fd = fd, .assoc = ASSOC_FD };
	struct table_dirs here = *dirs;
	struct slot slot = { 0 };
	char name[BUF_DIGITS + 1];
	int got = 0;

	name[buf_decimal(name, (unsigned)fd)] = '\0';
	for (int i = 0; i < TRIES && got == 0; i++) {
		*e = blank;
		got = look(r, &here, name, e, &slot);
		if (i == 0 && slot.closed && fd < dirs->guessed)
			return false;
	}
	dirs->unstable |= here.unstable;
	if (got < 0)
		return false;
	if (got == 0) {
		*e = blank;
		note_error(e, "readlink", ESTALE);
		return true;
	}
	keep(r, e, &slot.last);
	return true;
}

bool table_read_assoc(struct table_reader *r, int dir, struct fdent *e, enum assoc assoc)
{
	const char *name = assoc_name(assoc);
	struct fdent blank = { .proc = e->proc, .fd = -1, .assoc = (uint8_t)assoc };
	ssize_t n;
	int err;

	for (int i = 0; i < TRIES; i++) {
		*e = blank;
		n = proc_readlink(dir, name, r->link, sizeof(r->link));
		if (n == -ENOENT || n == -ESRCH)
			return false; /* a kernel thread, or it is ending */
		if (n < 0) {
			note_error(e, "readlink", (int)-n);
			if (n == -ENAMETOOLONG)
				read_stat(dir, name, e, NULL);
			return true;
		}
		err = read_stat(dir, name, e, NULL);
		if (link_is_still(r, dir, name, (size_t)n))
			break;
	}
	e->name = arena_copy(&r->arena, r->link, (size_t)n);
	e->name_len = (uint32_t)n;
	e->have |= HAVE_LINK;
	if (err)
		note_error(e, "statx", -err);
	return true;
}
