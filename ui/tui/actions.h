/* SPDX-License-Identifier: MIT */
/*
 * The action and key tables. Hint bar, help screen, palette, configuration,
 * manual and completion are made from them; a test fails on an action without
 * help and on two actions that one key has in one context.
 */
#ifndef TUI_ACTIONS_H
#define TUI_ACTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "src/base/buf.h"
#include "src/base/effect.h"

/* Where the keys go. */
enum context {
	CTX_PROCS = 1,
	CTX_FDS = 2,
	CTX_DETAIL = 4,
	CTX_CONTENT = 8,
	CTX_SHELF = 16,
	CTX_JOBS = 32,
	CTX_LOG = 64,
	CTX_HELP = 128,
	CTX_PROMPT = 256, /* a line that is typed: letters are text */
	CTX_DIALOG = 512,
	CTX_LAST = CTX_DIALOG,
	CTX_LISTS = CTX_PROCS | CTX_FDS | CTX_SHELF | CTX_JOBS | CTX_LOG,
	CTX_SCROLL = CTX_LISTS | CTX_DETAIL | CTX_HELP,
	CTX_VIEWS = CTX_SCROLL | CTX_CONTENT,
	CTX_ROWS = CTX_FDS | CTX_DETAIL, /* a descriptor is under the cursor */
};

/*
 * X(id, name, effect, contexts, hint, help). name is what palette and
 * configuration say; hint is the word on the hint bar, "" keeps it off, a "+"
 * before it keeps it for terminals that are wide, a "-" does so but on the shelf;
 * the effect is the worst that the key alone can cause.
 */
#define ACTIONS(X)                                                                                 \
	X(UP, "up", NONE, CTX_VIEWS, "", "move up one line")                                       \
	X(DOWN, "down", NONE, CTX_VIEWS, "", "move down one line")                                 \
	X(PAGE_UP, "page-up", NONE, CTX_VIEWS, "", "move up one page")                             \
	X(PAGE_DOWN, "page-down", NONE, CTX_VIEWS, "", "move down one page")                       \
	X(HALF_UP, "half-page-up", NONE, CTX_VIEWS, "", "move up half a page")                     \
	X(HALF_DOWN, "half-page-down", NONE, CTX_VIEWS, "", "move down half a page")               \
	X(TOP, "top", NONE, CTX_VIEWS, "", "go to the first line")                                 \
	X(BOTTOM, "bottom", NONE, CTX_VIEWS, "", "go to the last line")                            \
	X(LEFT, "left", NONE, CTX_VIEWS, "", "scroll left; in a tree: fold")                       \
	X(RIGHT, "right", NONE, CTX_VIEWS, "", "scroll right; in a tree: unfold")                  \
	X(OPEN, "open", NONE, CTX_PROCS | CTX_JOBS | CTX_LOG, "open",                              \
	  "open what is under the cursor")                                                         \
	X(VIEW, "view", HOLD, CTX_ROWS | CTX_SHELF, "view",                                        \
	  "look at the contents without taking anything: holds a duplicate for a moment")          \
	X(HOLD, "hold", HOLD, CTX_ROWS, "hold",                                                    \
	  "keep a duplicate on the shelf: it outlives the target, and delays what waits for the "  \
	  "last close")                                                                            \
	X(DUMP, "dump", HOLD, CTX_ROWS | CTX_SHELF | CTX_CONTENT, "dump",                          \
	  "copy the contents to a file: asks for folder, range and hash")                          \
	X(HAND, "hand-over", HOLD, CTX_ROWS | CTX_SHELF, "-hand over",                             \
	  "give descriptors to a command that is started, or to who listens at a unix socket")     \
	X(MARK, "mark", NONE, CTX_FDS | CTX_SHELF, "+mark", "mark or unmark the row and go down")  \
	X(FACTS, "facts", HOLD, CTX_ROWS, "+facts",                                                \
	  "facts that need a duplicate for a moment, such as the bytes queued in a pipe")          \
	X(SEARCH, "search", NONE, CTX_VIEWS, "find", "search; text, or /x and bytes in a viewer")  \
	X(SEARCH_NEXT, "search-next", NONE, CTX_VIEWS, "", "next match")                           \
	X(SEARCH_PREV, "search-previous", NONE, CTX_VIEWS, "", "previous match")                   \
	X(FILTER, "filter", NONE, CTX_PROCS | CTX_FDS, "filter",                                   \
	  "show only the rows that a filter lets through; empty shows all")                        \
	X(SORT, "sort", NONE, CTX_PROCS | CTX_FDS, "+sort", "choose the column to sort by")        \
	X(INVERT, "invert", NONE, CTX_PROCS | CTX_FDS, "", "turn the order round")                 \
	X(GROUP, "group", NONE, CTX_PROCS | CTX_FDS, "+group",                                     \
	  "processes as a tree; descriptors grouped by open file description")                     \
	X(PEER, "peer", NONE, CTX_ROWS, "+peer", "go to the descriptor at the other end")          \
	X(WHO, "who", NONE, CTX_ROWS | CTX_SHELF, "+who", "who else has this")                     \
	X(SHARER, "next-sharer", NONE, CTX_ROWS, "",                                               \
	  "go to the next descriptor with the same open file description")                         \
	X(RELEASE, "release", HOLD, CTX_SHELF, "release",                                          \
	  "give up held descriptors; the last holder of a file asks for its id")                   \
	X(JOB_CANCEL, "job-cancel", NONE, CTX_JOBS, "cancel",                                      \
	  "cancel the job; what was copied stays, named .partial")                                 \
	X(JOB_PAUSE, "job-pause", NONE, CTX_JOBS, "pause", "pause the job, or let it go on")       \
	X(JOB_RETRY, "job-retry", HOLD, CTX_JOBS, "retry", "do a failed or cancelled job again")   \
	X(UNMARK, "unmark-all", NONE, CTX_FDS | CTX_SHELF, "", "take all marks away")              \
	X(MARK_ALL, "mark-all", NONE, CTX_FDS | CTX_SHELF, "", "mark all rows that are shown")     \
	X(FOLLOW, "follow", NONE, CTX_PROCS | CTX_FDS | CTX_CONTENT, "",                           \
	  "cursor stays with its row; in a viewer: stay at the end of a growing file")             \
	X(PAUSE, "pause", NONE, CTX_PROCS | CTX_FDS, "", "pause the updates, or go on")            \
	X(REFRESH, "refresh", NONE, CTX_VIEWS, "", "look again now, at the whole system too")      \
	X(WHY, "why", NONE, CTX_PROCS | CTX_ROWS, "+why",                                          \
	  "may descriptors be taken here? each rule, and the first that refuses")                  \
	X(RECOVER, "recover", HOLD, CTX_PROCS | CTX_ROWS, "+recover",                              \
	  "copy every deleted file and memfd of the process to a folder")                          \
	X(MODE, "mode", NONE, CTX_CONTENT, "hex/text", "show as hex, as text")                     \
	X(GOTO, "goto", NONE, CTX_CONTENT, "go to",                                                \
	  "go to an offset: number, 0x number, +N, -N, N%")                                        \
	X(BOOKMARK, "bookmark", NONE, CTX_CONTENT, "", "remember this offset")                     \
	X(BOOKMARK_GO, "bookmark-go", NONE, CTX_CONTENT, "", "go back to the remembered offset")   \
	X(WIDTH, "width", NONE, CTX_CONTENT, "width", "text: wrap lines; hex: 8, 16, 32 a line")   \
	X(ENDIAN, "endian", NONE, CTX_CONTENT, "endian", "byte order of the value inspector")      \
	X(DISTURB, "disturb", NONE, CTX_PROCS | CTX_ROWS | CTX_SHELF, "disturb",                   \
	  "the menu of what changes something: seek, read, write, signal, ...")                    \
	X(DISARM, "disarm", NONE, CTX_VIEWS, "", "back from ARMED to SAFE")                        \
	X(PANE_NEXT, "pane-next", NONE, CTX_SCROLL, "+pane", "keys go to the next pane")           \
	X(PANE_PREV, "pane-previous", NONE, CTX_SCROLL, "", "keys go to the previous pane")        \
	X(GO_PROCS, "processes", NONE, CTX_VIEWS, "", "show the processes")                        \
	X(GO_FDS, "descriptors", NONE, CTX_VIEWS, "", "show the descriptors")                      \
	X(GO_SHELF, "shelf", NONE, CTX_VIEWS, "", "show the held descriptors")                     \
	X(GO_JOBS, "jobs", NONE, CTX_VIEWS, "", "show the jobs")                                   \
	X(GO_LOG, "log", NONE, CTX_VIEWS, "", "show what was done to whom")                        \
	X(MAXIMISE, "maximise", NONE, CTX_VIEWS, "", "the pane alone on the screen, or all panes") \
	X(COMMAND, "command", NONE, CTX_VIEWS, "", "show the equivalent command, and copy it")     \
	X(PALETTE, "palette", NONE, CTX_SCROLL, "", "find an action by its name")                  \
	X(COLUMNS, "settings", NONE, CTX_SCROLL, "", "columns and settings")                       \
	X(MOUSE, "mouse", NONE, CTX_VIEWS, "", "mouse on or off: off lets the terminal select")    \
	X(REDRAW, "redraw", NONE, CTX_VIEWS | CTX_DIALOG | CTX_PROMPT, "", "paint all again")      \
	X(SUSPEND, "suspend", NONE, CTX_VIEWS | CTX_DIALOG | CTX_PROMPT, "", "stop; fg goes on")   \
	X(CANCEL, "cancel", NONE, CTX_VIEWS | CTX_DIALOG | CTX_PROMPT, "",                         \
	  "leave a prompt, a dialog, a search, a filter")                                          \
	X(BACK, "back", NONE, CTX_VIEWS, "back",                                                   \
	  "back to where you came from; at the start: quit")                                       \
	X(QUIT, "quit", NONE, CTX_VIEWS, "", "leave; asks if something would be lost")             \
	X(HELP, "help", NONE, CTX_VIEWS & ~CTX_HELP, "help", "this help")

enum action {
	ACTION_NONE,
#define ACTION_ENUM(id, name, effect, contexts, hint, help) ACTION_##id,
	ACTIONS(ACTION_ENUM)
#undef ACTION_ENUM
		ACTION_COUNT
};

struct action_info {
	const char *name, *hint, *help;
	enum effect effect;
	unsigned contexts;
};
extern const struct action_info actions[ACTION_COUNT];

enum action action_by_name(const char *name); /* ACTION_NONE: no such */

/* One key, and what it does where. The first that matches counts. */
struct binding {
	int key;
	unsigned contexts;
	enum action action;
};

struct keymap {
	struct binding *at;
	size_t n;
};

void keymap_init(struct keymap *m); /* the default keys */
void keymap_release(struct keymap *m);
enum action keymap_find(const struct keymap *m, int key, unsigned context);
/* The first key of an action in a context: -1: none. */
int keymap_key_of(const struct keymap *m, enum action action, unsigned context);
/* For a sentence: "x"; without a key what finds it in the palette: ":hold". */
struct key_word {
	char text[32];
};
struct key_word keymap_word(const struct keymap *m, enum action action, unsigned context);
/* Give a key to an action in contexts that are its own, taking it from another there. */
void keymap_bind(struct keymap *m, int key, enum action action, unsigned contexts);
/* Take all keys away from an action in these contexts. */
void keymap_unbind(struct keymap *m, enum action action, unsigned contexts);
/* "q ^C": its keys in that one context, in the order of the map; "none". */
void keymap_list(const struct keymap *m, enum action action, unsigned context, struct buf *out);

/* One context: "descriptors". */
const char *context_name(enum context c);
/* 0: no such context. */
unsigned context_by_name(const char *name, size_t len);

#endif
