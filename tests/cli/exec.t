#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""exec: what the command sees, at which numbers, and in which world."""
import itertools
import json
import os
import resource
import signal
import socket
import sys
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

# Says what it was born with: one JSON object.
PROBE = os.path.join(TMP, "probe.py")
with open(PROBE, "w") as f:
    f.write(r'''
import json, os, resource, sys
fds = {}
for n in os.listdir("/proc/self/fd"):
    try:
        fds[n] = os.readlink("/proc/self/fd/" + n)
    except OSError:
        pass
status = dict(l.rstrip("\n").split(":\t", 1) for l in open("/proc/self/status") if ":\t" in l)
out = json.dumps({
    "fds": fds, "blocked": status["SigBlk"], "ignored": status["SigIgn"], "pid": os.getpid(),
    "limit": resource.getrlimit(resource.RLIMIT_NOFILE),
    "env": {k: v for k, v in os.environ.items() if k.startswith(("LISTEN", "KEEP"))}})
open(sys.argv[1], "w").write(out)
''')


def probe(*descs, **how):
    """exec DESCS -- the probe: its report, or the result if there is none."""
    out = os.path.join(TMP, "report")
    if os.path.exists(out):
        os.unlink(out)
    options = how.pop("options", [])
    r = filch("exec", *options, *descs, "--", sys.executable, "-S", PROBE, out, **how)
    if not os.path.exists(out):
        raise RuntimeError("the probe did not run: %s" % (r,))
    with open(out) as f:
        report = json.load(f)
    report["result"] = r
    return report


with Victim("file:fd=10,text=ten", "file:fd=11,text=eleven", "pipe:fd=12,peer=13",
            "tcp:fd=14,listen", "file:fd=15,text=x,cloexec=0") as v:
    def link(n):
        return os.fsdecode(v.link(n))

    r = probe("%d:10" % v.pid, "%d:12" % v.pid)
    is_(r["result"].status, 0, "the command's status is passed on")
    is_({k: t for k, t in r["fds"].items() if int(k) > 2 and k in ("10", "12")},
        {"10": link(10), "12": link(12)}, "without =N: at the numbers they have")
    is_(sorted(r["fds"], key=int), ["0", "1", "2", "10", "12"], "and nothing else but 0, 1, 2")

    numbers = (3, 4, 5, 6)
    for perm in itertools.permutations((10, 11, 12, 14)):
        r = probe(*["%d:%d=%d" % (v.pid, fd, at) for fd, at in zip(perm, numbers)])
        got = tuple(r["fds"].get(str(at)) for at in numbers)
        if got != tuple(link(fd) for fd in perm):
            ok(False, "permutation %s" % (perm,), got)
            break
    else:
        ok(True, "all permutations of four onto the numbers that filch uses itself")

    r = probe("%d:13=1" % v.pid, "%d:10=0" % v.pid, "%d:11=2" % v.pid)
    is_([r["fds"][n] for n in "012"], [link(10), link(13), link(11)], "onto 0, 1 and 2")
    r = probe("%d:10=3" % v.pid, "%d:10=9" % v.pid, "%d:10=7" % v.pid)
    is_([r["fds"].get(n) for n in "397"], [link(10)] * 3, "one of them three times")

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    r = probe("%d:10" % v.pid, wrap=lambda *a: ["prlimit", "--nofile=321:%d" % hard] + list(a))
    is_(r["limit"], [321, hard], "the limit of open files is as it was found")
    high = min(hard, 1 << 16) - 1
    r = probe("%d:10=%d" % (v.pid, high))
    is_(r["fds"].get(str(high)), link(10), "as high a number as the hard limit allows")
    r = filch("exec", "%d:10=%d" % (v.pid, hard), "--", "true")
    is_(r.status, 125, "none above it")
    like(r.stderr, "hard limit", "and says why")

    trap = os.path.join(TMP, "world.sh")
    with open(trap, "w") as f:
        f.write("trap '' PIPE USR1\nexec \"$@\"\n")
    r = probe("%d:10" % v.pid, wrap=lambda *a: ["sh", trap] + list(a))
    sigpipe, sigusr1 = 1 << (signal.SIGPIPE - 1), 1 << (signal.SIGUSR1 - 1)
    is_(int(r["ignored"], 16) & sigusr1, sigusr1, "ignored signals stay ignored")
    r = run(["sh", "-c", "trap '' PIPE; exec \"$@\"", "sh", FILCH, "exec", "%d:10" % v.pid, "--",
             "grep", "SigIgn", "/proc/self/status"])
    is_(int(r.stdout.split()[1], 16) & sigpipe, sigpipe, "SIGPIPE ignored stays ignored")
    r = filch("exec", "%d:10" % v.pid, "--", "sh", "-c", "kill -PIPE $$")
    is_(r.status, -signal.SIGPIPE, "and not ignored stays deadly")
    block = ("import os,signal,sys; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2]);"
             "os.execv(sys.argv[1], sys.argv[1:])")
    r = run([sys.executable, "-c", block, FILCH, "exec", "%d:10" % v.pid, "--", "grep", "SigBlk",
             "/proc/self/status"])
    is_(int(r.stdout.split()[1], 16), 1 << (signal.SIGUSR2 - 1), "the signal mask too")

    os.environ["KEEP_ME"] = "yes"
    os.environ["LISTEN_FDS"] = "7"
    os.environ["LISTEN_PID"] = "1"
    r = probe("%d:10" % v.pid)
    is_(r["env"], {"KEEP_ME": "yes"}, "the environment stays, LISTEN_* of others goes")
    r = probe("%d:14" % v.pid, "%d:10" % v.pid, options=["--listen"])
    is_([r["fds"]["3"], r["fds"]["4"]], [link(14), link(10)], "--listen: from 3 on, in order")
    is_(r["env"], {"KEEP_ME": "yes", "LISTEN_PID": str(r["pid"]), "LISTEN_FDS": "2",
                   "LISTEN_FDNAMES": "tcp-14:file-10"}, "with the variables for the command itself")
    r = probe("%d:14" % v.pid, options=["--listen", "--names=http"])
    is_(r["env"]["LISTEN_FDNAMES"], "http", "--names")
    is_(filch("exec", "--listen", "--names=a:b", "%d:14" % v.pid, "--", "true").status, 125,
        "as many names as descriptors")
    del os.environ["LISTEN_FDS"], os.environ["LISTEN_PID"]

    # What filch says when 2 is the target's already goes to our own stderr.
    r = filch("exec", "%d:11=2" % v.pid, "--", "/nonexistent")
    is_(r.status, 127, "127: not found")
    like(r.stderr, "nonexistent", "and says so")
    with open("/proc/%d/fd/11" % v.pid) as f:
        is_(f.read(), "eleven", "not into the target's file")
    is_(filch("exec", "%d:11" % v.pid, "--", "/etc").status, 126, "126: cannot be executed")
    is_(filch("exec", "%d:11" % v.pid, "--", "sh", "-c", "exit 7").status, 7, "7 is the command's")
    is_(filch("exec", "%d:77" % v.pid, "--", "touch", TMP + "/ran").status, 125, "125: no such one")
    is_(filch("exec", "%d:11" % v.pid).status, 125, "125: no command")
    is_(filch("exec", "--", "true").status, 125, "125: no descriptor")
    is_(filch("exec", "%d:10,11=3" % v.pid, "--", "true").status, 125, "125: =N is for one")
    is_(filch("exec", "%d:10=3" % v.pid, "%d:11=3" % v.pid, "--", "touch", TMP + "/ran").status,
        125, "125: one number twice")
    is_(filch("exec", "%d:10=x" % v.pid, "--", "true").status, 125, "125: =x")
    is_(filch("exec", "%d:exe" % v.pid, "--", "true").status, 125, "125: exe has no number")
    r = probe("%d:exe=5" % v.pid)
    is_(r["fds"].get("5"), os.readlink("/proc/%d/exe" % v.pid), "but takes one")
    r = filch("exec", "--dry-run", "%d:10" % v.pid, "--", "touch", TMP + "/ran")
    is_((r.status, "hold" in r.stderr), (0, True), "--dry-run says the effect")
    is_(filch("exec", "--read-only", "%d:10" % v.pid, "--", "touch", TMP + "/ran").status, 125,
        "--read-only refuses")
    ok(not os.path.exists(TMP + "/ran"), "and none of these ran anything")
    log = os.path.join(TMP, "audit")
    filch("exec", "--audit", log, "%d:10" % v.pid, "--", "true")
    with open(log) as f:
        entry = json.loads(f.read())
    is_((entry["operation"], entry["effect"], entry["pid"], entry["fd"]), ("exec", "hold", v.pid, 10),
        "--audit")
    # The name as a target has '=' itself; the number comes after the last colon.
    with Victim("file:fd=10,text=named", options=["--comm", "keeper%d" % (os.getpid() % 1000)]) as w:
        r = probe("=keeper%d:10=8" % (os.getpid() % 1000))
        is_(r["fds"].get("8"), os.fsdecode(w.link(10)), "=NAME:FD=N")
done()
