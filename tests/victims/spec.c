/* SPDX-License-Identifier: MIT */
#include "tests/victims/victim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name;
	void (*open)(struct spec *s);
} kinds[] = {
	{ "file", open_file },
	{ "dir", open_dir },
	{ "symlink", open_symlink },
	{ "block", open_block },
	{ "char", open_char },
	{ "tty", open_tty },
	{ "fifo", open_fifo },
	{ "pipe", open_pipe },
	{ "tcp", open_tcp },
	{ "udp", open_udp },
	{ "udplite", open_udplite },
	{ "raw", open_raw },
	{ "icmp", open_icmp },
	{ "unix", open_unix },
	{ "netlink", open_netlink },
	{ "packet", open_packet },
	{ "vsock", open_vsock },
	{ "socket", open_socket },
	{ "eventfd", open_eventfd },
	{ "timerfd", open_timerfd },
	{ "signalfd", open_signalfd },
	{ "epoll", open_epoll },
	{ "inotify", open_inotify },
	{ "fanotify", open_fanotify },
	{ "pidfd", open_pidfd },
	{ "memfd", open_memfd },
	{ "secretmem", open_secretmem },
	{ "io_uring", open_io_uring },
	{ "bpf-map", open_bpf_map },
	{ "bpf-prog", open_bpf_prog },
	{ "bpf-link", open_bpf_link },
	{ "perf", open_perf },
	{ "userfaultfd", open_userfaultfd },
	{ "seccomp", open_seccomp },
	{ "landlock", open_landlock },
	{ "fscontext", open_fscontext },
	{ "mqueue", open_mqueue },
	{ "namespace", open_namespace },
	{ "kvm", open_kvm },
	{ "dmabuf", open_dmabuf },
	{ "tun", open_tun },
	{ "anon", open_anon },
	{ "dup", open_dup },
	{ "reopen", open_reopen },
};

void die(const char *fmt, ...)
{
	va_list ap;

	fputs("victim: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	temp_cleanup();
	exit(1);
}

long must(long rc, const char *what)
{
	if (rc < 0)
		die("%s: %s", what, strerror(errno));
	return rc;
}

const char *spec_str(struct spec *s, const char *key, const char *otherwise)
{
	for (int i = 0; i < s->nkv; i++) {
		if (strcmp(s->kv[i].key, key) != 0)
			continue;
		s->kv[i].used = true;
		return s->kv[i].val;
	}
	return otherwise;
}

static long long number(const char *key, const char *text, char **end)
{
	long long n;

	errno = 0;
	n = strtoll(text, end, 0);
	if (*end == text || errno)
		die("%s: bad number: %s", key, text);
	switch (**end) {
	case 'K':
		n <<= 10;
		break;
	case 'M':
		n <<= 20;
		break;
	case 'G':
		n <<= 30;
		break;
	default:
		return n;
	}
	++*end;
	return n;
}

long long spec_num(struct spec *s, const char *key, long long otherwise)
{
	const char *text = spec_str(s, key, NULL);
	char *end;
	long long n;

	if (!text)
		return otherwise;
	n = number(key, text, &end);
	if (*end)
		die("%s: bad number: %s", key, text);
	return n;
}

bool spec_flag(struct spec *s, const char *key)
{
	const char *text = spec_str(s, key, "0");

	return strcmp(text, "0") != 0;
}

int spec_list(struct spec *s, const char *key, long long *list)
{
	const char *text = spec_str(s, key, NULL);
	char *end;
	int n = 0;

	while (text && *text) {
		if (n == SIZES_MAX)
			die("%s: more than %d", key, SIZES_MAX);
		list[n++] = number(key, text, &end);
		if (*end && *end != '+')
			die("%s: bad list", key);
		text = *end ? end + 1 : end;
	}
	return n;
}

char *spec_bytes(struct spec *s, const char *key, size_t *len)
{
	char key64[32];
	const char *text;
	char *bytes;

	snprintf(key64, sizeof(key64), "%s64", key);
	text = spec_str(s, key64, NULL);
	if (text) {
		bytes = base64_decode(text, len);
		if (!bytes)
			die("%s: not base64", key64);
		return bytes;
	}
	text = spec_str(s, key, NULL);
	if (!text)
		return NULL;
	*len = strlen(text);
	return strdup(text);
}

int place_at(struct spec *s, const char *key, int raw)
{
	long long want = spec_num(s, key, -1), stride = spec_num(s, "stride", 1);
	bool cloexec = spec_num(s, "cloexec", 1);
	int fd = raw;

	if (want >= 0)
		want += s->iter * stride;
	if (want >= 0 && want != raw) {
		if (fcntl((int)want, F_GETFD) >= 0)
			die("%s: %s=%lld is taken", s->kind, key, want);
		fd = (int)must(dup3(raw, (int)want, O_CLOEXEC), "dup3");
		close(raw);
	} else if (want < 0 && raw < FIRST_FD) {
		fd = (int)must(fcntl(raw, F_DUPFD_CLOEXEC, FIRST_FD), "F_DUPFD_CLOEXEC");
		close(raw);
	}
	must(fcntl(fd, F_SETFD, cloexec ? FD_CLOEXEC : 0), "F_SETFD");
	return fd;
}

int place(struct spec *s, int raw)
{
	return place_at(s, "fd", raw);
}

void skip(struct spec *s, const char *fmt, ...)
{
	struct held *h = held_new(-1, s->kind);
	char why[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	held_str(h, "skipped", why);
	/* Whatever else was asked for will not be looked at. */
	for (int i = 0; i < s->nkv; i++)
		s->kv[i].used = true;
}

bool usable(struct spec *s, int rc, const char *call)
{
	if (rc >= 0)
		return true;
	skip(s, "%s: %s", call, strerror(errno));
	return false;
}

static void spec_parse(struct spec *s, const char *text)
{
	char *p, *save = NULL;

	memset(s, 0, sizeof(*s));
	s->buf = strdup(text);
	s->kind = s->buf;
	p = strchr(s->buf, ':');
	if (!p)
		return;
	*p++ = '\0';
	for (p = strtok_r(p, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
		char *eq = strchr(p, '=');

		if (s->nkv == SPEC_KEYS)
			die("%s: more than %d keys", s->kind, SPEC_KEYS);
		if (eq)
			*eq++ = '\0';
		s->kv[s->nkv].key = p;
		s->kv[s->nkv++].val = eq ? eq : (char *)"1";
	}
}

void spec_run(const char *text)
{
	struct spec s;
	size_t k = 0;
	long long count;

	spec_parse(&s, text);
	while (k < sizeof(kinds) / sizeof(*kinds) && strcmp(kinds[k].name, s.kind) != 0)
		k++;
	if (k == sizeof(kinds) / sizeof(*kinds))
		die("unknown kind: %s", s.kind);
	count = spec_num(&s, "count", 1);
	for (s.iter = 0; s.iter < count; s.iter++)
		kinds[k].open(&s);
	/* Keys of place_at() are known even to a kind that skipped early. */
	spec_str(&s, "fd", NULL);
	for (int i = 0; i < s.nkv && count; i++)
		if (!s.kv[i].used)
			die("%s: unknown key: %s", s.kind, s.kv[i].key);
	free(s.buf);
}
