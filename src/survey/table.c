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
#define AGREEING 3 /* samples of a slot that may be changing hands */
#define CLOSED   3 /* samples in a row that find nothing: it is not about to be used again */

void table_reader_release(struct table_reader *r)
{
	buf_release(&r->info);
}

static void number_text(char *out, unsigned v)
{
	char digits[12];
	int n = 0;

	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	while (n)
		*out++ = digits[--n];
	*out = '\0';
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

/* Never blocks on a magic link: no sync, no automount (see statx(2)). */
static int read_stat(int dir, const char *name, struct fdent *e)
{
	struct statx sx;

	if (statx(dir, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &sx) < 0)
		return -errno;
	set_stat(e, &sx);
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

/*
 * Sockets, pipes and most anonymous inodes leave nothing to ask statx(2): each
 * sort is on one internal filesystem, and what differs is in the link text.
 */
static const struct sort {
	const char *head;
	bool one_inode; /* all share it, and fdinfo must name it */
	mode_t type;
} sorts[] = {
	{ "socket:[", false, S_IFSOCK },
	{ "pipe:[", false, S_IFIFO },
	{ "anon_inode:", true, 0 },
};

static int sort_of(const char *link, size_t len)
{
	for (int i = 0; i < (int)(sizeof(sorts) / sizeof(sorts[0])); i++) {
		size_t n = strlen(sorts[i].head);

		if (len > n && memcmp(link, sorts[i].head, n) == 0)
			return i;
	}
	return -1;
}

static bool stat_is_known(const struct table_reader *r, struct fdent *e, int sort, uint64_t ino)
{
	const struct table_known *k = &r->known[sort];

	if (!k->mode || (sorts[sort].one_inode && k->ino != ino))
		return false;
	e->mode = k->mode;
	e->dev = k->dev;
	e->ino = ino;
	e->have |= HAVE_STAT | HAVE_INO;
	return true;
}

/*
 * Link, fdinfo and statx(2) may speak of three files, if the slot changes hands: what
 * is remembered of a sort must be of that sort.
 */
static int stat_sample(struct table_reader *r, struct table_dirs *dirs, const char *name,
		       struct fdent *e, int sort, uint64_t ino)
{
	int err = read_stat(dirs->fd, name, e);

	if (err == 0 && sort >= 0 && e->ino == ino && (e->mode & S_IFMT) == sorts[sort].type)
		r->known[sort] = (struct table_known){ e->dev, e->ino, e->mode };
	return err;
}

struct sample {
	struct fdinfo info;
	bool has_info;
	ssize_t link_len; /* or -errno */
	int info_err, stat_err;
};

static void take_info(struct table_reader *r, struct table_dirs *dirs, const char *name,
		      struct sample *s)
{
	s->info_err = dirs->fdinfo < 0 ? dirs->fdinfo : read_info(r, dirs->fdinfo, name);
	s->has_info = s->info_err == 0 && fdinfo_parse(&s->info, r->info.data, r->info.len) == 0;
}

/* The link must be the same after as before, unless it names its inode itself. */
static bool link_is_still(struct table_reader *r, int dir, const char *name, size_t len)
{
	ssize_t n = proc_readlink(dir, name, r->again, sizeof(r->again));

	return n == (ssize_t)len && memcmp(r->link, r->again, len) == 0;
}

/*
 * Lines that only one kind has: 1, they prove that link and fdinfo are of one kind;
 * -1, that they are not; 0, there are none.
 */
static int info_proof(const char *link, size_t len, const struct fdinfo *info)
{
	static const struct {
		const char *link, *key;
		bool always; /* an epoll may watch nothing */
	} proofs[] = {
		{ "anon_inode:[eventfd]", "eventfd-count:", true },
		{ "anon_inode:[timerfd]", "clockid:", true },
		{ "anon_inode:[signalfd]", "sigmask:", true },
		{ "anon_inode:[eventpoll]", "tfd:", false },
		{ "anon_inode:inotify", "inotify ", false },
	};

	for (size_t i = 0; i < sizeof(proofs) / sizeof(proofs[0]); i++) {
		size_t n = strlen(proofs[i].key);

		bool is_it = strlen(proofs[i].link) == len &&
			     memcmp(link, proofs[i].link, len) == 0;

		if (info->rest_len > n && memcmp(info->rest, proofs[i].key, n) == 0)
			return is_it ? 1 : -1;
		/* Locks come before the kind's own lines. */
		if (is_it && proofs[i].always &&
		    !memmem(info->rest, info->rest_len, proofs[i].key, n))
			return -1;
	}
	return 0;
}

/* Sockets, pipes and anonymous inodes have filesystems of their own, where no path leads. */
static bool stat_fits(const struct table_reader *r, const struct fdent *e, int sort)
{
	if (!(e->have & HAVE_STAT))
		return true;
	if (sort >= 0) /* nothing promises that an anonymous inode has no type */
		return (e->mode & S_IFMT) == sorts[sort].type ||
		       (sorts[sort].one_inode && S_ISREG(e->mode));
	for (size_t i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++)
		if (r->known[i].mode && r->known[i].dev == e->dev)
			return false;
	return true;
}

/* What statx(2) would say, by asking it only where the answer is not known. */
static void take_stat(struct table_reader *r, struct table_dirs *dirs, const char *name,
		      struct fdent *e, struct sample *s)
{
	int sort = sort_of(r->link, (size_t)s->link_len);
	uint64_t ino = 0;
	bool has_ino = false;

	if (sort >= 0 && !sorts[sort].one_inode) {
		has_ino = link_inode(r->link, (size_t)s->link_len, &ino);
	} else if (sort >= 0 && s->has_info && s->info.has_ino) {
		ino = s->info.ino;
		has_ino = true;
	}
	if (!has_ino || !stat_is_known(r, e, sort, ino))
		s->stat_err = stat_sample(r, dirs, name, e, sort, ino);
}

/*
 * Read all parts once. Returns 1 if they belong together, 0 if the slot
 * changed hands in between, -ENOENT if it is closed.
 */
static int take_sample(struct table_reader *r, struct table_dirs *dirs, const char *name,
		       struct fdent *e, struct sample *s)
{
	uint64_t ino = 0;
	size_t len;
	bool named_inode;
	int proof;

	s->link_len = proc_readlink(dirs->fd, name, r->link, sizeof(r->link));
	if (s->link_len == -ENOENT)
		return -ENOENT;
	take_info(r, dirs, name, s);
	if (s->link_len < 0)
		return s->info_err == -ENOENT ? -ENOENT : 1;
	len = (size_t)s->link_len;
	take_stat(r, dirs, name, e, s);
	if (s->info_err == -ENOENT || s->stat_err == -ENOENT)
		return 0;
	named_inode = link_inode(r->link, len, &ino);
	if (named_inode && s->stat_err == 0 && e->ino != ino)
		return 0;
	if (s->has_info && s->info.has_ino && s->stat_err == 0 && s->info.ino != e->ino)
		return 0;
	if (!stat_fits(r, e, sort_of(r->link, len)))
		return 0;
	proof = s->has_info ? info_proof(r->link, len, &s->info) : 0;
	if (proof < 0)
		return 0;
	if (named_inode || proof > 0)
		return 1;
	return link_is_still(r, dirs->fd, name, len);
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
	       sa->link_len == sb->link_len && sa->info.mnt_id == sb->info.mnt_id &&
	       ((sa->info.flags ^ sb->info.flags) & O_ACCMODE) == 0;
}

bool table_read_fd(struct table_reader *r, struct table_dirs *dirs, struct fdent *e, int fd)
{
	const struct fdent blank = { .proc = e->proc, .fd = fd, .assoc = ASSOC_FD };
	struct fdent before = blank;
	struct sample s, last = { 0 };
	bool strict = dirs->strict;
	int agreed = 0, closed = 0;
	char name[12];

	number_text(name, (unsigned)fd);
	for (int i = 0; i < TRIES && agreed < (strict ? AGREEING : 1); i++) {
		int got;

		*e = blank;
		memset(&s, 0, sizeof(s));
		got = take_sample(r, dirs, name, e, &s);
		closed = got == -ENOENT ? closed + 1 : 0;
		if (closed == CLOSED)
			return false;
		if (got <= 0) {
			dirs->unstable = strict = true;
			before = blank;
			agreed = 0;
			continue;
		}
		agreed = before.have && same_row(e, &before, &s, &last) ? agreed + 1 : 1;
		before = *e;
		before.have |= HAVE_LINK;
		last = s;
	}
	if (agreed < (strict ? AGREEING : 1)) {
		*e = blank;
		note_error(e, "readlink", ESTALE);
		return true;
	}
	keep(r, e, &s);
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
			return true;
		}
		err = read_stat(dir, name, e);
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
