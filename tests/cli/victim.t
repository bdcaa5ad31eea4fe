#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The victim tells the truth: what it says against what the kernel says."""
import os
import re
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import *

ANON = {
    "eventfd": "eventfd", "timerfd": "timerfd", "signalfd": "signalfd", "epoll": "eventpoll",
    "inotify": "inotify", "fanotify": "fanotify", "io_uring": "io_uring", "bpf-map": "bpf-map",
    "bpf-prog": "bpf-prog", "bpf-link": "bpf_link", "perf": "perf_event",
    "userfaultfd": "userfaultfd", "seccomp": "seccomp notify", "landlock": "landlock-ruleset",
    "fscontext": "fscontext", "anon": "btf",
}
SOCKETS = "tcp udp udplite raw icmp unix netlink packet vsock socket".split()

SPECS = """
file:fd=10,size=5000,mode=rw,offset=17
file:fd=11,size=100,deleted,mode=wa
file:fd=12,size=100,linkname=other,deleted
file:fd=13,size=4,replaced,mode=r
file:fd=14,tmpfile,size=10
file:hole=1M,size=8K,tail=1M,repeat=2,fd=15
file:size=8192,mapped,deleted
file:fd=17,size=10,mode=path
file:fd=18,name64=G1sxbQ1hCuKArmL/,size=3
file:fd=20,size=3,lock=flock
file:fd=21,size=3,lock=posix,lockstart=1,locklen=2
file:fd=22,size=3,lock=ofd
file:fd=23,size=3,mode=r,lease=r
file:fd=24,size=3,cloexec=0
dir:fd=30 dir:fd=31,deleted symlink:fd=32 block:fd=33 char:fd=34,path=/dev/zero,mode=r
tty:fd=35,peer=36,text=hello,out=bye
fifo:fd=37,peer=38,size=10,deleted fifo:fd=39,mode=rw,size=3
pipe:fd=40,peer=41,size=70000,capacity=131072
pipe:fd=42,peer=43,packet,sizes=5+100+3
pipe:fd=44,close=w,text=alone
tcp:fd=50,listen,pending=3
tcp:fd=51,peer=52,queued=1M tcp:fd=53,peer=54,unsent=300K tcp:fd=111,peer=112,unacked=50000 tcp:fd=55,reset tcp:fd=56,peerclosed,v6
udp:fd=57,peer=58,sizes=5+100+0 udp:fd=59,peer=60,connected,v6,sizes=3
udplite:fd=61,peer=62,sizes=9 raw:fd=63 icmp:fd=64,allow
unix:fd=65,peer=66,queued=1000
unix:fd=67,peer=68,type=dgram,sizes=3+4
unix:fd=69,peer=70,type=seqpacket,sizes=9,cargo=2,cargofd=10
unix:fd=71,peer=72,path=@TMP@/sock
unix:fd=73,peer=74,type=dgram,abstract64=AQL/
unix:fd=75,listen,abstract=victim-test,pending=2
netlink:fd=76,groups=1 packet:fd=77,dev=lo vsock:fd=78 socket:fd=79
eventfd:fd=80,value=7,semaphore timerfd:fd=81,value=5,interval=1000,expired
signalfd:fd=82,mask=34+40 epoll:fd=83,watch=40+80,ghost=65,ghostfd=130
inotify:fd=84,made=3 fanotify:fd=85,path=@TMP@
pidfd:fd=86 pidfd:fd=87,of=dead pidfd:fd=88,of=child
memfd:fd=89,name=mine,size=100,seals=write+grow memfd:fd=90,name64=G1sxbf8=
secretmem:fd=91 io_uring:fd=92,files=10+11 bpf-map:fd=93 bpf-prog:fd=94 bpf-link:fd=95
perf:fd=96 userfaultfd:fd=97 seccomp:fd=98 landlock:fd=99 fscontext:fd=100
mqueue:fd=101,depth=3 namespace:fd=102,ns=net dmabuf:fd=103 kvm:fd=104 kvm:fd=105,vm
tun:fd=106 anon:fd=107 dup:fd=108,of=10 reopen:fd=109,of=12 eventfd:fd=115,count=5
""".replace("@TMP@", TMP).split()


def wanted_link(t):
    """The link that proc(5) promises for what the truth says."""
    kind = t["kind"]
    if kind in ("file", "dir", "symlink", "block", "char", "fifo") and "path" in t:
        raw = b64(t, "path")
        return raw + (b" (deleted)" if t.get("deleted", "no") != "no" else b"")
    if kind == "tty":
        return b"/dev/ptmx" if t["role"] == "master" else b64(t, "path")
    if kind == "pipe":
        return b"pipe:[%d]" % t["ino"]
    if kind in SOCKETS:
        return b"socket:[%d]" % t["ino"]
    if kind == "memfd":
        return b"/memfd:" + b64(t, "name") + b" (deleted)"
    if kind == "mqueue":
        return b64(t, "name")
    if kind == "namespace":
        return b"%s:[%d]" % (t["ns"].encode(), t["ino"])
    if kind == "tun":
        return b"/dev/net/tun"
    if kind == "kvm":
        return {"dev": b"/dev/kvm", "vm": b"anon_inode:kvm-vm"}[t["role"]]
    if kind == "secretmem":
        return b"/secretmem (deleted)"
    return None


def b64(t, key):
    import base64
    return base64.b64decode(t[key + "_b64"]) if t[key] is None else t[key].encode()


def check_link(v, t):
    got = v.link(t["fd"])
    name = "fd %d %s: link" % (t["fd"], t["kind"])
    want = wanted_link(t)
    if want is not None and not (t["kind"] == "file" and "path" not in t):
        return is_(got, want, name)
    if t["kind"] in ANON:
        return like(got, r"^anon_inode:\[?%s\]?$" % re.escape(ANON[t["kind"]]), name)
    if t["kind"] == "pidfd":
        return like(got, r"^(pidfd:\[\d+\]|anon_inode:\[pidfd\])$", name)
    return like(got, r"^/", name)


def check_common(v, t):
    info = v.fdinfo(t["fd"])
    flags = int(t["flags"], 8) | (0o2000000 if t["cloexec"] else 0)
    is_(int(info["flags"][0], 8), flags, "fd %d %s: flags" % (t["fd"], t["kind"]))
    if "pos" in t:
        is_(int(info["pos"][0]), t["pos"], "fd %d: position" % t["fd"])
    if "ino" in info:
        is_(int(info["ino"][0]), t["ino"], "fd %d: inode" % t["fd"])


def each(v):
    """Every descriptor of the truth that is open, against /proc."""
    for t in v.truth:
        if "skipped" in t:
            skip("%s: %s" % (t["kind"], t["skipped"]))
        elif t["fd"] is not None:
            check_link(v, t)
            check_common(v, t)
    mine = {t["fd"] for t in v.truth if t["fd"] is not None}
    there = {int(n) for n in os.listdir("/proc/%d/fd" % v.pid)}
    is_(sorted(n for n in there if n >= 10), sorted(mine), "nothing is open that it keeps quiet")


def has(v, fd):
    """Whether FD is there; a skip if the kernel lacks it."""
    if any(t["fd"] == fd for t in v.truth):
        return True
    skip("fd %d was skipped" % fd)
    return False


def check_files(v):
    is_(os.stat("/proc/%d/fd/10" % v.pid).st_size, 5000, "size of the file")
    with open("/proc/%d/fd/10" % v.pid, "rb") as f:
        is_(f.read(), pattern(1, 5000), "its contents are the pattern")
    is_(v.fd(12)["nlink"], 1, "a name deleted, another one left")
    with open(b64(v.fd(13), "path"), "rb") as f:
        is_(f.read(), b"impostor\n", "another file took the name")
    sparse = os.stat("/proc/%d/fd/15" % v.pid)
    is_(sparse.st_size, 2 * ((1 << 20) + 8192) + (1 << 20), "sparse file: size")
    ok(sparse.st_blocks * 512 < 1 << 20, "sparse file: holes take no room")
    with open("/proc/%d/fd/15" % v.pid, "rb") as f:
        f.seek(1 << 20)
        is_(f.read(8192), pattern(1, 8192, 1 << 20), "sparse file: data where it belongs")
    mapped = [t for t in v.truth if "mapped" in t][0]
    with open("/proc/%d/maps" % v.pid) as f:
        like(f.read(), r"%s .* %d\s+%s \(deleted\)" % (
            mapped["mapped"], mapped["mapped_ino"], re.escape(mapped["path"])), "mapped only")
    like("\n".join(v.fdinfo(20)["lock"]), r"FLOCK\s+ADVISORY\s+WRITE %d " % v.pid, "flock")
    like("\n".join(v.fdinfo(21)["lock"]), r"POSIX\s+ADVISORY\s+WRITE %d .* 1 2" % v.pid, "posix")
    like("\n".join(v.fdinfo(22)["lock"]), r"OFDLCK\s+ADVISORY\s+WRITE -1 ", "ofd")
    like("\n".join(v.fdinfo(23)["lock"]), r"LEASE\s+\S+\s+READ", "lease")
    like(str(v.cmd("locks")["locks"]), r"POSIX.*%d" % v.pid, "its own list of locks")


def check_queues(v):
    for fd, want in ((35, 6), (36, 3), (37, 10), (39, 3), (40, 70000), (42, 108), (44, 5),
                     (51, 1 << 20), (57, 5), (67, 3), (65, 1000)):
        is_(v.cmd("fionread %d" % fd)["fionread"], want, "fd %d: bytes queued" % fd)
    is_(v.cmd("outq 53")["outq"], v.fd(53)["send_queue"], "bytes not sent")
    ok(v.fd(53)["send_queue"] > 200000, "most of them")
    is_(v.fd(53)["send_queue"] + v.fd(54)["recv_queue"], 300 << 10, "sent or not, none is lost")
    if v.skipped("tcp"):
        skip(v.skipped("tcp"))
    else:
        is_(v.cmd("outq 111")["outq"], 50000, "bytes sent, not acknowledged")
    is_(v.cmd("fionread 112")["fionread"], 0, "the peer never got them")
    is_(v.cmd("setpeekoff 66 3")["rc"], 0, "a peek offset is set")
    is_(v.cmd("peekoff 66")["peekoff"], 3, "and told")
    is_(v.cmd("poll 55")["err"], 1, "a connection reset by its peer")
    is_(v.cmd("soerror 55")["soerror"], 104, "ECONNRESET")
    is_(v.cmd("read 42 4096")["bytes"], 5, "packet mode keeps boundaries")
    is_(v.cmd("read 44 4096")["data"], "YWxvbmU=", "what was left in a pipe")
    is_(v.cmd("read 44 4096")["bytes"], 0, "then its end")
    is_(v.cmd("read 57 4096")["bytes"], 5, "datagrams keep boundaries")
    r = v.cmd("readall 40")
    is_(r["bytes"], 70000, "all of a pipe")
    is_(r["fnv"], fnv(pattern(1, 70000)), "the pattern of a pipe")
    is_(v.cmd("append 41 100")["bytes"], 100, "more of it")
    is_(v.cmd("readall 40")["fnv"], fnv(pattern(1, 100, 70000)), "goes on where it ended")
    ok(v.cmd("accept 50")["fd"] > 0, "a pending connection")
    is_(v.cmd("peekoff 65")["peekoff"], -1, "no peek offset")
    is_(v.fdinfo(69)["scm_fds"], ["3"], "descriptors in flight")
    is_(v.cmd("shutdown 66 1")["rc"], 0, "shutdown")


def fnv(data):
    h = 0xcbf29ce484222325
    for b in data:
        h = (h ^ b) * 0x100000001b3 & 0xffffffffffffffff
    return "%016x" % h


def check_events(v):
    is_(int(v.fdinfo(80)["eventfd-count"][0], 16), 7, "eventfd: count")
    is_(v.cmd("eventfd-read 80")["value"], 1, "eventfd: semaphore")
    is_(v.fdinfo(81)["clockid"], ["1"], "timerfd: clock")
    ok(int(v.fdinfo(81)["ticks"][0]) >= 1, "timerfd: ticks")
    is_(v.fdinfo(82)["sigmask"], [v.fd(82)["sigmask"]], "signalfd: mask")
    tfds = sorted(int(x.split()[0]) for x in v.fdinfo(83)["tfd"])
    is_(tfds, [40, 80, 130], "epoll: watches, a ghost among them")
    ok(not os.path.lexists("/proc/%d/fd/130" % v.pid), "the ghost's number is free")
    like(v.fdinfo(84)["inotify wd"][0], r"^1 ino:%x " % v.fd(84)["marks"][0]["ino"],
         "inotify: mark")
    if has(v, 85):
        like(v.fdinfo(85)["fanotify ino"][0], r"^%x " % v.fd(85)["marks"][0]["ino"],
             "fanotify: mark")
    is_(v.fdinfo(86)["Pid"], [str(v.pid)], "pidfd of itself")
    is_(v.fdinfo(87)["Pid"], ["-1"], "pidfd of the dead")
    is_(v.fdinfo(88)["Pid"], [str(v.fd(88)["pid"])], "pidfd of a child")
    is_(v.cmd("seals 89")["seals"], v.fd(89)["seals"], "memfd: seals")
    if has(v, 92):
        like(str(dict(v.fdinfo(92))), r"UserFiles': \['2'\]", "io_uring: registered files")
    if has(v, 93):
        is_(v.fdinfo(93)["max_entries"], ["16"], "bpf map")
    if has(v, 94):
        is_(v.fdinfo(94)["prog_type"], ["1"], "bpf program")
    if has(v, 95):
        is_(v.fdinfo(95)["link_type"], ["netns"], "bpf link")
    if has(v, 106):
        is_(v.fdinfo(106)["iff"], [v.fd(106)["iff"]], "tun: interface")


def check_all_kinds():
    options = ["--newnet"] if am_root() else ["--newuser", "--newnet"]
    with Victim(*SPECS, options=options) as v:
        each(v)
        check_files(v)
        check_queues(v)
        check_events(v)
        is_(v.fd(108)["same_as"], 10, "dup: the same description")
        is_(v.cmd("lseek 108 99")["pos"], 99, "dup: moves")
        is_(v.cmd("pos 10")["pos"], 99, "dup: one position")
        is_(v.cmd("pos 109")["pos"], 0, "reopen: another position")
        is_([t["count"] for t in v.truth if 115 <= (t["fd"] or 0) <= 119], [0] * 5, "count=5")
        children = v.fd(88)["pid"]
        temp = os.path.dirname(v.fd(10)["path"])
    ok(wait_for(lambda: not os.path.exists("/proc/%d" % children)), "its child went with it")
    ok(not os.path.exists(temp), "its folder went with it")


def as_user():
    """The kinds that need no privilege, by a user that has none."""
    specs = [s.replace("/sock", "/sock-of-nobody") for s in SPECS if s.split(":")[0] in (
        "file dir symlink char tty fifo pipe tcp udp unix eventfd timerfd epoll inotify memfd "
        "pidfd dup reopen namespace signalfd").split()]
    with Victim(*specs, wrap=as_nobody if am_root() else None) as v:
        each(v)
        is_(os.stat("/proc/%d/fd" % v.pid).st_uid, os.stat("/proc/%d" % v.pid).st_uid,
            "it can be looked at by its own user")


def check_world():
    with Victim("eventfd:fd=10", "unix:fd=11,peer=12", thread=["eventfd:fd=20,value=3"],
                options=["--fork", "2", "--comm64", "YSkgKBsK"]) as v:
        tid = v.ready["table_tid"]
        is_(len(v.children), 2, "two children")
        for c in v.children:
            is_(os.readlink("/proc/%d/fd/10" % c), "anon_inode:[eventfd]", "a child has it too")
        ok(not os.path.lexists("/proc/%d/fd/20" % v.pid), "not in the first table")
        is_(int(v.fdinfo(20, tid)["eventfd-count"][0], 16), 3, "in the thread's own")
        is_(v.cmd("close 10")["rc"], 0, "close in the first table")
        ok(os.path.lexists("/proc/%d/task/%d/fd/10" % (v.pid, tid)), "the thread still has it")
        is_(v.cmd("thread close 10")["rc"], 0, "close in the thread's")
        ok(not os.path.lexists("/proc/%d/task/%d/fd/10" % (v.pid, tid)), "and it is gone")
        with open("/proc/%d/comm" % v.pid, "rb") as f:
            is_(f.read(), b"a) (\x1b\n\n", "a hostile name")
        with open("/proc/%d/stat" % v.pid, "rb") as f:
            is_(int(f.read().rsplit(b")", 1)[1].split()[19]), v.start, "start time")
    with Victim("eventfd:fd=10", options=["--dead-leader"]) as v:
        is_(v.state(), "Z", "the leader is dead")
        try:
            seen = os.listdir("/proc/%d/fd" % v.pid)
        except PermissionError:  # a leader without memory belongs to root
            seen = []
        is_(seen, [], "and its table cannot be seen, or looks empty")
        ok(os.path.lexists("/proc/%d/task/%d/fd/10" % (v.pid, v.ready["tid"])), "a thread lives")
        is_(v.cmd("flags 10")["ok"], True, "and works")


def check_control():
    with Victim("file:fd=10,size=10,mode=wa", "eventfd:fd=11", "memfd:fd=12",
                options=["--blocker=epoll", "--blocker=recv", "--blocker=sigtimedwait",
                         "--spin"]) as v:
        is_(v.cmd("append 10 1000")["bytes"], 1000, "append")
        is_(open(v.fd(10)["path"], "rb").read(), b"".join([pattern(1, 1010)]), "one pattern")
        is_(v.cmd("blocks 10")["size"], 1010, "size")
        is_(v.cmd("truncate 10 7")["rc"], 0, "truncate")
        ok(v.cmd("atime 10")["mtime"] > 10 ** 18, "times in nanoseconds")
        is_(v.cmd("pos 99")["errno"], "EBADF", "what is not open")
        is_(v.cmd("nonsense")["ok"], False, "unknown command")
        is_(v.cmd("eintr")["eintr"], 0, "nobody was interrupted")
        v.kill(signal.SIGSTOP)
        wait_for(lambda: v.state() == "T")
        v.kill(signal.SIGCONT)
        ok(wait_for(lambda: v.cmd("eintr")["eintr"] >= 2), "a stop interrupts, and it is counted")
        v.kill(signal.SIGUSR1)
        ok(wait_for(lambda: v.cmd("sigcount")["count"] == 1), "a signal is counted")
        is_(v.cmd("sigcount")["signo"], int(signal.SIGUSR1), "which one")
        ok(v.cmd("gap")["gap"] > 0, "gaps of a spinning thread")
        is_(v.cmd("churn 50 0.3")["ok"], True, "churn")
        ok(wait_for(lambda: v.cmd("churned")["churned"] > 1000), "churns fast")
        zombie = v.cmd("zombie")["pid"]
        like(open("/proc/%d/stat" % zombie).read(), r"\) Z ", "a zombie")
        is_(v.cmd("exit 3"), {"ok": True}, "exit")
        is_(v.wait(), 3, "its status")
    for how, sig in (("abort", signal.SIGABRT), ("segv", signal.SIGSEGV)):
        with Victim("eventfd", options=[]) as v:
            is_(v.cmd(how), None, how)
            is_(v.wait(), -sig, "dies by it")


def check_namespaces():
    if not am_root():
        return skip("needs root", 6)
    with Victim("tcp:fd=10,listen", options=["--newnet", "--newpid", "--fork", "1",
                                             "--blocker"]) as v:
        ok(v.cmd("eintr")["blockers"][0]["voluntary"] > 0, "a thread by its number here")
        with open("/proc/%d/status" % v.pid) as f:
            like(f.read(), r"NSpid:\s+%d\s+1\n" % v.pid, "its number here, and 1 inside")
        is_not(os.readlink("/proc/%d/ns/net" % v.pid), os.readlink("/proc/self/ns/net"), "network")
        like(open("/proc/%d/status" % v.children[0]).read(), r"PPid:\s+%d\n" % v.pid, "its child")
        pid = v.pid
    ok(not os.path.exists("/proc/%d" % pid), "gone")
    with Victim("eventfd", options=["--uid", "65534", "--gid", "65534", "--dumpable", "0"]) as v:
        is_(os.stat("/proc/%d/fd" % v.pid).st_uid, 0, "not dumpable")


check_all_kinds()
as_user()
check_world()
check_control()
check_namespaces()
done()
