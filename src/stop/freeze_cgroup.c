/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/fd.h"
#include "src/proc/mountinfo.h"
#include "src/proc/procfs.h"
#include "src/stop/freeze_ways.h"

/* The freezer of version 2, since Linux 5.2; see cgroups(7). */

static int cannot(const struct freeze *z, struct fail *f, int err, const char *call,
		  const char *why)
{
	char who[128];

	fail_set(f, err, call, "the control group of %s",
		 target_describe(z->target, who, sizeof(who)));
	if (why)
		fail_why(f, "%s", why);
	return -err;
}

/* The group as its own namespace's root sees it, from "0::/PATH". */
static int own_path(const struct freeze *z, struct buf *path, struct fail *f)
{
	autobuf text = BUF_INIT;
	int r = proc_read(z->target->dir, "cgroup", &text);
	const char *line = buf_str(&text), *end;

	if (r < 0)
		return cannot(z, f, -r, "read", NULL);
	while (line && strncmp(line, "0::", 3) != 0) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	end = line ? strchr(line, '\n') : NULL;
	if (!end)
		return cannot(z, f, EOPNOTSUPP, "freeze", "it is in none of version 2");
	buf_add(path, line + 3, (size_t)(end - line) - 3);
	if (strcmp(buf_str(path), "/") == 0)
		return cannot(z, f, EOPNOTSUPP, "freeze",
			      "it is in the root, which has no freezer");
	if (strncmp(buf_str(path), "/..", 3) == 0)
		return cannot(z, f, EOPNOTSUPP, "freeze", "it is outside of what we can see");
	return 0;
}

/* Where that path is mounted: a mount may show a part of the hierarchy only. */
static bool mounted_at(const struct mount *m, const char *path, struct buf *full)
{
	size_t root = strlen(m->root);

	if (strcmp(m->fstype, "cgroup2") != 0)
		return false;
	if (root == 1)
		root = 0;
	if (strncmp(path, m->root, root) != 0 || path[root] != '/')
		return false;
	buf_reset(full);
	buf_adds(full, m->point);
	buf_adds(full, path + root);
	return true;
}

static int open_group(const struct freeze *z, struct fail *f)
{
	autobuf path = BUF_INIT, full = BUF_INIT;
	autoclose int self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct mounts mounts = { 0 };
	int fd = -1, r = own_path(z, &path, f);

	if (r < 0)
		return r;
	r = self < 0 ? -errno : mounts_add(&mounts, self, 0);
	for (size_t i = 0; r == 0 && fd < 0 && i < mounts.n; i++)
		if (mounted_at(&mounts.at[i], buf_str(&path), &full))
			fd = open(buf_str(&full), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mounts_release(&mounts);
	return fd < 0 ? cannot(z, f, ENOENT, "open", "it is mounted nowhere that we can reach")
		      : fd;
}

/* The value behind "KEY " in a flat file of the group; -errno. */
static int value_of(int dir, const char *file, const char *key)
{
	autobuf text = BUF_INIT;
	int r = proc_read(dir, file, &text);
	const char *at = buf_str(&text);

	if (r < 0)
		return r;
	while (at && strncmp(at, key, strlen(key)) != 0) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	return at ? atoi(at + strlen(key)) : -ENODATA;
}

/* A group below ours with somebody in it would be frozen too. */
static bool has_populated_child(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);
	bool found = !list;
	struct dirent *d;

	if (!list) {
		fd_close(&copy);
		return true;
	}
	while (!found && (d = readdir(list))) {
		autoclose int child = -1;

		if (d->d_type != DT_DIR || d->d_name[0] == '.')
			continue;
		child = openat(dir, d->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (child >= 0)
			found = value_of(child, "cgroup.events", "populated ") != 0;
	}
	closedir(list);
	return found;
}

static int check_alone(const struct freeze *z, int dir, struct fail *f)
{
	autobuf text = BUF_INIT;
	int r = proc_read(dir, "cgroup.procs", &text);
	char *end;
	long pid;

	if (r == -EOPNOTSUPP)
		return cannot(z, f, EOPNOTSUPP, "read", "it holds single threads of processes");
	if (r < 0)
		return cannot(z, f, -r, "read", NULL);
	pid = strtol(buf_str(&text), &end, 10);
	if (pid != z->target->pid)
		return cannot(z, f, EBUSY, "freeze", pid ? "others are in it" : "it has left it");
	while (*end == '\n')
		end++;
	if (*end || has_populated_child(dir))
		return cannot(z, f, EBUSY, "freeze", "others are in it");
	return 0;
}

static int wait_frozen(const struct freeze *z, int dir, struct fail *f)
{
	uint64_t from = freeze_now_ns();
	unsigned us = 0;

	for (;;) {
		int frozen = value_of(dir, "cgroup.events", "frozen ");

		if (frozen == 1)
			return 0;
		if (frozen < 0)
			return cannot(z, f, -frozen, "read", NULL);
		if (freeze_now_ns() - from > FREEZE_TIMEOUT_MS * UINT64_C(1000000))
			return cannot(z, f, ETIMEDOUT, "freeze",
				      "not all of its threads came to a stop in time");
		freeze_nap(&us);
	}
}

static void thaw(void *arg)
{
	struct freeze *z = arg;

	(void)!pwrite(z->file, "0", 1, 0);
}

static int freeze_group(struct freeze *z, int dir, struct fail *f)
{
	int r = guardian_start(&z->guardian, thaw, z, &z->file, 1, f);

	if (r < 0)
		return r;
	z->began_ns = freeze_now_ns();
	if (pwrite(z->file, "1", 1, 0) != 1)
		r = cannot(z, f, errno, "write", NULL);
	if (r == 0)
		r = wait_frozen(z, dir, f);
	/* Somebody may have been moved into it, or the target out of it. */
	if (r == 0)
		r = check_alone(z, dir, f);
	if (r < 0)
		thaw(z);
	if (r < 0)
		guardian_disarm(&z->guardian);
	return r;
}

int freeze_cgroup_begin(struct freeze *z, struct fail *f)
{
	autoclose int dir = open_group(z, f);
	struct proc_number_list tids = { 0 };
	int r, frozen;

	if (dir < 0)
		return dir;
	r = check_alone(z, dir, f);
	if (r < 0)
		return r;
	frozen = value_of(dir, "cgroup.freeze", "");
	if (frozen < 0)
		return cannot(z, f, -frozen, "read", "cgroup.freeze came with Linux 5.2");
	z->was_stopped = frozen == 1;
	z->undo = !frozen;
	if (frozen) {
		r = wait_frozen(z, dir, f);
	} else {
		z->file = openat(dir, "cgroup.freeze", O_WRONLY | O_CLOEXEC);
		r = z->file < 0 ? cannot(z, f, errno, "open", NULL) : freeze_group(z, dir, f);
	}
	if (r < 0) {
		fd_close(&z->file);
		return r;
	}
	if (proc_numbers_into(z->target->dir, "task", &tids) == 0)
		z->threads = (unsigned)tids.n;
	free(tids.at);
	return 0;
}

void freeze_cgroup_end(struct freeze *z)
{
	if (z->undo)
		thaw(z);
	guardian_disarm(&z->guardian);
	fd_close(&z->file);
}
