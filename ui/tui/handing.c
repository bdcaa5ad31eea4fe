/* SPDX-License-Identifier: MIT */
/*
 * `H`: what exec and give do, for the marked descriptors or the one under the
 * cursor, of a target or of the shelf. Who is meant is captured when the key is
 * pressed; each is taken, and compared with that, when it is handed over.
 */
#include "ui/tui/handing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "src/base/alloc.h"
#include "ui/tui/dialog.h"
#include "ui/tui/folder.h"
#include "ui/tui/shelf.h"
#include "ui/tui/verbs.h"
#include "ui/tui/views.h"

#define LISTED 12 /* that the dialog names */

enum { FIELD_WHAT, FIELD_LISTEN, FIELD_OUTPUT };

static void equivalent(const struct handing *h, const struct dialog *d, struct buf *out)
{
	const char *what = dialog_value(d, FIELD_WHAT);
	bool listen = h->way != WAY_SOCKET && dialog_value(d, FIELD_LISTEN)[0] == 'y';

	buf_addf(out, "%sfilch %s%s", h->way == WAY_APART ? "setsid -f " : "",
		 h->way == WAY_SOCKET ? "give" : "exec", listen ? " --listen" : "");
	for (size_t i = 0; i < h->n; i++)
		buf_addf(out, " %s", h->at[i].s.desc);
	buf_adds(out, h->way == WAY_SOCKET ? " --to " : " -- ");
	if (!*what)
		buf_adds(out, h->way == WAY_SOCKET ? "SOCKET" : "CMD");
	else if (h->way == WAY_SOCKET || !handing_needs_shell(what))
		add_text(h->a, out, what, strlen(what));
	else {
		autobuf quoted = BUF_INIT;

		add_quoted(&quoted, what);
		buf_adds(out, "sh -c ");
		add_text(h->a, out, buf_str(&quoted), quoted.len);
	}
	if (h->way == WAY_APART) {
		const char *output = dialog_value(d, FIELD_OUTPUT);

		buf_adds(out, " </dev/null >>");
		add_text(h->a, out, output, strlen(output));
		buf_adds(out, " 2>&1");
	}
}

static void describe_one(struct app *a, const struct hand_item *x, struct buf *out)
{
	autobuf comm = BUF_INIT;

	if (!x->held.id) {
		subject_describe(a, &x->s, out);
		return;
	}
	add_text(a, &comm, x->s.comm, x->s.comm_len);
	buf_addf(out, "%s %s ", x->s.token, x->kind->name);
	add_text(a, out, x->held.name ? x->held.name : "", x->held.name_len);
	buf_addf(out, "  from %d:%d %s", x->s.pid, x->s.fd, buf_str(&comm));
}

static void describe(struct app *a, struct dialog *d)
{
	static const char *const means[] = {
		[WAY_RUN] = "The command has the terminal until it ends; then the interface is "
			    "back. It gets 0, 1, 2 and these, and nothing else.",
		[WAY_APART] = "The command runs on by itself, without a terminal, also when filch "
			      "has left.",
		[WAY_SOCKET] = "One line of JSON goes with each: where it came from. filch take "
			       "SOCKET is such a receiver.",
	};
	const struct handing *h = d->arg;
	autobuf b = BUF_INIT;

	dialog_clear_text(d);
	for (size_t i = 0; i < h->n && i < LISTED; i++) {
		buf_reset(&b);
		describe_one(a, &h->at[i], &b);
		dialog_text(d, ROLE_NORMAL, "%s", buf_str(&b));
	}
	if (h->n > LISTED)
		dialog_text(d, ROLE_NORMAL, "... %zu in all", h->n);
	dialog_text(d, ROLE_HOLD, "hold: %s; whoever gets it shares it and keeps it open",
		    kind_cell(h->at[0].kind, OP_HOLD)->words);
	dialog_text(d, ROLE_NORMAL, "%s", means[h->way]);
	buf_reset(&b);
	equivalent(h, d, &b);
	dialog_text(d, ROLE_DIM, "Equivalent: %s", buf_str(&b));
}

static void release_asked(struct dialog *d)
{
	if (d->arg)
		handing_free(d->arg);
}

static bool parse_listen(struct handing *h, struct dialog *d)
{
	const char *listen = dialog_value(d, FIELD_LISTEN);

	h->listen = strcmp(listen, "yes") == 0;
	if (!h->listen && strcmp(listen, "no") != 0) {
		dialog_error(d, "Listen is yes or no");
		return false;
	}
	for (size_t i = 0; i < h->n && !h->listen; i++) {
		if (h->at[i].s.fd >= 0)
			continue;
		dialog_error(d, "%s has no number: Listen yes gives it one", h->at[i].s.token);
		return false;
	}
	return true;
}

/* Two of one number: before anything is taken. */
static bool numbers_differ(struct handing *h, struct dialog *d)
{
	autofree struct exec_fd *list = handing_numbers(h);
	struct fail f = { 0 };

	if (exec_check(list, h->n, &f) == 0)
		return true;
	dialog_error(d, "%s: %s; Listen yes numbers them anew", f.on, f.why);
	return false;
}

static bool parse(struct handing *h, struct dialog *d)
{
	const char *what = dialog_value(d, FIELD_WHAT);

	what += strspn(what, " ");
	if (!*what) {
		d->at = FIELD_WHAT;
		dialog_error(d, h->way == WAY_SOCKET ? "which socket? a path, or @NAME"
						     : "which command?");
		return false;
	}
	if (h->way != WAY_SOCKET && (!parse_listen(h, d) || !numbers_differ(h, d)))
		return false;
	free(h->what);
	h->what = h->way == WAY_SOCKET ? folder_expand(what) : xstrdup(what);
	if (h->way != WAY_APART)
		return true;
	free(h->output);
	h->output = folder_expand(dialog_value(d, FIELD_OUTPUT));
	if (!*h->output)
		dialog_error(d, "where does its output go? /dev/null throws it away");
	return *h->output;
}

static bool confirmed(struct app *a, struct dialog *d, const struct dialog_item *item)
{
	struct handing *h = d->arg;

	(void)item;
	if (!parse(h, d))
		return false;
	if (!handing_start(a, h)) {
		dialog_error(d, "no thread could be started");
		return false;
	}
	d->arg = NULL;
	fds_unmark_all(a);
	shelf_unmark_all(a);
	return true;
}

/* Most sockets go to somebody who wants to be told where they are. */
static bool all_sockets(const struct handing *h)
{
	for (size_t i = 0; i < h->n; i++) {
		const struct hand_item *x = &h->at[i];
		bool named = x->held.name && strncmp(x->held.name, "socket:", 7) == 0;

		if (x->held.id ? !named : !S_ISSOCK(x->s.e->mode))
			return false;
	}
	return true;
}

static void ask(struct app *a, struct handing *h)
{
	static const char *const titles[] = {
		[WAY_RUN] = "RUN A COMMAND WITH",
		[WAY_APART] = "RUN IN THE BACKGROUND WITH",
		[WAY_SOCKET] = "GIVE",
	};
	autobuf who = BUF_INIT;
	struct dialog *d;

	handing_who(h, &who);
	d = dialog_new(ROLE_HOLD, "%s %s", titles[h->way], buf_str(&who));
	d->arg = h;
	d->release = release_asked;
	d->accept = confirmed;
	d->changed = describe;
	if (h->way == WAY_SOCKET) {
		dialog_field(d, "Socket", "", "a path, or @NAME");
	} else {
		dialog_field(d, "Command", "", NULL);
		dialog_field(d, "Listen", all_sockets(h) ? "yes" : "no",
			     "yes: 3, 4, ... and LISTEN_FDS; no: as handing_numbers there");
	}
	if (h->way == WAY_APART)
		dialog_field(d, "Output", "/dev/null", "a file; appended to");
	describe(a, d);
	dialog_open(a, d);
}

/* ---- the menu ---- */

static bool chosen(struct app *a, struct dialog *d, const struct dialog_item *item)
{
	struct handing *h = d->arg;

	if (!item)
		return true;
	h->way = (enum way)item->id;
	d->arg = NULL;
	ask(a, h);
	return true;
}

static void collect_held(struct app *a, struct handing *h)
{
	const struct shelf_item **at;
	size_t n = shelf_selection(a, &at);

	h->at = xcalloc(n + 1, sizeof(*h->at));
	for (; h->n < n; h->n++) {
		const struct shelf_item *item = at[h->n];
		const struct kind *k = kind_by_name(item->kind);
		struct hand_item *x = &h->at[h->n];

		*x = (struct hand_item){ subject_name_held(item), *item, k, -1 };
		x->held.name = item->name ? xmemdup0(item->name, item->name_len) : NULL;
		if (!k)
			x->kind = kind_by_name("unknown");
	}
	free(at);
	if (!n)
		say(a, ROLE_WARNING, "the shelf is empty: `%s` on a descriptor holds it",
		    keymap_word(&a->keys, ACTION_HOLD, CTX_FDS).text);
}

static void collect_rows(struct app *a, struct handing *h)
{
	const struct fdent **rows;
	size_t n = fds_selection(a, &rows);

	h->at = xcalloc(n + 1, sizeof(*h->at));
	for (size_t i = 0; i < n; i++) {
		const struct cell *c = kind_cell(rows[i]->kind, OP_HOLD);
		struct subject s = subject_of(a, rows[i]);

		if (c->effect == EFFECT_REFUSED) {
			say(a, ROLE_WARNING, "%s cannot be handed over: %s", s.token, c->words);
			subject_release(&s);
			continue;
		}
		h->at[h->n].s = s;
		h->at[h->n].kind = rows[i]->kind;
		h->at[h->n++].fd = -1;
	}
	if (!n)
		say(a, ROLE_WARNING, "there is no descriptor under the cursor");
	free(rows);
}

void handing_open(struct app *a)
{
	struct handing *h;
	struct dialog *d;
	autobuf who = BUF_INIT;

	if (!allowed(a, EFFECT_HOLD))
		return;
	h = handing_new(a);
	if (a->focus == &view_shelf)
		collect_held(a, h);
	else
		collect_rows(a, h);
	if (!h->n) {
		handing_free(h);
		return;
	}
	handing_who(h, &who);
	d = dialog_new(ROLE_TITLE, "HAND OVER %s", buf_str(&who));
	dialog_item(d, 'r', WAY_RUN, EFFECT_HOLD, "Run a command with it",
		    "the interface waits for its end");
	dialog_item(d, 'b', WAY_APART, EFFECT_HOLD, "Run it in the background",
		    "it goes on by itself");
	dialog_item(d, 's', WAY_SOCKET, EFFECT_HOLD, "Give to a unix socket",
		    "whoever listens there gets it");
	d->arg = h;
	d->release = release_asked;
	d->accept = chosen;
	dialog_open(a, d);
}
