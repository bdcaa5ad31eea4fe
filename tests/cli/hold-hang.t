#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# timeout: 240
"""hold, give, exec, take, guard and hN on a filesystem whose server stopped answering."""
import json
import os
import signal
import subprocess
import sys
import time
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

os.environ["FILCH_SHELF"] = os.path.join(TMP, "shelf")


def held():
    return list(map(json.loads, filch("held", "--json", timeout=20).stdout.splitlines()))


MNT = os.path.join(TMP, "mnt")
server = hangfs(MNT)
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
    is_([(x["id"], x["fd"], x["origin"]) for x in held()],
        [("h1", 10, "running"), ("h2", 13, "running")], "held")
    # What is held is looked at, and acted on, without a duplicate that would hang us.
    for verb, status in (("show",), 0), (("who",), 0), (("peek",), 1), (("read",), 1), \
            (("seek", "0"), 0), (("dump", "-o", os.path.join(TMP, "out")), 1), (("hold",), 0), \
            (("elf",), 1), (("write",), 0), (("same", "h1"), 0), (("talk",), 1), (("shutdown", "both"), 1), \
            (("abort",), 1):
        began = time.monotonic()
        r = filch(verb[0], "h1", *verb[1:], timeout=20)
        ok(r.status == status, "%s h1 ends" % verb[0], r)
        ok(time.monotonic() - began < 12, "%s h1: in time" % verb[0], time.monotonic() - began)
    is_([(x["id"], x["pid"], x["fd"]) for x in held()][-1], ("h3", v.pid, 10),
        "held again, it still is its first owner's")

    for what, wanted in ("%d:10" % v.pid, (v.pid, 10)), ("h1", (v.pid, 10)):
        path = os.path.join(TMP, "give-%s" % what.replace(":", "-"))
        taker = subprocess.Popen([FILCH, "take", path], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        wait_for(lambda: os.path.exists(path))
        began = time.monotonic()
        r = filch("give", what, "%d:13" % v.pid, "--to", path, timeout=20)
        is_((r.status, r.stderr), (0, ""), "give %s ends" % what)
        out, err = taker.communicate(timeout=20)
        is_((taker.returncode, err), (0, b""), "so does the one who takes it")
        is_([(x["pid"], x["fd"]) for x in map(json.loads, out.splitlines())],
            [wanted, (v.pid, 13)], "it came, and the next one too")
        ok(time.monotonic() - began < 10, "in time", time.monotonic() - began)

    for what in "%d:10" % v.pid, "h1":
        began = time.monotonic()
        r = filch("exec", "%d:13" % v.pid, "%s=7" % what, "--", "echo", "ran", timeout=20)
        is_((r.status, r.stdout), (125, ""), "exec %s is refused" % what)
        like(r.stderr, "does not answer.*--wait", "and says why, and what to do")
        ok(time.monotonic() - began < 10, "in time", time.monotonic() - began)
    waiter = subprocess.Popen([FILCH, "exec", "--wait", "%d:10" % v.pid, "--", "echo", "ran"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    like(waiter.stderr.readline().decode(), r"waiting for its filesystem.*\^C ends", "--wait says so")
    is_(waiter.poll(), None, "and waits")
    waiter.send_signal(signal.SIGINT)
    is_((waiter.wait(20), waiter.stdout.read()), (-signal.SIGINT, b""), "^C ends it")

    # A command has it without a close of ours, whatever its filesystem does; it ends itself.
    # What hangs in its exit lets go of its output only before.
    sees = """import os
print([os.readlink("/proc/self/fd/%d" % fd) for fd in (3, 4)], len(os.listdir("/proc/self/fd")),
      flush=True)
os.dup2(0, 1)
os.dup2(0, 2)"""
    takers = []
    for n, command in enumerate(([sys.executable, "-c", sees], ["/nowhere"])):
        path = os.path.join(TMP, "command-%d" % n)
        taker = subprocess.Popen([FILCH, "take", path, "--"] + command, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        takers.append(taker)
        wait_for(lambda: os.path.exists(path))
        is_(filch("give", "%d:13" % v.pid, "%d:10" % v.pid, "--to", path, timeout=20).status, 0,
            "give for a command")
        began = time.monotonic()
        out = taker.stdout.read().decode()
        err = taker.stderr.read().decode()
        if n == 0:
            like(out, r"'pipe:.*', '%s/a'\] 6\n" % MNT, "take -- CMD: it has them, and no others")
        else:
            like(err, "No such file", "take -- what is not there: said")
            is_(taker.wait(10), 127, "and it ends")
        ok(time.monotonic() - began < 5, "in time", time.monotonic() - began)

    # Only the guard knows of it when its owner dies.
    guard = subprocess.Popen([FILCH, "guard", "--json", str(v.pid)], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    wait_for(lambda: b"guarding" in guard.stderr.readline())
    os.kill(v.pid, signal.SIGKILL)
    ok(wait_for(lambda: b"has not ended yet" in guard.stderr.readline(), 20),
       "the end of its owner hangs, and guard says so")
    guard.send_signal(signal.SIGINT)
    out, err = guard.communicate(timeout=30)
    got = {x["fd"]: x for x in map(json.loads, out.splitlines())}
    is_((guard.returncode, got[10]["error"], bool(got[10]["held"])), (0, None, True),
        "guard took it from a process that was killed, and ends")

    is_({x["origin"] for x in held()}, {"exited"}, "who hangs in its end has exited, not closed it")
    for h in [x["id"] for x in held()]:
        if h != "h2":
            is_(filch("drop", h, timeout=20).status, 0, "drop %s, which cannot be closed" % h)
    is_(filch("peek", "h2", timeout=20).stdout, "pipe", "the shelf goes on")
    is_(filch("drop", "h2", timeout=20).status, 0, "drop of the other")
finally:
    server.kill()
    server.wait()
is_(takers[0].wait(10), 0, "the command ends when its filesystem lets it")
done()
