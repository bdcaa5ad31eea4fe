/* SPDX-License-Identifier: MIT */
/* A survey made by hand, with a kind that has a fact of every type. */
#ifndef TESTS_UNIT_PICTURE_H
#define TESTS_UNIT_PICTURE_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "src/survey/survey.h"

static unsigned picture_facts_drawn;

static inline void picture_facts(const struct fdent *e, const struct kind_ctx *ctx,
				 struct facts *out)
{
	(void)ctx;
	picture_facts_drawn++;
	fact_u64(out, "count", (uint64_t)e->fd * 10);
	fact_ns(out, "rtt", 20000000);
	fact_bool(out, "live", e->fd % 2 == 0);
	fact_text(out, "state", "LISTEN");
	fact_bytes(out, "path", "/tmp/Socket", 11);
	fact_octal(out, "umode", 0644);
	fact_hex(out, "mask", 0xff);
	fact_i64(out, "delta", -3);
	fact_time(out, "when", (int64_t)1700000000 * 1000000000);
	fact_fail(out, "gone", "ioctl", 22);
	fact_null(out, "absent");
	fact_list(out, "seals");
	fact_text(out, NULL, "F_SEAL_SHRINK");
	fact_text(out, NULL, "F_SEAL_GROW");
	fact_end_list(out);
	fact_list(out, "watches");
	for (int i = 0; i < 3; i++) {
		fact_object(out, NULL);
		fact_i64(out, "tfd", i + 4);
		fact_end_object(out);
	}
	fact_end_list(out);
	if (e->fd == 3)
		fact_u64(out, "only3", 1);
	if (facts_wants(out, "dear"))
		fact_u64(out, "dear", 1);
}

static const struct kind picture_kind = {
	.name = "file",
	.facts = picture_facts,
	.brief = "{path}[ count {count}]",
};

struct picture {
	struct survey s;
	struct procent proc[4], *list[4];
};

/* n descriptors in process i: files of 100 bytes, inode = fd. */
static inline void picture_add(struct picture *p, pid_t pid, uint32_t n)
{
	struct procent *proc = &p->proc[p->s.n_procs];

	*proc = (struct procent){ .pid = pid,
				  .start = (uint64_t)pid * 7,
				  .uid = 12345,
				  .comm = "nginx: worker",
				  .comm_len = 13,
				  .state = 'S',
				  .limit = 200,
				  .n_fds = n,
				  .n_rows = n,
				  .rows = calloc(n + 1, sizeof(*proc->rows)) };
	for (uint32_t fd = 0; fd < n; fd++)
		proc->rows[fd] = (struct fdent){ .proc = proc,
						 .kind = &picture_kind,
						 .fd = (int)fd,
						 .name = "/var/log/error.log",
						 .name_len = 18,
						 .dev = 0x801,
						 .ino = 100 + fd,
						 .size = 100 * (fd + 1),
						 .pos = fd,
						 .nlink = 1,
						 .mode = S_IFREG | 0644,
						 .flags = O_RDWR,
						 .have = HAVE_LINK | HAVE_STAT | HAVE_INFO |
							 HAVE_INO | HAVE_SIZE | HAVE_NLINK };
	p->list[p->s.n_procs++] = proc;
	p->s.procs = p->list;
}

static inline void picture_release(struct picture *p)
{
	for (size_t i = 0; i < p->s.n_procs; i++)
		free(p->proc[i].rows);
}

#endif
