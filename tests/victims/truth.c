/* SPDX-License-Identifier: MIT */
#include "tests/victims/victim.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static struct held **held;
static size_t nheld;
static pid_t main_tid;

void truth_begin(void)
{
	main_tid = thread_id();
}

static bool in_table(void)
{
	return thread_id() != main_tid;
}

struct held *held_new(int fd, const char *kind)
{
	struct held *h = calloc(1, sizeof(*h));

	if ((nheld & (nheld - 1)) == 0)
		held = realloc(held, (nheld ? nheld * 2 : 1) * sizeof(*held));
	held[nheld++] = h;
	h->fd = fd;
	h->same_as = -1;
	h->table = in_table();
	snprintf(h->kind, sizeof(h->kind), "%s", kind);
	h->more = open_memstream(&h->text, &h->len);
	return h;
}

struct held *held_find(int fd)
{
	for (size_t i = nheld; i-- > 0;)
		if (held[i]->fd == fd && held[i]->table == in_table())
			return held[i];
	/* A table of its own began as a copy of the first one. */
	for (size_t i = nheld; i-- > 0;)
		if (held[i]->fd == fd && !held[i]->table)
			return held[i];
	return NULL;
}

void json_string(FILE *out, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	fputc('"', out);
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '"' || p[i] == '\\')
			fprintf(out, "\\%c", p[i]);
		else if (p[i] < 0x20 || p[i] >= 0x7f)
			fprintf(out, "\\u%04x", p[i]);
		else
			fputc(p[i], out);
	}
	fputc('"', out);
}

void json_bytes(FILE *out, const char *key, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	bool plain = true;

	for (size_t i = 0; i < len; i++)
		plain &= p[i] >= 0x20 && p[i] < 0x7f;
	fprintf(out, ",\"%s\":", key);
	if (plain) {
		json_string(out, bytes, len);
		return;
	}
	fprintf(out, "null,\"%s_b64\":\"", key);
	base64_print(out, bytes, len);
	fputc('"', out);
}

void held_num(struct held *h, const char *key, long long value)
{
	fprintf(h->more, ",\"%s\":%lld", key, value);
}

void held_bool(struct held *h, const char *key, bool value)
{
	fprintf(h->more, ",\"%s\":%s", key, value ? "true" : "false");
}

void held_str(struct held *h, const char *key, const char *value)
{
	json_bytes(h->more, key, value, strlen(value));
}

void held_bytes(struct held *h, const char *key, const void *bytes, size_t len)
{
	json_bytes(h->more, key, bytes, len);
}

void held_list(struct held *h, const char *key, const long long *list, int n)
{
	fprintf(h->more, ",\"%s\":[", key);
	for (int i = 0; i < n; i++)
		fprintf(h->more, "%s%lld", i ? "," : "", list[i]);
	fputc(']', h->more);
}

void held_raw(struct held *h, const char *key, const char *fmt, ...)
{
	va_list ap;

	fprintf(h->more, ",\"%s\":", key);
	va_start(ap, fmt);
	vfprintf(h->more, fmt, ap);
	va_end(ap);
}

static void print_common(FILE *out, int fd)
{
	struct stat st;
	off_t pos = lseek(fd, 0, SEEK_CUR);
	int flags = fcntl(fd, F_GETFL), fdflags = fcntl(fd, F_GETFD);

	if (fdflags < 0 || fstat(fd, &st) < 0)
		return;
	fprintf(out, ",\"ino\":%ju,\"dev\":\"%u:%u\",\"nlink\":%ju,\"mode\":\"%o\"",
		(uintmax_t)st.st_ino, major(st.st_dev), minor(st.st_dev), (uintmax_t)st.st_nlink,
		st.st_mode);
	if (S_ISREG(st.st_mode))
		fprintf(out, ",\"size\":%jd,\"blocks\":%jd", (intmax_t)st.st_size,
			(intmax_t)st.st_blocks);
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		fprintf(out, ",\"rdev\":\"%u:%u\"", major(st.st_rdev), minor(st.st_rdev));
	if (pos >= 0)
		fprintf(out, ",\"pos\":%jd", (intmax_t)pos);
	fprintf(out, ",\"flags\":\"0%o\",\"cloexec\":%s", flags, fdflags ? "true" : "false");
}

void truth_one(FILE *out, struct held *h)
{
	fflush(h->more);
	if (h->fd >= 0)
		fprintf(out, "{\"fd\":%d", h->fd);
	else
		fprintf(out, "{\"fd\":null");
	fprintf(out, ",\"kind\":\"%s\",\"tid\":", h->kind);
	if (h->table)
		fprintf(out, "%d", (int)outer_tid());
	else
		fputs("null", out);
	if (h->fd >= 0)
		print_common(out, h->fd);
	if (h->same_as >= 0)
		fprintf(out, ",\"same_as\":%d", h->same_as);
	if (h->seed)
		fprintf(out, ",\"seed\":%" PRIu64, h->seed);
	fprintf(out, "%.*s}\n", (int)h->len, h->text);
}

void truth_print(FILE *out)
{
	for (size_t i = 0; i < nheld; i++)
		if (held[i]->table == in_table())
			truth_one(out, held[i]);
	fflush(out);
}
