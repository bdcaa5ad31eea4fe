/* SPDX-License-Identifier: MIT */
/*
 * What reading /proc may wait for, if the server of a filesystem stopped answering: see
 * struct wary. An epoll asks a file of FUSE by its server and is locked meanwhile, and
 * whoever waits for that lock does not even end by SIGKILL. So a helper reads it, one for
 * all the epolls that a thread comes to, and another one after it had to be given up.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "src/base/fd.h"
#include "src/base/helper.h"
#include "src/proc/hung.h"
#include "src/survey/table.h"

#define INFO_MAX    (16 << 20) /* an epoll may watch 100,000 */
#define NAME_MAX_FD 16

static bool is_fuse(const struct mount *m)
{
	return strcmp(m->fstype, "fuse") == 0 || strcmp(m->fstype, "fuseblk") == 0 ||
	       strncmp(m->fstype, "fuse.", 5) == 0 || strcmp(m->fstype, "virtiofs") == 0;
}

static unsigned look_at_mounts(struct mounts *mounts, int dir, uint64_t mntns)
{
	unsigned found = 0;

	if (!mntns || mounts_add(mounts, dir, mntns) < 0)
		return WARY_MEMORY | WARY_EPOLL;
	for (size_t i = 0; i < mounts->n; i++) {
		const struct mount *m = &mounts->at[i];

		if (m->mntns == mntns && mount_may_hang(m))
			found |= WARY_MEMORY | (is_fuse(m) ? WARY_EPOLL : 0);
	}
	return found;
}

unsigned wary_of(struct wary *w, struct mounts *mounts, int dir, uint64_t mntns)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->at[i].mntns == mntns)
			return w->at[i].what;
	w->at = xreallocarray(w->at, w->n + 1, sizeof(*w->at));
	w->at[w->n].mntns = mntns;
	w->at[w->n].what = look_at_mounts(mounts, dir, mntns);
	return w->at[w->n++].what;
}

bool wary_is_epoll(struct table_reader *r, const struct table_dirs *dirs, const char *name)
{
	static const char epoll[] = "anon_inode:[eventpoll]";
	ssize_t n = proc_readlink(dirs->fd, name, r->again, sizeof(r->again));

	return n == (ssize_t)strlen(epoll) && memcmp(r->again, epoll, strlen(epoll)) == 0;
}

/* ---- the helper ---- */

struct wary_reader {
	struct helper helper;
	int requests; /* our end */
};

struct answer {
	int err;
	uint32_t len;
};

/* One request is a name, and the directory it is in. */
union passed {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

static int ask(int sock, int dir, const char *name)
{
	union passed passed = { 0 };
	struct iovec iov = { (void *)name, strlen(name) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &passed,
			      .msg_controllen = sizeof(passed) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
			       .cmsg_level = SOL_SOCKET,
			       .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(c), &dir, sizeof(int));
	return sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* The directory, *name filled; negative at the end. */
static int next_request(int sock, char name[NAME_MAX_FD])
{
	union passed passed = { 0 };
	struct iovec iov = { name, NAME_MAX_FD - 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &passed,
			      .msg_controllen = sizeof(passed) };
	ssize_t n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	int dir;

	if (!c || c->cmsg_type != SCM_RIGHTS)
		return -1;
	name[n] = '\0';
	memcpy(&dir, CMSG_DATA(c), sizeof(dir));
	return dir;
}

/* In the helper, until we close our end. */
static int serve(void *arg, int out)
{
	const int *sock = arg;
	autobuf text = BUF_INIT;
	char name[NAME_MAX_FD];
	int dir, r = 0;

	while (r == 0 && (dir = next_request(*sock, name)) >= 0) {
		struct answer a;

		buf_reset(&text);
		a.err = proc_read(dir, name, &text);
		a.len = a.err < 0 || text.len > INFO_MAX ? 0 : (uint32_t)text.len;
		close(dir);
		r = fd_write_all(out, &a, sizeof(a));
		if (r == 0 && a.len)
			r = fd_write_all(out, buf_str(&text), a.len);
	}
	return 0;
}

static int start(struct table_reader *r)
{
	struct wary_reader *w;
	int ends[2], err;

	if (r->wary)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	w = xcalloc(1, sizeof(*w));
	w->requests = ends[0];
	err = helper_start(&w->helper, serve, &ends[1], &ends[1], 1, NULL);
	close(ends[1]);
	r->wary = w;
	if (err < 0)
		wary_release(r);
	return err;
}

void wary_release(struct table_reader *r)
{
	if (!r->wary)
		return;
	fd_close(&r->wary->requests);
	helper_end(&r->wary->helper);
	free(r->wary);
	r->wary = NULL;
}

static int read_fully(struct helper *h, void *p, size_t len, int timeout_ms)
{
	for (size_t got = 0; got < len;) {
		ssize_t n = helper_read(h, (char *)p + got, len - got, timeout_ms);

		if (n <= 0)
			return n < 0 ? (int)n : -EIO;
		got += (size_t)n;
	}
	return 0;
}

static int ask_helper(struct table_reader *r, int dir, const char *name, int timeout_ms)
{
	struct answer a = { 0 };
	int err = start(r);

	if (err < 0)
		return err;
	err = ask(r->wary->requests, dir, name);
	if (err == 0)
		err = read_fully(&r->wary->helper, &a, sizeof(a), timeout_ms);
	if (err == 0 && a.len > INFO_MAX)
		err = -EMSGSIZE;
	if (err == 0) {
		buf_reserve(&r->info, a.len + 1);
		err = read_fully(&r->wary->helper, r->info.data, a.len, timeout_ms);
	}
	if (err < 0) {
		wary_release(r); /* whatever it still writes is of this request */
		return err;
	}
	r->info.len = a.len;
	r->info.data[a.len] = '\0';
	return a.err;
}

int wary_read_info(struct table_reader *r, const struct table_dirs *dirs, const char *name)
{
	const struct procent *p = dirs->proc;
	int fd = atoi(name), err;

	if (hung_has(r->hung, p->pid, p->start, fd))
		return -ETIMEDOUT;
	buf_reset(&r->info);
	err = ask_helper(r, dirs->fdinfo, name, hung_patience_ms(r->hung));
	if (err == -ETIMEDOUT)
		hung_add(r->hung, p->pid, p->start, fd);
	/* No fdinfo is empty: it was closed. */
	return err < 0 ? err : r->info.len ? 0 : -ENOENT;
}
