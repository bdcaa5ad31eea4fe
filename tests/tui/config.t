#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is configured is what one gets: keys, columns, refresh, theme; and setting it on the way."""
import os
import re
import subprocess
import sys

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
from lib import *  # noqa: E402,F403
from screen import *  # noqa: E402,F403

os.environ["FILCH_SHELF"] = os.path.join(TMP, "shelf")
os.environ["XDG_CONFIG_HOME"] = os.path.join(TMP, "xdg")
FILE = os.path.join(TMP, "xdg", "filch", "config")
os.makedirs(os.path.dirname(FILE))


def config(text):
    with open(FILE, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    os.chmod(FILE, 0o600)


def heading(s):
    return next((x for x in s.lines() if " FD" in x and "filch" not in x and "fds" not in x), "")


def row_of(s, what):
    """The title may name it too, as an argument of the victim's."""
    return next((i for i, line in enumerate(s.lines()) if i >= 2 and what in line), None)


def place(s, what):
    s.wait("columns: " + what, lambda x: heading(x).split() == what.split())


with Victim("file:fd=12,name=plain.log,size=3000", "file:fd=13,name=big.log,size=90000",
            "pipe:fd=14,peer=15,text=abc") as v:
    # ---- keys of other keyboards ----
    config("key.descriptors.filter = ä U+65E5\nkey.all.help = é\n")
    for lang in ("C.UTF-8", "C"):
        with Screen([FILCH, str(v.pid)], lang=lang) as s:
            s.wait_text("plain.log", "idle")
            if lang == "C":
                ok(all(b < 0x80 for b in s.raw), "locale C: a key beyond ASCII has a number",
                   s.text())
                ok("U+00E4 filter" in s.lines()[-1], "on the hint bar too", s.text())
                continue
            ok("ä filter" in s.lines()[-1] and s.lines()[-1].endswith("é help"),
               "letters beyond ASCII can be keys", s.text())
            s.keys("ä")
            s.wait_text("filter: ")
            s.keys(ESC)
            s.settle()
            s.keys("日")
            s.wait_text("filter: ")
            s.keys('"größe 日本"')
            s.wait_text('filter: "größe 日本"')
            s.keys("\x7f\x7f")
            s.wait_text('filter: "größe 日')
            s.keys("\x02" * 3 + "x")
            s.wait_text('filter: "größxe 日')
            ok(True, "and are typed into a prompt, one cell or two, and taken back")
            s.keys(ESC)
            s.settle()
            s.keys("ö")
            s.wait_text("ö does nothing here; é shows the keys")
            ok(True, "what one does is said by its name")

    # ---- keys ----
    config("key.descriptors.filter = X\nkey.all.help = F3 H\nkey.all.back = B\n"
           "key.descriptors.pause = none\n")
    with Screen([FILCH, str(v.pid)]) as s:
        s.wait_text("plain.log", "idle")
        ok("X filter" in s.lines()[-1], "the hint bar has the new key", s.text())
        s.keys("X")
        s.wait_text("filter: ")
        s.keys("kind=pipe" + ENTER)
        s.wait("no plain.log", lambda x: row_of(x, "plain.log") is None)
        ok(True, "a new key does it")
        s.keys(ESC)
        s.wait("plain.log again", lambda x: row_of(x, "plain.log"))
        s.keys("f")
        s.wait_text("f does nothing here; F3 shows the keys")
        ok(True, "the old one does not, and the message names the new key for help")
        s.keys("Z")
        s.wait_text("Z does nothing here")
        ok(True, "none takes a key away")
        s.keys("H")
        s.wait_text("HELP", "EVERYWHERE")
        s.keys("/show only the rows" + ENTER + "n")
        s.wait("X in help", lambda x: any("X" in y and " filter " in y for y in x.lines()))
        ok(True, "the help screen has the new keys")
        s.keys(ESC + "B")
        s.wait_text("FD  KIND")
        s.keys("B")
        is_(s.wait_exit(), 0, "the new key for back leaves")

    # ---- columns, sort, theme ----
    config("columns = FD,INO,KIND,SIZE,DETAIL\nsort = -size\ntheme = ascii, mono\nmouse = no\n")
    with Screen([FILCH, str(v.pid)]) as s:
        s.wait_text("plain.log", "idle", "sort: SIZE (inverted)")
        place(s, "FD INO KIND SIZE DETAIL")
        ino = str(os.stat("/proc/%d/fd/12" % v.pid).st_ino)
        row = s.lines()[row_of(s, "plain.log")]
        is_(row[2:].split()[1:4], [ino, "file", "2.9K"], "cells of the configured columns")
        ok(row_of(s, "big.log") > row_of(s, "plain.log"), "sorted as configured", s.text())
        ok(not re.search(rb"\033\[[0-9;]*3[0-7]m", s.raw), "mono: no colour is sent")
        ok(b"\033[?1006" not in s.raw and b"\033[?1000" not in s.raw, "the mouse stays out of it")
        s.keys("/" + ino + ENTER)
        s.wait("a column is searched too", lambda x: "plain.log" in x.cursor_line())
        ok(True, "search looks into the columns that are shown")

        # ---- the chooser ----
        s.keys("C")
        s.wait_text("COLUMNS", "[x] FD", "columns = FD,INO,KIND,SIZE,DETAIL")
        s.keys(DOWN + " ")
        s.wait_text("columns = FD,KIND,SIZE,DETAIL")
        place(s, "FD KIND SIZE DETAIL") if "FD  KIND" in s.text() else None
        s.keys("<")
        s.wait_text("columns = KIND,FD,SIZE,DETAIL")
        s.keys(">" + ">")
        s.wait_text("columns = FD,SIZE,KIND,DETAIL")
        s.keys(ENTER)
        s.wait_gone("COLUMNS")
        place(s, "FD SIZE KIND DETAIL")
        ok("to keep it, put this line into" in s.text(), "it says how to keep it", s.text())
        s.keys("y")
        s.wait_text("-o 'FD,SIZE,KIND,DETAIL'")
        ok(True, "so does the equivalent command")
        s.keys("C" + " " + " " + " " + " " + " ")
        s.wait_text("COLUMNS")
        s.keys(ESC)
        s.wait_gone("COLUMNS")

        # ---- the palette ----
        s.keys(":")
        s.wait_text("ACTIONS")
        s.keys("columns fd,pos,rtt,name")
        s.wait_text("columns = ")
        s.keys(ENTER)
        s.wait_gone("ACTIONS")
        place(s, "FD POS rtt NAME")
        ok(True, ":columns sets them")
        s.keys(":refresh never" + ENTER)
        s.wait_text("not a time")
        s.keys("\x15" + "refresh 200ms" + ENTER)
        s.wait_text("refresh = 200ms")
        ok(True, ":refresh too, and what is wrong is said")
        s.keys(":sort kind" + ENTER)
        s.wait_text("sort: KIND")
        s.keys(":group=yes" + ENTER)
        s.wait_text("sort: group")
        ok(True, "any setting can be set")

        # ---- the settings ----
        s.keys("4C")
        s.wait_text("SETTINGS", "refresh        200ms", "mouse          no")
        s.keys("m")
        s.wait_text("mouse          yes")
        s.keys("r")
        s.wait_text("SET refresh", "wants 0.1s")
        s.keys("\x15" + "3s" + ENTER)
        s.wait_text("refresh        3s")
        s.keys(ESC)
        s.wait_gone("SETTINGS")
        ok(True, "the settings dialog is of the same table")
        s.keys("Q")
        s.wait_exit()
    is_(open(FILE).read().split("\n")[0], "columns = FD,INO,KIND,SIZE,DETAIL",
        "nobody writes the file but its owner")

    # ---- many columns on a small screen ----
    config("columns = fd,ino,user,pid,flags,dev,kind,share,name,detail,remote,local,state\n")
    for rows, cols in ((8, 40), (24, 80), (50, 200), (24, 20)):
        with Screen([FILCH, str(v.pid)], rows=rows, cols=cols) as s:
            s.wait("something", lambda x: x.text().strip())
            s.settle(0.2)
            s.keys("C" + DOWN + DOWN + " " + ESC)
            s.settle(0.1)
            ok(s.poll() is None, "13 columns in %dx%d" % (cols, rows), s.text())

    # ---- refresh ----
    config("refresh = 100ms\n")
    with Screen([FILCH, str(v.pid)]) as s:
        s.wait_text("plain.log", "idle")
        subprocess.run([FILCH, "seek", "%d:13" % v.pid, "777"], check=True, stdout=subprocess.DEVNULL)
        s.wait("the offset", lambda x: "777/" in x.lines()[x.row_of("big.log") or 0], timeout=3)
        ok(True, "it looks often if told so")

    # ---- what is wrong ----
    config(b"mouse = no\nfoo = 1\n" + b"x" * (1 << 20) + b"\nnul\0 = 1\n\xff\xfe\n"
           b"esc\033[31m = 1\nrefresh = 2s\r\n")
    with Screen([FILCH, str(v.pid)]) as s:
        s.wait_text("plain.log", "configuration: 5 problems; 5 lists them; line 2: no such setting")
        s.keys("5")
        s.wait_text("line 2: no such setting", "line 3: longer than", "line 4: a NUL",
                    "line 5: not UTF-8",
                    "esc\\e[31m")
        ok(b"\033[31m = 1" not in s.raw, "the log has them all, and no byte of them is obeyed")
        s.keys("C")
        s.wait_text("refresh        2s", "mouse          no")
        ok(True, "the rest applies")
    config("mouse = no\n")
    os.chmod(FILE, 0o666)
    with Screen([FILCH, str(v.pid)]) as s:
        s.wait_text("plain.log", "not read: others may write it")
        ok(True, "a file that others may write is not read, and that is said")
done()
