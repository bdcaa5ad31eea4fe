#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where and how the interface starts, and what it looks like there."""
import re
import time
import os
import sys

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
from lib import *  # noqa: E402,F403
from screen import *  # noqa: E402,F403

os.environ["FILCH_SHELF"] = os.path.join(TMP, "shelf")

with Victim("file:fd=12,name=plain.log,size=3000", "pipe:fd=14,peer=15,size=5",
            "dup:fd=20,of=12") as v:
    with Screen([FILCH, str(v.pid)]) as s:
        s.wait_text("plain.log", "SAFE  idle")
        ok(s.row_of("FD  KIND     MODE  POS/SIZE") == 2, "headings in the third line", s.text())
        like(s.text(), r"\n +12  file .*=[A-Z] 2 .*plain\.log", "a shared file is marked as a group")
        like(s.text(), r"\n +20  file .*=[A-Z] 2 .*plain\.log", "and so is the other")
        like(s.text(), r"\n +14  pipe +r .*<>", "a peer is found")
        like(s.lines()[-1], r"\? help$", "the hint bar ends with the help key")
        s.keys("q")
        is_(s.wait_exit(), 0, "q leaves")
        ok(b"\033[?1049l" in s.raw, "the screen is given back")

    with Screen([FILCH, str(v.pid)], rows=30, cols=130) as s:
        s.wait_text("plain.log", "EFFECTS")
        col = s.lines()[2].index("│") if "│" in s.lines()[2] else -1
        ok(col > 60, "from 120 columns the detail pane is on the right", s.text())

    with Screen([FILCH, str(v.pid)], rows=50, cols=160) as s:
        s.wait_text("PROCESSES", "SHELF", "PREVIEW", "plain.log")
        ok(True, "from 150x40 everything is beside each other")

    with Screen([FILCH], rows=24, cols=80) as s:
        s.wait_text("PROCESSES", "SAFE  idle")
        ok(s.cursor_row() == 3, "without a target the processes come first", s.text())
        s.keys("f%d" % v.pid)
        s.wait("one process", lambda x: "PROCESSES  1 of" in x.text())
        s.keys("\r\r")
        s.wait_text("plain.log")
        ok(True, "filter and Enter show its descriptors")
        s.keys("q")
        s.wait_text("PROCESSES")
        ok(True, "q goes back to the processes")

    # ---- sizes ----
    with Screen([FILCH, str(v.pid)], rows=1, cols=1) as s:
        s.settle()
        s.resize(8, 40)
        s.wait_text("FD  KIND", "pipe")
        ok(True, "1x1 runs on, and 40x8 is useful")
        s.resize(7, 39)
        s.wait_text("needs 40x8")
        ok(True, "below that one line says so")
        s.resize(200, 400)
        s.wait_text("PREVIEW")
        ok(s.poll() is None, "400x200 runs")
        for i in range(40):
            s.resize(1 + i * 7 % 60, 1 + i * 13 % 170)
        s.resize(24, 80)
        s.wait("the layout of 80x24", lambda x: x.lines()[0].startswith(" filch") and
               x.lines()[0].endswith(("SAFE  idle", "SAFE  busy")) and "? help" in x.lines()[-1])
        ok(s.poll() is None, "a storm of resizes ends in the right layout")

    # ---- terminals ----
    for term, word in ((None, "TERM is not set"), ("", "TERM is not set"),
                       ("no-such-terminal", "not known"), ("dumb", "cannot move")):
        with Screen([FILCH, str(v.pid)], term=term) as s:
            status = s.wait_exit()
            out = s.raw.decode()
            is_(status, 2, "TERM=%s: exit status 2" % term)
            ok(word in out and "filch ls" in out and out.count("\n") == 1,
               "one sentence that names the verb", out)
    r = run(["setsid", FILCH, str(v.pid)])
    is_(r.status, 2, "no terminal at all: exit status 2")
    ok("filch ls" in r.stderr and r.stdout == "", "and a sentence on stderr", r)

    for term in ("xterm-256color", "linux", "vt100", "tmux-256color", "screen", "xterm"):
        with Screen([FILCH, str(v.pid)], term=term) as s:
            s.wait_text("plain.log", "idle")
            ok((b"?2026h" in s.raw) == (b"?1049h" in s.raw),
               "TERM=%s: runs; frames are marked only with an alternate screen" % term)

    colored = re.compile(rb"\033\[[0-9;]*3[0-7]m")
    with Screen([FILCH, str(v.pid)]) as s:
        s.wait_text("plain.log")
        ok(colored.search(s.raw), "colour where there is some")
    with Screen([FILCH, str(v.pid)], env={"NO_COLOR": "1"}) as s:
        s.wait_text("plain.log")
        ok(not colored.search(s.raw), "NO_COLOR is obeyed")
    with Screen([FILCH, "--color=never", str(v.pid)]) as s:
        s.wait_text("plain.log")
        ok(not colored.search(s.raw), "--color=never is obeyed")

    with Screen([FILCH, str(v.pid)], lang="C", rows=30, cols=130) as s:
        s.wait_text("plain.log")
        ok(all(b < 0x80 for b in s.raw), "locale C: nothing beyond ASCII")
    with Screen([FILCH, "--ascii", str(v.pid)], rows=30, cols=130) as s:
        s.wait_text("plain.log")
        ok(all(b < 0x80 for b in s.raw), "--ascii: nothing beyond ASCII")

    # ---- redirections ----
    r_end, w_end = os.pipe()
    with Screen([FILCH, str(v.pid)], stdin=os.open("/dev/null", os.O_RDONLY), stdout=w_end) as s:
        os.close(w_end)
        s.wait_text("plain.log")
        s.keys("q")
        is_(s.wait_exit(), 0, "with stdin and stdout redirected the terminal is used")
        os.set_blocking(r_end, False)
        try:
            data = os.read(r_end, 100)
        except BlockingIOError:
            data = b""
        is_(data, b"", "and not a byte goes to stdout")

    # ---- Esc ----
    with Screen([FILCH, str(v.pid)]) as s:
        s.wait_text("plain.log", "idle")
        s.keys("?")
        s.wait_text("EVERYWHERE")
        s.keys("q")
        s.wait_text("plain.log")
        s.keys("/")
        s.wait("the prompt", lambda x: x.lines()[-2].startswith("/"))
        began = time.monotonic()
        s.keys(ESC)
        s.wait("no prompt", lambda x: not x.lines()[-2].startswith("/"))
        took = time.monotonic() - began
        ok(took < 0.3, "Esc takes effect at once", "took %.3f s" % took)

    # ---- bad targets ----
    with Screen([FILCH, "%d@1" % v.pid]) as s:
        is_(s.wait_exit(), 4, "another start time: exit status 4")
done()
