#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# timeout: 180
"""dump on filesystems that share blocks: btrfs and XFS in images of our own, a quota, a full
disk; and every answer that reflink and copy_file_range may give."""
import errno
import json
import os
import shutil
import sys
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

ME = os.getpid()
MIB = 1 << 20

if am_root() and os.environ.get("REFLINK") != "inside":
    os.environ["REFLINK"] = "inside"
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable,
                          os.path.abspath(__file__)])


def content(path):
    with open(path, "rb") as f:
        return f.read()


def source(folder, data, holes=()):
    path = os.path.join(folder, "source")
    f = open(path, "w+b")
    f.write(data)
    for at, more in holes:
        f.seek(at)
        f.write(more)
    f.flush()
    os.unlink(path)
    return f


def dump(f, out, *more, **options):
    r = filch("dump", "%d:%d" % (ME, f.fileno()), "-o", out, "--json", "--hash", "none", *more,
              **options)
    return r, json.loads((r.stdout or "{}").splitlines()[0])


def wipe(folder):
    for name in os.listdir(folder):
        if name.startswith("out"):
            os.unlink(os.path.join(folder, name))


def image(name, size, mkfs, options="loop"):
    """A filesystem in a file, mounted; None and skipped tests where that cannot be."""
    place = os.path.join(TMP, name)
    if not am_root():
        return skip("%s: needs a mount" % name)
    if not shutil.which(mkfs[0]):
        return skip("%s: no %s" % (name, mkfs[0]))
    os.mkdir(place)
    with open(place + ".img", "wb") as f:
        f.truncate(size)
    r = run(mkfs + [place + ".img"])
    if r.status == 0:
        r = run(["mount", "-o", options, place + ".img", place])
    if r.status != 0:
        return skip("%s: %s" % (name, r.stderr.strip().replace("\n", " ")[-200:]))
    return place


def free(place):
    s = os.statvfs(place)
    return s.f_bfree * s.f_frsize


def shares(place):
    """One filesystem that can share blocks."""
    data = os.urandom(20 * MIB + 123)
    out = os.path.join(place, "out")
    f = source(place, data)
    os.sync()
    before = free(place)
    r, rec = dump(f, out)
    os.sync()
    is_((r.status, rec["method"].split(" ")[0]), (0, "reflink"), "%s: a reflink" % os.path.basename(place))
    ok(before - free(place) < 4 * MIB, "which takes no space", before - free(place))
    ok(content(out) == data, "with every byte")
    is_(sum(e["length"] for e in rec["extents"]), len(data), "its extents")
    os.pwrite(f.fileno(), b"changed", 5000)
    is_(content(out)[5000:5007], data[5000:5007], "what the owner writes later is its own")
    wipe(place)
    r, rec = dump(f, out, "--range", "4096-1M,5000003-6000000")
    now = os.pread(f.fileno(), len(data), 0)
    is_(rec["method"].split(" ")[0], "copy_file_range", "ranges: copied in the kernel")
    ok(content(out) == now[4096:MIB] + now[5000003:6000000], "the bytes of the ranges")
    wipe(place)
    r = filch("dump", "%d:%d" % (ME, f.fileno()), "-o", out)
    ok(r.status == 0 and content(out) == now, "with a hash: read once, by us")
    wipe(place)
    f.close()

    g = source(place, b"begin" * 1000, [(64 * MIB, b"x" * 100000), (200 * MIB, b"end")])
    r, rec = dump(g, out)
    is_((r.status, rec["method"].split(" ")[0], os.stat(out).st_size),
        (0, "reflink", 200 * MIB + 3), "a file with holes")
    ok(len(rec["extents"]) == 3 and rec["copied"] < MIB, "its extents are the data", rec["extents"])
    ok(run(["cmp", out, "/proc/%d/fd/%d" % (ME, g.fileno())]).status == 0, "equal bytes")
    wipe(place)
    # To another filesystem nothing can be shared.
    elsewhere = os.path.join(TMP, "out")
    r, rec = dump(g, elsewhere)
    is_((r.status, rec["method"].split(" ")[0]), (0, "copy_file_range"), "across filesystems")
    ok(run(["cmp", elsewhere, "/proc/%d/fd/%d" % (ME, g.fileno())]).status == 0, "equal bytes")
    os.unlink(elsewhere)
    g.close()


def runs_full(place, f, error, room):
    """Into a place with less room than that: kept, named, and completed once there is room."""
    out = os.path.join(place, "out")
    want = os.pread(f.fileno(), 1 << 30, 0)
    for how in (["--hash", "none"], ["--hash", "sha256"]):
        r = filch("dump", "%d:%d" % (ME, f.fileno()), "-o", out, *how)
        is_(r.status, 5, "%s %s: a failure of the output" % (os.path.basename(place), " ".join(how)))
        like(r.stderr, error, "which is named")
        ok(os.path.exists(out + ".partial") and not os.path.exists(out), "a partial file is kept")
        if how[1] == "none":
            os.unlink(out + ".partial")
    room()
    r = filch("dump", "%d:%d" % (ME, f.fileno()), "-o", out, "--resume")
    ok(r.status == 0 and content(out) == want, "with room again it is resumed", r)
    wipe(place)


places = []
try:
    place = image("btrfs", 300 * MIB, ["mkfs.btrfs", "-q"])
    if place:
        places.append(place)
        shares(place)
    if place and shutil.which("btrfs"):
        small = os.path.join(place, "small")
        r = run(["btrfs", "subvolume", "create", small])
        r = r if r.status else run(["btrfs", "quota", "enable", place])
        r = r if r.status else run(["btrfs", "qgroup", "limit", "4M", small])
        run(["btrfs", "quota", "rescan", "-w", place])
        if r.status:
            skip("a quota: " + r.stderr.strip().replace("\n", " "))
        else:
            f = source(TMP, os.urandom(12 * MIB))
            runs_full(small, f, "[Qq]uota",
                      lambda: run(["btrfs", "qgroup", "limit", "none", small]))
            f.close()
    place = image("xfs", 400 * MIB, ["mkfs.xfs", "-q", "-m", "reflink=1"])
    if place:
        places.append(place)
        shares(place)
    if am_root():
        place = os.path.join(TMP, "tiny")
        os.mkdir(place)
        r = run(["mount", "-t", "tmpfs", "-o", "size=1M", "none", place])
        if r.status == 0:
            places.append(place)
            f = source(TMP, os.urandom(3 * MIB))
            runs_full(place, f, "No space left",
                      lambda: run(["mount", "-o", "remount,size=8M", place]))
            f.close()
        else:
            skip("a small tmpfs cannot be mounted")

    # ---- every answer that the kernel may give, where it cannot be had here ----
    if run(["strace", "-o", "/dev/null", "true"]).status:
        skip("faults are injected by strace, which may not trace here")
    else:
        data = os.urandom(3 * MIB + 17)
        f = source(TMP, data)
        out = os.path.join(TMP, "out")

        def injected(*faults, **more):
            argv = ["strace", "-f", "-o", "/dev/null"]
            for fault in faults:
                argv += ["-e", "inject=" + fault]
            return run(argv + ["--", FILCH, "dump", "%d:%d" % (ME, f.fileno()), "-o", out,
                               "--hash", "none"], env={"ASAN_OPTIONS": "detect_leaks=0"})

        for e in ("EXDEV", "EOPNOTSUPP", "EINVAL", "ENOTTY", "EPERM", "EIO", "ENOMEM", "ETXTBSY",
                  "ENOSPC", "EDQUOT", "EINTR"):
            r = injected("ioctl:error=%s" % e)
            ok(r.status == 0 and content(out) == data, "reflink %s: copied instead" % e, r)
            wipe(TMP)
        for e in ("EXDEV", "EOPNOTSUPP", "EINVAL", "ENOSYS", "EPERM", "ETXTBSY", "EIO", "ENOMEM",
                  "EBADF", "EINTR", "EAGAIN"):
            r = injected("ioctl:error=EOPNOTSUPP", "copy_file_range:error=%s" % e)
            ok(r.status == 0 and content(out) == data, "copy_file_range %s: by hand" % e, r)
            wipe(TMP)
        r = injected("ioctl:error=EOPNOTSUPP", "copy_file_range:retval=0")
        ok(r.status == 0 and content(out) == data, "copy_file_range that copies nothing: by hand")
        wipe(TMP)
        for e in ("ENOSPC", "EDQUOT", "EFBIG"):
            r = injected("ioctl:error=EOPNOTSUPP", "copy_file_range:error=%s" % e)
            ok(r.status == 5 and os.path.exists(out + ".partial"), "copy_file_range %s: said" % e, r)
            wipe(TMP)
        f.close()
finally:
    for place in places:
        run(["umount", "-l", place])
done()
