/* SPDX-License-Identifier: MIT */
#include "src/proc/mountinfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "src/base/buf.h"
#include "src/proc/procfs.h"

/* The next word up to a blank; its \ooo escapes are undone in the copy. */
static const char *word(struct mounts *m, const char **at, const char *end)
{
	const char *from;
	char *copy, *to;

	while (*at < end && **at == ' ')
		(*at)++;
	from = *at;
	while (*at < end && **at != ' ')
		(*at)++;
	copy = to = arena_copy(&m->arena, from, (size_t)(*at - from));
	for (const char *s = copy; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
	return copy;
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw" */
static bool parse_line(struct mounts *m, const char *line, const char *eol, struct mount *mount)
{
	char head[64];
	unsigned id, parent, major, minor;
	int used = 0;
	const char *at = line;

	snprintf(head, sizeof(head), "%.*s", (int)(eol - line < 63 ? eol - line : 63), line);
	if (sscanf(head, "%u %u %u:%u %n", &id, &parent, &major, &minor, &used) != 4 || !used)
		return false;
	at = line + used;
	mount->id = id;
	mount->parent = parent;
	mount->dev = makedev(major, minor);
	mount->root = word(m, &at, eol);
	mount->point = word(m, &at, eol);
	word(m, &at, eol); /* options */
	while (at < eol && strcmp(word(m, &at, eol), "-") != 0)
		; /* optional fields */
	mount->fstype = word(m, &at, eol);
	mount->source = word(m, &at, eol);
	return *mount->fstype != '\0';
}

void mounts_parse(struct mounts *m, const char *text, size_t len, uint64_t mntns)
{
	const char *end = text + len;

	m->sorted = false;
	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		struct mount mount = { .mntns = mntns };

		if (!eol)
			eol = end;
		if (parse_line(m, text, eol, &mount)) {
			if (m->n == m->cap) {
				m->cap = m->cap ? m->cap * 2 : 64;
				m->at = xreallocarray(m->at, m->cap, sizeof(*m->at));
			}
			m->at[m->n++] = mount;
		}
		text = eol + 1;
	}
}

bool mounts_have(const struct mounts *m, uint64_t mntns)
{
	for (size_t i = 0; i < m->n_namespaces; i++)
		if (m->namespaces[i] == mntns)
			return true;
	return false;
}

int mounts_add(struct mounts *m, int dir, uint64_t mntns)
{
	autobuf text = BUF_INIT;
	int r;

	if (mntns && mounts_have(m, mntns))
		return 0;
	r = proc_read(dir, "mountinfo", &text);
	if (r < 0)
		return r;
	mounts_parse(m, buf_str(&text), text.len, mntns);
	m->namespaces = xreallocarray(m->namespaces, m->n_namespaces + 1, sizeof(uint64_t));
	m->namespaces[m->n_namespaces++] = mntns;
	return 0;
}

static int by_id(const void *a, const void *b)
{
	uint32_t x = ((const struct mount *)a)->id, y = ((const struct mount *)b)->id;

	return x < y ? -1 : x > y;
}

void mounts_finish(struct mounts *m)
{
	if (m->n)
		qsort(m->at, m->n, sizeof(*m->at), by_id);
	m->sorted = true;
}

const struct mount *mounts_find(const struct mounts *m, uint32_t id)
{
	struct mount key = { .id = id };

	if (!m->n || !m->sorted)
		return NULL;
	return bsearch(&key, m->at, m->n, sizeof(*m->at), by_id);
}

void mounts_release(struct mounts *m)
{
	free(m->at);
	free(m->namespaces);
	arena_release(&m->arena);
	*m = (struct mounts){ 0 };
}

bool mount_may_hang(const struct mount *mount)
{
	static const char *const types[] = {
		"nfs",       "nfs4",   "cifs",    "smb3",   "smbfs", "ceph",  "afs",    "9p",
		"glusterfs", "lustre", "autofs",  "ncpfs",  "coda",  "gfs2",  "ocfs2",  "orangefs",
		"virtiofs",  "fuse",   "fuseblk", "beegfs", "gpfs",  "panfs", "vboxsf", "vmhgfs",
	};

	if (!mount || strncmp(mount->fstype, "fuse.", 5) == 0)
		return true;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(mount->fstype, types[i]) == 0)
			return true;
	return false;
}
