#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""ls: the JSON of the manual to the letter, columns, filters, groups, watching,
tables of threads, names that lie, other roots, and what a plain user sees."""
import base64
import json
import os
import re
import select
import socket
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *


def b64(x):
    return base64.b64encode(x).decode()


# ---- the contract ----

NULL = type(None)
TYPES = {
    "pid": (int,), "start": (int,), "tid": (int, NULL), "comm": (str,), "comm_b64": (str, NULL),
    "uid": (int,), "fd": (int, NULL), "assoc": (str,), "kind": (str,), "access": (str, NULL),
    "flags": (list, NULL), "cloexec": (bool, NULL), "pos": (int, NULL), "size": (int, NULL),
    "dev": (str, NULL), "ino": (int, NULL), "nlink": (int, NULL), "deleted": (str, NULL),
    "mnt_id": (int, NULL), "name": (str, NULL), "name_b64": (str, NULL), "ofd": (int, NULL),
    "shares": (int, NULL), "peers": (list,), "detail": (dict,), "error": (dict, NULL),
}
KINDS = set("""file dir symlink block char tty fifo pipe tcp udp udplite raw icmp unix netlink packet
vsock socket eventfd timerfd signalfd epoll inotify fanotify pidfd memfd secretmem io_uring bpf-prog
bpf-map bpf-link perf userfaultfd seccomp landlock fscontext mqueue namespace kvm dmabuf tun anon
unknown""".split())


def breaks(row):
    """How ROW breaks the contract: a list of words."""
    out = []
    if set(row) != set(TYPES):
        out.append("keys %s" % (set(row) ^ set(TYPES)))
    for key, types in TYPES.items():
        value = row.get(key)
        if type(value) not in types:
            out.append("%s is %r" % (key, value))
    if row["assoc"] not in ("fd", "cwd", "root", "exe", "mem"):
        out.append("assoc")
    if (row["fd"] is None) != (row["assoc"] != "fd") and not row["error"]:
        out.append("fd with %s" % row["assoc"])
    if row["kind"] not in KINDS or row["deleted"] not in ("no", "name", "inode", None):
        out.append("kind or deleted")
    if row["dev"] and not re.match(r"\d+:\d+$", row["dev"]):
        out.append("dev")
    if row["error"] and (set(row["error"]) != {"call", "errno"} or
                         not re.match("E[A-Z0-9]+$", row["error"]["errno"])):
        out.append("error %s" % row["error"])
    for p in row["peers"]:
        if not {"pid", "start", "fd", "comm"} <= set(p) <= {"pid", "start", "fd", "comm", "tid",
                                                            "comm_b64"}:
            out.append("peer %s" % p)
    if (row["ofd"] is None) != (row["shares"] is None):
        out.append("ofd and shares")
    return out


with Victim("file:fd=10,size=5K,offset=7,mode=rw,nonblock", "pipe:fd=11,peer=12", "tcp:fd=13,peer=14",
            "file:fd=15,mapped=keep,shared,size=8K", "dup:fd=16,of=10", "memfd:fd=17,size=4K",
            "file:fd=18,cloexec=0,mode=wa,text=abc", "reopen:fd=19,of=10", "eventfd:fd=20",
            "file:fd=21,mapped,size=4K", options=["--comm", "contract"]) as v:
    raw = filch("ls", "--json", v.pid, binary=True).stdout
    mine = [json.loads(line) for line in raw.decode().splitlines()]
    is_([(r["fd"], b) for r in mine for b in breaks(r)], [], "every key, every type, in every row")
    every = rows()
    is_([(r["pid"], r["fd"], b) for r in every for b in breaks(r)][:5], [],
        "in all %d rows of the machine" % len(every))
    got = {r["fd"]: r for r in mine if r["assoc"] == "fd"}
    t = v.fd(10)
    is_({k: got[10][k] for k in ("pid", "start", "tid", "comm", "comm_b64", "uid", "fd", "assoc", "kind",
                                 "access", "cloexec", "pos", "size", "dev", "ino", "nlink", "deleted",
                                 "name", "name_b64", "error", "peers")},
        {"pid": v.pid, "start": v.start, "tid": None, "comm": "contract", "comm_b64": None,
         "uid": os.geteuid(), "fd": 10, "assoc": "fd", "kind": "file", "access": "rw", "cloexec": True,
         "pos": 7, "size": 5120, "dev": t["dev"], "ino": t["ino"], "nlink": 1, "deleted": "no",
         "name": t["path"], "name_b64": None, "error": None, "peers": []}, "a file")
    ok({"O_RDWR", "O_NONBLOCK"} <= set(got[10]["flags"]), "its flags", got[10]["flags"])
    is_((got[18]["access"], "O_APPEND" in got[18]["flags"], got[18]["cloexec"]), ("w", True, False),
        "one that appends")
    is_((got[11]["size"], got[11]["name"], got[11]["deleted"]),
        (None, "pipe:[%d]" % v.fd(11)["ino"], "no"), "a pipe has no size")
    is_(got[11]["peers"], [{"pid": v.pid, "start": v.start, "fd": 12, "comm": "contract"}], "its peer")
    is_((got[10]["ofd"], got[10]["shares"]), (got[16]["ofd"], 2), "one description in two places")
    ok(got[19]["ofd"] not in (None, got[10]["ofd"]) and got[19]["shares"] == 1 and
       got[19]["ino"] == got[10]["ino"], "the same file opened twice is another")
    is_(got[17]["deleted"], "inode", "a memfd has no name left")
    by = {a: [r for r in mine if r["assoc"] == a] for a in ("cwd", "root", "exe", "mem")}
    is_([by[a][0]["name"] for a in ("cwd", "root", "exe")],
        [os.readlink("/proc/%d/%s" % (v.pid, a)) for a in ("cwd", "root", "exe")], "cwd, root, exe")
    maps = {r["name"] for r in by["mem"]}
    ok({v.fd(15)["path"]} <= maps and any("libc" in m for m in maps), "mapped files", maps)
    only = [t for t in v.truth if t["kind"] == "file" and t["fd"] is None]
    ok(only and only[0]["path"] in maps, "and one that is only mapped", only)

    # ---- columns, filters, order ----
    def table(*args):
        r = filch("ls", *args, v.pid)
        return [line.split() for line in r.stdout.splitlines()]
    t = table("-o", "fd,kind,ino", "-f", "assoc=fd and fd>=10", "-s", "fd")
    is_(t[0], ["FD", "KIND", "INO"], "-o: these columns")
    is_([(int(r[0]), r[1]) for r in t[1:]], sorted((n, r["kind"]) for n, r in got.items() if n >= 10),
        "-f and -s")
    t = table("-o", "fd,kind", "-f", "assoc=fd and fd>=10", "-s", "-fd", "--no-headings")
    is_([int(r[0]) for r in t], sorted((n for n in got if n >= 10), reverse=True),
        "-s -fd and --no-headings")
    is_(table("-o", "+ofd", "--no-headings", "-f", "fd=10")[0][-1], str(got[10]["ofd"]), "-o +COL")
    for text, want in (("fd>=10 and kind=pipe", {11, 12}), ("fd>9 and size>4K and kind=file", {10, 15, 16, 19}),
                       ("kind=tcp and state=ESTABLISHED", {13, 14}), ("deleted=inode and kind=memfd", {17}),
                       ("fd>=10 and not cloexec", {18}), ("fd=10 or fd=12", {10, 12}),
                       ("fd>=10 and (kind=tcp or kind=eventfd)", {13, 14, 20}),
                       ("shares>1 and fd>=10", {10, 16}), ("name~'pipe:' and fd>9", {11, 12}),
                       ("fd >= 10 and mode = wa", {18}), ("count=0", {20})):
        is_({r["fd"] for r in rows("-f", text, v.pid)}, want, "-f %s" % text)
    text = filch("ls", "--group", "-o", "fd,ofd", "--no-headings", "-f", "fd>=10", v.pid).stdout
    lines = [x.split() for x in text.splitlines()]
    at = lines.index(["10", str(got[10]["ofd"])])
    ok(["16", str(got[16]["ofd"])] in (lines[at - 1], lines[(at + 1) % len(lines)]),
       "--group: members together", text)
    d = {r["fd"]: r["detail"] for r in rows("--grab", v.pid) if r["assoc"] == "fd"}
    is_((d[11].get("queued"), "capacity" in d[11]), (0, True), "--grab adds what needs one")
    is_(filch("ls", "--read-only", "--json", v.pid).status, 0, "--read-only may look")
    r = filch("ls", "--read-only", "--grab", v.pid)
    is_((r.status, r.stdout), (2, ""), "but not grab")
    r = filch("ls", "--dry-run", "--grab", v.pid)
    is_((r.status, r.stdout), (0, ""), "--dry-run grabs nothing either")
    like(r.stderr, "ls --grab: effect hold", "and says what it would")
    with Victim("eventfd:fd=10", options=["--fork", "1"]) as w:
        alone = {r["fd"]: r["shares"] for r in rows(w.pid)}
        wide = {r["fd"]: r["shares"] for r in rows("--wide-scan", w.pid)}
        is_((alone[10], wide[10]), (1, 2), "--wide-scan looks for sharing everywhere")
        is_({r["pid"] for r in rows("--wide-scan", w.pid)}, {w.pid}, "and lists the target alone")

    # ---- targets ----
    is_({r["pid"] for r in rows("%d@%d" % (v.pid, v.start))}, {v.pid}, "PID@START")
    is_(filch("ls", "%d@%d" % (v.pid, v.start + 1)).status, 4, "of another start")
    is_({r["pid"] for r in rows("=contract")}, {v.pid}, "=NAME")
    with Victim("file:fd=10", options=["--comm", "contract"]) as w:
        r = filch("ls", "=contract")
        ok(r.status == 2 and str(v.pid) in r.stderr and str(w.pid) in r.stderr,
           "=NAME of two: the candidates", r)
        is_({r["pid"] for r in rows(v.pid, w.pid)}, {v.pid, w.pid}, "two targets")
    s = json.loads(filch("ls", "--summary", "--json", v.pid).stdout)
    is_((s["kinds"]["pipe"], s["kinds"]["tcp"], s["processes"][0]["pid"]), (len(
        [r for r in got.values() if r["kind"] == "pipe"]), 2, v.pid), "--summary")

    # ---- watching ----
    p = subprocess.Popen([FILCH, "ls", "--watch", "--json", "--interval", "0.1", "--times", "30",
                          str(v.pid)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    seen = set()
    wait_for(lambda: os.path.exists("/proc/%d/fdinfo" % p.pid) and
             "signalfd" in " ".join(os.readlink("/proc/%d/fd/%s" % (p.pid, n)) for n in
                                    os.listdir("/proc/%d/fd" % p.pid)), 5)
    new = v.cmd("open eventfd:fd=40")
    v.cmd("lseek 10 99")
    v.cmd("write 14 hello")
    v.cmd("close 12")
    for line in p.stdout:
        c = json.loads(line)
        is_new = (c.get("change"), c.get("fd"))
        seen.add(is_new)
        if {("opened", 40), ("closed", 12)} <= seen and any(k == "moved" for k, _ in seen):
            break
    p.terminate()
    p.wait()
    diag(sorted(seen, key=str))
    ok({("opened", 40), ("closed", 12), ("moved", 10)} <= seen, "--watch: opened, closed, moved", seen)
    ok(any(fd == 13 and "queue" in str(k) for k, fd in seen), "and a queue that grew", seen)

# ---- tables of threads ----

with Victim("file:fd=10,text=leader", thread=["file:fd=30,text=thread", "pipe:fd=31,peer=32"]) as v:
    tid = v.ready["table_tid"]
    got = {(r["tid"], r["fd"]): r for r in rows(v.pid) if r["assoc"] == "fd"}
    ok((None, 10) in got and (tid, 30) in got and (None, 30) not in got, "two tables of one process",
       sorted(got, key=str))
    is_({r["tid"] for r in rows("%d/%d" % (v.pid, tid)) if r["assoc"] == "fd"}, {tid}, "PID/TID")
    is_([p["fd"] for p in got[(tid, 31)]["peers"]], [32], "peers in a thread's table")
    like(filch("ls", v.pid).stdout, "%d/%d|%d" % (v.pid, tid, tid), "and people see it")
with Victim("file:fd=10,text=alive", options=["--dead-leader"]) as v:
    live = [int(t) for t in os.listdir("/proc/%d/task" % v.pid) if int(t) != v.pid]
    r = filch("ls", "--json", "%d/%d" % (v.pid, live[0]))
    is_([json.loads(x)["fd"] for x in r.stdout.splitlines() if json.loads(x)["fd"] == 10], [10],
        "a live thread of a dead leader")
    is_(sorted({(r["pid"], r["tid"] is None) for r in rows(v.pid)}), [(v.pid, False)],
        "which is listed by the number of its process")
    is_(filch("peek", "%d/%d:10" % (v.pid, live[0])).stdout, "alive", "can be used")
    ok([x for x in rows() if x["pid"] == v.pid and x["fd"] == 10], "and is in the listing of all")

# ---- names ----

LONG = r"""
import os, sys
os.chdir(sys.argv[1])
for i in range(20):
    os.mkdir("a" * 250)
    os.chdir("a" * 250)
a = os.open("kept", os.O_RDWR | os.O_CREAT)
os.write(a, b"12345")
b = os.open("gone", os.O_RDWR | os.O_CREAT)
os.unlink("gone")
print(a, b, flush=True)
sys.stdin.read()
"""
p = subprocess.Popen([sys.executable, "-c", LONG, TMP], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
kept, gone = map(int, p.stdout.readline().split())
got = {r["fd"] if r["assoc"] == "fd" else r["assoc"]: r for r in rows(p.pid)}
TOO_LONG = {"call": "readlink", "errno": "ENAMETOOLONG"}
is_([(got[n]["kind"], got[n]["size"], got[n]["deleted"], got[n]["name"], got[n]["error"]) for n in (kept, gone)],
    [("file", 5, None, None, TOO_LONG), ("file", 0, "inode", None, TOO_LONG)],
    "a path too long to be read hides nothing else")
is_((got["cwd"]["kind"], got["cwd"]["error"]), ("dir", TOO_LONG), "nor that of a directory")
p.communicate("")
subprocess.run(["rm", "-rf", TMP + "/" + "a" * 250])

HOSTILE = b"x\x1b[31m\r\n\xe2\x80\xae\xff"
with Victim("file:fd=10,path64=%s,size=3" % b64(os.fsencode(TMP) + b"/real (deleted)"),
            "file:fd=11,path64=%s,size=3,deleted" % b64(os.fsencode(TMP) + b"/gone (deleted)"),
            "file:fd=12,path=%s/name,size=3,linkname=%s/other,deleted" % (TMP, TMP),
            "file:fd=13,path=%s/swap,size=3,replaced" % TMP, "file:fd=14,tmpfile",
            "file:fd=15,path64=%s" % b64(os.fsencode(TMP) + b"/" + HOSTILE),
            "memfd:fd=16,name64=%s" % b64(HOSTILE), "dir:fd=17,deleted",
            options=["--comm64", b64(HOSTILE)]) as v:
    got = {r["fd"]: r for r in rows(v.pid) if r["assoc"] == "fd"}
    is_((got[10]["deleted"], got[10]["name"]), ("no", TMP + "/real (deleted)"),
        "a real name that ends in (deleted)")
    is_((got[11]["deleted"], got[11]["name"]), ("inode", TMP + "/gone (deleted)"), "and one that is gone")
    is_([got[n]["deleted"] for n in (12, 13, 14, 17)], ["name", "inode", "inode", "inode"],
        "another name is left; replaced; without a name; a directory")
    is_(base64.b64decode(got[15]["name_b64"]), os.fsencode(TMP) + b"/" + HOSTILE, "a hostile name")
    is_(base64.b64decode(got[16]["comm_b64"]), HOSTILE[:15], "a hostile command")
    is_([(r["fd"], b) for r in got.values() for b in breaks(r)], [], "by the contract")
    text = filch("ls", v.pid, binary=True).stdout
    ok(not [c for c in text if (c < 32 and c != 10) or c == 127] and b"\xe2\x80\xae" not in text,
       "none of it reaches a terminal")

# ---- other roots, other mounts, other users ----

if am_root():
    with Victim("file:fd=10,path=/inner,size=9", options=["--chroot", TMP]) as v:
        got = {r["fd"] if r["assoc"] == "fd" else r["assoc"]: r for r in rows(v.pid)}
        is_((got["root"]["name"], got[10]["ino"], got[10]["deleted"]),
            (TMP, v.fd(10)["ino"], "no"), "a root of its own")
    mnt = os.path.join(TMP, "mnt")
    os.mkdir(mnt)
    with Victim("file:fd=10,path=%s/f,size=9" % mnt, "file:fd=11,path=%s/g,size=9,deleted" % mnt,
                wrap=lambda *a: ["unshare", "--mount", "--propagation", "private", "sh", "-c",
                                 "mount -t tmpfs tmpfs %s && exec \"$@\"" % mnt, "sh"] + list(a)) as v:
        got = {r["fd"]: r for r in rows(v.pid)}
        is_((got[10]["name"], got[10]["detail"]["fstype"], got[10]["deleted"], got[11]["deleted"]),
            (mnt + "/f", "tmpfs", "no", "inode"), "mounts that we do not see")
    with Victim("file:fd=10,text=mine", "dup:fd=11,of=10", "unix:fd=12,peer=13", wrap=as_nobody) as v, \
            Victim("file:fd=10,text=theirs") as w:
        own = [json.loads(x) for x in filch("ls", "--json", v.pid, wrap=as_nobody).stdout.splitlines()]
        is_([(r["fd"], b) for r in own for b in breaks(r)], [], "as nobody: by the contract")
        ok(not [r for r in own if r["error"]], "own processes fully",
           [(r["assoc"], r["name"], r["error"]) for r in own if r["error"]])
        got = {r["fd"]: r for r in own if r["assoc"] == "fd"}
        is_((got[10]["shares"], [p["fd"] for p in got[12]["peers"]]), (2, [13]), "sharing and peers")
        r = filch("ls", "--json", wrap=as_nobody)
        every = [json.loads(x) for x in r.stdout.splitlines()]
        theirs = [x for x in every if x["pid"] == w.pid]
        ok(theirs and all(x["error"] and x["error"]["errno"] == "EACCES" for x in theirs) and
           theirs[0]["comm"] == "victim", "others' are rows with the error", theirs[:2])
        is_((r.status, [b for x in every for b in breaks(x)][:3]), (0, []), "which is no failure")
        r = filch("ls", "-f", "deleted", wrap=as_nobody)
        like(r.stderr, r"tables that could not be read: \d+; the filter", "a filter hides them not")
else:
    skip("needs root: other roots, mounts and users", 7)

# ---- facts that all kinds share, and those that cost a system call ----

with Victim("file:fd=10,size=9,lock=flock", "file:fd=11,size=9") as v:
    got = filch("ls", v.pid, "--no-headings", "-f", "locks.type=FLOCK", "-o", "fd,locks.mode")
    is_(got.stdout.split(), ["10", "WRITE"], "a lock")
    got = filch("ls", v.pid, "--no-headings", "-f", "fd=11 and mtime>2020-01-01 and mode",
                "-o", "fstype,mount_point")
    info = filch("show", "%d:11" % v.pid).stdout
    is_([re.search(r"  %s +(.*)" % n, info).group(1) for n in ("fstype", "mount_point")],
        got.stdout.split(), "times, type and mount point as show has them")
    is_(filch("ls", v.pid, "-f", "fd=11 and mtime<2020-01-01").stdout.count("\n"), 1, "or not")

# ---- DETAIL in words ----

with Victim("timerfd:fd=10,value=7200000", "timerfd:fd=11,value=8640000000", "timerfd:fd=12,value=500",
            "pidfd:fd=13,of=dead", "pidfd:fd=14,of=zombie", "pidfd:fd=15,of=child") as v:
    got = filch("ls", v.pid, "--no-headings", "-f", "fd>=10", "-o", "detail").stdout
    like(got, r"^\S+, in (7200|719\d)s\n\S+, in (100|99)d\n(.*\n)ended\nprocess \d+ .*, a zombie\n"
         r"process \d+ \w+\n$", "long times as people say them; whether a process lives")

# ---- big sets are not asked, one by one, what only show tells ----

ep = select.epoll()
ends = [os.eventfd(0) for _ in range(1100)]
for e in ends:
    ep.register(e, select.EPOLLIN)
r, = rows(os.getpid(), "-f", "fd=%d" % ep.fileno())
is_({w["live"] for w in r["detail"]["watches"]}, {None}, "a large epoll: not asked which still live")
like(filch("show", "%d:%d" % (os.getpid(), ep.fileno())).stdout, r"watches.1099.live +yes\n",
     "show asks")
for e in ends:
    os.close(e)
ep.close()

# ---- one that is named twice is one ----

with Victim("file:fd=10,size=9", thread=["eventfd:fd=11"]) as v:
    me, other = v.pid, "%d/%d" % (v.pid, v.ready["table_tid"])
    for names in ([me, me], [me, other], [other, me], [other, me, other]):
        got = rows(*names, "-f", "fd=10 or fd=11")
        is_(sorted((r["fd"], r["shares"]) for r in got), [(10, 2), (10, 2), (11, 1)],
            "named twice, listed once: %s" % names)

# ---- tables of every shape: dense, with holes, with a few or many far above ----

OPEN = """
import os, sys
numbers = eval(sys.argv[1]) - {0, 1, 2}
source = os.open("/dev/null", os.O_RDONLY)
for n in numbers - {source}:
    os.dup2(source, n)
if source not in numbers:
    os.close(source)
print("ready", flush=True)
sys.stdin.read()
"""
for shape in ("set(range(31))", "set(range(32))", "set(range(100))", "set(range(100)) - {3}",
              "set(range(300)) - {3, 17, 100, 298} | {1000}", "set(range(64)) | set(range(3000, 3020))",
              "set(range(500, 600))", "set(range(1100)) - {511, 512, 513} | {1111, 4000}",
              "set(range(1, 200, 2))"):
    with subprocess.Popen([sys.executable, "-c", OPEN, shape], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as p:
        p.stdout.readline()
        want = sorted(int(n) for n in os.listdir("/proc/%d/fd" % p.pid))
        got = [sorted(r["fd"] for r in r_ if r["assoc"] == "fd" and r["pid"] == p.pid)
               for r_ in (rows(p.pid), rows("-f", "assoc=fd"))]
        ok(got == [want, want] and len(want) >= 31, "a table of " + shape,
           [(set(g) - set(want), set(want) - set(g)) for g in got])
        p.stdin.close()

# ---- two tables, and sockets that are in none ----

with Victim("pipe:fd=10,peer=11", thread=["eventfd:fd=12", "dup:of=12,fd=13"]) as v:
    head, *lines = filch("ls", v.pid, "-f", "fd>=10 and fd<13").stdout.splitlines()
    is_([x.split()[:3] for x in [head] + lines],
        [["TID", "FD", "KIND"], ["-", "10", "pipe"], ["-", "11", "pipe"]] +
        [[str(v.ready["table_tid"])] + x for x in (["10", "pipe"], ["11", "pipe"],
                                                   ["12", "eventfd"])],
        "whose number it is, if two tables have it")
    unlike(filch("ls", v.pid, "-f", "assoc=exe").stdout, "TID", "not if one has")
    like(filch("ls", "--summary", v.pid).stdout, r"\n *%d/%d +\d+ .*eventfd 2\n"
         % (v.pid, v.ready["table_tid"]), "--summary says it too")
    s = json.loads(filch("ls", "--summary", "--json", v.pid).stdout)
    is_(sorted(p["tid"] or 0 for p in s["processes"]), [0, v.ready["table_tid"]], "and its JSON")
with socket.socket() as new, socket.socket(type=socket.SOCK_DGRAM) as udp:
    out = filch("ls", os.getpid(), "-f", "fd=%d or fd=%d" % (new.fileno(), udp.fileno()))
    is_([x.split(None, 5)[5] for x in out.stdout.splitlines()[1:]],
        ["TCP, not bound, or of another namespace", "UDP, not bound, or of another namespace"],
        "sockets that are in no table yet")
    like(filch("show", "--grab", "%d:%d" % (os.getpid(), new.fileno())).stdout,
         r"\n  state +CLOSE\n", "with a grab, their state")

if am_root():
    with socket.socket() as ours:
        ours.bind(("127.0.0.1", 0))
        ours.listen()
        port = ours.getsockname()[1]
        bash = "exec 9<>/dev/tcp/127.0.0.1/%d; exec \"$@\"" % port
        with Victim("eventfd:fd=10", options=["--newnet", "--keep-fds"],
                    wrap=lambda *a: ["bash", "-c", bash, "bash"] + list(a)) as v:
            is_([r["detail"].get("remote") for r in rows(v.pid, "-f", "fd=9")],
                ["127.0.0.1:%d" % port], "a socket that came from another network namespace")
else:
    skip("needs root: network namespaces")

# ---- processes that come and go ----

p = subprocess.Popen(["sh", "-c", "while :; do /bin/true; done"])
try:
    bad = []
    for _ in range(20):
        r = filch("ls", "--json")
        if r.status or r.stderr or [b for x in r.stdout.splitlines() for b in breaks(json.loads(x))]:
            bad.append(r.stderr or r.status)
    is_(bad, [], "processes that end while they are listed")
finally:
    p.kill()
    p.wait()
done()
