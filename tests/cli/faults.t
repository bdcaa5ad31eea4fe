#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# timeout: 150
"""Faults in filch's own system calls, one at a time, in small dumps and peeks: no crash, no
wrong byte, a status and a reason, no descriptor left open, the target unharmed.

Every call that a run makes fails once, each with one of the errors in turn, until $FAULT_SECONDS
(30) are over; $FAULTS=all: with each of the errors, without a limit."""
import collections
import os
import random
import re
import sys
import time
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

need("strace")
if run(["strace", "-o", "/dev/null", "true"]).status:
    skip_all("strace may not trace here")
ERRORS = ("EIO", "ENOSPC", "EINTR", "ENOMEM", "ENOSYS", "EPERM")
ALL = os.environ.get("FAULTS") == "all"
LIMIT = float("inf") if ALL else float(os.environ.get("FAULT_SECONDS", "30"))
# Calls that make a descriptor, for the count of those left open.
MAKES = ("openat,pidfd_open,pidfd_getfd,memfd_create,memfd_secret,socket,pipe2,dup,dup2,dup3,fcntl,"
         "inotify_init1,epoll_create1,eventfd2,mq_open,accept4,clone,clone3")
MAKERS = set(MAKES.split(","))
# The C library's own: it gives up over an error that cannot be (futex), or asks for none.
OURS_NOT = {"execve", "exit", "exit_group", "futex", "arch_prctl", "set_tid_address", "rseq",
            "set_robust_list", "rt_sigreturn", "restart_syscall", "brk", "mprotect"}
OUT = os.path.join(TMP, "out")
LOG = os.path.join(TMP, "log")
SAN = bool(os.environ.get("SANITIZE"))
if SAN:  # whose own memory it is then
    OURS_NOT |= {"mmap", "munmap", "madvise", "sigaltstack", "sched_getaffinity"}
LINE = re.compile(r"^(\d+) +(\w+)\((.*?)\)? += (-?\d+)(.*)$")


def strace(*options):
    return ["strace", "-f", "--seccomp-bpf", "-qq", "-o", LOG] + list(options) + ["--", FILCH]


def log():
    """Its lines; a call that another interrupted is joined again, where it ended."""
    whole, begun = [], {}
    with open(LOG, "rb") as f:
        for line in f.read().decode("utf-8", "replace").splitlines():
            pid = line.split(" ", 1)[0]
            end = re.match(r"^\d+ +<\.\.\. \w+ resumed>(.*)$", line)
            if line.endswith("<unfinished ...>"):
                begun[pid] = line[:-len("<unfinished ...>")]
            else:
                whole.append(begun.pop(pid, "") + end.group(1) if end else line)
    return whole


def calls_of(*argv):
    """How often each call is made."""
    n = collections.Counter()
    r = run(strace() + list(argv), env={"ASAN_OPTIONS": "detect_leaks=0"}, binary=True)
    for line in log():
        m = re.match(r"^\d+ +(\w+)\(", line)
        if m:
            n[m.group(1)] += 1
    return n, r


def left_open(lines):
    """Descriptors that the first process, with its threads, has at its end."""
    first, fds, threads = None, set(), set()
    for line in lines:
        m = re.search(r"clone3?\(.*CLONE_THREAD.*= (\d+)$", line)
        threads.add(m.group(1) if m else None)
    for line in lines:
        m = LINE.match(line)
        if not m:
            continue
        pid, call, args, value = m.group(1), m.group(2), m.group(3), int(m.group(4))
        first = first or pid
        if (pid != first and pid not in threads) or value < 0:
            continue
        if call == "close":
            n = re.match(r"(\d+)", args)
            fds.discard(int(n.group(1)) if n else -1)
        elif call == "close_range":
            a, b = re.match(r"(\d+), (\d+)", args).groups()
            fds -= set(range(int(a), min(int(b), 100000) + 1))
        elif call == "pipe2":
            # Injected success would name no numbers.
            fds |= set(map(int, re.findall(r"\d+", args.split("]")[0])))
        elif call in MAKERS and call[:5] != "clone" and (call != "fcntl" or "F_DUPFD" in args):
            fds.add(value)
    return fds


def clean():
    for name in os.listdir(TMP):
        if name.startswith("out"):
            os.unlink(os.path.join(TMP, name))


def content():
    with open(OUT, "rb") as f:
        return f.read()


BASE = calls_of("--version")[0]
random.seed(int(os.environ.get("FAULT_SEED", "1")))


class Case:
    """One command; want: the bytes that it gives when all is well."""

    def __init__(self, v, name, *argv, want=None, dump=False):
        self.v, self.name, self.argv, self.dump = v, name, argv, dump
        clean()
        self.counts, r = calls_of(*argv)
        self.want = content() if dump else r.stdout
        self.good = r.status == 0 and (want is None or self.want == want)
        ok(self.good, "%s: undisturbed" % name, r.status, r.stderr)
        clean()
        run(strace("-e", "trace=close,close_range," + MAKES) + list(argv))
        self.open = len(left_open(log()))
        clean()
        self.bad = collections.defaultdict(list)
        self.runs = collections.Counter()

    def faults(self):
        turn = 0
        for call in sorted(self.counts):
            if call in OURS_NOT:
                continue
            # What is done once a process of the system need not fail at each of them.
            every = list(range(BASE[call] + 1, self.counts[call] + 1))
            for n in every if ALL or len(every) <= 25 else sorted(random.sample(every, 25)):
                for e in ERRORS if ALL else (ERRORS[turn % len(ERRORS)],):
                    yield call, e, n
                turn += 1

    def try_one(self, call, error, n):
        clean()
        r = run(strace("-e", "trace=close,close_range,%s,%s" % (MAKES, call), "-e",
                       "inject=%s:error=%s:when=%d" % (call, error, n)) + list(self.argv),
                binary=True, timeout=40)
        what = "%s %s %d" % (call, error, n)
        self.runs[r.status] += 1
        if not isinstance(r.status, int) or not 0 <= r.status <= 5:
            self.bad["no crash and no hang"].append((what, r.status, r.stderr))
        elif r.status and not r.stderr and call != "write":
            self.bad["a failure is said"].append((what, r.status))
        self.check_bytes(what, r)
        if call not in ("close", "close_range") and len(left_open(log())) > self.open:
            self.bad["no descriptor is left open"].append((what, left_open(log())))
        if self.v.state() not in ("S", "R") and not wait_for(lambda: self.v.state() in "SR", 5):
            self.bad["the target is not left stopped"].append((what, self.v.state()))

    def check_bytes(self, what, r):
        call = what.split(" ")[0]
        if not self.dump:
            wrong = not self.want.startswith(r.stdout) or (r.status == 0 and r.stdout != self.want)
        elif not os.path.exists(OUT):
            wrong = r.status == 0
        else:
            wrong = content() != self.want
        if wrong:
            self.bad["no wrong byte"].append((what, r))
        if self.dump and r.status and call in ("pwrite64", "ftruncate") and r.status != 5:
            self.bad["a failure of the output is status 5"].append((what, r))

    def report(self):
        diag("%s: %d faults, by status %s" % (self.name, sum(self.runs.values()),
                                             sorted(self.runs.items(), key=str)))
        for what in ("no crash and no hang", "a failure is said", "no wrong byte",
                     "a failure of the output is status 5", "no descriptor is left open",
                     "the target is not left stopped"):
            ok(not self.bad[what], "%s: %s" % (self.name, what), *self.bad[what][:8])


with Victim("file:fd=100,size=600K,offset=77,deleted", "pipe:fd=110,peer=111,size=5000",
            "tcp:fd=120,peer=121,queued=3000", "unix:fd=130,peer=131,queued=10,cargo=2",
            "dir:fd=140", "secretmem:fd=150,size=5000", "memfd:fd=160,hole=4M,tail=5000",
            "tcp:fd=170,peer=171,unacked=20000", "file:fd=180,size=1000,mode=w") as v:
    at = lambda fd: "%d:%d" % (v.pid, fd)
    cases = [
        Case(v, "dump", "dump", at(100), "-o", OUT, dump=True, want=pattern(1, 600 * 1024)),
        Case(v, "dump --freeze --hash none", "dump", at(160), "-o", OUT, "--freeze", "--hash",
             "none", dump=True),
        Case(v, "dump of a pipe", "dump", at(110), "-o", OUT, dump=True, want=pattern(1, 5000)),
        Case(v, "peek of a file", "peek", at(180), "-n", "all", "--offset", "0",
             want=pattern(1, 1000)),
        Case(v, "peek of a socket", "peek", at(120), want=pattern(1, 3000)),
        Case(v, "peek of a socket with cargo", "peek", at(130), "-n", "all"),
        Case(v, "peek of secret memory", "peek", at(150), "-n", "all"),
        Case(v, "peek of a pipe's writing end", "peek", at(111), want=pattern(1, 5000)),
        Case(v, "peek of a directory", "peek", at(140)),
    ]
    if am_root() and v.cmd("outq 170")["outq"]:
        cases.append(Case(v, "peek --queue send", "peek", at(170), "--queue", "send",
                          want=pattern(1, 20000)))
    before = [v.cmd("%s %d" % x) for x in (("pos", 100), ("flags", 100), ("fionread", 110),
                                           ("fionread", 120), ("peekoff", 130), ("outq", 170))]
    todo = [(c, f) for c in cases if c.good for f in c.faults()]
    if not ALL:
        random.shuffle(todo)
    end, done_ = time.monotonic() + LIMIT, 0
    for c, f in todo:
        if time.monotonic() > end:
            break
        c.try_one(*f)
        done_ += 1
    diag("%d of %d faults" % (done_, len(todo)))
    for c in cases:
        c.report()
    after = [v.cmd("%s %d" % x) for x in (("pos", 100), ("flags", 100), ("fionread", 110),
                                          ("fionread", 120), ("peekoff", 130), ("outq", 170))]
    is_(after, before, "offset, flags and queues of the target are as they were")

    # ---- no memory from some moment on ----
    if SAN:
        skip("the sanitizers want memory of their own")
    else:
        c = cases[0]
        bad, said = [], collections.Counter()
        for n in range(1, c.counts["mmap"] + c.counts["brk"] - BASE["mmap"] - BASE["brk"] + 2):
            clean()
            r = run(strace("-e", "trace=mmap,brk,mremap", "-e",
                           "inject=mmap:error=ENOMEM:when=%d+" % (BASE["mmap"] + n), "-e",
                           # Where brk(2) fails it returns the end that there is.
                           "inject=brk:retval=1:when=%d+" % (BASE["brk"] + 1)) + list(c.argv))
            said[r.status] += 1
            if r.status not in (0, 1, 5, 125) or (r.status and not r.stderr) or \
                    (os.path.exists(OUT) and content() != c.want) or \
                    (r.status == 0) != os.path.exists(OUT):
                bad.append((n, r))
        diag("no memory: by status %s" % sorted(said.items(), key=str))
        ok(not bad, "no memory at all from some moment on: said, and no wrong byte", *bad[:5])
done()
