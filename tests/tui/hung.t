#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A held file whose filesystem stopped answering, on the shelf of the interface."""
import os
import signal
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *
from screen import Screen

os.environ["FILCH_SHELF"] = os.path.join(TMP, "shelf")
MNT = os.path.join(TMP, "mnt")
server = hangfs(MNT)
try:
    if server.stdout.readline() != b"mounted\n":
        skip_all("FUSE cannot be mounted here")
    v = Victim("file:fd=10,path=%s/a,size=0" % MNT,
               wrap=lambda *argv: ["nsenter", "--mount=/proc/%d/ns/mnt" % server.pid, "--"] +
               list(argv))
    other = Victim("pipe:fd=13,peer=14")
    is_(filch("hold", "%d:10" % v.pid).status, 0, "a file is held")
    with Screen([FILCH, str(other.pid)], rows=30, cols=110) as s:
        s.wait_text("pipe")
        s.keys("3")
        s.wait_text("SHELF   1 held", "%d:10" % v.pid)
        s.keys("v")
        s.wait_text("hang")
        ok(True, "while it answers, its contents are seen")
        s.keys("\x1b")
        s.wait_gone("hang ")
        os.kill(server.pid, signal.SIGUSR1)
        s.keys("v")
        s.wait_text("for 5 seconds", timeout=20)
        ok(True, "when it does not, that is said")
        s.keys("\x1b")
        s.keys("?")
        s.wait_text("show the equivalent command", timeout=5)
        ok(True, "and the interface goes on")
        for _ in range(5):  # help, contents, and the program, which may ask
            if s.poll() is not None:
                break
            s.keys("q")
            s.settle()
        s.wait_exit(5)
        ok(True, "and ends, in its exit too")
finally:
    server.kill()
    server.wait()
run([FILCH, "drop", "h1"])
done()
