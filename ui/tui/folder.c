/* SPDX-License-Identifier: MIT */
#include "ui/tui/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "src/base/alloc.h"
#include "src/take/hash.h"

int folder_open(const char *path, struct fail *f)
{
	int dir;

	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		int err = fail_set(f, errno, "mkdir", "%s", path);

		fail_class(f, FAIL_OUTPUT);
		return err;
	}
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		dir = fail_set(f, errno, "open", "%s", path);
		fail_class(f, FAIL_OUTPUT);
	}
	return dir;
}

char *folder_expand(const char *path)
{
	const char *home = getenv("HOME");

	if (path[0] == '~' && (path[1] == '/' || !path[1]) && home)
		return xasprintf("%s%s", home, path + 1);
	return xstrdup(path);
}

/* Free space, on a thread: the folder may be on a filesystem that hangs. */
struct space_task {
	struct task t;
	struct app *a;
	char *path;
	uint64_t free;
	bool known;
	unsigned serial;
};

static void space_run(struct task *task)
{
	struct space_task *s = (struct space_task *)task;
	autofree char *path = xstrdup(s->path);
	struct statvfs v;
	char *slash;

	/* A folder that is not there yet will be on its parent's filesystem. */
	while (statvfs(path, &v) < 0) {
		slash = strrchr(path, '/');
		if (errno != ENOENT || !slash || slash == path)
			return;
		*slash = '\0';
	}
	s->known = true;
	s->free = (uint64_t)v.f_bavail * v.f_frsize;
}

/* The dialog may be gone, or about another folder by now. */
static void space_done(struct task *task)
{
	struct space_task *s = (struct space_task *)task;

	for (struct dialog *d = s->a->dialog; d; d = d->below) {
		autobuf b = BUF_INIT;

		if (d->space_serial != s->serial)
			continue;
		text_size(&b, s->free);
		snprintf(d->space, sizeof(d->space), s->known ? "free %s" : "free ?", buf_str(&b));
		d->fields[FOLDER_FIELD].hint = d->space;
		s->a->dirty = true;
	}
	free(s->path);
	free(s);
}

void folder_ask_space(struct app *a, struct dialog *d)
{
	struct space_task *s;

	if (d->space_serial && d->at != FOLDER_FIELD)
		return;
	s = xcalloc(1, sizeof(*s));
	s->t.run = space_run;
	s->t.done = space_done;
	s->a = a;
	s->serial = d->space_serial = ++a->space_serial;
	s->path = folder_expand(dialog_value(d, FOLDER_FIELD));
	if (task_start(&a->tasks, &s->t) < 0) {
		free(s->path);
		free(s);
	}
}

bool folder_is_given(struct dialog *d)
{
	if (*dialog_value(d, FOLDER_FIELD))
		return true;
	dialog_error(d, "which folder?");
	return false;
}

bool folder_hashes(struct dialog *d, size_t field, unsigned *hashes)
{
	struct fail f = { 0 };

	if (hash_parse(dialog_value(d, field), hashes, &f) == 0)
		return true;
	dialog_error(d, "%s", *f.why ? f.why : "a hash is: sha256, sha512, sha1, md5, none");
	return false;
}
