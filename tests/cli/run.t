#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""run: a command as without filch, but what it had when it ended is taken."""
import json
import os
import signal
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

NONE = ["--only", "kind=memfd"]
OUT = os.path.join(TMP, "out")


def filch_run(*argv, options=None, **how):
    return filch("run", "-o", OUT, *(NONE if options is None else options), "--", *argv, **how)


def records(folder):
    with open(os.path.join(folder, "guard.jsonl")) as f:
        return [json.loads(line) for line in f]


# ---- the status, as shells give it ----

for command, want in (("exit 0", 0), ("exit 7", 7), ("exit 125", 125), ("kill -9 $$", 137),
                      ("kill -TERM $$", 143)):
    is_(filch_run("sh", "-c", command).status, want, "status of: " + command)
is_(filch_run("no-such-command").status, 127, "127: not found")
is_(filch_run("/etc/passwd").status, 126, "126: cannot be executed")
is_(filch("run").status, 125, "125: no command")
is_(filch("run", "-o", "/proc/no", "--", "true").status, 125, "125: nowhere to put it")
is_(filch("run", "--dry-run", "--", "sh", "-c", "exit 9").status, 0, "--dry-run runs nothing")

# ---- the command's world is ours ----

LOOK = """
import os, resource, signal, sys
print(sorted(int(f) for f in os.listdir("/proc/self/fd")), os.getpgrp() == int(sys.argv[1]),
      resource.getrlimit(resource.RLIMIT_NOFILE),
      [l.split()[1] for l in open("/proc/self/status") if l[:6] in ("SigBlk", "SigIgn")],
      os.environ.get("MARK"), sys.stdin.read())
"""


def look(wrap):
    def before():
        os.setpgid(0, 0)
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGCHLD])
    code = ["sh", "-c", 'exec "$@" $$', "sh"] + wrap + [sys.executable, "-c", LOOK]
    return subprocess.run(code, input="typed", capture_output=True, text=True, timeout=30,
                          preexec_fn=before, env=dict(os.environ, MARK="x")).stdout


alone = look([])
like(alone, r"True .*typed", "what a command sees")
is_(look([FILCH, "run", "-o", OUT] + NONE + ["--"]), alone,
    "descriptors, group, limit, signals, environment and input are the same under run")

# ---- what it had ----

MAKE = "import os; fd = os.memfd_create('m'); os.write(fd, b'kept'); os.dup2(fd, 50); %s"
for end, cause in (("os._exit(4)", {"exit": 4}), ("os.kill(os.getpid(), 9)", {"signal": "SIGKILL"}),
                   ("os.abort()", {"signal": "SIGABRT"})):
    folder = os.path.join(TMP, "made-" + end[3:7])
    r = filch("run", "-o", folder, *NONE, "--", sys.executable, "-c", MAKE % end)
    got = [x for x in records(folder) if x["fd"] == 50]
    is_([x["cause"] for x in got], [cause], end + ": taken, with the cause")
    with open(os.path.join(folder, got[0]["file"]), "rb") as f:
        is_(f.read(), b"kept", end + ": its contents")
    is_(r.stdout, "", end + ": standard output is the command's alone")

r = filch("run", "-o", os.path.join(TMP, "early"), "--", "/bin/true")
ok(len(records(os.path.join(TMP, "early"))) >= 3, "a command that ends at once is caught too")
r = filch("run", "-o", os.path.join(TMP, "kids"), "--children", *NONE, "--", "sh", "-c",
          sys.executable + " -c \"%s\"; true" % (MAKE % "pass"))
is_([x["fd"] for x in records(os.path.join(TMP, "kids")) if x["fd"] == 50], [50],
    "--children: what a child had")

# ---- signals to filch are for the command ----

# A shell would lose one that comes between its look for signals and its read(2).
WAIT = """import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
print("ready", flush=True)
signal.sigwait([signal.SIGTERM])
print("got")
sys.exit(3)"""
ends = os.pipe()
p = subprocess.Popen([FILCH, "run", "-o", OUT, *NONE, "--", sys.executable, "-c", WAIT],
                     stdout=subprocess.PIPE, text=True)
is_(p.stdout.readline(), "ready\n", "a command that waits")
p.send_signal(signal.SIGTERM)
is_((p.communicate(timeout=10)[0], p.returncode), ("got\n", 3), "SIGTERM is passed on")

# ---- SIGKILL of filch does not end the command ----

p = subprocess.Popen([FILCH, "run", "-o", OUT, *NONE, "--", "sh", "-c",
                      "echo $$; read x <&%d; echo $x" % ends[0]],
                     stdout=subprocess.PIPE, text=True, pass_fds=ends[:1])
pid = int(p.stdout.readline())
p.kill()
p.wait(10)
with open("/proc/%d/status" % pid) as f:
    like(f.read(), r"TracerPid:\t0\n", "after SIGKILL of filch nobody traces it")
os.write(ends[1], b"alive\n")
is_(p.stdout.readline(), "alive\n", "and it goes on")

# ---- a kernel without clone3 ----

if subprocess.run(["sh", "-c", "command -v strace"], capture_output=True).returncode == 0:
    r = run(["strace", "-qq", "-o", "/dev/null", "-e", "trace=clone3", "-e",
             "inject=clone3:error=ENOSYS", "--", FILCH, "run", "-o", OUT, *NONE, "--",
             "sh", "-c", "exit 6"])
    is_(r.status, 6, "without clone3")
else:
    skip("needs strace")

# ---- job control ----

try:
    import pexpect
except ImportError:
    pexpect = None
if pexpect is None:
    skip("needs pexpect", 6)
    done()

sh = pexpect.spawn("/bin/bash", ["--norc", "--noprofile", "-i"], encoding="utf-8", timeout=20,
                   env=dict(os.environ, PS1="$ ", TERM="dumb"), echo=False)
sh.expect_exact("$ ")
ECHO = os.path.join(TMP, "echo.py")
with open(ECHO, "w") as f:
    f.write("""import signal, sys
def stop(*_):
    print("int", flush=True)
    sys.exit(5)
signal.signal(signal.SIGINT, stop)
print("up", flush=True)
for line in sys.stdin:
    print("heard", line.strip(), flush=True)
""")
sh.sendline("%s run -o %s --only kind=memfd -- %s %s" % (FILCH, OUT, sys.executable, ECHO))
sh.expect("up\r\n")
ok(True, "a command at a terminal")
sh.sendline("one")
sh.expect("heard one")
ok(True, "reads from it")
sh.send("\x1a")
sh.expect("Stopped")
ok(True, "^Z: the shell has its terminal back")
sh.sendline("fg")
sh.sendline("two")
sh.expect("heard two")
ok(True, "fg: it goes on")
sh.send("\x03")
sh.expect("int\r\n")
ok(True, "^C reaches the command")
sh.expect_exact("$ ")
sh.sendline("echo status $?")
sh.expect(r"status (\d+)")
is_(sh.match.group(1), "5", "and its status the shell")
sh.sendline("exit")
sh.expect(pexpect.EOF)
sh.close()
done()
