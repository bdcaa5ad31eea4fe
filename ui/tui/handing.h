/* SPDX-License-Identifier: MIT */
/* What is handed over, how, and to whom: asked for in handing.c, done in handover.c. */
#ifndef TUI_HANDING_H
#define TUI_HANDING_H

#include "src/keep/exec.h"
#include "src/keep/shelf.h"
#include "ui/tui/subject.h"

enum way { WAY_RUN, WAY_APART, WAY_SOCKET };

struct hand_item {
	struct subject s;
	struct shelf_item held; /* id 0: it is not of the shelf */
	const struct kind *kind;
	int fd; /* once it is ours; -1 */
};

struct handing {
	struct task t;
	struct app *a;
	struct hand_item *at;
	size_t n;
	enum way way;
	char *what; /* the command, the socket */
	bool listen;
	char *output;
	int procfs;
	size_t given;
	pid_t pid;
	int err;
	struct fail fail;
};

/* Its items are put in by the caller. */
struct handing *handing_new(struct app *a);
void handing_free(struct handing *h);
/* Take and hand over, on a thread; h is freed when that is over. False: no thread. */
bool handing_start(struct app *a, struct handing *h);
/* Which number each will have; the caller's to free. */
struct exec_fd *handing_numbers(const struct handing *h);
/* Would that command be run by sh -c? */
bool handing_needs_shell(const char *command);
/* "h1", "3 descriptors". */
void handing_who(const struct handing *h, struct buf *out);

#endif
