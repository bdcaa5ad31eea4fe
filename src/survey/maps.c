/* SPDX-License-Identifier: MIT */
/* Mapped files, from /proc/PID/maps: one row a file, however often it is mapped. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "src/survey/table.h"

struct fdent *rows_add(struct rows *rows, const struct procent *proc)
{
	struct fdent *e;

	if (rows->n == rows->cap) {
		rows->cap = rows->cap ? rows->cap * 2 : 16;
		rows->at = xreallocarray(rows->at, rows->cap, sizeof(*rows->at));
	}
	e = &rows->at[rows->n++];
	*e = (struct fdent){ .proc = proc, .fd = -1 };
	return e;
}

struct map_line {
	uint64_t start, end, ino, dev;
	const char *path;
	size_t path_len;
};

/* A number in that base up to the character `end`; NULL: there is none. */
static const char *field(const char *s, const char *eol, unsigned base, char end, uint64_t *v)
{
	const char *from = s;

	*v = 0;
	for (; s < eol && *s != end; s++) {
		unsigned digit = *s >= '0' && *s <= '9'   ? (unsigned)(*s - '0')
				 : *s >= 'a' && *s <= 'f' ? (unsigned)(*s - 'a') + 10
							  : 16;

		if (digit >= base)
			return NULL;
		*v = *v * base + digit;
	}
	return s < eol && s > from ? s + 1 : NULL;
}

static const char *skip(const char *s, const char *eol)
{
	const char *blank = s ? memchr(s, ' ', (size_t)(eol - s)) : NULL;

	return blank ? blank + 1 : NULL;
}

/*
 * "55d0-55d2 r--p 00000000 fe:00 1234      /usr/bin/x": false for anonymous memory. By
 * hand: sscanf(3) takes as long as all the rest of a listing of small processes.
 */
static bool map_line_parse(const char *line, const char *eol, struct map_line *m)
{
	uint64_t major, minor;
	const char *s = field(line, eol, 16, '-', &m->start);

	s = s ? field(s, eol, 16, ' ', &m->end) : NULL;
	s = skip(skip(s, eol), eol); /* permissions, offset */
	s = s ? field(s, eol, 16, ':', &major) : NULL;
	s = s ? field(s, eol, 16, ' ', &minor) : NULL;
	s = s ? field(s, eol, 10, ' ', &m->ino) : NULL;
	if (!s || m->ino == 0)
		return false;
	while (s < eol && *s == ' ')
		s++;
	m->dev = makedev((unsigned)major, (unsigned)minor);
	m->path = s;
	m->path_len = (size_t)(eol - s);
	return m->path_len > 0 && *s == '/';
}

/*
 * Which files were seen: row numbers plus one, by device and inode. A target
 * may map 65530 files, and each line is looked up among them.
 */
struct seen {
	uint32_t *slot;
	size_t n, cap; /* cap is a power of two */
};

static size_t seen_hash(uint64_t dev, uint64_t ino)
{
	return (size_t)((dev * 31 + ino) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

/* The slot that holds that file, or the free one where it belongs. */
static uint32_t *seen_slot(const struct seen *seen, const struct rows *rows, uint64_t dev,
			   uint64_t ino)
{
	size_t i = seen_hash(dev, ino);

	for (;; i++) {
		uint32_t *slot = &seen->slot[i & (seen->cap - 1)];
		const struct fdent *e = *slot ? &rows->at[*slot - 1] : NULL;

		if (!e || (e->ino == ino && e->dev == dev))
			return slot;
	}
}

static void seen_grow(struct seen *seen, const struct rows *rows)
{
	struct seen larger = { .n = seen->n, .cap = seen->cap ? seen->cap * 2 : 64 };

	larger.slot = xcalloc(larger.cap, sizeof(*larger.slot));
	for (size_t i = 0; i < seen->cap; i++) {
		const struct fdent *e;

		if (!seen->slot[i])
			continue;
		e = &rows->at[seen->slot[i] - 1];
		*seen_slot(&larger, rows, e->dev, e->ino) = seen->slot[i];
	}
	free(seen->slot);
	*seen = larger;
}

/* True if it is new; its row must be added next. */
static bool seen_first(struct seen *seen, const struct rows *rows, const struct map_line *m)
{
	uint32_t *slot;

	if (seen->n * 2 >= seen->cap)
		seen_grow(seen, rows);
	slot = seen_slot(seen, rows, m->dev, m->ino);
	if (*slot)
		return false;
	*slot = (uint32_t)rows->n + 1;
	seen->n++;
	return true;
}

/* maps(5) escapes only the newline. */
static const char *unescape(struct arena *arena, const char *s, size_t len, uint32_t *out_len)
{
	char *copy = arena_copy(arena, s, len), *to = copy;

	for (const char *from = copy; *from; from++) {
		if (strncmp(from, "\\012", 4) == 0) {
			*to++ = '\n';
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	*out_len = (uint32_t)(to - copy);
	return copy;
}

/* Size and links through map_files, a magic link: needs CAP_CHECKPOINT_RESTORE. */
static void stat_mapped(int dir, struct fdent *e, const struct map_line *m)
{
	char name[64];
	struct statx sx;

	snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, m->start, m->end);
	if (statx(dir, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &sx) < 0)
		return;
	/* btrfs and overlayfs show another device in maps than in stat. */
	if (sx.stx_ino != m->ino)
		return;
	e->dev = makedev(sx.stx_dev_major, sx.stx_dev_minor);
	e->mode = sx.stx_mode;
	e->rdev = makedev(sx.stx_rdev_major, sx.stx_rdev_minor);
	e->nlink = sx.stx_nlink;
	e->size = sx.stx_size;
	e->blocks = sx.stx_blocks;
	e->have |= HAVE_STAT | HAVE_NLINK | HAVE_SIZE;
}

static void add_mapped(struct table_reader *r, const struct procent *proc, struct rows *rows,
		       const struct map_line *m)
{
	struct fdent *e = rows_add(rows, proc);
	int n;

	e->assoc = ASSOC_MEM;
	e->ino = m->ino;
	e->dev = m->dev;
	e->mode = S_IFREG;
	e->have = HAVE_LINK | HAVE_INO;
	e->name = unescape(&r->arena, m->path, m->path_len, &e->name_len);
	n = snprintf(r->text, sizeof(r->text), "map: %" PRIx64 "-%" PRIx64 "\n", m->start, m->end);
	e->extra = arena_copy(&r->arena, r->text, (size_t)n);
	e->extra_len = (uint32_t)n;
}

int table_read_maps(struct table_reader *r, int dir, const struct procent *proc, struct rows *rows)
{
	size_t first = rows->n;
	struct seen seen = { 0 };
	const char *at, *end;
	int err;

	buf_reset(&r->info);
	err = proc_read(dir, "maps", &r->info);
	if (err < 0)
		return err;
	at = buf_str(&r->info);
	end = at + r->info.len;
	while (at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		struct map_line m;

		if (!eol)
			eol = end;
		if (map_line_parse(at, eol, &m) && seen_first(&seen, rows, &m))
			add_mapped(r, proc, rows, &m);
		at = eol + 1;
	}
	free(seen.slot);
	for (size_t i = first; i < rows->n; i++) {
		struct map_line m = { .ino = rows->at[i].ino };

		sscanf(rows->at[i].extra, "map: %" SCNx64 "-%" SCNx64, &m.start, &m.end);
		stat_mapped(dir, &rows->at[i], &m);
	}
	return 0;
}
