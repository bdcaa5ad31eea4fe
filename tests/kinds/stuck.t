#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A process of which something is locked for ever by a thread that waits for a dead filesystem,
its memory map or an epoll: whoever reads that in /proc would wait too. We do not."""
import json
import os
import signal
import subprocess
import sys
import time
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

SILENCE = r"""
import os, signal, sys, time
def silence(pid):
    os.kill(pid, signal.SIGUSR1)
    end = time.monotonic() + 20
    while open("/proc/%d/comm" % pid).read() != "silent\n":
        if time.monotonic() > end:
            sys.exit("the server did not stop answering")
        time.sleep(0.01)
"""
# One thread writes to a page that is being written back, another unmaps it.
STUCK = SILENCE + r"""
import ctypes, threading
def waiting():
    states = [open("/proc/self/task/%s/stat" % t).read() for t in os.listdir("/proc/self/task")]
    return sum(s.rsplit(")", 1)[1].split()[0] == "D" for s in states)
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
libc.sync_file_range.argtypes = [ctypes.c_int, ctypes.c_long, ctypes.c_long, ctypes.c_uint]
fd = os.open(sys.argv[1], os.O_RDWR)
page = libc.mmap(None, 4096, 3, 1, fd, 0)
if page in (None, ctypes.c_void_p(-1).value):
    sys.exit("mmap: " + os.strerror(ctypes.get_errno()))
libc.memset(page, 1, 1)
silence(int(sys.argv[2]))
libc.sync_file_range(fd, 0, 4096, 2)
works = (lambda: libc.memset(page, 2, 1), lambda: libc.munmap(page, 4096))
for i, work in enumerate(works):
    threading.Thread(target=work, daemon=True).start()
    tries = 500  # another kernel need not wait here
    while waiting() <= i and tries:
        time.sleep(0.01)
        tries -= 1
print("stuck", flush=True)
signal.pause()
"""
# An epoll asks a file whether it is ready, and that asks the server.
ASKING = SILENCE + r"""
import select
fd = os.open(sys.argv[1], os.O_RDWR)
ready, other = select.epoll(), select.epoll()
silence(int(sys.argv[2]))
print("%d %d" % (ready.fileno(), other.fileno()), flush=True)
ready.register(fd, select.EPOLLIN)
"""
MNT = os.path.join(TMP, "mnt")
server = hangfs(MNT)
victim = None


def states(pid):
    found = []
    for tid in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/stat" % (pid, tid)) as f:
            found.append(f.read().rsplit(")", 1)[1].split()[0])
    return found


def listed(*args):
    begun = time.monotonic()
    r = filch("ls", "--json", *args, timeout=20)
    took = time.monotonic() - begun
    ok(r.status == 0 and took < 8, "ls %s ends" % " ".join(map(str, args)), r.status, took,
       r.stderr)
    return [json.loads(line) for line in r.stdout.splitlines()]


try:
    if server.stdout.readline() != b"mounted\n":
        skip_all("FUSE cannot be mounted here")
    victim = subprocess.Popen(["nsenter", "--mount=/proc/%d/ns/mnt" % server.pid, "--",
                               sys.executable, "-c", STUCK, MNT + "/mapped", str(server.pid)],
                              stdout=subprocess.PIPE, text=True)
    if victim.stdout.readline() != "stuck\n":
        skip_all("such a file cannot be mapped here")
    if not wait_for(lambda: states(victim.pid).count("D") == 2, 5):
        skip_all("this kernel locks nothing there: %s" % states(victim.pid))
    try:
        subprocess.run(["ls", "/proc/%d/map_files" % victim.pid], timeout=1,
                       stdout=subprocess.DEVNULL)
        skip_all("this kernel reads the maps all the same")
    except subprocess.TimeoutExpired:
        pass

    rows = listed(victim.pid)
    is_([r["error"] for r in rows if r["assoc"] == "mem"],
        [{"call": "read maps", "errno": "ETIMEDOUT"}], "a row says what could not be read")
    is_([r["assoc"] for r in rows if r["error"]], ["mem"], "and all else is told")
    ok([r for r in rows if r["name"] == MNT + "/mapped" and r["kind"] == "file"],
       "its descriptors too", rows)
    ok([r for r in listed() if r["pid"] == victim.pid and r["assoc"] == "exe"],
       "in a listing of everything too")
    begun = time.monotonic()
    r = filch("ls", "--watch", "--times", "6", "--interval", "0.05", victim.pid, timeout=20)
    took = time.monotonic() - begun
    ok(r.status == 0 and took < 4, "it is waited for once", r.status, took)
    is_(filch("who", "%d:exe" % victim.pid, timeout=20).status, 0, "who ends")
    # Who has a large file mapped is asked of every process.
    with open(os.path.join(TMP, "large"), "w+b") as large:
        large.truncate(20 << 20)
        r = filch("dump", "%d:%d" % (os.getpid(), large.fileno()), "-o", os.path.join(TMP, "copy"),
                  timeout=20)
        is_((r.status, os.path.getsize(os.path.join(TMP, "copy"))), (0, 20 << 20), "dump ends")

    # ---- an epoll ----
    server.kill()
    server.wait()
    victim.kill()
    victim.wait()
    MNT += "2"
    server = hangfs(MNT)
    server.stdout.readline()
    victim = subprocess.Popen(["nsenter", "--mount=/proc/%d/ns/mnt" % server.pid, "--", sys.executable,
                               "-c", ASKING, MNT + "/x", str(server.pid)],
                              stdout=subprocess.PIPE, text=True)
    locked, other = map(int, victim.stdout.readline().split())
    wait_for(lambda: "epoll_ctl" in open("/proc/%d/stack" % victim.pid).read(), 5)
    rows = {r["fd"]: r for r in listed(victim.pid) if r["assoc"] == "fd"}
    is_((rows[locked]["kind"], rows[locked]["error"]),
        ("epoll", {"call": "open fdinfo", "errno": "ETIMEDOUT"}), "it is an epoll that does not answer")
    is_((rows[other]["kind"], rows[other]["error"]), ("epoll", None), "another of the process does")
    ok([r for r in listed() if r["pid"] == victim.pid and r["fd"] == locked], "all are listed")
    for argv in ["show", "--grab"], ["who"], ["peek"], ["why"]:
        r = filch(*argv, "%d:%d" % (victim.pid, locked) if argv != ["why"] else victim.pid, timeout=20)
        ok(r.status != "timeout", "%s ends" % argv[0], r)

    import pexpect
    tui = pexpect.spawn(FILCH, env=dict(os.environ, TERM="xterm-256color"), dimensions=(40, 120))
    tui.expect(r"\d root", timeout=20)
    ok(True, "the interface shows the processes")
    tui.send("q")
    tui.expect(pexpect.EOF, timeout=10)
    tui.close()
    is_(tui.exitstatus, 0, "and is left as ever")
finally:
    server.kill()
    server.wait()
    if victim:
        victim.kill()
        victim.wait()
done()
