/* SPDX-License-Identifier: MIT */
#ifndef TUI_DETAIL_H
#define TUI_DETAIL_H

#include "ui/tui/app.h"
#include "ui/tui/fds.h"

struct detail_line {
	char *name, *value;
	enum role role;
};

struct detail_state {
	struct list list;
	struct detail_line *lines;
	size_t n, cap;
	struct facts_flat facts;
	struct facts_flat grabbed; /* of `i` */
	bool has_grabbed;
	pid_t grabbed_pid;
	int grabbed_fd;
	uint64_t grabbed_ino;
	char title[64];
	/* While the cursor runs the lines stay as they were: see detail_draw(). */
	struct detail_row {
		pid_t pid, tid;
		int fd, assoc;
		uint64_t ino;
	} shown, at;
	uint64_t moved_ms;
};

#endif
