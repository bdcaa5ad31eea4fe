#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Too much of something: rows, keys, bytes for the line, resizes, wide characters; too
little: space on a disk; and a pid that is used again."""
import os
import resource
import select
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, d) for d in ("..", "", "../bench", "../readme")]
from lib import *  # noqa: E402,F403
from screen import *  # noqa: E402,F403
import tui  # noqa: E402

os.environ["FILCH_SHELF"] = os.path.join(TMP, "shelf")
APART = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
SAN = bool(os.environ.get("SANITIZE"))


def many_rows():
    """100,000, as far as the limit of a table allows; what counts is the painter's own time."""
    per = min(17000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 100)
    fleet = subprocess.Popen([BUILD + "/tests/bench/fleet", "1", str(per), "mixed", "6"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if fleet.stdout.readline() != b"ready\n":
        skip("no table of %d descriptors here" % per, 7)
        return
    pid = open("/proc/%d/task/%d/children" % (fleet.pid, fleet.pid)).read().split()[0]
    with tui.Terminal([FILCH, pid]) as t:
        ok(t.frames(1, 5) is not None, "the first frame comes before the rows do")
        ok(t.idle(), "%d rows arrive" % (6 * per))
        before = t.painting()
        times, sizes = tui.moves(t, 60)
        each = (t.painting() - before) / max(1, len(times))
        ok(len(times) == 60 and each < (0.1 if SAN else 0.01),
           "a move costs less than 10 ms of a processor", "%.2f ms" % (each * 1e3))
        for what, keys in (("a letter of a filter", b"fdeleted"), ("a new order", b"\033\033III")):
            before = t.painting()
            for key in keys:
                t.press(bytes([key]))
            each = (t.painting() - before) / len(keys)
            ok(each < (0.1 if SAN else 0.01), "%s: the painter waits for nothing" % what,
               "%.2f ms" % (each * 1e3))
            os.write(t.master, b"\033")
            t.quiet(0.3)
        # The painter itself searches, while nothing is to be painted: what counts is when it
        # paints. All rows at once are 0.1 s, for every letter: the best tells, beside other tests.
        t.press(b"/")
        times = sorted(filter(None, (t.press(bytes([key])) for key in b"nowhere")))
        ok(times and times[0] < (0.5 if SAN else 0.05),
           "a letter of a search: the frame comes first", times)
        os.write(t.master, b"\033")
        t.quiet(0.3)
        half = tui.percentile(sizes, 50)
        ok(half <= 700, "and 700 bytes at 160x50", "%d" % half)
    fleet.stdin.close()
    fleet.wait(20)


def large_table():
    """One that is filtered and ordered on a thread: keys that were typed ahead of it."""
    fleet = subprocess.Popen([BUILD + "/tests/bench/fleet", "1", "6000", "mixed"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if fleet.stdout.readline() != b"ready\n":
        skip("no table of 6000 descriptors here", 4)
        return
    pid = open("/proc/%d/task/%d/children" % (fleet.pid, fleet.pid)).read().split()[0]

    def number(s):
        return s.cursor_line()[2:6].strip()
    with Screen([FILCH, pid], rows=30, cols=110) as s:
        s.wait_text("6000 of", "idle", timeout=30)
        last = [r["fd"] for r in rows(int(pid)) if r["kind"] == "eventfd"][-1]
        s.keys("fkind=eventfd" + ENTER + "Ga")
        s.wait_text("held as h1")
        held = filch("held", "--json").stdout
        ok('"kind":"eventfd"' in held.replace(" ", "") and
           '"fd":%d' % last in held.replace(" ", ""),
           "a key behind a filter acts on what the filter shows", held)
        at = number(s)
        s.keys(ESC)
        s.wait_text("filter: none")
        s.wait("all rows", lambda x: any(" pipe " in y or " file " in y for y in x.lines()[3:20]))
        is_(number(s), at, "the cursor stays with its row when the filter goes")
        s.keys("I")
        s.wait_text("inverted", "idle")
        s.settle()
        is_(number(s), at, "and when the order is turned round")
        s.keys("ffd>99999" + ENTER)
        s.wait_text("no descriptor passes the filter")
        s.keys(ESC + "fnosuchfact>1" + ENTER)
        s.wait_text('no row has anything called "nosuchfact"')
        s.keys(ESC)
        s.wait_text("filter: none")
        s.keys("/nowhere to be found" + ENTER)
        s.wait_text("not found: nowhere to be found", "idle")
        ok(True, "what is not there is said to be not there, once all was looked at")
        filch("drop", "--all", "--last")
    fleet.stdin.close()
    fleet.wait(20)


def slow_line(v):
    """9600 baud: 960 bytes a second. Keys wait for one frame, not for all that were missed."""
    with tui.Terminal([FILCH, str(v.pid)], rows=24, cols=80) as t:
        t.idle()
        os.write(t.master, b"g")
        t.quiet(0.3)
        before = t.bytes
        os.write(t.master, b"j")
        t.frames()
        one = t.bytes - before
        ok(one <= 960 * 0.4, "a move at 80x24 is on a line of 9600 baud within 0.4 s", one)
        t.quiet(0.3)
        before = t.bytes
        os.write(t.master, b"jk" * 500)
        t.quiet(0.3)
        ok(t.bytes - before < 12000, "a thousand keys at once are a few frames", t.bytes - before)

        # The line stands still: the keys go on, the frames for them are dropped.
        before = t.bytes
        for i in range(3000):
            os.write(t.master, b"\x06g" if i % 2 else b"G")
            if not i % 100:
                time.sleep(0.001)
        os.write(t.master, b"?")
        got = b""
        while select.select([t.master], [], [], 0.5)[0]:
            got += os.read(t.master, 4096)
        ok(len(got) < 400000, "a line that stands still: the output is bounded", len(got))
        ok(b"EVERYWHERE" in got, "and the last key has its effect")

    with Screen([FILCH, str(v.pid)]) as s:
        s.wait_text("plain.log", "idle")
        s.settle()
        raw = len(s.raw)
        began = time.monotonic()
        s.keys("?")
        budget, shown = 0.0, 0
        while "EVERYWHERE" not in s.text() and time.monotonic() - began < 10:
            budget = (time.monotonic() - began) * 960
            if shown < budget and select.select([s.master], [], [], 0.01)[0]:
                data = os.read(s.master, max(1, int(budget - shown)))
                shown += len(data)
                s.raw += data
                s.stream.feed(data)
            else:
                time.sleep(0.005)
        took = time.monotonic() - began
        ok(took < 3, "read at 9600 baud, the first lines of a whole new screen: within 3 s",
           "%.2f s, %d bytes" % (took, len(s.raw) - raw))


DIALOGS = (("the table", ""), ("dump", "d"), ("disturb", "!"), ("seek", "!k"), ("signal", "!g"),
           ("who", "w"), ("why", "W"), ("sort", "s"), ("palette", ":"), ("recover", "r"),
           ("filter", "f"), ("viewer", "v"), ("help", "?"), ("shelf", "3"), ("jobs", "4"))


def resizes(v):
    """A storm in every dialog, and the layout of 80x24 after it."""
    bad = []
    with Screen([FILCH, str(v.pid)]) as s:
        s.wait_text("plain.log", "idle")
        for name, keys in DIALOGS:
            s.keys("g/plain" + ENTER)
            for key in keys:
                s.keys(key)
                s.settle(0.05)
            for i in range(30):
                s._winsize(1 + i * 7 % 60, 1 + i * 13 % 170)
                if i % 6 == 0:
                    s.pump(0.005)
            s._winsize(500, 500)
            s.pump(0.02)
            s._winsize(24, 80)
            s.pump(0.1)
            s.display.reset()
            s.keys("\x0c")
            try:
                s.wait("the layout of 80x24", lambda x: x.lines()[0].startswith(" filch") and
                       len(x.lines()[0]) >= 79, 5)
            except Timeout:
                bad.append((name, s.poll(), s.text()))
                break
            s.keys(ESC)
            s.settle(0.06)
            s.keys(ESC)
            s.settle(0.06)
            s.keys("2")
            s.wait_text("FD  KIND")
    is_(bad, [], "a storm of resizes in each dialog: it runs, and the layout is right")


def wide_names():
    """Cells, not characters, are counted: what is right of them stays in its column."""
    name = "\u6f22\u5b57e\u0301\u0308\u1100\U0001f600" * 12
    import base64
    with Victim("file:fd=12,path64=%s,size=5" % base64.b64encode(
            (TMP + "/" + name[:40]).encode()).decode(), "memfd:fd=13,name64=%s,size=5" %
            base64.b64encode(name[:50].encode()).decode()) as v:
        for lang in ("C.UTF-8", "C"):
            with Screen([FILCH, str(v.pid)], rows=30, cols=121, lang=lang) as s:
                s.wait_text("EFFECTS", "idle")
                s.settle()
                bar = "\u2502" if lang != "C" else "|"
                columns = {line.find(bar) for line in s.display.display[4:20]}
                cells = {x for y in range(4, 20) for x in range(121)
                         if s.display.buffer[y][x].data == bar}
                ok(len(cells) == 1, "%s: wide and combining characters break no column" % lang,
                   columns, cells, s.text())


def full_disk():
    small = os.path.join(TMP, "small")
    os.mkdir(small)
    if not am_root() or run(["mount", "-t", "tmpfs", "-o", "size=100k", "none",
                             small]).status:
        skip("no mounting here", 5)
        return
    with Victim("file:fd=12,name=lost.log,size=300000,deleted") as v:
        with Screen([FILCH, str(v.pid)], cols=118) as s:
            s.wait_text("lost.log", "idle")
            s.keys("g/lost" + ENTER + "d")
            s.wait_text("DUMP", "Folder", "free")
            s.keys("\x15" + small + ENTER)
            s.wait_text("FAILED", "ENOSPC")
            ok(True, "a full disk: the job says ENOSPC")
            left = os.listdir(small)
            is_([n.endswith(".partial") for n in left], [True], "what was copied is .partial")
            s.keys("J")
            s.wait_text("JOBS", "FAILED")
            s.keys(ENTER)
            s.wait("its name", lambda x: ".partial" in x.text())
            ok(True, "and the job names it")
            s.keys(ESC)
            s.settle()
            run(["mount", "-o", "remount,size=2m", small])
            s.keys("r")
            s.wait("done", lambda x: [n for n in os.listdir(small) if "partial" not in n])
            name = [n for n in os.listdir(small) if "partial" not in n][0]
            wait_for(lambda: os.path.getsize(os.path.join(small, name)) == 300000)
            is_(open(os.path.join(small, name), "rb").read(), pattern(1, 300000),
                "with more room, retry completes it")
            s.keys("2")
            s.wait_text("FD  KIND", "lost.log")
            ok(s.poll() is None, "and the interface lives")


def storm_while_dumping():
    with Victim("file:fd=12,name=big.log,size=60M") as v:
        with Screen([FILCH, str(v.pid)]) as s:
            s.wait_text("big.log", "idle")
            s.keys("g/big" + ENTER + "d")
            s.wait_text("DUMP", "free")
            s.keys("\x15" + TMP + "/storm" + ENTER)
            for i in range(150):
                s._winsize(1 + i * 7 % 60, 1 + i * 13 % 170)
                s.pump(0.003)
            s._winsize(24, 80)
            s.pump(0.1)
            s.display.reset()
            s.keys("\x0c4")
            s.wait_text("JOBS", "done", timeout=60)
            ok(sum(os.path.getsize(TMP + "/storm/" + n) for n in os.listdir(TMP + "/storm")) ==
               60 << 20, "a storm of resizes while a dump runs: all of it is there")


def used_again():
    """Another process gets the target's pid while a dialog about the target is open."""
    if os.getpid() > 1000:
        skip("no pids of our own", 3)
        return
    import scenes
    scenes.next_pid(4121)
    first = Victim("file:fd=12,name=plain.log,size=3000")
    if first.pid != 4121:
        skip("pids cannot be chosen here", 3)
        return
    with Screen([FILCH, "4121"]) as s:
        s.wait_text("plain.log", "idle")
        s.keys("g/plain" + ENTER + "!")
        s.wait_text("DISTURB")
        s.keys("k")
        s.wait_text("Offset")
        first.kill()
        first.wait()
        scenes.next_pid(4121)
        with Victim("file:fd=12,name=plain.log,size=3000") as other:
            is_(other.pid, 4121, "another process has the pid")
            s.keys("77" + ENTER)
            s.settle(0.2)
            s.keys("y")
            s.wait("a refusal", lambda x: "offset 77" not in x.text() and
                   ("ESRCH" in x.text() or "exited" in x.text().lower() or
                    "gone" in x.text() or "STALE" in x.text()))
            is_(other.cmd("pos 12")["pos"], 0, "it is not taken for the one that was looked at")
            s.keys(ESC)
            s.settle(0.1)
            s.keys(ESC)
            s.settle(0.1)
            s.keys("2")
            s.wait_text("EXITED")
            ok(True, "and the table says that its own has exited")


def main():
    with Victim("file:fd=12,name=plain.log,size=3000", "pipe:fd=14,peer=15,size=5") as v:
        slow_line(v)
        resizes(v)
    wide_names()
    storm_while_dumping()
    full_disk()
    used_again()
    large_table()
    many_rows()
    done()


if am_root() and os.environ.get("STRAIN") != "inside" and run(APART + ["true"]).status == 0:
    os.environ["STRAIN"] = "inside"
    os.execvp("unshare", APART + [sys.executable, os.path.abspath(__file__)])
main()
