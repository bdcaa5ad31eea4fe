#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The terminal is given back, whatever happens."""

import signal
import termios
import time
import os
import sys

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
from lib import *  # noqa: E402,F403
from screen import *  # noqa: E402,F403

os.environ["FILCH_SHELF"] = os.path.join(TMP, "shelf")

def modes(s):
    return termios.tcgetattr(s.slave)[:4]


def restored(s, before, name):
    s.pump(0.05)
    tail = bytes(s.raw)
    ok(modes(s) == before, name + ": the modes are back")
    ok(tail.rfind(b"\033[?1049l") > tail.rfind(b"\033[?1049h"), name + ": the screen is back")
    ok(tail.rfind(b"\033[?2004l") > tail.rfind(b"\033[?2004h"), name + ": paste marks are off")
    ok(tail.rfind(b"\033[?1000l") >= tail.rfind(b"\033[?1000h"), name + ": the mouse is off")
    ok(max(tail.rfind(b"\033[?25h"), tail.rfind(b"\033[?12l\033[?25h"), tail.rfind(b"?25h")) >
       tail.rfind(b"?25l"), name + ": the cursor is visible")


with Victim("file:fd=12,name=plain.log,size=3000") as v:
    for sig, expect in ((signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129),
                        (signal.SIGABRT, -6), (signal.SIGSEGV, -11)):
        with Screen([FILCH, str(v.pid)]) as s:
            before = s.modes_before
            s.wait_text("plain.log", "idle")
            os.kill(s.pid, sig)
            status = s.wait_exit()
            if os.environ.get("ASAN_OPTIONS") and sig in (signal.SIGABRT, signal.SIGSEGV) and \
                    b"asan" in open(FILCH, "rb").read(1 << 20):
                skip("the sanitizer takes this signal", 6)
                continue
            is_(status, expect, "%s: exit status" % sig.name)
            restored(s, before, sig.name)

    # The other side closes: leave at once, even when SIGHUP is ignored.
    for ignore in (False, True):
        s = Screen([FILCH, str(v.pid)],
                   preexec=(lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) if ignore
                   else None)
        s.wait_text("plain.log", "idle")
        os.close(s.slave)
        os.close(s.master)
        began = time.monotonic()
        gone = wait_for(lambda: s.poll() is not None, 5)
        took = time.monotonic() - began
        ok(gone and took < 1.0, "hangup%s: gone within a second" % (
            " with SIGHUP ignored" if ignore else ""), "took %.2f s" % took)
        if not gone:
            os.kill(s.pid, signal.SIGKILL)
            os.waitpid(s.pid, 0)

    # ^Z and fg, under a parent that waits as a shell does. The parent is not a
    # session leader's child alone: an orphaned group would not stop.
    s = Screen(["/bin/bash", "--norc", "-i"], env={"PS1": "shell> "})
    s.wait_text("shell>")
    before = None
    s.keys("%s %d\r" % (FILCH, v.pid))
    s.wait_text("plain.log", "idle")
    for where, keys in (("the table", ""), ("a dialog", "d"), ("a prompt", "f"), ("help", "?")):
        s.keys(keys)
        s.settle()
        s.keys("\x1a")
        s.wait_text("shell>", "Stopped")
        ok(bytes(s.raw).rfind(b"\033[?2004l") > 0, "^Z in %s: the shell is back" % where)
        s.resize(30, 100)
        s.keys("fg\r")
        s.wait("the interface at the new size", lambda x: x.lines()[0].startswith(" filch") and
               "SAFE" in x.lines()[0][80:])
        ok(True, "fg: painted again, at the size of now")
        s.keys(ESC)
        s.settle()
        if where == "help":
            s.keys("q")
        s.resize(24, 80)
        s.wait_text("plain.log")
    s.keys("q")
    s.wait("the shell", lambda x: "shell>" in x.lines()[x.display.cursor.y])
    s.keys("exit\r")
    s.wait_exit()
    s.close()

    # SIGSTOP and SIGCONT from outside: painted again.
    with Screen([FILCH, str(v.pid)]) as s:
        s.wait_text("plain.log", "idle")
        os.kill(s.pid, signal.SIGSTOP)
        wait_for(lambda: open("/proc/%d/stat" % s.pid).read().split()[2] == "T")
        s.display.reset()
        os.kill(s.pid, signal.SIGCONT)
        s.wait_text("plain.log", "FD  KIND")
        ok(True, "SIGCONT: painted again")

    # Pasted text is never keys.
    with Screen([FILCH, str(v.pid)]) as s:
        s.wait_text("plain.log", "idle")
        s.keys("\033[200~qq!x%d\r\033[201~" % v.pid)
        s.wait_text("pasted text is not keys")
        ok(s.poll() is None, "pasted text triggers no keys")
        s.keys("f\033[200~kind=\x1b[31mfi\rle\033[201~")
        s.wait_text("filter: kind=[31mfile")
        ok(True, "in a prompt it is text, without its controls")
done()
