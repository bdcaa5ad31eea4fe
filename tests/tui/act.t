#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Acting: hold, dump, and what disturbs, with the consent that it needs."""
import hashlib
import json
import os
import pwd
import sys

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
from lib import *  # noqa: E402,F403
from screen import *  # noqa: E402,F403

os.environ["FILCH_SHELF"] = os.path.join(TMP, "shelf")
OUT = os.path.join(TMP, "out")
AUDIT = os.path.join(TMP, "audit")


def on(s, fd, kind):
    s.keys("g/%d %s" % (fd, kind) + ENTER)
    s.wait("the cursor on %d" % fd,
           lambda x: x.cursor_line()[2:6].strip() == str(fd))


def disturb(s, key, *wait):
    s.keys("!")
    s.wait_text("DISTURB")
    s.keys(key)
    s.wait_text(*wait)


with Victim("file:fd=12,name=lost.log,size=300000,deleted", "pipe:fd=14,peer=15,text=abcdefgh",
            "unix:fd=16,peer=17,text=hello", options=["--blocker"]) as v:
    with Screen([FILCH, "--audit", AUDIT, str(v.pid)]) as s:
        s.wait_text("lost.log", "SAFE  idle")

        # ---- dump ----
        on(s, 12, "file")
        s.keys("d")
        s.wait_text("DUMP", "lost.log", "Folder", "free")
        s.keys("\x15" + OUT + ENTER)
        s.wait_text("done", "sha256")
        name = "%d-12-file-lost.log" % v.pid
        data = open(os.path.join(OUT, name), "rb").read()
        is_(data, pattern(1, 300000), "the dump is the file")
        ok(hashlib.sha256(data).hexdigest()[:16] in s.text(), "its hash is shown")
        s.keys("J")
        s.wait_text("JOBS", "done")
        s.keys("q")
        s.wait_text("FD  KIND")
        # Again: the name is taken, and the failure stays until it is read.
        s.keys("d")
        s.wait_text("DUMP")
        s.keys("\x15" + OUT + ENTER)
        s.wait_text("FAILED", "EEXIST")
        ok(s.lines()[-3].startswith("!"), "a failed job has a sign of its own", s.text())
        s.keys("J")
        s.wait_text("JOBS", "FAILED")
        s.keys("q")
        s.wait_text("FD  KIND")

        # ---- several at once ----
        on(s, 12, "file")
        s.keys(" ")
        on(s, 14, "pipe")
        s.keys(" ")
        s.wait_text("2 marked")
        s.keys("d")
        s.wait_text("2 selected")
        s.keys("\x15" + OUT + "/two" + ENTER)
        wait_for(lambda: os.path.isdir(OUT + "/two") and
                 len([n for n in os.listdir(OUT + "/two") if "partial" not in n]) == 2)
        is_(sorted(n.split("-")[1] for n in os.listdir(OUT + "/two")), ["12", "14"],
            "marked ones are dumped together")
        is_(v.cmd("fionread 14")["fionread"], 8, "the pipe keeps its bytes")

        # ---- recover ----
        s.keys("r")
        s.wait_text("RECOVER FROM %d" % v.pid, "1 of 1 deleted", "[x] 292K", "lost.log", "free")
        s.keys("\x14" + ENTER)
        s.wait_text("[ ] 292K", "no file is selected")
        s.keys("\033[2~")
        s.wait_text("[x] 292K")
        s.keys("\x15" + OUT + "/back" + ENTER)
        s.wait_text("%d recover done" % v.pid, "lost.log in ")
        is_(open(os.path.join(OUT, "back", "lost.log"), "rb").read(), pattern(1, 300000),
            "recover brings the file back")
        record = json.loads(open(os.path.join(OUT, "back", "recovered.jsonl")).readline())
        is_(record["sha256"], hashlib.sha256(pattern(1, 300000)).hexdigest(), "with its record")
        is_(os.stat(os.path.join(OUT, "back")).st_mode & 0o777, 0o700, "in a folder of our own")
        s.keys("1/%d %s" % (v.pid, pwd.getpwuid(os.getuid()).pw_name) + ENTER)
        s.wait("the process", lambda x: str(v.pid) in x.cursor_line())
        s.keys("r")
        s.wait_text("PROCESSES", "RECOVER FROM %d" % v.pid, "lost.log")
        ok(True, "one press does it from the list of processes")
        s.keys("\x15/proc/nowhere" + ENTER)
        s.wait_text("%d recover FAILED" % v.pid)
        s.keys("J")
        s.wait_text("JOBS", "%d recover -> " % v.pid, "FAILED")
        ok(True, "a failure says where, and the jobs have it")
        s.keys("2")
        s.wait_text("FD  KIND")

        # ---- seek needs `y` ----
        before = v.cmd("pos 12")["pos"]
        on(s, 12, "file")
        s.keys("!")
        s.wait_text("DISTURB", "Seek", "not possible")
        ok("filch" in s.text(), "the menu is open")
        s.keys("k")
        s.wait_text("Offset", "shared:")
        s.keys("123" + ENTER)
        s.wait_text("Press y")
        s.keys(ENTER)
        s.wait_text("nothing was done")
        is_(v.cmd("pos 12")["pos"], before, "Enter alone confirms nothing")
        s.keys(ENTER)
        s.wait_text("Press y")
        s.keys("y")
        s.wait_text("offset 123", "ARMED")
        is_(v.cmd("pos 12")["pos"], 123, "y does it")
        s.keys("A")
        s.wait_text("SAFE")

        # ---- read takes: typed target ----
        on(s, 14, "pipe")
        disturb(s, "x", "takes:", "Type %d:14" % v.pid)
        s.keys(TAB + "nonsense" + ENTER)
        s.wait_text("nothing was done")
        s.keys("\x15y" + ENTER)
        s.wait_text("nothing was done")
        is_(v.cmd("fionread 14")["fionread"], 8, "a wrong token does nothing")
        s.keys("\x15%d:14" % v.pid + ENTER)
        s.wait_text("READ FROM", "abcdefgh")
        is_(v.cmd("fionread 14")["fionread"], 0, "the right one reads")
        s.keys(ESC)

        # ---- write ----
        on(s, 15, "pipe")
        disturb(s, "w", "sends:")
        s.keys("xy\\n" + TAB + "%d:15" % v.pid + ENTER)
        s.wait_text("3 of 3 bytes written")
        is_(v.cmd("fionread 14")["fionread"], 3, "write writes")

        # ---- shutdown ----
        on(s, 16, "unix")
        disturb(s, "s", "Direction")
        s.keys(TAB + "%d:16" % v.pid + ENTER)
        s.wait_text("direction shut down")
        ok(True, "shutdown works")

        # ---- the same to several ----
        on(s, 14, "pipe")
        s.keys("   ")
        on(s, 17, "unix")
        s.keys(" ")
        s.wait_text("4 marked")
        disturb(s, "s", "SHUT DOWN 2 OF 4 MARKED", "%d:16 unix" % v.pid, "%d:17 unix" % v.pid,
                "Type 2 ")
        s.keys("\x15both" + TAB + "3" + ENTER)
        s.wait_text("nothing was done")
        s.keys("\x152" + ENTER)
        s.wait_text("shutdown: all 2 done")
        ok("marked" not in s.lines()[0], "the token is how many they are; marks go", s.text())

        # ---- signal ----
        disturb(s, "g", "Signal", "stops:")
        s.keys("\x15USR9" + TAB + TAB + str(v.pid) + ENTER)
        s.wait("an error", lambda x: "ignal" in x.text() and v.state() is not None)
        s.keys(ESC)
        s.settle()
        disturb(s, "g", "Signal", "stops:")
        s.keys("\x15" + "CONT" + TAB + "7" + TAB + str(v.pid) + ENTER)
        s.wait_text("SIGCONT sent")
        ok(v.state() is not None, "a signal with a value is sent")

        # ---- hold, and the shelf ----
        on(s, 12, "file")
        s.keys("a")
        s.wait_text("held as h1", "1 held")
        s.keys("3")
        s.wait_text("SHELF   1 held", "%d:12" % v.pid, "running")
        ok(True, "a holds, 3 shows the shelf")
        v.kill()
        v.wait()
        s.wait_text("exited", "LAST HOLDER", timeout=20)
        ok(True, "the shelf says what became of its origin")
        s.keys("v")
        s.wait_text("VIEW h1", pattern(1, 8).hex(" "))
        ok(True, "what is held can be viewed after its owner died")
        s.keys("q")
        s.wait_text("SHELF")
        s.keys("d")
        s.wait_text("DUMP")
        s.keys("\x15" + OUT + "/held" + ENTER)
        wait_for(lambda: os.path.isdir(OUT + "/held") and
                 any("partial" not in n for n in os.listdir(OUT + "/held")))
        names = os.listdir(OUT + "/held")
        is_([open(os.path.join(OUT, "held", n), "rb").read() == pattern(1, 300000)
             for n in names], [True], "and dumped")
        s.keys("x")
        s.wait_text("RELEASE h1", "LAST HOLDER")
        s.keys(ENTER)
        s.wait_text("nothing was done")
        s.keys("h1" + ENTER)
        s.wait_text("SHELF   0 held")
        ok(True, "the last holder wants its id typed")

        # ---- the log, and the audit file ----
        s.keys("5")
        s.wait_text("LOG", "seek", "read", "write", "signal", "hold")
        s.keys("QQ")
        is_(s.wait_exit(), 0, "leaves")
        ops = [json.loads(line)["operation"] for line in open(AUDIT)]
        ok({"seek", "read", "write", "shutdown", "signal", "hold", "dump"} <= set(ops),
           "each is in the audit file", ops)

# ---- --read-only ----
with Victim("file:fd=12,name=lost.log,size=3000,deleted", "pipe:fd=14,peer=15,text=abcdefgh") as v:
    with Screen([FILCH, "--read-only", str(v.pid)]) as s:
        s.wait_text("lost.log", "LOOK  idle")
        on(s, 12, "file")
        for key in "vadi!rH":
            s.keys(key)
            s.wait_text("LOOK mode")
            s.keys("^")
            s.wait_text("does nothing")
        ok(True, "--read-only refuses view, hold, dump, facts, disturb, recover, hand-over")
        s.keys("q")
        is_(s.wait_exit(), 0, "leaves")
done()
