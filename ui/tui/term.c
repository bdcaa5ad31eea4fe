/* SPDX-License-Identifier: MIT */
#include "ui/tui/term.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "src/base/alloc.h"
#include "src/base/fd.h"
#include "src/base/text.h"

#define KEY_PASTE_BEGIN (KEY_MAX + 1)
#define KEY_PASTE_END   (KEY_MAX + 2)
#define PASTE_MAX       (64 * 1024)
#define DOUBLE_CLICK_MS 400
#define HANGUP_READS    16 /* readable, yet nothing came: end of input */

/* What the crash handler needs, made while all was well. */
static struct {
	int tty;
	struct termios modes;
	char text[512];
	size_t len;
	volatile sig_atomic_t armed;
} crash;

static int crash_putc(int c)
{
	if (crash.len < sizeof(crash.text))
		crash.text[crash.len++] = (char)c;
	return c;
}

static const char *cap(const char *name)
{
	const char *s = tigetstr(name);

	return s == (char *)-1 ? NULL : s;
}

static void crash_add(const char *s)
{
	if (s)
		tputs(s, 1, crash_putc);
}

static void crash_prepare(struct terminal *t)
{
	crash.len = 0;
	crash.tty = t->tty_out;
	if (t->sync)
		crash_add("\033[?2026l");
	if (cap("kmous"))
		crash_add("\033[?1000l\033[?1002l\033[?1003l\033[?1006l");
	crash_add(t->paste_off);
	crash_add(cap("sgr0"));
	crash_add(cap("rmkx"));
	crash_add(cap("cnorm"));
	crash_add(cap("rmcup"));
	crash_add("\r\n");
}

void term_crash_restore(void)
{
	if (!crash.armed)
		return;
	crash.armed = 0;
	if (write(crash.tty, crash.text, crash.len) < 0)
		return;
	tcsetattr(crash.tty, TCSANOW, &crash.modes);
}

static void out_of_memory(void)
{
	static const char text[] = "filch: out of memory\n";

	term_crash_restore();
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(1);
	_exit(1);
}

static void crash_handler(int sig)
{
	term_crash_restore();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void crash_install(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS };
	static char stack[16 * 1024];
	struct sigaction sa = { .sa_handler = crash_handler };
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };

	sa.sa_flags = SA_ONSTACK | SA_RESETHAND | SA_NODEFER;
	sigaltstack(&ss, NULL);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &sa, NULL);
}

static void put(struct terminal *t, const char *s)
{
	if (s)
		fd_write_all(t->tty_out, s, strlen(s));
}

static int find_tty(struct terminal *t, struct buf *why)
{
	t->tty_in = STDIN_FILENO;
	t->tty_out = STDOUT_FILENO;
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return 0;
	t->tty_in = t->tty_out = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (t->tty_in < 0) {
		int err = errno;

		buf_adds(why, "no terminal to draw on");
		return -err;
	}
	t->own_tty = true;
	return 0;
}

static int check_terminfo(struct terminal *t, struct buf *why)
{
	const char *name = getenv("TERM");
	int err = 0;
	bool usable;

	if (!name || !*name) {
		buf_adds(why, "TERM is not set");
		return -ENOTTY;
	}
	if (setupterm(name, t->tty_out, &err) != OK) {
		buf_adds(why, "the terminal type \"");
		text_display(why, name, strnlen(name, 64), TEXT_ASCII);
		buf_adds(why, "\" is not known here");
		return -ENOTTY;
	}
	usable = cap("cup") && cap("clear");
	del_curterm(cur_term);
	if (!usable) {
		buf_adds(why, "the terminal \"");
		text_display(why, name, strnlen(name, 64), TEXT_ASCII);
		buf_adds(why, "\" cannot move its cursor");
		return -ENOTTY;
	}
	return 0;
}

static void modes_on(struct terminal *t)
{
	put(t, t->paste_on);
	if (t->mouse) {
		mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
		mouseinterval(0);
	}
}

static void modes_off(struct terminal *t)
{
	put(t, t->paste_off);
	if (t->mouse)
		mousemask(0, NULL);
}

void term_set_sync(struct terminal *t, bool on)
{
	const char *smcup = cap("smcup");

	t->sync = on && smcup && strstr(smcup, "?1049");
}

static void setup_modes(struct terminal *t, const struct term_opts *opts)
{
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	intrflush(stdscr, FALSE);
	leaveok(stdscr, FALSE);
	if (!getenv("ESCDELAY"))
		set_escdelay(25);
	curs_set(0);
	term_set_sync(t, !opts->no_sync);
	if (cap("BE") && cap("BD") && cap("PS") && cap("PE")) {
		t->paste_on = cap("BE");
		t->paste_off = cap("BD");
		define_key(cap("PS"), KEY_PASTE_BEGIN);
		define_key(cap("PE"), KEY_PASTE_END);
	}
	t->mouse = t->mouse_wanted = !opts->no_mouse;
}

int term_open(struct terminal *t, const struct term_opts *opts, struct buf *why)
{
	int err;

	*t = (struct terminal){ .tty_in = -1, .tty_out = -1 };
	err = find_tty(t, why);
	if (!err)
		err = check_terminfo(t, why);
	if (err)
		return err;
	tcgetattr(t->tty_out, &crash.modes);
	t->out = fdopen(fcntl(t->tty_out, F_DUPFD_CLOEXEC, 3), "w");
	t->in = fdopen(fcntl(t->tty_in, F_DUPFD_CLOEXEC, 3), "r");
	if (!t->out || !t->in || !newterm(NULL, t->out, t->in)) {
		buf_adds(why, "the terminal could not be set up");
		return -ENOTTY;
	}
	/* The library's handlers clean up inside the signal: not safe, so not ours. */
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	setup_modes(t, opts);
	crash_prepare(t);
	crash_install();
	alloc_set_oom_hook(out_of_memory);
	crash.armed = 1;
	modes_on(t);
	t->live = true;
	return 0;
}

void term_close(struct terminal *t)
{
	if (t->live) {
		modes_off(t);
		endwin();
		crash.armed = 0;
		t->live = false;
	}
	if (t->own_tty)
		close(t->tty_in);
	t->own_tty = false;
	buf_release(&t->paste);
}

void term_frame_begin(struct terminal *t)
{
	(void)t;
	erase();
}

void term_frame_end(struct terminal *t, int y, int x)
{
	int cursor = y >= 0;

	if (cursor)
		move(y, x);
	leaveok(stdscr, !cursor);
	wnoutrefresh(stdscr);
	if (t->sync)
		put(t, "\033[?2026h");
	doupdate();
	if (cursor != t->cursor)
		curs_set(cursor);
	t->cursor = cursor;
	if (t->sync)
		put(t, "\033[?2026l");
}

void term_resize(struct terminal *t)
{
	struct winsize ws;

	if (ioctl(t->tty_out, TIOCGWINSZ, &ws) < 0 || !ws.ws_row || !ws.ws_col)
		return;
	if (ws.ws_row != LINES || ws.ws_col != COLS)
		resizeterm(ws.ws_row, ws.ws_col);
}

void term_leave(struct terminal *t)
{
	modes_off(t);
	endwin();
	crash.armed = 0;
}

void term_resume(struct terminal *t)
{
	crash.armed = 1;
	reset_prog_mode();
	modes_on(t);
	term_resize(t);
	clearok(curscr, TRUE);
}

void term_suspend(struct terminal *t)
{
	sigset_t stop, before;

	term_leave(t);
	signal(SIGTSTP, SIG_DFL);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	raise(SIGTSTP);
	pthread_sigmask(SIG_UNBLOCK, &stop, &before);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	term_resume(t);
}

void term_set_mouse(struct terminal *t, bool on)
{
	t->mouse = t->mouse_wanted = on;
	if (on)
		modes_on(t);
	else
		mousemask(0, NULL);
}

void term_flush_input(struct terminal *t)
{
	struct event ev;

	tcflush(t->tty_in, TCIFLUSH);
	flushinp();
	while (term_next(t, &ev) > 0)
		;
}

void term_copy(struct terminal *t, const char *text, size_t len)
{
	autobuf b = BUF_INIT;

	buf_adds(&b, "\033]52;c;");
	text_base64(&b, text, len);
	buf_adds(&b, "\a");
	fd_write_all(t->tty_out, b.data, b.len);
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int mouse_event(struct terminal *t, struct event *ev)
{
	MEVENT m;
	long now = now_ms();

	if (getmouse(&m) != OK)
		return 0;
	ev->y = m.y;
	ev->x = m.x;
	if (m.bstate & BUTTON4_PRESSED) {
		ev->type = EVENT_WHEEL_UP;
	} else if (m.bstate & BUTTON5_PRESSED) {
		ev->type = EVENT_WHEEL_DOWN;
	} else if (m.bstate & BUTTON1_PRESSED) {
		bool again = now - t->last_click_ms < DOUBLE_CLICK_MS && m.y == t->last_click_y &&
			     m.x == t->last_click_x;

		ev->type = again ? EVENT_DOUBLE_CLICK : EVENT_CLICK;
		t->last_click_ms = again ? 0 : now;
		t->last_click_y = m.y;
		t->last_click_x = m.x;
	} else {
		return 0;
	}
	return 1;
}

static void paste_add(struct terminal *t, wint_t c)
{
	char mb[MB_LEN_MAX];
	mbstate_t st = { 0 };
	size_t n;

	if (t->paste.len > PASTE_MAX)
		return;
	n = wcrtomb(mb, (wchar_t)c, &st);
	if (n != (size_t)-1)
		buf_add(&t->paste, mb, n);
}

/* One key in, perhaps one event out. */
static int translate(struct terminal *t, int how, wint_t c, struct event *ev)
{
	ev->type = EVENT_KEY;
	if (how == KEY_CODE_YES && c == KEY_PASTE_BEGIN) {
		t->pasting = true;
		buf_reset(&t->paste);
		return 0;
	}
	if (how == KEY_CODE_YES && c == KEY_PASTE_END) {
		t->pasting = false;
		ev->type = EVENT_PASTE;
		ev->text = buf_str(&t->paste);
		ev->len = t->paste.len;
		return 1;
	}
	if (t->pasting) {
		if (how == OK)
			paste_add(t, c);
		return 0;
	}
	if (how == KEY_CODE_YES && c == KEY_RESIZE)
		return 0;
	if (how == KEY_CODE_YES && c == KEY_MOUSE)
		return mouse_event(t, ev);
	ev->key = how == KEY_CODE_YES ? K((int)c) : (int)c;
	if (ev->key == K(KEY_ENTER) || ev->key == '\n')
		ev->key = '\r';
	if (ev->key == K(KEY_BACKSPACE) || ev->key == 8)
		ev->key = 127;
	return 1;
}

/* True if the terminal has been closed from the other side. */
static bool hung_up(struct terminal *t)
{
	struct pollfd p = { .fd = t->tty_in, .events = POLLIN };

	if (poll(&p, 1, 0) < 0)
		return false;
	if (p.revents & (POLLHUP | POLLERR | POLLNVAL))
		return true;
	t->empty_reads = p.revents & POLLIN ? t->empty_reads + 1 : 0;
	return t->empty_reads > HANGUP_READS;
}

int term_next(struct terminal *t, struct event *ev)
{
	for (;;) {
		wint_t c;
		int how = get_wch(&c);

		if (how == ERR)
			return hung_up(t) ? -EIO : 0;
		t->empty_reads = 0;
		memset(ev, 0, sizeof(*ev));
		if (translate(t, how, c, ev) > 0)
			return 1;
	}
}
