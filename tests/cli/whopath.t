#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""who PATH, where the path names a socket; and what nobody can have."""
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import *

os.environ["FILCH_SHELF"] = os.path.join(TMP, "shelf")
PATH = os.path.join(TMP, "s")


def holders(*args):
    r = filch("who", *args)
    is_(r.status, 0, "who %s works" % args[0].replace(TMP, ""))
    return sorted((how, who) for how, who in (line.split()[:2] for line in r.stdout.splitlines()))


with Victim("unix:fd=10,listen,path=%s" % PATH, "pipe:fd=12,peer=13") as v:
    is_(holders(PATH), [("same-description", "%d:10" % v.pid)], "the listener")
    mine = socket.socket(socket.AF_UNIX)
    mine.connect(PATH)
    ok(v.cmd("accept 10")["ok"], "it accepts")
    got = holders(PATH)
    ok(("other-end", "%d:%d" % (os.getpid(), mine.fileno())) in got, "who is connected to it", got)

    held = filch("hold", "%d:12" % v.pid).stdout.strip()
    like(held, "^h[0-9]+$", "held")
    got = holders(held)
    is_([w for w in got if w[0] == "same-description" and not w[1].startswith("%d:" % v.pid)][1:], [],
        "of a held one: its owner and the shelf, not the one who asks")
    filch("drop", held)

    r = filch("ls", v.pid, "-o", "fd,no_such_fact")
    like(r.stderr, "no row has a fact named no_such_fact", "a column that no row has is told")
    is_(r.status, 0, "and is no failure: another time a row may have it")
r = filch("who", os.getpid())
is_(r.status, 4, "a number is a path that is not there")
like(r.stderr, "%d:FD" % os.getpid(), "and what was meant is said")
done()
