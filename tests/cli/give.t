#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""give and take: descriptors over unix sockets, and to the service manager."""
import array
import json
import os
import select
import socket
import subprocess
import sys
import threading
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SOCK = os.path.join(TMP, "sock")
os.environ["FILCH_SHELF"] = os.path.join(TMP, "shelf")


def listens(path):
    with open("/proc/net/unix", errors="replace") as f:
        return any(line.split()[-1] == path and line.split()[3] == "00010000" for line in f)


def start(*argv):
    p = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if not wait_for(lambda: listens(argv[argv.index(SOCK)] if SOCK in argv else argv[2])):
        diag("nobody listens", argv)
    return p


with Victim("file:fd=10,text=ten", "pipe:fd=11,peer=12,text=queued", "tcp:fd=13,listen",
            "file:fd=14,name64=" + "Zm9vGwr/bmFtZQ==") as v:
    # our own receiver
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.bind(SOCK)
    s.listen()
    got = []

    def receive():
        c, _ = s.accept()
        while True:
            line, fds, flags, _ = socket.recv_fds(c, 65536, 8)
            if not line:
                break
            got.append((json.loads(line), fds, [os.fstat(fd).st_ino for fd in fds]))
            for fd in fds:
                os.close(fd)

    t = threading.Thread(target=receive)
    t.start()
    r = filch("give", "%d:10-11" % v.pid, "%d:14" % v.pid, "--to", SOCK)
    t.join(10)
    is_(r.status, 0, "give --to")
    is_([(h["pid"], h["start"], h["fd"], h["kind"], h["assoc"]) for h, _, _ in got],
        [(v.pid, v.start, 10, "file", "fd"), (v.pid, v.start, 11, "pipe", "fd"),
         (v.pid, v.start, 14, "file", "fd")], "one line of JSON for each")
    is_([len(f) for _, f, _ in got], [1, 1, 1], "one descriptor for each")
    is_([i for _, _, i in got],
        [[os.stat("/proc/%d/fd/%d" % (v.pid, n)).st_ino] for n in (10, 11, 14)], "the right ones")
    is_(got[2][0]["name_b64"] is not None, True, "a hostile name has its bytes beside it")
    s.close()
    r = filch("give", "%d:10" % v.pid, "--to", SOCK)
    is_(r.status, 4, "nobody listens")
    like(r.stderr, "filch take", "and says what to do")
    is_(filch("give", "%d:10" % v.pid).status, 2, "to whom?")
    is_(filch("give", "--to", SOCK).status, 2, "what?")
    is_(filch("give", "%d:10" % v.pid, "--to", SOCK, "--fdstore").status, 2, "one of the two")
    is_(filch("give", "%d:10" % v.pid, "--to", "/" + "x" * 120).status, 2, "a path too long")
    is_(filch("give", "--dry-run", "%d:10" % v.pid, "--to", SOCK).status, 0, "--dry-run")
    is_(filch("give", "--read-only", "%d:10" % v.pid, "--to", SOCK).status, 2, "--read-only")

    # take: what a dead listener left is replaced
    p = start(FILCH, "take", SOCK)
    is_(os.stat(SOCK).st_mode & 0o777, 0o600, "only we may connect to take")
    log = os.path.join(TMP, "audit")
    is_(filch("give", "--audit", log, "%d:10-12" % v.pid, "--to", SOCK).status, 0, "give to take")
    out, err = p.communicate(timeout=10)
    lines = [json.loads(x) for x in out.splitlines()]
    is_((p.returncode, [(x["id"], x["pid"], x["fd"], x["kind"]) for x in lines]),
        (0, [("h1", v.pid, 10, "file"), ("h2", v.pid, 11, "pipe"), ("h3", v.pid, 12, "pipe")]),
        "take puts them on the shelf and says so")
    with open(log) as f:
        is_([json.loads(x)["fd"] for x in f], [10, 11, 12], "--audit")
    ok(not os.path.exists(SOCK), "the socket is gone")
    is_(filch("peek", "h2").stdout, "queued", "what was given is the same pipe")
    held = [json.loads(x) for x in filch("held", "--json").stdout.splitlines()]
    is_([(h["pid"], h["origin"], h["last_holder"]) for h in held], [(v.pid, "running", False)] * 3,
        "held knows where they came from")
    p = start(FILCH, "take", SOCK)
    filch("give", "h1", "--to", SOCK)
    line = json.loads(p.communicate(timeout=10)[0])
    is_((line["id"], line["pid"], line["fd"]), ("h4", v.pid, 10), "a held one can be given")
    filch("drop", "--all", "--last")

    # take -- CMD
    log = os.path.join(TMP, "take-audit")
    p = start(FILCH, "take", SOCK, "--listen", "--audit", log, "--", "sh", "-c",
              'echo "$LISTEN_FDS $LISTEN_FDNAMES $((LISTEN_PID == $$))"; cat <&3')
    filch("give", "%d:10" % v.pid, "%d:13" % v.pid, "--to", SOCK)
    out, err = p.communicate(timeout=10)
    is_((p.returncode, out), (0, b"2 file-0:tcp-1 1\nten"), "take -- CMD")
    with open(log) as f:
        is_([(e["operation"], e["fd"]) for e in map(json.loads, f)], [("take", 10), ("take", 13)],
            "take -- CMD: --audit")
    v.cmd("lseek 10 0 set")
    name = "@filch-test-%d" % os.getpid()
    p = start(FILCH, "take", name, "--", "cat", "/dev/fd/3")
    is_(filch("give", "%d:10" % v.pid, "--to", name).status, 0, "an abstract socket")
    is_(p.communicate(timeout=10)[0], b"ten", "goes too")

    # hostile givers
    for what, send in (
            ("garbage", lambda c: c.send(b"\xff\x00garbage\n")),
            ("half a line", lambda c: c.send(b'{"pid":1')),
            ("a line without an end", lambda c: [c.send(b"x" * 65536) for _ in range(8)]),
            ("many descriptors at once",
             lambda c: socket.send_fds(c, [b'{"pid":1}\n'], [0] * 100)),
            ("a line without a descriptor", lambda c: c.send(b'{"pid":1}\n'))):
        p = start(FILCH, "take", SOCK)
        c = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        c.connect(SOCK)
        try:
            send(c)
        except OSError:
            pass
        c.close()
        out, err = p.communicate(timeout=10)
        ok(p.returncode == 1 and not out, "%s is a failure" % what, p.returncode, out, err)
    p = start(FILCH, "take", SOCK)
    c = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    c.connect(SOCK)
    for line in (b'{"pid":99999999999999999999,"fd":-1,"name":"a\\u001b[31m\\ud83d\\ude00",'
                 b'"comm":"' + b"c" * 200 + b'"}\n', b'{"pid":[1]}\n', b"{}\n",
                 b'{"name":"\\ud800"}\n', b'{"name":"x","name":"y"} trailing\n'):
        socket.send_fds(c, [line], [0])
    c.close()
    out, err = p.communicate(timeout=10)
    lines = [json.loads(x) for x in out.splitlines()]
    is_((p.returncode, len(lines)), (0, 5), "labels that lie are words, the descriptors are taken")
    is_((lines[0]["pid"], lines[0]["fd"], lines[0]["name"], len(lines[0]["comm"])),
        (0, None, "a\x1b[31m\U0001f600", 63), "what can be read is read")
    ok(b"\x1b" not in out, "and nothing of it reaches the terminal as it is", out)
    filch("drop", "--all", "--last")
    if am_root():
        p = start(FILCH, "take", SOCK)
        os.chmod(SOCK, 0o777)
        r = run(as_nobody(sys.executable, "-c",
                          "import socket,sys; c=socket.socket(socket.AF_UNIX)\n"
                          "c.connect(sys.argv[1]); c.settimeout(10); print(c.recv(1))", SOCK))
        is_(r.stdout, "b''\n", "another user is refused")
        filch("give", "%d:10" % v.pid, "--to", SOCK)
        out, err = p.communicate(timeout=10)
        is_(json.loads(out)["fd"], 10, "and we are still awaited")
        filch("drop", "--all", "--last")
    else:
        skip("needs root", 2)

    # the example
    p = subprocess.Popen([sys.executable, os.path.join(TOP, "examples", "receiver.py"), SOCK],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for(lambda: listens(SOCK))
    filch("give", "%d:10" % v.pid, "%d:13" % v.pid, "--to", SOCK)
    out, err = p.communicate(timeout=10)
    like(out, r"^file /.* is now descriptor \d+\ntcp socket:\[\d+\] is now descriptor \d+\n$",
         "examples/receiver.py")

    # a service manager
    for where in (os.path.join(TMP, "notify"), "@filch-notify-%d" % os.getpid()):
        m = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        m.bind("\0" + where[1:] if where[0] == "@" else where)
        m.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        messages = []

        def manage():
            while True:
                if not select.select([m], [], [], 10)[0]:
                    return
                data, fds, _, _ = socket.recv_fds(m, 4096, 64)
                messages.append((data, [os.fstat(fd).st_ino for fd in fds]))
                for fd in fds:
                    os.close(fd)
                if data.startswith(b"BARRIER"):
                    return

        t = threading.Thread(target=manage)
        t.start()
        r = filch("give", "%d:10" % v.pid, "%d:13" % v.pid, "--fdstore", env={"NOTIFY_SOCKET": where})
        t.join(15)
        is_((r.status, r.stderr), (0, ""), "give --fdstore")
        is_([(d, i) for d, i in messages[:2]],
            [(b"FDSTORE=1\nFDNAME=file-10\n", [os.stat("/proc/%d/fd/10" % v.pid).st_ino]),
             (b"FDSTORE=1\nFDNAME=tcp-13\n", [os.stat("/proc/%d/fd/13" % v.pid).st_ino])],
            "as sd_notify(3) says, at " + where[:1])
        is_(messages[2][0], b"BARRIER=1", "and waits until they were taken")
        m.close()
    is_(filch("give", "%d:10" % v.pid, "--fdstore", "--name=a:b",
              env={"NOTIFY_SOCKET": "/x"}).status, 2, "a name with a colon")
    r = filch("give", "%d:10" % v.pid, "--fdstore", env={"NOTIFY_SOCKET": ""})
    is_(r.status, 2, "no service manager")
    like(r.stderr, "NotifyAccess", "and says what the unit needs")
done()
