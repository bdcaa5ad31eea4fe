/* SPDX-License-Identifier: MIT */
#include "src/survey/known.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "src/base/buf.h"
#include "src/base/fd.h"
#include "src/proc/procfs.h"

static int make_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int make_pipe(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	close(ends[1]);
	return ends[0];
}

static int make_eventfd(void)
{
	return eventfd(0, EFD_CLOEXEC);
}

static int make_timerfd(void)
{
	return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
}

static int make_signalfd(void)
{
	sigset_t none;

	sigemptyset(&none);
	return signalfd(-1, &none, SFD_CLOEXEC);
}

static int make_epoll(void)
{
	return epoll_create1(EPOLL_CLOEXEC);
}

static int make_memfd(void)
{
	return memfd_create("filch", MFD_CLOEXEC);
}

static int (*const makers[KNOWN_SORTS])(void) = {
	[KNOWN_SOCKET] = make_socket,
	[KNOWN_PIPE] = make_pipe,
	[KNOWN_ANON] = make_eventfd,
	[KNOWN_SHM] = make_memfd,
};

/* What a kind's own part of fdinfo begins with, and nothing else's. */
static const struct {
	const char *key, *link;
	int (*make)(void); /* NULL: it would count against a limit of the user's */
	bool always;       /* an epoll may watch nothing */
} lines[] = {
	{ "eventfd-count:", "anon_inode:[eventfd]", make_eventfd, true },
	{ "clockid:", "anon_inode:[timerfd]", make_timerfd, true },
	{ "sigmask:", "anon_inode:[signalfd]", make_signalfd, true },
	{ "tfd:", "anon_inode:[eventpoll]", make_epoll, false },
	{ "inotify ", "anon_inode:inotify", NULL, false },
};

#define N_LINES (sizeof(lines) / sizeof(lines[0]))

static bool begins(const struct fdinfo *fi, const char *key)
{
	size_t n = strlen(key);

	return fi->rest_len > n && memcmp(fi->rest, key, n) == 0;
}

int known_proof(const char *link, size_t len, const struct fdinfo *fi)
{
	for (size_t i = 0; i < N_LINES; i++) {
		const char *key = lines[i].key;
		bool is_it = strlen(lines[i].link) == len && memcmp(link, lines[i].link, len) == 0;

		if (begins(fi, key))
			return is_it ? 1 : -1;
		/* Locks come before the kind's own lines. */
		if (is_it && lines[i].always && !memmem(fi->rest, fi->rest_len, key, strlen(key)))
			return -1;
	}
	return 0;
}

/* ---- what our own say ---- */

static bool own_fdinfo(int procfs, int fd, struct fdinfo *fi)
{
	char name[64], text[1024];
	ssize_t n;

	snprintf(name, sizeof(name), "self/fdinfo/%d", fd);
	n = proc_read_into(procfs, name, text, sizeof(text));
	if (n < 0 || fdinfo_parse(fi, text, (size_t)n) < 0)
		return false;
	fi->rest = NULL;
	return fi->has_mnt_id && fi->has_ino;
}

static void learn_fs(struct known_fs *fs, int procfs, int (*make)(void))
{
	autoclose int fd = make();
	struct fdinfo fi;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !own_fdinfo(procfs, fd, &fi) || fi.ino != st.st_ino)
		return;
	*fs = (struct known_fs){ .dev = st.st_dev,
				 .ino = st.st_ino,
				 .mnt_id = fi.mnt_id,
				 .mode = (uint16_t)st.st_mode,
				 .found = true };
}

static void learn_line(struct known_line *line, int procfs, int (*make)(void))
{
	autoclose int fd = make();
	char name[64];
	ssize_t n = -1;

	snprintf(name, sizeof(name), "self/fd/%d", fd);
	if (fd >= 0)
		n = proc_readlink(procfs, name, line->name, sizeof(line->name));
	line->name_len = n > 0 ? (uint8_t)n : 0;
}

/* Mounts that are told apart by nothing would make one kind of another. */
static bool are_apart(const struct known *k, int procfs)
{
	struct statx sx;

	if (statx(procfs, "", AT_EMPTY_PATH, STATX_MNT_ID, &sx) < 0 ||
	    !(sx.stx_mask & STATX_MNT_ID))
		return false;
	for (int i = 0; i < KNOWN_SORTS; i++) {
		if (!k->fs[i].found)
			continue;
		if (k->fs[i].mnt_id == sx.stx_mnt_id)
			return false;
		for (int j = 0; j < i; j++)
			if (k->fs[j].found && k->fs[j].mnt_id == k->fs[i].mnt_id)
				return false;
	}
	return true;
}

/* By our own table, in which there is one number that we know. */
static bool table_seeks(int procfs)
{
	autoclose int dir = openat(procfs, "self/fdinfo", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct proc_number_list list = { 0 };
	size_t ours = 0;
	bool seeks;

	if (dir < 0)
		return false;
	seeks = proc_numbers_from(dir, dir, &list) == 0 && list.n && list.at[0] == dir;
	ours = list.n;
	seeks = seeks && proc_numbers_from(dir, dir + 1, &list) == 0;
	for (size_t i = ours; seeks && i < list.n; i++)
		seeks = list.at[i] > dir;
	free(list.at);
	return seeks;
}

void known_learn(struct known *k, int procfs)
{
	struct statfs fs;

	memset(k, 0, sizeof(*k));
	if (fstatfs(procfs, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return;
	k->seeks = table_seeks(procfs);
	for (int i = 0; i < KNOWN_SORTS; i++)
		learn_fs(&k->fs[i], procfs, makers[i]);
	if (!are_apart(k, procfs)) {
		memset(k->fs, 0, sizeof(k->fs));
		return;
	}
	for (size_t i = 0; i < KNOWN_LINES; i++)
		if (lines[i].make)
			learn_line(&k->line[i], procfs, lines[i].make);
}

/* ---- what that says of others ---- */

int known_sort(const struct known *k, const struct fdinfo *fi)
{
	for (int i = 0; fi->has_mnt_id && i < KNOWN_SORTS; i++)
		if (k->fs[i].found && k->fs[i].mnt_id == fi->mnt_id)
			return i;
	return -1;
}

bool known_is_dev(const struct known *k, uint64_t dev)
{
	for (int i = 0; i < KNOWN_SHM; i++)
		if (k->fs[i].found && k->fs[i].dev == dev)
			return true;
	return false;
}

bool known_stat(const struct known *k, enum known_sort sort, uint64_t ino, struct fdent *e)
{
	const struct known_fs *fs = &k->fs[sort];

	if (!fs->found || sort == KNOWN_SHM || (sort == KNOWN_ANON && fs->ino != ino))
		return false;
	e->mode = fs->mode;
	e->dev = fs->dev;
	e->ino = ino;
	e->have |= HAVE_STAT | HAVE_INO;
	return true;
}

/* "socket:[1234]" */
static size_t numbered(char *out, const char *head, uint64_t ino)
{
	size_t len = strlen(head);

	memcpy(out, head, len);
	len += buf_decimal(out + len, ino);
	out[len++] = ']';
	return len;
}

static size_t anon_name(const struct known *k, const struct fdinfo *fi, char *out)
{
	for (size_t i = 0; i < KNOWN_LINES; i++) {
		const struct known_line *line = &k->line[i];

		if (!line->name_len || !begins(fi, lines[i].key))
			continue;
		memcpy(out, line->name, line->name_len);
		return line->name_len;
	}
	return 0;
}

size_t known_row(const struct known *k, const struct fdinfo *fi, struct fdent *e, char *name)
{
	int sort = known_sort(k, fi);
	size_t len = 0;

	if (sort < 0 || !fi->has_ino)
		return 0;
	if (sort == KNOWN_SOCKET)
		len = numbered(name, "socket:[", fi->ino);
	else if (sort == KNOWN_PIPE)
		len = numbered(name, "pipe:[", fi->ino);
	else if (sort == KNOWN_ANON)
		len = anon_name(k, fi, name);
	return len && known_stat(k, (enum known_sort)sort, fi->ino, e) ? len : 0;
}
