/* SPDX-License-Identifier: MIT */
#include "src/kind/origin.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* The kernel's O_LARGEFILE; libc's is 0 on 64-bit. See asm/fcntl.h. */
#if defined(__aarch64__) || defined(__arm__)
#define KERNEL_O_LARGEFILE 0400000u
#else
#define KERNEL_O_LARGEFILE 0100000u
#endif

/* Size of every inode of mqueuefs: FILENT_SIZE in ipc/mqueue.c. */
#define MQUEUE_SIZE 80

static const struct mount *mount_of_dev(const struct mounts *m, uint64_t dev)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->at[i].dev == dev)
			return &m->at[i];
	return NULL;
}

/* Names that the kernel gives to files of its own; others need no closer look. */
static bool may_be_kernel_file(const struct fdent *e)
{
	static const char *const heads[] = { "/memfd:", "/dev/zero", "/SYSV" };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (fdent_name_has(e, heads[i]))
			return true;
	return e->name_len > 1 && e->name[0] == '/' && !memchr(e->name + 1, '/', e->name_len - 1);
}

enum origin origin_of(const struct mounts *m, const struct fdent *e)
{
	const struct mount *mount = NULL;

	if (!m || !m->n || !(e->have & HAVE_LINK))
		return ORIGIN_UNKNOWN;
	if (e->have & HAVE_INFO)
		mount = mounts_find(m, e->mnt_id);
	if (mount && strcmp(mount->fstype, "mqueue") == 0)
		return ORIGIN_MQUEUE;
	if (mount)
		return strcmp(mount->fstype, "nsfs") == 0 ? ORIGIN_NSFS : ORIGIN_MOUNT;
	if (!may_be_kernel_file(e))
		return ORIGIN_UNKNOWN;
	/*
	 * Mapped files have no mount id, and that of a detached mount is in no
	 * table, yet their devices are mounted.
	 */
	mount = e->have & HAVE_STAT || e->assoc == ASSOC_MEM ? mount_of_dev(m, e->dev) : NULL;
	if (!mount)
		return ORIGIN_KERNEL;
	return strcmp(mount->fstype, "mqueue") == 0 ? ORIGIN_MQUEUE : ORIGIN_MOUNT;
}

bool fdent_is_largefile(const struct fdent *e)
{
	return (e->have & HAVE_INFO) && (e->flags & KERNEL_O_LARGEFILE);
}

bool fdent_is_kernel_file(const struct fdent *e)
{
	if (!(e->have & HAVE_LINK) || e->origin == ORIGIN_MOUNT || e->origin == ORIGIN_NSFS)
		return false;
	return !(e->have & HAVE_STAT) || (S_ISREG(e->mode) && major(e->dev) == 0);
}

bool fdent_is_memfd(const struct fdent *e)
{
	if (!fdent_is_kernel_file(e) || !fdent_name_has(e, "/memfd:"))
		return false;
	if ((e->have & HAVE_NLINK) && e->nlink != 0)
		return false;
	/* A message queue may be called so too. */
	return !(e->have & HAVE_INFO) || fdent_is_largefile(e);
}

bool fdent_is_mqueue(const struct fdent *e)
{
	if (e->origin == ORIGIN_MQUEUE)
		return S_ISREG(e->mode);
	if (!fdent_is_kernel_file(e) || !(e->have & HAVE_STAT) || fdent_is_largefile(e))
		return false;
	return e->size == MQUEUE_SIZE && e->blocks == 0 && e->name_len > 1 && e->name[0] == '/' &&
	       !memchr(e->name + 1, '/', e->name_len - 1);
}

/* Of a name: nothing, or what the kernel appends. */
static bool is_end(const char *s, size_t len)
{
	static const char deleted[] = " (deleted)";

	return len == 0 || (len == sizeof(deleted) - 1 && memcmp(s, deleted, len) == 0);
}

static bool name_is(const struct fdent *e, const char *name)
{
	size_t n = strlen(name);

	return fdent_name_has(e, name) && is_end(e->name + n, e->name_len - n);
}

/* "SYSV" and the key, eight digits of hex: ipc/shm.c. */
static bool is_sysv_name(const struct fdent *e)
{
	static const char head[] = "/SYSV";
	size_t n = sizeof(head) - 1;

	if (!fdent_name_has(e, head) || e->name_len < n + 8)
		return false;
	for (size_t i = 0; i < 8; i++)
		if (!memchr("0123456789abcdef", e->name[n + i], 16))
			return false;
	return is_end(e->name + n + 8, e->name_len - n - 8);
}

bool fdent_is_shared_anon(const struct fdent *e)
{
	if (!fdent_is_kernel_file(e) || ((e->have & HAVE_NLINK) && e->nlink != 0))
		return false;
	return name_is(e, "/dev/zero") || name_is(e, "/[aio]") || name_is(e, "/anon_hugepage") ||
	       is_sysv_name(e);
}
