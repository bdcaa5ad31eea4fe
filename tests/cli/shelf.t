#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# timeout: 300
"""hold, held, drop: what is held outlives its owner, the terminal and the client."""
import array
import json
import os
import pty
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

NOBODY = 65534
SHELF = os.path.join(TMP, "shelf")
os.environ["FILCH_SHELF"] = SHELF
HEAD = struct.Struct("=IHHiI")
MAGIC, VERSION = 0x5346494C, 1
ADD, LIST, GET, DROP = 1, 2, 3, 4


def held():
    r = filch("held", "--json", timeout=60)
    return [json.loads(line) for line in r.stdout.splitlines()]


def hold(*descs, **how):
    r = filch("hold", *descs, **how)
    if r.status:
        diag(r)
    return r.stdout.split()


def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect(os.path.join(SHELF, "socket"))  # blocking: it waits while the queue is full
    s.settimeout(20)
    return s


def shelf_pid():
    s = connect()
    pid = struct.unpack("iII", s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
    s.close()
    return pid


def gone(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def ask(s, op, ident=0, more=b"", fds=()):
    anc = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    s.sendmsg([HEAD.pack(MAGIC, VERSION, op, 0, ident) + more], anc)


def answered(s, limit=None):
    """Does it still answer?"""
    ask(s, DROP, 0)
    return HEAD.unpack(s.recv(65536)[:HEAD.size])[3] == -2


def cut_off(s):
    try:
        return s.recv(65536) == b""
    except ConnectionResetError:
        return True


# ---- what is held ----

is_(filch("held").status, 0, "nothing is held: an empty list")
ok(not os.path.exists(SHELF), "and nothing was started for it")
is_(filch("drop", "h1").status, 4, "drop of what is not there")

with Victim("pipe:fd=10,peer=11,text=queued", "file:fd=12,text=kept,deleted", "tcp:fd=13,peer=14",
            "dup:fd=15,of=12", "file:fd=20,name64=" + "Zm9vGwr/bmFtZQ==", "eventfd:fd=21,value=3"
            ) as v:
    is_(hold("%d:11" % v.pid, "%d:12" % v.pid), ["h1", "h2"], "hold prints their names")
    st = os.stat(SHELF)
    is_((st.st_mode & 0o7777, st.st_uid), (0o700, os.geteuid()), "the folder is ours alone")
    pid = shelf_pid()
    is_(os.getsid(pid) != os.getsid(0), True, "the shelf has a session of its own")
    is_(sorted(os.listdir("/proc/%d/fd" % pid), key=int)[:3], ["0", "1", "2"], "0, 1 and 2")
    is_({os.readlink("/proc/%d/fd/%d" % (pid, n)) for n in range(3)}, {"/dev/null"},
        "are /dev/null")
    is_(os.readlink("/proc/%d/cwd" % pid), "/", "it stands in no folder of ours")
    h = held()
    is_([sorted(x) for x in h], [sorted(
        ["id", "pid", "start", "comm", "fd", "kind", "name", "origin", "since", "last_holder"])] * 2,
        "the keys of held --json")
    is_([(x["id"], x["pid"], x["start"], x["fd"], x["kind"], x["origin"], x["last_holder"])
         for x in h], [("h1", v.pid, v.start, 11, "pipe", "running", False),
                       ("h2", v.pid, v.start, 12, "file", "running", False)], "and their values")
    r = filch("held")
    like(r.stdout, r"^h1 +%d:11 +victim +pipe +running +20\S+Z others too +write end\n"
         r"h2 +%d:12 .*others too +/.*\[deleted\]\n$" % (v.pid, v.pid), "for people: a line each")
    like(r.stderr, r"^filch held: pipe, while it is held: delays EOF.*\n"
         r"filch held: file, while it is held: .*freeing of space\n$", "what holding delays: once")
    r = filch("hold", "%d:10" % v.pid, "--audit", TMP + "/audit")
    with open(TMP + "/audit") as f:
        is_([json.loads(x)["operation"] for x in f], ["hold"], "--audit")
    filch("drop", r.stdout.strip())
    is_(filch("hold", "--read-only", "%d:10" % v.pid).status, 2, "--read-only")
    is_(filch("hold", "--dry-run", "%d:10" % v.pid).stdout, "", "--dry-run")
    is_(len(held()), 2, "neither did anything")

    # hN is a descriptor
    is_(hold("%d:10" % v.pid, "%d:20" % v.pid), ["h4", "h5"], "numbers are never used twice")
    is_(filch("same", "h2", "%d:12" % v.pid).stdout, "same-description\n", "same h2 and its owner's")
    is_(filch("same", "h2", "h4").stdout, "different\n", "same h2 h4")
    is_(filch("peek", "h4").stdout, "queued", "peek h4")
    is_(filch("exec", "h2=9", "--", "sh", "-c", "cat /proc/self/fd/9").stdout, "kept", "exec h2=9")
    like(filch("show", "h1").stdout, "kind +pipe", "show h1")
    h = json.loads(filch("show", "h2", "--json").stdout)["held"]
    is_((h["id"], h["pid"], h["start"], h["comm"], h["fd"], h["origin"], h["last_holder"]),
        ("h2", v.pid, v.start, "victim", 12, "running", False), "show h2 says where it came from")
    is_(json.loads(filch("show", "--json", "%d:12" % v.pid).stdout).get("held"), None,
        "of others there is nothing to say")
    like(filch("who", "h2").stdout, "%d" % v.pid, "who h2")
    is_(filch("show", "h99").status, 4, "h99 is not there")
    is_(hold("h2"), ["h6"], "a held one can be held again")
    is_(held()[-1]["pid"], v.pid, "and still is its first owner's")
    filch("drop", "h6")
    row = [x for x in held() if x["id"] == "h5"][0]
    is_(row["name_b64"] is not None, True, "a name that is no UTF-8 has its bytes beside it")
    filch("drop", "h5")

    h = hold("%d:13" % v.pid)[0]
    like(filch("held").stdout, r"%s .* tcp .* 127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+ ESTABLISHED\n" % h,
         "a socket: its ends, as in ls")
    r = filch("drop", h)
    is_((r.status, r.stderr), (0, ""), "drop of what others have: nothing to say")
    v.cmd("close 11")
    is_([(x["origin"], x["last_holder"]) for x in held() if x["id"] == "h1"], [("closed", True)],
        "the owner closed it: we are the last holder")
    v.cmd("close 12")
    is_([(x["origin"], x["last_holder"]) for x in held() if x["id"] == "h2"], [("closed", False)],
        "but not of what it duplicated")
    is_(v.cmd("poll 10")["hup"], 0, "a held write end delays end of file")
    filch("drop", "h1")
    v.cmd("readall 10")
    ok(wait_for(lambda: v.cmd("poll 10")["hup"]), "until it is dropped", v.cmd("poll 10"))
    v.kill()
    v.wait()
    is_([(x["id"], x["origin"], x["last_holder"]) for x in held()],
        [("h2", "exited", True), ("h4", "exited", True)], "the owner was killed")
    h = json.loads(filch("show", "h2", "--json").stdout)["held"]
    is_((h["origin"], h["last_holder"]), ("exited", True), "show h2 says so too")
    like(filch("held").stdout, r"h2 .*exited.*LAST HOLDER.*\n.*h4 .*exited.*LAST HOLDER",
         "and held for people")
    r = filch("drop", "--all")
    is_(r.status, 1, "drop --all drops no LAST HOLDER")
    like(r.stderr, r"h2 h4: not dropped.*no other visible process has them(.|\n)*--all --last",
         "and says which")
    is_(len(held()), 2, "they are held")
    like(filch("drop", "h4", "--dry-run").stderr, "which nobody else has", "drop --dry-run says so")
    r = filch("drop", "h4")
    is_(r.status, 0, "its name is consent")
    like(r.stderr, "h4: no other visible process had it", "and it is said")
    is_(filch("drop", "h2", "--last").status, 2, "--last goes with --all")
    is_(filch("exec", "h2=5", "--", "sh", "-c", "cat /dev/fd/5").stdout, "kept",
        "its deleted file is still there")

# One that is about to end has closed all, and is not gone yet: it has not "closed" it.
seen = set()
for i in range(20):
    p = subprocess.Popen([sys.executable, "-c", "import os\n"
                          "for i in range(3, 900): os.dup2(0, i)\nprint(0, flush=True)\n"
                          "os.read(0, 1)"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    p.stdout.readline()
    h = hold("%d:3" % p.pid)[0]
    p.kill()
    seen |= {x["origin"] for x in held() if x["id"] == h}
    p.wait()
    seen |= {x["origin"] + " after" for x in held() if x["id"] == h}
    p.stdin.close()
    p.stdout.close()
    filch("drop", h)
ok(seen <= {"running", "exited", "exited after"}, "killed just now: not closed", seen)
# Its first thread has ended, and others have it still.
p = subprocess.Popen([sys.executable, "-c", "import ctypes, os, threading, time\n"
                      "threading.Thread(target=time.sleep, args=(100,)).start()\n"
                      "print(0, flush=True)\nos.read(0, 1)\nctypes.CDLL(None).pthread_exit(None)"],
                     stdin=subprocess.PIPE, stdout=subprocess.PIPE)
p.stdout.readline()
h = hold("%d:0" % p.pid)
p.stdin.write(b"x")
p.stdin.flush()
wait_for(lambda: open("/proc/%d/stat" % p.pid).read().split(")")[1].split()[0] == "Z")
is_([x["origin"] for x in held() if [x["id"]] == h], ["running"], "the first thread ended: running")
p.kill()
p.wait()
filch("drop", *h)

with Victim("tcp:fd=10,listen,reuseport", "tcp:fd=11,listen") as v:
    r = filch("hold", "%d:10" % v.pid)
    like(r.stderr, "SO_REUSEPORT.*wait until somebody accepts", "a REUSEPORT listener: a warning")
    r2 = filch("hold", "%d:11" % v.pid)
    unlike(r2.stderr, "SO_REUSEPORT: once", "another: none")
    filch("drop", r.stdout.strip(), r2.stdout.strip())

# ---- its end ----

is_(filch("drop", "h2").status, 0, "drop h2")
is_(filch("drop", "--all", "--last").status, 0, "drop --all")
ok(wait_for(lambda: gone(pid), 15), "empty and alone, it ends")
is_(os.listdir(SHELF), ["lock"], "and leaves the lock only")
is_(filch("held").stdout, "", "nothing is held")

# ---- killed ----

with Victim("file:fd=10,text=a,name=precious", "pipe:fd=11,peer=12") as v:
    is_(hold("%d:10" % v.pid, "%d:11" % v.pid, "%d:12" % v.pid), ["h1", "h2", "h3"], "three")
    filch("drop", "h2")
    pid = shelf_pid()
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: gone(pid))
    r = filch("held")
    is_(r.status, 4, "the shelf was killed: the next command fails")
    like(r.stderr, r"held 2 descriptors since 20\d\d-.*gone.*h1 %d:10 file .*precious.*h3 %d:12 pipe"
         % (v.pid, v.pid), "and says what was lost, since when")
    unlike(r.stderr, "h2 ", "but not what had been dropped")
    is_(filch("held").status, 0, "it says so once")
    is_(hold("%d:10" % v.pid), ["h4"], "a stale name never means another descriptor")
    os.kill(shelf_pid(), signal.SIGKILL)
    r = filch("hold", "%d:11" % v.pid)
    is_((r.stdout, r.status), ("h5\n", 1), "hold says it too, and holds")
    like(r.stderr, "held 1 descriptor since", "one descriptor")
    pid = shelf_pid()
    os.kill(pid, signal.SIGHUP)
    is_(len(held()), 1, "SIGHUP does not end it")
    filch("drop", "--all", "--last")

    # ---- many starters ----
    wait_for(lambda: gone(pid), 15)
    procs = [subprocess.Popen([FILCH, "hold", "%d:10" % v.pid], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) for _ in range(24)]
    names = [p.communicate()[0].decode().strip() for p in procs]
    is_(len(set(names)), 24, "24 at once start one shelf")
    is_(len(held()), 24, "that has all 24")
    filch("drop", "--all", "--last")

    # ---- logout ----
    master, slave = pty.openpty()
    session = subprocess.Popen(
        [sys.executable, "-c",
         "import os,fcntl,signal,sys,termios,subprocess\n"
         "os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
         "subprocess.run([sys.argv[1], 'hold', sys.argv[2]])\n"
         "print('held it', flush=True)\n"
         "signal.pause()", FILCH, "%d:10" % v.pid],
        stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    seen = b""
    while b"held it" not in seen:
        seen += os.read(master, 4096)
    pid = shelf_pid()
    os.close(master)  # the terminal hangs up
    session.wait(10)
    is_(session.returncode, -signal.SIGHUP, "the session got SIGHUP")
    is_([x["origin"] for x in held()], ["running"], "what it held is still held")
    is_(shelf_pid(), pid, "by the same shelf")
    with open("/proc/%d/stat" % pid) as f:
        is_(f.read().rsplit(")", 1)[1].split()[4], "0", "which has no terminal")
    filch("drop", "--all", "--last")

    # ---- whose folder ----
    for what, make in (("open to others", lambda p: (os.mkdir(p), os.chmod(p, 0o755))),
                       ("a symbolic link", lambda p: os.symlink(SHELF, p)),
                       ("a file", lambda p: open(p, "w").close())):
        path = os.path.join(TMP, "other")
        make(path)
        r = filch("hold", "%d:10" % v.pid, env={"FILCH_SHELF": path})
        ok(r.status != 0 and r.stdout == "", "a folder that is %s is refused" % what, r)
        if os.path.isdir(path) and not os.path.islink(path):
            os.rmdir(path)
        else:
            os.unlink(path)
    if am_root():
        os.mkdir(path, 0o700)
        os.chown(path, NOBODY, NOBODY)
        r = filch("hold", "%d:10" % v.pid, env={"FILCH_SHELF": path})
        is_(r.status, 3, "so is one that belongs to somebody else")
        like(r.stderr, "belongs to user 65534", "and says to whom")
        with Victim("file:fd=10,text=theirs", wrap=as_nobody) as w:
            r = filch("hold", "%d:10" % w.pid, wrap=as_nobody, env={"FILCH_SHELF": path})
            is_(r.stdout, "h1\n", "which is fine for that somebody")
            r = filch("held", wrap=as_nobody, env={"FILCH_SHELF": path})
            like(r.stdout, "running", "whose shelf it is")
            filch("drop", "--all", "--last", wrap=as_nobody, env={"FILCH_SHELF": path})
    else:
        skip("needs root", 4)

# ---- hostile clients ----

soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
with Victim("file:fd=10,text=a") as v:
    hold("%d:10" % v.pid)
    pid = shelf_pid()
    before = len(os.listdir("/proc/%d/fd" % pid))
    watcher = connect()

    s = connect()
    s.send(b"GET / HTTP/1.1\r\n\r\n")
    ok(cut_off(s), "garbage: cut off")
    for n in (0, 1, 15, 17):
        s = connect()
        s.send(HEAD.pack(MAGIC, VERSION, ADD, 0, 0).ljust(17, b"x")[:n] or b"\0")
        if not cut_off(s):
            ok(False, "half a message of %d bytes" % n)
            break
    else:
        ok(True, "half a message: cut off")
    s = connect()
    s.send(HEAD.pack(MAGIC, VERSION + 1, LIST, 0, 0))
    is_(HEAD.unpack(s.recv(100))[3], -71, "another version is told so")
    s = connect()
    s.send(HEAD.pack(MAGIC, VERSION, 77, 0, 0))
    ok(cut_off(s), "an unknown request: cut off")
    s = connect()
    ask(s, ADD, more=b"\xff" * 80)
    ok(cut_off(s), "an item that lies about its lengths: cut off")
    s = connect()
    ask(s, ADD, more=bytes(60) + b"file".ljust(20, b"\0"))
    is_(HEAD.unpack(s.recv(100)[:16])[3], -9, "an item without a descriptor is refused")
    null = os.open("/dev/null", os.O_RDWR)
    for _ in range(20):
        s = connect()
        try:
            ask(s, LIST, fds=[null] * 253)
            s.recv(65536)
        except OSError:
            pass
        s.close()
    s = connect()
    for _ in range(50):
        ask(s, LIST, fds=[null])
        while len(s.recv(65536)) != HEAD.size:
            pass
    s.close()
    ok(wait_for(lambda: len(os.listdir("/proc/%d/fd" % pid)) <= before + 1),
       "descriptors nobody asked for are closed", os.listdir("/proc/%d/fd" % pid))
    # One who asks and never reads.
    deaf = [connect() for _ in range(20)]
    for s in deaf:
        s.setblocking(False)
        try:
            for _ in range(500):
                ask(s, LIST)
        except BlockingIOError:
            pass
    ok(answered(watcher), "one who never reads stops nobody else")
    for s in deaf:
        s.close()
    is_(shelf_pid(), pid, "the shelf is the same as before")
    is_(len(held()), 1, "with what it held")
    filch("drop", "--all", "--last")
    watcher.close()

# Somebody else, once the folder let them in: the credentials are asked all the same.
STRANGER = """
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.settimeout(10)
s.connect(sys.argv[1])
try:
    s.send(bytes.fromhex(sys.argv[2]))
    print(s.recv(100))
except OSError as e:
    print(b"")
"""
if am_root():
    with Victim("file:fd=10,text=a") as v:
        hold("%d:10" % v.pid)
        os.chmod(SHELF, 0o711)
        os.chmod(SHELF + "/socket", 0o777)
        r = run(as_nobody(sys.executable, "-c", STRANGER, SHELF + "/socket",
                          HEAD.pack(MAGIC, VERSION, LIST, 0, 0).hex()))
        is_(r.stdout, "b''\n", "another user is refused")
        os.chmod(SHELF, 0o700)
        filch("drop", "--all", "--last")
else:
    skip("needs root")

# ---- many ----

if hard < 12000:
    skip("the hard limit of open files is below 12000", 6)
else:
    with Victim("file:fd=100,text=a,count=9990", "pipe:fd=11000,peer=11001,count=5,stride=2",
                options=["--nofile", "12000"], limit=60) as v:
        began = time.monotonic()
        r = filch("hold", "%d:100-11009" % v.pid, timeout=120)
        took = time.monotonic() - began
        is_(len(r.stdout.split()), 10000, "10,000 descriptors are held")
        diag("hold of 10,000: %.2f s" % took)
        pid = shelf_pid()
        ids = r.stdout.split()
        errors = []

        def client(n):
            try:
                s = connect()
                s.settimeout(60)
                for k in range(3):
                    ask(s, GET, int(ids[(n * 7 + k) % 10000][1:]))
                    data, anc, _, _ = s.recvmsg(65536, socket.CMSG_SPACE(4))
                    got = array.array("i", anc[0][2][:4])[0]
                    os.close(got)
                clients.append(s)
            except (OSError, IndexError) as e:
                errors.append(e)

        stop = threading.Event()

        def hostile():
            while not stop.is_set():
                try:
                    s = connect()
                    s.send(os.urandom(64))
                    ask(s, LIST, fds=[0] * 100)
                    s.close()
                except OSError:
                    pass

        clients = []
        bad = threading.Thread(target=hostile)
        bad.start()
        began = time.monotonic()
        threads = [threading.Thread(target=client, args=(n,)) for n in range(1000)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        took = time.monotonic() - began
        is_((len(clients), errors[:3]), (1000, []), "1,000 clients at once, beside a hostile one")
        diag("1,000 clients, 3 requests each: %.2f s" % took)
        began = time.monotonic()
        n = len(held())
        diag("held --json of 10,000: %.2f s" % (time.monotonic() - began))
        is_(n, 10000, "all are listed while they are connected")
        stop.set()
        bad.join()
        for s in clients:
            s.close()
        with open("/proc/%d/status" % pid) as f:
            rss = int([x for x in f if x.startswith("VmRSS")][0].split()[1])
        diag("memory of the shelf: %d KiB" % rss)
        ok(rss < 64 * 1024 or os.environ.get("SANITIZE"), "the shelf is small", rss)
        is_(shelf_pid(), pid, "it is the same shelf")
        is_(filch("drop", "--all", "--last", timeout=120).status, 0, "all are dropped")
        ok(wait_for(lambda: gone(pid), 20), "and it ends")
done()
