#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The worlds that README.md's blocks are run in; make.py starts this in new
namespaces: scenes.py SCENE, with the blocks' commands as JSON on stdin. Prints
what each block shows. Exits 77 if the scene cannot be set here.

Everybody's pid is chosen, so that the text can name it; files are in /srv."""

import json
import os
import select
import signal
import subprocess
import sys

FILCH = os.path.realpath(os.environ["FILCH"])
BUILD = os.environ.get("BUILD") or os.path.dirname(FILCH)
HERE = "/srv/bin/filch"
LIMIT = 30  # seconds for a command
ENV = {"PATH": "/srv/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/srv", "LC_ALL": "C.UTF-8",
       "TZ": "UTC0", "FILCH_SHELF": "/srv/shelf"}
PYTHON = "/usr/bin/python3"
CHILDREN = []


class CannotBe(Exception):
    pass


def do(*argv):
    if subprocess.run(argv, check=False, stdout=subprocess.DEVNULL).returncode:
        raise CannotBe(" ".join(argv))


def wait_until(condition, seconds=10):
    for _ in range(seconds * 100):
        if condition():
            return
        select.select([], [], [], 0.01)
    raise TimeoutError("waited too long")


def next_pid(pid):
    with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as f:
        f.write(str(pid - 1))


def start(pid, argv, keep=False, **how):
    """ARGV as process PID; KEEP: its input never ends."""
    how = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **how}
    next_pid(pid)
    p = subprocess.Popen(argv, stdin=subprocess.PIPE if keep else subprocess.DEVNULL, cwd="/srv",
                         env=ENV, **how)
    if p.pid != pid:
        raise CannotBe(f"pid {pid}")
    CHILDREN.append(p)
    return p


def write(path, text, mode=0o644):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)


def world():
    """A folder of our own, a loopback, and filch in the PATH."""
    do("mount", "--make-rprivate", "/")
    do("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/srv")
    do("ip", "link", "set", "lo", "up")
    os.mkdir("/srv/bin")
    do("cp", FILCH, HERE)  # where everybody may execute it
    do("cp", f"{BUILD}/tests/demo", "/srv/bin/shop")
    do("hostname", "shop")


def shop():
    """The demonstration of make run: 4121, and 4122 the cashier."""
    os.mkdir("/srv/shop")
    p = start(4121, ["/srv/bin/shop", "/srv/shop"], stdout=subprocess.PIPE)
    if not p.stdout.readline():
        raise CannotBe("the shop did not open")
    next_pid(4200)


LEAKING = """
import os, select
while True:
    for n in range(4):
        os.eventfd(0)
    select.select([], [], [], 0.1)
"""


def leak():
    """5210 forgets some forty eventfds a second."""
    write("/srv/bin/api-server", f"#!{PYTHON}\n{LEAKING}", 0o755)
    start(5210, ["/srv/bin/api-server"])
    wait_until(lambda: len(os.listdir("/proc/5210/fd")) > 8)


FILELESS = """
import os
fd = os.memfd_create("kworker")
os.write(fd, open("/usr/bin/cat", "rb").read())
os.execve(fd, ["kworker/0:1"], {})
"""


def fileless():
    """5310 runs from memory, by a name of the kernel's."""
    p = start(5310, [PYTHON, "-c", FILELESS], keep=True)
    wait_until(lambda: "memfd" in os.readlink(f"/proc/{p.pid}/exe"))


ANSWER = """
import os, socket
listener = socket.socket(fileno=3)
while True:
    with listener.accept()[0] as client:
        client.recv(1 << 16)
        client.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\nthe %s server, process %d\\n" % (
            NAME, os.getpid()))
"""


def web():
    """5110 answers at port 8080; new-server would answer at descriptor 3."""
    write("/srv/new-server", f"#!{PYTHON}\nNAME = b'new'\n{ANSWER}", 0o755)
    write("/srv/old-server", f"#!{PYTHON}\nNAME = b'old'\nimport socket\n"
          "s = socket.create_server(('127.0.0.1', 8080))\nassert s.fileno() == 3\n"
          f"s.detach()\n{ANSWER}", 0o755)
    p = start(5110, ["/srv/old-server"])
    wait_until(lambda: ":1F90" in open("/proc/net/tcp", encoding="ascii").read() or p.poll())
    next_pid(5120)


SCENES = {"shop": shop, "death": shop, "crash": shop, "json": shop, "leak": leak, "fileless": fileless, "web": web}


def started(pid, command):
    """Has a command in the background come to what it is to do?"""
    exe, words = os.path.realpath(f"/proc/{pid}/exe"), command.split()
    if exe == os.path.realpath("/bin/bash") or words[:2] == ["filch", "exec"] and exe == HERE:
        return False
    if words[:2] != ["filch", "guard"]:
        return True
    with open(f"/proc/{words[2]}/status", encoding="utf-8") as f:
        return "TracerPid:\t0\n" not in f.read()


def run(command):
    """What a reader sees of one line."""
    if command.endswith(" &"):
        p = subprocess.Popen(["bash", "-c", "exec " + command[:-2]], cwd="/srv", env=ENV,
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        wait_until(lambda: started(p.pid, command))
        return ""
    ended = [c for c in CHILDREN if command.split()[0] == "kill" and str(c.pid) in command.split()]
    out = open("/srv/.shown", "w+b")  # a file, for who stays behind must not keep a pipe
    subprocess.run(["bash", "-c", command], cwd="/srv", env=ENV, stdin=subprocess.DEVNULL,
                   stdout=out, stderr=out, timeout=LIMIT, check=False)
    for child in ended:
        child.wait(LIMIT)
    out.seek(0)
    text = out.read().decode("utf-8", "replace")
    out.close()
    os.unlink("/srv/.shown")
    return text if not text or text.endswith("\n") else text + "\n"


def main(scene):
    blocks = json.load(sys.stdin)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        world()
        SCENES[scene]()
    except (CannotBe, OSError) as e:
        print(f"scene {scene}: {e}", file=sys.stderr)
        return 77
    print(json.dumps(["".join(f"$ {c}\n{run(c)}" for c in commands) for commands in blocks]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
