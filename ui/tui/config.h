/* SPDX-License-Identifier: MIT */
/*
 * The configuration file: lines of "name = value"; what begins with # is a
 * comment. A line that is wrong is a problem of its own, and the rest applies.
 */
#ifndef TUI_CONFIG_H
#define TUI_CONFIG_H

#include "ui/tui/settings.h"

#define CONFIG_MAX      (4 << 20) /* bytes of a file that are read */
#define CONFIG_LINE_MAX 4096
#define CONFIG_PROBLEMS 100 /* that are told one by one */

/*
 * $XDG_CONFIG_HOME/filch/config if that is an absolute path, else
 * ~/.config/filch/config, ~ being $HOME or what passwd(5) says of the effective
 * user; NULL: there is no such place. To be freed.
 */
char *config_path(void);

/*
 * Read the file into s. Sets s->path; one that is not there is no problem. One
 * that belongs to another user than the effective one, or that others may write,
 * is not read, and that is a problem. May block where the home directory does.
 */
void config_read(struct settings *s);

/* The same for bytes at hand, which may be anything. */
void config_parse(struct settings *s, const char *text, size_t len);

/* Record a problem; the words are made safe by the caller. */
void config_problem(struct settings *s, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "~/.config/filch/config:7: why", display text. */
void config_problem_text(const struct settings *s, const struct config_problem *p, struct buf *out);

/* A file with every setting at its default, all commented out. */
void config_standard(struct buf *out);

#endif
