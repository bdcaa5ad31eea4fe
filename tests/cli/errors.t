#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every documented error that can be provoked: its status, and a sentence that
names target, descriptor, reason and what to try. And kernels without our calls."""
import json
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

need("strace", "setpriv", "unshare", "prlimit")
TRY = r"\n  try: \S"


def inject(*what):
    """A wrap under which system calls fail: ("pidfd_getfd:error=EPERM", ...)."""
    calls = ",".join(w.split(":")[0] for w in what)
    how = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + calls]
    for w in what:
        how += ["-e", "inject=" + w]
    return lambda *argv: how + ["--"] + list(argv)


def limit(n):
    return lambda *argv: ["prlimit", "--nofile=%d:%d" % (n, n), "--"] + list(argv)


def says(r, status, name, *words):
    """Ended with STATUS, and stderr has all of WORDS (regular expressions)."""
    import re
    missing = [w for w in words if not re.search(w, r.stderr, re.S)]
    return ok(r.status == status and not missing, name, "status: %s, want %s" % (r.status, status),
              "not said: %s" % missing, r.stderr)


def rule(r, want, name):
    """The rule that why named."""
    try:
        got = json.loads(r.stdout).get("refused_by")
    except ValueError:
        got = r.stderr
    return is_((r.status, got), (3 if want else 0, want), name)


def nobody_with(*more):
    """As nobody, and with these options of setpriv(1)."""
    return lambda *argv: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] + \
        list(more) + ["--"] + list(argv)


def has_kthreads():
    """Is process 2 kthreadd? Not so in a pid namespace of its own."""
    try:
        with open("/proc/2/comm") as f:
            return f.read() == "kthreadd\n"
    except OSError:
        return False


KTHREADS = has_kthreads()
nobody = nobody_with("--inh-caps=-all")
v = Victim("file:fd=10,text=ten", "pipe:fd=11,peer=12,text=abc", "eventfd:fd=13", "dup:fd=14,of=10",
           thread=["file:fd=30,text=thread"])
ON = r"descriptor %d of process %d \(victim\)"
TEN = ON % (10, v.pid)

# ---- pidfd_getfd(2) ----

says(filch("peek", "%d:999" % v.pid), 4, "EBADF: nothing there", ON % (999, v.pid), "no such", TRY)
says(filch("peek", "%d:10" % v.pid, wrap=inject("pidfd_getfd:error=EBADF")), 4,
     "EBADF: closed and opened again", TEN, "pidfd_getfd: Bad file", "was closed", TRY)
if KTHREADS:
    says(filch("peek", "2:0"), 4, "EBADF: a kernel thread", r"process 2 \(kthreadd\)", "kernel thread")
else:
    skip("no kernel threads in this pid namespace")
says(filch("peek", "%d:10" % v.pid, wrap=inject("pidfd_getfd:error=EINVAL")), 1, "EINVAL", TEN,
     "pidfd_getfd: Invalid argument", "flags")
says(filch("peek", "%d:10" % v.pid, wrap=inject("pidfd_getfd:error=EMFILE")), 1, "EMFILE", TEN,
     "our own table of descriptors is full, at [0-9]+", "ulimit -n")
says(filch("peek", "%d:10" % v.pid, wrap=inject("pidfd_getfd:error=ENFILE")), 1, "ENFILE", TEN,
     "file-max", "ls --summary")
says(filch("peek", "%d:10" % v.pid, wrap=inject("pidfd_open:error=ENFILE")), 1,
     "ENFILE of pidfd_open", "process %d" % v.pid, "file-max")
says(filch("peek", "%d:10" % v.pid, wrap=inject("pidfd_open:error=EMFILE")), 1,
     "EMFILE of pidfd_open", "process %d" % v.pid, "own table")
says(filch("peek", "%d:10" % v.pid, wrap=inject("pidfd_getfd:error=ESRCH")), 4, "ESRCH", TEN,
     "pidfd_getfd: No such process", "closed its descriptors")
says(filch("peek", "%d:10" % v.pid, wrap=inject("pidfd_getfd:error=EPERM")), 3,
     "EPERM: a filter of system calls", TEN, "seccomp: ", "forbids pidfd_getfd", TRY)
says(filch("peek", "%d:10" % v.pid, wrap=inject("pidfd_getfd:error=EPERM:when=1")), 3,
     "EPERM: nothing shows why", TEN, "PTRACE_MODE_ATTACH_REALCREDS", "why %d" % v.pid)

# Our own table full, for real: at every size something has no room, and says so.
crashed = []
for n in range(3, 20):
    r = filch("peek", "%d:10" % v.pid, wrap=limit(n))
    if r.status == 0 and r.stdout == "ten":
        break
    if r.status == 127 and "shared libraries" in r.stderr:
        continue  # not even started
    if r.status not in (1, 5) or "oo many open files" not in r.stderr:
        crashed.append((n, r.status, r.stderr))
ok(not crashed, "EMFILE, for real: always said", *crashed)
ok(r.status == 0, "and with room for a few it works", r)

with Victim("file:fd=10") as dying:
    z = dying.cmd("zombie")
    zombie = z.get("pid") or z.get("zombie")
    says(filch("peek", "%d:10" % zombie), 4, "ESRCH: a zombie", "process %d" % zombie, "zombie")
    says(filch("ls", zombie), 4, "and ls of it", "process %d" % zombie, "zombie")
    says(filch("signal", zombie, "TERM"), 4, "and a signal to it", "process %d" % zombie, "zombie")
    rule(filch("why", "--json", zombie), "exists", "why: it is a zombie")
    gone = "%d@%d" % (dying.pid, dying.start)
says(filch("peek", gone + ":10"), 4, "ESRCH: it has ended", "process %d" % dying.pid, "no process",
     TRY)
says(filch("signal", gone, "TERM"), 4, "a signal to one that has ended", "no process")
says(filch("peek", "%d@%d:10" % (v.pid, v.start + 1)), 4, "another process has the pid now",
     "process %d@%d" % (v.pid, v.start + 1), "another process", r"victim", TRY)
with Victim("file:fd=10", options=["--dead-leader"]) as dead:
    says(filch("peek", "%d:10" % dead.pid), 4, "ESRCH: the leader is dead",
         "process %d" % dead.pid, "others? l", "try: .*TID")

# ---- who may not ----

if am_root():
    says(filch("peek", "%d:10" % v.pid, wrap=nobody), 3, "EPERM: another user's", TEN, "uid: ",
         r"65534", TRY)
    r = filch("ls", v.pid, wrap=nobody)
    says(r, 3, "and ls of it", "process %d" % v.pid, "uid: ", TRY)
    rule(filch("why", "--json", v.pid, wrap=nobody), "uid", "why: uid")
    with Victim("file:fd=10,text=x", wrap=nobody_with("--inh-caps=-all"),
                options=["--dumpable", "0"]) as w:
        says(filch("peek", "%d:10" % w.pid, wrap=nobody), 3, "EPERM: not dumpable",
             ON % (10, w.pid), "dumpable: ", TRY)
        is_(filch("peek", "%d:10" % w.pid).stdout, "x", "root may all the same")
    with Victim("file:fd=10,text=x",
                wrap=nobody_with("--inh-caps=+net_raw", "--ambient-caps=+net_raw")) as w:
        says(filch("peek", "%d:10" % w.pid, wrap=nobody), 3, "EPERM: it has capabilities",
             ON % (10, w.pid), "capabilities: ", TRY)
    with Victim("file:fd=10,text=x", wrap=nobody, options=["--newuser"]) as w:
        r = filch("why", "--json", w.pid, wrap=nobody)
        ok(r.status in (0, 3), "why: another user namespace", r)
        p = filch("peek", "%d:10" % w.pid, wrap=nobody)
        is_(p.status, r.status, "and peek agrees")
        if p.status:
            says(p, 3, "EPERM: another user namespace", ON % (10, w.pid), "namespace", TRY)
        is_(filch("peek", "%d:10" % w.pid).stdout, "x", "root above it may")
    with Victim("file:fd=10,text=x", wrap=nobody) as w:
        is_(filch("peek", "%d:10" % w.pid, wrap=nobody).stdout, "x", "an own process as nobody")
        gid = lambda *argv: ["setpriv", "--reuid=65534", "--regid=1", "--clear-groups",
                             "--inh-caps=-all", "--"] + list(argv)
        says(filch("peek", "%d:10" % w.pid, wrap=gid), 3, "EPERM: gid", ON % (10, w.pid), "gid: ",
             TRY)
        lock = lambda *argv: nobody(VICTIM, "--landlock", "--exec", *argv)
        r = filch("peek", "%d:10" % w.pid, wrap=lock)
        if "landlock" in r.stderr and "not" in r.stderr and r.status == 1:
            skip("no Landlock here", 2)
        else:
            says(r, 3, "EPERM: we are in a Landlock domain", "process %d" % w.pid, "lsm: ",
                 "Landlock", TRY)
            rule(filch("why", "--json", w.pid, wrap=lock), "lsm", "why: Landlock")
else:
    skip("needs root: other users", 18)
says(filch("peek", "1:0", wrap=nobody if am_root() else None), 3, "EPERM: process 1",
     "descriptor 0 of process 1 ", TRY)

# ---- pidfd_send_signal(2) ----

SIG = r"SIG\w+ to process %d \(victim\)" % v.pid
says(filch("signal", v.pid, "999"), 2, "no such signal", "999")
says(filch("signal", v.pid, "-1"), 2, "a negative signal", "-1")
says(filch("signal", v.pid, "NOSUCH"), 2, "no such name", "NOSUCH")
if KTHREADS:
    says(filch("signal", "2", "USR1"), 1, "a kernel thread takes none", "kernel thread")
else:
    skip("no kernel threads in this pid namespace")
for err, status, words in (("EBADF", 4, ["no pidfd"]), ("EINVAL", 1, ["Invalid"]),
                           ("ESRCH", 4, ["has ended"]), ("EAGAIN", 1, ["RLIMIT_SIGPENDING", TRY]),
                           ("EPERM", 3, ["seccomp", TRY]), ("ENOSYS", 1, ["5.1", TRY])):
    says(filch("signal", v.pid, "USR1", wrap=inject("pidfd_send_signal:error=" + err)), status,
         "signal: " + err, SIG, "pidfd_send_signal: ", *words)
if am_root():
    says(filch("signal", v.pid, "USR1", wrap=nobody), 3, "signal: EPERM, another user's", SIG,
         "65534", TRY)
    below = lambda *argv: ["unshare", "--pid", "--fork", "--"] + \
        inject("pidfd_open:error=ENOSYS")(*argv)
    says(filch("signal", v.pid, "USR1", wrap=below), 1, "signal: EINVAL, a namespace above", SIG,
         "pid namespace above", TRY)
else:
    skip("needs root", 2)

# ---- kcmp(2) ----

BOTH = ["%d:10" % v.pid, "%d:14" % v.pid]
r = filch("same", *BOTH)
is_((r.status, r.stdout), (0, "same-description\n"), "same, when it may be asked")
for err, words in (("EPERM", ["may not read", TRY]), ("ENOSYS", ["CONFIG_KCMP", TRY]),
                   ("ESRCH", ["ended"]), ("EBADF", ["was closed"])):
    r = filch("same", *BOTH, wrap=inject("kcmp:error=" + err))
    ok(r.status in (3, 4) and r.stdout != "same-description\n", "same: %s is never a guess" % err, r)
    says(r, r.status, "same: %s is told" % err, "kcmp: ", "process %d" % v.pid, *words)
    got = [json.loads(x) for x in filch("ls", "--json", v.pid, wrap=inject(
        "kcmp:error=" + err)).stdout.splitlines()]
    is_({(x["ofd"], x["shares"]) for x in got if x["fd"] in (10, 14)}, {(None, None)},
        "ls: without an answer (%s) sharing is unknown" % err)

# ---- kernels that lack a call: filch lives on with what there is ----

for err in ("ENOSYS", "EPERM"):
    old = inject("pidfd_open:error=" + err)
    before = v.cmd("sigcount 10")
    r = filch("ls", "--json", v.pid, wrap=old)
    ok(r.status == 0 and {x["fd"] for x in map(json.loads, r.stdout.splitlines())} >= {10, 11, 12},
       "without pidfd_open (%s): ls" % err, r.stderr)
    is_(filch("show", "%d:10" % v.pid, wrap=old).status, 0, "show")
    is_(filch("who", "%d:10" % v.pid, wrap=old).status, 0, "who")
    says(filch("signal", v.pid, "USR1", wrap=old), 0, "signal goes by the directory")
    says(filch("peek", "%d:10" % v.pid, wrap=old), 1, "peek says why not", TEN, "serves signals only",
         "pidfd_open", TRY)
    says(filch("dump", "%d:10" % v.pid, "-o", TMP + "/out", wrap=old), 1, "dump says why not",
         "serves signals only")
    rule(filch("why", "--json", v.pid, wrap=old), "pidfd", "why names it")
rule(filch("why", "--json", v.pid, wrap=inject("pidfd_getfd:error=ENOSYS")), "kernel",
     "without pidfd_getfd: why")
says(filch("peek", "%d:10" % v.pid, wrap=inject("pidfd_getfd:error=ENOSYS")), 1, "peek", TEN,
     "Linux 5.6", TRY)
r = filch("ls", "--json", "--grab", v.pid, wrap=inject("pidfd_getfd:error=ENOSYS"))
ok(r.status == 0 and r.stdout and "could not be taken" in r.stderr, "ls --grab lists all the same", r)
tid = v.ready["table_tid"]
says(filch("peek", "%d/%d:30" % (v.pid, tid), wrap=inject("pidfd_open:error=EINVAL:when=2+")), 1,
     "a thread's table before Linux 6.9", "thread %d of process %d" % (tid, v.pid), "6.9")
is_(filch("ls", "%d/%d" % (v.pid, tid), wrap=inject("pidfd_open:error=EINVAL:when=2+")).status, 0,
    "can be listed")
is_(filch("peek", "%d/%d:30" % (v.pid, tid)).stdout, "thread", "and read since then")
old = inject("close_range:error=ENOSYS")
is_(filch("exec", "%d:10=5" % v.pid, "--", "cat", "/proc/self/fd/5", wrap=old).stdout, "ten",
    "without close_range: exec")
is_(filch("recover", "--list", v.pid, wrap=old).status, 0, "recover --list")
is_(filch("who", TMP, wrap=old).status, 0, "who PATH, in a helper")
everything = inject("pidfd_open:error=ENOSYS", "pidfd_getfd:error=ENOSYS", "kcmp:error=ENOSYS",
                    "close_range:error=ENOSYS", "statx:error=ENOSYS")
for argv in (["ls", v.pid], ["ls", "--json", v.pid], ["show", "%d:10" % v.pid], ["why", v.pid],
             ["who", "%d:10" % v.pid], ["same"] + BOTH, ["peek", "%d:10" % v.pid],
             ["recover", "--list", v.pid], ["signal", v.pid, "0"]):
    r = filch(*argv, wrap=everything)
    ok(isinstance(r.status, int) and 0 <= r.status <= 4, "none of them: %s lives" % argv[0], r)
    if r.status:
        like(r.stdout + r.stderr, r"(^|\n)(filch %s: .*: .*|process .* refused by)" % argv[0],
             "and says why")
is_(v.cmd("eventfd-read 13") is not None, True, "the victim never noticed")
v.stop()
# ---- numbers that are no process, and a /proc that is none ----
tid = None
with Victim("pipe:fd=100,peer=101", thread=["eventfd:fd=110"]) as v:
    tid = v.ready["table_tid"]
    for argv in (["ls", tid], ["peek", "%d:100" % tid], ["why", tid]):
        r = filch(*argv)
        is_(r.status, 4, "%s: a thread's number is no target" % argv[0])
        like(r.stderr, r"thread of process %d\n.*%d/%d" % (v.pid, v.pid, tid), "it says whose")
r = filch("ls", "--proc", TMP)
is_((r.status, r.stdout), (1, ""), "a folder that is no proc filesystem")
like(r.stderr, r"no proc filesystem.*\n.*mount -t proc", "says so")
is_(filch("help", "--proc", TMP).status, 0, "help needs none")
if am_root():
    with Victim("pipe:fd=100,peer=101") as v:
        for hide in 1, 2:
            mount = "mount -t proc -o hidepid=%d proc /proc && exec \"$@\"" % hide
            hidden = lambda *a: in_ns("sh", "-c", mount, "sh", *as_nobody(*a))
            r = filch("show", "%d:100" % v.pid, wrap=hidden)
            is_(r.status, 3, "hidepid=%d: it is there, and we may not see it" % hide)
            like(r.stderr, "hidepid.*\n.*sudo filch", "and why")
        is_(filch("show", "%d:100" % (2 ** 22 - 1), wrap=hidden).status, 4, "what is not there is not")
else:
    skip("needs root: hidepid", 5)
done()
