#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# timeout: 240
"""Every cell of README's table, kind by peek, dump and read: what it says is done is done, without
disturbing; what it refuses is refused, in its words."""
import os
import re
import sys
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

README = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "README.md")
OUT = os.path.join(TMP, "out")
# What makes one of each; those that a machine may lack are skipped with the victim's reason.
SPECS = {
    "mqueue": "mqueue:fd=100,max=4,each=8,depth=2", "memfd": "memfd:fd=100,size=5000",
    "secretmem": "secretmem:fd=100,size=5000", "namespace": "namespace:fd=100,ns=uts",
    "dmabuf": "dmabuf:fd=100", "kvm": "kvm:fd=100", "tun": "tun:fd=100",
    "tty": "tty:fd=100,peer=101,text=hi", "file": "file:fd=100,size=5000",
    "dir": "dir:fd=100", "symlink": "symlink:fd=100,target=there", "block": "block:fd=100,size=1M",
    "char": "char:fd=100,path=/dev/zero", "pipe": "pipe:fd=100,peer=101,size=500",
    "fifo": "fifo:fd=100,peer=101,size=500", "eventfd": "eventfd:fd=100,value=3",
    "timerfd": "timerfd:fd=100,value=1,expired", "signalfd": "signalfd:fd=100",
    "epoll": "epoll:fd=100", "inotify": "inotify:fd=100,made=2", "fanotify": "fanotify:fd=100",
    "pidfd": "pidfd:fd=100,of=self", "io_uring": "io_uring:fd=100", "bpf-prog": "bpf-prog:fd=100",
    "bpf-map": "bpf-map:fd=100", "bpf-link": "bpf-link:fd=100", "perf": "perf:fd=100",
    "userfaultfd": "userfaultfd:fd=100", "seccomp": "seccomp:fd=100",
    "landlock": "landlock:fd=100", "fscontext": "fscontext:fd=100",
    "tcp": "tcp:fd=100,peer=101,queued=500", "udp": "udp:fd=100,peer=101,sizes=5+9",
    "udplite": "udplite:fd=100,peer=101,sizes=5+9", "raw": "raw:fd=100", "icmp": "icmp:fd=100,allow",
    "unix": "unix:fd=100,peer=101,queued=500", "netlink": "netlink:fd=100",
    "packet": "packet:fd=100,dev=lo", "vsock": "vsock:fd=100", "socket": "socket:fd=100",
    "anon": "anon:fd=100",
}
OPTIONS = {"raw": ["--newnet"], "packet": ["--newnet"], "icmp": ["--newnet"]}


def table():
    """{kind: {"peek": (effect or "no", words), ...}} of README."""
    cells, names = {}, None
    with open(README, encoding="utf-8") as f:
        for line in f:
            if line.startswith("| kind |"):
                names = [c.strip() for c in line.strip().strip("|").split("|")][1:]
            elif names and line.startswith("| `"):
                row = [c.strip() for c in line.strip().strip("|").split(" | ")]
                found = [re.match(r"\*+([a-z]+)\*+: (.*)", c).groups() for c in row[1:]]
                for kind in re.findall(r"`([^`]+)`", row[0]):
                    cells[kind] = dict(zip(names, found))
            elif names and not line.startswith("|"):
                return cells


def state(v):
    asks = ["pos", "flags", "fionread", "poll"]
    return {a: v.cmd("%s 100" % a) for a in asks}


def words_of(r):
    return re.sub(r"\s+", " ", r.stderr)


def check(kind, v, op, cell, *argv):
    r = filch(*argv, timeout=20)
    if cell[0] == "no":
        return ok(r.status == 1 and cell[1] in words_of(r) and not r.stdout,
                  "%s: %s is refused, in the words of the table" % (kind, op), r, cell)
    # A part may be unseen, and a read may find nothing; both are said.
    return ok(r.status == 0 or (r.status == 1 and re.search(
        "not seen|not copied|nothing to read|read: |pread: ", r.stderr)),
              "%s: %s" % (kind, op), r, cell)


def check_kind(kind, cells):
    with Victim(SPECS[kind], options=OPTIONS.get(kind, [])) as v:
        if v.skipped(kind):
            return skip("%s: %s" % (kind, v.skipped(kind)), 4)
        at = "%d:100" % v.pid
        before = state(v)
        for left in os.listdir(TMP):
            if left.startswith("out"):
                os.unlink(os.path.join(TMP, left))
        check(kind, v, "peek", cells["peek"], "peek", at, "-n", "500")
        limit = ["--max-bytes", "64K"] if kind == "block" else []
        check(kind, v, "dump", cells["dump"], "dump", at, "-o", OUT, *limit)
        is_(state(v), before, "%s: offset, flags and queue are as they were" % kind)
        check(kind, v, "read", cells["read"], "read", at, "-n", "100")


cells = table()
ok(len(cells) > 40, "the table is there", sorted(cells))
is_(sorted(set(cells) - set(SPECS) - {"unknown"}), [], "each of its kinds is tried")
for kind in SPECS:
    try:
        check_kind(kind, cells[kind])
    except RuntimeError as e:
        skip("%s: %s" % (kind, e), 4)
done()
