/* SPDX-License-Identifier: MIT */
#include "src/survey/marks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "src/base/alloc.h"
#include "src/share/peers.h"

/* Opened twice says something of a file or a disk, not of /dev/null. */
static bool has_contents(const struct fdent *e)
{
	return fdent_is_fd(e) && (e->have & HAVE_STAT) && (S_ISREG(e->mode) || S_ISBLK(e->mode));
}

static int by_inode(const void *a, const void *b)
{
	const struct mark_inode *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return (x->ino > y->ino) - (x->ino < y->ino);
}

static struct mark_inode *find_inode(const struct marks *m, const struct fdent *e)
{
	struct mark_inode key = { .dev = e->dev, .ino = e->ino };

	if (!m->n_inodes || !has_contents(e))
		return NULL;
	return bsearch(&key, m->inode, m->n_inodes, sizeof(key), by_inode);
}

/* Sorted entries of one row each become one of each inode, if that has several. */
static size_t fold(struct mark_inode *at, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0, same; i < n; i += same) {
		for (same = 1; i + same < n && by_inode(&at[i], &at[i + same]) == 0;)
			same++;
		if (same == 1)
			continue;
		at[kept] = at[i];
		at[kept++].count = (uint32_t)same;
	}
	return kept;
}

static void collect_inodes(struct marks *m, const struct survey *s)
{
	struct survey_iter it = { 0 };
	const struct fdent *e;
	size_t cap = 0, n = 0;

	while ((e = survey_next(s, &it))) {
		m->n_ofds = e->ofd >= m->n_ofds ? e->ofd + 1 : m->n_ofds;
		if (!has_contents(e))
			continue;
		if (n == cap) {
			cap = cap ? cap * 2 : 64;
			m->inode = xreallocarray(m->inode, cap, sizeof(*m->inode));
		}
		m->inode[n++] = (struct mark_inode){ .dev = e->dev, .ino = e->ino };
	}
	if (n)
		qsort(m->inode, n, sizeof(*m->inode), by_inode);
	m->n_inodes = fold(m->inode, n);
}

void marks_make(struct marks *m, const struct survey *s)
{
	struct survey_iter it = { 0 };
	const struct fdent *e;
	uint32_t last = 0;

	memset(m, 0, sizeof(*m));
	collect_inodes(m, s);
	m->has_ofds = m->n_ofds > 1;
	m->of_ofd = xcalloc(m->n_ofds + 1, sizeof(*m->of_ofd));
	while ((e = survey_next(s, &it))) {
		struct mark_inode *inode = find_inode(m, e);

		if (e->shares > 1) {
			if (!m->of_ofd[e->ofd])
				m->of_ofd[e->ofd] = ++last;
		} else if (inode && !inode->letter) {
			inode->letter = ++last;
		}
	}
}

void marks_release(struct marks *m)
{
	free(m->of_ofd);
	free(m->inode);
	memset(m, 0, sizeof(*m));
}

struct mark mark_of(const struct marks *m, const struct survey *s, const struct fdent *e)
{
	const struct mark_inode *inode = find_inode(m, e);
	size_t peers;

	if (e->shares > 1 && e->ofd < m->n_ofds)
		return (struct mark){ '=', m->of_ofd[e->ofd], e->shares };
	if (inode)
		return (struct mark){ '~', inode->letter, inode->count };
	peers = peers_count(s->peers, e);
	if (peers)
		return (struct mark){ '<', 0, (uint32_t)peers };
	return (struct mark){ m->has_ofds && fdent_is_fd(e) && !e->ofd ? '?' : '-', 0, 0 };
}

void mark_letters(struct buf *out, uint32_t n)
{
	char text[8];
	size_t at = sizeof(text);

	for (; n; n = (n - 1) / 26)
		text[--at] = (char)('A' + (n - 1) % 26);
	buf_add(out, text + at, sizeof(text) - at);
}

void mark_text(struct buf *out, const struct mark *mark)
{
	buf_addc(out, mark->glyph);
	if (mark->glyph == '<')
		buf_addc(out, '>');
	if (!mark->letter)
		return;
	mark_letters(out, mark->letter);
	buf_addf(out, " %u", mark->count);
}
