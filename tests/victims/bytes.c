/* SPDX-License-Identifier: MIT */
#include "tests/victims/victim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <mqueue.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK 65536

/* splitmix64: eight bytes of pattern from their place alone. */
static uint64_t pattern_word(uint64_t seed, uint64_t index)
{
	uint64_t z = (seed << 40) + (index + 1) * 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

void pattern(uint64_t seed, uint64_t offset, void *to, size_t len)
{
	unsigned char *out = to;

	while (len) {
		uint64_t word = pattern_word(seed, offset / 8);
		unsigned from = offset % 8;
		size_t n = 8 - from;

		if (n > len)
			n = len;
		for (size_t i = 0; i < n; i++)
			out[i] = (unsigned char)(word >> ((from + i) * 8));
		out += n;
		offset += n;
		len -= n;
	}
}

void pattern_pwrite(int fd, uint64_t seed, uint64_t offset, uint64_t len)
{
	char *buf = malloc(CHUNK);
	bool seekable = lseek(fd, 0, SEEK_CUR) >= 0;

	while (len) {
		size_t n = len < CHUNK ? (size_t)len : CHUNK;
		ssize_t did;

		pattern(seed, offset, buf, n);
		did = seekable ? pwrite(fd, buf, n, (off_t)offset) : write(fd, buf, n);
		if (did < 0 && errno == EINTR)
			continue;
		must(did, "write");
		offset += (uint64_t)did;
		len -= (uint64_t)did;
	}
	free(buf);
}

uint64_t pattern_queue(int fd, uint64_t seed, uint64_t offset, uint64_t len)
{
	char *buf = malloc(CHUNK);
	int flags = fcntl(fd, F_GETFL);
	uint64_t done = 0;

	must(fcntl(fd, F_SETFL, flags | O_NONBLOCK), "F_SETFL");
	while (done < len) {
		size_t n = len - done < CHUNK ? (size_t)(len - done) : CHUNK;
		ssize_t did;

		pattern(seed, offset + done, buf, n);
		did = write(fd, buf, n);
		if (did < 0 && errno == EINTR)
			continue;
		if (did < 0 && errno == EAGAIN) {
			struct pollfd p = { .fd = fd, .events = POLLOUT };

			/* A peer on this machine makes room at once or never. */
			if (poll(&p, 1, 200) == 1)
				continue;
			break;
		}
		must(did, "write");
		done += (uint64_t)did;
	}
	must(fcntl(fd, F_SETFL, flags), "F_SETFL");
	free(buf);
	return done;
}

uint64_t fnv1a(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	while (len--)
		hash = (hash ^ *p++) * 0x100000001b3ULL;
	return hash;
}

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_print(FILE *out, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		unsigned v = p[i] << 16;

		v |= left > 1 ? p[i + 1] << 8 : 0;
		v |= left > 2 ? p[i + 2] : 0;
		fputc(digits[v >> 18], out);
		fputc(digits[v >> 12 & 63], out);
		fputc(left > 1 ? digits[v >> 6 & 63] : '=', out);
		fputc(left > 2 ? digits[v & 63] : '=', out);
	}
}

char *base64_decode(const char *text, size_t *len)
{
	char *bytes = malloc(strlen(text) / 4 * 3 + 4);
	unsigned v = 0, bits = 0;
	size_t n = 0;

	for (; *text && *text != '='; text++) {
		const char *d = strchr(digits, *text);

		if (!d) {
			free(bytes);
			return NULL;
		}
		v = v << 6 | (unsigned)(d - digits);
		bits += 6;
		if (bits >= 8)
			bytes[n++] = (char)(v >> (bits -= 8));
	}
	bytes[n] = '\0';
	*len = n;
	return bytes;
}

static char *temp_dir;
static pid_t temp_owner;

char *temp_path(const char *name, size_t len)
{
	const char *base = getenv("TMPDIR");
	char *path;

	if (!temp_dir) {
		if (asprintf(&temp_dir, "%s/victim.XXXXXX", base ? base : "/tmp") < 0 ||
		    !mkdtemp(temp_dir))
			die("mkdtemp %s: %s", temp_dir, strerror(errno));
		temp_owner = getpid();
	}
	if (asprintf(&path, "%s/%.*s", temp_dir, (int)len, name) < 0)
		die("out of memory");
	return path;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static char *queues[16];

void cleanup_mq(const char *name)
{
	for (size_t i = 0; i < sizeof(queues) / sizeof(*queues); i++) {
		if (queues[i])
			continue;
		queues[i] = strdup(name);
		temp_owner = getpid();
		return;
	}
	die("more than 16 message queues");
}

void temp_cleanup(void)
{
	if (temp_owner != getpid())
		return;
	for (size_t i = 0; i < sizeof(queues) / sizeof(*queues); i++)
		if (queues[i])
			mq_unlink(queues[i]);
	if (temp_dir)
		nftw(temp_dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
