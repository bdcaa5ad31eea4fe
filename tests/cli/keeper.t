#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""give --fdstore and examples/keeper.service with a real service manager."""
import os
import shutil
import signal
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

need_root()
need("unshare", "systemctl")
MANAGER = "/lib/systemd/systemd"
if not os.path.exists(MANAGER):
    skip_all("needs " + MANAGER)

with open("/proc/self/mountinfo") as f:
    V2 = [line.split()[4] for line in f if " - cgroup2 " in line]
if not V2:
    skip_all("no cgroup2 is mounted")
GROUP = os.path.join(V2[-1], "filch-test-%d" % os.getpid())
CONFIG = os.path.join(TMP, "config")
RUNTIME = os.path.join(TMP, "runtime")
UNIT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../examples/keeper.service")
ENV = dict(os.environ, XDG_CONFIG_HOME=CONFIG, XDG_RUNTIME_DIR=RUNTIME)
# It wants a system that runs systemd, and a cgroup hierarchy that is its own.
SETUP = """mount -t tmpfs none /run && mkdir -p /run/systemd/system &&
mount -t cgroup2 none /sys/fs/cgroup && exec %s --user --unit=basic.target""" % MANAGER


def systemctl(*args):
    return subprocess.run(["systemctl", "--user", "--no-pager", *args], env=ENV, timeout=30,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def shown(name):
    return systemctl("show", "--value", "-p", name, "keeper").stdout.strip()


def stored(n):
    return wait_for(lambda: shown("NFileDescriptorStore") == str(n), 10)


def main_pid(other_than):
    wait_for(lambda: shown("MainPID") not in ("0", other_than), 10)
    pid = shown("MainPID")
    # The shell of the unit is there once it has opened its FIFO.
    wait_for(lambda: filch("ls", pid, "-f", "fd = 0 and kind = fifo", "--json").stdout != "", 10)
    return pid


def environ(pid, name):
    with open("/proc/%s/environ" % pid) as f:
        return dict(x.split("=", 1) for x in f.read().split("\0") if "=" in x).get(name)


def contents(pid):
    """By name: the order is the manager's own."""
    names = (environ(pid, "LISTEN_FDNAMES") or "").split(":")
    return {name: filch("peek", "--offset", "0", "%s:%d" % (pid, 3 + i)).stdout
            for i, name in enumerate(names)}


WANTED = {"file-10": "first", "memfd-11": "second"}


try:
    os.mkdir(GROUP)
except OSError as e:
    skip_all("no cgroup can be made: %s" % e)
os.makedirs(os.path.join(CONFIG, "systemd/user"))
os.mkdir(RUNTIME, 0o700)
os.mkdir(os.path.join(CONFIG, "systemd/user/keeper.service.d"))
SAID = os.path.join(TMP, "said")
with open(os.path.join(CONFIG, "systemd/user/keeper.service.d/said.conf"), "w") as f:
    f.write("[Service]\nStandardError=append:%s\nEnvironment=PATH=%s\n" %
            (SAID, os.path.dirname(FILCH) + ":/usr/bin:/bin"))
shutil.copy(UNIT, os.path.join(CONFIG, "systemd/user/keeper.service"))


def enter():
    with open(os.path.join(GROUP, "cgroup.procs"), "w") as f:
        f.write(str(os.getpid()))


log = open(os.path.join(TMP, "log"), "w")
manager = subprocess.Popen(["unshare", "--mount", "--cgroup", "--propagation", "private", "--",
                            "sh", "-c", SETUP], env=ENV, stdin=subprocess.DEVNULL, stdout=log,
                           stderr=log, preexec_fn=enter)
try:
    if not wait_for(lambda: manager.poll() is not None or
                    systemctl("show", "-p", "Version").returncode == 0, 15) \
            or manager.poll() is not None:
        log.flush()
        skip_all("%s --user does not start here: %s" % (MANAGER, open(log.name).read()[-200:]))
    version = int(systemctl("--version").stdout.split()[1].split(".")[0])
    diag("systemd %d" % version)

    r = systemctl("start", "keeper")
    is_(r.returncode, 0, "the unit starts")
    v = Victim("file:fd=10,path=%s/a,text=first,deleted" % TMP, "memfd:fd=11,text=second")
    fifo = os.path.join(RUNTIME, "keeper")
    with open(fifo, "w") as f:
        f.write("%d:10\n" % v.pid)
    ok(stored(1), "what is written to its FIFO is given to the manager")
    with open(fifo, "w") as f:
        f.write("%d:99\n%d:11\n" % (v.pid, v.pid))
    ok(stored(2), "one that does not exist is no end of it")
    v.kill()

    before = main_pid("0")
    is_(systemctl("restart", "keeper").returncode, 0, "after the end of its owner, a restart")
    pid = main_pid(before)
    is_((environ(pid, "LISTEN_PID"), environ(pid, "LISTEN_FDS")), (pid, "2"),
        "the service has got both")
    is_(contents(pid), WANTED, "with their names and contents")

    os.kill(int(pid), signal.SIGKILL)
    after = main_pid(pid)
    is_not(after, pid, "killed, it is started again")
    is_(contents(after), WANTED, "and has got both again")

    if version >= 254:
        systemctl("enable", "keeper")
        systemctl("stop", "keeper")
        is_(shown("NFileDescriptorStore"), "2", "stopped, they are kept")
    else:
        skip("systemd %d gives them up at a stop" % version)

    with open(SAID) as f:
        said = f.read()
    like(said, r"descriptor 99 of process %d .*no such descriptor" % v.pid,
         "what went wrong is in the words of the unit")
finally:
    manager.terminate()
    try:
        manager.wait(20)
    except subprocess.TimeoutExpired:
        manager.kill()
        manager.wait()
    for folder, _, _ in list(os.walk(GROUP, topdown=False)):
        procs = os.path.join(folder, "cgroup.procs")
        wait_for(lambda: not open(procs).read(), 5)
        os.rmdir(folder)
done()
