#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""recover: every lost file once, and nothing that only looks lost."""
import hashlib
import json
import os
import socket
import sys
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

DIR = os.path.join(TMP, "rec")


def content(path):
    with open(path, "rb") as f:
        return f.read()


def listing(*args):
    r = filch("recover", "--list", "--json", *args)
    return r, [json.loads(line) for line in r.stdout.splitlines()]


specs = ("file:fd=100,size=100K,hole=1M,tail=10K,deleted", "dup:fd=101,of=100",
         "file:fd=110,size=30000,deleted,mapped", "file:fd=120,size=77,deleted,mode=w",
         "memfd:fd=130,size=1M", "memfd:fd=140,size=5000,mapped", "file:fd=150,size=0,deleted",
         "file:fd=160,size=100,linkname=%s/other" % TMP, "file:fd=170,size=10",
         "unix:fd=180,peer=181,queued=10,cargo=2,cargosize=300",
         "file:fd=190,size=40,name=real (deleted)")
with Victim(*specs) as v:
    pid = str(v.pid)
    r, found = listing(pid)
    mapped = len([x for x in found if x["found"] == "mapped"])
    by_fd = {x["fd"]: x for x in found if x["found"] == "open"}
    is_(sorted(by_fd), [100, 120, 130], "deleted files and memfds that are open")
    is_(by_fd[100]["holders"], 2, "once an inode")
    is_(by_fd[100]["size"], v.fd(100)["size"], "with its size")
    is_(mapped, 2, "what is only mapped")
    flights = [x for x in found if x["found"] == "in flight"]
    is_(len(flights), 1, "what is only in flight, as far as a peek sees")
    is_(r.status, 1, "that one is hidden is no plain success")
    like(r.stderr, "1 descriptors are in flight behind the first", "and it is said how many")
    r, found = listing(pid, "--all-messages")
    is_((r.status, len([x for x in found if x["found"] == "in flight"])), (0, 2),
        "--all-messages sees them all")
    is_(v.cmd("peekoff 180").get("peekoff"), -1, "and leaves SO_PEEK_OFF as it was")
    ok(not any(x["fd"] == 150 for x in found), "no empty file")
    r, found = listing(pid, "--empty")
    ok(150 in [x["fd"] for x in found], "--empty wants it")
    like(filch("recover", "--list", pid).stdout, r"1\.1M\s+%s:100\s+open\s+/" % pid, "as a table")

    r = filch("recover", pid, "-o", DIR, "--all-messages")
    is_(r.status, 0 if am_root() else 1, "all are saved")
    records = [json.loads(x) for x in open(os.path.join(DIR, "recovered.jsonl"))]
    is_(len(records), 7, "a record each")
    for x in records:
        data = content(os.path.join(DIR, x["file"]))
        is_((len(data), hashlib.sha256(data).hexdigest(), x["complete"], x["error"]),
            (x["size"], x["sha256"], am_root() or x["found"] != "mapped", None),
            "record of " + x["name"])
    files = {x["fd"]: os.path.join(DIR, x["file"]) for x in records if x["found"] == "open"}
    is_(content(files[100]), content("/proc/%d/fd/100" % v.pid), "the bytes")
    ok(os.stat(files[100]).st_blocks <= v.fd(100)["blocks"] * 1.1, "holes are kept")
    is_(content(files[120]), pattern(1, 77), "of what was opened for writing only")
    is_(os.stat(files[100]).st_mtime_ns, os.stat("/proc/%d/fd/100" % v.pid).st_mtime_ns,
        "times as they were")
    is_({os.stat(os.path.join(DIR, n)).st_mode & 0o7777 for n in os.listdir(DIR)}, {0o600},
        "only we may read them")
    r = filch("recover", pid, "-o", DIR)
    is_(len(os.listdir(DIR)), 1 + 7 + 6, "a second time: new names")

    is_(filch("recover", pid).status, 2, "where to must be said")
    r = filch("recover", pid, "-o", TMP + "/no", "--dry-run")
    ok(not os.path.exists(TMP + "/no"), "--dry-run makes nothing")
    is_(filch("recover", pid, "-o", DIR, "--read-only").status, 2, "--read-only")

    path = v.fd(100)["path"]
    r = filch("recover", pid, "--to-original-path")
    is_(content(path), content("/proc/%d/fd/100" % v.pid), "back where it was")
    like(r.stderr, "/memfd:.*no.*path|never a file", "a memfd has no place to go back to")
    with open(path, "w") as f:
        f.write("precious")
    r = filch("recover", pid, "--to-original-path")
    is_((r.status != 0, content(path)), (True, b"precious"), "never over a file that is there")
    r = filch("recover", pid, "--freeze", "-o", TMP + "/frozen")
    like(r.stderr, r"stood still for [0-9.]+ ms \(ptrace\)", "--freeze says for how long")
    ok(wait_for(lambda: v.state() == "S"), "and lets it go on")

with Victim("file:fd=100,size=100,deleted,name=" + "n" * 255) as v:
    is_(filch("recover", str(v.pid), "--to-original-path").status, 0, "as long a name as may be")
    is_(content(v.fd(100)["path"]), pattern(1, 100), "is back")

with Victim("file:fd=100,size=100,deleted,perm=06755") as v:
    if am_root():
        filch("recover", str(v.pid), "-o", TMP + "/modes", "--preserve")
        names = [n for n in os.listdir(TMP + "/modes") if n != "recovered.jsonl"]
        mode = os.stat(os.path.join(TMP, "modes", names[0])).st_mode & 0o7777
        is_(mode & 0o6000, 0, "--preserve never makes a set-user-ID file")
        is_(mode, 0o755, "but keeps the rest")
    else:
        skip("owners are kept by root", 2)

# ---- many of one name ----
same = []
for i in range(40):
    same.append(open(os.path.join(TMP, "same"), "w+b"))
    same[-1].write(b"%d" % i)
    same[-1].flush()
    os.unlink(os.path.join(TMP, "same"))
os.mkdir(TMP + "/same-dir")
for name in ("same-7", "same-30.partial"):
    open(os.path.join(TMP, "same-dir", name), "w").close()
filch("recover", os.getpid(), "-o", TMP + "/same-dir")
got = [content(os.path.join(TMP, "same-dir", n)) for n in os.listdir(TMP + "/same-dir")
       if n.startswith("same")]
is_(sorted(int(x) for x in got if x), list(range(40)), "each has a name of its own")
is_(len(got), 42, "and nothing that was there is replaced")
for f in same:
    f.close()

# ---- a container deletes what an image below it has ----
if am_root():
    layers = os.path.join(TMP, "layers")
    for name in ("low", "rest", "top"):
        os.makedirs(os.path.join(layers, name))
    with open(layers + "/low/library", "w") as f:
        f.write("of the image")
    mount = ("mount -t tmpfs tmpfs rest && mkdir rest/up rest/work && mount -t overlay overlay "
             "-o lowerdir=low,upperdir=rest/up,workdir=rest/work top && exec 9<top/library && "
             "rm top/library && exec \"$@\"")
    with Victim("pipe:fd=100,peer=101", options=["--keep-fds"],
                wrap=lambda *a: ["unshare", "--mount", "--propagation", "private", "sh", "-c",
                                 "cd %s && %s" % (layers, mount), "sh"] + list(a)) as v:
        if rows(v.pid, "-f", "fd=9"):
            filch("recover", v.pid, "-o", TMP + "/image")
            is_(content(TMP + "/image/library"), b"of the image", "overlayfs: its link below is none")
        else:
            skip("no overlayfs here")
else:
    skip("needs root: overlayfs")

# ---- what may not be read is not nothing ----
is_(filch("recover", "2", "--list").status, 4, "a kernel thread has none")
if am_root():
    with Victim("file:fd=100,size=100,deleted") as v:
        for how in (["--list"], ["-o", TMP + "/refused"]):
            r = filch("recover", str(v.pid), *how, wrap=as_nobody)
            is_(r.status, 3, "%s: a target that may not be read is a failure" % how[0])
            like(r.stderr, r"^filch recover: .*%d.*Permission denied: uid" % v.pid, "which says why")
        ok(not os.path.exists(TMP + "/refused"), "and nothing is made")
        r = filch("recover", "--list", wrap=as_nobody)
        is_(r.status, 0, "of all processes it is none")
        like(r.stderr, r"tables that could not be read: \d+; deleted files there", "but is said")
else:
    skip("needs root: others' processes", 7)
with Victim("pipe:fd=100,peer=101", thread=["file:fd=110,size=10,deleted"]) as v:
    tid = v.ready["table_tid"]
    like(filch("recover", v.pid, "--list").stdout, r" %d/%d:110 " % (v.pid, tid),
         "a thread's own table")
    filch("recover", v.pid, "-o", TMP + "/thread")
    with open(TMP + "/thread/recovered.jsonl") as f:
        is_(json.loads(f.read())["tid"], tid, "also in the record")

# ---- as somebody without map_files ----
if am_root():
    os.chmod(TMP, 0o1777)
    where = os.path.join(TMP, "plain")
    with Victim("file:fd=100,size=30000,deleted,mapped", wrap=as_nobody) as v:
        r = filch("recover", str(v.pid), "-o", where, wrap=as_nobody)
        records = [json.loads(x) for x in open(os.path.join(where, "recovered.jsonl"))]
        is_([(x["method"], x["complete"]) for x in records], [("process memory", False)],
            "by way of the memory, and it says that this may not be all")
        is_(content(os.path.join(where, records[0]["file"]))[:30000], pattern(1, 30000),
            "the bytes that are mapped")
        r = filch("recover", str(v.pid), "-o", where, "--freeze", "--json", wrap=as_nobody)
        x = json.loads(r.stdout)
        is_((x["frozen_by"], x["effect"]), ("ptrace", "stop"), "--freeze stops it for that too")
else:
    skip("another user", 3)

# ---- sockets in flight in whose queues files are in flight ----
def lost(data):
    with open(os.path.join(TMP, "lost"), "w+b", buffering=0) as f:
        os.unlink(os.path.join(TMP, "lost"))
        f.write(data)
        return os.dup(f.fileno())


a, b = socket.socketpair()
c, d = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
inner, outer = lost(b"inner"), lost(b"outer")
for s, fds in ((c, [inner]), (a, [d.detach(), outer]), (c, [b.fileno()])):
    socket.send_fds(s, [b"x"], fds)
    for fd in fds:
        if fd != b.fileno():
            os.close(fd)
audit = os.path.join(TMP, "audit")
r = filch("recover", str(os.getpid()), "-o", os.path.join(TMP, "nested"), "--all-messages", "--json",
          "--hash", "sha512,md5", "--audit", audit)
records = [json.loads(x) for x in r.stdout.splitlines()]
is_((r.status, sorted(x["sha512"] for x in records)),
    (0, sorted(hashlib.sha512(x).hexdigest() for x in (b"inner", b"outer"))),
    "all of it is found, though the outer one is in its own queue; any hash is in the record")
is_([(x["effect"], "md5" in x) for x in records], [("hold", True)] * 2, "with the effect")
is_([json.loads(x)["effect"] for x in open(audit)], ["shared", "hold", "hold"],
    "the look into the queue is in the audit file")
r = filch("dump", "%d:%d" % (os.getpid(), b.fileno()), "-o", os.path.join(TMP, "sock"), "--in-flight")
is_((r.status, content(os.path.join(TMP, "sock.fd1.fd1")), content(os.path.join(TMP, "sock.fd2"))),
    (0, b"inner", b"outer"), "dump --in-flight goes as deep")
for x in (a, b, c):
    x.close()

# ---- everything failed for one reason: its status ----
with Victim("file:fd=100,size=10,deleted") as v:
    name = v.fd(100)["path"] if "path" in v.fd(100) else \
        os.readlink("/proc/%d/fd/100" % v.pid).replace(" (deleted)", "")
    with open(name, "w") as f:
        f.write("another")
    r = filch("recover", str(v.pid), "--to-original-path", "--json")
    is_((r.status, content(name)), (5, b"another"), "what is there again is not replaced: status 5")
    is_((json.loads(r.stdout)["file"], json.loads(r.stdout)["effect"]), (None, "hold"),
        "the record says so")
    os.unlink(name)
    os.rmdir(os.path.dirname(name))
    r = filch("recover", str(v.pid), "--to-original-path", "--json")
    is_((r.status, json.loads(r.stdout)["error"]["errno"]), (5, "ENOENT"), "nor is a folder made")
    os.mkdir(os.path.dirname(name))

done()
