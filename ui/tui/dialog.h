/* SPDX-License-Identifier: MIT */
/*
 * Dialogs: text, a menu, fields, and a token that must be typed. Any of these
 * may be missing. Enter alone never confirms what has a token or asks for `y`;
 * Esc always closes. Input that was pending when one opens is dropped.
 */
#ifndef TUI_DIALOG_H
#define TUI_DIALOG_H

#include "ui/tui/app.h"

struct dialog_line {
	char *text; /* wrapped when painted */
	enum role role;
};

struct dialog_item {
	int key; /* 0: none */
	char *label, *words;
	enum effect effect; /* EFFECT_REFUSED: cannot be chosen, words say why */
	int id;
};

struct dialog_field {
	char *label;
	const char *hint; /* beside it; may be NULL */
	struct edit edit;
};

#define DIALOG_FIELDS 7

struct dialog {
	char *title;
	enum role role;
	struct dialog_line *lines;
	size_t n_lines;
	struct dialog_item *items;
	size_t n_items;
	struct list list;
	bool list_typed; /* keys are text for the field, not choices */
	struct dialog_field fields[DIALOG_FIELDS];
	size_t n_fields, at;
	char *token;  /* must be typed */
	bool ask_yes; /* `y` must be pressed after Enter */
	bool asking;
	struct edit typed;
	char *error;
	char space[64];        /* folder.c: what is free there */
	unsigned space_serial; /* which question that answers; 0: none */
	int scroll, wrapped;   /* lines of text above, in all */
	/* Chosen and confirmed; item is NULL without a menu. True: close it. */
	bool (*accept)(struct app *a, struct dialog *d, const struct dialog_item *item);
	void (*changed)(struct app *a, struct dialog *d); /* a field was edited */
	bool (*key)(struct app *a, struct dialog *d, int key);
	void (*release)(struct dialog *d); /* frees arg */
	void (*cancelled)(struct app *a, struct dialog *d);
	void *arg;
	struct dialog *below;
};

struct dialog *dialog_new(enum role role, const char *title, ...)
	__attribute__((format(printf, 2, 3)));
void dialog_text(struct dialog *d, enum role role, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void dialog_clear_text(struct dialog *d);
void dialog_item(struct dialog *d, int key, int id, enum effect effect, const char *label,
		 const char *words);
void dialog_clear_items(struct dialog *d);
struct edit *dialog_field(struct dialog *d, const char *label, const char *text, const char *hint);
const char *dialog_value(const struct dialog *d, size_t field);
void dialog_token(struct dialog *d, const char *token);
void dialog_error(struct dialog *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* On top of the others. Takes d over. */
void dialog_open(struct app *a, struct dialog *d);
/* The top one goes away. */
void dialog_close(struct app *a);
void dialog_close_all(struct app *a);
void dialog_event(struct app *a, const struct event *ev);
void dialog_draw(struct app *a, struct dialog *d);

#endif
