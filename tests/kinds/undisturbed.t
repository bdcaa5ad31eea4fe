#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# timeout: 240
"""Looking leaves no trace: offset, flags, SO_PEEK_OFF, queues, a pending error, atime, locks,
leases, blocked threads; and afterwards the target receives every byte."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

# A mount where every read would move atime, in a mount namespace of our own.
if am_root() and os.environ.get("UNDISTURBED") != "inside":
    os.environ["UNDISTURBED"] = "inside"
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable,
                          os.path.abspath(__file__)])
STRICT = os.path.join(TMP, "strict")
os.mkdir(STRICT, 0o1777)
strict = am_root() and run(["mount", "-t", "tmpfs", "-o", "strictatime", "none",
                            STRICT]).status == 0
if strict:
    os.chmod(STRICT, 0o1777)
    os.environ["TMPDIR"] = STRICT

OUT = os.path.join(TMP, "out")
SOCKETS = ("tcp", "udp", "udplite", "unix", "netlink", "packet", "raw", "icmp", "vsock", "socket")


def fnv(data):
    h = 0xcbf29ce484222325
    for b in data:
        h = ((h ^ b) * 0x100000001b3) & 0xffffffffffffffff
    return "%016x" % h


def snapshot(v, held, atime):
    """All that somebody could have disturbed."""
    inodes = [":%d " % t["ino"] for t in held if t.get("ino")]
    state = {"locks": [line.split(":", 1)[1] for line in v.cmd("locks")["locks"]
                       if any(i in line for i in inodes)]}
    for t in held:
        asks = ["pos", "flags", "fionread", "poll"]
        if t["kind"] in SOCKETS:
            asks += ["outq", "peekoff"]
        else:
            asks += ["atime", "blocks"] if atime else ["blocks"]
        state[t["fd"]] = {a: v.cmd("%s %d" % (a, t["fd"])) for a in asks}
    state["blocked"] = [(b["mode"], b["eintr"], b["voluntary"])
                        for b in v.cmd("eintr")["blockers"]]
    return state


def differences(before, after):
    return ["%s: %s -> %s" % (k, before[k], after.get(k)) for k in before
            if before[k] != after.get(k)]


def operations(desc, t):
    yield "show", ("show", "--grab", desc)
    yield "peek", ("peek", desc)
    yield "peek all", ("peek", desc, "-n", "1M")
    yield "dump", ("dump", desc, "-o", OUT)
    yield "dump none", ("dump", desc, "-o", OUT, "--hash", "none")
    if t["kind"] in SOCKETS:
        yield "dump all messages", ("dump", desc, "-o", OUT, "--all-messages")
        yield "dump in flight", ("dump", desc, "-o", OUT, "--in-flight")


def undisturbed(name, *specs, **how):
    fds = how.pop("fds", (100,))
    atime = how.pop("atime", True)
    options = how.pop("options", []) + ["--blocker=epoll", "--blocker=read"]
    with Victim(*specs, options=options) as v:
        held = [t for t in v.truth if t.get("fd") is not None and "skipped" not in t]
        missing = [t for t in v.truth if "skipped" in t]
        if missing:
            skip("%s: %s" % (name, missing[0]["skipped"]))
            return
        # What is queued on the other side is acknowledged in its own time.
        for t in held:
            if t["kind"] == "tcp" and not t.get("unacked"):
                wait_for(lambda: v.cmd("outq %d" % t["fd"]).get("outq", 0) == 0)
        before = snapshot(v, held, atime)
        for fd in fds:
            t = v.fd(fd)
            for what, argv in operations("%d:%d" % (v.pid, fd), t):
                for left in os.listdir(TMP):
                    if left.startswith("out"):
                        os.unlink(os.path.join(TMP, left))
                r = filch(*argv)
                ok(r.status in (0, 1), "%s: %s %d ends well" % (name, what, fd), r)
                lines = differences(before, snapshot(v, held, atime))
                ok(not lines, "%s: %s %d disturbs nothing" % (name, what, fd), *lines)
        for fd, data in how.pop("receives", {}).items():
            got = v.cmd("readall %d" % fd)
            is_((got["bytes"], got["fnv"]), (len(data), fnv(data)),
                "%s: the target receives every byte of %d" % (name, fd))
        after = how.pop("after", None)
        if after:
            after(v)
        is_(how, {}, "%s: no argument is left over" % name) if how else None


def message_lengths(want):
    def check(v):
        got = []
        while True:
            m = v.cmd("read 100 100000")
            if not m or not m["ok"]:
                break
            got.append(m["bytes"])
            if len(got) > 10:
                break
        is_(got, want, "every message is still there, whole")
    return check


# ---- files ----
undisturbed("file", "file:fd=100,size=100K,offset=5000,lock=flock", "dup:fd=101,of=100")
undisturbed("file with posix locks", "file:fd=100,size=10K,lock=posix,locktype=w")
undisturbed("file with ofd locks", "file:fd=100,size=10K,lock=ofd")
undisturbed("sparse file", "file:fd=100,hole=3M,tail=70000,offset=17,deleted")
undisturbed("write-only file", "file:fd=100,size=100K,mode=w,offset=1000")
undisturbed("appended file", "file:fd=100,size=100K,mode=wa,deleted")
undisturbed("leased for reading", "file:fd=100,size=10K,mode=r,lease=r")
# A re-open would break the lease, so it is read where it is: that moves atime.
undisturbed("leased for writing", "file:fd=100,size=10K,mode=rw,lease=w", atime=False)
undisturbed("memfd", "memfd:fd=100,size=1M,seals=shrink+grow,offset=99")
undisturbed("memfd with holes", "memfd:fd=100,hole=4M,tail=5000")
undisturbed("secretmem", "secretmem:fd=100,size=20000")
undisturbed("directory", "dir:fd=100")

# ---- pipes ----
undisturbed("pipe", "pipe:fd=100,peer=101,size=60K", fds=(100, 101),
            receives={100: pattern(1, 60 * 1024)})
undisturbed("full pipe", "pipe:fd=100,peer=101,capacity=1M,size=700K", fds=(100, 101),
            receives={100: pattern(1, 700 * 1024)})
undisturbed("packets", "pipe:fd=100,peer=101,packet,sizes=5+4096+1", fds=(100, 101),
            after=message_lengths([5, 4096, 1]))
undisturbed("empty pipe", "pipe:fd=100,peer=101", fds=(100, 101))
undisturbed("pipe without writer", "pipe:fd=100,peer=101,size=100,close=w",
            receives={100: pattern(1, 100)})
undisturbed("fifo", "fifo:fd=100,peer=101,size=10K", fds=(100, 101),
            receives={100: pattern(1, 10 * 1024)})

# ---- sockets ----
undisturbed("tcp", "tcp:fd=100,peer=101,queued=50000", fds=(100, 101),
            receives={100: pattern(1, 50000)})
undisturbed("tcp with an end of file", "tcp:fd=100,peer=101,queued=5000,peerclosed",
            receives={100: pattern(1, 5000)})
undisturbed("tcp unacknowledged", "tcp:fd=100,peer=101,unacked=20000")
undisturbed("tcp listener", "tcp:fd=100,listen,pending=3",
            after=lambda v: ok(v.cmd("accept 100")["ok"], "a connection still waits"))
undisturbed("udp", "udp:fd=100,peer=101,sizes=5+100+7", after=message_lengths([5, 100, 7]))
undisturbed("unix stream", "unix:fd=100,peer=101,type=stream,queued=30000", fds=(100, 101),
            receives={100: pattern(1, 30000)})
undisturbed("unix datagrams", "unix:fd=100,peer=101,type=dgram,sizes=3+4000+9",
            after=message_lengths([3, 4000, 9]))
undisturbed("unix seqpacket", "unix:fd=100,peer=101,type=seqpacket,sizes=3+400+9",
            after=message_lengths([3, 400, 9]))
undisturbed("unix with cargo", "unix:fd=100,peer=101,queued=10,cargo=3")
undisturbed("unix listener", "unix:fd=100,listen,pending=2,abstract=undisturbed-%d" % os.getpid())
undisturbed("netlink", "netlink:fd=100")
if am_root():
    # In a network where nobody else sends.
    undisturbed("packet socket", "packet:fd=100,dev=lo", options=["--newnet"])


def reset(v):
    got = v.cmd("soerror 100")
    is_(got.get("soerror"), 104, "the pending ECONNRESET is still the target's")


undisturbed("tcp that was reset", "tcp:fd=100,peer=101,reset", after=reset)

# ---- the rest: looked at, and peeked as far as it goes ----
undisturbed("tty", "tty:fd=100,peer=101,text=hello", fds=(100, 101))
undisturbed("eventfd", "eventfd:fd=100,value=7",
            after=lambda v: is_(v.cmd("eventfd-read 100").get("value"), 7, "its count is there"))
undisturbed("timerfd", "timerfd:fd=100,value=1,expired")
undisturbed("signalfd", "signalfd:fd=100")
undisturbed("inotify", "inotify:fd=100,made=2")
undisturbed("epoll", "pipe:fd=110,peer=111,size=5", "epoll:fd=100,watch=110")
# Its size in bytes is had only by a read of its state, which its cell declares to move atime.
undisturbed("mqueue", "mqueue:fd=100,max=4,each=8", atime=False)

# ---- what a target itself does with SO_PEEK_OFF ----
with Victim("unix:fd=100,peer=101,type=stream,queued=300") as v:
    v.cmd("setpeekoff 100 50")
    r = filch("peek", "%d:100" % v.pid)
    is_(r.status, 1, "a target that peeks by SO_PEEK_OFF is left alone")
    like(r.stderr, "SO_PEEK_OFF", "and it is said why")
    is_(v.cmd("peekoff 100").get("peekoff"), 50, "its place did not move")

if not strict:
    skip("atime: no strictatime mount could be made (needs root)")
if strict:
    run(["umount", "-l", STRICT])
done()
