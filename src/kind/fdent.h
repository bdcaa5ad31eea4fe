/* SPDX-License-Identifier: MIT */
/*
 * One descriptor as a survey stores it: a compact record, not name/value
 * pairs. Bytes it points to live in the survey's arenas.
 */
#ifndef KIND_FDENT_H
#define KIND_FDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct kind;
struct sock_info;
struct fdent;

enum assoc { ASSOC_FD, ASSOC_CWD, ASSOC_ROOT, ASSOC_EXE, ASSOC_MEM };

enum deleted {
	DELETED_NO,
	DELETED_NAME,    /* the name it was opened by is gone, the inode has others */
	DELETED_INODE,   /* no name left */
	DELETED_UNKNOWN, /* the filesystem did not answer */
};

/* An fd table: a process, or a thread with a table of its own. */
struct procent {
	pid_t pid;
	pid_t tid; /* 0: the table that the leader uses */
	uint64_t start;
	uid_t uid; /* real uid */
	pid_t ppid;
	char state;
	bool kthread;
	int threads;
	uint64_t netns, mntns; /* inode numbers of its namespaces; 0: unknown */
	uint64_t limit;        /* soft RLIMIT_NOFILE; 0: unknown, UINT64_MAX: unlimited */
	int64_t n_fds;         /* how many the kernel says; -1: unknown */
	const char *comm;      /* hostile bytes */
	uint32_t comm_len;
	struct fdent *rows; /* in the order: cwd, root, exe, mem, descriptors ascending */
	uint32_t n_rows;
	int16_t err; /* why its table could not be read; 0: it was */
	const char *err_call;
};

enum fdent_have {
	HAVE_LINK = 1,   /* name */
	HAVE_STAT = 2,   /* mode, dev, rdev, ino; blocks where size means something */
	HAVE_INFO = 4,   /* pos, flags, mnt_id, extra */
	HAVE_INO = 8,    /* ino, from stat, link or fdinfo */
	HAVE_SIZE = 16,  /* size means something: files, memfds, block devices */
	HAVE_NLINK = 32, /* nlink */
};

struct fdent {
	const struct procent *proc;
	const struct kind *kind; /* never NULL once the survey is complete */
	const char *name;        /* link text without the kernel's " (deleted)"; hostile */
	/*
	 * The kind's own lines of fdinfo, for proc/fdinfo.h. For ASSOC_MEM one line
	 * "map: START-END maps: N": the first mapping, as named in map_files.
	 */
	const char *extra;
	const struct sock_info *sock; /* NULL: no socket, or not in the tables */
	uint64_t ino, dev, rdev;      /* dev, rdev as in makedev(3) */
	uint64_t pos, size, blocks;   /* blocks of 512 bytes */
	uint32_t name_len, extra_len;
	int32_t fd;     /* -1 unless assoc is ASSOC_FD */
	uint32_t flags; /* of open(2), with O_CLOEXEC */
	uint32_t mnt_id;
	uint32_t nlink;
	uint32_t ofd;    /* equal: the same open file description; 0: kcmp could not tell */
	uint32_t shares; /* members of this ofd among what was surveyed; 0: unknown */
	uint16_t mode;   /* st_mode */
	uint8_t have;    /* of enum fdent_have */
	uint8_t assoc, deleted;
	union {
		uint8_t proto;  /* sockets that no table has: see kind/socket.h */
		uint8_t origin; /* all others: enum origin, see kind/origin.h */
	};
	int16_t err; /* what could not be read: errno, 0: nothing */
	const char *err_call;
};

static inline bool fdent_is_fd(const struct fdent *e)
{
	return e->assoc == ASSOC_FD && e->fd >= 0;
}

const char *assoc_name(enum assoc a);     /* "fd", "cwd", ... */
const char *deleted_name(enum deleted d); /* "no", "name", "inode", "unknown" */

/* "r", "w", "rw", "path"; "" while unknown. */
const char *fdent_access(const struct fdent *e);

/* Does the link text begin with that? */
bool fdent_name_has(const struct fdent *e, const char *prefix);

/* The name is "anon_inode:" and this, with or without the brackets. */
bool fdent_is_anon(const struct fdent *e, const char *what);

#endif
