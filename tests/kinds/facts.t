#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What ls and show say of every kind, beside what the victim set up."""
import base64
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import *

# One number, one spec.
SPECS = {
    10: "file:size=5K,lock=posix,locktype=w,lockstart=5,locklen=10",
    11: "file:deleted,size=4K",
    12: "file:size=1K,mode=r,lease=r",
    13: "dir",
    14: "symlink:target=/nowhere",
    15: "block",
    16: "char:path=/dev/null",
    17: "tty:peer=18,text=hi",
    19: "fifo:peer=20,size=100",
    21: "pipe:peer=22,size=700",
    23: "pipe:peer=24,packet,sizes=10+20",
    27: "tcp:peer=28,queued=1000",
    29: "udp:peer=30,sizes=10+20,connected",
    31: "udplite:peer=32",
    33: "raw",
    34: "icmp",
    35: "unix:peer=36,type=dgram,sizes=5+6",
    37: "unix:listen,abstract=filch-%d-x" % os.getpid(),
    39: "unix:peer=40,cargo=2",
    41: "netlink:groups=9",
    42: "packet",
    43: "vsock",
    44: "socket",
    45: "eventfd:value=7,semaphore",
    46: "timerfd:value=60000,interval=1000",
    47: "signalfd:mask=10+12",
    48: "epoll:watch=45+21",
    49: "epoll:watch=45,ghost,ghostfd=72",
    50: "inotify",
    51: "fanotify",
    52: "pidfd",
    53: "pidfd:of=zombie",
    54: "memfd:name=jit,size=4K,seals=shrink+grow",
    55: "secretmem:size=8K",
    56: "mqueue:depth=3,max=5,each=9",
    57: "io_uring:entries=8,files=2",
    58: "bpf-map",
    59: "bpf-prog",
    60: "bpf-link",
    61: "perf",
    62: "userfaultfd",
    63: "seccomp",
    64: "landlock",
    65: "fscontext",
    66: "namespace:ns=net",
    67: "kvm",
    69: "tun",
    70: "dmabuf",
    71: "anon",
    75: "tcp:listen,backlog=7,reuseport,pending=2",  # last: its clients take what is free
}


def with_fd(number, spec):
    kind, _, keys = spec.partition(":")
    return "%s:fd=%d%s" % (kind, number, "," + keys if keys else "")


def details(*args):
    r = filch(*args)
    if r.status != 0 or r.stderr:
        diag("filch %s: status %s: %s" % (" ".join(map(str, args)), r.status, r.stderr))
    rows = {}
    for line in r.stdout.splitlines():
        row = json.loads(line)
        if row["assoc"] == "fd":
            rows[row["fd"]] = row
    return rows


def subset(got, want):
    """Every key of WANT is in GOT, with that value."""
    return {k: got.get(k, "(missing)") for k in want}


def has(number, want, name):
    """One kind: in the listing, or, with what needs a grab, in show."""
    if number not in truth:
        kind = SPECS[number].partition(":")[0]
        skip("%s: %s" % (kind, v.skipped(kind)))
        return
    is_(subset(shown[number]["detail"], want), want, name)


v = Victim(*[with_fd(n, s) for n, s in SPECS.items()])
truth = {t["fd"]: t for t in v.truth if "skipped" not in t}
listed = details("ls", "--json", v.pid)
shown = details("show", "--json", "--grab", *["%d:%d" % (v.pid, n) for n in sorted(truth)])

# ---- every kind is told, and the listing and show agree ----

for n, t in sorted(truth.items()):
    is_(listed.get(n, {}).get("kind"), t["kind"], "%d is %s" % (n, t["kind"]))
for kind in sorted({t["kind"] for t in v.truth if "skipped" in t}):
    skip("%s: %s" % (kind, v.skipped(kind)))
ok(not [r for r in listed.values() if r["error"]], "no row has an error",
   [r for r in listed.values() if r["error"]])
ok(not [n for n in truth if shown[n]["kind"] != listed[n]["kind"]], "show says the same kinds")

# What moves by itself between two looks, or by our looking, is left out.
MOVES = {"it_value", "ticks", "last_data_sent", "last_data_recv", "rto", "timer_expires"}
differ = []


def has_all(value, of):
    """VALUE, or a list of objects of which each has some more facts."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return len(value) == len(of) and all(subset(b, a) == a for a, b in zip(value, of))
    return value == of


for n in sorted(truth):
    for key, value in listed[n]["detail"].items():
        if key not in MOVES and not has_all(value, shown[n]["detail"].get(key)):
            differ.append((n, key, value, shown[n]["detail"].get(key)))
is_(differ, [], "show has every fact of the listing")
failed = [(n, k) for n in truth for k in shown[n]["detail"] if k.endswith("_error")]
is_(failed, [], "no fact failed")

# ---- files ----

t = truth[10]
has(10, {"size": 5120, "blocks": t["blocks"], "nlink": 1}, "file: size, blocks, links")
locks = shown[10]["detail"].get("locks", [])
is_([subset(x, ["type", "mode", "pid", "start", "end"]) for x in locks],
    [{"type": "POSIX", "mode": "WRITE", "pid": v.pid, "start": 5, "end": 14}], "file: its lock")
st = os.stat("/proc/%d/fd/10" % v.pid)
has(10, {"mtime": st.st_mtime_ns, "ctime": st.st_ctime_ns, "uid": st.st_uid, "gid": st.st_gid,
         "mode": st.st_mode}, "file: times and owner")
mounts = {}
with open("/proc/%d/mountinfo" % v.pid) as f:
    for line in f:
        left, right = line.split(" - ", 1)
        mounts[left.split()[0]] = (right.split()[0], left.split()[4])
info = v.fdinfo(10)["mnt_id"][0]
has(10, {"fstype": mounts[info][0], "mount_point": mounts[info][1]}, "file: filesystem, mount point")
is_(shown[11]["deleted"], "inode", "deleted file")
has(12, {"lease": "F_RDLCK", "owner": v.pid}, "file: its lease, and who is told")
has(13, {"nlink": 2}, "dir")
has(14, {"target": "/nowhere"}, "symlink: target")

# ---- devices ----

if 15 in truth:
    has(15, {"rdev": truth[15]["rdev"], "device": "loop", "driver": "loop"}, "block: device")
else:
    has(15, {}, "block")
has(16, {"rdev": "1:3", "device": "null", "driver": "mem"}, "char: device")
has(17, {"tty": truth[17]["path"], "rdev": truth[17]["rdev"], "recv_queue": truth[17]["queued"]},
    "tty: name and queue")
has(18, {"slave": truth[17]["path"], "driver": "pty_master"}, "tty: a master names its slave")

# ---- pipes ----

has(19, {"end": "read", "queued": 100, "capacity": truth[19]["capacity"]}, "fifo: read end")
has(20, {"end": "write", "queued": 100}, "fifo: write end")
has(21, {"end": "read", "queued": 700, "capacity": truth[21]["capacity"]}, "pipe: read end")
has(24, {"end": "write", "packet_mode": True, "queued": 30}, "pipe: packets")
is_(v.cmd("fionread 21")["fionread"], 700, "pipe: nothing was taken")
ok("queued" not in listed[21]["detail"], "pipe: the listing grabs nothing")

# ---- sockets ----

netns = os.stat("/proc/self/ns/net").st_ino
has(75, {"state": "LISTEN", "local": truth[75]["local"], "backlog": 2, "backlog_limit": 7,
         "so_reuseport": True, "family": "AF_INET", "type": "SOCK_STREAM", "netns": netns},
    "tcp: a listener")
has(27, {"state": "ESTABLISHED", "local": truth[27]["local"], "remote": truth[27]["remote"],
         "recv_queue": 1000, "inq": 1000, "bytes_received": 1000, "error_pending": False},
    "tcp: a connection")
for key in ("rtt", "snd_cwnd", "total_retrans", "bytes_acked", "congestion", "cookie", "uid"):
    ok(key in shown[27]["detail"], "tcp: %s is told" % key)
is_(v.cmd("fionread 27")["fionread"], 1000, "tcp: nothing was taken")
has(29, {"local": truth[29]["local"], "remote": truth[29]["remote"], "inq": 10}, "udp: connected")
ok(shown[29]["detail"]["recv_queue"] >= 30, "udp: receive queue")
if 31 in truth:
    has(31, {"local": truth[31]["local"]}, "udplite")
else:
    has(31, {}, "udplite")
has(33, {"type": "SOCK_RAW", "protocol": truth.get(33, {}).get("protocol")}, "raw: protocol")
has(34, {"family": "AF_INET"}, "icmp")
has(35, {"type": "SOCK_DGRAM", "peer_inode": truth[36]["ino"], "state": "ESTABLISHED"},
    "unix: type and peer")
has(37, {"state": "LISTEN", "path": "@filch-%d-x" % os.getpid(), "abstract": True},
    "unix: abstract name")
has(39, {"scm_fds": 2, "peer_inode": truth[40]["ino"]}, "unix: descriptors in flight")
cred = shown[35]["detail"].get("so_peercred", {})
is_(cred.get("pid"), v.pid, "unix: who connected")
if 41 in truth:
    has(41, {"protocol_name": "NETLINK_ROUTE", "portid": truth[41]["portid"], "groups": [1, 4]},
        "netlink: protocol, port, groups")
else:
    has(41, {}, "netlink")
has(42, {"family": "AF_PACKET"}, "packet")
if 43 in truth:
    has(43, {"listening": True, "type": "SOCK_STREAM"}, "vsock: a listener")
    like(shown[43]["detail"].get("local"), ":%d$" % truth[43]["port"], "vsock: its port")
else:
    has(43, {}, "vsock")
    skip("vsock")
has(44, {"netns": netns}, "socket of another family")

# ---- counters, timers, signals, sets ----

has(45, {"count": 7, "semaphore": True}, "eventfd")
is_(v.cmd("eventfd-read 45")["ok"], True, "eventfd: its count is still there")
has(46, {"clockid": 1, "clockid_name": "CLOCK_MONOTONIC", "it_interval": 1000000000}, "timerfd")
value = shown[46]["detail"].get("it_value", 0)
ok(0 < value <= 60000000000, "timerfd: time left", value)
has(47, {"signals": ["SIGUSR1", "SIGUSR2"]}, "signalfd: names")
watches = shown[48]["detail"]["watches"]
is_(sorted((w["tfd"], w["events"].split("|")[0], w["live"]) for w in watches),
    [(21, "EPOLLIN", True), (45, "EPOLLIN", True)], "epoll: what it watches")
is_({w["tfd"]: w["ino"] for w in watches}[21], truth[21]["ino"], "epoll: which inode")
ghosts = {w["tfd"]: w["live"] for w in shown[49]["detail"]["watches"]}
is_(ghosts.get(45), True, "epoll: a live registration")
is_([live for tfd, live in ghosts.items() if tfd != 45], [False], "epoll: a ghost")
if 50 in truth:
    mark = truth[50]["marks"][0]
    got = shown[50]["detail"]["watches"][0]
    is_((got["wd"], got["ino"], got["mask"]), (mark["wd"], mark["ino"], "IN_CREATE|IN_DELETE"),
        "inotify: its watch")
    if am_root():
        path = got.get("path")
        is_(path and os.stat(path).st_ino, mark["ino"], "inotify: its path, which no descriptor has")
    else:
        skip("needs root: the path of a watch")
if 51 in truth:
    mark = truth[51]["marks"][0]
    got = shown[51]["detail"]["marks"][0]
    is_((got["type"], got["ino"]), ("inode", mark["ino"]), "fanotify: its mark")
    is_(os.stat(got.get("path", "/")).st_ino, mark["ino"], "fanotify: its path")
else:
    has(51, {}, "fanotify")

# ---- processes, memory, queues ----

has(52, {"pid": v.pid, "alive": True, "comm": "victim"}, "pidfd: its process")
has(53, {"pid": truth[53]["was_pid"], "process_state": "Z"}, "pidfd: a zombie")
has(54, {"memfd_name": "jit", "size": 4096, "seals": ["F_SEAL_SHRINK", "F_SEAL_GROW"]}, "memfd")
is_(listed[54]["deleted"], "inode", "memfd: no name is left")
has(55, {"size": 8192}, "secretmem")
has(56, {"mq_curmsgs": 3, "mq_maxmsg": 5, "mq_msgsize": 9}, "mqueue: depth and limits")
unlike(filch("show", "--grab", "%d:56" % v.pid).stdout, "qsize", "mqueue: nothing that moves atime")
like(filch("peek", "%d:56" % v.pid).stdout, "qsize: 27\n", "mqueue: its size in bytes by a peek")

# ---- what is left ----

has(57, {"sq_entries": 8, "cq_entries": 16, "user_files": 1}, "io_uring: rings")
has(58, {"map_type": 2, "map_type_name": "array", "key_size": 4, "value_size": 8,
         "max_entries": 16, "bpf_name": "victim_map"}, "bpf-map")
has(59, {"prog_type": 1, "prog_type_name": "socket_filter", "bpf_name": "victim_prog"}, "bpf-prog")
has(60, {"link_type": truth.get(60, {}).get("link_type")}, "bpf-link")
if 61 in truth:
    ok(shown[61]["detail"].get("id"), "perf: id")
else:
    has(61, {}, "perf")
has(62, {"pending": 0, "total": 0}, "userfaultfd")
has(63, {"pending": False}, "seccomp")
has(64, {"type": "anon_inode:[landlock-ruleset]"}, "landlock")
has(65, {"type": "anon_inode:[fscontext]"}, "fscontext")
has(66, {"type": "net", "inode": netns, "ours": True}, "namespace")
has(67, {"object": "kvm"}, "kvm")
has(69, {"iff": truth.get(69, {}).get("iff")}, "tun: interface")
if 70 in truth:
    ok(shown[70]["detail"].get("size"), "dmabuf: size")
else:
    has(70, {}, "dmabuf")
has(71, {"type": "anon_inode:" + truth.get(71, {}).get("anon_name", "")}, "anon: the kernel's name")

# ---- nothing of the victim's moved ----

is_(v.cmd("pos 10")["pos"], 0, "the offset of a file is where it was")
is_(v.cmd("locks")["ok"], True, "the victim lives")
v.stop()

# ---- names that lie ----

NAMES = [b"/memfd:fake", b"/secretmem", b"/SYSV00000000", b"/dmabuf:fake"]
spec = []
for i, name in enumerate(NAMES):
    text = base64.b64encode(os.fsencode(TMP) + name).decode()
    spec.append("file:fd=%d,path64=%s,size=80,deleted" % (10 + i, text))
hostile = b"a\x1b[2J\r\xe2\x80\xae\xff"
spec.append("memfd:fd=20,name64=%s,size=10" % base64.b64encode(hostile).decode())
with Victim(*spec) as v:
    got = details("ls", "--json", v.pid)
    is_([got[10 + i]["kind"] for i in range(len(NAMES))], ["file"] * len(NAMES),
        "files with names of kernel files are files")
    d = got[20]["detail"]
    is_(base64.b64decode(d["memfd_name_b64"]), hostile, "a hostile name is exact")
    raw = filch("ls", "--json", v.pid, binary=True).stdout
    ok(not [b for b in raw if (b < 32 and b != 10) or b == 127], "no control character is printed")

if am_root():
    with Victim(*["file:fd=%d,path=%s,size=80,deleted" % (10 + i, os.fsdecode(n))
                  for i, n in enumerate(NAMES)], options=["--chroot", TMP]) as v:
        got = details("ls", "--json", v.pid)
        is_([got[10 + i]["kind"] for i in range(len(NAMES))], ["file"] * len(NAMES),
            "in a root of its own too")
        path = details("show", "--json", "%d:10" % v.pid)[10]["detail"].get("path_in_target")
        is_(path, "/memfd:fake", "and show tells the path as the target sees it")
else:
    skip("needs root: chroot", 2)

# ---- in a network of its own ----

if am_root():
    with Victim("tcp:fd=10,listen", "unix:fd=11,peer=12", "icmp:fd=13,allow",
                options=["--newnet"]) as v:
        got = details("ls", "--json", v.pid)
        ns = os.stat("/proc/%d/ns/net" % v.pid).st_ino
        is_((got[10]["kind"], got[10]["detail"].get("local"), got[10]["detail"].get("netns")),
            ("tcp", v.fd(10)["local"], ns), "a socket of another network namespace")
        is_(got[11]["detail"].get("peer_inode"), v.fd(12)["ino"], "and its peer there")
        if v.skipped("icmp"):
            skip("icmp: " + v.skipped("icmp"))
        else:
            is_((got[13]["kind"], got[13]["detail"].get("netns")), ("icmp", ns), "and icmp")
else:
    skip("needs root: a network namespace", 3)

done()
