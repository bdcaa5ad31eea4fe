/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/base/json.h"
#include "src/take/flight.h"
#include "src/take/grab.h"
#include "src/take/recover.h"
#include "src/take/recover_memory.h"

#define NAMES_MAX 100000

static void base_name(const struct recover_item *item, const char **name, size_t *len)
{
	const char *slash = memrchr(item->name, '/', item->name_len);

	*name = slash ? slash + 1 : item->name;
	*len = item->name_len - (size_t)(*name - item->name);
}

static bool is_free(int dir, const char *name)
{
	autofree char *partial = out_partial_name(name);
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
	       fstatat(dir, partial, &st, AT_SYMLINK_NOFOLLOW) < 0;
}

/* Is "log-N" free? The first, without a number, is 1. */
static bool try_number(struct buf *out, int dir, size_t base, unsigned n)
{
	out->len = base;
	out->data[base] = '\0';
	if (n > 1)
		buf_addf(out, "-%u", n);
	return is_free(dir, buf_str(out));
}

/*
 * A name that is free in the folder: "log", "log-2", ... Thousands may be called the
 * same: look for the end of the row in growing steps, then between the last two.
 */
static void free_name(struct buf *out, int dir, const struct recover_item *item)
{
	unsigned taken = 0, free = 1;
	const char *name;
	size_t len, base;

	base_name(item, &name, &len);
	text_file_name(out, name, len, 200);
	base = out->len;
	while (!try_number(out, dir, base, free) && free < NAMES_MAX) {
		taken = free;
		free *= 2;
	}
	while (free - taken > 1) {
		unsigned middle = taken + (free - taken) / 2;

		if (try_number(out, dir, base, middle))
			free = middle;
		else
			taken = middle;
	}
	try_number(out, dir, base, free);
}

/* A memfd's name looks like a path; what was made by O_TMPFILE is called "/#INODE". */
static bool is_nameless(const struct recover_item *item)
{
	const char *name;
	size_t len;

	base_name(item, &name, &len);
	return item->name_len == 0 || item->name[0] != '/' || len == 0 || name[0] == '#' ||
	       (item->name_len >= 7 && memcmp(item->name, "/memfd:", 7) == 0);
}

/*
 * The folder it was in, seen from the process's root, and never outside of it:
 * symbolic links and ".." are those of the target, so the kernel resolves them.
 */
static int original_folder(const struct recover_item *item, const struct target *t, struct fail *f)
{
	autoclose int root = openat(t->dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	const char *name;
	size_t len;
	long fd;

	base_name(item, &name, &len);
	if (is_nameless(item)) {
		fail_set(f, ENOENT, "", "%.*s", (int)item->name_len, item->name);
		fail_why(f, "it was never a file with a path, so there is none to go back to");
		fail_advice(f, "-o DIR");
		return -ENOENT;
	}
	autofree char *folder = xmemdup0(item->name, (size_t)(name - item->name));

	if (root < 0)
		return fail_set(f, errno, "open", "the root of process %d", t->pid);
	fd = syscall(SYS_openat2, root, folder, &how, sizeof(how));
	if (fd < 0) {
		fail_set(f, errno, "openat2", "%s", folder);
		fail_class(f, FAIL_OUTPUT);
		fail_why(f, "the folder it was in cannot be opened");
		return -f->err;
	}
	return (int)fd;
}

/* Times, and with --preserve owner and mode. What the filesystem refuses is not vital. */
static void set_attributes(int dir, const char *name, const struct statx *sx, bool preserve)
{
	autoclose int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	const struct timespec times[2] = {
		{ sx->stx_atime.tv_sec, sx->stx_atime.tv_nsec },
		{ sx->stx_mtime.tv_sec, sx->stx_mtime.tv_nsec },
	};

	if (fd < 0)
		return;
	if (preserve && fchown(fd, sx->stx_uid, sx->stx_gid) == 0)
		fchmod(fd, sx->stx_mode & 0777);
	futimens(fd, times);
}

static int stat_item(const struct recover_item *item, const struct target *t, struct statx *sx)
{
	char path[128];
	const struct fdent *e = item->ent;

	if (item->fd >= 0)
		return statx(item->fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS,
			     sx);
	if (e->assoc == ASSOC_FD)
		snprintf(path, sizeof(path), "fd/%d", e->fd);
	else
		grab_assoc_path(e, path, sizeof(path));
	return statx(e->assoc == ASSOC_FD ? t->table_dir : t->dir, path,
		     AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, sx);
}

/* Where it goes: a folder to close if it is not save->dir, and a name in it. */
static int choose_place(const struct recover_item *item, const struct recover_save *save,
			const struct target *t, struct buf *name, struct fail *f)
{
	const char *base;
	size_t len;

	if (!save->original_path) {
		free_name(name, save->dir, item);
		return save->dir;
	}
	base_name(item, &base, &len);
	buf_add(name, base, len);
	return original_folder(item, t, f);
}

static int dump_item(const struct recover_item *item, const struct recover_opts *o,
		     const struct dump_opts *shared, const struct target *t, struct dump_result *r)
{
	struct kind_ctx ctx = survey_ctx(o->survey);
	struct dump_opts here = *shared; /* ctx lives no longer than this call */
	const struct fdent *ent;
	struct survey *s;
	int err;

	here.target = t;
	here.ent = item->ent;
	here.ctx = &ctx;
	here.fd = item->fd;
	if (item->fd < 0) {
		err = dump(&here, r);
		/* map_files wants a capability; the memory itself only what a grab wants. */
		if ((err == -EPERM || err == -EACCES) && item->ent->assoc == ASSOC_MEM) {
			dump_result_release(r);
			err = recover_memory(item->ent, &here, r);
		}
		return err;
	}
	err = flight_describe(o->survey->procfs, item->fd, 0, &s, &ent, &r->fail);
	if (err < 0)
		return err;
	ctx = survey_ctx(s);
	here.ent = ent;
	err = dump_held(&here, r);
	survey_free(s);
	return err;
}

/* Back where it was: the record gives the whole path, and --force is no way out. */
static void place_words(const struct recover_item *item, struct dump_result *r, int err)
{
	autofree char *path = NULL;

	if (err == -EEXIST)
		fail_advice(&r->fail, "move that one away, or recover into a folder with -o");
	if (!r->path)
		return;
	free(r->path);
	path = xmemdup0(item->name, item->name_len);
	r->path = err < 0 ? out_partial_name(path) : xstrdup(path);
}

int recover_save(const struct recover_item *item, const struct recover_opts *o,
		 const struct recover_save *save, struct dump_result *r)
{
	const struct procent *p = item->ent->proc;
	struct target_name who = {
		.pid = p->pid, .tid = p->tid, .start = p->start, .has_start = true
	};
	struct dump_opts d = {
		.out = { .fd = -1 },
		.hashes = save->hashes,
		.max_bytes = UINT64_MAX,
		.zero_fill = save->zero_fill,
		.freeze = save->freeze && item->fd < 0,
		.cancel = save->cancel,
		.progress = save->progress,
		.arg = save->arg,
	};
	autobuf name = BUF_INIT;
	struct statx sx;
	struct target t;
	bool known;
	int err, dir;

	memset(r, 0, sizeof(*r));
	err = target_open(&t, o->survey->procfs, &who, &r->fail);
	if (err < 0)
		return err;
	dir = choose_place(item, save, &t, &name, &r->fail);
	err = dir < 0 && dir != AT_FDCWD ? dir : 0;
	if (err == 0) {
		known = stat_item(item, &t, &sx) == 0;
		d.out.dir = dir;
		d.out.name = buf_str(&name);
		err = dump_item(item, o, &d, &t, r);
		if (err == 0 && known)
			set_attributes(dir, d.out.name, &sx, save->preserve);
		if (save->original_path) {
			place_words(item, r, err);
			close(dir);
		}
	}
	target_close(&t);
	return err;
}

static void record_error(struct json *j, const struct fail *f)
{
	if (!f->err) {
		json_null(j, "error");
		return;
	}
	json_object(j, "error");
	json_str(j, "call", f->call);
	json_str(j, "errno", fail_errno_name(f->err));
	json_end_object(j);
}

static void record_ranges(struct json *j, const char *name, const struct dump_ranges *r)
{
	if (!r->n)
		return;
	json_array(j, name);
	for (size_t i = 0; i < r->n; i++) {
		json_object(j, NULL);
		json_u64(j, "offset", r->at[i].from);
		json_u64(j, "length", r->at[i].len);
		json_end_object(j);
	}
	json_end_array(j);
}

void recover_record(struct buf *out, const struct recover_item *item, const struct dump_result *r)
{
	const struct fdent *e = item->ent;
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	if (r->path)
		json_bytes(&j, "file", r->path, strlen(r->path));
	else
		json_null(&j, "file");
	json_i64(&j, "pid", e->proc->pid);
	json_u64(&j, "start", e->proc->start);
	if (e->proc->tid)
		json_i64(&j, "tid", e->proc->tid);
	else
		json_null(&j, "tid");
	if (e->fd >= 0)
		json_i64(&j, "fd", e->fd);
	else
		json_null(&j, "fd");
	json_str(&j, "found", recover_how_name(item->how));
	json_bytes(&j, "name", item->name, item->name_len);
	json_u64(&j, "size", r->size);
	json_str(&j, "sha256", r->hash.hex[HASH_SHA256][0] ? r->hash.hex[HASH_SHA256] : NULL);
	for (int i = 0; i < HASH_COUNT; i++)
		if (i != HASH_SHA256 && r->hash.hex[i][0])
			json_str(&j, hash_name(i), r->hash.hex[i]);
	json_str(&j, "method", r->method);
	json_str(&j, "effect", dump_caused(r));
	if (r->frozen) {
		json_str(&j, "frozen_by", r->frozen);
		json_u64(&j, "pause", r->pause_ns);
	}
	json_bool(&j, "complete", r->complete);
	record_ranges(&j, "unreadable", &r->bad);
	json_bool(&j, "stable", r->unstable.n == 0);
	record_ranges(&j, "unstable", &r->unstable);
	record_error(&j, &r->fail);
	json_end_object(&j);
	json_line(&j);
}
