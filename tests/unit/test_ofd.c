/* SPDX-License-Identifier: MIT */
/* Grouping by kcmp: a kernel of our own for sizes and errors, the real one for truth. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/share/ofd.h"

/* log2, without a library for it. */
static double lg(double n)
{
	double whole = 0, part = 0.5;

	for (; n >= 2; n /= 2)
		whole++;
	for (; part > 0.0001; part /= 2) {
		n *= n;
		if (n >= 2) {
			n /= 2;
			whole += part;
		}
	}
	return whole;
}

/* ---- a kernel with tables of descriptions ---- */

#define FAKE_PIDS 8

struct fake {
	uint32_t *file[FAKE_PIDS]; /* which description each slot has; 0: closed */
	uint32_t n[FAKE_PIDS];
	int refuses[FAKE_PIDS]; /* errno */
	atomic_uint_fast64_t calls;
	uint64_t churn_every; /* reuse a slot every so many calls */
	uint64_t random;
	bool close_only;
	uint64_t change_at; /* the call before which one slot becomes another */
	uint32_t change_fd, change_to;
};

static uint64_t scramble(uint64_t v)
{
	v *= 0x9e3779b97f4a7c15u;
	return v ^ v >> 31;
}

static int fake_slot(struct fake *k, pid_t pid, unsigned long fd, uint32_t *file)
{
	if (pid < 1 || pid > FAKE_PIDS)
		return -ESRCH;
	if (k->refuses[pid - 1])
		return -k->refuses[pid - 1];
	*file = fd < k->n[pid - 1] ? __atomic_load_n(&k->file[pid - 1][fd], __ATOMIC_RELAXED) : 0;
	return *file ? 0 : -EBADF;
}

static void fake_churn(struct fake *k, uint64_t call)
{
	uint64_t random = scramble(k->random + call);
	uint32_t fd = (uint32_t)(random % k->n[0]);

	__atomic_store_n(&k->file[0][fd], k->close_only ? 0 : 1 + (uint32_t)(random >> 40) % 50,
			 __ATOMIC_RELAXED);
}

static int fake_kcmp(void *ctx, pid_t a, pid_t b, enum sys_kcmp_type type, unsigned long ia,
		     unsigned long ib)
{
	struct fake *k = ctx;
	uint64_t call = ++k->calls;
	uint32_t x, y;
	int r;

	assert_int_equal(type, SYS_KCMP_FILE);
	if (k->churn_every && call % k->churn_every == 0)
		fake_churn(k, call);
	if (call == k->change_at)
		k->file[0][k->change_fd] = k->change_to;
	r = fake_slot(k, a, ia, &x);
	if (r == 0)
		r = fake_slot(k, b, ib, &y);
	if (r < 0)
		return r;
	return x == y ? 0 : scramble(x) < scramble(y) ? 1 : 2;
}

/* A process whose slots all look alike. */
static void fake_process(struct fake *k, struct procent *p, pid_t pid, uint32_t n)
{
	*p = (struct procent){ .pid = pid, .n_rows = n, .rows = calloc(n, sizeof(*p->rows)) };
	k->n[pid - 1] = n;
	k->file[pid - 1] = calloc(n, sizeof(uint32_t));
	for (uint32_t i = 0; i < n; i++) {
		p->rows[i] = (struct fdent){ .proc = p,
					     .fd = (int)i,
					     .assoc = ASSOC_FD,
					     .dev = 5,
					     .ino = 77,
					     .name = "/dev/null",
					     .name_len = 9,
					     .have = HAVE_LINK | HAVE_STAT | HAVE_INFO | HAVE_INO };
		k->file[pid - 1][i] = 1;
	}
}

static void fake_release(struct fake *k, struct procent *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(p[i].rows);
		free(k->file[i]);
	}
}

static int group(struct fake *k, struct procent *p, size_t n, unsigned workers,
		 struct ofd_stats *stats)
{
	struct procent *list[FAKE_PIDS];
	struct ofd_opts opts = { .workers = workers, .kcmp = fake_kcmp, .kcmp_ctx = k };

	for (size_t i = 0; i < n; i++)
		list[i] = &p[i];
	return ofd_group(list, n, &opts, stats);
}

/* Every row's number says exactly what the fake kernel knows. */
static void check_exact(struct fake *k, struct procent *p, size_t n, uint32_t files)
{
	uint32_t *number = calloc(files + 1, sizeof(*number));
	uint32_t *count = calloc(files + 1, sizeof(*count));
	uint32_t last = 0;

	for (size_t i = 0; i < n; i++)
		for (uint32_t r = 0; r < p[i].n_rows; r++)
			count[k->file[i][p[i].rows[r].fd]]++;
	for (size_t i = 0; i < n; i++)
		for (uint32_t r = 0; r < p[i].n_rows; r++) {
			const struct fdent *e = &p[i].rows[r];
			uint32_t file = k->file[i][e->fd];

			if (!number[file])
				number[file] = ++last;
			assert_int_equal(e->ofd, number[file]);
			assert_int_equal(e->shares, count[file]);
		}
	free(number);
	free(count);
}

static void one_size(uint32_t n, uint32_t distinct, unsigned workers)
{
	struct fake k = { .random = n };
	struct procent p;
	struct ofd_stats stats;

	fake_process(&k, &p, 1, n);
	for (uint32_t i = 0; i < n; i++)
		k.file[0][i] = 1 + (uint32_t)(scramble(i) % distinct);
	assert_int_equal(group(&k, &p, 1, workers, &stats), 0);
	check_exact(&k, &p, 1, distinct);
	assert_int_equal(stats.calls, k.calls);
	assert_int_equal(stats.largest_bucket, n);
	assert_int_equal(stats.unknown, 0);
	/* One more for the process, one because a handful has little to save. */
	assert_true((double)stats.calls <= 1.1 * n * lg(n) + 2);
	if (distinct == 1)
		assert_true(stats.calls <= 2 * (uint64_t)n);
	fake_release(&k, &p, 1);
}

static void test_sizes(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 3, 4, 5, 8, 9, 31, 100, 1000, 5000, 19000 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (unsigned workers = 1; workers < 8; workers += 3) {
			one_size(sizes[i], 1, workers);
			one_size(sizes[i], sizes[i], workers);
			one_size(sizes[i], 1 + sizes[i] * 4, workers);
			one_size(sizes[i], 1 + sizes[i] / 7, workers);
		}
	one_size(100000, 400000, 2);
}

static void test_several_processes(void **state)
{
	struct fake k = { .random = 1 };
	struct procent p[4];
	struct ofd_stats stats;

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		fake_process(&k, &p[i], (pid_t)i + 1, 300);
		for (uint32_t fd = 0; fd < 300; fd++) {
			k.file[i][fd] = fd % 100 + (fd >= 200 ? i * 100 : 0) + 1;
			p[i].rows[fd].ino = fd % 10;
		}
	}
	assert_int_equal(group(&k, p, 4, 2, &stats), 0);
	for (uint32_t fd = 0; fd < 100; fd++) {
		assert_int_equal(p[0].rows[fd].ofd, p[3].rows[fd].ofd);
		assert_int_equal(p[0].rows[fd].ofd, p[2].rows[fd + 100].ofd);
		assert_int_not_equal(p[1].rows[fd + 200].ofd, p[2].rows[fd + 200].ofd);
	}
	fake_release(&k, p, 4);
}

static void test_refusal_is_unknown(void **state)
{
	static const int errors[] = { EPERM, ENOSYS, ESRCH };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct fake k = { .refuses = { 0, errors[i], 0 } };
		struct procent p[3];
		struct ofd_stats stats;

		for (int j = 0; j < 3; j++)
			fake_process(&k, &p[j], j + 1, 10);
		for (int j = 0; j < 3; j++)
			p[j].rows[9].ino = 100 + (uint64_t)j; /* alone by inode */
		assert_int_equal(group(&k, p, 3, 1, &stats), 0);
		assert_int_equal(p[0].rows[3].shares, 18);
		assert_int_equal(p[0].rows[9].shares, 1);
		assert_int_equal(stats.unknown, 0);
		for (int fd = 0; fd < 10; fd++) {
			assert_int_equal(p[1].rows[fd].ofd, 0);
			assert_int_equal(p[1].rows[fd].shares, 0);
		}
		fake_release(&k, p, 3);
	}
}

static void test_closed_slots(void **state)
{
	struct fake k = { 0 };
	struct procent p;
	struct ofd_stats stats;

	(void)state;
	fake_process(&k, &p, 1, 1000);
	for (uint32_t i = 0; i < 1000; i++)
		k.file[0][i] = i % 3 ? i / 20 + 1 : 0;
	assert_int_equal(group(&k, &p, 1, 1, &stats), 0);
	assert_int_equal(stats.unknown, 334);
	for (uint32_t i = 0; i < 1000; i++) {
		assert_int_equal(!p.rows[i].ofd, !k.file[0][i]);
		if (i && k.file[0][i] && k.file[0][i - 1])
			assert_int_equal(p.rows[i].ofd == p.rows[i - 1].ofd,
					 k.file[0][i] == k.file[0][i - 1]);
	}
	fake_release(&k, &p, 1);
}

/* Slots close or are reused all the time: it ends, soon, and does not crash. */
static void churn(uint64_t every, bool close_only, unsigned workers)
{
	struct fake k = { .churn_every = every, .random = every, .close_only = close_only };
	struct procent p;
	struct ofd_stats stats;

	fake_process(&k, &p, 1, 5000);
	for (uint32_t i = 0; i < 5000; i++)
		k.file[0][i] = 1 + (uint32_t)(scramble(i) % 2000);
	assert_int_equal(group(&k, &p, 1, workers, &stats), 0);
	assert_true((double)stats.calls < 6.0 * 5000 * lg(5000));
	if (close_only)
		for (uint32_t i = 0; i < 5000; i++)
			for (uint32_t j = i + 1; j < 5000 && j < i + 50; j++)
				if (k.file[0][i] && k.file[0][j] && p.rows[i].ofd && p.rows[j].ofd)
					assert_int_equal(p.rows[i].ofd == p.rows[j].ofd,
							 k.file[0][i] == k.file[0][j]);
	fake_release(&k, &p, 1);
}

static void test_churn(void **state)
{
	static const uint64_t every[] = { 1, 2, 3, 10, 100, 1000, 10000 };

	(void)state;
	for (size_t i = 0; i < 7; i++)
		for (unsigned workers = 1; workers < 3; workers++) {
			churn(every[i], true, workers);
			churn(every[i], false, workers);
		}
}

#define FEW 24

static bool is_right(const struct fake *k, const struct procent *p)
{
	for (uint32_t i = 0; i < FEW; i++)
		for (uint32_t j = 0; j < i; j++)
			if (i != k->change_fd && j != k->change_fd &&
			    (p->rows[i].ofd == p->rows[j].ofd) != (k->file[0][i] == k->file[0][j]))
				return false;
	return true;
}

/* One slot changes at one moment, whichever: the others' groups are right all the same. */
static void change(uint32_t fd, uint32_t to)
{
	struct ofd_stats stats = { .calls = 1 };

	for (uint64_t at = 1; at <= stats.calls; at++) {
		struct fake k = { .change_at = at, .change_fd = fd, .change_to = to };
		struct procent p;

		fake_process(&k, &p, 1, FEW);
		for (uint32_t i = 0; i < FEW; i++)
			k.file[0][i] = 1 + (uint32_t)(scramble(i) % (FEW - 5));
		assert_int_equal(group(&k, &p, 1, 1, &stats), 0);
		assert_true(is_right(&k, &p));
		fake_release(&k, &p, 1);
	}
}

static void test_one_change(void **state)
{
	(void)state;
	for (uint32_t fd = 0; fd < FEW; fd++)
		for (uint32_t to = 0; to <= FEW; to++)
			change(fd, to);
}

/* An answer that is no order at all must not hang or crash. */
static int mad_kcmp(void *ctx, pid_t a, pid_t b, enum sys_kcmp_type type, unsigned long ia,
		    unsigned long ib)
{
	atomic_uint_fast64_t *calls = ctx;
	uint64_t r = scramble(++*calls);

	(void)a;
	(void)b;
	(void)type;
	if (r % 50 == 0)
		return -EBADF;
	return ia == ib ? 0 : (int)(r % 4);
}

static void test_madness(void **state)
{
	struct fake k = { 0 };
	struct procent p, *list = &p;
	struct ofd_stats stats;
	atomic_uint_fast64_t calls = 0;
	struct ofd_opts opts = { .kcmp = mad_kcmp, .kcmp_ctx = &calls };

	(void)state;
	fake_process(&k, &p, 1, 3000);
	for (opts.workers = 1; opts.workers < 4; opts.workers++)
		assert_int_equal(ofd_group(&list, 1, &opts, &stats), 0);
	assert_true(stats.calls < 6.0 * 3000 * lg(3000));
	fake_release(&k, &p, 1);
}

static void test_cancel(void **state)
{
	struct fake k = { 0 };
	struct procent p, *list = &p;
	atomic_bool cancel = true;
	struct ofd_opts opts = { .kcmp = fake_kcmp, .kcmp_ctx = &k, .cancel = &cancel };

	(void)state;
	fake_process(&k, &p, 1, 50);
	assert_int_equal(ofd_group(&list, 1, &opts, NULL), -ECANCELED);
	assert_int_equal(p.rows[7].ofd, 0);
	fake_release(&k, &p, 1);
}

/* What cannot change keeps rows apart without a call; what can does not. */
static void test_buckets(void **state)
{
	struct fake k = { 0 };
	struct procent p;
	struct ofd_stats stats;
	static const char id3[] = "eventfd-count: 0\neventfd-id: 3\n";
	static const char id4[] = "eventfd-count: 7\neventfd-id: 4\n";
	static const char id3_now[] = "eventfd-count: 9\neventfd-id: 3\n";

	(void)state;
	fake_process(&k, &p, 1, 9);
	for (uint32_t i = 0; i < 9; i++)
		k.file[0][i] = i + 1;
	p.rows[1].ino++;
	p.rows[2].dev++;
	p.rows[3].flags = O_WRONLY;
	p.rows[4].flags = O_PATH;
	p.rows[5].mnt_id = 9;
	p.rows[6].extra = id3;
	p.rows[6].extra_len = sizeof(id3) - 1;
	p.rows[7].extra = id4;
	p.rows[7].extra_len = sizeof(id4) - 1;
	p.rows[8].extra = id3_now;
	p.rows[8].extra_len = sizeof(id3_now) - 1;
	k.file[0][8] = k.file[0][6];
	p.rows[8].pos = 12;
	p.rows[8].flags = O_NONBLOCK | O_APPEND | O_CLOEXEC;
	assert_int_equal(group(&k, &p, 1, 1, &stats), 0);
	assert_int_equal(stats.largest_bucket, 2);
	assert_int_equal(stats.calls, 2); /* the process, and 6 with 8 */
	assert_int_equal(p.rows[6].ofd, p.rows[8].ofd);
	assert_int_equal(p.rows[6].shares, 2);
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(p.rows[i].shares, 1);
	fake_release(&k, &p, 1);
}

/* With fdinfo alone a row must still find its sharers, whatever stat says. */
static void test_rows_without_stat(void **state)
{
	struct fake k = { 0 };
	struct procent p[2];

	(void)state;
	fake_process(&k, &p[0], 1, 4);
	fake_process(&k, &p[1], 2, 4);
	for (uint32_t i = 0; i < 4; i++) {
		k.file[0][i] = k.file[1][i] = i + 1;
		p[0].rows[i].ino = 1000 + i;
		p[1].rows[i].have = HAVE_INFO | HAVE_INO;
		p[1].rows[i].dev = 0;
		p[1].rows[i].ino = 2000 + i; /* overlayfs: not the number that stat says */
	}
	p[1].rows[3].have = 0; /* vanished between two reads */
	assert_int_equal(group(&k, p, 2, 1, NULL), 0);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(p[0].rows[i].ofd, p[1].rows[i].ofd);
		assert_int_equal(p[0].rows[i].shares, 2);
	}
	assert_int_equal(p[0].rows[3].shares, 1);
	assert_int_equal(p[1].rows[3].ofd, 0);
	fake_release(&k, p, 2);
}

/* ---- the real kernel ---- */

static struct procent real_process(pid_t pid, const int *fds, uint32_t n)
{
	struct procent p = { .pid = pid, .n_rows = n, .rows = calloc(n, sizeof(struct fdent)) };

	for (uint32_t i = 0; i < n; i++) {
		struct stat st;

		assert_int_equal(fstat(fds[i], &st), 0);
		p.rows[i] = (struct fdent){ .fd = fds[i],
					    .dev = st.st_dev,
					    .ino = st.st_ino,
					    .flags = (uint32_t)fcntl(fds[i], F_GETFL),
					    .have = HAVE_LINK | HAVE_STAT | HAVE_INFO | HAVE_INO };
	}
	return p;
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	return pid;
}

static void test_fork_and_dup(void **state)
{
	int pipes[2], fds[8];
	struct procent p[2], *list[2] = { &p[0], &p[1] };
	struct ofd_opts opts = { .workers = 2 };
	pid_t child;

	(void)state;
	fds[0] = open("/dev/null", O_RDONLY);
	fds[1] = open("/dev/null", O_RDONLY);
	fds[2] = dup(fds[0]);
	assert_int_equal(pipe(pipes), 0);
	fds[3] = pipes[0];
	fds[4] = pipes[1];
	fds[5] = eventfd(0, 0);
	fds[6] = timerfd_create(CLOCK_MONOTONIC, 0);
	fds[7] = timerfd_create(CLOCK_MONOTONIC, 0);
	if (ofd_same(getpid(), fds[0], getpid(), fds[0]) == -ENOSYS)
		skip();
	child = sleeper();
	p[0] = real_process(getpid(), fds, 8);
	p[1] = real_process(child, fds, 8);
	for (int i = 0; i < 8; i++) {
		p[0].rows[i].proc = &p[0];
		p[1].rows[i].proc = &p[1];
	}
	assert_int_equal(ofd_group(list, 2, &opts, NULL), 0);
	assert_int_equal(p[0].rows[0].shares, 4);
	assert_int_equal(p[0].rows[0].ofd, p[1].rows[2].ofd);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(p[0].rows[i].ofd, p[1].rows[i].ofd);
		if (i != 0 && i != 2)
			assert_int_equal(p[0].rows[i].shares, 2);
		for (int j = 0; j < i; j++)
			assert_int_equal(p[0].rows[i].ofd == p[0].rows[j].ofd, i == 2 && j == 0);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	/* Gone: what is left is alone, the child's rows are unknown. */
	assert_int_equal(ofd_group(list, 2, &opts, NULL), 0);
	assert_int_equal(p[0].rows[0].shares, 2);
	assert_int_equal(p[0].rows[5].shares, 1);
	assert_int_equal(p[1].rows[5].ofd, 0);
	for (int i = 0; i < 8; i++)
		close(fds[i]);
	free(p[0].rows);
	free(p[1].rows);
}

static void test_many_real(void **state)
{
	enum { N = 400 };
	int fds[N];
	struct procent p, *list = &p;
	struct ofd_opts opts = { .workers = 1 };
	struct ofd_stats stats;

	(void)state;
	for (int i = 0; i < N; i++) {
		fds[i] = i % 2 ? dup(fds[i / 4 * 2]) : open("/dev/null", O_RDONLY);
		assert_true(fds[i] >= 0);
	}
	p = real_process(getpid(), fds, N);
	for (int i = 0; i < N; i++)
		p.rows[i].proc = &p;
	if (ofd_same(getpid(), fds[0], getpid(), fds[0]) == -ENOSYS)
		skip();
	assert_int_equal(ofd_group(&list, 1, &opts, &stats), 0);
	for (int i = 1; i < N; i += 2)
		assert_int_equal(p.rows[i].ofd, p.rows[i / 4 * 2].ofd);
	for (int i = 0; i < N; i += 2)
		for (int j = 0; j < i; j += 2)
			assert_int_not_equal(p.rows[i].ofd, p.rows[j].ofd);
	assert_true((double)stats.calls <= 1.1 * N * lg(N));
	for (int i = 0; i < N; i++)
		close(fds[i]);
	free(p.rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_several_processes),
		cmocka_unit_test(test_refusal_is_unknown),
		cmocka_unit_test(test_closed_slots),
		cmocka_unit_test(test_churn),
		cmocka_unit_test(test_one_change),
		cmocka_unit_test(test_madness),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_rows_without_stat),
		cmocka_unit_test(test_fork_and_dup),
		cmocka_unit_test(test_many_real),
	};

	return cmocka_run_group_tests_name("ofd", tests, NULL, NULL);
}
