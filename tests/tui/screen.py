# SPDX-License-Identifier: MIT
"""A terminal of a given size with filch in it: keys in, cells out.

    s = Screen([FILCH, str(pid)], rows=24, cols=80)
    s.wait_text("idle"); s.keys("/nginx\r"); print(s.text())

Everything that arrives is kept in s.raw, so that tests can count bytes and look
for what must never be sent. Waiting is polling for a condition with an end.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

import pyte

UP, DOWN, RIGHT, LEFT = "\033OA", "\033OB", "\033OC", "\033OD"
PGUP, PGDN, HOME, END = "\033[5~", "\033[6~", "\033OH", "\033OF"
ENTER, ESC, TAB = "\r", "\033", "\t"


class Timeout(Exception):
    pass


class Display(pyte.Screen):
    """What pyte leaves out and ncurses uses: repeat, back tab, scroll."""

    def draw(self, data):
        super().draw(data)
        if data:
            self.last_drawn = data[-1]

    def repeat(self, count=1):
        super().draw(getattr(self, "last_drawn", " ") * (count or 1))

    def _at(self, line, step, count):
        y, self.cursor.y = self.cursor.y, line
        for _ in range(count or 1):
            step()
        self.cursor.y = y

    def scroll_up(self, count=1):
        bottom = self.margins.bottom if self.margins else self.lines - 1
        self._at(bottom, self.index, count)

    def scroll_down(self, count=1):
        self._at(self.margins.top if self.margins else 0, self.reverse_index, count)

    def back_tab(self, count=1):
        for _ in range(count or 1):
            stops = [t for t in self.tabstops if t < self.cursor.x]
            self.cursor.x = max(stops) if stops else 0


class Stream(pyte.ByteStream):
    csi = dict(pyte.ByteStream.csi, b="repeat", Z="back_tab",
               S="scroll_up", T="scroll_down")
    events = pyte.ByteStream.events | {"repeat", "back_tab", "scroll_up", "scroll_down"}


class Screen:
    def __init__(self, argv, rows=24, cols=80, env=None, term="xterm-256color",
                 lang="C.UTF-8", preexec=None, stdin=None, stdout=None):
        self.rows, self.cols = rows, cols
        self.display = Display(cols, rows)
        self.stream = Stream(self.display)
        self.raw = bytearray()
        self.status = None
        environ = {k: v for k, v in os.environ.items()
                   if k not in ("NO_COLOR", "ESCDELAY", "LINES", "COLUMNS", "TERM")}
        environ.update(LC_ALL=lang)
        if term is not None:
            environ["TERM"] = term
        environ.update(env or {})
        self.master, slave = pty.openpty()
        self._winsize(rows, cols)
        self.modes_before = termios.tcgetattr(slave)[:4]
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.setsid()
                fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
                for fd in range(3):
                    os.dup2(slave, fd)
                if stdin is not None:
                    os.dup2(stdin, 0)
                if stdout is not None:
                    os.dup2(stdout, 1)
                os.closerange(3, 256)
                if preexec:
                    preexec()
                os.execvpe(argv[0], argv, environ)
            finally:
                os._exit(127)
        self.slave = slave

    def _winsize(self, rows, cols):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def resize(self, rows, cols):
        self.rows, self.cols = rows, cols
        self.display.resize(rows, cols)
        self._winsize(rows, cols)

    def pump(self, timeout=0.0):
        """Take what there is; True if something came."""
        got = False
        while True:
            ready, _, _ = select.select([self.master], [], [], timeout)
            if not ready:
                return got
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return got
            if not data:
                return got
            self.raw += data
            self.stream.feed(data)
            got = True
            timeout = 0.0

    def keys(self, text):
        data = text.encode() if isinstance(text, str) else text
        while data:
            n = os.write(self.master, data)
            data = data[n:]
            self.pump()

    def lines(self):
        return [line.rstrip() for line in self.display.display]

    def text(self):
        return "\n".join(self.lines())

    def painted(self):
        """No frame has begun and not ended: what is shown belongs together."""
        tail = self.raw[-65536:]
        return tail.rfind(b"\033[?2026h") <= tail.rfind(b"\033[?2026l")

    def wait(self, what, predicate, timeout=10):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            self.pump(0.03)
            if self.painted() and predicate(self):
                return True
        raise Timeout("waited for %s; the screen was:\n%s" % (what, self.text()))

    def wait_text(self, *texts, timeout=10):
        return self.wait("/".join(texts), lambda s: all(t in s.text() for t in texts), timeout)

    def wait_gone(self, text, timeout=10):
        return self.wait("no " + text, lambda s: text not in s.text(), timeout)

    def settle(self, quiet=0.15, timeout=5):
        """Nothing changed on the screen for a while; frames that change nothing may come."""
        end = time.monotonic() + timeout
        still = time.monotonic() + quiet
        while time.monotonic() < min(still, end):
            self.display.dirty.clear()
            self.pump(min(quiet, 0.02))
            if self.display.dirty:
                still = time.monotonic() + quiet

    def row_of(self, text):
        for i, line in enumerate(self.lines()):
            if text in line:
                return i
        return None

    def cursor_row(self):
        """The row that has the cursor of the list."""
        for i, line in enumerate(self.lines()):
            if line.startswith(">") or line.startswith(" >"):
                return i
        return None

    def cursor_line(self):
        """Its text; none while the screen is half painted."""
        row = self.cursor_row()
        return "" if row is None else self.lines()[row]

    def poll(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
        return self.status

    def wait_exit(self, timeout=10):
        end = time.monotonic() + timeout
        while self.poll() is None:
            self.pump(0.02)
            if time.monotonic() > end:
                raise Timeout("still running; the screen was:\n%s" % self.text())
        self.pump(0.02)
        return os.waitstatus_to_exitcode(self.status)

    def close(self):
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        for fd in (self.master, self.slave):
            try:
                os.close(fd)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def pressed(screen, text, *wait, timeout=10):
    """Press keys, then wait for what must appear."""
    screen.keys(text)
    return screen.wait_text(*wait, timeout=timeout)
