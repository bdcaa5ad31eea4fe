/* SPDX-License-Identifier: MIT */
/*
 * The terminal: opened through newterm(3) on a tty of its own, restored on
 * every way out, and read as events. Nothing else of the interface talks to
 * the terminal but through ncurses' stdscr between two term_frame calls.
 */
#ifndef TUI_TERM_H
#define TUI_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "src/base/buf.h"

/* Key codes of ncurses are moved above Unicode, so that one int names any key. */
#define KEY_OFFSET 0x200000
#define K(code)    (KEY_OFFSET + (code))
#define CTRL(c)    ((c)&0x1f)
#define KEY_ESC    27

enum event_type {
	EVENT_KEY,
	EVENT_PASTE, /* text in event.text; never triggers keys */
	EVENT_CLICK,
	EVENT_DOUBLE_CLICK,
	EVENT_WHEEL_UP,
	EVENT_WHEEL_DOWN,
	EVENT_RESIZE,
};

struct event {
	enum event_type type;
	int key;
	int y, x;
	const char *text; /* EVENT_PASTE: valid until the next term_next() */
	size_t len;
};

struct terminal {
	int tty_in, tty_out;
	FILE *in, *out;
	bool own_tty; /* opened /dev/tty */
	bool mouse, mouse_wanted;
	bool sync; /* wrap a frame in CSI ?2026 */
	const char *paste_on, *paste_off;
	bool pasting;
	struct buf paste;
	long last_click_ms;
	int last_click_y, last_click_x;
	unsigned empty_reads;
	int cursor; /* curs_set() in force */
	bool live;
};

struct term_opts {
	bool no_mouse, no_sync;
};

/* 0, or -errno with a sentence in why: what is missing, and what to use instead. */
int term_open(struct terminal *t, const struct term_opts *opts, struct buf *why);
void term_close(struct terminal *t);

/* The next event, without waiting: 1, 0 when there is none, -EIO: the terminal is gone. */
int term_next(struct terminal *t, struct event *ev);

void term_frame_begin(struct terminal *t);
/* The terminal's cursor goes to y, x; y < 0: it is hidden. */
void term_frame_end(struct terminal *t, int y, int x);

/* Take the size from the kernel. */
void term_resize(struct terminal *t);
/* Everything off, SIGTSTP to ourselves, everything on again when continued. */
void term_suspend(struct terminal *t);
/* Another program is to have the terminal, in the modes that we found. */
void term_leave(struct terminal *t);
/* Another program was in front: set modes, repaint all. */
void term_resume(struct terminal *t);
void term_set_mouse(struct terminal *t, bool on);
/* Marks around a frame, where the terminal knows them. */
void term_set_sync(struct terminal *t, bool on);
/* Drop what was typed but not read yet, so that it confirms nothing. */
void term_flush_input(struct terminal *t);
/* Put text on the clipboard of the terminal by OSC 52. */
void term_copy(struct terminal *t, const char *text, size_t len);
/* Only write(2) and tcsetattr(3): for signal handlers. */
void term_crash_restore(void);
/* "Enter", "^B", "F4", "x": for help and hints. */
const char *key_text(int key, char *p, size_t size);
/* The reverse of key_text(); -1: no such key. */
int key_of_text(const char *name);

#endif
