/* SPDX-License-Identifier: MIT */
/*
 * An epoll asks a file of FUSE by its server, and is locked meanwhile: if that one
 * stopped answering, reading the epoll's fdinfo waits for ever, and SIGKILL does
 * not end it. So where a process sees such a filesystem, a helper reads that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/fd.h"
#include "src/base/helper.h"
#include "src/proc/hung.h"
#include "src/survey/table.h"

#define INFO_MAX (16 << 20) /* an epoll may watch 100,000 */

static bool has_fuse(int dir)
{
	autobuf text = BUF_INIT;

	return proc_read(dir, "mountinfo", &text) < 0 || strstr(buf_str(&text), " - fuse") ||
	       strstr(buf_str(&text), " - virtiofs");
}

bool wary_of(struct wary *w, int dir, uint64_t mntns)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->at[i].mntns == mntns)
			return w->at[i].has_fuse;
	w->at = xreallocarray(w->at, w->n + 1, sizeof(*w->at));
	w->at[w->n] = (struct wary_namespace){ mntns, has_fuse(dir) };
	return w->at[w->n++].has_fuse;
}

bool wary_is_epoll(struct table_reader *r, const struct table_dirs *dirs, const char *name)
{
	static const char epoll[] = "anon_inode:[eventpoll]";
	ssize_t n = proc_readlink(dirs->fd, name, r->again, sizeof(r->again));

	return n == (ssize_t)strlen(epoll) && memcmp(r->again, epoll, strlen(epoll)) == 0;
}

struct wary_read {
	int dir;
	const char *name;
};

/* In the helper. */
static int read_there(void *arg, int out)
{
	const struct wary_read *w = arg;
	autobuf text = BUF_INIT;
	int r = proc_read(w->dir, w->name, &text);

	return r < 0 ? r : fd_write_all(out, buf_str(&text), text.len);
}

int wary_read_info(struct table_reader *r, const struct table_dirs *dirs, const char *name)
{
	const struct procent *p = dirs->proc;
	struct wary_read w = { .dir = dirs->fdinfo, .name = name };
	int fd = atoi(name), err;

	if (hung_has(r->hung, p->pid, p->start, fd))
		return -ETIMEDOUT;
	buf_reset(&r->info);
	err = helper_ask(read_there, &w, &w.dir, 1, hung_patience_ms(r->hung), INFO_MAX, &r->info,
			 NULL);
	if (err == -ETIMEDOUT)
		hung_add(r->hung, p->pid, p->start, fd);
	/* No fdinfo is empty: it was closed. */
	return err < 0 ? err : r->info.len ? 0 : -ENOENT;
}
