#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Real programs, each from a private folder in a network of its own: every row has
a kind, and what ss(8), lsof(8) and fdinfo say of the same descriptors is the same."""
import glob
import json
import os
import re
import signal
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

need_root()
need("redis-server", "redis-cli", "nginx", "sqlite3", "ss", "lsof", "nsenter", "ip")
KINDS = set("""file dir symlink block char tty fifo pipe tcp udp udplite raw icmp unix netlink packet
vsock socket eventfd timerfd signalfd epoll inotify fanotify pidfd memfd secretmem io_uring bpf-prog
bpf-map bpf-link perf userfaultfd seccomp landlock fscontext mqueue namespace kvm dmabuf tun
anon""".split())
PG = max(glob.glob("/usr/lib/postgresql/*/bin") + [""])
# A network of its own, held by a shell that waits.
world = subprocess.Popen(["unshare", "--net", "--", "sh", "-c", "ip link set lo up; echo up; read x"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
assert world.stdout.readline() == b"up\n"
started = [world]


def there(*argv):
    return ["nsenter", "--net=/proc/%d/ns/net" % world.pid, "--"] + list(argv)


def start(*argv, **how):
    p = subprocess.Popen(there(*argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, cwd=TMP, start_new_session=True, **how)
    started.append(p)
    return p


def fields(path):
    with open(path) as f:
        return dict(re.findall(r"^(\w+):\s*(.*)$", f.read(), re.M))


def listen(port):
    out = run(there("ss", "-Hltn", "sport = :%d" % port)).stdout
    return str(port) in out


try:
    redis = start("redis-server", "--port", "7001", "--bind", "127.0.0.1", "--unixsocket",
                  TMP + "/redis.sock", "--dir", TMP, "--save", "", "--appendonly", "yes",
                  "--daemonize", "no")
    conf = os.path.join(TMP, "nginx.conf")
    os.makedirs(TMP + "/html")
    with open(TMP + "/html/index.html", "w") as f:
        f.write("hello\n")
    with open(conf, "w") as f:
        f.write("""daemon off; master_process on; worker_processes 2; user nobody nogroup;
pid %(t)s/nginx.pid; error_log %(t)s/error.log;
events { worker_connections 64; }
http { access_log %(t)s/access.log; client_body_temp_path %(t)s/b; proxy_temp_path %(t)s/p;
fastcgi_temp_path %(t)s/f; uwsgi_temp_path %(t)s/u; scgi_temp_path %(t)s/s;
server { listen 127.0.0.1:7002; root %(t)s/html; } }
""" % {"t": TMP})
    nginx = start("nginx", "-p", TMP, "-c", conf)
    wait_for(lambda: listen(7001) and listen(7002), 20)
    client = start(sys.executable, "-u", "-c", """
import asyncio, socket, sqlite3, selectors, tempfile, threading
a = socket.create_connection(("127.0.0.1", 7001)); a.sendall(b"SUBSCRIBE x\\r\\n"); a.recv(99)
b = socket.create_connection(("127.0.0.1", 7002))
c = socket.socket(socket.AF_UNIX); c.connect("redis.sock")
d = sqlite3.connect("py.db"); d.execute("create table t(x)"); d.execute("insert into t values (1)")
loop = asyncio.new_event_loop(); t = tempfile.TemporaryFile(); t.write(b"gone"); t.flush()
print("ready"); input()
""")
    assert client.stdout.readline() == b"ready\n"
    sql = start("sqlite3", "sq.db")
    sql.stdin.write(b"create table t(x); begin immediate; insert into t values (1); select 'ready';\n")
    sql.stdin.flush()
    assert sql.stdout.readline() == b"ready\n"
    shell = start("bash", "-c", "exec 9>log 8<<<here 7< <(tail -f log); coproc cat; echo ready; read x")
    assert shell.stdout.readline() == b"ready\n"
    postgres = None
    if os.path.exists(PG + "/pgbench"):
        data = os.path.join(TMP, "pg")
        os.makedirs(data)
        os.chown(data, 65534, 65534)
        r = run(as_nobody(PG + "/initdb", "-D", data, "-A", "trust", "-U", "nobody"), timeout=60)
        postgres = start(*as_nobody(PG + "/postgres", "-D", data, "-k", TMP, "-p", "5432",
                         "-c", "fsync=off"))
        ok(wait_for(lambda: run(there(PG + "/pgbench", "-h", TMP, "-U", "nobody", "-i", "-q",
                                      "postgres")).status == 0, 30), "postgres runs", r.stderr)
    workers = wait_for(lambda: run(["pgrep", "-P", str(nginx.pid)]).stdout.split(), 5)
    procs = {"redis": [redis.pid], "nginx": [nginx.pid] + [int(w) for w in workers],
             "python3": [client.pid], "sqlite3": [sql.pid], "bash": [shell.pid]}
    if postgres:
        procs["postgres"] = [postgres.pid] + [int(p) for p in
                                              run(["pgrep", "-P", str(postgres.pid)]).stdout.split()]
    else:
        skip("no postgres here", 4)
    pids = [p for group in procs.values() for p in group]
    got = rows(*pids)
    # postgres opens and closes files by itself: no two sources see the same moment of it.
    pids = [p for p in pids if p not in procs.get("postgres", [])]
    fds = {(r["pid"], r["fd"]): r for r in got if r["assoc"] == "fd" and r["pid"] in pids}

    for name, group in procs.items():
        mine = [r for r in got if r["pid"] in group]
        is_([r for r in mine if r["kind"] not in KINDS or r["error"]], [],
            "%s: %d rows, each of a kind, without an error" % (name, len(mine)))
        is_([r["name"] for r in mine if r["kind"] == "anon" and
             not re.match(r"anon_inode:|/dev/zero$|/SYSV|/\[aio\]$", r["name"])], [], "%s: anon is named by the kernel" % name)
        is_({r["fd"] for r in mine if r["assoc"] == "fd" and r["pid"] == group[0]},
            {int(n) for n in os.listdir("/proc/%d/fd" % group[0])}, "%s: no descriptor is missing" % name)

    # fdinfo and stat
    wrong = []
    for (pid, fd), r in fds.items():
        info = fields("/proc/%d/fdinfo/%d" % (pid, fd))
        st = os.stat("/proc/%d/fd/%d" % (pid, fd))
        dev = "%d:%d" % (os.major(st.st_dev), os.minor(st.st_dev))
        flags = int(info["flags"], 8)
        mine = (r["ino"], r["dev"], r["mnt_id"], r["pos"], r["cloexec"], "O_NONBLOCK" in r["flags"])
        want = (st.st_ino, dev, int(info["mnt_id"]), int(info["pos"]), bool(flags & 0o2000000),
                bool(flags & 0o4000))
        if mine != want:
            wrong.append((pid, fd, mine, want))
    is_(wrong, [], "fdinfo and stat agree on %d descriptors" % len(fds))

    # lsof
    out = run(["lsof", "-nP", "-F", "pfatin", "-p", ",".join(map(str, pids))], timeout=60).stdout
    pid = fd = None
    theirs = {}
    for line in out.splitlines():
        if line[0] == "p":
            pid = int(line[1:])
        elif line[0] == "f":
            fd = int(line[1:]) if line[1:].isdigit() else None
        elif fd is not None:
            theirs.setdefault((pid, fd), {})[line[0]] = line[1:]
    is_(set(theirs), set(fds), "lsof lists the same descriptors")
    types = {"REG": {"file"}, "DIR": {"dir"}, "CHR": {"char", "tty"}, "FIFO": {"pipe", "fifo"},
             "IPv4": {"tcp", "udp"}, "unix": {"unix"}}
    is_([(k, t["t"], fds[k]["kind"]) for k, t in theirs.items()
         if t.get("t") in types and fds[k]["kind"] not in types[t["t"]]], [], "lsof: the same types")
    is_([(k, t["i"], fds[k]["ino"]) for k, t in theirs.items() if t.get("i", "").isdigit() and
         int(t["i"]) != fds[k]["ino"]], [], "lsof: the same inodes")

    # ss
    lines = run(there("ss", "-Htanpe")).stdout.splitlines()
    sockets, differ = 0, []
    for line in lines:
        cols = line.split()
        inode = re.search(r"\bino:(\d+)", line)
        for pid, fd in re.findall(r"pid=(\d+),fd=(\d+)", line):
            r = fds.get((int(pid), int(fd)))
            if not r:
                continue
            sockets += 1
            d = r["detail"]
            state = cols[0].replace("ESTAB", "ESTABLISHED").replace("-", "_")
            remote = d.get("remote") if cols[0] != "LISTEN" else cols[4]
            if (d["local"], remote, d["state"], r["ino"]) != (cols[3], cols[4], state,
                                                              int(inode.group(1))):
                differ.append((line, d))
    ok(sockets >= 7, "ss names %d sockets of theirs" % sockets)
    is_(differ, [], "ss: addresses, state, inode")
    is_({k for k, r in fds.items() if r["kind"] == "tcp"} -
        {(int(p), int(f)) for line in lines for p, f in re.findall(r"pid=(\d+),fd=(\d+)", line)}, set(),
        "and no other")

    # Who is at the other end, and what was deleted.
    a = [r for r in fds.values() if r["pid"] == client.pid and r["detail"].get("remote") ==
         "127.0.0.1:7001"]
    is_([{p["pid"] for p in r["peers"]} for r in a], [{redis.pid}], "redis is at the other end")
    listener = [r for r in fds.values() if r["detail"].get("state") == "LISTEN" and
                r["pid"] in procs["nginx"]]
    is_({r["shares"] for r in listener}, {len(procs["nginx"])}, "nginx: all have one listener")
    r = filch("recover", client.pid, "-o", TMP + "/rec")
    files = [f for f in os.listdir(TMP + "/rec") if not f.endswith(".jsonl")]
    is_([open(TMP + "/rec/" + f).read() for f in files], ["gone"], "python's temporary file is recovered")
    r = filch("peek", "%d:8" % shell.pid)
    ok(r.status == 0, "a here-string", r)

    # Under load: rows come and go, but none without a kind, and nobody is disturbed.
    loads = [start("redis-benchmark", "-p", "7001", "-l", "-q", "-c", "20"),
             start(sys.executable, "-c", """
import urllib.request
while True: assert urllib.request.urlopen("http://127.0.0.1:7002/").read() == b"hello\\n"
""")]
    servers = [redis.pid, nginx.pid] + [int(w) for w in workers]
    if postgres:
        loads.append(start(PG + "/pgbench", "-h", TMP, "-U", "nobody", "-T", "300", "-c", "4", "postgres"))
        servers.append(postgres.pid)

    def family(pids):
        more = [int(p) for pid in pids for p in run(["pgrep", "-P", str(pid)]).stdout.split()]
        return pids + (family(more) if more else [])

    def busy(pid):
        with open("/proc/%d/stat" % pid) as f:
            return sum(map(int, f.read().rpartition(")")[2].split()[11:13]))

    before = {pid: busy(pid) for pid in servers}
    ok(wait_for(lambda: sum(busy(p) for p in servers) > sum(before.values()) + 20, 20), "under load")
    listed, unknown = 0, []
    for _ in range(8):
        for r in rows(*family(servers)):
            listed += 1
            if r["kind"] not in KINDS and not (r["error"] and r["error"]["errno"] in ("ESTALE", "ENOENT")):
                unknown.append(r)
    is_(unknown, [], "under load: each of %d rows has a kind" % listed)
    is_([p.args for p in loads + [redis, nginx, postgres] if p and p.poll() is not None], [],
        "nobody's client saw an error, all go on")

    locks = [k["mode"] for r in fds.values() if r["pid"] == sql.pid and r["name"].endswith("/sq.db")
             for k in json.loads(filch("show", "--json", "%d:%d" % (sql.pid, r["fd"])).stdout)["detail"]
             .get("locks", [])]
    ok("WRITE" in locks, "sqlite's lock", locks)
finally:
    for p in reversed(started):
        p.stdin.close()
        if p is not world and p.poll() is None:
            os.killpg(p.pid, signal.SIGTERM)
    for p in started:
        try:
            p.wait(5)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
done()
