#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""talk: both ways, half-close, terminals, back-pressure, and no flag is changed."""
import base64
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *


def got(v, fd):
    a = v.cmd("read %d" % fd)
    return base64.b64decode(a["data"]) if a["ok"] else a["errno"]


def drain(fd, until=b"", limit=10.0):
    data, end = b"", time.monotonic() + limit
    while time.monotonic() < end and (not until or until not in data):
        if select.select([fd], [], [], 0.1)[0]:
            try:
                more = os.read(fd, 65536)
            except OSError:
                break
            if not more:
                break
            data += more
    return data


def talk(*args, **how):
    return subprocess.Popen([FILCH, "talk"] + [str(a) for a in args], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how)


for kind in ("tcp:fd=10,peer=11", "unix:fd=10,peer=11"):
    name = kind.split(":")[0]
    with Victim(kind) as v:
        flags = v.cmd("flags 10")
        p = talk("%d:10" % v.pid)
        p.stdin.write(b"to the peer")
        p.stdin.flush()
        ok(wait_for(lambda: v.cmd("fionread 11")["fionread"] == 11), "%s: input is sent" % name)
        is_(got(v, 11), b"to the peer", "%s: to the peer" % name)
        v.cmd("write 11 answer")
        is_(drain(p.stdout.fileno(), b"answer"), b"answer", "%s: what comes is shown" % name)
        is_(v.cmd("flags 10"), flags, "%s: no flag was changed" % name)
        p.stdin.close()
        ok(wait_for(lambda: got(v, 11) == b""), "%s: end of input ends our direction" % name)
        v.cmd("write 11 later")
        is_(drain(p.stdout.fileno(), b"later"), b"later", "%s: the other goes on" % name)
        is_(p.poll(), None, "%s: and we with it" % name)
        v.cmd("shutdown 11 1")
        is_(p.wait(10), 0, "%s: until the peer ends it" % name)

with Victim("tcp:fd=10,peer=11", "tcp:fd=12,peer=13", "unix:fd=14,peer=15", "pipe:fd=16,peer=17",
            "pipe:fd=18,peer=19,text=queued", "unix:fd=20,peer=21,type=dgram",
            "eventfd:fd=23", "file:fd=24,text=a") as v:
    log = os.path.join(TMP, "audit")
    p = talk("%d:10" % v.pid, "--keep-open", "--audit", log)
    p.stdin.write(b"x")
    p.stdin.close()
    wait_for(lambda: v.cmd("fionread 11")["fionread"] == 1)
    got(v, 11)
    v.cmd("write 11 still")
    is_(drain(p.stdout.fileno(), b"still"), b"still", "--keep-open")
    is_(got(v, 11), "EAGAIN", "the peer sees no end")
    v.cmd("shutdown 11 1")
    is_(p.wait(10), 0, "until the peer ends")
    with open(log) as f:
        e = json.loads(f.read())
    is_((e["operation"], e["effect"], e["fd"]), ("talk", "alter", 10), "--audit")
    v.cmd("write64 13 AAECGzEyMzQ1Njc4OWFiY2RlZgo=")
    v.cmd("shutdown 13 1")
    r = filch("talk", "%d:12" % v.pid, "--hex", stdin="")
    is_(r.stdout, "00000000  00 01 02 1b 31 32 33 34  35 36 37 38 39 61 62 63  |....123456789abc|\n"
        "00000010  64 65 66 0a                                       |def.|\n", "--hex")

    p = talk("%d:17" % v.pid)
    p.stdin.write(b"into the pipe")
    p.stdin.close()
    is_(p.wait(10), 0, "a write end: ends with our input")
    is_(got(v, 16), b"into the pipe", "which was sent")
    p = talk("%d:18" % v.pid)
    is_(drain(p.stdout.fileno(), b"queued"), b"queued", "a read end: takes what is queued")
    v.cmd("close 19")
    is_(p.wait(10), 0, "ends at the end of file")
    p = talk("%d:20" % v.pid)
    p.stdin.write(b"a datagram")
    p.stdin.close()
    is_(p.wait(10), 0, "a datagram socket ends with our input")
    is_(got(v, 21), b"a datagram", "which was one datagram")

    is_(filch("talk", "%d:23" % v.pid, stdin="").status, 1, "an eventfd has no other end")
    is_(filch("talk", "%d:24" % v.pid, stdin="").status, 1, "nor has a file")
    is_(filch("talk", "%d:14" % v.pid, "--read-only", stdin="x").status, 2, "--read-only")
    is_(filch("talk", "%d:14" % v.pid, "--dry-run", stdin="x").status, 0, "--dry-run")
    is_(filch("talk", "%d:14,16" % v.pid, stdin="x").status, 2, "one at a time")
    is_(got(v, 15), "EAGAIN", "none of these sent anything")

    # a fast peer and an output that nobody reads: memory stays bounded
    p = talk("%d:14" % v.pid)
    data = base64.b64encode(b"y" * 4096).decode()

    def full():
        """Fill what there is; true if there is no room."""
        for _ in range(600):
            if not v.cmd("poll 15")["out"]:
                return True
            v.cmd("write64 15 " + data)
        return False

    def waits():
        """No room, and none is made: what filch takes in has its limit."""
        stuck, end = 0, time.monotonic() + 20
        while stuck < 20 and time.monotonic() < end:
            room = v.cmd("poll 15")["out"]
            stuck = 0 if room and full() else stuck + 1
            time.sleep(0.01)
        return stuck == 20

    ok(waits(), "a fast peer has to wait")
    with open("/proc/%d/status" % p.pid) as f:
        rss = int([x for x in f if x.startswith("VmRSS")][0].split()[1])
    ok(rss < 16 * 1024 or os.environ.get("SANITIZE"), "and memory stays bounded", rss)
    p.stdout.close()
    p.stdin.close()
    p.terminate()
    p.wait(10)

# ---- our terminal ----

with Victim("tcp:fd=10,peer=11", "tty:fd=12,peer=13") as v:
    def on_terminal(*args):
        master, slave = pty.openpty()
        p = subprocess.Popen([FILCH, "talk"] + list(args), stdin=slave, stdout=slave, stderr=slave,
                             start_new_session=True)
        return p, master, slave

    p, master, slave = on_terminal("%d:10" % v.pid)
    drain(master, b"leaves")
    before = termios.tcgetattr(slave)
    os.write(master, b"a line\n")
    ok(wait_for(lambda: v.cmd("fionread 11")["fionread"] == 7), "a line goes when it is whole")
    v.cmd("write64 11 " + base64.b64encode(b"\x1b[31mred\x9b\r\nnext\n").decode())
    seen = drain(master, b"next")
    ok(b"\\e[31mred\\x9b" in seen and b"\x1b" not in seen, "escapes of others do not reach it", seen)
    os.write(master, b"\x1d")
    is_(p.wait(10), 0, "^] leaves")
    is_(termios.tcgetattr(slave)[6][termios.VEOL] != b"\x1d", True, "the terminal is as before")
    got(v, 11)
    is_(got(v, 11), "EAGAIN", "the connection is not ended by that")

    # typing into a lost terminal through its master
    flags = v.cmd("flags 13")
    p, master, slave = on_terminal("%d:13" % v.pid)
    drain(master, b"leaves")
    ok(wait_for(lambda: not termios.tcgetattr(slave)[3] & termios.ICANON), "raw mode")
    os.write(master, b"echo hello\r")
    ok(wait_for(lambda: v.cmd("fionread 12")["fionread"] == 11), "typed into the lost terminal")
    is_(got(v, 12), b"echo hello\n", "its reader gets a line")
    v.cmd("write 12 printed")
    like(drain(master, b"printed"), "printed", "what it prints is shown")
    p.send_signal(signal.SIGTERM)
    is_(p.wait(10), 0, "a signal ends it")
    ok(termios.tcgetattr(slave)[3] & termios.ICANON, "and the terminal is as before")
    is_(v.cmd("flags 13"), flags, "no flag was changed")
    # sizes: left alone unless asked for, and given back
    def size(fd):
        return struct.unpack("4H", fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(8)))[:2]

    def resize(fd, rows, cols):
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("4H", rows, cols, 0, 0))

    lost = os.open("/proc/%d/fd/12" % v.pid, os.O_RDWR | os.O_NOCTTY)
    resize(lost, 50, 160)
    p, master, slave = on_terminal("%d:13" % v.pid)
    resize(master, 20, 70)
    drain(master, b"leaves")
    os.write(master, b"x\r")
    wait_for(lambda: v.cmd("fionread 12")["fionread"] == 2)
    is_(size(lost), (50, 160), "the size of the other terminal is left alone")
    os.write(master, b"\x1d")
    is_(p.wait(10), 0, "it ends")
    got(v, 12)
    log = os.path.join(TMP, "winsize")
    p, master, slave = on_terminal("%d:13" % v.pid, "--winsize", "--audit", log)
    resize(master, 24, 80)
    ok(wait_for(lambda: size(lost) == (24, 80) or p.send_signal(signal.SIGWINCH)),
       "--winsize: it follows ours", size(lost))
    drain(master, b"leaves")
    # Our terminal is no controlling one of talk: nobody else would tell it.
    resize(master, 30, 100)
    p.send_signal(signal.SIGWINCH)
    ok(wait_for(lambda: size(lost) == (30, 100)), "and goes on following", size(lost))
    os.write(master, b"\x1d")
    is_(p.wait(10), 0, "it ends")
    is_(size(lost), (50, 160), "the size is given back")
    with open(log) as f:
        is_([(e["operation"], e["effect"]) for e in map(json.loads, f)],
            [("talk", "alter"), ("talk --winsize", "alter")], "--audit")
    p, master, slave = on_terminal("%d:13" % v.pid, "--winsize")
    resize(master, 24, 80)
    ok(wait_for(lambda: size(lost) == (24, 80) or p.send_signal(signal.SIGWINCH)), "again")
    resize(lost, 33, 99)
    os.write(master, b"\x1d")
    is_(p.wait(10), 0, "it ends")
    is_(size(lost), (33, 99), "a size that its owner set meanwhile stays")
    p, master, slave = on_terminal("%d:12" % v.pid, "--winsize")
    like(drain(master, b"TIOCGPTN").decode(), "TIOCGPTN", "a slave has no size to give")
    is_(p.wait(10), 1, "and is refused")
    is_(filch("talk", "--winsize", "%d:13" % v.pid, stdin="").status, 2, "our end is no terminal")
    os.close(lost)

    p = talk("%d:12" % v.pid)
    p.stdin.write(b"on the screen")
    p.stdin.close()
    is_(p.wait(10), 0, "the slave: prints")
    like(got(v, 13), "on the screen", "on the screen")
done()
