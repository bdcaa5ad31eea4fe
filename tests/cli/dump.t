#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# timeout: 240
"""dump: exact bytes, names, holes, ranges, resuming, following, and what goes wrong."""
import hashlib
import json
import mmap
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

ME = os.getpid()
OUT = os.path.join(TMP, "out")
PARTIAL = OUT + ".partial"


def clean():
    for name in os.listdir(TMP):
        if name.startswith("out") and os.path.isfile(os.path.join(TMP, name)):
            os.unlink(os.path.join(TMP, name))


def dump(desc, *more, **options):
    return filch("dump", desc, "-o", OUT, *more, **options)


def record(r):
    return json.loads((r.stdout or r.stderr).splitlines()[0])


def content(path=OUT):
    with open(path, "rb") as f:
        return f.read()


def sha(data):
    return hashlib.sha256(data).hexdigest()


def deleted_file(data, mode="w+b"):
    f = open(os.path.join(TMP, "source"), mode)
    os.unlink(os.path.join(TMP, "source"))
    f.write(data)
    f.flush()
    return f


# ---- bytes, hashes, names ----
data = os.urandom(700001)
f = deleted_file(data)
f.seek(1234)
me = "%d:%d" % (ME, f.fileno())
r = dump(me)
is_(r, (0, "%s  %s\n" % (sha(data), OUT), ""), "the hash on stdout as sha256sum writes it")
is_(content(), data, "the bytes are those of the deleted file")
is_(os.stat(OUT).st_mode & 0o7777, 0o600, "only we may read it")
is_(f.tell(), 1234, "the offset stays")
is_(run(["sha256sum", "-c", "-"], stdin=r.stdout).status, 0, "sha256sum -c agrees")

r = dump(me)
is_(r.status, 5, "a file that is there is not replaced")
like(r.stderr, "out.*File exists.*--force", "and what to do is said")
r = dump(me, "--force", "--hash", "sha512,md5,sha1")
is_(r.status, 0, "--force replaces it")
is_(r.stdout.splitlines(), ["SHA512 (%s) = %s" % (OUT, hashlib.sha512(data).hexdigest()),
                            "SHA1 (%s) = %s" % (OUT, hashlib.sha1(data).hexdigest()),
                            "MD5 (%s) = %s" % (OUT, hashlib.md5(data).hexdigest())],
    "other hashes with their tag")
is_(run(["sha512sum", "-c", "--ignore-missing"], stdin=r.stdout.splitlines()[0]).status, 0,
    "sha512sum -c reads it")
is_(dump(me, "--force", "--hash", "none").stdout, "", "no hash, no line")
is_(content(), data, "the kernel's copy has the same bytes")
is_(dump(me, "--hash", "crc").status, 2, "an unknown hash is a usage error")
is_(filch("dump", me).status, 2, "where to must be said")
is_(filch("dump", me, "-o", "-", "--resume").status, 2, "a stream cannot be resumed")
clean()

odd = os.path.join(TMP, "out\\a\nb")
r = filch("dump", me, "-o", odd)
is_(run(["sha256sum", "-c", "-"], stdin=r.stdout).status, 0, "odd names are escaped as sha256sum does")
os.unlink(odd)

r = filch("dump", me, "-o", "-", binary=True)
is_((r.status, r.stdout), (0, data), "to standard output")
is_(r.stderr, "%s  -\n" % sha(data), "then the hash is on standard error")

os.symlink("elsewhere", PARTIAL)
is_(dump(me).status, 5, "no symbolic link is followed")
ok(not os.path.exists(os.path.join(TMP, "elsewhere")), "nothing was made there")
os.unlink(PARTIAL)

# ---- ranges ----
for text, want in (("100-200", data[100:200]), ("0-5,10-12,700000-", data[:5] + data[10:12] + data[-1:]),
                   ("-4K", data[:4096]), ("700000-9G", data[700000:]), ("1G-", b"")):
    is_((dump(me, "--range", text, "--force").status, content()), (0, want), "--range " + text)
is_(dump(me, "--range", "5", "--force").status, 2, "a range has two ends")
is_(dump(me, "--range", "5-3", "--force").status, 2, "in order")
dump(me, "--max-bytes", "64K", "--force")
is_(content(), data[:65536], "--max-bytes")
dump(me, "--max-bytes", "1000", "--range", "10-20,500-", "--force")
is_(content(), data[10:20] + data[500:1490], "--max-bytes over ranges")

# ---- resuming ----
clean()
for name, there in (("a prefix", data[:300000]), ("all of it", data), ("nothing", b""),
                    ("wrong bytes", data[:1000] + b"X" * 5000 + data[6000:300000]),
                    ("too much", data + b"tail" * 1000)):
    with open(PARTIAL, "wb") as p:
        p.write(there)
    is_(dump(me).status, 5, "an unfinished dump is not lost by chance (%s)" % name)
    r = dump(me, "--resume", "--json")
    is_((r.status, content() == data, record(r).get("sha256")), (0, True, sha(data)),
        "--resume on %s" % name)
    if name == "a prefix":
        ok(record(r)["resumed"] >= 262144, "what was there and right is not written again")
    clean()

# ---- holes ----
g = deleted_file(b"")
g.truncate(300 << 20)
for at in (0, 1 << 20, (300 << 20) - 5000):
    os.pwrite(g.fileno(), b"data" * 1000, at)
where = "%d:%d" % (ME, g.fileno())
r = dump(where, "--json", "--hash", "none")
rec = record(r)
is_((os.stat(OUT).st_size, rec["size"]), (300 << 20, 300 << 20), "the size of a sparse file")
ok(os.stat(OUT).st_blocks <= os.fstat(g.fileno()).st_blocks * 1.1, "its holes are holes again",
   os.stat(OUT).st_blocks, os.fstat(g.fileno()).st_blocks)
ok(sum(e["length"] for e in rec["extents"]) < 1 << 20 and len(rec["extents"]) == 3,
   "the record has its extents", rec["extents"])
is_(rec["copied"], sum(e["length"] for e in rec["extents"]), "and how much was copied")
ok(run(["cmp", OUT, "/proc/%d/fd/%d" % (ME, g.fileno())]).status == 0, "bytes are equal")
clean()
with open(PARTIAL, "wb") as p:
    p.write(b"Z" * (1 << 21))
r = dump(where, "--resume", "--hash", "none")
ok(run(["cmp", OUT, "/proc/%d/fd/%d" % (ME, g.fileno())]).status == 0,
   "a resumed file has holes where data was by mistake")
clean()
g.close()

# ---- following ----
def follow(*more):
    p = subprocess.Popen([FILCH, "dump", "-o", OUT, "--follow", "--json"] + list(more),
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return p


def ended(p):
    out, err = p.communicate(timeout=20)
    return p.returncode, json.loads(out.splitlines()[0]) if out else err.decode()


with Victim("file:fd=100,size=10K,mode=wa,deleted") as v:
    p = follow("%d:100" % v.pid)
    wait_for(lambda: os.path.exists(PARTIAL) and os.stat(PARTIAL).st_size == 10240)
    for i in range(20):
        v.cmd("append 100 %d" % (1000 + i))
    wait_for(lambda: os.stat(PARTIAL).st_size == 10240 + 20190)
    is_(p.poll(), None, "it goes on while the writer has it open")
    v.cmd("append 100 77")
    v.cmd("close 100")
    status, rec = ended(p)
    is_((status, rec["followed_until"]), (0, "last writer closed"), "until the last writer closes")
    is_(content(), pattern(1, 10240 + 20190 + 77), "to the last byte")
    is_(rec["sha256"], sha(content()), "with the hash of all of it")
clean()
with Victim("file:fd=100,size=1000,mode=wa,deleted") as v:
    p = follow("%d:100" % v.pid)
    wait_for(lambda: os.path.exists(PARTIAL) and os.stat(PARTIAL).st_size == 1000)
    v.cmd("append 100 5000")
    v.kill()
    v.wait()
    status, rec = ended(p)
    is_((status, rec["size"]), (0, 6000), "until the target exits, nothing lost")
clean()
with Victim("file:fd=100,size=1000,mode=wa,deleted") as v:
    p = follow("%d:100" % v.pid)
    wait_for(lambda: os.path.exists(PARTIAL) and os.stat(PARTIAL).st_size == 1000)
    p.send_signal(signal.SIGINT)
    status, rec = ended(p)
    is_((status, rec["followed_until"], rec["complete"]), (0, "stopped", True),
        "^C is a regular end of following")
    clean()
    p = follow("%d:100" % v.pid)
    wait_for(lambda: os.path.exists(PARTIAL) and os.stat(PARTIAL).st_size == 1000)
    v.cmd("truncate 100 10")
    v.cmd("close 100")
    status, rec = ended(p)
    is_((status, rec["size"], rec["unstable"]), (1, 10, [{"offset": 10, "length": 990}]),
        "a file that is cut while followed is reported, and the dump is what is there")
    is_((content(), rec["sha256"]), (pattern(1, 10), sha(pattern(1, 10))), "hash included")
clean()
r = filch("dump", "%d:0" % ME, "-o", OUT, "--follow")
is_(r.status, 1, "a device is not followed")
with open("/proc/self/status") as s:
    r = filch("dump", "%d:%d" % (ME, s.fileno()), "-o", OUT, "--follow")
    is_((r.status, os.path.exists(OUT)), (1, False), "nor is what the kernel makes up")
    like(r.stderr, "does not grow", "with the reason")
clean()

with Victim("file:fd=100,size=20000,mode=rwa,deleted") as v:
    for signum in (signal.SIGINT, signal.SIGTERM):
        p = follow("%d:100" % v.pid)
        wait_for(lambda: os.path.exists(PARTIAL) and os.stat(PARTIAL).st_size >= 20000)
        os.kill(p.pid, signal.SIGSTOP)
        v.cmd("truncate 100 0")
        v.cmd("write 100 something else, until %s" % signum.name)
        v.cmd("append 100 20000")
        os.kill(p.pid, signal.SIGCONT)
        p.send_signal(signum)
        status, rec = ended(p)
        is_((status, rec["followed_until"], len(rec["unstable"])), (1, "stopped", 1),
            "written anew unseen: told when the user stops it by %s" % signum.name)
        clean()
with Victim("file:fd=100,size=3000,mode=wa,deleted") as v:
    p = follow("%d:100" % v.pid, "--range", "4000-5000")
    wait_for(lambda: os.path.exists(PARTIAL))
    v.cmd("append 100 500")
    v.cmd("append 100 9500")
    status, rec = ended(p)
    is_((status, rec["size"], rec["unstable"]), (0, 1000, []), "a range that is yet to come")
    is_(content(), pattern(1, 1000, 4000), "is followed until it is there")
    clean()
    is_(filch("dump", "%d:100" % v.pid, "-o", OUT, "--follow", "--range", "0-5,7-9").status, 2,
        "several are not followed")
with Victim("file:fd=100,size=20000,mode=wa,deleted") as v:
    p = follow("%d:100" % v.pid)
    wait_for(lambda: os.path.exists(PARTIAL) and os.stat(PARTIAL).st_size == 20000)
    v.cmd("truncate 100 10")
    v.cmd("append 100 7")
    v.cmd("close 100")
    status, rec = ended(p)
    is_((rec["copied"], rec["extents"]), (17, [{"offset": 0, "length": 17}]),
        "the record has the extents of what is there in the end")
    ok(0 < rec["copy_time"] < 60e9, "and how long it took", rec["copy_time"])
    clean()


def follow_stream(desc, *more):
    return subprocess.Popen([FILCH, "dump", desc, "-o", "-", "--follow", "--json"] + list(more),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


for more in ((), ("--hash", "none")):
    with Victim("file:fd=100,size=1000,mode=wa,deleted") as v:
        p = follow_stream("%d:100" % v.pid, *more)
        first = p.stdout.read(1000)
        wait_for(lambda: time.time() - os.stat("/proc/%d/fd/100" % v.pid).st_mtime > 0.1)
        v.cmd("append 100 500")
        v.cmd("close 100")
        out, err = p.communicate(timeout=20)
        is_((p.returncode, first + out == pattern(1, 1500)), (0, True),
            "a stream that grows is no stream that changed " + " ".join(more))
with Victim("file:fd=100,size=1000,mode=wa,deleted") as v:
    p = follow_stream("%d:100" % v.pid)
    first = p.stdout.read(1000)
    v.cmd("truncate 100 10")
    v.cmd("append 100 90")
    v.cmd("close 100")
    out, err = p.communicate(timeout=20)
    rec = json.loads(err.splitlines()[0])
    is_((p.returncode, rec["size"], rec["sha256"]), (1, len(first + out), sha(first + out)),
        "of one that is cut: size and hash are those of what was written")

# ---- what becomes of the output meanwhile ----
for what in ("removed", "replaced"):
    folder = os.path.join(TMP, what)
    os.mkdir(folder)
    theirs = os.path.join(folder, "out.partial")
    with Victim("file:fd=100,size=1000,mode=wa,deleted") as v:
        p = subprocess.Popen([FILCH, "dump", "%d:100" % v.pid, "-o", os.path.join(folder, "out"),
                              "--follow", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wait_for(lambda: os.path.exists(theirs) and os.stat(theirs).st_size == 1000)
        os.unlink(theirs)
        if what == "removed":
            os.rmdir(folder)
        else:
            with open(theirs, "w") as other:
                other.write("theirs")
        v.cmd("close 100")
        out, err = p.communicate(timeout=20)
        rec = json.loads(out)
        is_((p.returncode, rec["complete"], "file" in rec), (5, False, False),
            "the file that is written to is %s: a failure" % what)
        like(err.decode(), "%s.*removed or replaced by somebody" % what, "that is told")
        unlike(err.decode(), "kept", "and not that it was kept")
        if what == "replaced":
            is_((os.listdir(folder), content(theirs)), (["out.partial"], b"theirs"),
                "nobody's file gets our name")

with Victim("file:fd=100,size=1000,mode=wa,deleted", "file:fd=101,size=10") as v:
    folder = os.path.join(TMP, "two")
    p = subprocess.Popen([FILCH, "dump", "%d:100-101" % v.pid, "-o", folder, "--follow"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for(lambda: os.path.exists(folder) and os.listdir(folder))
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=20)
    is_((p.returncode, len(os.listdir(folder))), (1, 1), "^C: of two one is not begun")
    like(err.decode(), r"%d:101: .*stopped before it was begun" % v.pid, "which is named")

# ---- changing while it is copied ----
stop = threading.Event()
big = deleted_file(b"")
big.truncate(64 << 20)
for i in range(64):
    os.pwrite(big.fileno(), b"x" * (1 << 20), i << 20)


def scribble():
    i = 0
    while not stop.is_set():
        os.pwrite(big.fileno(), b"%08d" % i, 4096 * 5)
        os.pwrite(big.fileno(), b"%08d" % i, 4096 * 9000)
        i += 1
        stop.wait(0.0005)


thread = threading.Thread(target=scribble)
thread.start()
r = dump("%d:%d" % (ME, big.fileno()), "--json")
stop.set()
thread.join()
rec = record(r)
is_(r.status, 1, "a file that changes meanwhile is no plain success")
is_({(e["offset"] // 4096) for e in rec["unstable"]}, {5, 9000}, "the ranges are named")
like(r.stderr, "changed while", "and a message says so")
clean()

stop.clear()
memory = mmap.mmap(big.fileno(), 64 << 20)
memory[:4096] = bytes(4096)


def scribble_in_memory():
    i = 0
    while not stop.is_set():
        memory[20480:20488] = memory[9000 * 4096:9000 * 4096 + 8] = b"%08d" % i
        i += 1
        stop.wait(0.0005)


# Before Linux 6.11 the text of every memory map is read.
OLDER = ["strace", "-f", "-o", "/dev/null", "-e", "trace=ioctl", "-e", "inject=ioctl:error=ENOTTY"]
for name, target, where in (("by memory", scribble_in_memory, {5, 9000}),
                            ("by memory, on an older kernel", scribble_in_memory, {5, 9000}),
                            ("of a stream", scribble, {0})):
    if "older" in name and not shutil.which("strace"):
        skip("needs strace")
        continue
    stop.clear()
    thread = threading.Thread(target=target)
    thread.start()
    out = ["-o", "-"] if name == "of a stream" else ["-o", OUT]
    p = subprocess.run((OLDER if "older" in name else []) +
                       [FILCH, "dump", "%d:%d" % (ME, big.fileno()), "--json"] + out,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    stop.set()
    thread.join()
    rec = json.loads((p.stderr if name == "of a stream" else p.stdout).splitlines()[0])
    is_((p.returncode, {(e["offset"] // 4096) for e in rec["unstable"]}), (1, where),
        "what changes is named: " + name)
    clean()
memory.close()

p = subprocess.Popen([FILCH, "dump", "%d:%d" % (ME, big.fileno()), "-o", "-", "--json"],
                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
p.stdout.read(1 << 20)
big.truncate(40 << 20)
out, err = p.communicate(timeout=30)
is_(p.returncode, 1, "a file that shrinks meanwhile is no success")
like(err, r'"unstable":\[{"offset":\d+', "the part that went is named")
big.close()

# ---- stopped ----
f.seek(0)
big = deleted_file(os.urandom(8 << 20))
p = subprocess.Popen([FILCH, "dump", "%d:%d" % (ME, big.fileno()), "-o", "-"],
                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
p.stdout.read(1000)
p.send_signal(signal.SIGINT)
p.wait(10)
is_(p.returncode, 1, "^C while nobody reads our output")
p.communicate()


with Victim("file:fd=100,hole=1000G") as v:
    for more in ((), ("--range", "0-1T,0-10")):
        p = subprocess.Popen([FILCH, "dump", "%d:100" % v.pid, "-o", OUT] + list(more),
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wait_for(lambda: os.path.exists(PARTIAL))
        p.send_signal(signal.SIGTERM)
        try:
            out, err = p.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            p.kill()
            out, err = p.communicate()
        is_((p.returncode, out, os.path.exists(OUT)), (1, b"", False),
            "heard also while the zeros of a hole are hashed " + " ".join(more))
        like(err.decode(), "out.partial: kept", "what there is is kept and named")
        clean()


def limited():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


p = subprocess.run([FILCH, "dump", "%d:%d" % (ME, big.fileno()), "-o", OUT], preexec_fn=limited,
                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
is_(p.returncode, 5, "EFBIG is a failure of the output")
like(p.stderr, r"out\.partial: kept, with 1048576 bytes; --resume", "the partial file is named")
is_(content(PARTIAL), os.pread(big.fileno(), 1 << 20, 0), "and has what fitted")
r = dump("%d:%d" % (ME, big.fileno()), "--resume", "--json")
is_((r.status, record(r)["resumed"]), (0, 1 << 20), "it can be resumed")
clean()

if am_root():
    small = os.path.join(TMP, "small")
    os.mkdir(small)
    r = run(["unshare", "--mount", "sh", "-c",
             "mount -t tmpfs -o size=1M none %s && %s dump %d:%d -o %s/out --json; echo $?; ls %s" % (
                 small, FILCH, ME, big.fileno(), small, small)])
    like(r.stdout, r"\n5\nout.partial\n$", "ENOSPC: status 5, the partial stays")
    rec = record(r)
    is_((rec["size"], rec["copied"], rec["extents"]),
        (1 << 20, 1 << 20, [{"offset": 0, "length": 1 << 20}]), "the record has what fitted")
    like(r.stderr, "No space left", "and it is said")
else:
    skip("ENOSPC needs a mount", 3)

# ---- what cannot be read ----
if run(["strace", "-o", "/dev/null", "true"]).status == 0:
    def inject(what, *argv):
        return run(["strace", "-f", "-o", "/dev/null", "-e", "inject=" + what, "--", FILCH] +
                   list(argv), env={"ASAN_OPTIONS": "detect_leaks=0"})

    # The loader reads the libraries by the same call.
    trace = os.path.join(TMP, "trace")
    run(["strace", "-o", trace, "-e", "trace=pread64", "--", FILCH, "--version"])
    loader = content(trace).count(b"pread64(")
    second = loader + 2
    where = "%d:%d" % (ME, f.fileno())
    r = inject("pread64:error=EIO:when=%d" % second, "dump", where, "-o", OUT)
    is_(r.status, 0, "a disk that fails once is asked again")
    is_(content(), data, "without a wrong byte")
    clean()
    r = inject("pread64:error=EIO:when=%d..%d" % (second, second + 9), "dump", where, "-o", OUT,
               "--json")
    rec = record(r)
    is_((r.status, rec["complete"]), (1, False), "what cannot be read makes it incomplete")
    is_(rec["unreadable"], [{"offset": 262144, "length": 512}], "the range is listed")
    want = data[:262144] + bytes(512) + data[262144 + 512:]
    is_(content(PARTIAL), want, "the rest is there, in its place")
    clean()
    r = inject("pread64:error=EIO:when=%d..%d" % (second, second + 9), "dump", where, "-o", OUT,
               "--zero-fill", "--json")
    is_((r.status, content(), record(r)["sha256"]), (0, want, sha(want)), "--zero-fill completes it")
    clean()
    for call in ("pwrite64", "fsync", "ftruncate", "renameat2"):
        r = inject("%s:error=EIO" % call, "dump", where, "-o", OUT)
        is_(r.status, 5, "EIO of %s is a failure of the output" % call)
        ok(not os.path.exists(OUT) and os.path.exists(PARTIAL), "%s: no OUT, a partial" % call)
        clean()
    r = inject("pidfd_getfd:error=EPERM", "dump", where, "-o", OUT)
    is_((r.status, os.listdir(TMP).count("out.partial")), (3, 0), "refused: status 3, nothing left")
    r = inject("clone3,clone:error=EAGAIN", "dump", where, "-o", OUT)
    is_(r.status, 1, "no thread to be had is said, not crashed")
    clean()
    # From 8 MiB on a thread reads ahead.
    long = os.urandom(9 << 20)
    with deleted_file(long) as g:
        where = "%d:%d" % (ME, g.fileno())
        for what, means in (("pread64:error=EIO:when=%d" % (loader + 4), "one read fails"),
                            ("pread64:error=EINTR:when=%d" % (loader + 4), "a read is interrupted"),
                            ("clone3,clone:error=EAGAIN:when=2+", "there is no thread to read"),
                            ("clone3,clone:error=ENOSYS:when=2+", "nor a call for one")):
            r = inject(what, "dump", where, "-o", OUT, "--json")
            is_((r.status, record(r)["sha256"] == sha(long), content() == long), (0, True, True),
                "read ahead: " + means)
            clean()
        r = inject("pread64:error=EIO:when=%d+" % (loader + 16), "dump", where, "-o", OUT, "--json")
        rec = record(r)
        bad = rec["unreadable"][0]
        is_((r.status, rec["complete"], sum(b["length"] for b in rec["unreadable"])),
            (1, False, len(long) - bad["offset"]), "read ahead: the rest cannot be read")
        ok(bad["offset"] > 0 and content(PARTIAL)[:bad["offset"]] == long[:bad["offset"]],
           "what came before it is there", bad)
        clean()
else:
    skip("faults are injected by strace, which may not trace here")

# ---- where it may not go, and names without room ----
f = deleted_file(b"x" * 300000)
me = "%d:%d" % (ME, f.fileno())
fifo = os.path.join(TMP, "outfifo")
os.mkfifo(fifo)
r = filch("dump", me, "-o", fifo, "--force")
is_((r.status, os.path.exists(fifo) and not os.path.isfile(fifo)), (5, True),
    "--force replaces files, not what is none")
like(r.stderr, "no regular file.*\n.*-o -", "and what to do is said")
long = os.path.join(TMP, "out" + "y" * 252)
is_((filch("dump", me, "-o", long).status, len(content(long))), (0, 300000), "255 bytes of name")
r = filch("dump", me, "-o", long + "z")
is_(r.status, 5, "one more is too long")
like(r.stderr, "File name too long\n.*a shorter name", "which is said before anything is copied")
r = filch("dump", me, "-o", TMP + "/no/out")
like(r.stderr, "No such file.*\n.*make the folder first", "a folder that is not there")
r = filch("dump", me, "-o", OUT,
          wrap=lambda *a: ["prlimit", "--fsize=100000"] + list(a))
is_((r.status, os.path.getsize(PARTIAL)), (5, 100000), "ulimit -f is a failure, no death")
like(r.stderr, "File too large\n.*ulimit -f\n.*kept, with 100000 bytes", "which says what was kept")
os.unlink(PARTIAL)
with open("/sys/kernel/mm/transparent_hugepage/enabled") as s:
    r = filch("dump", "%d:%d" % (ME, s.fileno()), "-o", OUT)
    is_((r.status, r.stderr, content().decode()), (0, "", s.read()), "sysfs: its size is a guess")
clean()

# ---- several ----
FOLDER = os.path.join(TMP, "folder")
with Victim("file:fd=100,size=100,name=a b;$(x)", "pipe:fd=110,peer=111,size=50",
            "memfd:fd=120,size=10,name=-rf *", "eventfd:fd=130",
            "tcp:fd=140,peer=141,queued=9") as v:
    r = filch("dump", "%d:100,110,120,140" % v.pid, "-o", FOLDER)
    is_(r.status, 0, "several into a folder")
    names = sorted(os.listdir(FOLDER))
    is_(len(names), 4, "one file each")
    for name in names:
        like(name, r"^%d-1[0-9]0-(file|pipe|memfd|tcp)-[^/\s]+$" % v.pid, "name of " + name)
    is_(run(["sha256sum", "-c", "-"], stdin=r.stdout).status, 0, "every hash agrees")
    r = filch("dump", "%d:100,130" % v.pid, "-o", FOLDER, "--force")
    is_(r.status, 1, "one of two is refused: a part failed")
    is_(filch("dump", "%d:130" % v.pid, "-o", OUT).status, 1, "a kind without contents is refused")
    for sweep in ("%d:100-149", "%d:*"):
        shutil.rmtree(FOLDER)
        r = filch("dump", sweep % v.pid, "-o", FOLDER)
        is_(r.status, 0, "of %s what has no contents is no failure" % sweep)
        like(r.stderr, r"%d:130: no contents: eventfd \(an eventfd is one counter" % v.pid,
             "it is named, with the reason")
        like(r.stderr, r"\b\d+ left out: kinds without contents\n$", "and counted")
        ok(not [n for n in os.listdir(FOLDER) if "eventfd" in n], "nothing is made for it")
        ok([n for n in os.listdir(FOLDER) if "-120-memfd-" in n], "the rest is there")
    shutil.rmtree(FOLDER)
    r = filch("dump", "%d:120-130" % v.pid, "-o", FOLDER, "--json")
    got = {o["desc"].split(":")[1]: o for o in map(json.loads, r.stdout.splitlines())}
    is_((got["120"]["complete"], got["130"].get("skipped"), got["130"].get("kind")),
        (True, True, "eventfd"), "the record tells what was skipped")
    is_(filch("dump", "%d:130-139" % v.pid, "-o", FOLDER).status, 0, "nothing to be had: no failure")
    r = filch("dump", "%d:100-139" % v.pid, "-o", FOLDER, "--dry-run")
    like(r.stderr, "130: no contents", "--dry-run says it too")
    is_(filch("dump", "%d:100" % v.pid, "-o", OUT, "--read-only").status, 2, "--read-only")
    r = filch("dump", "%d:100" % v.pid, "-o", OUT, "--dry-run")
    like(r.stderr, "effect hold", "--dry-run says the effect")
    ok(not os.path.exists(OUT), "and does nothing")
    r = filch("dump", "%d:exe" % v.pid, "-o", OUT)
    is_(content(), content("/proc/%d/exe" % v.pid), "the executable")
    clean()
    r = filch("dump", "%d:100" % v.pid, "-o", OUT, "--freeze")
    like(r.stderr, "stood still for", "--freeze reports the pause")
    ok(wait_for(lambda: v.state() == "S"), "and the target goes on")

    clean()
    tracer = subprocess.Popen(["strace", "-o", "/dev/null", "-p", str(v.pid)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    traced = "TracerPid:\t%d\n" % tracer.pid
    if wait_for(lambda: tracer.poll() is not None or
                traced in open("/proc/%d/status" % v.pid).read()) and tracer.poll() is None:
        r = filch("dump", "%d:100" % v.pid, "-o", OUT, "--freeze")
        is_(r.status, 0, "--freeze of one that is traced")
        like(r.stderr, r"still for .*\(sigstop\)\n.*SIGSTOP, which its parent sees",
             "it warns of what others see")
        ok(wait_for(lambda: v.state() == "S"), "and the target goes on")
    else:
        skip("strace may not trace here", 3)
    tracer.terminate()
    tracer.wait()

# ---- memory ----
clean()
large = deleted_file(b"")
for i in range(16):
    large.write(os.urandom(1 << 20) * 16)
large.flush()
p = subprocess.run([sys.executable, "-c",
                    "import resource,subprocess,sys\n"
                    "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
                    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)",
                    FILCH, "dump", "%d:%d" % (ME, large.fileno()), "-o", OUT],
                   stdout=subprocess.PIPE)
if "asan" in str(os.environ.get("ASAN_OPTIONS", "")) or "san" in os.path.basename(BUILD):
    skip("memory is not that of the sanitizers")
else:
    ok(int(p.stdout) < 32 * 1024, "256 MiB in under 32 MiB of memory", p.stdout)
done()
