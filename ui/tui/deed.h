/* SPDX-License-Identifier: MIT */
/* What is done to one descriptor or process once it was asked for and confirmed. */
#ifndef TUI_DEED_H
#define TUI_DEED_H

#include <signal.h>

#include "src/kind/kind.h"
#include "ui/tui/subject.h"

enum deed { DEED_SEEK, DEED_READ, DEED_WRITE, DEED_SHUTDOWN, DEED_ABORT, DEED_SIGNAL };

struct deed_info {
	char key;
	const char *label, *verb;
	enum op op;
};
extern const struct deed_info deeds[];

/* What is asked, and, on its thread, what is done. */
struct deed_act {
	struct task t;
	struct app *a;
	struct subject s;
	enum deed deed;
	enum effect effect;
	int procfs;
	int64_t offset;
	int whence;
	size_t len;
	struct buf data;
	int sig, how;
	bool has_value;
	union sigval value;
	int err;
	struct fail fail;
	struct buf outcome;
};

const struct cell *deed_cell(const struct subject *s, enum deed deed);
/* Takes x over; false: no thread could be started, x is as before. */
bool deed_start(struct app *a, struct deed_act *x);
void deed_free(struct deed_act *x);

/* On any thread: shut down (how) or abort the connection that s is in t. 0 or -errno. */
int deed_connection(const struct subject *s, enum op op, int how, int procfs,
		    const struct target *t, struct fail *f);

#endif
