/* SPDX-License-Identifier: MIT */
#include "ui/tui/proclist.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/fd.h"
#include "src/base/patient.h"
#include "src/proc/hung.h"
#include "src/proc/procfs.h"
#include "ui/tui/clock.h"

#define TITLE_MAX 512
#define USERS_MAX 64

struct users {
	uid_t uid[USERS_MAX];
	const char *name[USERS_MAX];
	size_t n;
};

/* Who reads what may not answer. */
struct asking {
	struct patient *patient;
	struct hung *hung;
};

/* Names are looked up once a list: a directory service may be slow. */
static const char *user_name(struct users *u, struct arena *arena, uid_t uid)
{
	char text[32], space[1024];
	struct passwd pw, *found = NULL;
	const char *name;

	for (size_t i = 0; i < u->n; i++)
		if (u->uid[i] == uid)
			return u->name[i];
	if (getpwuid_r(uid, &pw, space, sizeof(space), &found) == 0 && found) {
		name = arena_copy(arena, pw.pw_name, strlen(pw.pw_name));
	} else {
		snprintf(text, sizeof(text), "%u", uid);
		name = arena_copy(arena, text, strlen(text));
	}
	if (u->n < USERS_MAX) {
		u->uid[u->n] = uid;
		u->name[u->n++] = name;
	}
	return name;
}

/* What the patient thread reads: cmdline waits for the memory map of the process. */
struct title {
	int dir; /* its own */
	ssize_t len;
	char text[TITLE_MAX];
};

static void title_read(void *arg)
{
	struct title *t = arg;

	t->len = proc_read_into(t->dir, "cmdline", t->text, sizeof(t->text));
}

static void title_free(void *arg)
{
	struct title *t = arg;

	fd_close(&t->dir);
	free(t);
}

/* NULL: it does not answer; else title_free(). */
static struct title *title_ask(struct asking *ask, int dir, pid_t pid, uint64_t start)
{
	struct title *t;
	int err;

	if (hung_has(ask->hung, pid, start, HUNG_MEMORY))
		return NULL;
	t = xcalloc(1, sizeof(*t));
	t->dir = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	err = patient_do(&ask->patient, title_read, t, title_free, hung_patience_ms(ask->hung));
	if (err == 0)
		return t;
	if (err == -ETIMEDOUT)
		hung_add(ask->hung, pid, start, HUNG_MEMORY);
	else
		title_free(t);
	return NULL;
}

/* The command line with blanks for its NULs; [comm] where there is none. */
static void read_title(struct proclist *l, struct procrow *r, int dir, const struct proc_stat *st,
		       struct asking *ask)
{
	struct title *t = title_ask(ask, dir, r->pid, st->start);
	char text[TITLE_MAX];
	ssize_t n = t ? t->len : 0;

	if (n > 0)
		memcpy(text, t->text, (size_t)n);
	while (n > 0 && (text[n - 1] == '\0' || text[n - 1] == ' '))
		n--;
	if (n <= 0)
		n = snprintf(text, sizeof(text), "[%.*s]", (int)st->comm_len, st->comm);
	for (ssize_t i = 0; i < n; i++)
		if (!text[i])
			text[i] = ' ';
	r->title = arena_copy(&l->arena, text, (size_t)n);
	r->title_len = (size_t)n;
	if (t)
		title_free(t);
}

static void read_limit(struct procrow *r, int dir)
{
	uint64_t hard;

	if (proc_limit(dir, "Max open files", &r->limit, &hard) < 0)
		r->limit = 0;
}

static int64_t count_fds(int dir, bool *denied)
{
	int64_t n = proc_fd_count(dir);
	int *list;
	size_t count;
	int err;

	*denied = faccessat(dir, "fd", R_OK | X_OK, AT_EACCESS) < 0 && errno == EACCES;
	if (n != -ENOTSUP)
		return n < 0 ? -1 : n;
	err = proc_numbers(dir, "fd", &list, &count);
	if (err < 0)
		return -1;
	free(list);
	return (int64_t)count;
}

static bool read_one(struct proclist *l, struct procrow *r, int procfs, pid_t pid, struct users *u,
		     struct asking *ask)
{
	autoclose int dir = proc_open_process(procfs, pid, 0);
	struct proc_stat st;
	struct proc_status status;

	if (dir < 0 || proc_stat_read(dir, &st) < 0 || (st.flags & PROC_PF_KTHREAD))
		return false;
	*r = (struct procrow){ .pid = pid, .ppid = st.ppid, .start = st.start, .state = st.state };
	if (proc_status_read(dir, &status) == 0)
		r->uid = status.uid[1];
	r->user = user_name(u, &l->arena, r->uid);
	r->fds = count_fds(dir, &r->denied);
	read_limit(r, dir);
	read_title(l, r, dir, &st, ask);
	return true;
}

/* Growth is measured from when this interface saw the process first. */
static void carry_over(struct proclist *l, const struct proclist *before)
{
	uint64_t now = clock_ms();

	for (size_t i = 0; i < l->n; i++) {
		struct procrow *r = &l->at[i];
		const struct procrow *old = before ? proclist_find(before, r->pid) : NULL;

		r->first_fds = r->fds;
		r->first_ms = now;
		if (!old || old->start != r->start)
			continue;
		r->first_ms = old->first_ms;
		r->first_fds = old->first_fds < 0 ? r->fds : old->first_fds;
		r->changed_ms = old->fds == r->fds ? old->changed_ms : now;
	}
}

struct proclist *proclist_take(int procfs, size_t max, const struct proclist *before,
			       struct hung *hung, const atomic_bool *cancel)
{
	struct asking ask = { .hung = hung };
	struct proclist *l = xcalloc(1, sizeof(*l));
	struct users users = { .n = 0 };
	int *pids = NULL;
	size_t n = 0;

	if (proc_numbers(procfs, ".", &pids, &n) < 0)
		return l;
	l->at = xcalloc(n + 1, sizeof(*l->at));
	for (size_t i = 0; i < n && !atomic_load(cancel); i++) {
		struct procrow *r = &l->at[l->n];

		if (max && l->n >= max) {
			l->partial = true;
			break;
		}
		if (!read_one(l, r, procfs, pids[i], &users, &ask))
			continue;
		l->total_fds += r->fds > 0 ? (uint64_t)r->fds : 0;
		l->n++;
	}
	patient_end(&ask.patient);
	free(pids);
	carry_over(l, before);
	return l;
}

void proclist_free(struct proclist *l)
{
	if (!l)
		return;
	arena_release(&l->arena);
	free(l->at);
	free(l);
}

const struct procrow *proclist_find(const struct proclist *l, pid_t pid)
{
	size_t lo = 0, hi = l->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (l->at[mid].pid == pid)
			return &l->at[mid];
		if (l->at[mid].pid < pid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}
