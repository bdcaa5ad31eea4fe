/* SPDX-License-Identifier: MIT */
#include "src/keep/place.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/fd.h"

static int check_folder(int dir, const char *path, struct fail *f)
{
	struct stat st;

	if (fstat(dir, &st) < 0)
		return fail_set(f, errno, "fstat", "%s", path);
	if (st.st_uid == geteuid() && !(st.st_mode & 077))
		return 0;
	fail_set(f, EPERM, "", "the folder of the shelf, %s", path);
	if (st.st_uid != geteuid())
		fail_why(f, "it belongs to user %u, not to us", (unsigned)st.st_uid);
	else
		fail_why(f, "others may enter it: its mode is 0%o", (unsigned)st.st_mode & 07777);
	fail_advice(f, "remove it, or name another folder in FILCH_SHELF");
	return -EPERM;
}

/* Somebody else was here before us. */
static int refused(int at, const char *path, int err, struct fail *f)
{
	struct stat st;

	fail_set(f, err, "open", "the folder of the shelf, %s", path);
	if (fstatat(at, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -err;
	fail_class(f, FAIL_PERMISSION);
	if (!S_ISDIR(st.st_mode))
		fail_why(f, "there is no folder of ours, but %s of user %u",
			 S_ISLNK(st.st_mode) ? "a symbolic link" : "a file", (unsigned)st.st_uid);
	else
		fail_why(f, "it belongs to user %u, not to us", (unsigned)st.st_uid);
	fail_advice(f, "name another folder in FILCH_SHELF");
	return -err;
}

/* Open path below `at`; made is ours with the right mode whatever the umask. */
static int open_folder(int at, const char *path, bool make, struct fail *f)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int dir = openat(at, path, flags), r;

	if (dir < 0 && errno == ENOENT && make) {
		if (mkdirat(at, path, 0700) < 0 && errno != EEXIST)
			return fail_set(f, errno, "mkdir", "%s", path);
		dir = openat(at, path, flags);
	}
	if (dir < 0)
		return refused(at, path, errno, f);
	r = check_folder(dir, path, f);
	if (r < 0)
		close(dir);
	return r < 0 ? r : dir;
}

static int open_runtime(struct place *p, bool make, struct fail *f)
{
	const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
	int r;

	if (!runtime || runtime[0] != '/')
		return -ENOENT;
	autoclose int dir = open_folder(AT_FDCWD, runtime, false, f);

	if (dir < 0)
		return dir;
	r = open_folder(dir, "filch", make, f);
	snprintf(p->path, sizeof(p->path), "%s/filch", runtime);
	return r;
}

static int open_named(struct place *p, bool make, struct fail *f)
{
	const char *named = secure_getenv("FILCH_SHELF");
	static const char *const parents[] = { "/run", "/tmp" };
	struct fail first = { 0 }, ignored;
	int r = -ENOENT;

	if (named && *named) {
		snprintf(p->path, sizeof(p->path), "%s", named);
		return open_folder(AT_FDCWD, named, make, f);
	}
	for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++) {
		snprintf(p->path, sizeof(p->path), "%s/filch-%u", parents[i], (unsigned)geteuid());
		r = open_folder(AT_FDCWD, p->path, make, &first);
		if (r >= 0)
			return r;
	}
	r = open_runtime(p, make, &ignored);
	if (r < 0 && f)
		*f = first;
	return r >= 0 ? r : -first.err;
}

int place_open(struct place *p, bool make, struct fail *f)
{
	p->path[0] = '\0';
	p->dir = open_named(p, make, f);
	return p->dir < 0 ? p->dir : 0;
}

void place_close(struct place *p)
{
	fd_close(&p->dir);
}

void place_address(const struct place *p, struct sockaddr_un *addr)
{
	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	snprintf(addr->sun_path, sizeof(addr->sun_path), "/proc/self/fd/%d/" PLACE_SOCKET, p->dir);
}

int place_lock(const struct place *p, int wait_ms, struct fail *f)
{
	autoclose int fd = openat(p->dir, PLACE_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
				  0600);

	if (fd < 0)
		return fail_set(f, errno, "open", "%s/" PLACE_LOCK, p->path);
	for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += 5) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail_set(f, errno, "flock", "%s/" PLACE_LOCK, p->path);
		if (waited >= wait_ms)
			return fail_set(f, EBUSY, "flock", "%s/" PLACE_LOCK, p->path);
		poll(NULL, 0, 5);
	}
	return fd_steal(&fd);
}
