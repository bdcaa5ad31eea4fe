# SPDX-License-Identifier: MIT
"""What the terminal interface costs: for bench.py, and for tests that hold it to bounds.

A frame is over when the interface ends its synchronized update, so nothing is
interpreted here: what is measured is filch, not a terminal emulator.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

END = b"\033[?2026l"
TICK = os.sysconf("SC_CLK_TCK")


class Terminal:
    """filch in a pty of ROWS x COLS; what it writes is read and counted."""

    def __init__(self, argv, rows=50, cols=160, env=None):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env=dict(os.environ, TERM="xterm-256color", LC_ALL="C.UTF-8", **(env or {})))
        os.close(slave)
        self.pid = self.process.pid
        self.bytes = 0
        self.tail = b""

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        os.close(self.master)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.kill(self.pid, signal.SIGKILL)
            self.process.wait()

    def read(self, timeout):
        """What comes within TIMEOUT seconds; b"" if nothing does."""
        if not select.select([self.master], [], [], timeout)[0]:
            return b""
        data = os.read(self.master, 1 << 16)
        self.bytes += len(data)
        return data

    def until(self, condition, seconds):
        """Collect until CONDITION(bytes so far); seconds since the call, or None."""
        began, got = time.monotonic(), b""
        while time.monotonic() < began + seconds:
            got += self.read(0.05)
            if condition(got):
                return time.monotonic() - began
        return None

    def frames(self, n=1, seconds=60):
        return self.until(lambda got: got.count(END) >= n, seconds)

    def idle(self, quiet=0.1, seconds=120):
        """Until it says `idle` and nothing comes for a while."""
        end = time.monotonic() + seconds
        got = b""
        while time.monotonic() < end:
            data = self.read(quiet)
            got = (got + data)[-(1 << 20):]
            if not data and plain(got).rfind(b"idle") > plain(got).rfind(b"busy"):
                return True
        return False

    def quiet(self, pause=0.05, seconds=5):
        end = time.monotonic() + seconds
        while self.read(pause) and time.monotonic() < end:
            pass

    def press(self, key):
        """Seconds from KEY to the end of the frame that follows."""
        self.quiet(0.02)
        began = time.monotonic()  # before the write: who is woken may be done when it returns
        os.write(self.master, key)
        return None if self.frames() is None else time.monotonic() - began

    def cpu(self):
        """Seconds of processor time so far, all threads."""
        with open(f"/proc/{self.pid}/stat", "rb") as f:
            fields = f.read().rsplit(b")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def painting(self):
        """Seconds of processor time of the thread that paints."""
        with open(f"/proc/{self.pid}/task/{self.pid}/schedstat", encoding="ascii") as f:
            return int(f.read().split()[0]) / 1e9


def plain(data):
    return re.sub(rb"\033\[[0-9;?]*[a-zA-Z]", b"", data)


def percentile(values, percent):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * percent / 100))]


def moves(terminal, rounds):
    """Time and bytes of ROUNDS cursor moves: j and k, and now and then a page."""
    times, sizes = [], []
    for i in range(rounds):
        key = (b"j", b"j", b"k", b"j")[i % 4]
        before = terminal.bytes
        took = terminal.press(key)
        if took is None:
            continue
        times.append(took)
        sizes.append(terminal.bytes - before)
    return times, sizes


def typing(terminal, prompt, text, rounds):
    """Time of each letter of TEXT, typed ROUNDS times at the key PROMPT, as fast as frames come."""
    times = []
    for _ in range(rounds):
        terminal.press(prompt)
        times += [terminal.press(letter.encode()) for letter in text]
        terminal.press(b"\033")
        terminal.quiet(0.3)
    return [t for t in times if t]


def sorting(terminal, rounds):
    """Time until the next frame when the order is turned round."""
    times = []
    for _ in range(rounds):
        times.append(terminal.press(b"I"))
        terminal.quiet(0.2)
    return [t for t in times if t]


def jumps(terminal, rounds):
    """Time of ROUNDS moves that paint everything anew."""
    keys = (b"\033[6~", b"G", b"g", b"\033[6~", b"\033[5~")
    return [t for t in (terminal.press(keys[i % len(keys)]) for i in range(rounds)) if t]
