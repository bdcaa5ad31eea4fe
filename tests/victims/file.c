/* SPDX-License-Identifier: MIT */
#include "tests/victims/victim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/loop.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where a spec's file is: path= as it stands, else name= in our folder. */
static char *file_path(struct spec *s, const char *kind)
{
	static int serial;
	size_t len;
	char *name = spec_bytes(s, "path", &len), *path;
	char made[32];

	if (name)
		return name;
	name = spec_bytes(s, "name", &len);
	if (name) {
		path = temp_path(name, len);
		free(name);
		return path;
	}
	snprintf(made, sizeof(made), "%s-%d", kind, serial++);
	return temp_path(made, strlen(made));
}

int open_mode(struct spec *s, const char *otherwise)
{
	static const struct {
		const char *name;
		int flags;
	} modes[] = {
		{ "r", O_RDONLY },
		{ "w", O_WRONLY },
		{ "rw", O_RDWR },
		{ "wa", O_WRONLY | O_APPEND },
		{ "rwa", O_RDWR | O_APPEND },
		{ "path", O_PATH },
		{ "3", O_WRONLY | O_RDWR },
	};
	const char *mode = spec_str(s, "mode", otherwise);

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (strcmp(modes[i].name, mode) == 0)
			return modes[i].flags | O_CLOEXEC |
			       (spec_flag(s, "nonblock") ? O_NONBLOCK : 0) |
			       (spec_flag(s, "noatime") ? O_NOATIME : 0) |
			       (spec_flag(s, "sync") ? O_SYNC : 0) |
			       (spec_flag(s, "direct") ? O_DIRECT : 0);
	die("%s: unknown mode: %s", s->kind, mode);
}

/* text= as it stands; else repeat= times a hole of hole= and size= of pattern. */
void fill_file(struct spec *s, struct held *h, int fd)
{
	uint64_t size = (uint64_t)spec_num(s, "size", 0), hole = (uint64_t)spec_num(s, "hole", 0);
	uint64_t tail = (uint64_t)spec_num(s, "tail", 0), off = 0;
	long long repeat = spec_num(s, "repeat", 1);
	size_t len;
	char *text = spec_bytes(s, "text", &len);

	h->seed = (uint64_t)spec_num(s, "data", 1);
	if (text) {
		must(pwrite(fd, text, len, 0), "write");
		free(text);
		return;
	}
	while (repeat-- > 0) {
		pattern_pwrite(fd, h->seed, off + hole, size);
		off += hole + size;
	}
	must(ftruncate(fd, (off_t)(off + tail)), "ftruncate");
	h->sent = off + tail;
	if (hole || tail) {
		held_num(h, "hole", (long long)hole);
		held_num(h, "data_size", (long long)size);
	}
}

void map_file(struct spec *s, struct held *h, int fd)
{
	struct stat st;
	bool shared = spec_flag(s, "shared");
	int prot = PROT_READ | (spec_flag(s, "exec") ? PROT_EXEC : 0);
	void *at;

	must(fstat(fd, &st), "fstat");
	at = mmap(NULL, (size_t)st.st_size, prot, shared ? MAP_SHARED : MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	held_raw(h, "mapped", "\"%" PRIxPTR "-%" PRIxPTR "\"", (uintptr_t)at,
		 (uintptr_t)at + (((size_t)st.st_size + 4095) & ~(size_t)4095));
	held_num(h, "mapped_ino", (long long)st.st_ino);
	held_num(h, "mapped_size", (long long)st.st_size);
}

static void lock_file(struct spec *s, struct held *h, int fd)
{
	const char *lock = spec_str(s, "lock", NULL), *lease = spec_str(s, "lease", NULL);
	bool writable = (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
	bool write = strcmp(spec_str(s, "locktype", writable ? "w" : "r"), "w") == 0;
	struct flock fl = { .l_type = write ? F_WRLCK : F_RDLCK,
			    .l_whence = SEEK_SET,
			    .l_start = spec_num(s, "lockstart", 0),
			    .l_len = spec_num(s, "locklen", 0) };

	if (lock && strcmp(lock, "flock") == 0)
		must(flock(fd, write ? LOCK_EX : LOCK_SH), "flock");
	else if (lock && strcmp(lock, "posix") == 0)
		must(fcntl(fd, F_SETLK, &fl), "F_SETLK");
	else if (lock && strcmp(lock, "ofd") == 0)
		must(fcntl(fd, F_OFD_SETLK, &fl), "F_OFD_SETLK");
	else if (lock)
		die("unknown lock: %s", lock);
	if (lease)
		must(fcntl(fd, F_SETLEASE, *lease == 'w' ? F_WRLCK : F_RDLCK), "F_SETLEASE");
	if (lock)
		held_raw(h, "lock", "{\"type\":\"%s\",\"mode\":\"%s\",\"start\":%lld,\"len\":%lld}",
			 lock, write ? "w" : "r", (long long)fl.l_start, (long long)fl.l_len);
	if (lease)
		held_str(h, "lease", lease);
}

/* What happens to the names once the file is open. */
static void rename_file(struct spec *s, struct held *h, const char *path)
{
	const char *linkname = spec_str(s, "linkname", NULL);
	bool replaced = spec_flag(s, "replaced"), deleted = spec_flag(s, "deleted") || replaced;

	if (linkname && !strchr(linkname, '/'))
		linkname = temp_path(linkname, strlen(linkname));
	if (linkname) {
		must(link(path, linkname), "link");
		held_str(h, "link", linkname);
	}
	if (deleted)
		must(unlink(path), path);
	if (replaced) {
		int fd = (int)must(open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644), path);

		must(write(fd, "impostor\n", 9), "write");
		close(fd);
	}
	held_str(h, "deleted", !deleted ? "no" : linkname ? "name" : "inode");
}

static int file_create(struct spec *s, struct held *h, const char *path)
{
	bool fill = spec_str(s, "size", NULL) || spec_str(s, "text", NULL) ||
		    spec_str(s, "text64", NULL) || spec_str(s, "hole", NULL) ||
		    spec_str(s, "tail", NULL);
	int fd;

	if (spec_flag(s, "tmpfile")) {
		fd = (int)must(open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), path);
		fill_file(s, h, fd);
		return fd;
	}
	if (!fill && access(path, F_OK) == 0)
		return (int)must(open(path, open_mode(s, "rw")), path);
	fd = (int)must(
		open(path, O_WRONLY | O_CREAT | O_CLOEXEC, (mode_t)spec_num(s, "perm", 0644)),
		path);
	fill_file(s, h, fd);
	close(fd);
	return (int)must(open(path, open_mode(s, "rw")), path);
}

void open_file(struct spec *s)
{
	struct held *h = held_new(-1, "file");
	bool nameless = spec_flag(s, "tmpfile");
	char *path;
	int fd;

	if (nameless) {
		path = strdup(spec_str(s, "path", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp"));
		held_str(h, "deleted", "inode");
	} else {
		path = file_path(s, "file");
	}
	fd = file_create(s, h, path);
	if (!nameless) {
		held_str(h, "path", path);
		rename_file(s, h, path);
	}
	if (spec_str(s, "mapped", NULL)) {
		map_file(s, h, fd);
		if (strcmp(spec_str(s, "mapped", ""), "keep") != 0) {
			close(fd);
			free(path);
			return;
		}
	}
	h->fd = place(s, fd);
	if (spec_str(s, "offset", NULL))
		must(lseek(h->fd, (off_t)spec_num(s, "offset", 0), SEEK_SET), "lseek");
	lock_file(s, h, h->fd);
	free(path);
}

void open_dir(struct spec *s)
{
	char *path = file_path(s, "dir");
	struct held *h = held_new(-1, "dir");
	bool deleted = spec_flag(s, "deleted");

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		die("mkdir %s: %s", path, strerror(errno));
	h->fd = place(s, (int)must(open(path, open_mode(s, "r") | O_DIRECTORY), path));
	held_str(h, "path", path);
	if (deleted)
		must(rmdir(path), path);
	held_str(h, "deleted", deleted ? "inode" : "no");
	free(path);
}

void open_symlink(struct spec *s)
{
	char *path = file_path(s, "symlink");
	const char *target = spec_str(s, "target", "/dev/null");
	struct held *h = held_new(-1, "symlink");
	bool deleted = spec_flag(s, "deleted");

	if (symlink(target, path) < 0 && errno != EEXIST)
		die("symlink %s: %s", path, strerror(errno));
	h->fd = place(s, (int)must(open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC), path));
	held_str(h, "path", path);
	held_str(h, "target", target);
	if (deleted)
		must(unlink(path), path);
	held_str(h, "deleted", deleted ? "inode" : "no");
	free(path);
}

/* A loop device over a file of ours; it detaches itself at the last close. */
static int loop_new(struct spec *s, struct held *h, char *dev, size_t len)
{
	char *path = temp_path("loop", 4);
	int back = (int)must(open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), path);
	struct loop_config cfg = { .fd = (uint32_t)back,
				   .block_size = 512,
				   .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	int ctl = open("/dev/loop-control", O_RDWR | O_CLOEXEC), n = -1, fd = -1;

	h->seed = (uint64_t)spec_num(s, "data", 1);
	pattern_pwrite(back, h->seed, 0, (uint64_t)spec_num(s, "size", 65536));
	/* Another process may take the free one first. */
	for (int tries = 0; ctl >= 0 && fd < 0 && tries < 8; tries++) {
		n = ioctl(ctl, LOOP_CTL_GET_FREE);
		if (n < 0)
			break;
		snprintf(dev, len, "/dev/loop%d", n);
		fd = open(dev, open_mode(s, "r"));
		if (fd < 0)
			break;
		if (ioctl(fd, LOOP_CONFIGURE, &cfg) < 0) {
			close(fd);
			fd = -1;
		}
	}
	unlink(path);
	free(path);
	close(back);
	if (ctl >= 0)
		close(ctl);
	return fd;
}

void open_block(struct spec *s)
{
	struct held *h = held_new(-1, "block");
	const char *path = spec_str(s, "path", NULL);
	char dev[32];
	int fd;

	if (path)
		fd = (int)must(open(path, open_mode(s, "r")), path);
	else
		fd = loop_new(s, h, dev, sizeof(dev));
	if (fd < 0) {
		held_str(h, "skipped", "no loop device");
		spec_str(s, "size", NULL);
		return;
	}
	h->fd = place(s, fd);
	held_str(h, "path", path ? path : dev);
}

void open_char(struct spec *s)
{
	const char *path = spec_str(s, "path", "/dev/null");
	struct held *h;
	int fd = open(path, open_mode(s, "rw"));

	if (!usable(s, fd, path))
		return;
	h = held_new(place(s, fd), "char");
	held_str(h, "path", path);
}

/* Another number for the same open file description. */
void open_dup(struct spec *s)
{
	int of = (int)spec_num(s, "of", -1);
	struct held *first = held_find(of), *h;
	int fd = (int)must(fcntl(of, F_DUPFD_CLOEXEC, FIRST_FD), "dup: of");

	h = held_new(place(s, fd), first ? first->kind : "unknown");
	h->same_as = of;
}

/* Another open file description of the same inode. */
void open_reopen(struct spec *s)
{
	int of = (int)spec_num(s, "of", -1);
	struct held *first = held_find(of), *h;
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", of);
	h = held_new(-1, first ? first->kind : "unknown");
	h->fd = place(s, (int)must(open(path, open_mode(s, "r")), path));
	held_num(h, "reopen_of", of);
}
