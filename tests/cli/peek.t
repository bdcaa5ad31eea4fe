#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""peek, read, write and seek: what they show, what they take, what they refuse."""
import base64
import json
import os
import select
import signal
import socket
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *


def peek(v, fd, *more, **options):
    return filch("peek", "%d:%s" % (v.pid, fd), *more, binary=True, **options)


def objects(r):
    return [json.loads(line) for line in r.stdout.splitlines()]


def data(o):
    return base64.b64decode(o["data_b64"]) if o["data_b64"] else o["data"].encode()


# ---- peek ----
with Victim("file:fd=100,size=200K,offset=1000", "file:fd=110,size=100,mode=w,offset=5",
            "pipe:fd=120,peer=121,size=300", "pipe:fd=130,peer=131,packet,sizes=5+4096+9",
            "tcp:fd=140,peer=141,queued=3000", "udp:fd=150,peer=151,sizes=5+0+9",
            "unix:fd=160,peer=161,queued=10,cargo=2", "eventfd:fd=170,value=3",
            "tty:fd=180,peer=181,text=hi", "secretmem:fd=190,size=5000",
            "tcp:fd=200,listen,pending=2", "pipe:fd=210,peer=211",
            "char:fd=220,path=/dev/zero", "dir:fd=230") as v:
    is_(peek(v, 100).stdout, pattern(1, 65536, 1000), "a file from its offset, 64K")
    is_(peek(v, 100, "-n", "10").stdout, pattern(1, 10, 1000), "-n BYTES")
    is_(peek(v, 100, "-n", "all").stdout, pattern(1, 200 * 1024 - 1000, 1000), "-n all")
    is_(peek(v, 100, "--offset", "5", "-n", "20").stdout, pattern(1, 20, 5), "--offset")
    is_(peek(v, 110).stdout, pattern(1, 95, 5), "what was opened for writing only")
    is_(peek(v, 120).stdout, pattern(1, 300), "a pipe")
    is_(peek(v, 121).stdout, pattern(1, 300), "from its writing end")
    is_(peek(v, 130).stdout, pattern(1, 5), "of packets the first")
    r = peek(v, 130, "-n", "all", "--json")
    is_([o["len"] for o in objects(r)], [5, 4096, 9], "all of them, with their boundaries")
    is_(peek(v, 140).stdout, pattern(1, 3000), "a TCP queue")
    is_(peek(v, 150).stdout, pattern(1, 5), "of datagrams the first")
    o = objects(peek(v, 150, "--json", "-n", "3"))[0]
    is_((o["len"], o["full_len"]), (3, 5), "cut, with its real length")
    like(o["sender"], r"^127\.0\.0\.1:\d+$", "and its sender")
    r = peek(v, 150, "-n", "all", "--json")
    is_((r.status, [o["len"] for o in objects(r)]), (0, [5, 0, 9]), "all of them, empty ones too")
    is_(v.cmd("peekoff 150").get("peekoff"), -1, "SO_PEEK_OFF is as it was")
    r = peek(v, 160)
    is_(r.status, 1, "what is behind descriptors in flight is not seen")
    like(r.stderr, "behind descriptors in flight", "and that is said")
    is_(len(peek(v, 160, "-n", "all").stdout), 12, "with -n all it is")
    like(peek(v, 170).stdout, r"^count: 3\n", "a state as text")
    like(peek(v, 180).stdout, r"^input_queue: 3\n", "a terminal: how much is queued")
    is_(peek(v, 190, "-n", "all").stdout, pattern(1, 5000), "secret memory")
    like(peek(v, 200).stdout, r"^(pending: 127\.0\.0\.1:\d+ ESTABLISHED.*\n){2}$", "who waits")
    is_(peek(v, 210)[:2], (0, b""), "nothing there: nothing, and status 0")
    is_(peek(v, 220, "-n", "100").stdout, bytes(100), "/dev/zero")
    is_(peek(v, 230)[:2], (0, b""), "an empty directory")
    like(peek(v, 100, "-n", "20", "--hex").stdout, r"^000003e8  ([0-9a-f]{2} ){8} ", "--hex")
    is_(peek(v, 999).status, 4, "what is not open")
    is_(peek(v, "100-121")[:2], (2, b""), "several would run together")
    is_(len(objects(peek(v, "120-121", "--json"))), 2, "as JSON they do not")
    is_(peek(v, 100, "-n", "x").status, 2, "a bad size")
    is_(peek(v, 100, "--queue", "both").status, 2, "a bad queue")
    is_(filch("peek", str(v.pid)).status, 2, "a target is no descriptor")
    is_(peek(v, 120, "--queue", "send").status, 1, "only TCP has a send queue")
    is_(peek(v, 200, "--queue", "send").status, 1, "a listener sends nothing")

# ---- O_PATH is no end of anything ----
fifo = os.path.join(TMP, "fifo")
os.mkfifo(fifo)
if os.path.exists("/dev/ptmx"):
    path = os.open(fifo, os.O_PATH)
    tty = os.open("/dev/ptmx", os.O_PATH)
    writer = subprocess.Popen(["sh", "-c", 'exec 3>"$1"; echo through >&3', "sh", fifo],
                              stderr=subprocess.PIPE)
    wait_for(lambda: open("/proc/%d/stat" % writer.pid).read().rsplit(")", 1)[1].split()[0] == "S")
    for fd in (path, tty):
        for argv in (["peek"], ["dump", "-o", "-"]):
            r = filch(argv[0], "%d:%d" % (os.getpid(), fd), *argv[1:])
            is_((r.status, r.stdout), (1, ""), "%s: O_PATH is refused" % argv[0])
    is_(writer.poll(), None, "a writer that waits for a reader goes on waiting")
    with open(fifo) as f:
        is_((f.read(), writer.wait(), writer.stderr.read()), ("through\n", 0, b""),
            "until one comes")
    master, slave = os.openpty()
    r = filch("who", "%d:%d" % (os.getpid(), master))
    is_(len(r.stdout.splitlines()), 2, "nor is /dev/ptmx as a place the master of any terminal")
    for fd in (path, tty, master, slave):
        os.close(fd)
with Victim("fifo:fd=100,peer=101,close=r,path=%s" % fifo + "2") as v:
    is_(peek(v, 101)[:2], (0, b""), "an empty pipe from its writing end: nobody opens the other")

# ---- messages of no length, and of sockets without a name ----
ME = os.getpid()


def lengths(s):
    r = filch("peek", "%d:%d" % (ME, s.fileno()), "-n", "all", "--json")
    return r.status, [json.loads(line)["len"] for line in r.stdout.splitlines()]


for kind in (socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
    for closed in (False, True):
        a, b = socket.socketpair(socket.AF_UNIX, kind)
        for text in (b"one", b"", b"three"):
            a.send(text)
        c, d = socket.socketpair(socket.AF_UNIX, kind)
        if closed:
            a.close()
            c.close()
        is_(lengths(b), (0, [3, 0, 5]), "%s: an empty message is no end%s"
            % (kind.name, ", nor if the other end is closed" if closed else ""))
        is_(lengths(d), (0, []), "%s: an empty queue is" % kind.name)
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
a.send(b"")
is_(lengths(b), (0, [0]), "an empty message alone")

if am_root():
    with Victim("packet:fd=100,dev=lo", "udp:fd=110,peer=111,sizes=7", options=["--newnet"]) as v:
        r = peek(v, 100, "--json")
        is_((r.status, [o["len"] for o in objects(r)]), (0, [14 + 20 + 8 + 7]), "a packet, whole")
        like(objects(r)[0]["sender"], "^if 1 type 0x800 ", "and where it came from")
        r = filch("dump", "%d:100" % v.pid, "-o", "-", "--in-flight", binary=True)
        is_(len(r.stdout), 14 + 20 + 8 + 7, "dumped")
else:
    skip("packet sockets need root", 3)

# ---- urgent data of TCP: a read ends in front of it, and so does FIONREAD ----
listener = socket.create_server(("127.0.0.1", 0))
c = socket.create_connection(listener.getsockname())
s, _ = listener.accept()
c.send(b"abc")
c.send(b"!", socket.MSG_OOB)
c.send(b"def")
poller = select.poll()
poller.register(s, select.POLLPRI)
poller.poll(5000)
wait_for(lambda: filch("ls", "--json", "-f", "fd = %d" % s.fileno(), str(ME)).stdout.find(
    '"recv_queue":7') > 0)
at = "%d:%d" % (ME, s.fileno())
r = filch("peek", at)
is_((r.status, r.stdout), (1, "abc"), "what is behind urgent data is not seen")
like(r.stderr, "3 bytes behind urgent data", "and that is said")
r = filch("peek", at, "-n", "all")
# SO_PEEK_OFF of TCP came with Linux 6.9.
ok((r.status, r.stdout) in ((0, "abcdef"), (1, "abc")), "with -n all it is", r)
is_((s.recv(9), s.recv(1, socket.MSG_OOB)), (b"abc", b"!"), "the urgent byte is left alone")
c.send(b"?", socket.MSG_OOB)
s.recv(9)
poller.poll(5000)
r = filch("peek", at, "-n", "all")
is_((r.status, r.stdout, s.recv(1, socket.MSG_OOB)), (0, "", b"?"), "alone it is nothing to read")
for x in (listener, s, c):
    x.close()

# ---- the send queue ----
with Victim("tcp:fd=100,peer=101,unacked=20000", options=["--blocker=read"]) as v:
    r = peek(v, 100, "--queue", "send", "-n", "all")
    if am_root():
        is_((r.status, r.stdout), (0, pattern(1, 20000)), "bytes that nobody acknowledged")
        like(r.stderr, "stood still for", "the pause is reported")
        is_(v.cmd("outq 100")["outq"], 20000, "they are still to be sent")
        ok(wait_for(lambda: v.state() == "S"), "the target goes on")
        os.kill(v.pid, signal.SIGSTOP)
        wait_for(lambda: v.state() == "T")
        is_(peek(v, 100, "--queue", "send").status, 0, "of a stopped target")
        # The kernel lets go of it and stops it again before it returns from there.
        ok(wait_for(lambda: v.state() == "T"), "which stays stopped")
        os.kill(v.pid, signal.SIGCONT)
    elif v.cmd("outq 100")["outq"] == 0:
        skip("nobody keeps data unacknowledged without root", 2)
    else:
        is_(r.status, 3, "needs CAP_NET_ADMIN")
        like(r.stderr, "CAP_NET_ADMIN", "and says so")

# ---- 8 MiB in the queue of a stopped process, in another network ----
if am_root():
    with Victim("tcp:fd=100,peer=101,queued=4M", options=["--newnet"]) as v:
        if v.skipped("tcp"):
            skip(v.skipped("tcp"), 3)
        else:
            os.kill(v.pid, signal.SIGSTOP)
            wait_for(lambda: v.state() == "T")
            r = peek(v, 100, "-n", "all")
            os.kill(v.pid, signal.SIGCONT)
            want = v.cmd("fionread 100")["fionread"]
            ok(want > 1 << 20, "there is much", want)
            is_((r.status, len(r.stdout)), (0, want), "all of it in one look")
            ok(r.stdout == pattern(1, want), "equal bytes")
else:
    skip("another network", 3)

# ---- read, write, seek ----
with Victim("file:fd=100,size=1000", "pipe:fd=110,peer=111,size=300", "eventfd:fd=120,value=9",
            "unix:fd=130,peer=131,queued=7", "pipe:fd=140,peer=141", "tty:fd=150,peer=151,text=ab",
            "file:fd=160,size=10,mode=r", "pipe:fd=170,peer=171,close=r") as v:
    at = lambda fd: "%d:%d" % (v.pid, fd)
    is_(filch("read", at(100), "-n", "10", binary=True).stdout, pattern(1, 10), "read a file")
    is_(v.cmd("pos 100")["pos"], 10, "its offset moved, as a read's does")
    is_(filch("seek", at(100), "500").stdout, "10 500\n", "seek says both offsets")
    is_(filch("seek", at(100), "-100", "--whence", "end").stdout, "500 900\n", "from the end")
    is_(filch("seek", at(100), "-1", "--whence", "cur").stdout, "900 899\n", "from here")
    is_(filch("seek", at(100), "0", "--whence", "hole").stdout, "899 1000\n", "to the next hole")
    is_(filch("seek", at(100), "-1").status, 1, "nowhere before the beginning")
    is_(filch("seek", at(110), "5").status, 1, "a pipe has no position")
    is_(filch("seek", at(100), "x").status, 2, "a number is wanted")
    is_(filch("read", at(110), "-n", "100", binary=True).stdout, pattern(1, 100), "read a pipe")
    is_(v.cmd("fionread 110")["fionread"], 200, "it took them")
    is_(len(filch("read", at(120), binary=True).stdout), 8, "read an eventfd")
    is_(filch("read", at(130), binary=True).stdout, pattern(1, 7), "read a socket")
    for fd in (120, 130, 140):
        r = filch("read", at(fd), timeout=10)
        is_(r.status, 1, "an empty %d is not waited for" % fd)
        like(r.stderr, "nothing to read", "and it is said")
    is_(filch("read", at(150), binary=True, timeout=10).stdout, b"ab\n", "read a terminal")
    flags = v.cmd("flags 140")["flags"]
    filch("read", at(140))
    is_(v.cmd("flags 140")["flags"], flags, "nobody set O_NONBLOCK")
    is_(filch("write", at(141), stdin="hello").status, 0, "write a pipe")
    is_(base64.b64decode(v.cmd("read 140 100")["data"]), b"hello", "the reader gets it")
    is_(filch("write", at(160), stdin="x").status, 1, "not into what was opened for reading")
    r = filch("write", at(171), stdin="x")
    is_(r.status, 1, "nobody reads: no SIGPIPE, a failure")
    like(r.stderr, "nobody reads", "with its reason")
    big = bytes(200 * 1024)
    is_(filch("write", at(131), stdin=big[:5000]).status, 0, "write a socket")

# ---- a message queue: only its depth is seen, and read takes a message ----
with Victim("mqueue:fd=100,max=5,each=9,depth=2") as v:
    if v.skipped("mqueue"):
        skip(v.skipped("mqueue"), 4)
    else:
        at = "%d:100" % v.pid
        like(filch("peek", at).stdout, "mq_curmsgs: 2\n", "its depth")
        is_([len(filch("read", at, *more, binary=True).stdout) for more in ((), ("-n", "4"))], [9, 4],
            "read takes a message, of one that is too long the beginning")
        like(filch("peek", at).stdout, "mq_curmsgs: 0\n", "they are gone")
        r = filch("read", at, timeout=10)
        is_((r.status, "nothing to read" in r.stderr), (1, True), "an empty one is not waited for")
done()
