#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""shutdown and abort: what the owner and its peer see."""
import json
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *


def read(v, fd):
    a = v.cmd("read %d" % fd)
    return a.get("bytes") if a["ok"] else a["errno"]


def write(v, fd):
    a = v.cmd("write %d x" % fd)
    return "ok" if a["ok"] else a["errno"]


for kind in ("tcp:fd=10,peer=11", "tcp:fd=10,peer=11,v6", "unix:fd=10,peer=11"):
    for how, owner, peer in (("rd", (0, "ok"), ("EAGAIN", None)), ("wr", ("EAGAIN", "EPIPE"), (0, "ok")),
                             ("both", (0, "EPIPE"), (0, None))):
        with Victim(kind) as v:
            r = filch("shutdown", "%d:10" % v.pid, how)
            wait_for(lambda: peer[0] != 0 or read(v, 11) == 0)
            got = (read(v, 10), write(v, 10))
            is_((r.status, got), (0, owner), "%s %s: the owner" % (kind.split(":")[0], how))
            got = (0 if peer[0] == 0 else read(v, 11), write(v, 11) if peer[1] else None)
            if how != "rd":
                is_(got, peer, "%s %s: the peer" % (kind.split(":")[0], how))
            like(r.stderr, "owner|peer", "and says what they see")

with Victim("tcp:fd=10,listen,pending=1", "pipe:fd=12,peer=13", "tcp:fd=14,peer=15",
            "unix:fd=16,peer=17", "udp:fd=18,peer=19,connected") as v:
    log = os.path.join(TMP, "audit")
    is_(filch("shutdown", "%d:14" % v.pid, "rd", "--dry-run").status, 0, "--dry-run")
    is_(filch("shutdown", "%d:14" % v.pid, "rd", "--read-only").status, 2, "--read-only")
    is_(read(v, 14), "EAGAIN", "neither did anything")
    is_(filch("shutdown", "%d:14" % v.pid, "up").status, 2, "a direction is rd, wr or both")
    is_(filch("shutdown", "%d:14" % v.pid).status, 2, "and is wanted")
    is_(filch("shutdown", "%d:77" % v.pid, "wr").status, 4, "no such descriptor")
    r = filch("shutdown", "%d:12" % v.pid, "wr")
    is_(r.status, 1, "a pipe has no direction to end")
    like(r.stderr, "pipe ends when its last", "and says so")
    r = filch("shutdown", "%d:10" % v.pid, "rd", "--audit", log)
    like(r.stderr, "stops listening", "a listener stops listening")
    with open(log) as f:
        e = json.loads(f.read())
    is_((e["operation"], e["effect"], e["fd"]), ("shutdown", "alter", 10), "--audit")
    r = filch("abort", "%d:16" % v.pid)
    is_(r.status, 1, "a unix socket cannot be aborted")
    r = filch("abort", "%d:10" % v.pid)
    is_(r.status, 1, "what has no connection neither")
    like(r.stderr, "no connection", "and says so")
    is_(filch("abort", "%d:14" % v.pid, "--dry-run").status, 0, "abort --dry-run")
    is_(filch("abort", "%d:14" % v.pid, "--read-only").status, 2, "abort --read-only")
    is_(write(v, 14), "ok", "neither did anything")

# Both ways: with CAP_NET_ADMIN and without.
without = lambda *argv: ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin",
                         "--"] + list(argv)
for what, kind, wrap, owner in (
        ("tcp", "tcp:fd=10,peer=11", None, ("ECONNABORTED", "EPIPE")),
        ("tcp6", "tcp:fd=10,peer=11,v6", None, ("ECONNABORTED", "EPIPE")),
        ("tcp in a namespace of its own", "tcp:fd=10,peer=11", None, ("ECONNABORTED", "EPIPE")),
        ("tcp without CAP_NET_ADMIN", "tcp:fd=10,peer=11", without, ("ECONNRESET", "EPIPE"))):
    if not am_root():
        skip("needs root", 3)
        continue
    how = {"options": ["--newnet"]} if "namespace" in what else {}
    with Victim(kind, **how) as v:
        r = filch("abort", "%d:10" % v.pid, wrap=wrap)
        is_(r.status, 0, "abort of " + what)
        got = read(v, 10), write(v, 10)
        if wrap is None and "AF_UNSPEC" in r.stderr:
            owner = ("ECONNRESET", "EPIPE")  # no CONFIG_INET_DIAG_DESTROY
        ok(got == owner, "the owner sees %s" % (owner,), got,
           r.stderr)
        ok(wait_for(lambda: read(v, 11) != "EAGAIN"), "the peer sees an end")
done()
