#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The shelf: several at once, and handing over to a command or a socket."""
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
from lib import *  # noqa: E402,F403
from screen import *  # noqa: E402,F403

os.environ["FILCH_SHELF"] = os.path.join(TMP, "shelf")
AUDIT = os.path.join(TMP, "audit")


def on(s, fd, kind):
    s.keys("g/%d %s" % (fd, kind) + ENTER)
    s.wait("the cursor on %d" % fd, lambda x: x.cursor_line()[2:6].strip() == str(fd))


def hold(s, fd, kind):
    """Its name on the shelf."""
    on(s, fd, kind)
    s.keys("^")
    s.wait_text("^ does nothing")
    s.keys("a")
    s.wait_text("held as h")
    return re.search(r"held as (h\d+)", s.text()).group(1)


def shelf(s, n):
    s.keys("3")
    s.wait_text("SHELF   %d held" % n)


def run_here(s, command, *wait):
    s.keys("Hr")
    s.wait_text("RUN A COMMAND WITH")
    s.keys(command + ENTER)
    s.wait_text("Enter goes back", *wait)
    text = s.text()
    s.keys("\r\n")
    s.wait_text("SHELF", "ended with")
    return text


def several(s, v):
    one, two, three = [hold(s, fd, "file") for fd in (12, 13, 14)]
    shelf(s, 3)
    s.keys("gx")
    s.wait_text(one + " released", "SHELF   2 held")
    ok("RELEASE" not in s.text(), "what others have goes at once", s.text())
    s.keys("M")
    s.wait_text("2 marked")
    s.keys("x")
    s.wait_text("RELEASE 2 MARKED", "%s file %d:13" % (two, v.pid), three + " file",
                "filch drop %s %s" % (two, three), "Type 2 ")
    s.keys(ENTER)
    s.wait_text("nothing was done")
    s.keys("3" + ENTER)
    s.wait_text("type 2 to confirm")
    s.keys("\x152" + ENTER)
    s.wait_text("2 released", "SHELF   0 held")
    ok("marked" not in s.lines()[0], "several in one dialog, by how many they are", s.text())
    s.keys("2")


def here(s, v):
    hold(s, 12, "file")
    shelf(s, 1)
    before = v.cmd("pos 12")["pos"]
    text = run_here(s, "wc -c /dev/fd/12")
    ok("300000" in text, "a command in the foreground has it at the number that it had", text)
    ok("status 0" in s.text(), "its status is said", s.text())
    v.cmd("lseek 12 0")
    run_here(s, "test -z \"$LISTEN_FDS\" && exit 3")
    ok("ended with status 3" in s.text(), "another status too")
    s.keys("Hr")
    s.wait_text("RUN A COMMAND")
    s.keys("/nowhere/at/all" + ENTER)
    s.wait_text("/nowhere/at/all: execve: ENOENT", "SHELF   1 held")
    ok(True, "a command that is not there is said to be not there")
    # ^C is the command's, and not ours.
    s.keys("Hr")
    s.wait_text("RUN A COMMAND")
    s.keys("sleep 1000" + ENTER)
    wait_for(lambda: "sleep 1000" in commands_of(s.pid))
    s.keys("\x03")
    s.wait_text("Enter goes back")
    s.keys("\r\n")
    s.wait_text("SHELF", "ended by SIGINT")
    ok(before == 0, "^C is for the command")
    s.keys("\x0c")
    s.wait_text("SHELF   1 held", "SAFE")


def commands_of(pid):
    """The command lines of its children."""
    found = run(["ps", "-o", "args=", "--ppid", str(pid)]).stdout
    return [line.strip() for line in found.splitlines()]


def to_socket(s, v):
    path = os.path.join(TMP, "sock")
    s.keys("Hs")
    s.wait_text("GIVE h", "--to SOCKET")
    s.keys(path + ENTER)
    s.wait_text("nobody listens there")
    out = os.path.join(TMP, "took")
    taker = subprocess.Popen([FILCH, "take", path, "--", "sh", "-c", "wc -c <&3"],
                             stdout=open(out, "w"), stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: os.path.exists(path))
        v.cmd("lseek 12 0")
        s.keys("Hs")
        s.wait_text("GIVE h")
        s.keys(path + ENTER)
        s.wait_text(" given to ")
        is_((taker.wait(20), open(out).read().strip()), (0, "300000"),
            "filch take gets what is given")
    finally:
        if taker.poll() is None:
            taker.kill()
            taker.wait()


def shelf_pid():
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as c:
        c.connect(os.path.join(os.environ["FILCH_SHELF"], "socket"))
        return struct.unpack("iII", c.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]


def forget_shelf():
    """The shelf is gone, and so is what it wrote down: numbers begin anew."""
    os.kill(shelf_pid(), signal.SIGKILL)
    for name in os.listdir(os.environ["FILCH_SHELF"]):
        os.unlink(os.path.join(os.environ["FILCH_SHELF"], name))


def another_by_now(v):
    """What has the number now is not what was meant."""
    is_(filch("hold", "%d:12" % v.pid).stdout.split()[0], "h1", "h1 is one file")
    with Screen([FILCH, str(v.pid)], rows=30, cols=110) as s:
        s.wait_text("one.log", "1 held")
        shelf(s, 1)
        s.keys("Hr")
        s.wait_text("RUN A COMMAND WITH h1")
        forget_shelf()
        wait_for(lambda: filch("hold", "%d:15" % v.pid).stdout.startswith("h1"))
        s.keys("cat" + ENTER)
        s.wait_text("h1: it is another descriptor by now")
        ok(True, "and of a new shelf another: it is not handed over")
        s.wait_text("%d:15" % v.pid)
    filch("drop", "--all", "--last")


def from_the_table(s, v):
    """Marked descriptors of a process, without holding them first."""
    s.keys("2")
    s.wait_text("FD  KIND")
    for fd in (13, 14):
        on(s, fd, "file")
        s.keys(" ")
    s.wait_text("2 marked")
    s.keys("H")
    s.wait_text("HAND OVER 2 descriptors")
    s.keys("r")
    s.wait_text("%d:13 file" % v.pid, "%d:14 file" % v.pid)
    s.keys("wc -c /dev/fd/13 /dev/fd/14" + ENTER)
    s.wait_text("Enter goes back", "6000 total")
    s.keys("\r\n")
    s.wait_text("FD  KIND", "2 descriptors: the command ended with status 0")
    ok("marked" not in s.lines()[0], "marked descriptors go to a command at their numbers")
    # Two of one number.
    s.keys("U")
    on(s, 12, "file")
    for key, words in (("\x15maybe", "Listen is yes or no"),):
        s.keys("Hr")
        s.wait_text("RUN A COMMAND")
        s.keys("true" + TAB + key + ENTER)
        s.wait_text(words)
        s.keys(ESC)
        s.wait_gone("RUN A COMMAND")
    ok(True, "fields are checked")


with Victim("file:fd=12,name=one.log,size=300000", "file:fd=13,name=two.log,size=3000",
            "file:fd=14,name=three.log,size=3000", "file:fd=15,name=four.log") as v:
    with Screen([FILCH, "--audit", AUDIT, str(v.pid)], rows=30, cols=110) as s:
        s.wait_text("one.log", "idle")
        several(s, v)
        here(s, v)
        to_socket(s, v)
        from_the_table(s, v)
        filch("drop", "--all", "--last")
        s.keys("Q")
        is_(s.wait_exit(), 0, "leaves")
        ops = [json.loads(line)["operation"] for line in open(AUDIT)]
        ok({"hold", "drop", "exec", "give"} <= set(ops), "each is in the audit file", ops)

    forget_shelf()
    another_by_now(v)

# ---- the last holder among several ----
with Victim("file:fd=12,name=one.log,size=3000,deleted",
            "file:fd=13,name=two.log,size=3000,deleted") as v:
    with Screen([FILCH, str(v.pid)], rows=30, cols=110) as s:
        s.wait_text("one.log", "idle")
        names = hold(s, 12, "file") + " " + hold(s, 13, "file")
        v.kill()
        v.wait()
        shelf(s, 2)
        s.wait("both to be the last", lambda x: x.text().count("LAST HOLDER,") == 2, timeout=20)
        s.keys("M")
        s.wait_text("2 marked")
        s.keys("x")
        s.wait_text("RELEASE 2 MARKED", "destroyed", "Type %s " % names)
        s.keys("2" + ENTER)
        s.wait_text("nothing was done")
        s.keys("\x15" + names + ENTER)
        s.wait_text("SHELF   0 held")
        ok(True, "last holders among several want their names")
done()
