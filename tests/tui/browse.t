#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Looking: tables, search, filter, detail, viewer. Nothing changes for the target."""

import os
import sys

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
from lib import *  # noqa: E402,F403
from screen import *  # noqa: E402,F403

os.environ["FILCH_SHELF"] = os.path.join(TMP, "shelf")


with Victim("file:fd=12,name=deep.log,size=200000,deleted", "file:fd=13,name=text.log,text=hello",
            "pipe:fd=14,peer=15,text=inthepipe", "unix:fd=16,peer=17,type=dgram,sizes=5+7",
            "eventfd:fd=18,value=3", "memfd:fd=19,name=jit,size=4096", "dup:fd=20,of=12",
            "char:fd=21,path=/dev/null") as v:
    pos = v.cmd("pos 12")
    with Screen([FILCH, str(v.pid)]) as s:
        s.wait_text("deep.log", "SAFE  idle")

        # ---- moving ----
        top = s.cursor_row()
        s.keys("j")
        s.wait("one down", lambda x: x.cursor_row() == top + 1)
        s.keys("k" + DOWN + DOWN + UP)
        s.wait("arrows too", lambda x: x.cursor_row() == top + 1)
        s.keys("G")
        s.wait("the end", lambda x: x.cursor_line().split()[1] in ("mem", "exe", "root"))
        s.keys("g")
        s.wait("the top", lambda x: x.cursor_row() == top)
        ok(True, "j k arrows g G move")

        # ---- searching ----
        s.keys("/jit")
        s.wait("on the memfd", lambda x: "jit" in x.cursor_line())
        ok(True, "the search is incremental")
        s.keys(ENTER + "g" + "n")
        s.wait("again", lambda x: "jit" in x.cursor_line())
        ok(True, "n finds it again")
        s.keys("/zzzzqqq")
        s.wait_text("/zzzzqqq")
        s.keys(ESC)
        s.wait("the cursor is where it was", lambda x: "jit" in x.cursor_line())
        ok(s.poll() is None, "q in a prompt is the letter q, Esc cancels")

        # ---- filter ----
        s.keys("fkind=eventfd")
        s.wait("one row", lambda x: x.row_of("eventfd  rw") and not x.row_of("file     rw"))
        ok(True, "the filter works while it is typed")
        s.keys(" and")
        s.wait("an error", lambda x: "filter: kind=eventfd and" in x.text() and
               not x.row_of("file     rw"))
        s.keys(ENTER)
        s.settle()
        ok(s.lines()[-2].startswith("filter:"), "a wrong filter is not accepted", s.text())
        s.keys("\x15share>1" + ENTER)
        s.wait("shared rows", lambda x: x.row_of("file     rw") and not x.row_of("eventfd  rw"))
        ok(s.text().count("deep.log") >= 2, "share>1 shows both")
        s.keys("f\x15" + ENTER)
        s.wait_text("eventfd", "filter: none")
        ok(True, "an empty filter shows all")

        # ---- sort ----
        s.keys("s")
        s.wait_text("SORT DESCRIPTORS BY")
        s.keys("k")
        s.wait_text("sort: KIND")
        kinds = [line[8:16].strip() for line in s.lines()[3:17]
                 if line[2:6].strip().isdigit()]
        is_(kinds, sorted(kinds), "sorted by kind")
        s.keys("I")
        s.wait_text("inverted")
        s.keys("Isf")
        s.wait("by number again", lambda x: x.lines()[1].endswith("sort: FD"))
        s.keys("t")
        s.wait_text("sort: group")
        s.keys("tg")
        s.wait("by number again", lambda x: x.lines()[1].endswith("sort: FD"))

        # ---- the cursor stays with its row ----
        s.keys("/jit" + ENTER)
        s.wait("on the memfd", lambda x: "jit" in x.cursor_line())
        v.cmd("open pipe:fd=11")
        s.wait("the new row", lambda x: any(line[2:6].strip() == "11" for line in x.lines()))
        ok("jit" in s.cursor_line(), "a new row above: the cursor stays with its row",
           s.text())
        row = [line for line in s.lines() if line[2:6].strip() == "11"][0]
        like(row[:2], r"[+]", "and the new row has a sign")

        # ---- detail and effects ----
        s.keys(TAB)
        s.keys("O")
        s.wait_text("EFFECTS", "seek", "shutdown")
        like(s.text(), r"peek +hold: ", "the effects of each operation are in the detail pane")
        s.keys("Oq")
        s.wait_text("FD  KIND")

        # ---- equivalent command ----
        s.keys("y")
        s.wait_text("filch ls %d@%d" % (v.pid, v.start))
        ok(b"\033]52;c;" in s.raw, "y shows the command and copies it")

        # ---- viewer: a file ----
        s.keys("g/deep" + ENTER + ENTER)
        s.wait_text("VIEW %d:12" % v.pid, "live")
        data = pattern(1, 200000)
        s.wait("the first bytes", lambda x: data[:8].hex(" ") in x.text())
        ok(True, "the viewer shows the first bytes")
        s.keys(":0x10000" + ENTER)
        s.wait("that offset", lambda x: "offset 0x10000" in x.text() and
               data[0x10000:0x10008].hex(" ") in x.text())
        ok(True, ": goes to an offset")
        s.keys(":50%" + ENTER)
        s.wait_text("offset 0x186a0 (100000)")
        ok(True, "and to a percentage")
        s.keys("g/x " + data[150000:150008].hex() + ENTER)
        s.wait_text("offset 0x%x" % data.find(data[150000:150008]))
        ok(True, "/x finds bytes")
        like(s.text(), r"u8 %d " % data[data.find(data[150000:150008])], "the inspector decodes them")
        s.keys("G")
        s.wait_text("100%")
        s.keys(TAB)
        s.wait("text", lambda x: "LE  u8 " not in x.text())
        s.keys("q")
        s.wait_text("FD  KIND")

        s.keys("/text.log" + ENTER + "v")
        s.wait_text("VIEW %d:13" % v.pid, "hello")
        s.keys("q")

        # ---- viewer: queues ----
        s.keys("/14 pipe" + ENTER + "v")
        s.wait_text("snapshot at", "inthepipe"[:8])
        ok(True, "a pipe is a snapshot")
        s.keys("q")
        s.keys("g/dgram" + ENTER)
        s.settle()
        s.keys("v")
        s.wait_text("snapshot at")
        ok(True, "datagrams are shown", s.text())
        s.keys("q")

        # ---- what cannot be says why ----
        s.keys("g/null" + ENTER)
        s.wait("on it", lambda x: "/dev/null" in x.cursor_line())
        s.keys("d")
        s.wait_text("cannot be dumped")
        ok(True, "a refused action explains itself")

        # ---- who, why ----
        s.keys("g/deep" + ENTER + "w")
        s.wait_text("WHO HAS", "the same open file description")
        ok("%d:20" % v.pid in s.text(), "who names the other", s.text())
        s.keys(ENTER)
        s.wait("there", lambda x: x.cursor_line()[2:6].strip() == "20")
        ok(True, "and Enter goes there")
        s.keys("=")
        s.wait("back", lambda x: x.cursor_line()[2:6].strip() == "12")
        ok(True, "= walks to the next sharer")
        s.keys("g/14 pipe" + ENTER + "p")
        s.wait("the peer", lambda x: x.cursor_line()[2:6].strip() == "15")
        ok(True, "p goes to the peer")
        s.keys("W")
        s.wait_text("MAY DESCRIPTORS OF")
        s.keys(ESC)

        # ---- help is made from the table ----
        s.keys("?")
        s.wait_text("EVERYWHERE")
        s.keys("/disturb" + ENTER)
        s.wait_text("disturb")
        s.keys("q:help")
        s.wait_text("ACTIONS in descriptors", "help")
        s.keys(ESC)
        s.settle()
        is_(v.cmd("pos 12"), pos, "the target's offset is as it was")
        is_(v.cmd("fionread 14")["fionread"], 9, "and its pipe too")
        s.keys("q")
        is_(s.wait_exit(), 0, "and it leaves")

    # Rows do not move under somebody who types.
    with Victim("eventfd:fd=40", options=["--comm", "mover"]) as few, \
            Victim(*["eventfd:fd=%d" % n for n in range(20, 32)], options=["--comm", "mover"]) as many:
        def order(x):
            return [p for line in x.lines() for p in (few.pid, many.pid)
                    if line[1:].split()[:1] == [str(p)]]
        with Screen([FILCH], rows=30, cols=100) as s:
            s.wait_text("PROCESSES", "idle")
            s.keys("fmover" + ENTER)
            s.wait("both", lambda x: len(order(x)) == 2)
            if order(s) != [many.pid, few.pid]:
                s.wait("the greater first", lambda x: order(x) == [many.pid, few.pid])
            for n in range(50, 90):
                few.cmd("open eventfd:fd=%d" % n)
            moved, news = [], []
            for n in range(40):
                s.keys("jk"[n % 2])
                s.pump(0.1)
                moved += [order(s)] * (order(s) == [few.pid, many.pid])
                news += [line for line in s.lines() if line[1:].split()[:1] == [str(few.pid)] and
                         " 4" in line]
            ok(not moved and news, "new values come while keys are pressed, and no row moves",
               moved[:1], news[:1], s.text())
            s.wait("the new order", lambda x: order(x) == [few.pid, many.pid])
            ok(True, "it moves when the keys rest")

    # What its program is: the exe row, by a brief grab.
    with Screen([FILCH, str(v.pid)], cols=140, rows=38) as s:
        s.wait_text("deep.log", "SAFE  idle")
        s.keys("/exe" + ENTER)
        s.wait("the program's row", lambda x: " exe " in x.cursor_line())
        s.keys("i")
        s.wait_text("elf.class", "ELF64")
        ok(True, "the program's ELF image is described")
        s.keys("q")
        is_(s.wait_exit(), 0, "and it leaves again")
done()
