/* SPDX-License-Identifier: MIT */
#include "src/take/recover_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/stop/freeze.h"
#include "src/take/dump_state.h"

struct part {
	uint64_t start, end, offset; /* addresses, and where in the file */
	bool may_differ;             /* private and writable */
};

struct parts {
	struct part *at;
	size_t n;
};

static bool parse_part(const char *line, const struct fdent *e, struct part *p)
{
	unsigned major, minor;
	uint64_t ino;
	char perms[5];

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64, &p->start,
		   &p->end, perms, &p->offset, &major, &minor, &ino) != 7)
		return false;
	p->may_differ = perms[1] == 'w' && perms[3] == 'p';
	return ino == e->ino && perms[0] == 'r' &&
	       (!(e->have & HAVE_STAT) || makedev(major, minor) == e->dev || e->dev);
}

static int by_offset(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->may_differ - y->may_differ;
}

static int read_parts(const struct dump_state *d, struct parts *parts)
{
	autobuf maps = BUF_INIT;
	int r = proc_read(d->o->target->dir, "maps", &maps);
	char *save = NULL;

	if (r < 0)
		return fail_set(&d->r->fail, -r, "read", "maps of process %d", d->o->target->pid);
	for (char *line = maps.data ? strtok_r(maps.data, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		struct part p;

		if (!parse_part(line, d->o->ent, &p))
			continue;
		parts->at = xreallocarray(parts->at, parts->n + 1, sizeof(p));
		parts->at[parts->n++] = p;
	}
	if (parts->n)
		qsort(parts->at, parts->n, sizeof(*parts->at), by_offset);
	return 0;
}

/* Behind the end of the file a page of the mapping cannot be read: that is the end. */
static int copy_part(struct dump_state *d, int mem, const struct part *p)
{
	uint64_t from = p->offset < d->at ? d->at : p->offset;
	uint64_t end = p->offset + (p->end - p->start);
	int r = 0;

	if (from < end && from > d->at)
		r = dump_put_hole(d, from - d->at);
	while (from < end && r == 0) {
		size_t size;
		char *buf = hasher_buffer(d->hasher, &size);
		ssize_t n;

		if (end - from < size)
			size = (size_t)(end - from);
		n = pread(mem, buf, size, (off_t)(p->start + (from - p->offset)));
		if (n <= 0)
			break;
		r = dump_put(d, buf, (size_t)n, true);
		from += (uint64_t)n;
	}
	return r;
}

static void say_missing(struct dump_state *d, const struct parts *parts, uint64_t mapped)
{
	bool differ = false;

	for (size_t i = 0; i < parts->n; i++)
		differ |= parts->at[i].may_differ;
	snprintf(d->r->missing, sizeof(d->r->missing),
		 "read from memory: %" PRIu64 " bytes, the pages that are mapped; its end and the "
		 "rest need CAP_CHECKPOINT_RESTORE%s",
		 mapped, differ ? "; private parts may differ" : "");
}

static int copy_parts(struct dump_state *d)
{
	autoclose int mem = openat(d->o->target->dir, "mem", O_RDONLY | O_CLOEXEC);
	struct parts parts = { 0 };
	int r;

	if (mem < 0)
		return fail_set(&d->r->fail, errno, "open", "memory of process %d",
				d->o->target->pid);
	r = read_parts(d, &parts);
	for (size_t i = 0; i < parts.n && r == 0; i++)
		r = copy_part(d, mem, &parts.at[i]);
	say_missing(d, &parts, d->r->copied);
	free(parts.at);
	return r;
}

static int copy_frozen(struct dump_state *d)
{
	struct dump_result *r = d->r;
	struct freeze z;
	int err = freeze_begin(&z, d->o->target, FREEZE_ALLOW_ALL, &r->fail);

	if (err < 0)
		return err;
	r->frozen = freeze_way_info(freeze_way(&z))->name;
	r->frozen_warning = freeze_way_info(freeze_way(&z))->warning;
	r->effect = (struct cell){ EFFECT_STOP, "stops the target and reads its memory" };
	err = copy_parts(d);
	r->pause_ns = freeze_end(&z);
	return err;
}

int recover_memory(const struct fdent *e, const struct dump_opts *o, struct dump_result *r)
{
	struct dump_opts mine = *o;
	struct dump_state d = { .o = &mine, .r = r, .src = -1 };
	int err;

	mine.ent = e;
	memset(r, 0, sizeof(*r));
	snprintf(r->method, sizeof(r->method), "process memory");
	r->effect = (struct cell){ EFFECT_NONE, "reads the memory of the target" };
	d.hasher = dump_hasher(&d, o->hashes);
	if (!d.hasher)
		return fail_set(&r->fail, errno, "pthread_create", "the thread that hashes");
	err = out_open(&d.out, &o->out, &r->fail);
	if (err == 0) {
		err = o->freeze ? copy_frozen(&d) : copy_parts(&d);
		err = dump_finish(&d, err);
	}
	out_close(&d.out);
	hasher_free(d.hasher);
	return err;
}
