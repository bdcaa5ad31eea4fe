/* SPDX-License-Identifier: MIT */
/* filch talk DESC: our terminal or pipes, and a socket, pipe or terminal of another process. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "src/keep/talk.h"
#include "ui/cli/cmds.h"
#include "ui/cli/descs.h"

#define ESCAPE 0x1d /* ^], as in telnet */

struct talk_values {
	bool hex, keep_open, winsize;
};

static const struct opt talk_opts[] = {
	{ "hex", 0, OPT_FLAG, offsetof(struct talk_values, hex), NULL,
	  "show what comes as a hex dump" },
	{ "keep-open", 0, OPT_FLAG, offsetof(struct talk_values, keep_open), NULL,
	  "the end of our input does not end our direction" },
	{ "winsize", 0, OPT_FLAG, offsetof(struct talk_values, winsize), NULL,
	  "of a pty's master: the pty follows the size of our terminal meanwhile" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

/* ---- our terminal ---- */

static volatile sig_atomic_t stop, resized;

static void on_signal(int sig)
{
	if (sig == SIGWINCH)
		resized = 1;
	else
		stop = sig;
}

struct terminal {
	bool is;
	struct termios before;
};

/* They come only while talk() waits, with the mask that is left in *before. */
static void catch_signals(sigset_t *before)
{
	static const int signals[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGWINCH };
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t block;

	sigemptyset(&block);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&block, signals[i]);
	sigprocmask(SIG_BLOCK, &block, before);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &sa, NULL);
}

/* To a terminal each key goes as it is typed; to others lines do, and ^] at once. */
static void terminal_set(struct terminal *t, bool raw)
{
	struct termios now;

	t->is = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &t->before) == 0;
	if (!t->is)
		return;
	now = t->before;
	if (raw)
		cfmakeraw(&now);
	else
		now.c_cc[VEOL] = ESCAPE;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &now);
}

static void terminal_restore(const struct terminal *t)
{
	if (t->is)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &t->before);
}

/* ---- what comes ---- */

struct screen {
	enum text_mode mode;
	uint64_t at;
};

static void show_hex(void *arg, struct buf *out, const char *p, size_t len)
{
	struct screen *s = arg;

	for (size_t i = 0; i < len; i += 16) {
		size_t n = len - i < 16 ? len - i : 16;

		buf_addf(out, "%08" PRIx64 " ", (uint64_t)s->at + i);
		for (size_t k = 0; k < 16; k++)
			buf_addf(out, k < n ? "%s %02x" : "%s   ", k == 8 ? " " : "",
				 k < n ? (unsigned char)p[i + k] : 0);
		buf_adds(out, "  |");
		for (size_t k = 0; k < n; k++)
			buf_addc(out, p[i + k] >= 0x20 && p[i + k] < 0x7f ? p[i + k] : '.');
		buf_adds(out, "|\n");
	}
	s->at += len;
}

/* Our terminal gets no control characters of others: lines stay lines. */
static void show_text(void *arg, struct buf *out, const char *p, size_t len)
{
	struct screen *s = arg;

	while (len) {
		const char *eol = memchr(p, '\n', len);
		size_t n = eol ? (size_t)(eol - p) : len;

		text_display(out, p, n && eol && p[n - 1] == '\r' ? n - 1 : n, s->mode);
		if (eol)
			buf_addc(out, '\n');
		n += eol != NULL;
		p += n;
		len -= n;
	}
}

/* ---- the verb ---- */

static void say_end(struct cli *cli, const struct desc_ref *d, const struct talk_result *r)
{
	if (r->end == TALK_HUNG_UP)
		cli_message(cli, "%s: the other end is gone: %s", d->label, strerror(r->err));
	if (isatty(STDERR_FILENO))
		cli_message(cli, "%s: sent %llu bytes, received %llu", d->label,
			    (unsigned long long)r->sent, (unsigned long long)r->received);
}

static int talk_one(struct cli *cli, const struct desc_ref *d, void *arg)
{
	const struct talk_values *v = arg;
	bool tty = strcmp(d->ent->kind->name, "tty") == 0;
	struct screen screen = { .mode = cli->text };
	sigset_t mask;
	struct talk_opts opts = {
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.keep_open = v->keep_open,
		.escape = isatty(STDIN_FILENO) ? ESCAPE : -1,
		.show = v->hex                          ? show_hex
			: !tty && isatty(STDOUT_FILENO) ? show_text
							: NULL,
		.arg = &screen,
		.stop = &stop,
		.mask = &mask,
		.resized = v->winsize ? &resized : NULL,
	};
	struct talk_result result;
	struct terminal terminal;
	autograb g = { .fd = -1 };
	struct fail f = { 0 };
	int r = descs_grab(cli, d, OP_TALK, &g);

	if (r < 0)
		return r;
	if (opts.escape >= 0)
		cli_message(cli, "%s: ^] leaves", d->label);
	resized = 1;
	catch_signals(&mask);
	terminal_set(&terminal, tty);
	r = talk(g.fd, &opts, &result, &f);
	terminal_restore(&terminal);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	descs_audit(cli, d, OP_TALK, r < 0 ? &f : NULL);
	if (v->winsize)
		cli_audit(cli, "talk --winsize", EFFECT_ALTER, d->target, d->ent->fd,
			  r < 0 ? &f : NULL);
	if (r < 0)
		cli_failed(cli, &f);
	else
		cli_done(cli);
	say_end(cli, d, &result);
	return r;
}

static int talk_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct descs_opts opts = { .want = SURVEY_NET };
	struct talk_values v = *(const struct talk_values *)values;

	if (!descs_is_single(cli, n, argv))
		return cli_status(cli);
	if (v.winsize && !isatty(STDIN_FILENO))
		return cli_usage(cli, "--winsize: standard input is no terminal, and has no size");
	return descs_each(cli, 1, argv, &opts, talk_one, &v);
}

const struct cmd cmd_talk = {
	.name = "talk",
	.args = "DESC",
	.summary = "talk with the other end of a socket, pipe or terminal",
	.effect = EFFECT_ALTER,
	.about =
		"Copies standard input to the descriptor and what comes from it to standard output.\n"
		"What we read its owner does not get, what we send goes in its name. The end of our\n"
		"input ends our direction of a connection, for the owner too (--keep-open: not), and\n"
		"what still comes is shown until the other end closes. From a terminal ^] leaves.\n"
		"\n"
		"To a terminal keys go as they are typed. Of a pty the master types into the\n"
		"terminal; its slave prints on it. Otherwise lines go, and control characters\n"
		"that come are shown as escapes if standard output is a terminal.\n"
		"\n"
		"The terminal's size stays what it is: its owner set it, and whoever draws on it goes\n"
		"by it. With --winsize a pty follows the size of our terminal until we leave, then\n"
		"it gets back its own, unless its owner set another meanwhile.",
	.opts = talk_opts,
	.values_size = sizeof(struct talk_values),
	.run = talk_run,
};
