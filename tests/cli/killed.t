#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# timeout: 120
"""filch killed by SIGKILL at random moments of a dump and of a look at a send queue: the target
goes on unharmed, is never left stopped, and what was copied is good to go on with.

$KILL_SECONDS: how long for each case (3)."""
import ctypes
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

if len(sys.argv) > 1 and sys.argv[1] == "flow":
    # A target that never rests: numbers go out, come back, and are compared. Its peer is slow,
    # so that there always is something unacknowledged. On "end": what went well and what not.
    listener = socket.create_server(("127.0.0.1", 0))
    a = socket.create_connection(listener.getsockname())
    b = listener.accept()[0]
    for s in (a, b):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 15)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 17)
    errors, counts, ending = [], [0, 0], threading.Event()

    def guarded(fn):
        def body():
            try:
                fn()
            except Exception as e:
                errors.append("%s: %r" % (fn.__name__, e))
        return body

    def send():
        n = 0
        while not ending.is_set():
            a.sendall(b"".join(struct.pack("<Q", n + i) for i in range(512)))
            n += 512
            counts[0] = n
        a.shutdown(socket.SHUT_WR)

    def echo():
        while True:
            data = b.recv(1 << 14)
            if not data:
                return b.shutdown(socket.SHUT_WR)
            b.sendall(data)
            ending.wait(0.001)

    def check():
        rest, n = b"", 0
        while True:
            data = a.recv(1 << 14)
            if not data:
                break
            rest += data
            whole = len(rest) // 8 * 8
            for (got,) in struct.iter_unpack("<Q", rest[:whole]):
                if got != n:
                    return errors.append("%d instead of %d" % (got, n))
                n += 1
            rest = rest[whole:]
            counts[1] = n

    threads = [threading.Thread(target=guarded(f), daemon=True) for f in (send, echo, check)]
    for t in threads:
        t.start()
    print(os.getpid(), a.fileno(), flush=True)
    for line in sys.stdin:
        if line.startswith("end"):
            ending.set()
            for t in threads:
                t.join(20)
            alive = sum(t.is_alive() for t in threads)
            print(json.dumps({"errors": errors, "sent": counts[0], "back": counts[1],
                              "alive": alive}), flush=True)
            os._exit(0)
        print(json.dumps({"back": counts[1]}), flush=True)
    os._exit(0)

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

SECONDS = float(os.environ.get("KILL_SECONDS", "3"))
SEED = int(os.environ.get("KILL_SEED", random.randrange(1 << 30)))
chance = random.Random(SEED)
diag("KILL_SEED=%d" % SEED)
OUT = os.path.join(TMP, "out")
PARTIAL = OUT + ".partial"


def sha(data):
    return hashlib.sha256(data).hexdigest()


def content(path):
    with open(path, "rb") as f:
        return f.read()


def status_field(pid, name):
    with open("/proc/%d/status" % pid) as f:
        for line in f:
            if line.startswith(name + ":"):
                return line.split()[1]


def goes_on(pid):
    """Neither stopped nor traced."""
    return status_field(pid, "State") not in ("T", "t") and status_field(pid, "TracerPid") == "0"


def start(*argv):
    # Output that nobody reads must not block it.
    return subprocess.Popen([FILCH] + list(argv), stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


def full_time(*argv):
    begun = time.monotonic()
    p = start(*argv)
    p.wait(30)
    return time.monotonic() - begun, p.returncode


class Rounds:
    """Kills at random moments for SECONDS, evenly over the time that it takes undisturbed."""

    def __init__(self, limit):
        self.limit = limit
        self.killed = self.ended = 0

    def __iter__(self):
        end = time.monotonic() + SECONDS
        while time.monotonic() < end or self.killed + self.ended < 5:
            yield

    def shot(self, *argv):
        """One run; whether it was killed before its end."""
        p = start(*argv)
        time.sleep(chance.random() * self.limit * 1.1)
        p.send_signal(signal.SIGKILL)
        p.wait(10)
        if p.returncode == -signal.SIGKILL:
            self.killed += 1
        else:
            self.ended += 1
        return p.returncode == -signal.SIGKILL

    def __str__(self):
        return "%d killed, %d ended before" % (self.killed, self.ended)


def good_partial(data):
    """Nothing in it is wrong: a prefix, where what is not yet written is a hole."""
    if not os.path.exists(PARTIAL):
        return True
    got = content(PARTIAL)
    if got == data[:len(got)]:
        return True
    with open(PARTIAL, "rb") as f:
        at = 0
        while at < len(got):
            try:
                at = os.lseek(f.fileno(), at, os.SEEK_DATA)
            except OSError:
                return True
            hole = os.lseek(f.fileno(), at, os.SEEK_HOLE)
            # A block is filled up with zeros where the file ends or a write has not come yet.
            piece = got[at:hole].rstrip(b"\0")
            if piece != data[at:at + len(piece)]:
                return False
            at = hole
    return True


# ---- a dump ----
SIZE = 24 << 20
with Victim("file:fd=100,size=%d,mode=rw,offset=77,deleted" % SIZE, "pipe:fd=110,peer=111,size=60K",
            "memfd:fd=120,size=3M", "tcp:fd=130,peer=131,queued=20000",
            options=["--blocker=read"]) as v:
    data = pattern(1, SIZE)
    want = sha(data)
    one = ["dump", "%d:100" % v.pid, "-o", OUT]
    for name, more in (("dump", []), ("dump --freeze", ["--freeze"]),
                       ("dump --freeze --hash none", ["--freeze", "--hash", "none"])):
        took, status = full_time(*one, *more)
        is_((status, sha(content(OUT))), (0, want), "%s, undisturbed" % name)
        os.unlink(OUT)
        rounds = Rounds(took)
        stopped, wrong, finished, stuck = 0, 0, 0, []
        for _ in rounds:
            rounds.shot(*one, "--resume", *more)
            stopped += not wait_for(lambda: goes_on(v.pid), 5)
            wrong += not good_partial(data)
            if os.path.exists(OUT):
                finished += 1
                wrong += sha(content(OUT)) != want
                os.unlink(OUT)
            if (v.cmd("pos 100") or {}).get("pos") != 77:
                stuck.append(rounds.killed)
        diag("%s: %s" % (name, rounds))
        is_(stopped, 0, "%s: never left stopped or traced" % name)
        is_(stuck, [], "%s: the target answers, its offset did not move" % name)
        is_(wrong, 0, "%s: no partial file and no result with a wrong byte" % name)
        ok(rounds.killed > 0, "%s: some were killed in time" % name, rounds)
        r = filch(*one, "--resume", *more)
        is_((r.status, sha(content(OUT))), (0, want), "%s: --resume completes it" % name)
        os.unlink(OUT)

    # ---- into a folder ----
    folder = os.path.join(TMP, "folder")
    many = ["dump", "%d:100,110,120,130" % v.pid, "-o", folder]
    took, status = full_time(*many)
    is_(status, 0, "several, undisturbed")
    names = {n: sha(content(os.path.join(folder, n))) for n in os.listdir(folder)}
    rounds = Rounds(took)
    wrong, stopped = [], 0
    for _ in rounds:
        if chance.random() < 0.3:
            shutil.rmtree(folder, ignore_errors=True)  # one killed early made none
        rounds.shot(*many, "--resume", "--freeze")
        stopped += not wait_for(lambda: goes_on(v.pid), 5)
        # What has its name is complete.
        for n in os.listdir(folder) if os.path.exists(folder) else []:
            if not n.endswith(".partial") and names[n] != sha(content(os.path.join(folder, n))):
                wrong.append(n)
    diag("several: %s" % rounds)
    is_((wrong, stopped), ([], 0), "several: what has its name is complete, nobody is left stopped")
    r = filch(*many, "--resume", "--force")
    is_((r.status, {n: sha(content(os.path.join(folder, n))) for n in os.listdir(folder)}),
        (0, names), "several: --resume --force completes them")
    is_([v.cmd("fionread %d" % fd)["fionread"] for fd in (110, 130)], [60 * 1024, 20000],
        "several: nothing was taken from the queues")

# ---- following ----
with Victim("file:fd=100,size=1M,mode=rwa,deleted") as v:
    rounds = Rounds(0.15)
    appended, wrong = 1 << 20, 0
    for _ in rounds:
        p = start("dump", "%d:100" % v.pid, "-o", OUT, "--resume", "--follow")
        end = time.monotonic() + chance.random() * 0.15
        while time.monotonic() < end:
            n = chance.randrange(1, 20000)
            v.cmd("append 100 %d" % n)
            appended += n
        p.send_signal(signal.SIGKILL)
        p.wait(10)
        rounds.killed += 1
        wrong += not good_partial(pattern(1, appended))
    diag("following: %s, %d bytes" % (rounds, appended))
    is_(wrong, 0, "following: every partial file has the right bytes")
    r = filch("dump", "%d:100" % v.pid, "-o", OUT, "--resume")
    ok(r.status == 0 and content(OUT) == pattern(1, appended), "following: --resume completes it", r)
    v.cmd("append 100 5")
    is_(v.cmd("pos 100")["ok"], True, "following: the writer goes on")

# ---- the send queue, which wants repair mode ----
libc = ctypes.CDLL(None, use_errno=True)
TCP_REPAIR = 19


def duplicate(pid, fd):
    pidfd = libc.syscall(434, pid, 0)
    got = libc.syscall(438, pidfd, fd, 0)
    os.close(pidfd)
    return socket.socket(fileno=got) if got >= 0 else None


def all_threads_run(pid):
    return all(status_field(int(t), "State") not in ("T", "t") and
               status_field(int(t), "TracerPid") == "0" for t in os.listdir("/proc/%d/task" % pid))


if not am_root():
    skip("the send queue needs CAP_NET_ADMIN", 6)
else:
    flow = subprocess.Popen([sys.executable, os.path.abspath(__file__), "flow"],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        pid, fd = map(int, flow.stdout.readline().split())
        look = ["peek", "%d:%d" % (pid, fd), "--queue", "send", "-n", "all"]

        def back():
            flow.stdin.write("count\n")
            flow.stdin.flush()
            return json.loads(flow.stdout.readline())["back"]

        wait_for(lambda: back() > 1000, 20)
        took, status = full_time(*look)
        is_(status, 0, "a send queue, undisturbed")
        sock = duplicate(pid, fd)
        ok(sock is not None, "we can ask the socket itself")
        # A duplicate of ours would be a reason to refuse: take one for each question.
        sock.close()
        rounds = Rounds(took)
        stopped, repair, still = 0, 0, 0
        for _ in rounds:
            rounds.shot(*look)
            stopped += not wait_for(lambda: all_threads_run(pid), 5)
            sock = duplicate(pid, fd)
            repair += bool(wait_for(
                lambda: sock.getsockopt(socket.IPPROTO_TCP, TCP_REPAIR) != 0, 0)) and not wait_for(
                lambda: sock.getsockopt(socket.IPPROTO_TCP, TCP_REPAIR) == 0, 5)
            sock.close()
            before = back()
            still += not wait_for(lambda: back() > before, 10)
        diag("send queue: %s" % rounds)
        is_(stopped, 0, "send queue: never left stopped or traced")
        is_(repair, 0, "send queue: never left in repair mode")
        is_(still, 0, "send queue: data flows each time after")
        ok(rounds.killed > 0, "send queue: some were killed in time", rounds)
        flow.stdin.write("end\n")
        flow.stdin.flush()
        end = json.loads(flow.stdout.readline())
        is_((end["errors"], end["alive"]), ([], 0), "send queue: the target saw no error")
        is_(end["back"], end["sent"], "send queue: every byte came back, in order")
    finally:
        flow.kill()
        flow.wait()
done()
