#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A filesystem whose server stopped answering: nothing of filch hangs, and it says why."""
import ctypes
import os
import struct
import subprocess
import sys
import threading
import time
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

need_root()
if os.environ.get("HANG") != "inside":
    os.environ["HANG"] = "inside"
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable,
                          os.path.abspath(__file__)])

# ---- a server of one file, until it stops ----
LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, FLUSH, INIT, OPENDIR = \
    1, 2, 3, 14, 15, 17, 18, 25, 26, 27
DATA = os.urandom(300000)
ROOT, FILE = 1, 2
MOUNT = os.path.join(TMP, "fuse")


class Server(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.dev = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        self.answering = threading.Event()
        self.answering.set()
        self.writes = 0  # so many writers come while one reads: the nanoseconds of mtime
        self.is_written = False

    def attr(self, ino):
        mode = 0o040755 if ino == ROOT else 0o100644
        size = 0 if ino == ROOT else len(DATA)
        return struct.pack("<QQQQQQIIIIIIIIII", ino, size, (size + 511) // 512, 0, 0, 0, 0,
                           self.writes, 0, mode, 1, 0, 0, 0, 4096, 0)

    def reply(self, unique, data=b"", error=0):
        os.write(self.dev, struct.pack("<IiQ", 16 + len(data), -error, unique) + data)

    def serve(self, op, unique, node, body):
        if op == INIT:
            major, minor, ahead, flags = struct.unpack_from("<IIII", body)
            self.reply(unique, struct.pack("<IIIIHHIIHHI", 7, 31, ahead, 0, 16, 12, 65536, 1, 16, 0,
                                           0) + bytes(24))
        elif op == LOOKUP:
            if body.rstrip(b"\0") != b"file":
                self.reply(unique, error=2)
            else:
                self.reply(unique, struct.pack("<QQQQII", FILE, 0, 0, 0, 0, 0) + self.attr(FILE))
        elif op == GETATTR:
            self.reply(unique, struct.pack("<QII", 0, 0, 0) + self.attr(node))
        elif op in (OPEN, OPENDIR):
            self.reply(unique, struct.pack("<QII", 0, 1, 0))
        elif op == READ:
            _, offset, size = struct.unpack_from("<QQI", body)
            self.writes += self.is_written
            self.reply(unique, DATA[offset:offset + size])
        elif op == STATFS:
            self.reply(unique, bytes(80))
        elif op in (RELEASE, FLUSH):
            self.reply(unique)
        elif op != FORGET:
            self.reply(unique, error=38)

    def run(self):
        while True:
            try:
                request = os.read(self.dev, 1 << 20)
            except OSError:
                return
            _, op, unique, node = struct.unpack_from("<IIQQ", request)
            self.answering.wait()
            try:
                self.serve(op, unique, node, request[40:])
            except OSError:
                pass


if not os.path.exists("/dev/fuse"):
    skip_all("no /dev/fuse")
os.mkdir(MOUNT)
server = Server()
libc = ctypes.CDLL(None, use_errno=True)
options = b"fd=%d,rootmode=40755,user_id=0,group_id=0,allow_other" % server.dev
if libc.mount(b"filch", MOUNT.encode(), b"fuse", 0, options) != 0:
    skip_all("mount of fuse: " + os.strerror(ctypes.get_errno()))
server.start()

# A holder that is none of ours: it must not be the one who waits.
holder = subprocess.Popen(["sh", "-c", "exec 7<%s/file; echo ready; exec sleep 600" % MOUNT],
                          stdout=subprocess.PIPE, close_fds=True)
holder.stdout.readline()
desc = "%d:7" % holder.pid


def timed(limit, *argv, **options):
    began = time.monotonic()
    r = filch(*argv, timeout=limit, **options)
    ok(r.status != "timeout", "%s comes back" % argv[0], "%.1f s" % (time.monotonic() - began))
    return r


try:
    r = filch("peek", desc, "-n", "all", binary=True)
    is_((r.status, r.stdout == DATA), (0, True), "while it answers, all is seen")
    r = filch("dump", desc, "-o", TMP + "/out")
    is_((r.status, open(TMP + "/out", "rb").read() == DATA), (0, True), "and dumped")
    server.is_written = True
    r = filch("dump", desc, "-o", TMP + "/out", "--force")
    is_(r.status, 1, "what is written to meanwhile is no plain success")
    like(r.stderr, "%d bytes in 1 ranges changed" % len(DATA), "and the message says so")
    server.is_written = False
    r = filch("read", desc, "-n", "100", binary=True)
    is_((r.status, r.stdout), (0, DATA[:100]), "and read")
    is_(filch("seek", desc, "5").stdout, "100 5\n", "and sought")

    server.answering.clear()
    run(["sh", "-c", "echo 3 >/proc/sys/vm/drop_caches; true"], timeout=5)
    r = timed(20, "ls", str(holder.pid))
    like(r.stdout, "fuse/file", "ls shows it")
    timed(20, "show", desc)
    r = timed(20, "peek", desc, "--offset", "200000", "-n", "all")
    failed = r.status != 0
    ok(failed or len(r.stdout) > 0, "peek fails, or shows what was cached")
    if failed:
        like(r.stderr, "did not answer", "and says who does not answer")
    r = timed(20, "dump", desc, "-o", TMP + "/hung")
    like(r.stderr + r.stdout, "did not answer|  ", "dump says so too")
    timed(20, "read", desc, "-n", "100")
    timed(20, "recover", "--list", str(holder.pid))
finally:
    server.answering.set()
    holder.kill()
    holder.wait()
    run(["umount", "-l", MOUNT])
    os.close(server.dev)
done()
