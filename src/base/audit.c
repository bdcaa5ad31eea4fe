/* SPDX-License-Identifier: MIT */
#include "src/base/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "src/base/buf.h"
#include "src/base/fd.h"
#include "src/base/json.h"

static void add_time(struct json *j)
{
	struct timespec ts;
	struct tm tm;
	char s[64];
	autobuf text = BUF_INIT;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(s, sizeof(s), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_addf(&text, "%s.%06ldZ", s, ts.tv_nsec / 1000);
	json_str(j, "time", buf_str(&text));
}

void audit_format(struct buf *out, const struct audit_event *ev)
{
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	add_time(&j);
	if (ev->pid) {
		json_i64(&j, "pid", ev->pid);
		json_u64(&j, "start", ev->start);
		json_bytes(&j, "comm", ev->comm, ev->comm_len);
	} else {
		json_null(&j, "pid");
	}
	if (ev->fd >= 0)
		json_i64(&j, "fd", ev->fd);
	else
		json_null(&j, "fd");
	json_str(&j, "operation", ev->op);
	json_str(&j, "effect", effect_name(ev->effect));
	json_str(&j, "outcome", ev->err ? fail_errno_name(ev->err) : "ok");
	if (ev->err)
		json_str(&j, "call", ev->call);
	if (ev->detail)
		json_str(&j, "detail", ev->detail);
	json_end_object(&j);
	json_line(&j);
}

int audit_append(const char *path, const struct audit_event *ev, struct fail *f)
{
	autobuf line = BUF_INIT;
	autoclose int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0) {
		fail_set(f, errno, "open", "%s", path);
		fail_class(f, FAIL_OUTPUT);
		return f ? -f->err : -EIO;
	}
	audit_format(&line, ev);
	r = fd_write_all(fd, line.data, line.len);
	if (r < 0) {
		fail_set(f, -r, "write", "%s", path);
		fail_class(f, FAIL_OUTPUT);
	}
	return r;
}
