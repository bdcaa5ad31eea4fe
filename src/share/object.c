/* SPDX-License-Identifier: MIT */
#include "src/share/object.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "src/base/alloc.h"
#include "src/proc/fdinfo.h"

/* Documentation/admin-guide/devices.txt */
#define TTYAUX_MAJOR    5
#define PTMX_MINOR      2
#define PTY_SLAVE_MAJOR 136

static bool is_devpts(const struct mount *m)
{
	return m && strcmp(m->fstype, "devpts") == 0;
}

/* 0 if there is none, or more than one. */
static uint64_t only_devpts(const struct mounts *mounts)
{
	uint64_t dev = 0;

	for (size_t i = 0; mounts && i < mounts->n; i++) {
		if (!is_devpts(&mounts->at[i]) || mounts->at[i].dev == dev)
			continue;
		if (dev)
			return 0;
		dev = mounts->at[i].dev;
	}
	return dev;
}

void object_ctx_init(struct object_ctx *ctx, const struct mounts *mounts)
{
	ctx->mounts = mounts;
	ctx->mqueue = kind_by_name("mqueue");
	ctx->only_devpts = only_devpts(mounts);
}

/* ---- ptys ---- */

/* What is mounted on the root of m, and on that; m itself if nothing is. */
static const struct mount *topmost(const struct mounts *mounts, const struct mount *m)
{
	for (size_t i = 0; i < mounts->n; i++) {
		const struct mount *over = &mounts->at[i];

		if (over->parent != m->id || over->id <= m->id ||
		    strcmp(over->point, m->point) != 0)
			continue;
		m = over;
		i = (size_t)-1;
	}
	return m;
}

/*
 * A ptmx that does not lie in a devpts itself stands for the devpts mounted at
 * "pts" beside it, see devpts_mntget() in the kernel: a child of its mount.
 */
static uint64_t devpts_beside(const struct object_ctx *ctx, uint32_t mnt_id)
{
	static const char tail[] = "/pts";
	uint64_t dev = 0;

	for (size_t i = 0; i < ctx->mounts->n; i++) {
		const struct mount *m = &ctx->mounts->at[i];
		size_t len = strlen(m->point);

		if (m->parent != mnt_id || m->id == mnt_id || len < sizeof(tail) - 1 ||
		    strcmp(m->point + len - (sizeof(tail) - 1), tail) != 0)
			continue;
		m = topmost(ctx->mounts, m);
		if (!is_devpts(m))
			continue;
		if (dev && dev != m->dev)
			return 0;
		dev = m->dev;
	}
	return dev;
}

static uint64_t devpts_of_master(const struct object_ctx *ctx, const struct fdent *e)
{
	const struct mount *m = ctx->mounts ? mounts_find(ctx->mounts, e->mnt_id) : NULL;
	uint64_t dev = 0;

	if (is_devpts(m))
		return m->dev;
	if (m)
		dev = devpts_beside(ctx, m->id);
	return dev ? dev : ctx->only_devpts;
}

static bool pty_of(const struct object_ctx *ctx, const struct fdent *e, struct object_key *key,
		   enum end *end)
{
	bool is_master = e->rdev == makedev(TTYAUX_MAJOR, PTMX_MINOR);

	key->type = OBJECT_PTY;
	*end = is_master ? END_A : END_B;
	if (is_master) {
		key->dev = devpts_of_master(ctx, e);
		return key->dev && fdinfo_u64(e->extra, e->extra_len, "tty-index", 10, &key->id);
	}
	key->dev = e->dev;
	key->id = minor(e->rdev);
	return major(e->rdev) == PTY_SLAVE_MAJOR;
}

/* ---- the others ---- */

static bool pipe_of(const struct fdent *e, struct object_key *key, enum end *end)
{
	key->type = OBJECT_PIPE;
	key->dev = e->dev;
	key->id = e->ino;
	switch (e->flags & O_ACCMODE) {
	case O_RDONLY:
		*end = END_A;
		break;
	case O_WRONLY:
		*end = END_B;
		break;
	default:
		*end = END_BOTH;
	}
	return true;
}

/* All sockets are inodes of one filesystem, so the number is enough. */
static bool socket_of(const struct fdent *e, struct object_key *key, enum end *end)
{
	key->type = OBJECT_SOCKET;
	key->id = e->ino;
	*end = END_NONE;
	return true;
}

static bool eventfd_of(const struct fdent *e, struct object_key *key, enum end *end)
{
	key->type = OBJECT_EVENTFD;
	*end = END_NONE;
	return fdinfo_u64(e->extra, e->extra_len, "eventfd-id", 10, &key->id);
}

static bool mqueue_of(const struct fdent *e, struct object_key *key, enum end *end)
{
	key->type = OBJECT_MQUEUE;
	key->dev = e->dev;
	key->id = e->ino;
	*end = END_NONE;
	return true;
}

bool object_of(const struct object_ctx *ctx, const struct fdent *e, struct object_key *key,
	       enum end *end)
{
	unsigned needed = HAVE_STAT | HAVE_INFO;

	if (!fdent_is_fd(e) || (e->have & needed) != needed || (e->flags & O_PATH))
		return false;
	memset(key, 0, sizeof(*key));
	if (S_ISSOCK(e->mode))
		return socket_of(e, key, end);
	if (S_ISFIFO(e->mode))
		return pipe_of(e, key, end);
	if (S_ISCHR(e->mode))
		return pty_of(ctx, e, key, end);
	if (ctx->mqueue && e->kind == ctx->mqueue)
		return mqueue_of(e, key, end);
	return fdent_is_anon(e, "eventfd") && eventfd_of(e, key, end);
}

/* ---- the set ---- */

static bool key_equal(const struct object_key *a, const struct object_key *b)
{
	return a->id == b->id && a->dev == b->dev && a->type == b->type;
}

static size_t key_slot(const struct object_set *set, const struct object_key *key)
{
	uint64_t h = (key->id ^ key->dev << 32 ^ key->dev >> 32 ^ key->type) * 0x9e3779b97f4a7c15u;
	size_t i = (size_t)(h >> 32) & (set->n_slots - 1);

	while (set->slot[i] && !key_equal(&set->at[set->slot[i] - 1].key, key))
		i = (i + 1) & (set->n_slots - 1);
	return i;
}

static void set_grow(struct object_set *set)
{
	if (set->n == set->cap) {
		set->cap = set->cap ? set->cap * 2 : 16;
		set->at = xreallocarray(set->at, set->cap, sizeof(*set->at));
	}
	if (set->n * 2 < set->n_slots)
		return;
	free(set->slot);
	set->n_slots = set->n_slots ? set->n_slots * 2 : 64;
	set->slot = xcalloc(set->n_slots, sizeof(*set->slot));
	for (size_t i = 0; i < set->n; i++)
		set->slot[key_slot(set, &set->at[i].key)] = (uint32_t)i + 1;
}

uint32_t object_add(struct object_set *set, const struct object_key *key, bool *is_new)
{
	size_t slot;

	set_grow(set);
	slot = key_slot(set, key);
	*is_new = !set->slot[slot];
	if (*is_new) {
		set->at[set->n] = (struct object){ .key = *key };
		set->slot[slot] = (uint32_t)++set->n;
	}
	return set->slot[slot] - 1;
}

uint32_t object_find(const struct object_set *set, const struct object_key *key)
{
	return set->n ? set->slot[key_slot(set, key)] - 1 : UINT32_MAX;
}

void object_set_release(struct object_set *set)
{
	free(set->at);
	free(set->slot);
	memset(set, 0, sizeof(*set));
}
