/* SPDX-License-Identifier: MIT */
/*
 * Mapped files, from /proc/PID/maps: one row a file, however often it is mapped.
 * maps and map_files wait for the lock of the memory map, which one thread that
 * is stuck in a dead filesystem may hold for ever (a write to a mapped page, and
 * munmap(2) behind it): so a patient thread reads, into what is its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "src/base/fd.h"
#include "src/base/patient.h"
#include "src/proc/hung.h"
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

/* A file, by its first mapping. */
struct mapped_file {
	struct map_line line; /* path points into the text */
	bool has_stat;
	uint16_t mode;
	uint32_t nlink;
	uint64_t dev, rdev, size, blocks;
};

/* What the patient thread reads, and all that it may touch. */
struct mapped {
	int dir; /* /proc/PID, its own */
	int err;
	struct buf text; /* maps */
	struct mapped_file *at;
	size_t n, cap;
	/* Rows of at plus one, by device and inode: a target may map 65530 files. */
	uint32_t *slot;
	size_t n_slots; /* a power of two */
};

static size_t file_hash(uint64_t dev, uint64_t ino)
{
	return (size_t)((dev * 31 + ino) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

/* The slot that holds that file, or the free one where it belongs. */
static uint32_t *file_slot(const struct mapped *m, uint64_t dev, uint64_t ino)
{
	size_t i = file_hash(dev, ino);

	for (;; i++) {
		uint32_t *slot = &m->slot[i & (m->n_slots - 1)];
		const struct map_line *line = *slot ? &m->at[*slot - 1].line : NULL;

		if (!line || (line->ino == ino && line->dev == dev))
			return slot;
	}
}

static void grow_slots(struct mapped *m)
{
	m->n_slots = m->n_slots ? m->n_slots * 2 : 64;
	free(m->slot);
	m->slot = xcalloc(m->n_slots, sizeof(*m->slot));
	for (size_t i = 0; i < m->n; i++)
		*file_slot(m, m->at[i].line.dev, m->at[i].line.ino) = (uint32_t)i + 1;
}

static void add_file(struct mapped *m, const struct map_line *line)
{
	uint32_t *slot;

	if (m->n * 2 >= m->n_slots)
		grow_slots(m);
	slot = file_slot(m, line->dev, line->ino);
	if (*slot)
		return;
	if (m->n == m->cap) {
		m->cap = m->cap ? m->cap * 2 : 16;
		m->at = xreallocarray(m->at, m->cap, sizeof(*m->at));
	}
	m->at[m->n++] = (struct mapped_file){ .line = *line };
	*slot = (uint32_t)m->n;
}

/* Size and links through map_files, a magic link: needs CAP_CHECKPOINT_RESTORE. */
static void stat_file(int dir, struct mapped_file *file)
{
	char name[64];
	struct statx sx;

	snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, file->line.start,
		 file->line.end);
	if (statx(dir, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &sx) < 0)
		return;
	/* btrfs and overlayfs show another device in maps than in stat. */
	if (sx.stx_ino != file->line.ino)
		return;
	file->has_stat = true;
	file->dev = makedev(sx.stx_dev_major, sx.stx_dev_minor);
	file->mode = sx.stx_mode;
	file->rdev = makedev(sx.stx_rdev_major, sx.stx_rdev_minor);
	file->nlink = sx.stx_nlink;
	file->size = sx.stx_size;
	file->blocks = sx.stx_blocks;
}

static void mapped_read(void *arg)
{
	struct mapped *m = arg;
	const char *at, *end;

	m->err = proc_read(m->dir, "maps", &m->text);
	if (m->err < 0)
		return;
	at = buf_str(&m->text);
	end = at + m->text.len;
	while (at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		struct map_line line;

		if (!eol)
			eol = end;
		if (map_line_parse(at, eol, &line))
			add_file(m, &line);
		at = eol + 1;
	}
	for (size_t i = 0; i < m->n; i++)
		stat_file(m->dir, &m->at[i]);
}

static void mapped_reset(struct mapped *m)
{
	fd_close(&m->dir);
	buf_reset(&m->text);
	m->n = 0;
	if (m->slot)
		memset(m->slot, 0, m->n_slots * sizeof(*m->slot));
}

static void mapped_free(void *arg)
{
	struct mapped *m = arg;

	if (!m)
		return;
	fd_close(&m->dir);
	buf_release(&m->text);
	free(m->at);
	free(m->slot);
	free(m);
}

void maps_reader_release(struct maps_reader *r)
{
	patient_end(&r->patient);
	mapped_free(r->mapped);
	*r = (struct maps_reader){ 0 };
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

static void add_row(struct table_reader *r, const struct procent *proc, struct rows *rows,
		    const struct mapped_file *file)
{
	struct fdent *e = rows_add(rows, proc);
	int n;

	e->assoc = ASSOC_MEM;
	e->ino = file->line.ino;
	e->dev = file->line.dev;
	e->mode = S_IFREG;
	e->have = HAVE_LINK | HAVE_INO;
	e->name = unescape(&r->arena, file->line.path, file->line.path_len, &e->name_len);
	n = snprintf(r->text, sizeof(r->text), "map: %" PRIx64 "-%" PRIx64 "\n", file->line.start,
		     file->line.end);
	e->extra = arena_copy(&r->arena, r->text, (size_t)n);
	e->extra_len = (uint32_t)n;
	if (!file->has_stat)
		return;
	e->dev = file->dev;
	e->mode = file->mode;
	e->rdev = file->rdev;
	e->nlink = file->nlink;
	e->size = file->size;
	e->blocks = file->blocks;
	e->have |= HAVE_STAT | HAVE_NLINK | HAVE_SIZE;
}

static struct mapped *mapped_of(struct maps_reader *r)
{
	if (!r->mapped) {
		r->mapped = xcalloc(1, sizeof(*r->mapped));
		r->mapped->dir = -1;
	}
	mapped_reset(r->mapped);
	return r->mapped;
}

/* At once: nothing that this process sees can stop answering. */
static int read_now(struct maps_reader *r, int dir)
{
	struct mapped *m = mapped_of(r);

	m->dir = dir;
	mapped_read(m);
	m->dir = -1;
	return m->err;
}

/* By the patient thread, unless it is known that they do not answer. */
static int ask(struct maps_reader *r, int dir, const struct procent *proc, struct hung *hung)
{
	struct mapped *m;
	int err;

	if (hung_has(hung, proc->pid, proc->start, HUNG_MEMORY))
		return -ETIMEDOUT;
	m = mapped_of(r);
	m->dir = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	if (m->dir < 0)
		return -errno;
	err = patient_do(&r->patient, mapped_read, m, mapped_free, hung_patience_ms(hung));
	if (err == -ETIMEDOUT) {
		r->mapped = NULL;
		hung_add(hung, proc->pid, proc->start, HUNG_MEMORY);
	}
	if (err < 0)
		return err;
	fd_close(&m->dir);
	return m->err;
}

int table_read_maps(struct table_reader *r, int dir, const struct procent *proc, bool may_wait,
		    struct rows *rows)
{
	int err = may_wait ? ask(&r->maps, dir, proc, r->hung) : read_now(&r->maps, dir);

	for (size_t i = 0; err == 0 && i < r->maps.mapped->n; i++)
		add_row(r, proc, rows, &r->maps.mapped->at[i]);
	return err;
}
