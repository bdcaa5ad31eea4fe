/* SPDX-License-Identifier: MIT */
#include "src/take/grab.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "src/base/fd.h"
#include "src/base/sys.h"
#include "src/kind/origin.h"
#include "src/proc/fdinfo.h"
#include "src/take/refusal.h"

#define TRIES 8

/* What identifies an open file and never changes while it is open. */
struct identity {
	uint64_t dev, ino;
	mode_t type;
	char link[4096];
	ssize_t link_len;
	uint64_t id; /* eventfd-id and the like */
	bool has_id;
};

static bool find_id(const char *text, size_t len, uint64_t *id)
{
	return fdinfo_u64(text, len, "eventfd-id", 10, id) ||
	       fdinfo_u64(text, len, "prog_id", 10, id) || fdinfo_u64(text, len, "map_id", 10, id);
}

static int identify(int fd, struct identity *id)
{
	char name[32], text[4096];
	struct fdinfo info;
	struct statx sx;
	ssize_t n;
	int r;

	memset(id, 0, sizeof(*id));
	/* Never asks the filesystem's server: see statx(2) AT_STATX_DONT_SYNC. */
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_BASIC_STATS,
		  &sx) < 0)
		return -errno;
	id->dev = makedev(sx.stx_dev_major, sx.stx_dev_minor);
	id->ino = sx.stx_ino;
	id->type = sx.stx_mode & S_IFMT;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	id->link_len = readlink(name, id->link, sizeof(id->link));
	/* It has no id, and its fdinfo waits for whoever has it locked. */
	if (id->link_len > 0 && strncmp(id->link, "anon_inode:[eventpoll]", sizeof(id->link)) == 0)
		return 0;
	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
	r = open(name, O_RDONLY | O_CLOEXEC);
	if (r < 0)
		return 0;
	n = read(r, text, sizeof(text) - 1);
	close(r);
	if (n > 0 && fdinfo_parse(&info, text, (size_t)n) == 0)
		id->has_id = find_id(info.rest, info.rest_len, &id->id);
	return 0;
}

/* Is it what was listed? Only what was read then can be compared. */
static bool is_listed(const struct identity *id, const struct fdent *e)
{
	uint64_t listed;

	if ((e->have & HAVE_INO) && id->ino != e->ino)
		return false;
	if ((e->have & HAVE_STAT) && (id->dev != e->dev || id->type != (e->mode & S_IFMT)))
		return false;
	/* All of "anon_inode:" are one inode: the name tells, and an id if it has one. */
	if ((e->have & HAVE_LINK) && fdent_name_has(e, "anon_inode:") &&
	    (id->link_len != (ssize_t)e->name_len || memcmp(id->link, e->name, e->name_len) != 0))
		return false;
	if (id->has_id && e->extra && find_id(e->extra, e->extra_len, &listed))
		return id->id == listed;
	return true;
}

static int stale(const struct target *t, const struct fdent *e, const struct identity *id,
		 struct fail *f)
{
	char who[128];

	target_describe(t, who, sizeof(who));
	if (e->fd >= 0)
		fail_set(f, ESTALE, "pidfd_getfd", "descriptor %d of %s", e->fd, who);
	else
		fail_set(f, ESTALE, "open", "%s of %s", assoc_name(e->assoc), who);
	fail_class(f, FAIL_GONE);
	if (id)
		fail_why(f, "it is another file now: %.*s was listed, and it is %.*s",
			 (int)(e->name_len < 120 ? e->name_len : 120), e->name ? e->name : "",
			 (int)(id->link_len < 0     ? 0
			       : id->link_len < 120 ? id->link_len
						    : 120),
			 id->link);
	else
		fail_why(f, "the target closes and opens this number all the time");
	fail_advice(f, "list it again");
	return -ESTALE;
}

/* 0: our copy is what is in the slot now; -ESTALE: it is not; -EBADF: the slot is empty. */
static int compare_slot(const struct target *t, int ours, int theirs)
{
	pid_t id = t->tid ? t->tid : t->pid;
	int r = sys_kcmp(getpid(), id, SYS_KCMP_FILE, (unsigned long)ours, (unsigned long)theirs);

	if (r == -EBADF)
		return -EBADF;
	if (r < 0) /* no kcmp here: device and inode must do */
		return 0;
	return r == 0 ? 0 : -ESTALE;
}

static int take_slot(struct grab *g, const struct target *t, const struct fdent *e, int procfs,
		     struct fail *f)
{
	struct identity id;
	int r = -ESTALE;

	if (t->table_pidfd < 0)
		return refusal_getfd(t->signals_only ? EBADF : t->table_err, t, e->fd, procfs, f);
	for (int i = 0; i < TRIES; i++) {
		int fd = sys_pidfd_getfd(t->table_pidfd, e->fd, 0);

		if (fd < 0)
			return refusal_getfd(-fd, t, e->fd, procfs, f);
		r = compare_slot(t, fd, e->fd);
		/* Closed meanwhile: what we hold is what was listed, or it is not. */
		if (r == 0 || r == -EBADF)
			r = identify(fd, &id);
		if (r == 0 && is_listed(&id, e)) {
			*g = (struct grab){ .fd = fd };
			return 0;
		}
		close(fd);
		if (r == 0)
			return stale(t, e, &id, f);
	}
	return r == -ESTALE
		       ? stale(t, e, NULL, f)
		       : fail_set(f, -r, "statx", "descriptor %d of process %d", e->fd, t->pid);
}

/* "map: START-END maps: N": the name in map_files. */
void grab_assoc_path(const struct fdent *e, char *p, size_t size)
{
	struct fdinfo_line line;
	const char *at = e->extra;
	size_t n = 0;

	snprintf(p, size, "%s", assoc_name(e->assoc));
	if (e->assoc != ASSOC_MEM)
		return;
	if (at && fdinfo_next(&at, e->extra + e->extra_len, &line))
		while (n < line.value_len && line.value[n] != ' ')
			n++;
	snprintf(p, size, "map_files/%.*s", (int)n, n ? line.value : "");
}

static int open_assoc(const struct target *t, const struct fdent *e, struct fail *f)
{
	int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	char path[128], who[128];
	int fd;

	grab_assoc_path(e, path, sizeof(path));
	fd = openat(t->dir, path, flags | O_NOATIME);
	if (fd < 0 && errno == EPERM)
		fd = openat(t->dir, path, flags);
	if (fd >= 0)
		return fd;
	fail_set(f, errno, "open", "%s of %s", path, target_describe(t, who, sizeof(who)));
	if (f && e->assoc == ASSOC_MEM && (f->err == EPERM || f->err == EACCES)) {
		fail_why(f, "map_files needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN");
		fail_advice(f, "sudo filch ...");
	}
	return f ? -f->err : -errno;
}

static int take_assoc(struct grab *g, const struct target *t, const struct fdent *e, struct fail *f)
{
	struct identity id;
	int fd = open_assoc(t, e, f), r;

	if (fd < 0)
		return fd;
	r = identify(fd, &id);
	if (r == 0 && is_listed(&id, e)) {
		*g = (struct grab){ .fd = fd, .reopened = true };
		return 0;
	}
	close(fd);
	return r < 0 ? fail_set(f, -r, "statx", "process %d", t->pid) : stale(t, e, &id, f);
}

int grab_take(struct grab *g, const struct target *t, const struct fdent *e, int procfs,
	      struct fail *f)
{
	g->fd = -1;
	g->reopened = false;
	if (e->assoc == ASSOC_FD)
		return take_slot(g, t, e, procfs, f);
	return take_assoc(g, t, e, f);
}

void grab_release(struct grab *g)
{
	fd_close(&g->fd);
}

void grab_release_scoped(struct grab *g)
{
	grab_release(g);
}

static uint64_t dev_of(int made)
{
	autoclose int fd = made;
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 ? st.st_dev : 0;
}

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447 /* since Linux 5.14 */
#endif

/*
 * Message queues of our IPC namespace are all on one device, which may be
 * mounted nowhere: an empty queue of our own, without a name in a moment, tells.
 */
static int own_queue(void)
{
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 1 };
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "filch.%d", getpid());
	fd = (int)syscall(SYS_mq_open, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &attr);
	if (fd >= 0)
		syscall(SYS_mq_unlink, name);
	return fd;
}

/*
 * Devices of mounts that no table shows and nobody serves: those of memfds,
 * which are those of System V segments, of such with huge pages, and of secret
 * memory. One of our own tells; names do not, for a file may be named so.
 */
static bool is_internal_dev(uint64_t dev)
{
	return dev == dev_of(memfd_create("filch", MFD_CLOEXEC)) ||
	       dev == dev_of(memfd_create("filch", MFD_CLOEXEC | MFD_HUGETLB)) ||
	       dev == dev_of((int)syscall(SYS_memfd_secret, O_CLOEXEC));
}

/* The mount of exe and the like; statx(2) tells it since Linux 5.8. */
static uint32_t assoc_mount(const struct fdent *e, int procfs)
{
	char path[160], what[128];
	struct statx sx;

	if (procfs < 0 || !e->proc)
		return 0;
	grab_assoc_path(e, what, sizeof(what));
	snprintf(path, sizeof(path), "%d/%s", e->proc->pid, what);
	if (statx(procfs, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_MNT_ID, &sx) < 0 ||
	    !(sx.stx_mask & STATX_MNT_ID))
		return 0;
	return (uint32_t)sx.stx_mnt_id;
}

bool grab_may_hang(const struct fdent *e, const struct kind_ctx *ctx)
{
	uint32_t id = (e->have & HAVE_INFO) ? e->mnt_id : 0;

	/* Pipes, sockets and the like have no path. */
	if ((e->have & HAVE_LINK) && (!e->name_len || e->name[0] != '/'))
		return false;
	if ((e->have & HAVE_STAT) && e->dev && is_internal_dev(e->dev))
		return false;
	if (e->origin == ORIGIN_MQUEUE || (fdent_is_mqueue(e) && e->dev == dev_of(own_queue())))
		return false;
	if (e->assoc != ASSOC_FD)
		id = assoc_mount(e, ctx->procfs);
	if (!ctx->mounts)
		return true;
	return mount_may_hang(mounts_find(ctx->mounts, id));
}

int grab_start(struct helper *h, helper_fn *fn, void *arg, const struct target *t, int procfs,
	       struct fail *f)
{
	int keep[5], n = 0;

	if (t->pidfd >= 0)
		keep[n++] = t->pidfd;
	if (t->table_pidfd >= 0 && t->table_pidfd != t->pidfd)
		keep[n++] = t->table_pidfd;
	keep[n++] = t->dir;
	if (t->table_dir != t->dir)
		keep[n++] = t->table_dir;
	if (procfs >= 0)
		keep[n++] = procfs;
	return helper_start(h, fn, arg, keep, (size_t)n, f);
}
