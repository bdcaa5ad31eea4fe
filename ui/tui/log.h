/* SPDX-License-Identifier: MIT */
#ifndef TUI_LOG_H
#define TUI_LOG_H

#include "ui/tui/app.h"
#include "ui/tui/subject.h"

/* An effect that was caused: on the screen, and in the audit file if there is one. */
void log_add(struct app *a, const char *op, enum effect e, pid_t pid, uint64_t start,
	     const char *comm, size_t comm_len, int fd, const struct fail *f);
void log_subject(struct app *a, const char *op, enum effect e, const struct subject *s,
		 const struct fail *f);

/* Something that went wrong without anything being done; text is display text. */
void log_note(struct app *a, const char *about, const char *text);

#endif
