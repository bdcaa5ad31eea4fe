#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""why, and the sentence of every refusal: the right rule, the target, the reason, what to try."""
import json
import os
import resource
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

ME = str(os.getpid())
os.chmod(TMP, 0o1777)


def why(target, **options):
    r = filch("why", "--json", str(target), **options)
    try:
        return r.status, json.loads(r.stdout)
    except ValueError:
        return r.status, {"refused_by": r.stderr, "allowed": None}


def refused(name, target, desc, rule, words, **options):
    status, answer = why(target, **options)
    is_((status, answer.get("refused_by")), (3, rule), "%s: why names the rule" % name)
    is_(answer["allowed"], False, "%s: not allowed" % name)
    r = filch("dump", desc, "-o", TMP + "/out-refused", **options)
    ok(r.status != 0, "%s: a dump fails" % name)
    like(r.stderr, words, "%s: with the reason" % name)
    for left in ("/out-refused", "/out-refused.partial"):
        if os.path.exists(TMP + left):
            os.unlink(TMP + left)


# ---- allowed ----
with Victim("pipe:fd=100,peer=101,size=5") as v:
    status, answer = why(v.pid)
    is_((status, answer["allowed"], answer["verified"]), (0, True, True), "our own child")
    is_([r["rule"] for r in answer["rules"]],
        ["kernel", "seccomp", "exists", "kernel-thread", "thread-group", "uid", "gid",
         "capability", "dumpable", "capabilities", "yama", "lsm", "room", "attach"],
        "every rule, in the kernel's order")
    like(filch("why", str(v.pid)).stdout, r"process %d \(victim\): allowed\n" % v.pid, "in words")
is_(filch("why").status, 2, "a target is wanted")
is_(filch("why", "4194304").status, 4, "a process that is not there")

# ---- nothing there ----
with Victim("pipe:fd=100,peer=101") as v:
    r = filch("peek", "%d:555" % v.pid)
    is_(r.status, 4, "a number that is not open")
    like(r.stderr, r"descriptor 555 of process %d.*filch ls %d" % (v.pid, v.pid), "in words")
    zombie = v.cmd("zombie").get("pid")
    status, answer = why(zombie)
    is_((status, answer["refused_by"]), (3, "exists"), "a zombie")
    is_(filch("peek", "%d:0" % zombie).status, 4, "has no descriptors any more")
status, answer = why(2)
if status == 4:
    skip("no kernel threads in this pid namespace", 2)
else:
    is_((status, answer["refused_by"]), (3, "kernel-thread"), "a kernel thread")
    is_(filch("peek", "2:0").status, 4, "has no descriptors")

# ---- our own side ----
def small():
    resource.setrlimit(resource.RLIMIT_NOFILE, (9, 9))


def full():
    for fd in range(3, 9):
        os.dup2(0, fd)
        os.set_inheritable(fd, True)
    resource.setrlimit(resource.RLIMIT_NOFILE, (9, 9))


with Victim("pipe:fd=100,peer=101,size=5") as v:
    p = subprocess.run([FILCH, "peek", "%d:100" % v.pid], preexec_fn=full, close_fds=False,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    ok(p.returncode != 0, "our own table is full")
    if run(["strace", "-o", "/dev/null", "true"]).status == 0:
        for err, status, words in (("EMFILE", 1, "our own table.*full.*ulimit"),
                                   ("ENFILE", 1, "file-max"), ("ENOSYS", 1, "Linux 5.6"),
                                   ("EINVAL", 1, "flags"), ("EPERM", 3, "seccomp|lsm|refuses"),
                                   ("ESRCH", 4, "exited|ended"), ("EBADF", 4, "number")):
            r = run(["strace", "-f", "-o", "/dev/null", "-e",
                     "inject=pidfd_getfd:error=%s" % err, "--", FILCH, "peek", "%d:100" % v.pid])
            is_(r.status, status, "pidfd_getfd fails with %s: status" % err)
            like(r.stderr, "descriptor 100 of process %d .*(%s)" % (v.pid, words),
                 "%s is a sentence" % err)
        r = run(["strace", "-f", "-o", "/dev/null", "-e", "inject=pidfd_open:error=ENOSYS", "--",
                 FILCH, "peek", "%d:100" % v.pid])
        is_(r.status, 1, "without pidfd_open(2)")
        like(r.stderr, "signals only", "the refusal says what such a pidfd is good for")
    else:
        skip("errors are injected by strace, which may not trace here", 16)

if not am_root():
    skip("other users are for root", 1)
    done()

# ---- the ids, dumpable, capabilities ----
with Victim("pipe:fd=100,peer=101,size=5") as v:
    desc = "%d:100" % v.pid
    refused("another user", v.pid, desc, "uid", r"process %d" % v.pid, wrap=as_nobody)
with Victim("pipe:fd=100,peer=101,size=5", options=["--uid", "65534", "--gid", "1"]) as v:
    refused("another group", v.pid, "%d:100" % v.pid, "gid", "gid: ours", wrap=as_nobody)
with Victim("pipe:fd=100,peer=101,size=5", options=["--newuser"]) as v:
    refused("another user, in a namespace that we cannot see", v.pid, "%d:100" % v.pid, "uid",
            "uid: ours", wrap=as_nobody)
with Victim("pipe:fd=100,peer=101,size=5", options=["--dumpable", "0"], wrap=as_nobody) as v:
    refused("not dumpable", v.pid, "%d:100" % v.pid, "dumpable", "not dumpable", wrap=as_nobody)
    is_(why(v.pid)[0], 0, "which root may take")


def with_cap(*argv):
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=+net_raw",
            "--ambient-caps=+net_raw", "--"] + list(argv)


def no_ptrace(*argv):
    return ["setpriv", "--inh-caps=-all", "--bounding-set=-sys_ptrace", "--"] + list(argv)


with Victim("pipe:fd=100,peer=101,size=5", wrap=with_cap) as v:
    refused("more capabilities", v.pid, "%d:100" % v.pid, "capabilities",
            "capabilities that we lack", wrap=as_nobody)
with Victim("pipe:fd=100,peer=101,size=5") as v:
    r = run(["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace", "--", "sh", "-c",
             "exec %s why --json %d" % (FILCH, v.pid)])
    answer = json.loads(r.stdout)
    is_((r.status, answer.get("refused_by")), (3, "capabilities"),
        "root without CAP_SYS_PTRACE, target with it")

# ---- a right to take, and none to read the names ----
def only_ptrace(*argv):
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
            "--inh-caps=+sys_ptrace", "--ambient-caps=+sys_ptrace", "--"] + list(argv)


with Victim("pipe:fd=110,peer=111,size=50") as v:
    is_(why(v.pid, wrap=only_ptrace)[0], 0, "CAP_SYS_PTRACE alone may take")

# ---- Landlock around filch ----
with Victim("pipe:fd=100,peer=101,size=5") as v:
    probe = run([VICTIM, "--landlock", "--exec", FILCH, "why", "--json", str(v.pid)])
    try:
        answer = json.loads(probe.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        answer = None
    if answer is None:
        skip("no Landlock domain could be made: %s" % probe.stderr.strip())
    else:
        is_(answer.get("refused_by"), "lsm", "a Landlock domain around filch")
done()
