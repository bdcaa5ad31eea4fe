/* SPDX-License-Identifier: MIT */
#include "src/base/fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static enum fail_class class_of(int err)
{
	switch (err) {
	case EPERM:
	case EACCES:
		return FAIL_PERMISSION;
	case ESRCH:
	case EBADF:
		return FAIL_GONE;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return FAIL_OUTPUT;
	default:
		return FAIL_OTHER;
	}
}

int fail_set(struct fail *f, int err, const char *call, const char *on, ...)
{
	va_list ap;

	if (!f)
		return -err;
	fail_clear(f);
	f->err = err;
	f->class = class_of(err);
	snprintf(f->call, sizeof(f->call), "%s", call);
	va_start(ap, on);
	vsnprintf(f->on, sizeof(f->on), on, ap);
	va_end(ap);
	return -err;
}

void fail_why(struct fail *f, const char *fmt, ...)
{
	va_list ap;

	if (!f)
		return;
	va_start(ap, fmt);
	vsnprintf(f->why, sizeof(f->why), fmt, ap);
	va_end(ap);
}

void fail_advice(struct fail *f, const char *fmt, ...)
{
	va_list ap;

	if (!f)
		return;
	va_start(ap, fmt);
	vsnprintf(f->advice, sizeof(f->advice), fmt, ap);
	va_end(ap);
}

void fail_class(struct fail *f, enum fail_class class)
{
	if (f)
		f->class = class;
}

void fail_clear(struct fail *f)
{
	if (f)
		memset(f, 0, sizeof(*f));
}

int fail_status(const struct fail *f)
{
	static const int status[] = {
		[FAIL_OTHER] = 1, [FAIL_USAGE] = 2,  [FAIL_PERMISSION] = 3,
		[FAIL_GONE] = 4,  [FAIL_OUTPUT] = 5,
	};

	return status[f->class];
}

const char *fail_errno_name(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : "E?";
}
