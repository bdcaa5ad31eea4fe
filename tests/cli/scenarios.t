#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# timeout: 300
"""What filch must do for people, end to end."""
import base64
import collections
import hashlib
import json
import math
import os
import select
import signal
import subprocess
import sys
import time
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *


def objects(r):
    if r.stderr:
        diag(r.stderr)
    return [json.loads(line) for line in r.stdout.splitlines()]


# ---- a log deleted by mistake: sparse, growing, 2 GiB ----

with Victim("file:fd=10,mode=wa,deleted,size=1M,hole=2G,tail=1M", limit=20) as v:
    before = (v.cmd("pos 10"), v.cmd("atime 10"), v.cmd("flags 10"))
    p = subprocess.Popen([FILCH, "dump", "--follow", "%d:10" % v.pid, "-o", TMP + "/log"],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    size = os.stat("/proc/%d/fd/10" % v.pid).st_size
    there = [TMP + "/log.partial", TMP + "/log"]

    def copied():
        return max([os.stat(f).st_size for f in there if os.path.exists(f)] or [0])
    # The hole at the end is made at the end.
    ok(wait_for(lambda: copied() >= size - (1 << 20), 60), "what is there is copied", copied(), size)
    is_((v.cmd("pos 10"), v.cmd("atime 10"), v.cmd("flags 10")), before,
        "offset, atime and flags as if nobody had looked")
    for i in range(50):
        v.cmd("append 10 100")
    st = os.stat("/proc/%d/fd/10" % v.pid)
    with open("/proc/%d/fd/10" % v.pid, "rb") as f:
        f.seek(size)
        grown = f.read()
        f.seek(0)
        head = f.read(1 << 20)
    ok(len(grown) > 0, "it grew", len(grown))
    v.stop()
    out, err = p.communicate(timeout=60)
    is_(p.returncode, 0, "the writer exits, and so does dump")
    copy = os.stat(TMP + "/log")
    is_(copy.st_size, st.st_size, "to the last byte")
    with open(TMP + "/log", "rb") as f:
        same = f.read(1 << 20) == head
        f.seek(size)
        is_((same, f.read() == grown), (True, True), "which are the writer's")
    ok(copy.st_blocks <= 1.1 * st.st_blocks + 16, "and the hole stays one", copy.st_blocks,
       st.st_blocks)

# ---- what is in that queue? 8 MiB, of a stopped process, in another network ----

SIZE = 8 << 20
if am_root():
    with Victim("unix:fd=12,peer=13,queued=100K,sndbuf=1M", "tcp:fd=10,peer=11",
                options=["--newnet"]) as v:
        # The largest buffers that the kernel gives decide how much fits.
        with Victim("tcp:fd=10,peer=11,queued=%d" % SIZE, options=["--newnet"], limit=20) as w:
            truth = w.fd(10)
            queued = truth["recv_queue"]
            w.kill(signal.SIGSTOP)
            wait_for(lambda: w.state() == "T")
            want = pattern(truth["seed"], queued)
            first = filch("peek", "-n", "all", "%d:10" % w.pid, binary=True)
            second = filch("peek", "-n", "all", "%d:10" % w.pid, binary=True)
            diag("%d bytes were queued" % queued)
            ok(queued >= 1 << 20, "at least a megabyte is queued", queued)
            ok(first.stdout == want and second.stdout == want, "peek: what the sender wrote, twice",
               first.stderr, len(first.stdout), len(second.stdout))
            r = filch("dump", "%d:10" % w.pid, "-o", TMP + "/queue")
            with open(TMP + "/queue", "rb") as f:
                data = f.read()
            is_((r.status, data == want), (0, True), "dump: the same")
            is_(r.stdout.split()[0] if r.stdout else r.stderr, hashlib.sha256(want).hexdigest(),
                "and its hash")
            is_(w.state(), "T", "it is still stopped")
            w.kill(signal.SIGCONT)
            is_(w.cmd("fionread 10")["fionread"], queued, "nothing was taken")
            w.cmd("shutdown 11 wr")
            total, end = 0, time.monotonic() + 20
            while total < queued and time.monotonic() < end:
                got = w.cmd("read 10 1048576")
                if not got["ok"]:
                    break
                data = base64.b64decode(got["data"])
                if data != want[total:total + len(data)]:
                    break
                total += len(data)
            is_(total, queued, "and then the program receives all of it")
        got = filch("peek", "-n", "all", "%d:12" % v.pid, binary=True).stdout
        is_(got == pattern(v.fd(12)["seed"], v.fd(12)["queued"]), True, "a unix queue there too")
else:
    skip("needs root: a network namespace", 8)

# ---- what is stuck in this pipe? ----

with Victim("pipe:fd=10,peer=11,size=700K,capacity=1M") as v:
    want = pattern(v.fd(10)["seed"], 700 << 10)
    for end in (10, 11):
        for again in ("once", "again"):
            r = filch("peek", "-n", "all", "%d:%d" % (v.pid, end), binary=True)
            ok(r.status == 0 and r.stdout == want, "a pipe from end %d, %s" % (end, again), r.stderr,
               len(r.stdout))
    is_(v.cmd("fionread 10")["fionread"], 700 << 10, "nothing drained")
    detail = objects(filch("show", "--json", "--grab", "%d:10" % v.pid))[0]["detail"]
    is_((detail.get("queued"), detail.get("capacity")), (700 << 10, 1 << 20), "show --grab: how much")
    v.cmd("close 11")
    is_(v.cmd("readall 10")["bytes"], 700 << 10, "the reader gets all of it")
    is_(v.cmd("poll 10")["hup"], 1, "and the end of file in time")

# ---- who has the other end? ----

SPECS = ["pipe:fd=10,peer=11", "unix:fd=12,peer=13", "unix:fd=14,peer=15,type=seqpacket",
         "tcp:fd=16,peer=17", "tty:fd=18,peer=19", "fifo:fd=20,peer=21", "udp:fd=22,peer=23,connected"]


def ends(v, got, holders):
    """For each pair: its peers are the other number in every holder, and nothing else."""
    wrong = []
    for a in range(10, 24, 2):
        for mine, other in ((a, a + 1), (a + 1, a)):
            want = {(p, other) for p in holders}
            for pid in holders:
                have = got.get((pid, mine))
                if have != want:
                    wrong.append((v.fd(mine)["kind"], pid, mine, have, want))
    return wrong


for name, options in (("here", []), ("in other namespaces", ["--newnet", "--newns", "--newpid"])):
    if options and not am_root():
        skip("needs root: namespaces", 3)
        continue
    with Victim(*SPECS, options=options + ["--fork", "1"]) as v:
        holders = {v.pid} | set(v.children)
        got = {(x["pid"], x["fd"]): {(p["pid"], p["fd"]) for p in x["peers"]}
               for x in objects(filch("ls", "--json", "--wide-scan", *holders))
               if x["assoc"] == "fd"}
        is_(ends(v, got, holders), [], "exact peers, %s" % name)
        for fd in (10, 13, 16, 19, 21):
            who = objects(filch("who", "--json", "%d:%d" % (v.pid, fd)))
            other = fd + 1 if fd % 2 == 0 else fd - 1
            have = {(x["how"], x["pid"], x["fd"]) for x in who}
            want = {("other-end", p, other) for p in holders} | \
                {("same-description", p, fd) for p in holders}
            is_(have - {x for x in have if x[0] == "same-inode" and x[2] == other}, want,
                "who: %s, %s" % (v.fd(fd)["kind"], name))

if am_root():
    # The first files of two new filesystems of one type have equal inode numbers.
    mounts = [os.path.join(TMP, d) for d in ("one", "two")]
    for m in mounts:
        os.mkdir(m)
    script = "mount -t tmpfs tmpfs %s && mount -t tmpfs tmpfs %s && exec \"$@\"" % tuple(mounts)
    with Victim("fifo:fd=10,peer=11,path=%s/f" % mounts[0], "fifo:fd=12,peer=13,path=%s/f" % mounts[1],
                wrap=lambda *a: ["unshare", "--mount", "--propagation", "private", "sh", "-c", script,
                                 "sh"] + list(a)) as v:
        is_(v.fd(10)["ino"], v.fd(12)["ino"], "two FIFOs with one inode number")
        got = {x["fd"]: {p["fd"] for p in x["peers"]} for x in rows(v.pid)}
        is_([got[n] for n in (10, 11, 12, 13)], [{11}, {10}, {13}, {12}], "are not peers")
        is_(filch("same", "%d:10" % v.pid, "%d:12" % v.pid).stdout, "different\n", "nor the same")
        who = objects(filch("who", "--json", "%d:10" % v.pid))
        is_({x["fd"] for x in who}, {10, 11}, "who tells them apart")
else:
    skip("needs root: mounts", 4)

# ---- which of these 19,000 descriptors are the same? ----

N = 3100  # five processes: themselves, and what each has
with Victim("char:fd=10,path=/dev/null,count=%d" % (N // 2), "timerfd:fd=%d,count=%d" % (
        10 + N // 2, N // 2), "file:fd=%d,text=x" % (10 + N), "dup:fd=%d,of=%d,count=500" % (
            11 + N, 10 + N), "reopen:fd=%d,of=%d,count=50" % (600 + N, 10 + N),
            "unix:fd=%d,peer=%d,cargofd=10" % (700 + N, 701 + N),
            options=["--nofile", 8192, "--fork", 4], limit=30) as v:
    holders = [v.pid] + v.children
    truth, leader = {}, {}
    for t in v.truth:
        if t.get("fd") is None:
            continue
        truth[t["fd"]] = t.get("same_as", t["fd"]) if t["kind"] == "file" else t["fd"]
    begun = time.monotonic()
    r = filch("ls", "--json", "--stats", *holders, timeout=60)
    took = time.monotonic() - begun
    stats = json.loads(r.stderr.splitlines()[-1])
    groups, n = collections.defaultdict(set), 0
    for line in r.stdout.splitlines():
        x = json.loads(line)
        if x["assoc"] == "fd" and x["fd"] in truth:
            groups[x["ofd"]].add((x["pid"], x["fd"]))
            n += 1
    want = collections.defaultdict(set)
    reopened = {t["fd"] for t in v.truth if t["kind"] == "file" and "same_as" in t
                and t["fd"] >= 600 + N}
    for fd, of in truth.items():
        want[fd if fd in reopened else of] |= {(p, fd) for p in holders}
    have = {frozenset(g) for g in groups.values()}
    expected = {frozenset(g) for g in want.values()}
    diag("%d descriptors, %d groups, %.2f s, %s" % (n, len(groups), took, stats))
    ok(None not in groups, "sharing is known of all")
    ok(n > 18000, "of %d descriptors" % n)
    ok(have == expected, "the groups are the truth", len(have), len(expected),
       [sorted(g)[:4] for g in list(have - expected)[:3]])
    bound = 1.1 * n * math.log2(max(2, stats["largest_bucket"]))
    ok(stats["kcmp_calls"] <= bound, "kcmp calls: %d, at most %d" % (stats["kcmp_calls"], bound))
    shares = {x["fd"]: x["shares"] for x in rows(*holders) if x["fd"] in (10, 10 + N)}
    is_(shares, {10: 5, 10 + N: 5 * 501}, "and how many have each")

# ---- too many open files ----

with Victim("eventfd:fd=10", "file:fd=11", options=["--nofile", 500]) as v:
    p = subprocess.Popen([FILCH, "ls", "--summary", "--watch", "--json", "--interval", "0.2", "--times",
                          "4", str(v.pid)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    looks = []
    for line in p.stdout:
        looks.append(json.loads(line))
        for _ in range(20):
            v.cmd("open eventfd")
    p.wait()
    growing = looks[-1]["growing"]
    is_([(g["pid"], g["kind"], g["steady"]) for g in growing], [(v.pid, "eventfd", True)],
        "the leak: whose, of what kind, and that it never fell")
    is_((growing[0]["first"], growing[0]["oldest_fd"]), (1, 10), "since when, and the oldest")
    ok(growing[0]["last"] >= 40 and growing[0]["per_minute"] > 0, "how fast", growing)
    is_(growing[0]["first_new_fd"] >= 12, True, "and the first that is new")
    proc = [x for x in looks[-1]["processes"] if x["pid"] == v.pid][0]
    is_((proc["limit"], proc["kinds"]["eventfd"] >= 40), (500, True), "against which limit")
    r = filch("ls", "--summary", "--watch", "--interval", "0.05", "--times", "2", v.pid)
    like(r.stdout, "eventfd", "the same for people")
    is_(v.cmd("eintr")["ok"], True, "without attaching to it")

# ---- a hostile target ----

NAME = b"a\x1b]0;x\x07\r\xe2\x80\xae\xff\xc3("
long = b"/" + b"/".join([b"d" * 250] * 15)
deep = os.fsencode(TMP) + long[:3800]
os.makedirs(os.path.dirname(deep), exist_ok=True)


def b64(x):
    return base64.b64encode(x).decode()


with Victim("memfd:fd=10,name64=%s" % b64(NAME), "file:fd=11,path64=%s,size=10" % b64(
        os.fsencode(TMP) + b"/" + NAME), "file:fd=12,path64=%s" % b64(deep),
            "unix:fd=13,listen,abstract64=%s" % b64(NAME), "pipe:fd=14,peer=15,text64=%s" % b64(NAME),
            options=["--comm64", b64(NAME)]) as v:
    got = {x["fd"]: x for x in rows(v.pid)}
    is_(base64.b64decode(got[11]["name_b64"]), os.fsencode(TMP) + b"/" + NAME, "a name, exact")
    is_(base64.b64decode(got[11]["comm_b64"]), NAME[:15], "a command name, exact")
    is_(os.fsencode(got[12]["name"]), deep, "4 KiB of a name")
    for argv in (["ls", v.pid], ["ls", "--json", v.pid], ["show", "%d:*" % v.pid], ["why", v.pid],
                 ["who", "%d:10" % v.pid], ["ls", "--summary", v.pid], ["recover", "--list", v.pid],
                 ["peek", "%d:99" % v.pid], ["ls", "--group", "-o", "+name,comm,local", v.pid],
                 ["ls", "--watch", "--times", "1", v.pid], ["same", "%d:10" % v.pid, "%d:11" % v.pid]):
        r = filch(*argv, binary=True)
        both = r.stdout + os.fsencode(r.stderr)
        bad = [c for c in both if (c < 32 and c != 10) or c == 127]
        try:
            text = both.decode()
            bad += [c for c in text if 0x80 <= ord(c) < 0xa0 or ord(c) == 0x202e]
        except UnicodeDecodeError as e:
            bad.append(e)
        ok(not bad or (argv[1] == "--json" and not [c for c in bad if c != "\u202e"]),
           "%s prints nothing of it" % " ".join(map(str, argv[:2])), bad[:5], both[:300])
with Victim("file:fd=10,size=64M", "pipe:fd=11,peer=12") as v:
    p = subprocess.Popen([FILCH, "dump", "%d:*" % v.pid, "-o", TMP + "/dying"], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for(lambda: os.path.exists(TMP + "/dying") and os.listdir(TMP + "/dying"))
    v.kill()
    out, err = p.communicate(timeout=30)
    ok(p.returncode in (0, 1, 4), "its end in the middle of a dump", p.returncode, err)
done()
