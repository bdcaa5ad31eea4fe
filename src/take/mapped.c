/* SPDX-License-Identifier: MIT */
#include "src/take/mapped.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/base/patient.h"
#include "src/base/sys.h"
#include "src/proc/procfs.h"

#define PATIENCE_MS 1000

/* What the patient thread has: a memory map may be locked for ever. */
struct look {
	int dir; /* of the process */
	uint64_t ino;
	bool found;
	struct buf text;
};

/* A line of proc_pid_maps(5): shared, to be written, and of that inode? */
static bool line_has(const char *line, uint64_t ino)
{
	const char *perms = strchr(line, ' ');
	unsigned long long n;

	return perms && strnlen(perms, 6) == 6 && perms[2] == 'w' && perms[4] == 's' &&
	       sscanf(perms, " %*s %*s %*s %llu", &n) == 1 && n == ino;
}

static bool text_has(struct look *l)
{
	char *save = NULL;

	buf_reset(&l->text);
	if (proc_read(l->dir, "maps", &l->text) < 0 || !l->text.len)
		return false;
	for (char *line = strtok_r(l->text.data, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (line_has(line, l->ino))
			return true;
	return false;
}

/* Mostly there is no such mapping, and one call says so. */
static void look(void *arg)
{
	struct look *l = arg;
	autoclose int maps = openat(l->dir, "maps", O_RDONLY | O_CLOEXEC);
	uint64_t addr = 0, ino = 0;
	int r = maps < 0 ? -ENOENT : 0;

	l->found = false;
	while (r == 0 && !l->found) {
		r = sys_next_shared_writable(maps, &addr, &ino);
		l->found = r == 0 && ino == l->ino;
	}
	if (r < 0 && r != -ENOENT && r != -ESRCH)
		l->found = text_has(l);
}

static void look_free(void *arg)
{
	struct look *l = arg;

	fd_close(&l->dir);
	buf_release(&l->text);
	free(l);
}

/* *l is NULL afterwards if the thread has kept it. */
static bool process_has(struct patient **patient, struct look **l)
{
	int r = patient_do(patient, look, *l, look_free, PATIENCE_MS);

	if (r == -ETIMEDOUT)
		*l = NULL;
	return r < 0 || (*l)->found;
}

bool mapped_by_writer(int procfs, uint64_t ino)
{
	struct proc_number_list pids = { 0 };
	struct patient *patient = NULL;
	struct look *l = NULL;
	bool found = proc_numbers_into(procfs, ".", &pids) < 0;

	for (size_t i = 0; i < pids.n && !found; i++) {
		int dir = proc_open_process(procfs, pids.at[i], 0);

		if (dir < 0)
			continue;
		if (!l)
			l = xcalloc(1, sizeof(*l));
		l->dir = dir;
		l->ino = ino;
		found = process_has(&patient, &l);
		if (l)
			fd_close(&l->dir);
	}
	patient_end(&patient);
	if (l)
		look_free(l);
	free(pids.at);
	return found;
}
