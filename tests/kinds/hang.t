#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A filesystem whose server stopped answering: nothing of ours waits for it."""
import json
import os
import re
import signal
import subprocess
import sys
import time
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

LIMIT = 10
MNT = os.path.join(TMP, "mnt")
server = hangfs(MNT)
try:
    if server.stdout.readline() != b"mounted\n":
        skip_all("FUSE cannot be mounted here")
except BaseException:
    server.kill()
    raise


def inside(*argv):
    return ["nsenter", "--mount=/proc/%d/ns/mnt" % server.pid, "--"] + list(argv)


MARK = "FILCH_TEST_HANG=%d" % os.getpid()
os.environ.update([MARK.split("=")])


def has_mark(pid):
    try:
        with open("/proc/%s/environ" % pid, "rb") as f:
            return MARK.encode() in f.read().split(b"\0")
    except OSError:
        return False


def ours():
    """Processes that were left behind: filch, or its helpers."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            exe = os.readlink("/proc/%s/exe" % pid)
            with open("/proc/%s/stat" % pid, errors="replace") as f:
                state = f.read().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        # Not those of a test beside this one: ours have our word in their environment.
        if exe == os.path.realpath(FILCH) and state != "Z" and has_mark(pid):
            found[int(pid)] = state
    return found


def quick(name, *argv, **how):
    """Ends before LIMIT, whatever it says. The result."""
    begun = time.monotonic()
    r = filch(*argv, timeout=LIMIT, **how)
    took = time.monotonic() - begun
    ok(r.status != "timeout" and isinstance(r.status, int) and 0 <= r.status <= 5,
       "%s ends" % name, r.status, r.stderr)
    if took > 3:
        diag("%s took %.1f s" % (name, took))
    return r


try:
    v = Victim("file:fd=10,path=%s/a,size=0" % MNT, "file:fd=11,path=%s/b,mode=r,size=0" % MNT,
               "file:fd=12,path=%s/c,size=0,deleted" % MNT, "pipe:fd=13,peer=14,text=pipe",
               "memfd:fd=15,text=mem", "dup:fd=16,of=10", wrap=inside)
    os.kill(server.pid, signal.SIGUSR1)
    before = set(ours())
    for place, wrap in (("from outside", None), ("from inside", inside)):
        r = quick("ls --json " + place, "ls", "--json", v.pid, wrap=wrap)
        got = {x["fd"]: x for x in map(json.loads, r.stdout.splitlines()) if x["assoc"] == "fd"}
        is_([got.get(n, {}).get("kind") for n in (10, 11, 12, 13, 15)],
            ["file", "file", "file", "pipe", "memfd"], "every kind is told")
        is_(got.get(10, {}).get("detail", {}).get("fstype"), "fuse.hangfs", "and the filesystem")
        is_(got.get(10, {}).get("name"), MNT + "/a", "and the name")
        is_((got.get(10, {}).get("ofd") or 0) == got.get(16, {}).get("ofd"), True, "and sharing")
        is_(r.status, 0, "without failing")
        is_(quick("ls %s, system-wide" % place, "ls", wrap=wrap).status, 0, "and succeeds")
        quick("ls -o of everything", "ls", "-o", "+path,deleted,nlink,blocks", "--group", v.pid,
              wrap=wrap)
        quick("ls --grab", "ls", "--json", "--grab", v.pid, wrap=wrap)
        quick("ls --summary", "ls", "--summary", wrap=wrap)
        quick("ls --watch", "ls", "--watch", "--times", "3", "--interval", "0.05", v.pid, wrap=wrap)
        for fd in (10, 11, 12):
            quick("show %d" % fd, "show", "%d:%d" % (v.pid, fd), wrap=wrap)
        r = quick("show --grab", "show", "--grab", "%d:*" % v.pid, wrap=wrap)
        r = quick("who", "who", "--json", "%d:10" % v.pid, wrap=wrap)
        is_(sorted(x["fd"] for x in map(json.loads, r.stdout.splitlines())
                   if x["how"] == "same-description"), [10, 16], "who finds the duplicate")
        quick("same", "same", "%d:10" % v.pid, "%d:16" % v.pid, wrap=wrap)
        quick("why", "why", v.pid, wrap=wrap)
        for fd in (10, 12) if not wrap else (12,):
            r = quick("peek %d" % fd, "peek", "%d:%d" % (v.pid, fd), wrap=wrap)
            ok(r.status != 0 and r.stderr, "peek says why there is nothing", r)
            r = quick("dump %d" % fd, "dump", "%d:%d" % (v.pid, fd), "-o",
                      "%s/dump%d%s" % (TMP, fd, place[5]), wrap=wrap)
            ok(r.status != 0 and r.stderr, "dump too", r)
        quick("elf", "elf", "%d:10" % v.pid, wrap=wrap)
        is_(quick("peek of its pipe", "peek", "%d:13" % v.pid, wrap=wrap).stdout, "pipe",
            "what is on no such filesystem is read as ever")
        r = quick("recover --list", "recover", "--list", v.pid, wrap=wrap)
        like(r.stdout, r"\b15\b", "recover lists the memfd")
        if wrap:
            continue  # the rest does not depend on where we are
        r = quick("recover", "recover", v.pid, "-o", "%s/rec%s" % (TMP, place[5]), wrap=wrap)
        like(r.stderr + r.stdout, r"12", "recover speaks of what it could not have")
    r = quick("who PATH on it", "who", MNT + "/a", wrap=inside)
    ok(r.status != 0 and re.search("does not answer", r.stderr), "who PATH says it", r)
finally:
    # Closing /dev/fuse aborts the connection; whoever waits for it goes on.
    server.kill()
    server.wait()
ok(wait_for(lambda: not set(ours()) - before, 5), "no process of ours is left", ours())
is_(v.cmd("pos 13") is not None, True, "the victim lives")
v.stop()
done()
