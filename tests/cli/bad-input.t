#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Words that nobody should write, targets that nobody can have, and worlds
without room: a clear error and the documented status, never a crash."""
import json
import os
import resource
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

v = Victim("file:fd=10,text=ten", "pipe:fd=11,peer=12", "file:fd=13,size=100K")
P = str(v.pid)


def clean(text):
    """No control character but the line's end, and no bidi mark."""
    return not [c for c in text if (ord(c) < 32 and c != "\n") or ord(c) == 127
                or 0x202a <= ord(c) <= 0x202e or 0x2066 <= ord(c) <= 0x2069]


def refuses(status, *argv, **how):
    r = filch(*argv, timeout=20, **how)
    name = " ".join(str(a) for a in argv)
    want = status if isinstance(status, tuple) else (status,)
    ok(r.status in want and r.stderr and clean(r.stderr), "%s: %s" % (want[0], ascii(name)[:70]), r)
    return r


# ---- words ----

for argv in (["frobnicate"], ["--frobnicate"], ["-Z"], ["ls", "--nope"], ["ls", "-Z"], [""],
             ["ls", "--json=yes"], ["ls", "-o"], ["ls", "--filter"], ["ls", "-o", ""],
             ["ls", "-o", "fd,,pid"], ["ls", "-s", "-"],
             ["ls", "-f", "kind="], ["ls", "-f", "(fd"], ["ls", "-f", "fd>>1"], ["ls", "-f", "fd)"],
             ["ls", "-f", "name~'['"], ["ls", "-f", "size>12Q"], ["ls", "--interval", "0"],
             ["ls", "--interval", "nan"], ["ls", "--interval", "-1"], ["ls", "--times", "x"],
             ["peek"], ["peek", "-n", "-5", P + ":10"], ["peek", "-n", "999999999999999999999", P + ":10"],
             ["peek", "-n", "x", P + ":10"], ["peek", "--queue", "both", P + ":10"],
             ["peek", "--offset", "-1", P + ":10"], ["dump"], ["dump", P + ":10"], ["same", P + ":10"],
             ["same"], ["same", P + ":10", P + ":*"], ["seek", P + ":10"], ["seek", P + ":10", "x"],
             ["seek", P + ":10", "0", "--whence", "middle"], ["signal", P], ["signal", P, ""],
             ["signal", P, "SIGNOPE"], ["signal", P, "65"], ["signal", P, "-1"],
             ["signal", P, "TERM", "--value", "99999999999"], ["signal", P, "RTMIN+99"], ["why"],
             ["why", P, P], ["show"], ["who"], ["drop", "h"], ["help", "frobnicate"],
             ["\x1b[2J\r\u202e"], ["ls", "\x1b]0;x\x07"], ["ls", "--\x1b[2J"],
             ["ls", "-f", "\x1b[2J="], ["ls", "-o", "\x1b[2J"]):
    refuses(2, *argv)
r = filch("ls", "-f", "kind=file and (fd>", P)
like(r.stderr, r"\n +\^", "a filter shows a caret under the fault")
r = filch("ls", "--filter", "fd=1 or " * 40 + "kind=foo" + " or comm=\"\u65e5\u672c\"" * 20)
said = r.stderr.splitlines()
ok(len(said) == 3 and len(said[1]) < 80 and said[1][len(said[2]) - 1:].startswith("foo"),
   "of a long one what is near", said)

# ---- targets and descriptors ----

for target in ("0", "-1", "-9999999999", "99999999999999999999", "4194305", "1e3", "0x10", " 1", "1 ",
               "x", "=", "/", "1/", "1/0", "@1", "1@", "1@-1", "1@x", "=" + "n" * 5000,
               "\udcff\udcfe", "é", "1\n2", P + "/" + P + "/1", "%s@99999999999999999999999" % P):
    refuses(2, "ls", target)
refuses(4, "ls", "4194303")
refuses(4, "ls", "=no such one")
refuses(4, "ls", "%s/%s" % (P, "4194303"))
refuses(4, "ls", "%s@1" % P)
for desc in (P, P + ":", P + ":x", P + ":-1", P + ":1-", P + ":5-1", P + ":1,,2", P + ":**",
             P + ":99999999999999999999", P + ":4294967296", P + ":2147483648", P + ":10:10", ":10",
             "h", "h-1", "h99999999999999", P + ":exe2", P + ":10 ", "\x1b:1", P + ":0x1"):
    refuses(2, "peek", desc)
for desc in (P + ":9999", P + ":2147483647"):
    refuses(4, "peek", desc)
refuses(4, "show", P + ":500-600")
refuses(2, "peek", P + ":500-600")
for verb in ("peek", "dump", "show", "seek", "read", "elf", "hold"):
    more = {"dump": ["-o", TMP + "/out"], "seek": ["0"]}.get(verb, [])
    refuses(4, verb, P + ":9999", *more)
r = filch("show", "--json", P + ":10", P + ":9999")
ok(r.status == 1 and json.loads(r.stdout)["fd"] == 10, "part of it failed: 1", r)
r = filch("ls", P, "4194303", "--json")
ok(r.status == 1 and json.loads(r.stdout.splitlines()[0])["pid"] == v.pid, "one of two targets", r)

# ---- targets that are strange ----

zombie = v.cmd("zombie")
zombie = zombie.get("pid") or zombie.get("zombie")
refuses(4, "ls", zombie)
refuses(4, "ls", "2")
refuses((4, 3), "show", "2:exe")
refuses(4, "peek", "%d:0" % zombie)
r = run(["sh", "-c", 'exec "$0" ls --json $$', FILCH])
is_(r.status, 0, "ourselves")
ok(all(json.loads(x)["comm"] == "filch" for x in r.stdout.splitlines()) and r.stdout, "are listed")
r = run(["sh", "-c", 'exec "$0" peek $$:0 <"$1"', FILCH, FILCH], binary=True)
is_((r.status, r.stdout[:4]), (0, b"\x7fELF"), "our own input can be peeked")
r = run(["sh", "-c", 'exec "$0" dump "$$:*" -o "$1"', FILCH, TMP + "/own"])
ok(r.status in (0, 1) and os.path.isdir(TMP + "/own"), "and all of ours dumped", r)
is_(run(["sh", "-c", 'exec "$0" why $$', FILCH]).status, 0, "why: always")
if am_root():
    with Victim("file:fd=10,text=inner", options=["--newpid"]) as w:
        is_(filch("peek", "%d:10" % w.pid).stdout, "inner", "in another pid namespace")
        is_([x["fd"] for x in rows(w.pid) if x["fd"] == 10], [10], "is listed")
    r = filch("ls", wrap=lambda *a: ["unshare", "--pid", "--fork", "--mount-proc", "--"] + list(a))
    is_(r.status, 0, "we in a pid namespace of our own")
    r = filch("ls", v.pid, wrap=lambda *a: ["unshare", "--pid", "--fork", "--"] + list(a))
    ok(r.status == 4 and "pid" in r.stderr, "with the /proc of another: 4", r)
    refuses(3, "ls", P, wrap=as_nobody)
    refuses(3, "peek", P + ":10", wrap=as_nobody)
    refuses(3, "signal", P, "TERM", wrap=as_nobody)
    r = filch("ls", "--json", wrap=as_nobody)
    ok(r.status == 0 and r.stdout, "everything, as nobody, is no failure", r.stderr)
else:
    skip("needs root", 8)

# ---- where it writes ----


def into(path, *argv):
    with open(path, "w") as out:
        p = subprocess.run([FILCH] + list(argv), stdin=subprocess.DEVNULL, stdout=out,
                           stderr=subprocess.PIPE, timeout=20)
    return p.returncode, p.stderr.decode()


for argv in (["ls"], ["ls", "--json", P], ["ls", "--summary"], ["show", P + ":10"], ["why", P],
             ["who", P + ":10"], ["same", P + ":10", P + ":10"], ["peek", P + ":10"],
             ["dump", P + ":10", "-o", "-"], ["dump", P + ":10", "-o", TMP + "/full"],
             ["recover", "--list", P, "--json"], ["help"], ["help", "ls"], ["--version"],
             ["ls", "--watch", "--interval", "0.01", P]):
    status, err = into("/dev/full", *argv)
    if argv[0] == "recover" and status == 0:
        continue  # it had nothing to say
    ok(status == 5 and "No space left" in err, "/dev/full: %s" % " ".join(argv[:2])[:30], status, err)
for how in "--json", "--hash=sha256":
    r = run(["sh", "-c", 'exec "$0" dump "$1" -o - "$2" 2>/dev/full', FILCH, P + ":10", how])
    is_(r.status, 5, "the result of a dump to standard output is lost: dump -o - " + how)
r = run(["sh", "-c", 'exec "$0" ls "$1" >&-', FILCH, P])
ok(r.status == 5 and "Bad file descriptor" in r.stderr, "no standard output", r)
r = run(["sh", "-c", 'exec "$0" ls "$1" <&-', FILCH, P])
ok(r.status == 0 and not r.stderr, "no standard input", r)
r = run(["sh", "-c", 'exec "$0" ls "$1" 2>&-', FILCH, P])
is_(r.status, 0, "no standard error")
r = run(["sh", "-c", 'exec "$0" ls nope 0<&- 1>&- 2>&-', FILCH])
is_(r.status, 2, "none of the three")
r = run(["sh", "-c", 'exec "$0" dump "$1" -o "$2" 0<&- 1>&- 2>&-', FILCH, P + ":10", TMP + "/three"])
with open(TMP + "/three", "rb") as f:
    is_((r.status, f.read()), (5, b"ten"), "and what is written goes where it should: 5, for the sum")
for argv in ("ls", "ls --json", "peek %s:13" % P, "dump %s:13 -o -" % P, "help"):
    r = run(["bash", "-c", '"$0" %s | head -c 1 >/dev/null; exit ${PIPESTATUS[0]}' % argv, FILCH])
    ok(r.status in (0, 141) and not r.stderr, "| head is quiet: %s" % argv.split()[0], r)

# ---- little room ----

for n in (16, 10, 8):
    small = lambda *a: ["prlimit", "--nofile=%d:%d" % (n, n), "--"] + list(a)
    for argv in (["ls", "--json", P], ["ls", "--json"], ["show", P + ":10"], ["peek", P + ":10"],
                 ["who", P + ":10"], ["recover", "--list", P], ["dump", P + ":10", "-o", TMP + "/s%d" % n]):
        r = filch(*argv, wrap=small)
        good = r.status == 0 or (r.status in (1, 3, 4, 5) and "open files" in r.stderr)
        ok(isinstance(r.status, int) and good, "%d descriptors: %s" % (n, argv[0]), r.status, r.stderr)
whole = {x["pid"] for x in rows()}
r = filch("ls", "--json", wrap=lambda *a: ["prlimit", "--nofile=8:8", "--"] + list(a))
some = {json.loads(x)["pid"] for x in r.stdout.splitlines()}
ok(v.pid in some and 1 in some, "no process is left out for want of room", sorted(whole - some))
if os.environ.get("SANITIZE"):
    skip("the sanitizer itself needs much memory")
else:
    r = filch("ls", P, wrap=lambda *a: ["prlimit", "--as=60000000", "--"] + list(a))
    ok(r.status in (0, 1, 127), "little memory", r)
is_(v.cmd("pos 10")["pos"], 0, "and the victim never noticed")
v.stop()
done()
