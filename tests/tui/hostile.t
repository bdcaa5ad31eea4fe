#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No byte of a target reaches the terminal as it is; nobody's death harms."""
import base64
import concurrent.futures
import re
import os
import sys

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
from lib import *  # noqa: E402,F403
from screen import *  # noqa: E402,F403

os.environ["FILCH_SHELF"] = os.path.join(TMP, "shelf")

EVIL = b"ev\x1b[2Jil\r\x9b31m\xe2\x80\xaegnp\xff\x08\x7f\xe2\x80\x8b"
name = base64.b64encode(EVIL).decode()
comm = base64.b64encode(b"c\x1b[5mx\r\n\x9b7m").decode()

with Victim("file:fd=12,path64=%s,size=10" % base64.b64encode(os.path.join(
        TMP, "d").encode() + EVIL).decode(), "pipe:fd=14,peer=15,text64=%s" % name,
        "memfd:fd=16,name64=%s,size=5" % base64.b64encode(EVIL).decode(),
        "unix:fd=18,abstract64=%s,listen" % name,
        options=["--comm64", comm]) as v:
    for lang, rows_, cols in (("C.UTF-8", 24, 80), ("C.UTF-8", 50, 170), ("C", 24, 80)):
        with Screen([FILCH, str(v.pid)], rows=rows_, cols=cols, lang=lang) as s:
            s.wait_text("ev\\e[2Jil")
            for keys in ("j", "j", "v", "\t", "q", "d", ESC, "!", ESC, "w", ESC, "y", "1", "2"):
                s.keys(keys)
                s.settle(0.1)
            s.keys("/pipe" + ENTER + "v")
            s.settle()
            s.keys("\t")
            s.settle()
            raw = bytes(s.raw)
            ok(b"il\r" not in raw and b"\xe2\x80\xae" not in raw and b"\x9b" not in raw and
               b"\x1b[2Jil" not in raw and b"\x1b[5mx" not in raw and b"\xe2\x80\x8b" not in raw,
               "%s %dx%d: no raw control reaches the terminal" % (lang, cols, rows_))
            ok(s.poll() is None, "and it runs")

# ---- the target dies, in every dialog and view ----
DYING = (("the table", ""), ("dump", "d"), ("recover", "r"), ("disturb", "!"), ("seek", "!k"),
         ("shutdown", "!s"), ("signal", "!g"), ("read", "N!x"), ("write", "P!w"), ("who", "w"),
         ("why", "W"), ("facts", "i"), ("the viewer", "v"), ("an offset", "v:"), ("filter", "f"),
         ("search", "/"), ("sort", "s"), ("the palette", ":"), ("settings", "C"), ("help", "?"),
         ("command", "y"), ("detail", "\t"), ("leaving", "aQ"))


def dies(where, keys):
    with Victim("file:fd=12,name=plain.log,size=3000", "pipe:fd=14,peer=15") as v:
        with Screen([FILCH, str(v.pid)], preexec=lambda: os.chdir(TMP)) as s:
            s.wait_text("plain.log", "idle")
            s.keys("g/plain" + ENTER)
            for k in keys:
                s.keys({"N": "/14 pipe" + ENTER, "P": "/15 pipe" + ENTER}.get(k, k))
                s.settle(0.08)
            v.kill()
            v.wait()
            s.settle(0.2, 2)
            # Whatever the keys mean here, nothing breaks and nothing is done to nobody.
            for k in ("7" + ENTER, "y", TAB, "%d:12" % v.pid + ENTER, ENTER, ESC, ESC, ESC, "q"):
                s.keys(k)
                s.settle(0.04)
            # In the table itself the last of them is what leaves.
            s.keys("2")
            try:
                s.wait("the table, or the end",
                       lambda x: x.poll() is not None or "EXITED" in x.text())
                good = s.poll() is None or os.waitstatus_to_exitcode(s.poll()) == 0
            except Timeout:
                good = False
            return good, "the target dies in %s: no harm" % where, "status %r" % s.poll(), s.text()


# Side by side: what takes time is waiting.
with concurrent.futures.ProcessPoolExecutor(4) as pool:
    for verdict in pool.map(dies, *zip(*DYING)):
        ok(*verdict)

# ---- the number is used for another file while a dialog is open ----
with Victim("file:fd=12,name=plain.log,size=3000") as v:
    with Screen([FILCH, str(v.pid)]) as s:
        s.wait_text("plain.log", "idle")
        s.keys("/plain" + ENTER)
        s.keys("!")
        s.wait_text("DISTURB")
        s.keys("k")
        s.wait_text("Offset")
        v.cmd("close 12")
        v.cmd("open file:fd=12,name=other.log,size=5000")
        s.keys("77" + ENTER)
        s.settle(0.1)
        s.keys("y")
        s.settle(0.3)
        is_(v.cmd("pos 12")["pos"], 0, "a descriptor that was replaced is left alone")
done()
