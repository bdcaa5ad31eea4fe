#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Held and in-flight descriptors on a filesystem that stopped answering, and output onto one:
peek and dump come to their end, and so does their exit; ^C ends the rest."""
import os
import signal
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

os.environ["FILCH_SHELF"] = os.path.join(TMP, "shelf")
MNT = os.path.join(TMP, "mnt")
server = hangfs(MNT)


def inside(*argv):
    return ["nsenter", "--mount=/proc/%d/ns/mnt" % server.pid, "--"] + list(argv)


class Started:
    """One of several at the same time; its output goes to files, which nobody waits for."""

    def __init__(self, *argv, wrap=lambda *a: list(a)):
        self.out, self.err = (open(os.path.join(TMP, "%d.%d" % (id(self), n)), "w+b") for n in (1, 2))
        self.proc = subprocess.Popen(wrap(FILCH, *[str(a) for a in argv]), stdin=subprocess.DEVNULL,
                                     stdout=self.out, stderr=self.err)

    def text(self, f):
        f.seek(0)
        return f.read().decode("utf-8", "surrogateescape")

    def ended(self, limit):
        try:
            status = self.proc.wait(limit)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            status = "timeout"
        return status, self.text(self.out), self.text(self.err)


def writes(pid, name):
    """Has it, or a child of its, written that?"""
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            pids = [pid] + [int(x) for x in f.read().split()]
        for p in pids:
            for fd in os.listdir("/proc/%d/fd" % p):
                if os.readlink("/proc/%d/fd/%s" % (p, fd)).endswith(name):
                    with open("/proc/%d/io" % p) as f:
                        return int(f.read().split("wchar: ")[1].split()[0]) >= 1 << 20
    except OSError:
        pass


try:
    if server.stdout.readline() != b"mounted\n":
        skip_all("FUSE cannot be mounted here")
    v = Victim("file:fd=10,path=%s/a,size=0" % MNT,
               "unix:fd=20,peer=21,queued=10,cargofd=10,cargo=1", "memfd:fd=30,size=3M",
               "file:fd=40,size=1M,mode=rwa,deleted", wrap=inside)
    is_(filch("hold", "%d:10" % v.pid).status, 0, "a file is held")
    is_(filch("peek", "h1", "--offset", "0").stdout, "hang\n", "while it answers it is seen")
    is_(filch("dump", "h1", "-o", TMP + "/well").status, 0, "and dumped")
    with open(TMP + "/well") as f:
        is_(f.read(), "hang\n", "with its bytes")
    growing = Started("dump", "%d:40" % v.pid, "-o", MNT + "/growing", "--follow", "--force",
                      wrap=inside)
    ok(wait_for(lambda: writes(growing.proc.pid, "growing.partial"), 10), "output onto it begins")
    os.kill(server.pid, signal.SIGUSR1)
    v.cmd("append 40 5000")

    runs = [Started("peek", "h1"), Started("dump", "h1", "-o", TMP + "/h1"),
            Started("dump", "%d:20" % v.pid, "-o", TMP + "/flight", "--in-flight")]
    opening = Started("dump", "%d:30" % v.pid, "-o", MNT + "/out", wrap=inside)
    for name, r in zip(("peek of a held one", "dump of a held one"), runs):
        status, out, err = r.ended(20)
        is_(status, 1, "%s ends" % name)
        like(err, "did not answer", "and says why")
    status, out, err = runs[2].ended(20)
    is_(status, 1, "dump of what is in flight ends")
    like(err, "did not answer", "and says why")
    like(out, r"(?m)/flight$", "what is in the socket is dumped")
    like(out, r"flight\.fd1\n", "and what else is in flight")

    ok(wait_for(lambda: "waiting for" in opening.text(opening.err), 15),
       "output that cannot be opened: it says what it waits for", opening.text(opening.err))
    opening.proc.send_signal(signal.SIGINT)
    status, out, err = opening.ended(5)
    is_(status, -signal.SIGINT, "one ^C ends it")

    growing.proc.send_signal(signal.SIGINT)
    ok(wait_for(lambda: "does not answer" in growing.text(growing.err), 10),
       "output that hangs: ^C is not enough, which is said", growing.text(growing.err))
    growing.proc.send_signal(signal.SIGINT)
    status, out, err = growing.ended(5)
    ok(status in (5, -signal.SIGINT), "a second ends it", status)
    if status == 5:
        like(err, "is left behind", "and says what stays")
finally:
    # Closing /dev/fuse aborts the connection; whoever waits for it goes on.
    server.kill()
    server.wait()
is_(v.cmd("pos 40") is not None, True, "the target lives")
run([FILCH, "drop", "h1"])
done()
