/* SPDX-License-Identifier: MIT */
/* What all ways of peeking share, and the way for kinds that have only a state. */
#include "src/kind/peek.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>

int peek_fail(struct peek *p, int err, const char *call)
{
	const struct procent *proc = p->ent ? p->ent->proc : NULL;

	if (proc && p->ent->fd >= 0)
		return fail_set(p->fail, err, call, "descriptor %d of process %d", p->ent->fd,
				proc->pid);
	if (proc)
		return fail_set(p->fail, err, call, "%s of process %d", assoc_name(p->ent->assoc),
				proc->pid);
	return fail_set(p->fail, err, call, "a descriptor that we hold");
}

int peek_refuse(struct peek *p, int err, const char *call, const char *why, const char *advice)
{
	peek_fail(p, err, call);
	fail_class(p->fail, FAIL_OTHER);
	fail_why(p->fail, "%s", why);
	if (advice)
		fail_advice(p->fail, "%s", advice);
	return -err;
}

void peek_miss(struct peek *p, const char *fmt, ...)
{
	va_list ap;

	p->incomplete = true;
	va_start(ap, fmt);
	vsnprintf(p->missing, sizeof(p->missing), fmt, ap);
	va_end(ap);
}

int peek_reopen(int fd, int flags)
{
	char path[32];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, flags | O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return again < 0 ? -errno : again;
}

bool peek_has_write_lease(int fd)
{
	/*
	 * F_GETLEASE answers for this open file description. A write lease is
	 * given only while nobody else has the file open, so that is the one.
	 */
	return fcntl(fd, F_GETLEASE) == F_WRLCK;
}

static int state_line(struct peek *p, const struct fact *fact)
{
	autobuf line = BUF_INIT;

	buf_addf(&line, "%s: ", fact->name ? fact->name : "-");
	fact_display(&line, fact, TEXT_UTF8);
	return p->piece(p, &(struct peek_piece){
				   .unit = PEEK_STATE,
				   .data = buf_str(&line),
				   .len = line.len,
				   .full_len = line.len,
			   });
}

int peek_state(struct peek *p)
{
	const struct kind *kind = p->ent->kind ? p->ent->kind : kind_of(p->ent);
	struct kind_ctx ctx = *p->ctx;
	struct facts_flat flat;
	int r = 0;

	p->method = "facts";
	ctx.grab = p->fd;
	ctx.trace = true;
	facts_flat_init(&flat, NULL);
	kind->facts(p->ent, &ctx, &flat.sink);
	for (size_t i = 0; i < flat.n && r == 0; i++)
		r = state_line(p, &flat.at[i]);
	facts_flat_release(&flat);
	return r;
}
