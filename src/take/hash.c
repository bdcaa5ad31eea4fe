/* SPDX-License-Identifier: MIT */
#include "src/take/hash.h"

#include <errno.h>
#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/thread.h"

#ifndef HASH_BUFFER
#define HASH_BUFFER (256 * 1024)
#endif
#define HASH_BUFFERS 16
/*
 * Who waits sleeps until it is worth it: two threads that wake each other for each
 * buffer are never ready at one time, and so are left on one processor.
 */
#define ENOUGH_FULL (HASH_BUFFERS / 4)
#define ENOUGH_FREE (HASH_BUFFERS / 2)

static const char *const names[HASH_COUNT] = {
	[HASH_SHA256] = "sha256",
	[HASH_SHA512] = "sha512",
	[HASH_SHA1] = "sha1",
	[HASH_MD5] = "md5",
};

const char *hash_name(enum hash_kind kind)
{
	return names[kind];
}

static int parse_one(const char *word, size_t len, unsigned *set)
{
	for (int i = 0; i < HASH_COUNT; i++)
		if (strlen(names[i]) == len && memcmp(names[i], word, len) == 0) {
			*set |= HASH_SET(i);
			return 0;
		}
	return -EINVAL;
}

int hash_parse(const char *list, unsigned *set, struct fail *f)
{
	*set = 0;
	if (strcmp(list, "none") == 0)
		return 0;
	for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (parse_one(at, strcspn(at, ","), set) < 0) {
			fail_set(f, EINVAL, "", "hash \"%s\"", list);
			fail_class(f, FAIL_USAGE);
			fail_why(f, "a hash is none, or some of sha256, sha512, sha1, md5");
			return -EINVAL;
		}
	return 0;
}

struct job {
	char *buf;
	size_t len; /* 0: the next zeros instead */
	uint64_t zeros;
};

struct hasher {
	unsigned set;
	bool threaded, ending;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t enough_full, enough_free;
	struct job job[HASH_BUFFERS];
	unsigned in, out; /* next to hand over, next to hash */
	unsigned full;    /* handed over and not yet hashed */
	char *zeros;
	struct sha256_ctx sha256;
	struct sha512_ctx sha512;
	struct sha1_ctx sha1;
	struct md5_ctx md5;
	const atomic_bool *cancel;
	atomic_bool abandoned;
	bool cut; /* something was left out: of the thread, until it is joined */
};

static void update(struct hasher *h, const void *p, size_t len)
{
	if (h->set & HASH_SET(HASH_SHA256))
		sha256_update(&h->sha256, len, p);
	if (h->set & HASH_SET(HASH_SHA512))
		sha512_update(&h->sha512, len, p);
	if (h->set & HASH_SET(HASH_SHA1))
		sha1_update(&h->sha1, len, p);
	if (h->set & HASH_SET(HASH_MD5))
		md5_update(&h->md5, len, p);
}

static bool is_given_up(const struct hasher *h)
{
	return atomic_load_explicit(&h->abandoned, memory_order_relaxed) ||
	       (h->cancel && atomic_load_explicit(h->cancel, memory_order_relaxed));
}

static void run_job(struct hasher *h, const struct job *job)
{
	if (job->len)
		update(h, job->buf, job->len);
	for (uint64_t left = job->zeros; left;) {
		size_t n = left < HASH_BUFFER ? (size_t)left : HASH_BUFFER;

		/* A hole may be larger than anybody's patience. */
		if (is_given_up(h)) {
			h->cut = true;
			return;
		}
		update(h, h->zeros, n);
		left -= n;
	}
}

static void *work(void *arg)
{
	struct hasher *h = arg;

	pthread_mutex_lock(&h->lock);
	for (;;) {
		while (!h->full && !h->ending)
			pthread_cond_wait(&h->enough_full, &h->lock);
		if (!h->full)
			break;
		pthread_mutex_unlock(&h->lock);
		run_job(h, &h->job[h->out]);
		pthread_mutex_lock(&h->lock);
		h->out = (h->out + 1) % HASH_BUFFERS;
		if (--h->full == HASH_BUFFERS - ENOUGH_FREE)
			pthread_cond_signal(&h->enough_free);
	}
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

static bool allocate(struct hasher *h)
{
	h->zeros = calloc(1, HASH_BUFFER);
	for (int i = 0; i < HASH_BUFFERS; i++)
		if (posix_memalign((void **)&h->job[i].buf, 4096, HASH_BUFFER) != 0)
			h->job[i].buf = NULL;
	for (int i = 0; i < HASH_BUFFERS; i++)
		if (!h->job[i].buf)
			return false;
	return h->zeros != NULL;
}

struct hasher *hasher_new(unsigned set)
{
	struct hasher *h = xcalloc(1, sizeof(*h));
	int r = allocate(h) ? 0 : ENOMEM;

	h->set = set;
	sha256_init(&h->sha256);
	sha512_init(&h->sha512);
	sha1_init(&h->sha1);
	md5_init(&h->md5);
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->enough_full, NULL);
	pthread_cond_init(&h->enough_free, NULL);
	if (r == 0 && set) {
		r = -thread_start(&h->thread, work, h);
		h->threaded = r == 0;
	}
	if (r == 0)
		return h;
	hasher_free(h);
	errno = r;
	return NULL;
}

static void end_thread(struct hasher *h)
{
	if (!h->threaded)
		return;
	pthread_mutex_lock(&h->lock);
	h->ending = true;
	pthread_cond_signal(&h->enough_full);
	pthread_mutex_unlock(&h->lock);
	pthread_join(h->thread, NULL);
	h->threaded = false;
}

void hasher_free(struct hasher *h)
{
	if (!h)
		return;
	atomic_store(&h->abandoned, true);
	end_thread(h);
	for (int i = 0; i < HASH_BUFFERS; i++)
		free(h->job[i].buf);
	free(h->zeros);
	pthread_mutex_destroy(&h->lock);
	pthread_cond_destroy(&h->enough_full);
	pthread_cond_destroy(&h->enough_free);
	free(h);
}

static struct job *free_job(struct hasher *h)
{
	pthread_mutex_lock(&h->lock);
	while (h->full == HASH_BUFFERS)
		pthread_cond_wait(&h->enough_free, &h->lock);
	pthread_mutex_unlock(&h->lock);
	return &h->job[h->in];
}

void *hasher_buffer(struct hasher *h, size_t *size)
{
	*size = HASH_BUFFER;
	return free_job(h)->buf;
}

void hasher_exchange(struct hasher *h, char **buf)
{
	struct job *job = free_job(h);
	char *filled = *buf;

	*buf = job->buf;
	job->buf = filled;
}

static void hand_over(struct hasher *h, size_t len, uint64_t zeros)
{
	struct job *job = free_job(h);

	if (!h->threaded || (!len && !zeros))
		return;
	pthread_mutex_lock(&h->lock);
	job->len = len;
	job->zeros = zeros;
	h->in = (h->in + 1) % HASH_BUFFERS;
	if (++h->full == ENOUGH_FULL)
		pthread_cond_signal(&h->enough_full);
	pthread_mutex_unlock(&h->lock);
}

void hasher_submit(struct hasher *h, size_t len)
{
	hand_over(h, len, 0);
}

void hasher_zeros(struct hasher *h, uint64_t n)
{
	hand_over(h, 0, n);
}

static void hex(char *out, const uint8_t *digest, size_t n)
{
	for (size_t i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

void hasher_cancel_by(struct hasher *h, const atomic_bool *cancel)
{
	h->cancel = cancel;
}

int hasher_finish(struct hasher *h, struct hash_result *result)
{
	uint8_t digest[SHA512_DIGEST_SIZE];

	end_thread(h);
	memset(result, 0, sizeof(*result));
	if (h->cut)
		return -ECANCELED;
	result->set = h->set;
	if (h->set & HASH_SET(HASH_SHA256)) {
		sha256_digest(&h->sha256, SHA256_DIGEST_SIZE, digest);
		hex(result->hex[HASH_SHA256], digest, SHA256_DIGEST_SIZE);
	}
	if (h->set & HASH_SET(HASH_SHA512)) {
		sha512_digest(&h->sha512, SHA512_DIGEST_SIZE, digest);
		hex(result->hex[HASH_SHA512], digest, SHA512_DIGEST_SIZE);
	}
	if (h->set & HASH_SET(HASH_SHA1)) {
		sha1_digest(&h->sha1, SHA1_DIGEST_SIZE, digest);
		hex(result->hex[HASH_SHA1], digest, SHA1_DIGEST_SIZE);
	}
	if (h->set & HASH_SET(HASH_MD5)) {
		md5_digest(&h->md5, MD5_DIGEST_SIZE, digest);
		hex(result->hex[HASH_MD5], digest, MD5_DIGEST_SIZE);
	}
	return 0;
}
