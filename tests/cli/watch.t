#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""ls --watch and --summary show what was asked for: a filter, named targets, and all else not."""
import json
import os
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

NAME = "watched%d" % os.getpid()
HOLD = "import os, sys; os.eventfd(7); os.pipe(); print('ready', flush=True); sys.stdin.read()"


class Watch:
    """ls --watch that is looked at line by line, until it is stopped."""

    def __init__(self, *args):
        self.out = os.path.join(TMP, "watch")
        self.file = open(self.out, "w")
        self.p = subprocess.Popen([FILCH, "ls", "--watch", "--json", "--interval", "0.05", *map(str, args)],
                                  stdout=self.file)

    def changes(self):
        with open(self.out) as f:
            text = f.read()
        return [json.loads(x) for x in text[:text.rfind("\n") + 1].splitlines()]

    def stop(self):
        self.p.terminate()
        self.p.wait()
        self.file.close()


def start():
    p = subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    p.stdout.readline()
    return p


def seen(w, pid):
    return [(c["change"], c.get("kind")) for c in w.changes() if c["pid"] == pid]


# ---- a filter: what a process that comes has, and had when it went ----

first = start()
w = Watch("-f", "kind=eventfd or fd=0")
# It looks once it has told of a change.
wait_for(lambda: (start().communicate(""), w.changes())[1], 20)
p = start()
wait_for(lambda: ("opened", "eventfd") in seen(w, p.pid), 10)
p.communicate("")
wait_for(lambda: ("closed", "eventfd") in seen(w, p.pid), 10)
w.stop()
is_([x for x in seen(w, p.pid) if x[1] == "eventfd"], [("opened", "eventfd"), ("closed", "eventfd")],
    "its descriptors that pass, one by one")
ok({k for _, k in seen(w, p.pid)} <= {"eventfd", "pipe", "file"}, "and no others", seen(w, p.pid))

# ---- named targets stay those with --wide-scan ----

w = Watch("--wide-scan", first.pid)
other = [start() for _ in range(3)]
for o in other:
    o.communicate("")
v = Victim("file:fd=10,size=1K")
v.stop()
first.communicate("")
w.p.wait(timeout=20)
w.file.close()
is_({c["pid"] for c in w.changes()} - {first.pid}, set(), "nobody else is told of")

# ---- --summary ----

v = Victim("eventfd:fd=10,count=5", "pipe:fd=20,peer=21", "file:fd=30,deleted")
s = json.loads(filch("ls", "--summary", "--json", "-f", "kind=eventfd or deleted and fd>9", v.pid).stdout)
is_(s["kinds"], {"eventfd": 5, "file": 1}, "--summary counts what the filter lets pass")
is_((s["fds"], [p["fds"] >= 8 for p in s["processes"]]), (6, [True]), "beside all that the table has")
s = json.loads(filch("ls", "--summary", "--json", "--wide-scan", v.pid).stdout)
is_([p["pid"] for p in s["processes"]], [v.pid], "and with --wide-scan the targets only")
s = json.loads(filch("ls", "--summary", "--json", "-f", "kind=eventfd and pid=%d" % v.pid).stdout)
is_([p["pid"] for p in s["processes"]], [v.pid], "a process of which nothing passes is left out")
v.stop()
done()
