#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""hold and drop on a filesystem whose server stopped answering."""
import json
import os
import signal
import subprocess
import sys
import time
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

need_root()
need("unshare", "nsenter")
if not os.path.exists("/dev/fuse"):
    skip_all("needs /dev/fuse")
os.environ["FILCH_SHELF"] = os.path.join(TMP, "shelf")
MNT = os.path.join(TMP, "mnt")
os.mkdir(MNT)
HANGFS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "hangfs.py")
server = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "--", sys.executable,
                           HANGFS, MNT], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
try:
    if server.stdout.readline() != b"mounted\n":
        skip_all("FUSE cannot be mounted here")
    v = Victim("file:fd=10,path=%s/a,size=0" % MNT, "pipe:fd=13,peer=14,text=pipe",
               wrap=lambda *argv: ["nsenter", "--mount=/proc/%d/ns/mnt" % server.pid, "--"] +
               list(argv))
    os.kill(server.pid, signal.SIGUSR1)
    began = time.monotonic()
    r = filch("hold", "%d:10" % v.pid, "%d:13" % v.pid, timeout=20)
    is_((r.status, r.stdout), (0, "h1\nh2\n"), "hold ends, and holds")
    ok(time.monotonic() - began < 5, "in time", time.monotonic() - began)
    r = filch("held", "--json", timeout=20)
    is_([(x["id"], x["fd"], x["origin"]) for x in map(json.loads, r.stdout.splitlines())],
        [("h1", 10, "running"), ("h2", 13, "running")], "held")
    is_(filch("drop", "h1", timeout=20).status, 0, "drop of what cannot be closed")
    is_(filch("peek", "h2", timeout=20).stdout, "pipe", "the shelf goes on")
    is_(filch("drop", "h2", timeout=20).status, 0, "drop of the other")
finally:
    server.kill()
    server.wait()
done()
