/* SPDX-License-Identifier: MIT */
#include "src/keep/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/base/text.h"
#include "src/proc/procfs.h"

#define JOURNAL_NEW PLACE_JOURNAL ".new"

/*
 * One line each: "begin SECONDS NEXT", "+ ID TARGET:FD KIND NAME", "- ID". Lines
 * only come at the end, each by one write, so that a kill leaves whole lines.
 */
static void append(struct journal *j, const struct buf *line)
{
	if (j->fd < 0 || j->broken)
		return;
	/* A full disk must not take descriptors from anybody: the journal is only words. */
	j->broken = fd_write_all(j->fd, line->data, line->len) < 0;
	if (j->broken && ftruncate(j->fd, 0) < 0)
		return;
	j->lines++;
}

static void begin_line(struct buf *line, int64_t since, uint32_t next)
{
	buf_addf(line, "begin %" PRId64 " %u\n", since, next);
}

int journal_begin(struct journal *j, const struct place *p, int64_t since, uint32_t next)
{
	autobuf line = BUF_INIT;

	*j = (struct journal){ .fd = -1 };
	j->fd = openat(p->dir, JOURNAL_NEW,
		       O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (j->fd < 0)
		return -errno;
	begin_line(&line, since, next);
	append(j, &line);
	return 0;
}

int journal_commit(const struct journal *j, const struct place *p)
{
	if (j->broken) {
		unlinkat(p->dir, JOURNAL_NEW, 0);
		return -ENOSPC;
	}
	return renameat(p->dir, JOURNAL_NEW, p->dir, PLACE_JOURNAL) < 0 ? -errno : 0;
}

void journal_add(struct journal *j, uint32_t id, const struct wire_packet *p)
{
	const struct wire_item *i = &p->item;
	autobuf line = BUF_INIT;

	buf_addf(&line, "+ %u %d:", id, i->pid);
	if (i->fd >= 0)
		buf_addf(&line, "%d ", i->fd);
	else
		buf_adds(&line, "- ");
	text_display(&line, i->kind, strlen(i->kind), TEXT_ASCII);
	buf_addc(&line, ' ');
	text_display(&line, p->text + i->comm_len, i->name_len, TEXT_ASCII);
	buf_addc(&line, '\n');
	append(j, &line);
}

void journal_drop(struct journal *j, uint32_t id)
{
	autobuf line = BUF_INIT;

	buf_addf(&line, "- %u\n", id);
	append(j, &line);
}

void journal_end(struct journal *j, const struct place *p)
{
	fd_close(&j->fd);
	unlinkat(p->dir, PLACE_JOURNAL, 0);
}

/* ---- reading what is left ---- */

struct entry {
	uint32_t id;
	const char *text; /* to the end of the line */
};

struct entries {
	struct entry *at;
	size_t n;
};

static void entries_drop(struct entries *list, uint32_t id)
{
	for (size_t i = list->n; i > 0; i--) {
		if (list->at[i - 1].id != id)
			continue;
		memmove(&list->at[i - 1], &list->at[i], (list->n - i) * sizeof(*list->at));
		list->n--;
		return;
	}
}

static void read_line(struct journal_loss *loss, struct entries *list, const char *line)
{
	int64_t since;
	uint32_t id;
	int used;

	if (sscanf(line, "begin %" SCNd64 " %u", &since, &id) == 2) {
		loss->since = since;
		loss->next = id;
	} else if (sscanf(line, "+ %u %n", &id, &used) == 1) {
		list->at = xreallocarray(list->at, list->n + 1, sizeof(*list->at));
		list->at[list->n++] = (struct entry){ id, line + used };
		if (id >= loss->next)
			loss->next = id + 1;
	} else if (sscanf(line, "- %u", &id) == 1) {
		entries_drop(list, id);
	}
}

/* In the room that it has, where there is none for another. */
static void rewrite(const struct place *p, const struct buf *line)
{
	autoclose int fd = openat(p->dir, PLACE_JOURNAL, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && fd_write_all(fd, line->data, line->len) == 0 &&
	    ftruncate(fd, (off_t)line->len) == 0)
		return;
	unlinkat(p->dir, PLACE_JOURNAL, 0);
}

static void remember_ids(const struct place *p, uint32_t next)
{
	autobuf line = BUF_INIT;
	struct journal j;
	int64_t now = time(NULL);
	int r = journal_begin(&j, p, now, next);

	fd_close(&j.fd);
	if (r == 0 && journal_commit(&j, p) == 0)
		return;
	begin_line(&line, now, next);
	rewrite(p, &line);
}

/* A shelf that ends by itself leaves neither. */
static void forget_unknown(const struct place *p, struct journal_loss *loss)
{
	struct stat st;

	loss->unknown = fstatat(p->dir, PLACE_SOCKET, &st, AT_SYMLINK_NOFOLLOW) == 0;
	unlinkat(p->dir, PLACE_SOCKET, 0);
	unlinkat(p->dir, PLACE_JOURNAL, 0);
}

void journal_recover(const struct place *p, struct journal_loss *loss)
{
	autobuf text = BUF_INIT;
	struct entries list = { 0 };
	char *save = NULL;

	*loss = (struct journal_loss){ 0 };
	if (proc_read(p->dir, PLACE_JOURNAL, &text) < 0 || !text.len) {
		forget_unknown(p, loss);
		return;
	}
	for (char *line = strtok_r(text.data, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		read_line(loss, &list, line);
	loss->n = list.n;
	for (size_t i = 0; i < list.n; i++) {
		/* Written by us as display text; a damaged file is display text after this. */
		buf_addf(&loss->text, "h%u ", list.at[i].id);
		for (const char *c = list.at[i].text; *c; c++)
			buf_addc(&loss->text, *c >= ' ' && *c < 0x7f ? *c : '?');
		buf_addc(&loss->text, '\n');
	}
	if (list.n)
		remember_ids(p, loss->next);
	free(list.at);
}

void journal_loss_release(struct journal_loss *loss)
{
	buf_release(&loss->text);
}
