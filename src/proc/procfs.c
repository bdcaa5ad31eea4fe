/* SPDX-License-Identifier: MIT */
#include "src/proc/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"

int procfs_open(const char *path, struct fail *f)
{
	autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return fail_set(f, errno, "open", "%s", path);
	if (fstatfs(fd, &fs) == 0 && fs.f_type != PROC_SUPER_MAGIC) {
		fail_set(f, ENODEV, "", "%s", path);
		fail_why(f, "no proc filesystem is mounted there");
		fail_advice(f, "mount -t proc proc %s", path);
		return -ENODEV;
	}
	return fd_steal(&fd);
}

int proc_open_process(int procfs, pid_t pid, pid_t tid)
{
	char name[48];
	int fd;

	if (tid)
		snprintf(name, sizeof(name), "%d/task/%d", pid, tid);
	else
		snprintf(name, sizeof(name), "%d", pid);
	fd = openat(procfs, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int proc_read(int dir, const char *name, struct buf *out)
{
	autoclose int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n;

		buf_reserve(out, 4096);
		n = read(fd, out->data + out->len, out->cap - out->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		out->len += (size_t)n;
		out->data[out->len] = '\0';
		if (n == 0)
			return 0;
	}
}

ssize_t proc_read_into(int dir, const char *name, char *p, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;
	int err;

	if (fd < 0)
		return -errno;
	n = read(fd, p, size);
	err = errno;
	close(fd);
	return n < 0 ? -err : n;
}

ssize_t proc_readlink(int dir, const char *name, char *p, size_t size)
{
	ssize_t n = readlinkat(dir, name, p, size);

	if (n < 0)
		return -errno;
	if ((size_t)n == size)
		return -ENAMETOOLONG;
	p[n] = '\0';
	return n;
}

struct dirent64_head {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

static int number_of(const char *name)
{
	int v = 0;

	if (!*name)
		return -1;
	for (; *name; name++) {
		if (*name < '0' || *name > '9' || v > (INT32_MAX - 9) / 10)
			return -1;
		v = v * 10 + (*name - '0');
	}
	return v;
}

void proc_numbers_add(struct proc_number_list *list, int v)
{
	if (list->n == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 64;
		list->at = xreallocarray(list->at, list->cap, sizeof(*list->at));
	}
	list->at[list->n++] = v;
}

int proc_numbers_from(int dir, int first, struct proc_number_list *list)
{
	char block[8192] __attribute__((aligned(8)));

	/* "." and ".." are before all numbers. */
	if (lseek(dir, first ? first + 2 : 0, SEEK_SET) < 0)
		return -errno;
	for (;;) {
		long n = syscall(SYS_getdents64, dir, block, sizeof(block));

		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		for (long at = 0; at < n;) {
			struct dirent64_head *d = (void *)(block + at);
			int v = number_of(d->name);

			if (v >= 0)
				proc_numbers_add(list, v);
			at += d->reclen;
		}
	}
}

int proc_numbers_into(int dir, const char *name, struct proc_number_list *list)
{
	autoclose int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	list->n = 0;
	return fd < 0 ? -errno : proc_numbers_from(fd, 0, list);
}

int proc_numbers(int dir, const char *name, int **list, size_t *n)
{
	struct proc_number_list l = { 0 };
	int r = proc_numbers_into(dir, name, &l);

	*list = NULL;
	*n = 0;
	if (r < 0) {
		free(l.at);
		return r;
	}
	*list = l.at;
	*n = l.n;
	return 0;
}

int proc_stat_parse(struct proc_stat *st, const char *text, size_t len)
{
	const char *open = memchr(text, '(', len);
	const char *close = memrchr(text, ')', len);
	char rest[512];
	size_t rest_len;

	memset(st, 0, sizeof(*st));
	/* comm may hold anything, parentheses too: it ends at the last one. */
	if (!open || !close || close < open)
		return -EINVAL;
	for (const char *s = text; s < open && *s >= '0' && *s <= '9' && st->pid < PID_LAST; s++)
		st->pid = st->pid * 10 + (*s - '0');
	st->comm_len = (size_t)(close - open - 1);
	if (st->comm_len >= sizeof(st->comm))
		st->comm_len = sizeof(st->comm) - 1;
	memcpy(st->comm, open + 1, st->comm_len);

	rest_len = len - (size_t)(close + 1 - text);
	if (rest_len >= sizeof(rest))
		rest_len = sizeof(rest) - 1;
	memcpy(rest, close + 1, rest_len);
	rest[rest_len] = '\0';
	if (sscanf(rest,
		   " %c %d %d %d %d %d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %d %*d %" SCNu64,
		   &st->state, &st->ppid, &st->pgrp, &st->session, &st->tty_nr, &st->tpgid,
		   &st->flags, &st->threads, &st->start) != 9)
		return -EINVAL;
	return 0;
}

int proc_stat_read(int dir, struct proc_stat *st)
{
	char text[1024];
	ssize_t n = proc_read_into(dir, "stat", text, sizeof(text));

	return n < 0 ? (int)n : proc_stat_parse(st, text, (size_t)n);
}

static void ids_parse(const char *value, unsigned ids[4])
{
	sscanf(value, "%u %u %u %u", &ids[0], &ids[1], &ids[2], &ids[3]);
}

static void status_line(struct proc_status *st, const char *key, const char *value)
{
	if (strcmp(key, "Uid") == 0)
		ids_parse(value, st->uid);
	else if (strcmp(key, "Gid") == 0)
		ids_parse(value, st->gid);
	else if (strcmp(key, "Tgid") == 0)
		st->tgid = (pid_t)strtol(value, NULL, 10);
	else if (strcmp(key, "TracerPid") == 0)
		st->tracer = (pid_t)strtol(value, NULL, 10);
	else if (strcmp(key, "Threads") == 0)
		st->threads = (int)strtol(value, NULL, 10);
	else if (strcmp(key, "Seccomp") == 0)
		st->seccomp = (int)strtol(value, NULL, 10);
	else if (strcmp(key, "Kthread") == 0)
		st->kthread = strtol(value, NULL, 10) != 0;
	else if (strcmp(key, "CapPrm") == 0)
		st->cap_permitted = strtoull(value, NULL, 16);
	else if (strcmp(key, "CapEff") == 0)
		st->cap_effective = strtoull(value, NULL, 16);
	else if (strcmp(key, "voluntary_ctxt_switches") == 0 ||
		 strcmp(key, "nonvoluntary_ctxt_switches") == 0)
		st->switches += strtoull(value, NULL, 10);
}

int proc_status_parse(struct proc_status *st, const char *text, size_t len)
{
	const char *end = text + len;

	memset(st, 0, sizeof(*st));
	st->seccomp = -1;
	st->tgid = -1;
	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		const char *colon;
		char key[32], value[128];

		if (!eol)
			eol = end;
		colon = memchr(text, ':', (size_t)(eol - text));
		if (colon && colon - text < (long)sizeof(key)) {
			snprintf(key, sizeof(key), "%.*s", (int)(colon - text), text);
			snprintf(value, sizeof(value), "%.*s", (int)(eol - colon - 1), colon + 1);
			status_line(st, key, value);
		}
		text = eol + 1;
	}
	return st->tgid < 0 ? -EINVAL : 0;
}

int proc_status_read(int dir, struct proc_status *st)
{
	autobuf text = BUF_INIT;
	int r = proc_read(dir, "status", &text);

	return r < 0 ? r : proc_status_parse(st, buf_str(&text), text.len);
}

int64_t proc_fd_count(int dir)
{
	struct stat st;

	if (fstatat(dir, "fd", &st, 0) < 0)
		return -errno;
	return st.st_size ? st.st_size : -ENOTSUP;
}

static uint64_t limit_value(const char *word)
{
	return strcmp(word, "unlimited") == 0 ? UINT64_MAX : strtoull(word, NULL, 10);
}

int proc_limit(int dir, const char *resource, uint64_t *soft, uint64_t *hard)
{
	autobuf text = BUF_INIT;
	char s[32], h[32];
	const char *at;
	int r = proc_read(dir, "limits", &text);

	if (r < 0)
		return r;
	at = strstr(buf_str(&text), resource);
	if (!at || sscanf(at + strlen(resource), " %31s %31s", s, h) != 2)
		return -EINVAL;
	*soft = limit_value(s);
	*hard = limit_value(h);
	return 0;
}
